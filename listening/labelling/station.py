"""Draw words into a sheet and take the filled sheet back: takes the published run and the files of labels, writes both."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from listening import journey as journeys
from listening import labels, night, warehouse
from listening.labelling import returned, sheet
from listening.labelling.agreement import Agreement, between_hands
from listening.labels import RANDOM, TAGS, Label, Labels
from listening.publish import reading, sheets
from listening.tagging import drawing
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace

UNLOCKED = ((0, "uncorrected shares"), (100, "corrected shares"), (200, "corrected shares and troubles"))
EXAMINED_FROM = 40
MOST_AT_ONCE = 5_000  # rows of a sheet; more than anybody labels


@dataclass(frozen=True)
class Stand:
    """How many words of a source's last 90 days there are, are labelled with a stage after a random draw, or drawn and waiting."""

    source: str
    texts: int
    labelled: int
    waiting: int

    @property
    def unlocked(self) -> str:
        """What so many labels allow."""
        return [words for number, words in UNLOCKED if self.labelled >= number][-1]

    @property
    def missing(self) -> int | None:
        """How many labels it takes to the next step; None where there is none."""
        return next((number - self.labelled for number, _ in UNLOCKED if self.labelled < number), None)


@dataclass(frozen=True)
class Sheet:
    """A sheet that was written."""

    path: Path
    drawn: dict[str, dict[str, int]]  # by source and draw
    chances: dict[str, float]
    seed: int
    notes: list[str]
    standing: list[Stand]


@dataclass(frozen=True)
class Brought:
    """A sheet that came back: how many rows were labelled, how many of them say something new, and what could not be used."""

    rows: int
    new: int
    unfilled: int
    filled: dict[str, int]
    faults: list[str]
    agreement: list[Agreement]
    standing: list[Stand] = field(default_factory=list)


def sample(
    workspace: Workspace,
    number: int,
    source: str | None = None,
    path: Path | None = None,
    seed: int | None = None,
    chosen: int | None = None,
    with_guess: bool = False,
    overwrite: bool = False,
) -> Sheet:
    """Write a sheet with words of each source (or of one), drawn at random and, marked apart, chosen.

    Args:
        workspace: the company's folder; a night must have published.
        number: how many at random, of each source.
        source: only this source; employees' and suppliers' words are drawn only so.
        path: the sheet, .xlsx or .csv; without it, one in the workspace's labels/sheets/.
        seed: makes the same draw again from the same records.
        chosen: how many beside them, of each source; without it, half as many.
        with_guess: show what the classifier reads. Who sees it labels as it does.
        overwrite: replace a file that is there.

    Raises:
        Mend: nothing is published, the source has no words, or the path cannot be used.
    """
    chosen = number // 2 if chosen is None else chosen
    if number < 0 or chosen < 0 or not 0 < number + chosen <= MOST_AT_ONCE:
        raise Mend(f"Draw between 1 and {MOST_AT_ONCE} records of a source: --sample N, and --chosen M beside them.")
    seed = secrets.randbelow(2**31) if seed is None else seed
    stages = journeys.read(workspace.journey)
    database = reading.database(workspace)
    drawn_at = labels.now()
    path = path or _own_path(workspace, drawn_at, seed)
    sheets.check(path, overwrite)
    with night.held(workspace), warehouse.reading(database) as published:
        known = labels.read(workspace, stages)
        records = _records(published, known, source)
        random = np.random.default_rng(seed)
        drawn = [one for _, own in records.groupby("source") for one in drawing.draw(own, lambda ids: _texts(published, ids), number, chosen, random)]
        fresh = [one for one in drawn if not _is_labelled(records, one.record_id)]
        if not fresh:
            raise Mend("There is nothing left to draw: all words of the last 90 days were drawn before. More come with the next nights.")
        rows = _rows(_words(published, [one.record_id for one in fresh]), fresh, with_guess)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        notes = sheet.write(path, rows, stages, overwrite)
        _note(workspace, records, drawn, drawn_at)
        counted = records.set_index("record_id")["source"]
        by_source: dict[str, dict[str, int]] = {}
        for one in fresh:
            of_source = by_source.setdefault(str(counted[one.record_id]), {"random": 0, "chosen": 0})
            of_source[one.draw] += 1
        chances = {str(counted[one.record_id]): one.chance for one in drawn if one.chance is not None}
        return Sheet(path, by_source, chances, seed, notes, _standing(published, labels.read(workspace, stages), None))


def bring(workspace: Workspace, path: Path, labeller: str) -> Brought:
    """Take a filled sheet into the workspace's labels; bringing it again changes nothing.

    Raises:
        Mend: the file cannot be read, or is no sheet of labels.
    """
    stages = journeys.read(workspace.journey)
    with night.held(workspace), warehouse.reading(reading.database(workspace)) as published:
        before = labels.read(workspace, stages)

        def hashes(ids: Sequence[str]) -> dict[str, str]:
            here = {row["record_id"]: row["text_hash"] for row in published.rows("publish/reader/hashes", ids=list(ids))} if ids else {}
            return {name: before.drawn[name].text_hash if name in before.drawn else here[name] for name in ids if name in before.drawn or name in here}

        found = returned.read(path, hashes, stages)
        at = labels.now()
        said = [
            replace(label, labeller=labeller, labelled_at=at, drawing=before.drawn[label.record_id].drawing if label.record_id in before.drawn else {})
            for label in found.labels
        ]
        new = labels.add(workspace, _file_of(labeller), said)
        after = labels.read(workspace, stages)
        agreement = between_hands(after.newest)
        return Brought(len(said), new, found.unfilled, found.filled, found.faults, agreement, _standing(published, after, None))


