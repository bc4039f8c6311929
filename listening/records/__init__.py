"""Records: takes landed rows, gives one row per thing said or fact that happened, cleaned, redacted and dated, or a reason why not."""

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from listening.records import happened, shaping, sweeping
from listening.records.happened import DATE_THAT_ENDS
from listening.records.pulls import OUTCOMES, Landed, Shaped, kept_from, to_shape
from listening.records.sweeping import swept
from listening.warehouse import Warehouse
from listening.workers import Workers
from listening.workspace import FACT_KINDS, FEEDBACK_KINDS, Company, Source, Workspace

DAYS_OF_GRACE = 7
__all__ = ["OUTCOMES", "Shaped", "drop", "shape", "sweep", "swept", "waiting"]


def shape(
    workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime, run_id: str, beside: Workers | None = None
) -> Shaped:
    """Shape what has landed of a source and was not shaped yet, all of it again where its settings have changed.

    What was said is read by workers `beside` this process where there are any; facts are few, and read here.
    """
    if source.keep_days is not None and _is_overdue(warehouse, source, company, clock):
        with warehouse.transaction():
            warehouse.execute("records/shape_again", source=source.name)
    if source.kind in FEEDBACK_KINDS:
        return shaping.shape(workspace, warehouse, source, company, clock, run_id, beside)
    return happened.shape(workspace, warehouse, source, company, clock, run_id)


def waiting(workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime) -> list[str]:
    """The ids of the pulls that `shape` would read now."""
    return [pull.pull_id for pull in to_shape(Landed, workspace, warehouse, source, company, clock)]


def sweep(workspace: Workspace, warehouse: Warehouse, source: Source) -> sweeping.Emptied:
    """The landed rows of a source whose words were deleted or rewritten there, as they are to stand from now on."""
    return sweeping.sweep(workspace, warehouse, source) if source.kind in FEEDBACK_KINDS else {}


def drop(warehouse: Warehouse, source: str, kind: str) -> None:
    """Take everything that a source brought out of the store; it stays landed, and is shaped again if the source comes back."""
    one = pa.table({"source": [source]})
    with warehouse.transaction():
        for name in ("records", "rejects", "shaped_pulls", *((kind,) if kind in FACT_KINDS else ())):
            warehouse.delete(f"records/{name}", one)


def _is_overdue(warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime) -> bool:
    """Whether a source has kept something for a week longer than it may; so its rows are gone through once a week."""
    first_day = kept_from(source, clock, ZoneInfo(company.timezone)) - dt.timedelta(days=DAYS_OF_GRACE)
    table, column = ("records", "said_on") if source.kind in FEEDBACK_KINDS else (source.kind, DATE_THAT_ENDS.get(source.kind, ""))
    days = pc.min(warehouse.select(f"records/{table}", [column], source=source.name).column(column)).as_py() if column else None
    return days is not None and (days.date() if isinstance(days, dt.datetime) else days) < first_day
