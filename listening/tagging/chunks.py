"""Texts taken apart at white space: takes many texts, gives one stream of their chunks in which each distinct one stands for itself.

Everything that is worked out of a chunk is worked out once for each distinct one, and reaches the texts by its number.
A word, as the features know it, never reaches across white space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST_KNOWN = 200_000  # distinct chunks that are remembered; more of them are mostly numbers and misspellings
_WHITE = np.zeros(256, bool)
_WHITE[[9, 10, 11, 12, 13, 28, 29, 30, 31, 32]] = True
_ODD_WHITE = r"[\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"  # the rest of what str.split splits at

Texts = pa.StringArray | Sequence[str]


@dataclass(frozen=True)
class Chunks:
    """A stream of chunks: `distinct` ones, the number of each in order, and where in the stream each text begins (`bounds`).

    `starts` and `stops` are places in `signs`, the texts' bytes one after the other; text `t` begins at `offsets[t]`.
    """

    distinct: list[str]
    numbers: NDArray[np.int32]
    bounds: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    signs: NDArray[np.uint8]
    offsets: NDArray[np.int64]


def apart(texts: Texts) -> Chunks:
    """The chunks of some texts, at what Python's `str.split` takes for white space."""
    array = texts if isinstance(texts, pa.StringArray) else pa.array(texts, pa.string())
    if pc.any(pc.match_substring_regex(array, _ODD_WHITE)).as_py():
        array = pc.replace_substring_regex(array, _ODD_WHITE, " ")
    offsets = (
        np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64) if len(array) else np.zeros(1, np.int64)
    )
    held = array.buffers()[2]
    signs = np.frombuffer(held, np.uint8)[offsets[0] : offsets[-1]] if held else np.zeros(0, np.uint8)
    offsets = offsets - offsets[0]
    starts, stops, ink = _edges(signs, offsets)
    places = np.concatenate([[0], np.cumsum(stops - starts)]).astype(np.int32)
    stream = pa.StringArray.from_buffers(len(starts), pa.py_buffer(places), pa.py_buffer(np.ascontiguousarray(signs[ink]))).dictionary_encode()
    return Chunks(stream.dictionary.to_pylist(), stream.indices.to_numpy(), np.searchsorted(starts, offsets), starts, stops, signs, offsets)


def _edges(signs: NDArray[np.uint8], offsets: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Where chunks start and stop, and what is not white."""
    ink = ~_WHITE[signs]
    is_first, is_last = ink.copy(), ink.copy()
    is_first[1:] &= ~ink[:-1]
    is_last[:-1] &= ~ink[1:]
    inner = offsets[(offsets > 0) & (offsets < len(signs))]
    is_first[inner], is_last[inner - 1] = ink[inner], ink[inner - 1]
    return np.flatnonzero(is_first), np.flatnonzero(is_last) + 1, ink


def spread(sizes: NDArray[np.int64], numbers: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of a stream's chunks all places that belong to it, where `sizes` places belong to each distinct one; and where each chunk's begin."""
    ends = np.cumsum(sizes)
    taken = sizes[numbers]
    bounds = np.concatenate([[0], np.cumsum(taken)])
    return np.repeat((ends - sizes)[numbers] - bounds[:-1], taken) + np.arange(bounds[-1]), bounds


class Memo:
    """Rows of numbers, one for each chunk that was met: worked out once, and forgotten when there are too many."""

    def __init__(self, work_out: Callable[[list[str]], NDArray[np.float32]]) -> None:
        self._work_out = work_out
        self._places: dict[str, int] = {}
        self._rows = work_out([])

    def __call__(self, chunks: list[str]) -> NDArray[np.float32]:
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
            self._rows = np.concatenate([self._rows[:begin], np.empty((begin + 2 * len(new), rows.shape[1]), np.float32)])
        self._rows[begin : begin + len(new)] = rows
        self._places.update(zip(new, range(begin, begin + len(new)), strict=True))
