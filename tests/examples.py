"""How many examples Hypothesis tries: all of them in `make test-all`, a share in `make test`.

A number stands in each test, since some need more than others; the tier scales them all. The profile is chosen in
tests/conftest.py, before any test is imported.
"""

from __future__ import annotations

from hypothesis import settings

QUICK_SHARE = 8  # in `make test` one example of so many is tried
LEAST = 5
_share = 1


def load_profile(tier: str) -> None:
    """Choose the profile of a tier, ``quick`` or ``all``."""
    global _share
    _share = QUICK_SHARE if tier == "quick" else 1
    most = settings.default.max_examples // _share
    settings.register_profile(tier, max_examples=most, deadline=None)  # a busy machine is no defect
    settings.load_profile(tier)


def examples(wanted: int) -> int:
    """Return how many examples a test tries that wants so many in the whole run."""
    return max(LEAST, wanted // _share)
