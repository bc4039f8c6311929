"""What was deleted or said otherwise at its source leaves landing, too: takes a source, gives the landed rows to be emptied.

A row goes when something in it was deleted or rewritten and no record stands from it any more. The row that told of a
deletion stays without its words: it is the tombstone that keeps an older export from bringing them back.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa

from listening.records import pulls
from listening.warehouse import Warehouse
from listening.workspace import Source, Workspace

_WORDS = re.compile(r"text|comment|body|subject|title|description|content|message|html|note|answer|verbatim|narrative|review|remark|feedback", re.I)
_SPOKEN = re.compile(r"[^\W\d_][\s,]+[^\W\d_]")  # two words in a row, which no date, id or flag has

Emptied = dict[str, dict[int, tuple[str, str | None]]]  # pull → row → cells (JSON) and fault


def sweep(workspace: Workspace, warehouse: Warehouse, source: Source) -> Emptied:
    """The landed rows of a source whose words no record has any more, as they are to stand from now on."""
    emptied: Emptied = {}
    telling: dict[str, set[int]] = {}
    for row in warehouse.rows("records/to_empty", source=source.name):
        if row["is_telling"]:
            telling.setdefault(row["pull_id"], set()).add(row["row_no"])
        else:
            emptied.setdefault(row["pull_id"], {})[row["row_no"]] = ("null", pulls.DELETED if row["is_deleted"] else pulls.REPLACED)
    for row in warehouse.rows("records/landed_pulls", source=source.name) if telling else ():
        if row["pull_id"] not in telling:
            continue
        for number, cells, _ in pulls.Landed.of(workspace, warehouse, row).rows():
            if number in telling[row["pull_id"]] and (bare := without_words(cells)) != cells:
                emptied.setdefault(row["pull_id"], {})[number] = (json.dumps(bare, ensure_ascii=False), None)
    return emptied


def swept(warehouse: Warehouse, source: Source, emptied: Emptied) -> None:
    """Remember that landing holds no words any more that were deleted or rewritten at the source, and that the store is to forget them."""
    places = [(pull, number) for pull, numbers in emptied.items() for number in numbers]
    with warehouse.transaction():
        warehouse.execute("records/mark_swept", source=source.name)
        if places:
            pull_ids, numbers = zip(*places, strict=True)
            warehouse.delete("records/earlier", pa.table({"pull_id": pa.array(pull_ids, pa.string()), "row_no": pa.array(numbers, pa.int64())}))
            warehouse.note_erasure()


def without_words(cell: Any, key: str = "") -> Any:
    """Cells without anything that somebody wrote: what is left is ids, dates and flags."""
    if isinstance(cell, dict):
        return {name: without_words(each, name) for name, each in cell.items()}
    if isinstance(cell, list):
        return [without_words(each, key) for each in cell]
    is_written = isinstance(cell, str) and (_SPOKEN.search(cell) or (_WORDS.search(key) and not key.lower().endswith(("_at", "id"))))
    return "" if is_written else cell
