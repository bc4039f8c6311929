"""The company's labels: takes the workspace's `labels/*.csv`, gives what people said of which words, and what was drawn for them.

One layout serves all: a row names a record (or a span of it), how it was drawn, and what a labeller said of it, tag by
tag. A row without any tag was drawn and waits. `record_id` and `stage` alone are a label, too.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from listening.journey import NO_STAGE, Journey
from listening.sources import files
from listening.sources.pull import Row, Unreadable
from listening.workspace import Mend, Workspace, put

NOTHING = "nothing"  # a person says that the words tell nothing of the tag; an empty cell says nothing at all
RANDOM, CHOSEN = "random", "chosen"
WORDS: dict[str, dict[str, str]] = {  # what a person picks, and how it is kept (the coding guide's signs)
    "sentiment": {"positive": "1", "neutral": "0", "negative": "-1"},
    "effort": {"low": "low", "high": "high"},
    "expectation": {"below": "below", "met": "met", "exceeded": "exceeded"},
    "memorable": {"good": "1", "bad": "-1"},
    "recommend": {"recommends": "1", "warns": "-1"},
    "intent": {"stay": "stay", "leave": "leave"},
    "purpose": {"complaint": "complaint", "praise": "praise", "question": "question", "request": "request"},
}
TAGS = ("stage", *WORDS)
ALWAYS_SAY = ("stage", "sentiment")  # of every text something is true; only of the other tags words may tell nothing
DRAWING = ("draw", "drawn_at", "chance", "journey_version", "classifier_version")
COLUMNS = ("record_id", "start", "stop", "text_hash", "unit", "labeller", "labelled_at", *DRAWING, *TAGS)
_SAY_NOTHING = (NOTHING, "nothing said", "-", "–", "none", "neither", "0")


@dataclass(frozen=True)
class Label:
    """What one labeller said of a record, or of the characters from start to stop: the class of each tag that was filled."""

    record_id: str
    tags: dict[str, str]
    start: int | None = None
    stop: int | None = None
    text_hash: str = ""
    labeller: str = ""
    labelled_at: str = ""
    drawing: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What a later label of the same hand replaces."""
        return self.record_id, -1 if self.start is None else self.start, -1 if self.stop is None else self.stop, self.labeller

    @property
    def cells(self) -> dict[str, Any]:
        """The row of a file that says the same."""
        place = {"start": self.start, "stop": self.stop, "unit": "record" if self.start is None else "span"} if self.tags else {}
        said = {"labeller": self.labeller, "labelled_at": self.labelled_at}
        return {"record_id": self.record_id, **place, "text_hash": self.text_hash, **said, **self.drawing, **self.tags}


@dataclass
class Labels:
    """All labels, all drawings by record, and a sentence for every row that cannot be used."""

    labels: list[Label] = field(default_factory=list)
    drawn: dict[str, Label] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def newest(self) -> list[Label]:
        """Each hand's newest label of each record or span, in the order in which they were given."""
        ordered = sorted(self.labels, key=lambda label: label.labelled_at)  # stable: of one moment, the later row
        return list({label.key: label for label in ordered}.values())

    def drawing_of(self, label: Label) -> dict[str, str]:
        """How the label's record was drawn; what was not drawn at random counts as chosen."""
        drawn = self.drawn.get(label.record_id)
        return (drawn.drawing if drawn else label.drawing) or {"draw": CHOSEN}


def folder(workspace: Workspace) -> Path:
    """Where the labels are."""
    return workspace.root / "labels"


def read(workspace: Workspace, journey: Journey) -> Labels:
    """Everything in `labels/*.csv`, in the order of file names and rows."""
    found = Labels()
    for path in _files(workspace):
        try:
            rows, _ = files.read(path)
        except Unreadable as error:
            found.faults.append(f"labels/{path.name} {error}")
            continue
        for row in rows:
            _take(found, row, f"labels/{path.name}, row {row.number}", journey)
    return found


def _take(found: Labels, row: Row, where: str, journey: Journey) -> None:
    if row.fault or not isinstance(row.cells, dict):
        found.faults.append(f"{where}: {row.fault or 'is no row of a table'}; it does not count.")
        return
    cells = {str(name).strip().lower(): as_text(cell) for name, cell in row.cells.items()}
    label, faults = parsed(cells, journey)
    found.faults += [f"{where}: {fault}" for fault in faults]
    if label and label.tags:
        found.labels.append(label)
    if label and label.drawing.get("draw") and (found.drawn.get(label.record_id) is None or label.drawing["draw"] == RANDOM):
        found.drawn[label.record_id] = label


