"""The call-back list as a spreadsheet: takes the published `follow_up`, gives a sheet to work through, and takes back what came of the calls.

What comes back stands in `follow-up.csv` in the workspace, so it outlives every rebuild; the next night shows it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from listening import calls, warehouse
from listening.calls import STATUSES, Case
from listening.labels import as_text
from listening.publish import reading
from listening.sources import files
from listening.sources.pull import Unreadable
from listening.workspace import Mend, Workspace

TO_CALL = 50  # customers on a sheet unless another number is asked for
FILLED_IN = {
    "status": ", ".join(STATUSES),
    "note": "what was said or agreed, without anybody's name",
    "owner": "who calls, where it is somebody else",
}
SHOWN = ("rank", "customer_id", "reason", "text", "stage", "failed_on", "value", "chance_of_leaving", "value_at_risk", "owner", "status", "note")

DECIMALS = {"value": 2, "chance_of_leaving": 2, "value_at_risk": 0}


@dataclass
class Brought:
    """What a filled sheet came to: cases that are new or changed, those that stand as they were, and what could not be used."""

    changed: int = 0
    same: int = 0
    faults: list[str] = field(default_factory=list)


def to_call(workspace: Workspace, number: int = TO_CALL) -> list[dict[str, Any]]:
    """The first rows of the published list that are not closed, without whoever must not be called since.

    Raises:
        Mend: nothing is published, or do-not-call.csv cannot be read.
    """
    if number < 1:
        raise Mend("--top takes how many customers to list, 1 or more.")
    unwanted, cases = calls.do_not_call(workspace), calls.cases(workspace)
    with warehouse.reading(reading.database(workspace)) as published:
        found = published.rows("publish/reader/follow_up")
    rows = [_with_case(row, cases.get(row["customer_id"])) for row in found if row["customer_id"] not in unwanted]
    return [
        {name: round(row[name], DECIMALS[name]) if name in DECIMALS and row[name] is not None else row[name] for name in SHOWN}
        for row in rows
        if row["status"] != calls.CLOSED
    ][:number]


def bring(workspace: Workspace, path: Path, on: dt.date) -> Brought:
    """Take a filled sheet's statuses, notes and owners into follow-up.csv.

    Args:
        workspace: the company's folder.
        path: the sheet, as a workbook or delimited text, columns in any order.
        on: the day that is written beside what is new.

    Raises:
        Mend: the sheet or follow-up.csv cannot be read, or the sheet has no columns customer_id and status.
    """
    if not path.is_file():
        raise Mend(f"{path} is not there. Name the sheet that was filled.")
    try:
        rows, _ = files.read(path)
    except Unreadable as error:
        raise Mend(f"{path.name} {error}") from None
    named = [(row.number, _named(row.cells)) for row in rows if isinstance(row.cells, dict)]
    if not any({"customer_id", "status"} <= set(cells) for _, cells in named):
        raise Mend(f"{path.name} has no rows under columns customer_id and status. Bring back the sheet with all its columns.")
    with warehouse.reading(reading.database(workspace)) as published:
        listed = {row["customer_id"]: row for row in published.rows("publish/reader/follow_up")}
    known, brought, changed = calls.cases(workspace), Brought(), dict[str, Case]()
    brought.faults += [f"row {row.number}: {row.fault}; it is left out." for row in rows if row.fault]
    for number, cells in named:
        customer = cells.get("customer_id", "").removeprefix("'")
        fault = _fault(customer, cells, listed, known)
        if fault:
            brought.faults.append(f"row {number}: {fault}")
        elif customer:
            case = _case(customer, cells, listed.get(customer), known.get(customer), on)
            if case:
                changed[customer] = case
            else:
                brought.same += 1
    if changed:
        calls.keep(workspace, changed.values())
    brought.changed = len(changed)
    return brought


def _rounded(name: str, value: Any) -> Any:
    return round(value, DECIMALS[name]) if name in DECIMALS and value is not None else value


def _with_case(row: dict[str, Any], case: Case | None) -> dict[str, Any]:
    """A published row with what was brought in since that night."""
    if case is None or case.status_on <= str(row["status_on"] or ""):
        return row
    return {**row, "status": case.status, "note": case.note or None, "owner": case.owner or row["owner"]}


def _fault(customer: str, cells: dict[str, str], listed: dict[str, Any], known: dict[str, Case]) -> str | None:
    """Why a row cannot be used, in a sentence."""
    if not customer:
        return "has no customer_id; it is left out." if any(cells.values()) else None
    if customer not in listed and customer not in known:
        return f"customer '{customer[:40]}' is not on the list; it is left out."
    status = cells.get("status", "").lower()
    return None if not status or status in STATUSES else f"status '{status[:40]}' is not known, so the row is left out; it can be {', '.join(STATUSES)}."


def _case(customer: str, cells: dict[str, str], row: dict[str, Any] | None, before: Case | None, on: dt.date) -> Case | None:
    """The case as the sheet has it; None where it says nothing new."""
    listed_owner = str((row or {}).get("owner") or "")
    owner = cells.get("owner", "")
    own = before or Case(customer, calls.OPEN)
    said = replace(
        own,
        status=cells.get("status", "").lower() or own.status,
        note=cells.get("note", "").removeprefix("'") or own.note,
        owner=owner if owner and owner != listed_owner else own.owner,
    )
    return None if said == own else replace(said, status_on=on.isoformat())


def _named(cells: dict[str, Any]) -> dict[str, str]:
    return {str(name).strip().lower().replace(" ", "_"): as_text(cell) for name, cell in cells.items()}
