"""What people here have labelled: takes the files of labels and the records as they stand, gives the table `labels`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from listening import labels
from listening.journey import Journey
from listening.labels import RANDOM, Label, Labels
from listening.tagging import accuracy
from listening.tagging.classifier import Classifier
from listening.warehouse import Warehouse
from listening.workspace import Workspace

FAULTS_TOLD = 5  # in a night's report; the rest are counted


def keep(workspace: Workspace, warehouse: Warehouse, journey: Journey, classifier: Classifier) -> tuple[str, ...]:
    """Make the table of labels anew from the files; gives a sentence for whatever in them does not count."""
    found = labels.read(workspace, journey)
    newest = found.newest
    ids = sorted({label.record_id for label in newest})
    records = {row["record_id"]: row for row in warehouse.rows("tagging/labelled_records", ids=ids)} if ids else {}
    there = [label for label in newest if label.record_id in records]
    fitting = {label.key for label in there if _fits(label, records[label.record_id])}
    standing = {(label.key[:3], tag): label.key for label in there if label.key in fitting for tag in label.tags}  # of several hands the newest
    learnt, held_out = accuracy.learnt_from(classifier.facts), accuracy.held_out(classifier.facts)
    rows = []
    for label in there:
        mark = accuracy.mark(label.record_id)
        for tag in label.tags:
            row, counts = _row(found, label, tag), standing.get((label.key[:3], tag)) == label.key
            is_unseen = tag != "stage" or mark not in learnt or mark in held_out  # stages alone are learnt from labels
            stage, confidence = held_out.get(mark, (None, None)) if tag == "stage" and label.start is None else (None, None)
            examines = counts and row["draw"] == RANDOM and label.start is None and is_unseen
            rows.append(row | {"counts": counts, "examines": examines, "held_out": stage, "held_out_confidence": confidence})
    warehouse.replace("tagging/labels", rows)
    return _told(found, changed=len(there) - len(fitting), gone=len(newest) - len(there))


def _fits(label: Label, record: Mapping[str, Any]) -> bool:
    """Whether the record still has the words that were labelled."""
    is_within = label.stop is None or label.stop <= (record["length"] or 0)
    return is_within and label.text_hash in ("", record["text_hash"])


def _row(found: Labels, label: Label, tag: str) -> dict[str, Any]:
    drawing = found.drawing_of(label)
    return {
        "record_id": label.record_id, "start": label.start, "stop": label.stop, "unit": "record" if label.start is None else "span",
        "tag": tag, "class": label.tags[tag], "labeller": label.labeller, "labelled_at": _moment(label.labelled_at),
        "draw": drawing["draw"], "drawn_at": _moment(drawing.get("drawn_at", "")), "chance": _chance(drawing.get("chance", "")),
        "journey_version": drawing.get("journey_version"), "classifier_version": drawing.get("classifier_version"),
    }  # fmt: skip


def _moment(cell: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(cell)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _chance(cell: str) -> float | None:
    try:
        chance = float(cell)
    except ValueError:
        return None
    return chance if 0 < chance <= 1 else None


def _told(found: Labels, changed: int, gone: int) -> tuple[str, ...]:
    """What does not count, in sentences."""
    told = found.faults[:FAULTS_TOLD]
    if len(found.faults) > FAULTS_TOLD:
        told.append(f"labels/: {len(found.faults) - FAULTS_TOLD} more rows or cells cannot be used")
    if changed:
        told.append(f"labels/: {_counted(changed)} of words that have changed since, and count no more; label the new words")
    if gone:
        told.append(f"labels/: {_counted(gone)} of records that are not here, and count for nothing")
    return tuple(told)


def _counted(labels_of: int) -> str:
    return "1 label is" if labels_of == 1 else f"{labels_of} labels are"
