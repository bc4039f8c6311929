"""Gives records their tags: takes a table of records, gives the rows of `tags`, `record_stages` and `sentences`.

Many records at once, column by column: each distinct text is taken apart, split and read once, and what was read goes to
every record that says it. What a record gets depends on nothing but itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from listening.journey import NO_STAGE, Journey
from listening.tagging import tags as kinds
from listening.tagging.chunks import Known, spread
from listening.tagging.classifier import FEW_WORDS, PLACED_FROM, UNLIKE_TRAINING, Classifier, Reading

LANGUAGES = ("en",)
LEAST_SHARE = 0.2  # a stage that less than this of a record's words speak about is not counted as one of its stages
FLAGS = ("other_language", "too_short", "low_margin", "unlike_training")
_TAGS = {"effort": pa.float64(), "memorable": pa.float64(), "recommend": pa.int32()}  # the others are words
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Tables:
    """Rows for the tables of the same names."""

    tags: pa.Table
    record_stages: pa.Table
    sentences: pa.Table


@dataclass(frozen=True)
class _Read:
    """What was read of distinct texts and of their sentences; the sentences of text `t` begin at `bounds[t]`."""

    texts: pa.StringArray
    sizes: Numbers  # chunks
    whole: Reading
    mixed: NDArray[np.float64]
    feelings: NDArray[np.float64]
    bounds: Numbers
    parts: pa.StringArray
    starts: Numbers
    stops: Numbers
    each: Reading
    names_in_texts: NDArray[np.bool_]  # which may name a touchpoint or competitor
    names_in_parts: NDArray[np.bool_]


@dataclass(frozen=True)
class _Records:
    """What is decided of each record: the number of its distinct text, and stages as places among the classifier's, -1 for none."""

    text: Numbers
    has_text: NDArray[np.bool_]
    is_read: NDArray[np.bool_]
    mixed: NDArray[np.float64]
    guess: Numbers
    confidence: NDArray[np.float64]
    given: Numbers
    stage: Numbers
    given_touchpoint: Numbers