def parsed(cells: dict[str, str], journey: Journey) -> tuple[Label | None, list[str]]:
    """The label of a row, its cells by the names of COLUMNS, and a sentence for each cell that cannot be used; None for a blank row."""
    if not any(cells.values()):
        return None, []
    record_id = cells.get("record_id", "").strip("'")
    if not record_id:
        return None, ["has no record_id, so nobody knows what was labelled; it does not count."]
    tags: dict[str, str] = {}
    faults: list[str] = []
    for tag in TAGS:
        value, fault = value_of(tag, cells.get(tag, ""), journey)
        tags |= {tag: value} if value else {}
        faults += [fault] if fault else []
    start, stop = cells.get("start", ""), cells.get("stop", "")
    is_span = bool(start or stop)
    if is_span and not (start.isdecimal() and stop.isdecimal() and int(start) < int(stop)):
        return None, [f"start '{start}' and stop '{stop}' mark no part of a text; it does not count."]
    first, last = (int(start), int(stop)) if is_span else (None, None)
    drawing = {name: cells[name] for name in DRAWING if cells.get(name)} | {"draw": cells.get("draw", "").lower()}
    drawing = drawing if drawing["draw"] in (RANDOM, CHOSEN) else {}
    return Label(record_id, tags, first, last, cells.get("text_hash", ""), cells.get("labeller", ""), cells.get("labelled_at", ""), drawing), faults


def value_of(tag: str, cell: str, journey: Journey) -> tuple[str | None, str | None]:
    """The class that a cell names, by the coding guide's sign or in words, or a sentence that says what it could have named."""
    said = cell.casefold()
    if not said:
        return None, None
    known = _stages(journey) if tag == "stage" else WORDS[tag] | {value: value for value in WORDS[tag].values()}
    if said in known:
        return known[said], None
    if tag not in ALWAYS_SAY and said in _SAY_NOTHING:
        return NOTHING, None
    offered = [*journey.names, NO_STAGE] if tag == "stage" else list(WORDS[tag])
    near = difflib.get_close_matches(said, offered, 1)
    hint = f"do you mean '{near[0]}'?" if near else f"it can be {', '.join(offered)}."
    return None, f"{tag} '{cell[:40]}' is not known and is left out; {hint}"


def as_text(cell: Any) -> str:
    """A cell in letters, without blanks around it; a whole number without '.0'."""
    if cell is None:
        return ""
    text = str(cell).replace("\u2212", "-").strip()
    return text.removesuffix(".0") if text.removesuffix(".0").lstrip("-").isdecimal() else text


def add(workspace: Workspace, file: str, labels: Iterable[Label]) -> int:
    """Put labels into `labels/<file>.csv`, each in the place of the same hand's older one of the same words.

    Returns:
        How many say something that was not there yet; where none does, the file stays as it is.

    Raises:
        Mend: the file is there and cannot be read.
    """
    path = folder(workspace) / f"{file}.csv"
    kept = _rows_by_key(path) if path.exists() else {}
    fresh = {label.key: label.cells for label in labels if not _says_the_same(kept.get(label.key), label)}
    if fresh:
        rows = [row for _, row in sorted((kept | fresh).items())]
        path.parent.mkdir(mode=0o700, exist_ok=True)
        put(path, _as_csv([*COLUMNS, *sorted({name for row in rows for name in row} - set(COLUMNS))], rows))
    return len(fresh)


def _rows_by_key(path: Path) -> dict[tuple[str, int, int, str], dict[str, Any]]:
    try:
        rows = files.read(path)[0]
    except Unreadable as error:
        raise Mend(f"{path} {error} Until then nothing can be added to it.") from None
    found = {}
    for cells in (row.cells for row in rows if isinstance(row.cells, dict)):
        row = {name: as_text(cell) for name, cell in cells.items()}
        start, stop = (int(row[name]) if row.get(name, "").isdecimal() else -1 for name in ("start", "stop"))
        found[row.get("record_id", ""), start, stop, row.get("labeller", "")] = row
    return found


def _says_the_same(row: dict[str, Any] | None, label: Label) -> bool:
    return row is not None and {tag: row[tag] for tag in TAGS if row.get(tag)} == label.tags and row.get("text_hash", "") == label.text_hash


def keep_only(workspace: Workspace, records: set[str]) -> list[str]:
    """Take out every row of a record that is not among these; gives a sentence for each file that cannot be searched."""
    left = []
    for path in _files(workspace):
        try:
            rows, _ = files.read(path)
        except Unreadable as error:
            left.append(f"labels/{path.name} {error} It may still hold the words of somebody who is to be forgotten.")
            continue
        whole = [row.cells for row in rows if isinstance(row.cells, dict)]
        kept = [cells for cells in whole if _record_of(cells) in records]
        names = list(dict.fromkeys(name for cells in whole for name in cells))
        if any(name.strip().lower() == "record_id" for name in names) and len(kept) < len(rows):
            put(path, _as_csv(names, kept))
    return left


def _record_of(cells: dict[str, Any]) -> str:
    return next((as_text(cell) for name, cell in cells.items() if name.strip().lower() == "record_id"), "")


def _as_csv(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _files(workspace: Workspace) -> list[Path]:
    return sorted(path for path in folder(workspace).glob("*.csv") if path.is_file() and not path.name.startswith((".", "~$")))


def _stages(journey: Journey) -> dict[str, str]:
    """The stages by everything that a person may call them: name, title, or the default stage that they cover."""
    titles = {title.casefold(): name for name, title in journey.titles.items()}
    return journey.from_default | titles | {name.casefold(): name for name in (*journey.names, NO_STAGE)}


def now() -> str:
    """The time at which something is labelled or drawn, as the files have it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