def standing(workspace: Workspace) -> list[Stand]:
    """How far each source's labels have come.

    Raises:
        Mend: nothing is published yet.
    """
    with warehouse.reading(reading.database(workspace)) as published:
        return _standing(published, labels.read(workspace, journeys.read(workspace.journey)), None)


def _standing(published: Warehouse, known: Labels, source: str | None) -> list[Stand]:
    recent = _frame(published, known, source)
    recent = recent[recent["is_recent"]]
    is_waiting = recent["was_random"] & ~recent["is_labelled"]
    counts = recent.assign(labelled=recent["is_labelled"] & recent["was_random"], waiting=is_waiting).groupby("source")
    return [Stand(str(name), len(own), int(own["labelled"].sum()), int(own["waiting"].sum())) for name, own in counts]


def _records(published: Warehouse, known: Labels, source: str | None) -> pd.DataFrame:
    """What may be drawn.

    Raises:
        Mend: there is no such source, or it has no words whose stage a person could tell better.
    """
    frame = _frame(published, known, source)
    if frame.empty:
        sources = [row["source"] for row in published.rows("publish/reader/sources_of_words")]
        if source is not None and source not in sources:
            raise Mend(f"There is no source '{source}' with words. There are: {', '.join(sources)}.")
        raise Mend("There is nothing to label: no words in a language that is read, or their stages are all given by the sources.")
    return frame


def _frame(published: Warehouse, known: Labels, source: str | None) -> pd.DataFrame:
    """The records that may be drawn, with what is known of each from the files of labels."""
    frame = published.frame("publish/reader/to_label", source=source)
    labelled = {(label.record_id, label.text_hash) for label in known.labels if label.start is None and "stage" in label.tags}
    ids, at_random = {name for name, _ in labelled}, {name for name, drawn in known.drawn.items() if drawn.drawing["draw"] == RANDOM}
    frame["is_labelled"] = [(name, text) in labelled or (name, "") in labelled for name, text in zip(frame["record_id"], frame["text_hash"], strict=True)]
    frame["was_random"] = frame["record_id"].isin(list(at_random))
    frame["was_drawn"] = frame["record_id"].isin([*known.drawn, *ids])
    return frame


def _is_labelled(records: pd.DataFrame, record_id: str) -> bool:
    return bool(records.loc[records["record_id"] == record_id, "is_labelled"].iloc[0])


def _words(published: Warehouse, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {row["record_id"]: row for row in published.rows("publish/reader/words", ids=list(ids))} if ids else {}


def _texts(published: Warehouse, ids: Sequence[str]) -> list[str]:
    words = _words(published, ids)
    return [words[name]["text"] for name in ids]


def _rows(words: dict[str, dict[str, Any]], drawn: Sequence[drawing.Drawn], with_guess: bool) -> list[dict[str, Any]]:
    """The rows of the sheet, the random ones first."""
    rows = []
    for number, one in enumerate(sorted(drawn, key=lambda one: one.draw != RANDOM), 1):
        record = words[one.record_id]
        guess = {"guess": record["stage_guess"], "confidence": round(record["stage_confidence"], 2)} if with_guess else {}
        facts = {"no": number, "source": record["source"], "said_on": record["said_on"], "draw": one.draw, "text": record["text"]}
        rows.append({**facts, **guess, **dict.fromkeys(TAGS, ""), "record_id": one.record_id})
    return rows


def _note(workspace: Workspace, records: pd.DataFrame, drawn: Sequence[drawing.Drawn], drawn_at: str) -> None:
    """Remember what was drawn and how, so that it is not drawn again and its label is known to be random."""
    facts = records.set_index("record_id")
    noted = [
        Label(
            one.record_id, {}, text_hash=str(facts.at[one.record_id, "text_hash"]),
            drawing={
                "draw": one.draw, "drawn_at": drawn_at, "chance": "" if one.chance is None else f"{one.chance:.6g}",
                "journey_version": str(facts.at[one.record_id, "journey_version"]), "classifier_version": str(facts.at[one.record_id, "classifier_version"]),
            },
        )
        for one in drawn
    ]  # fmt: skip
    labels.add(workspace, f"drawn-{re.sub(r'[^0-9T]', '', drawn_at[:19])}", noted)


def _own_path(workspace: Workspace, drawn_at: str, seed: int) -> Path:
    at = dt.datetime.fromisoformat(drawn_at)
    return labels.folder(workspace) / "sheets" / f"label-{at:%Y-%m-%d-%H%M%S}-{seed}.xlsx"


def _file_of(labeller: str) -> str:
    """The file that keeps a labeller's labels."""
    name = re.sub(r"[^\w-]+", "-", labeller).strip("-").lower()[:60] or "unnamed"
    return f"by-{name}"
