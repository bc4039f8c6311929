"""Landed rows become things said, away from the store: takes a table of one pull's rows, gives a table of what was said in them.

Each thing said is a record, or has the reason why it is none. Any process can read any rows: what rows have to do with
one another (how often one without an id has come, which version is the newest) is settled where their things come together.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from listening.forgotten import FORGOTTEN, Forgotten
from listening.journey import Journey
from listening.records import cleaning, folding, layouts, making, privacy, pulls
from listening.records.making import Maker
from listening.records.rows import Layout, Said
from listening.tables import ARROW_TYPES, table
from listening.workers import Made
from listening.workspace import Company, Source, Workspace

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_MORE = {"reason": "varchar", "digest": "varchar", "is_own_id": "boolean", "whole": "varchar", "whole_id": "varchar",
         "is_off_scale": "boolean", "score_label": "varchar"}  # fmt: skip
_SCORE = ("score", "score_worst", "score_best", "is_off_scale", "score_label")
_OF_UNREAD = ("native_id", "landed_at", "pull_id", "row_no", "reason", "digest", "is_own_id")
_OF_REJECTED = ("record_id", "thread_id", "whole", "whole_id", "is_deleted", "updated_at")


@dataclass(frozen=True)
class Reading:
    """How the rows of one pull are read: by the columns that any of them has, or not at all, for a reason (`refusal`)."""

    pull_id: str
    landed_at: dt.datetime
    fields: tuple[str, ...]
    day_first: bool | None
    refusal: str | None


class Reader:
    """Reads the rows of a source's pulls; made anew in each process that does."""

    def __init__(self, workspace: Workspace, source: Source, company: Company, journey: Journey, clock: dt.datetime, readings: Mapping[str, Reading]) -> None:
        self._source, self._company, self._journey, self._clock, self._readings = source, company, journey, clock, readings
        self._forgotten = Forgotten(workspace)
        self._layout_and_maker = functools.cache(self._prepared)

    def __call__(self, rows: pa.Table) -> Made:
        """The table `things` of some rows of one pull, in their order (columns: a record's, and what is known of each thing beside)."""
        reading = self._readings[rows["pull_id"][0].as_py()]
        layout, maker = self._layout_and_maker(reading.pull_id)
        things: list[Said] = []
        for number, cells, fault in pulls.rows_of(rows):
            of_row = _said(reading, layout, cells, fault)
            making.name(of_row)
            is_forgotten = any(self._forgotten.is_named(customer=said.get("customer_id"), email=said.get("email")) for said in of_row)
            for said in of_row:
                said |= {"pull_id": reading.pull_id, "row_no": number, "landed_at": reading.landed_at}
                said["reason"] = FORGOTTEN if is_forgotten else said.get("reject") or maker.complete(said)
            things += of_row
        _finish([said for said in things if said["reason"] is None])
        return {"things": _as_table(things)}

    def _prepared(self, pull_id: str) -> tuple[Layout | None, Maker]:
        reading = self._readings[pull_id]
        layout = layouts.choose(self._source, list(reading.fields)) if reading.fields and not reading.refusal else None
        return layout, Maker(self._source, self._company, self._journey, self._clock, reading.day_first, layout.zone if layout else None)


def _said(reading: Reading, layout: Layout | None, cells: Any, fault: str | None) -> list[Said]:
    """The things said in one row; a row that cannot be read is one thing, rejected with its reason."""
    if fault or reading.refusal:
        native = None if fault or not isinstance(cells, dict) else cells.get("id")
        return [{"reject": fault or reading.refusal, "id": native}]
    if layout is None or not cells:
        return [{"reject": "row is empty"}]
    return layout.take_apart(cells)


def _finish(records: list[Said]) -> None:
    """What is done column by column: redaction, language, leftovers, and the hash that tells an edit."""
    for record, text in zip(records, privacy.redact([record["text"] for record in records]), strict=True):
        record["text"] = text
        record["language"] = record["given_language"] or (cleaning.language(text) if text else None)
        record["url"] = _public_link(record["url"]) if record["url"] else None
        kept = privacy.kept_attributes(record["attributes"]) if record.get("attributes") else {}
        record["attributes"] = _JSON.encode(kept) if kept else None
        record["text_hash"] = hashlib.sha256(text.encode()).hexdigest()[:16] if text else None
        record["content_hash"] = folding.content_hash(record)
        if record["is_deleted"]:
            folding.erase(record)


def _public_link(url: str) -> str | None:
    """A link without addresses; one that carries a token opens something for whoever has it, and is left out."""
    return None if "[link]" in str(privacy.redact([url])[0]) else privacy.EMAIL.sub("[e-mail]", url)


def _as_table(things: list[Said]) -> pa.Table:
    """Things said as a table; of those that are no records, only what is known for sure."""
    plain = [said if said["reason"] is None else _rejected(said) for said in things]
    types = {**table("records/records").types, **_MORE}
    return pa.table({name: pa.array([said.get(name) for said in plain], ARROW_TYPES[kind]) for name, kind in types.items()})


def _rejected(said: Said) -> Said:
    names = {*_OF_UNREAD}
    if "record_id" in said:
        names |= {*_OF_REJECTED, *(_of_deleted() if said["is_deleted"] else ()), *(_SCORE if "is_off_scale" in said else ())}
    return {name: said.get(name) for name in names} | ({"said_at": said["said_at"]} if said["reason"] == making.FUTURE else {})


@functools.cache
def _of_deleted() -> frozenset[str]:
    """What remains of a record without its words; a whole thread may end with one that is none of a customer's."""
    return frozenset(table("records/records").types) - frozenset(folding.WORDS)
