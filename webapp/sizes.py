"""Parsing of sizes such as 1GB or 1.5GiB, for command lines."""

from __future__ import annotations

import re

_UNITS = {"": 1, "B": 1} | {
    prefix + ending: base**power
    for ending, base in (("B", 1000), ("iB", 1024))
    for power, prefix in enumerate("kMGT", start=1)
}
_FORM = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")


def parse_size(text: str) -> int:
    """Return a size in bytes: 1GB is 10^9, 1GiB is 2^30, 1500 is 1500; letter case does not matter.

    Raises:
        ValueError: the text is not a size.
    """
    found = _FORM.fullmatch(text.strip())
    units = {name.lower(): factor for name, factor in _UNITS.items()}
    if found is None or found[2].lower() not in units:
        raise ValueError(f"{text!r} is not a size; write one like 1GB, 500MB or 1.5GiB")
    return (
        int(float(found[1]) * units[found[2].lower()]) if "." in found[1] else int(found[1]) * units[found[2].lower()]
    )
