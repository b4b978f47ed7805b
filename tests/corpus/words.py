"""Whether a sentence is one for people: no word of programmers, no name of an error, nothing cut or garbled."""

from __future__ import annotations

import re

LONGEST = 700

# Case matters: None is Python's, none is English.
_TERMS = re.compile(
    r"Traceback|Errno|errno|codec|\bNone\b|\bnull\b|\bNULL\b|\b[A-Z]\w*(?:Error|Exception|Warning)\b|exception"
    r"|\bint(?:32|64)?\b|\bfloat\b|\bstr\b|\bdict\b|\btuple\b|\bobject\b|\bbytes-like\b|\bregex\b|\bstdin\b|\bstdout\b"
    r"|\boffset\b|\bparse[rd]?\b|\bparsing\b|\btokeni[sz]\w*|\bdecod\w*|\bbuffer\b|\bpointer\b|\boverflow\w*"
    r"|\bassert\w*|\bindex out of\b|\bsegfault\b|\bpyarrow\b|\bArrow\b|\bnumpy\b|\bvaex\b|\bkernel\b|\bzlib\b|\blzma\b"
    r"|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|0x[0-9a-f]+|<class|\bb'|\{\}|\bself\b|\bNoneType\b|\bTrue\b|\bFalse\b"
)
_CODE_WORD = re.compile(r"\b[A-Za-z]+_[A-Za-z_]+\b")
_QUOTED = re.compile(r'"[^"]*"')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def complaint(sentence: str, shown: str | None = None) -> str | None:
    """What is wrong with a sentence; None if nothing. ``shown`` is a value of the file that it may repeat."""
    own = sentence.replace(shown, "") if shown else sentence
    own = _QUOTED.sub("", own)
    for pattern, what in ((_TERMS, "a technical word"), (_CODE_WORD, "a code word"), (_CONTROL, "a control character")):
        if found := pattern.search(own):
            return f"{what}, {found[0]!r}"
    if not sentence.strip() or not (sentence[0].isupper() or sentence[0] in '"0123456789'):
        return "no sentence"
    if sentence[-1] not in '.?!"':
        return "a sentence without end"
    return "a sentence that is too long" if len(own) > LONGEST else None
