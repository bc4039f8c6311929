"""Texts taken apart at white space: takes many texts, gives one stream of their chunks in which each distinct one stands for itself.

Everything that is worked out of a chunk is worked out once for each distinct one, and reaches the texts by its number.
A word, as the features know it, never reaches across white space.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST_KNOWN = 200_000  # distinct chunks that are remembered; more of them are mostly numbers and misspellings
_WHITE = np.zeros(256, bool)
_WHITE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = True
_FAR_WHITE = r"[\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"  # the rest of what str.split splits at
EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d"
_RUN = rf"[{EMOJI}]+|[。！？]+[」』”’]*"
_FAR_WHITE_BYTES = re.compile(rb"\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80")
_RUN_BYTES = re.compile(
    rb"(?:\xe2[\x98-\x9e][\x80-\xbf]|\xf0\x9f[\x80-\xab][\x80-\xbf]|\xef\xb8\x8f|\xe2\x80\x8d)+"
    rb"|(?:\xe3\x80\x82|\xef\xbc[\x81\x9f])+(?:\xe3\x80[\x8d\x8f]|\xe2\x80[\x9d\x99])*"
)

Texts = pa.StringArray | Sequence[str]


@dataclass(frozen=True)
class Chunks:
    """A stream of chunks: `distinct` ones, the number of each in order, and where in the stream each text begins (`bounds`).

    `starts` and `stops` are places in `signs`, the texts' bytes one after the other; text `t` begins at `offsets[t]`.
    `signed` are the texts in which emoji or the full stops of Chinese and Japanese end a chunk without white space.
    """

    distinct: list[str]
    numbers: NDArray[np.int32]
    bounds: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    signs: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    signed: NDArray[np.intp]

    def letters(self, places: NDArray[np.int64], texts: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many letters of its text stand before each place in `signs`."""
        return self._counted[places] - self._counted[self.offsets[texts]]

    @functools.cached_property
    def _counted(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum((self.signs & 0xC0) != 0x80)])  # all bytes of UTF-8 but the first of a letter begin with 10


def apart(texts: Texts) -> Chunks:
    """The chunks of some texts, at what Python's `str.split` takes for white space and after emoji."""
    array = texts if isinstance(texts, pa.StringArray) else pa.array(texts, pa.string())
    signs, offsets = _bytes(array)
    foreign = np.flatnonzero(~pc.string_is_ascii(array).to_numpy(zero_copy_only=False))
    spaced, signed = (foreign[pc.match_substring_regex(array.take(foreign), sign).to_numpy(zero_copy_only=False)] for sign in (_FAR_WHITE, _RUN))
    is_ink = ~_WHITE[signs]
    for start, stop in _found(_FAR_WHITE_BYTES, signs, offsets, spaced):
        is_ink[start:stop] = False
    cuts = [stop for _, stop in _found(_RUN_BYTES, signs, offsets, signed)]
    starts, stops = _edges(is_ink, np.concatenate([offsets, np.array(cuts, np.int64)]))
    places = np.concatenate([[0], np.cumsum(stops - starts)]).astype(np.int32)
    stream = pa.StringArray.from_buffers(len(starts), pa.py_buffer(places), pa.py_buffer(signs[is_ink])).dictionary_encode()
    return Chunks(stream.dictionary.to_pylist(), stream.indices.to_numpy(), np.searchsorted(starts, offsets), starts, stops, signs, offsets, signed)


def _bytes(array: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of some texts, one after the other, and where each text begins in them."""
    _, places, held = array.buffers()
    if not len(array) or held is None:
        return np.zeros(0, np.uint8), np.zeros(len(array) + 1, np.int64)
    offsets = np.frombuffer(places, np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    return np.frombuffer(held, np.uint8)[offsets[0] : offsets[-1]], offsets - offsets[0]


def _found(pattern: re.Pattern[bytes], signs: NDArray[np.uint8], offsets: NDArray[np.int64], texts: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Where a pattern stands in some of the texts."""
    for text in texts.tolist():
        begin = int(offsets[text])
        yield from ((begin + found.start(), begin + found.end()) for found in pattern.finditer(signs[begin : offsets[text + 1]].tobytes()))


def _edges(is_ink: NDArray[np.bool_], cuts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where chunks start and stop; none reaches over a cut."""
    is_first, is_last = is_ink.copy(), is_ink.copy()
    is_first[1:] &= ~is_ink[:-1]
    is_last[:-1] &= ~is_ink[1:]
    inner = cuts[(cuts > 0) & (cuts < len(is_ink))]
    is_first[inner], is_last[inner - 1] = is_ink[inner], is_ink[inner - 1]
    return np.flatnonzero(is_first), np.flatnonzero(is_last) + 1


def spread(sizes: NDArray[np.int64], numbers: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of a stream's chunks all places that belong to it, where `sizes` places belong to each distinct one; and where each chunk's begin."""
    ends = np.cumsum(sizes)
    taken = sizes[numbers]
    bounds = np.concatenate([[0], np.cumsum(taken)])
    return np.repeat((ends - sizes)[numbers] - bounds[:-1], taken) + np.arange(bounds[-1]), bounds


class Memo:
    """Rows of numbers, one for each chunk that was met: worked out once, and forgotten when there are too many."""

    def __init__(self, work_out: Callable[[list[str]], NDArray[Any]]) -> None:
        self._work_out = work_out
        self._places: dict[str, int] = {}
        self._rows = work_out([])

    def __call__(self, chunks: list[str]) -> NDArray[Any]:
        """The rows of some chunks, chunks × numbers."""
        new = [chunk for chunk in chunks if chunk not in self._places]
        if len(self._places) + len(new) > MOST_KNOWN:
            self._places, new = {}, chunks
        if new:
            self._keep(new)
        return self._rows[[self._places[chunk] for chunk in chunks]]

    def _keep(self, new: list[str]) -> None:
        begin = len(self._places)
        rows = self._work_out(new)
        if begin + len(new) > len(self._rows):
            self._rows = np.concatenate([self._rows[:begin], np.empty((begin + 2 * len(new), rows.shape[1]), rows.dtype)])
        self._rows[begin : begin + len(new)] = rows
        self._places.update(zip(new, range(begin, begin + len(new)), strict=True))
