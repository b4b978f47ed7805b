"""Words that no sentence for people has: others are used for the same thing everywhere."""

from __future__ import annotations

import re

_BANNED = re.compile(
    r"\b(?:send|sends|sent|sending|leave[sd]? (?:it |them |that row |such rows )?out|left out|run this site)\b",
    re.IGNORECASE,
)


def banned_in(sentence: str) -> list[str]:
    """The banned words in a sentence."""
    return _BANNED.findall(sentence)
