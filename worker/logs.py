"""How the processes of this package write their lines."""

from __future__ import annotations

import logging


def set_up() -> None:
    """One line an event on stderr, with its time."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True)
    logging.getLogger("vaex").setLevel(logging.CRITICAL)  # it prints its own traces of errors that we report
