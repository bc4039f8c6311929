"""Sentence-like parts of a text: takes a text, gives the places where each begins and ends."""

from __future__ import annotations

import re

_END = re.compile(r"(?<![A-Z])(?<!\b[Mm]r)(?<!\b[DdMm]rs)(?<!\bDr)(?<!\be\.g)(?<!\bi\.e)[.!?…。！？]+[\"'”’)\]]*(?:\s+|$)|\n+")


def split(text: str) -> list[tuple[int, int]]:
    """Half-open (start, stop) of each sentence in characters; blanks around are left out, and no sentence is empty."""
    spans, start = [], 0
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        part = text[start:end]
        if any(sign.isalnum() for sign in part):
            lead = len(part) - len(part.lstrip())
            spans.append((start + lead, start + len(part.rstrip())))
        start = max(start, end)
    return spans
