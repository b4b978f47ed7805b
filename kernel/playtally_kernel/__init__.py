"""The compiled kernel of Playtally: a plain C library for processing/reading/kernel.py."""

from __future__ import annotations

from pathlib import Path

LIBRARIES = sorted(Path(__file__).parent.glob("_kernel*.so"))
