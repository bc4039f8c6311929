"""Sentence-like parts of a text: takes a text, gives the places where each begins and ends."""

from __future__ import annotations

import re

_NEVER_LAST = ("mr", "mrs", "ms", "dr", "prof", "st", "vs", r"e\.g", r"i\.e")
_SELDOM_LAST = (r"a\.m", r"p\.m", "etc", "approx", "incl", "min", "mins", "hr", "hrs", "ext", "ltd")  # last unless a small letter or a digit follows
_FULL_STOP = (
    r"\.(?=\W|$)"
    + "".join(rf"(?<!\b(?i:{word})\.)" for word in _NEVER_LAST)
    + r"(?<!\b[A-HJ-Z]\.)(?<!^\d\.)(?<!^\d\d\.)"  # nor after an initial or the number of a list's line
    + "".join(rf"(?!(?<=\b(?i:{word})\.)\s+[a-z\d])" for word in _SELDOM_LAST)
    + r"(?!(?<=\b(?i:no)\.)\s*\d)"
)
_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d"
_END = re.compile(
    rf"(?:[!?…]|{_FULL_STOP})[.!?…]*[\"'”’)\]]*(?=\s|$|[{_EMOJI}])(?:\s*[{_EMOJI}]+)*"
    r"|[。！？]+[」』”’]*"
    r"|\n(?![a-z])|(?<![^\n]{50})\n",  # a long line that goes on in small letters was only wrapped
    re.M,
)


def split(text: str) -> list[tuple[int, int]]:
    """Half-open (start, stop) of each sentence in characters, in order.

    Blanks between sentences are left out; everything else is in exactly one: signs without a letter or digit go with the
    sentence before them, at the beginning with the one after.
    """
    spans: list[tuple[int, int]] = []
    start = lead = 0
    for end in (*(match.end() for match in _END.finditer(text)), len(text)):
        part = text[start:end]
        if any(sign.isalnum() for sign in part):
            spans.append((lead, start + len(part.rstrip())))
        elif part.strip() and spans:
            spans[-1] = spans[-1][0], start + len(part.rstrip())
        start = end
        lead = end if spans else 0
    if not spans:
        spans.append((0, len(text.rstrip())))
    return [(start + len(text[start:stop]) - len(text[start:stop].lstrip()), stop) for start, stop in spans if text[start:stop].strip()]
