"""Calls to customers: takes the workspace's do-not-call.csv and follow-up.csv, gives whom not to call and how each case stands.

    do-not-call.csv   customer_id of everybody who is not to be called
    follow-up.csv     customer_id, status, note, owner, status_on: a row for each case that somebody has brought in

Both are the company's files; no run writes them, except to take forgotten people out of follow-up.csv.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from listening.forgotten import Forgotten
from listening.workspace import Mend, Workspace, put

DO_NOT_CALL, FOLLOW_UP = "do-not-call.csv", "follow-up.csv"
OPEN, CLOSED = "open", "closed"
STATUSES = (OPEN, "called", "no answer", CLOSED)
COLUMNS = ("customer_id", "status", "note", "owner", "status_on")


@dataclass(frozen=True)
class Case:
    """How it stands with one customer who is called back."""

    customer_id: str
    status: str
    note: str = ""
    owner: str = ""
    status_on: str = ""


def do_not_call(workspace: Workspace) -> set[str]:
    """The customers who are not to be called: the column `customer_id` of `do-not-call.csv`, or its first one.

    Raises:
        Mend: the file cannot be read.
    """
    listed = lines(workspace.root / DO_NOT_CALL, "with a column customer_id. Nobody was drawn.")
    names = [name.lower() for name in listed[0]] if listed else []
    place = names.index("customer_id") if "customer_id" in names else 0
    return {line[place] for line in listed[int("customer_id" in names) :] if len(line) > place and line[place]}


def cases(workspace: Workspace) -> dict[str, Case]:
    """The cases of `follow-up.csv` by customer.

    Raises:
        Mend: the file cannot be read, or has no column customer_id.
    """
    path = workspace.root / FOLLOW_UP
    listed = lines(path, f"with the columns {', '.join(COLUMNS)}.")
    if not listed:
        return {}
    names = [name.lower() for name in listed[0]]
    if "customer_id" not in names:
        raise Mend(f"{path} has no column customer_id; its columns are {', '.join(COLUMNS)}.")
    found = {}
    for line in listed[1:]:
        cells = dict(zip(names, line, strict=False))
        status = cells.get("status", "").lower()
        if cells.get("customer_id"):
            case = Case(cells["customer_id"], status if status in STATUSES else OPEN, *(cells.get(name, "") for name in COLUMNS[2:]))
            found[case.customer_id] = case
    return found


def keep(workspace: Workspace, changed: Iterable[Case]) -> None:
    """Put cases into `follow-up.csv`, each in the place of the same customer's older one."""
    _write(workspace, cases(workspace) | {case.customer_id: case for case in changed})


def forget(workspace: Workspace) -> None:
    """Take forgotten people out of `follow-up.csv`."""
    forgotten, known = Forgotten(workspace), cases(workspace)
    kept = {customer: case for customer, case in known.items() if not forgotten.is_named(customer=customer)}
    if len(kept) < len(known):
        _write(workspace, kept)


def day(text: str) -> dt.date | None:
    """The day that a cell names, as follow-up.csv has it."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _write(workspace: Workspace, known: dict[str, Case]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([case.customer_id, case.status, case.note, case.owner, case.status_on] for _, case in sorted(known.items()))
    put(workspace.root / FOLLOW_UP, text.getvalue())


def lines(path: Path, mend: str) -> list[list[str]]:
    """The rows of a small delimited file that people edit; none where there is no file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise Mend(f"{path} cannot be read ({type(error).__name__}); save it as UTF-8 text {mend}") from None
    delimiter = next((sign for sign in ";\t" if sign in text.partition("\n")[0]), ",")
    return [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in line)]
