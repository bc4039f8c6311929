"""Records: takes landed rows, gives one row per thing said or fact that happened, cleaned, redacted and dated, or a reason why not."""

import datetime as dt

import pyarrow as pa

from listening.records import happened, shaping
from listening.records.pulls import OUTCOMES, Landed, Shaped, to_shape
from listening.warehouse import Warehouse
from listening.workspace import FACT_KINDS, FEEDBACK_KINDS, Company, Source, Workspace

__all__ = ["OUTCOMES", "Shaped", "drop", "shape", "waiting"]


def shape(workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime, run_id: str) -> Shaped:
    """Shape what has landed of a source and was not shaped yet, all of it again where its settings have changed."""
    shape_kind = shaping.shape if source.kind in FEEDBACK_KINDS else happened.shape
    return shape_kind(workspace, warehouse, source, company, clock, run_id)


def waiting(workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime) -> list[str]:
    """The ids of the pulls that `shape` would read now."""
    return [pull.pull_id for pull in to_shape(Landed, workspace, warehouse, source, company, clock)]


def drop(warehouse: Warehouse, source: str, kind: str) -> None:
    """Take everything that a source brought out of the store; it stays landed, and is shaped again if the source comes back."""
    one = pa.table({"source": [source]})
    with warehouse.transaction():
        for name in ("records", "rejects", "shaped_pulls", *((kind,) if kind in FACT_KINDS else ())):
            warehouse.delete(f"records/{name}", one)