class Tagger:
    """The classifier and the journey, ready to tag tables of records."""

    def __init__(self, classifier: Classifier, journey: Journey, version: str) -> None:
        self.classifier, self.journey, self.version = classifier, journey, version
        self.names = classifier.stages
        self._points = list(journey.stage_of_touchpoint)
        self._stage_of_point = np.array([self.names.index(stage) for stage in [*journey.stage_of_touchpoint.values(), NO_STAGE]])
        self._words_of_points = {
            self.names.index(stage.stage): [
                (self._points.index(point.touchpoint), [word.casefold() for word in point.words], _any_of(point.words))
                for point in stage.touchpoints
                if point.words
            ]
            for stage in journey.stages
        }
        self._competitors = {name.casefold(): name for name in journey.competitors}
        words = [*journey.competitors, *(word for stage in journey.stages for point in stage.touchpoints for word in point.words)]
        hints = [max(re.findall(r"\w+", word) or [""], key=len) for word in words]
        self._hint = _any_of(hints) if hints and all(hints) else re.compile("" if hints else "$^")
        self._known = Known(self._hints)
        self._competitor = _any_of(journey.competitors) if journey.competitors else None

    def tag(self, records: pa.Table) -> Tables:
        """The tags of some records (columns as `sql/tagging/waiting.sql` has them)."""
        texts = records["text"].combine_chunks().fill_null("").dictionary_encode()
        read = self._read(texts.dictionary)
        decided = self._decide(records, texts.indices.to_numpy().astype(np.intp), read)
        return Tables(self._tags(records, decided, read), self._shares(records["record_id"], decided), self._sentences(records, decided, read))

    def _read(self, texts: pa.StringArray) -> _Read:
        seen = self.classifier.see(texts)
        chunks, begins = seen.chunks, seen.begins
        text_of = np.searchsorted(chunks.bounds, begins[:-1], side="right") - 1
        parts = _between(chunks.signs, chunks.starts[begins[:-1]], chunks.stops[begins[1:] - 1])
        starts, stops = (chunks.letters(places, text_of) for places in (chunks.starts[begins[:-1]], chunks.stops[begins[1:] - 1]))
        whole = self.classifier.read_stretches(seen, texts, chunks.bounds)
        each = self.classifier.read_stretches(seen, parts, begins)
        bounds = np.searchsorted(text_of, np.arange(len(texts) + 1))
        by_length = sp.csr_matrix(((stops - starts).astype(float), np.arange(len(text_of)), bounds), (len(texts), len(text_of)))
        lengths = np.maximum(by_length.sum(axis=1), 1)
        by_length = sp.diags_array(1 / np.asarray(lengths).ravel()) @ by_length
        is_several = (np.diff(bounds) > 1)[:, None]
        mixed = np.where(is_several, (whole.stages + by_length @ each.stages) / 2, whole.stages)
        (is_hint,) = self._known(chunks.distinct)
        hints = np.flatnonzero(is_hint[chunks.numbers, 0])
        in_texts, in_parts = (_which(hints, bounds) for bounds in (chunks.bounds, begins))
        return _Read(texts, np.diff(chunks.bounds), whole, mixed, by_length @ each.feelings, bounds, parts, starts, stops, each, in_texts, in_parts)

    def _hints(self, chunks: Sequence[str]) -> NDArray[np.bool_]:
        """Which chunks have the longest word of a name to look for: a look at distinct chunks spares most texts."""
        return np.array([bool(self._hint.search(chunk)) for chunk in chunks], bool).reshape(-1, 1)

    def _decide(self, records: pa.Table, text: Numbers, read: _Read) -> _Records:
        has_text = read.sizes[text] > 0
        language = records["language"]
        is_read = has_text & pc.or_(pc.is_null(language), pc.is_in(language, pa.array(LANGUAGES))).to_numpy()
        mixed = read.mixed[text]
        likeliest, confidence = kinds.best(mixed)
        guess, confidence = np.where(is_read, likeliest, -1), confidence.astype(float).round(4)
        given_touchpoint = _places(records["given_touchpoint"], self._points)
        given = np.where(given_touchpoint >= 0, self._stage_of_point[given_touchpoint], _places(records["given_stage"], self.names))
        stage = np.where(given >= 0, given, np.where(confidence >= PLACED_FROM, guess, -1))
        return _Records(text, has_text, is_read, mixed, guess, confidence, given, stage, given_touchpoint)

    def _tags(self, records: pa.Table, decided: _Records, read: _Read) -> pa.Table:
        basis = np.select([decided.given >= 0, decided.has_text], [0, 1], 2)
        feelings = read.feelings[decided.text].round(4)
        always = np.zeros(len(records), np.intp)
        return pa.table(
            {
                **{name: records[name] for name in ("record_id", "text_hash", "given")},
                "stage": _named(self.names, decided.stage),
                "stage_guess": _named(self.names, decided.guess),
                "stage_confidence": pa.array(decided.confidence, mask=~decided.is_read),
                "stage_basis": _named(["source", "text", "none"], basis),
                "touchpoint": self._touchpoint(read.texts, decided.text, read.names_in_texts, decided.stage, decided.given_touchpoint),
                "flags": self._flags(decided, read),
                "sentiment": pa.array(feelings, mask=~decided.is_read),
                **_others(read.whole, decided.text, decided.is_read),
                "competitor": self._named(read.texts, read.names_in_texts).take(decided.text),
                "version": _named([self.version], always),
                "classifier_version": _named([self.classifier.version], always),
                "journey_version": _named([self.journey.version], always),
            }
        )

    def _flags(self, decided: _Records, read: _Read) -> pa.ListArray:
        """Named doubts about the reading of each text."""
        doubts = [
            decided.has_text & ~decided.is_read,
            decided.is_read & (read.sizes[decided.text] < FEW_WORDS),
            decided.is_read & (decided.confidence < PLACED_FROM),
            decided.is_read & (read.whole.met[decided.text] < UNLIKE_TRAINING),
        ]
        sets = pa.array([[name for place, name in enumerate(FLAGS) if bits >> place & 1] for bits in range(1 << len(FLAGS))], pa.list_(pa.string()))
        return sets.take(pa.array(sum(doubt.astype(int) << place for place, doubt in enumerate(doubts))))

    def _shares(self, record_ids: pa.ChunkedArray, decided: _Records) -> pa.Table:
        """The stages of placed records; the shares of a record add up to 1 and the main stage has the largest."""
        none = self.names.index(NO_STAGE)
        is_single = (decided.given >= 0) | ~decided.is_read | (decided.stage == none)
        is_main = decided.stage[:, None] == np.arange(len(self.names))
        is_there = is_main | ((decided.mixed >= LEAST_SHARE) & (decided.stage >= 0)[:, None] & ~is_single[:, None])
        is_there[:, none] = is_main[:, none]
        amounts = np.where(is_there, decided.mixed, 0)
        record, stage = np.nonzero(is_there)
        of_given = np.where(decided.given >= 0, 1.0, decided.confidence)
        share = np.where(is_single[record], 1.0, amounts[record, stage] / np.maximum(sum(amounts.T), 1e-300)[record])
        confidence = np.where(is_single[record], of_given[record], amounts[record, stage])
        return pa.table({"record_id": record_ids.take(record), "stage": _named(self.names, stage), "share": share, "confidence": confidence})

    def _sentences(self, records: pa.Table, decided: _Records, read: _Read) -> pa.Table:
        number = np.where(decided.has_text, np.diff(read.bounds)[decided.text], 0)
        own, _ = spread(read.bounds[:-1], np.diff(read.bounds) * (read.sizes > 0), decided.text)
        record = np.repeat(np.arange(len(records)), number)
        first = np.concatenate([[0], np.cumsum(number)])[:-1]
        is_read = decided.is_read[record]
        likeliest, confidence = kinds.best(read.each.stages)
        guess, confidence = np.where(is_read, likeliest[own], -1), confidence.astype(float).round(4)[own]
        is_as_whole = (number[record] == 1) | (decided.given[record] >= 0)  # what the source says holds for all of it
        stage = np.where(is_as_whole, decided.stage[record], np.where(confidence >= PLACED_FROM, guess, -1))
        return pa.table(
            {
                "record_id": records["record_id"].take(record),
                "sentence_no": np.arange(len(own)) - first[record] + 1,
                "start": read.starts[own],
                "stop": read.stops[own],
                "text": read.parts.take(own),
                "stage": _named(self.names, stage),
                "stage_guess": _named(self.names, guess),
                "stage_confidence": pa.array(confidence, mask=~is_read),
                "sentiment": pa.array(read.each.feelings.astype(float).round(4)[own], mask=~is_read),
                "touchpoint": self._touchpoint(read.parts, own, read.names_in_parts, stage, decided.given_touchpoint[record]),
                **_others(read.each, own, is_read),
                "competitor": self._named(read.parts, read.names_in_parts).take(own),
            }
        )

    def _touchpoint(self, texts: pa.StringArray, rows: Numbers, may_name: NDArray[np.bool_], stages: Numbers, given: Numbers) -> pa.DictionaryArray:
        """The given touchpoint, or the first of each row's stage whose words its text has."""
        found = given.copy()
        is_open = (given < 0) & may_name[rows]
        for stage, points in self._words_of_points.items():
            asked = np.flatnonzero(is_open & (stages == stage)) if points else np.zeros(0, np.intp)
            found[asked] = [_first(points, text) for text in texts.take(rows[asked]).to_pylist()]
        return _named(self._points, found)

    def _named(self, texts: pa.StringArray, may_name: NDArray[np.bool_]) -> pa.StringArray:
        """The first competitor that each text names."""
        names: list[str | None] = [None] * len(texts)
        if self._competitor:
            for row in np.flatnonzero(may_name):
                found = self._competitor.search(texts[row].as_py())
                names[row] = self._competitors.get(found[0].casefold()) if found else None
        return pa.array(names, pa.string())


