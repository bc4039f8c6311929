"""Tag the records that have no tags of the present versions: new ones, edited ones, and all after a new classifier or journey."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from listening.journey import NO_STAGE, Journey
from listening.tagging import accuracy, labelled, sentences, watching
from listening.tagging import tags as kinds
from listening.tagging.classifier import FEW_WORDS, PLACED_FROM, UNLIKE_TRAINING, Classifier, Reading, load
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace

CHUNK = 10_000
TAGGING_VERSION = "5"
LANGUAGES = ("en",)
LEAST_SHARE = 0.2  # a stage that less than this of a record's words speak about is not counted as one of its stages
log = logging.getLogger(__name__)


@dataclass
class Tagged:
    """What tagging came to this night."""

    records: int = 0
    sentences: int = 0
    classifier_version: str = ""
    notes: tuple[str, ...] = ()


def tag(workspace: Workspace, warehouse: Warehouse, journey: Journey) -> Tagged:
    """Tag what is to be tagged, a chunk at a time; all of a night's tags are kept together or none.

    Raises:
        Mend: there is no classifier, or it was fitted to other stages than the journey has.
    """
    classifier = load(workspace.models)
    _check_stages(classifier, journey, workspace)
    version = f"{TAGGING_VERSION}-{classifier.version}-{journey.version}"
    note = () if classifier.journey_version == journey.version else (
        "journey.yaml was edited after the classifier was fitted; 'listening init' on this folder fits it to the new words",
    )  # fmt: skip
    tagged = Tagged(classifier_version=classifier.version, notes=note)
    tagger = _Tagger(classifier, journey, version)
    with warehouse.transaction():
        tagged.notes += labelled.keep(workspace, warehouse, journey, classifier)
        waiting = warehouse.query("tagging/waiting", version=version)
        for name in ("tags", "record_stages", "sentences"):
            warehouse.delete(f"tagging/{name}", waiting.select(["record_id"]))
        warehouse.execute("tagging/forget_tags")
        warehouse.execute("tagging/forget_record_stages")
        warehouse.execute("tagging/forget_sentences")
        for start in range(0, waiting.num_rows, CHUNK):
            chunk = waiting.slice(start, CHUNK).to_pylist()
            tags, stages, parts = tagger.tag(chunk)
            warehouse.insert("tagging/tags", tags)
            warehouse.insert("tagging/record_stages", stages)
            warehouse.insert("tagging/sentences", parts)
            tagged.records += len(tags)
            tagged.sentences += len(parts)
            log.info("tagged %s of %s records", tagged.records, waiting.num_rows)
        accuracy.keep(warehouse, classifier)
        tagged.notes += watching.watch(warehouse)
    return tagged


def _check_stages(classifier: Classifier, journey: Journey, workspace: Workspace) -> None:
    mend = f"Run 'listening init {workspace.root}' to fit it to this journey."
    for name in journey.names:
        if name not in classifier.stages:
            raise Mend(f"The classifier does not know the stage '{name}' of journey.yaml. {mend}")
    for name in classifier.stages:
        if name not in (*journey.names, NO_STAGE):
            raise Mend(f"The classifier still knows the stage '{name}', which journey.yaml no longer has. {mend}")


class _Tagger:
    """The classifier and the journey, ready to tag chunks of records."""

    def __init__(self, classifier: Classifier, journey: Journey, version: str) -> None:
        self.classifier, self.journey, self.version, self.journey_version = classifier, journey, version, journey.version
        self.names = classifier.stages
        self.touchpoint_words = {
            stage.stage: [
                (point.touchpoint, re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, point.words)) + r")(?!\w)", re.I))
                for point in stage.touchpoints
                if point.words
            ]
            for stage in journey.stages
        }
        self.competitor_names = {name.casefold(): name for name in journey.competitors}
        any_of = "|".join(map(re.escape, sorted(journey.competitors, key=len, reverse=True)))
        self.competitors = re.compile(rf"(?<!\w)(?:{any_of})(?!\w)", re.I) if any_of else None

    def tag(self, records: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows for the tables of tags, of record stages, and of sentences."""
        records = [{**record} if (record["text"] or "").strip() else {**record, "text": None} for record in records]
        texts = [record["text"] or "" for record in records]
        spans = [sentences.split(text) for text in texts]
        parts = [text[start:stop] for text, places in zip(texts, spans, strict=True) for start, stop in places]
        is_tagged = [bool(record["text"]) and record["language"] in (*LANGUAGES, None) for record in records]
        whole = self.classifier.read(texts)
        each = self.classifier.read(parts)
        tags: list[dict[str, Any]] = []
        stages: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        place = 0
        for number, (record, places, can_tag) in enumerate(zip(records, spans, is_tagged, strict=True)):
            record["met"] = whole.met[number]
            own = slice(place, place + len(places))
            place += len(places)
            tag, shares = self._record(record, places, can_tag, whole.stages[number], each.stages[own], each.feelings[own])
            tag |= self._others(whole, number, record["text"], can_tag)
            tags.append(tag)
            stages += shares
            rows += self._sentences(record, places, can_tag, each, own, tag)
        return tags, stages, rows

    def _others(self, reading: Reading, number: int, text: str | None, can_tag: bool) -> dict[str, Any]:
        """Effort, expectation and the other tags of one text, and a competitor that it names; null in a language that can't be tagged."""
        is_read = can_tag and bool(text)
        named = self.competitors.search(text) if self.competitors and text else None
        return {
            **{tag: kinds.values(tag)[places[number]] if is_read else None for tag, places in reading.tags.items()},
            "competitor": self.competitor_names[named[0].casefold()] if named else None,
        }

    def _record(
        self, record: dict[str, Any], places: list[tuple[int, int]], can_tag: bool, whole: NDArray[Any], each: NDArray[Any], feelings: NDArray[np.float64]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        lengths = np.array([stop - start for start, stop in places], dtype=float)
        mixed = (whole + (lengths[:, None] * each).sum(axis=0) / lengths.sum()) / 2 if len(places) > 1 else whole
        guess = self.names[int(mixed.argmax())] if can_tag and len(places) else None
        confidence = round(float(mixed.max()), 4) if guess else None
        given, touchpoint = self._given(record)
        flags = self._flags(record, can_tag, confidence) if record["text"] else []
        is_placed = confidence is not None and confidence >= PLACED_FROM
        stage = given or (guess if is_placed else None)
        basis = "source" if given else "text" if record["text"] else "none"
        touchpoint = touchpoint or self._touchpoint(record["text"] or "", stage)
        tag = {
            "record_id": record["record_id"], "text_hash": record["text_hash"],
            "given": record["given"], "stage": stage, "stage_guess": guess, "stage_confidence": confidence,
            "stage_basis": basis, "touchpoint": touchpoint, "flags": flags,
            "sentiment": round(float((lengths * feelings).sum() / lengths.sum()), 4) if can_tag and len(places) else None,
            "version": self.version, "classifier_version": self.classifier.version, "journey_version": self.journey_version,
        }  # fmt: skip
        return tag, self._shares(tag, mixed if can_tag else None)

    def _shares(self, tag: dict[str, Any], mixed: NDArray[Any] | None) -> list[dict[str, Any]]:
        """The stages of a placed record; their shares add up to 1 and the main stage has the largest."""
        if tag["stage"] is None:
            return []
        if tag["stage_basis"] == "source" or mixed is None or tag["stage"] == NO_STAGE:
            return [
                {
                    "record_id": tag["record_id"],
                    "stage": tag["stage"],
                    "share": 1.0,
                    "confidence": tag["stage_confidence"] if tag["stage_basis"] == "text" else 1.0,
                }
            ]
        found = {
            name: float(share) for name, share in zip(self.names, mixed, strict=True) if name == tag["stage"] or (share >= LEAST_SHARE and name != NO_STAGE)
        }
        total = sum(found.values())
        return [{"record_id": tag["record_id"], "stage": name, "share": share / total, "confidence": share} for name, share in found.items()]

    def _given(self, record: dict[str, Any]) -> tuple[str | None, str | None]:
        """Stage and touchpoint that the source itself gives, where the journey has them."""
        touchpoint = record["given_touchpoint"] if record["given_touchpoint"] in self.journey.stage_of_touchpoint else None
        if touchpoint:
            return self.journey.stage_of_touchpoint[touchpoint], touchpoint
        return (record["given_stage"] if record["given_stage"] in (*self.journey.names, NO_STAGE) else None), None

    def _touchpoint(self, text: str, stage: str | None) -> str | None:
        return next((name for name, words in self.touchpoint_words.get(stage or "", ()) if words.search(text)), None)

    def _flags(self, record: dict[str, Any], can_tag: bool, confidence: float | None) -> list[str]:
        """Named doubts about the reading of the text: too_short, other_language, low_margin, unlike_training."""
        text = record["text"]
        if not can_tag:
            return ["other_language"]
        flags = ["too_short"] if len(text.split()) < FEW_WORDS else []
        if confidence is not None and confidence < PLACED_FROM:
            flags.append("low_margin")
        if record["met"] < UNLIKE_TRAINING:
            flags.append("unlike_training")
        return flags

    def _sentences(
        self, record: dict[str, Any], places: list[tuple[int, int]], can_tag: bool, each: Reading, own: slice, tag: dict[str, Any]
    ) -> list[dict[str, Any]]:
        rows = []
        for number, ((start, stop), shares, feeling) in enumerate(zip(places, each.stages[own], each.feelings[own], strict=True), 1):
            guess = self.names[int(shares.argmax())] if can_tag else None
            confidence = round(float(shares.max()), 4) if can_tag else None
            is_whole = len(places) == 1 or tag["stage_basis"] == "source"  # what the source says holds for all of it
            stage = tag["stage"] if is_whole else guess if confidence is not None and confidence >= PLACED_FROM else None
            text = record["text"][start:stop]
            touchpoint = self._given(record)[1] or self._touchpoint(text, stage)
            rows.append(
                {
                    "record_id": record["record_id"], "sentence_no": number, "start": start, "stop": stop, "text": text, "stage": stage, "stage_guess": guess,
                    "stage_confidence": confidence, "sentiment": round(feeling, 4) if can_tag else None, "touchpoint": touchpoint,
                    **self._others(each, own.start + number - 1, text, can_tag),
                }
            )  # fmt: skip
        return rows
