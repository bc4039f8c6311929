"""What was deleted at its source leaves landing, too: takes a source's deleted records, gives the landed rows to be emptied.

A row goes when something in it was deleted and nothing in it still stands. The row that told of the deletion stays
without its words: it is the tombstone that keeps an older export from bringing them back.
"""

from __future__ import annotations

import json
import re
from typing import Any

from listening.records import layouts, making, pulls
from listening.records.pulls import Landed
from listening.warehouse import Warehouse
from listening.workspace import Mend, Source, Workspace

_WORDS = re.compile(r"text|comment|body|subject|title|description|content|message|html|note|answer|verbatim|narrative|review|remark|feedback", re.I)
_SPOKEN = re.compile(r"[^\W\d_]+[\s,]+[^\W\d_]+")  # two words in a row, which no date, id or flag has

Emptied = dict[str, dict[int, tuple[str, str | None]]]  # pull → row → cells (JSON) and fault


def sweep(workspace: Workspace, warehouse: Warehouse, source: Source) -> Emptied | None:
    """The landed rows of deleted records whose words still stand there, as they are to stand from now on; None if there are no such records."""
    due = warehouse.rows("records/not_swept", source=source.name)
    if not due:
        return None
    live = {row["record_id"] for row in warehouse.rows("records/live_of_source", source=source.name)}
    deleted = {row["record_id"] for row in due}
    markers = {(row["pull_id"], row["row_no"]) for row in due}
    ids = {re.split(r"[#/]", row["native_id"])[0] for row in due}
    emptied: Emptied = {}
    for row in warehouse.rows("records/landed_pulls", source=source.name):
        pull = Landed.of(workspace, warehouse, row)
        for number, cells in _rows_naming(pull, source, ids, deleted, live):
            if (pull.pull_id, number) not in markers:
                emptied.setdefault(pull.pull_id, {})[number] = ("null", pulls.DELETED)
            elif (bare := without_words(cells)) != cells:
                emptied.setdefault(pull.pull_id, {})[number] = (json.dumps(bare, ensure_ascii=False), None)
    return emptied


def without_words(cell: Any, key: str = "") -> Any:
    """Cells without anything that somebody wrote: what is left is ids, dates and flags."""
    if isinstance(cell, dict):
        return {name: without_words(each, name) for name, each in cell.items()}
    if isinstance(cell, list):
        return [without_words(each, key) for each in cell]
    is_written = isinstance(cell, str) and (_SPOKEN.search(cell) or (_WORDS.search(key) and not key.lower().endswith(("_at", "id"))))
    return "" if is_written else cell


def _rows_naming(pull: Landed, source: Source, ids: set[str], deleted: set[str], live: set[str]) -> list[tuple[int, Any]]:
    """Rows of a pull in which something was deleted and nothing still stands."""
    found: list[tuple[int, Any]] = []
    occurrences: dict[str, int] = {}
    named = [(number, cells) for number, cells, fault in pull.rows() if not fault and cells and _names_any(cells, ids)]
    if not named:
        return found
    try:
        layout = layouts.choose(source, pull.fields())
    except Mend:  # its rows could not be read as configured, so none of them is known to be anybody's
        return found
    for number, cells in named:
        things = layout.take_apart(cells)
        making.name(things, occurrences)
        names = {making.record_id(source.name, said["native_id"]) for said in things}
        names |= {making.record_id(source.name, said["whole"]) for said in things if said.get("whole")}
        if names & deleted and not names & live:
            found.append((number, cells))
    return found


def _names_any(cells: Any, ids: set[str]) -> bool:
    text = json.dumps(cells, ensure_ascii=False)
    return any(name in text for name in ids)
