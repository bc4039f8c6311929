"""A sheet that came back: takes the file as a spreadsheet saved it, gives the labels in it and a sentence for all that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from listening.journey import Journey
from listening.labels import ALWAYS_SAY, NOTHING, TAGS, Label, as_text, parsed
from listening.sources import files
from listening.sources.pull import Unreadable
from listening.workspace import Mend


@dataclass
class Returned:
    """The labels of one sheet; `filled` counts the cells of each tag that a person filled."""

    labels: list[Label] = field(default_factory=list)
    unfilled: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read(path: Path, hashes: Callable[[Sequence[str]], Mapping[str, str]], journey: Journey) -> Returned:
    """The labels of a sheet.

    Args:
        path: a workbook (its first sheet) or delimited text, columns in any order.
        hashes: gives the hashes of the words that were labelled, of those records that are here.
        journey: whose stages can be named.

    Raises:
        Mend: the file cannot be read, or has no column record_id.
    """
    if not path.is_file():
        raise Mend(f"{path} is not there. Name the sheet that was filled.")
    try:
        rows, _ = files.read(path)
    except Unreadable as error:
        raise Mend(f"{path.name} {error}") from None
    named = [(row, _named(row.cells)) for row in rows if isinstance(row.cells, dict)]
    if not any("record_id" in cells for _, cells in named):
        raise Mend(f"{path.name} has no rows under a column record_id, so nobody knows what was labelled. Bring back the sheet with all its columns.")
    found = Returned(faults=[f"row {row.number}: {row.fault}; it is left out." for row in rows if row.fault])
    taken: dict[tuple[str, int, int, str], tuple[int, Label]] = {}
    known = hashes([cells["record_id"].strip("'") for _, cells in named if cells.get("record_id")])
    for row, cells in named:
        label, faults = parsed({name: cell for name, cell in cells.items() if name in ("record_id", "start", "stop", *TAGS)}, journey)
        found.faults += [f"row {row.number}: {fault}" for fault in faults]
        if label is None:
            continue
        if not label.tags:
            found.unfilled += 1
        elif label.record_id not in known:
            found.faults.append(f"row {row.number}: record_id '{label.record_id[:40]}' is no record of this workspace; it is left out.")
        else:
            before = taken.get(label.key)
            if before and before[1].tags != label.tags:
                found.faults.append(f"row {row.number}: the record stands in row {before[0]} already, with other labels; this row counts.")
            taken[label.key] = row.number, replace(label, text_hash=known[label.record_id])
    return _completed(found, [label for _, label in taken.values()])


def _named(cells: Mapping[str, Any]) -> dict[str, str]:
    return {str(name).strip().lower().replace(" ", "_"): as_text(cell) for name, cell in cells.items()}


def _completed(found: Returned, labels: list[Label]) -> Returned:
    """Where a column is filled in some rows, its empty cells in the other labelled rows say that the words tell nothing of it."""
    found.filled = {tag: sum(tag in label.tags for label in labels) for tag in TAGS}
    used = [tag for tag in TAGS if tag not in ALWAYS_SAY and found.filled[tag]]
    found.labels = [replace(label, tags={**dict.fromkeys(used, NOTHING), **label.tags} if "stage" in label.tags else label.tags) for label in labels]
    return found
