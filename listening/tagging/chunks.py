"""Texts taken apart at white space: takes many texts, gives one stream of their chunks in which each distinct one stands for itself.

Everything that is worked out of a chunk is worked out once for each distinct one, and reaches the texts by its number.
A word, as the features know it, never reaches across white space.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST_KNOWN = 150_000  # distinct chunks that are remembered; more of them are mostly numbers and misspellings
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

Texts: TypeAlias = pa.StringArray | Sequence[str]


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
        begun = self.offsets[texts]
        further = np.searchsorted(self._further, places) - np.searchsorted(self._further, begun)
        return np.asarray(places - begun - further)

    @functools.cached_property
    def _further(self) -> NDArray[np.int64]:
        return np.flatnonzero((self.signs & 0xC0) == 0x80)  # the bytes of UTF-8 that go on with a letter


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


def spread(starts: NDArray[np.int64], sizes: NDArray[np.int64], numbers: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What belongs to a stream's chunks, where of each distinct one so many things stand from a place on: all places in order, and each chunk's first."""
    taken = sizes[numbers]
    bounds = np.zeros(len(taken) + 1, np.int64)
    np.cumsum(taken, out=bounds[1:])
    return np.repeat(starts[numbers] - bounds[:-1], taken) + np.arange(bounds[-1]), bounds


class Known:
    """What is known of the chunks that were met: each question is asked of a chunk once, and all is forgotten when there are too many."""

    def __init__(self, *questions: Callable[[Sequence[str]], NDArray[Any]]) -> None:
        self._questions = questions
        self._places: dict[str, int] = {}
        self._answers = [question([]) for question in questions]

    def __call__(self, chunks: list[str]) -> list[NDArray[Any]]:
        """For each question the answers, chunks × numbers."""
        places = np.array([self._places.get(chunk, -1) for chunk in chunks], np.int64)
        is_new = places < 0
        if len(self._places) + is_new.sum() > MOST_KNOWN:
            self._places, is_new = {}, np.ones(len(chunks), bool)
        if is_new.any():
            places[is_new] = np.arange(len(self._places), len(self._places) + is_new.sum())
            self._ask([chunks[number] for number in np.flatnonzero(is_new)])
        return [answers[places] for answers in self._answers]

    def _ask(self, new: list[str]) -> None:
        begin, end = len(self._places), len(self._places) + len(new)
        self._places.update(zip(new, range(begin, end), strict=True))
        for number, question in enumerate(self._questions):
            rows = question(new)
            if end > len(self._answers[number]):
                self._answers[number] = np.concatenate([self._answers[number][:begin], np.empty((2 * end - begin, rows.shape[1]), rows.dtype)])
            self._answers[number][begin:end] = rows
