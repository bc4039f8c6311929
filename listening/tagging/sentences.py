"""Sentence-like parts of texts: takes a text or the chunks of many, gives the places where each sentence begins and ends.

The rules stand once, in `_END`. Of many texts at once they are asked for each distinct chunk: does a sentence end with it,
if this or that follows? Only texts with emoji or the full stops of Chinese and Japanese are split one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from listening.tagging.chunks import EMOJI, Chunks

_NEVER_LAST = ("mr", "mrs", "ms", "dr", "prof", "st", "vs", r"e\.g", r"i\.e")
_SELDOM_LAST = (r"a\.m", r"p\.m", "etc", "approx", "incl", "min", "mins", "hr", "hrs", "ext", "ltd")  # last unless a small letter or a digit follows
_FULL_STOP = (
    r"\.(?=\W|$)"
    + "".join(rf"(?<!\b(?i:{word})\.)" for word in _NEVER_LAST)
    + r"(?<!\b[A-HJ-Z]\.)(?<!^\d\.)(?<!^\d\d\.)"  # nor after an initial or the number of a list's line
    + "".join(rf"(?!(?<=\b(?i:{word})\.)\s+[a-z\d])" for word in _SELDOM_LAST)
    + r"(?!(?<=\b(?i:no)\.)\s*\d)"
)
_CONTEXTS = [(before, after) for before in ("x ", "") for after in "Aa1"]  # within and at the start of a line
_WORDED, _CLASS = 6, 7  # bits of what is asked
_SMALL, _DIGIT = 1, 2
_WRAPPED = 50  # letters of a line that was probably wrapped by a mail program
_END = re.compile(
    rf"(?:[!?…]|{_FULL_STOP})[.!?…]*[\"'”’)\]]*(?=\s|$|[{EMOJI}])(?:\s*[{EMOJI}]+)*"
    r"|[。！？]+[」』”’]*"
    rf"|\n(?![a-z])|(?<![^\n]{{{_WRAPPED}}})\n",  # a long line that goes on in small letters was only wrapped
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


def begins(chunks: Chunks, asked: NDArray[np.int16]) -> NDArray[np.int64]:
    """The chunks with which the sentences of many texts begin, the number of chunks after the last; the same sentences as `split` finds.

    Of the distinct chunks has been `asked`.
    """
    number = len(chunks.numbers)
    is_text_start = np.zeros(number + 1, bool)
    is_text_start[chunks.bounds[:-1]] = True
    known = asked.ravel()[chunks.numbers]
    is_line_start = chunks.signs[chunks.starts - 1] == 10
    is_line_start[is_text_start[:number]] |= np.isin(chunks.starts[is_text_start[:number]], chunks.offsets)
    is_part_start = is_text_start[:number].copy()
    context = 3 * is_line_start[:-1].astype(np.int16) + ((known[1:] >> _CLASS) & 3)
    is_part_start[1:] |= ((known[:-1] >> context) & 1).astype(bool)
    is_part_start[_after_lines(chunks, known)] = True
    is_begin = _with_words(is_part_start, is_text_start[:number], (known >> _WORDED & 1).astype(bool))
    for text in chunks.signed:
        own = slice(chunks.bounds[text], chunks.bounds[text + 1])
        whole = chunks.signs[chunks.offsets[text] : chunks.offsets[text + 1]].tobytes().decode()
        is_begin[own] = np.isin(chunks.letters(chunks.starts[own], np.full(own.stop - own.start, text)), [start for start, _ in split(whole)])
    return np.append(np.flatnonzero(is_begin), number)


def _after_lines(chunks: Chunks, known: NDArray[np.int16]) -> NDArray[np.int64]:
    """The chunks before which a line ends and was not only wrapped."""
    ends = np.flatnonzero(chunks.signs == 10)
    if not len(ends):
        return ends
    following = np.searchsorted(chunks.starts, ends)
    text = np.searchsorted(chunks.offsets, ends, side="right") - 1
    begun = np.maximum(chunks.offsets[text], np.concatenate([[0], ends[:-1] + 1]))
    is_long = chunks.letters(ends, text) - chunks.letters(begun, text) >= _WRAPPED
    is_next = following < len(chunks.starts)
    ends, following, is_long = ends[is_next], following[is_next], is_long[is_next]
    goes_on = (chunks.starts[following] == ends + 1) & ((known[following] >> _CLASS & 3) == _SMALL)
    return following[~(goes_on & is_long)]


def _with_words(is_part_start: NDArray[np.bool_], is_text_start: NDArray[np.bool_], is_worded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where sentences begin: with each part that has a letter or digit, but the first such part of a text takes in what stands before it."""
    starts = np.flatnonzero(is_part_start)
    if not len(starts):
        return is_part_start
    has_words = np.logical_or.reduceat(is_worded, starts)
    before = np.cumsum(has_words) - has_words
    is_first = is_text_start[starts]
    before_in_text = before - np.maximum.accumulate(np.where(is_first, before, 0))
    is_begin = np.zeros(len(is_part_start), bool)
    is_begin[starts] = is_first | (has_words & (before_in_text > 0))
    return is_begin


def asked(chunks: Sequence[str]) -> NDArray[np.int16]:
    """Of each chunk, as bits: whether a sentence ends with it before a sign or capital, a small letter, a digit, each within and at the start of a line.

    Then whether it has letters or digits, and with what it begins.
    """
    known = []
    for chunk in chunks:
        bits = (chunk.isalnum() or any(sign.isalnum() for sign in chunk)) << _WORDED
        bits |= (_SMALL if "a" <= chunk[0] <= "z" else _DIGIT if chunk[0].isdecimal() else 0) << _CLASS
        last = chunk.rstrip("\"'”’)]")[-1:]
        if last == ".":
            for context, (before, after) in enumerate(_CONTEXTS):
                end = len(before + chunk)
                bits |= any(match.end() == end for match in _END.finditer(f"{before}{chunk} {after}")) << context
        elif last in ("!", "?", "…"):  # whatever stands around it
            bits |= (1 << len(_CONTEXTS)) - 1
        known.append(bits)
    return np.array(known, np.int16).reshape(-1, 1)