def _any_of(words: list[str]) -> re.Pattern[str]:
    longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)", re.I)


def _first(points: list[tuple[int, list[str], re.Pattern[str]]], text: str) -> int:
    """The first touchpoint whose words a text has; most have none of its letters even."""
    folded = text.casefold()
    return next((point for point, words, pattern in points if any(word in folded for word in words) and pattern.search(text)), -1)


def _which(places: Numbers, bounds: Numbers) -> NDArray[np.bool_]:
    """Which of the stretches that begin at `bounds` have one of some places."""
    found = np.zeros(len(bounds) - 1, bool)
    found[np.searchsorted(bounds, places, side="right") - 1] = True
    return found


def _between(signs: NDArray[np.uint8], starts: Numbers, stops: Numbers) -> pa.StringArray:
    """Stretches of texts' bytes, as texts."""
    change = np.zeros(len(signs) + 1, np.int8)
    change[starts] += 1
    np.subtract.at(change, stops, 1)
    places = np.concatenate([[0], np.cumsum(stops - starts)]).astype(np.int32)
    inside = np.cumsum(change[:-1], dtype=np.int8).astype(bool)
    return pa.StringArray.from_buffers(len(starts), pa.py_buffer(places), pa.py_buffer(signs[inside]))


def _places(names: pa.ChunkedArray, among: list[str]) -> Numbers:
    """The place of each name, -1 for one that is not there."""
    found: Numbers = pc.index_in(names, pa.array(among, pa.string()), skip_nulls=True).fill_null(-1).to_numpy().astype(np.intp)
    return found


def _named(names: list[str], places: Numbers) -> pa.DictionaryArray:
    """The names at some places, null at -1."""
    return _values(pa.array(names, pa.string()), places)


def _values(values: pa.Array, places: Numbers) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int16), mask=places < 0), values)


def _others(reading: Reading, rows: Numbers, is_read: NDArray[np.bool_]) -> dict[str, Any]:
    """Effort, expectation and the other tags; null in a language that can't be tagged."""
    found = {}
    for tag, places in reading.tags.items():
        values = kinds.values(tag)
        is_null = ~is_read | np.array([value is None for value in values])[places[rows]]
        known = pa.array([value for value in values if value is not None], _TAGS.get(tag, pa.string()))
        found[tag] = _values(known, np.where(is_null, -1, places[rows] - (values[0] is None)))
    return found
