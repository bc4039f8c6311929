"""Records put straight into a store, for tests of what comes after the shaping."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from pathlib import Path
from typing import Any

from listening import journey, signals, tagging
from listening.records import folding
from listening.warehouse import Warehouse
from listening.workspace import Workspace, shipped

CLOCK = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def said(record_id: str, text: str | None = None, on: str = "2026-06-15", **cells: Any) -> dict[str, Any]:
    """A record as shaping leaves it."""
    day = dt.date.fromisoformat(on)
    record = {
        "record_id": record_id, "source": "survey", "kind": "survey", "native_id": record_id, "role": "buyer", "text": text, "language": "en" if text else None,
        "said_at": dt.datetime.combine(day, dt.time(12), dt.UTC), "said_on": day, "landed_at": CLOCK, "is_deleted": False, "is_dropped": False,
        "text_hash": hashlib.sha256(text.encode()).hexdigest()[:16] if text else None,
    }  # fmt: skip
    return record | cells


def scored(record_id: str, score: float, on: str = "2026-06-15", stage: str = "use", **cells: Any) -> dict[str, Any]:
    """A record with a score from 0 to 10, of a stage that its source names, without words."""
    return said(record_id, on=on, **{"score": score, "score_worst": 0, "score_best": 10, "score_name": "NPS", "given_stage": stage, **cells})


def keep(store: Warehouse, *records: dict[str, Any]) -> None:
    store.upsert("records/records", [record | {"content_hash": folding.content_hash(record)} for record in records])


def understood(place: Workspace, store: Warehouse, *records: dict[str, Any]) -> tagging.Tagged:
    """Records kept, tagged and counted."""
    keep(store, *records)
    tagged = tagging.tag(place, store, journey.read(place.journey))
    signals.count(store, CLOCK)
    return tagged


def select(store: Warehouse, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store._connection.execute(query).to_arrow_table().to_pylist()
    return rows


def the(store: Warehouse, table: str, record_id: str) -> dict[str, Any]:
    """The one row of a record in a table."""
    (row,) = (row for row in select(store, f"select * from {table}") if row["record_id"] == record_id)
    return row


def workspace_with(models: Path, root: Path) -> Workspace:
    """A workspace of the default journey that shares a fitted classifier; not for tests that change the classifier."""
    root.mkdir()
    place = Workspace(root)
    place.models.symlink_to(models)
    shutil.copyfile(shipped("default-journey.yaml"), place.journey)
    return place
