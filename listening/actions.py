"""Actions that people keep by hand: takes and gives the rows of the workspace's actions.csv.

    actions.csv   action_id, what, kind, stage, touchpoint, owner, because_of, started_on, due_on, closed_on, measure,
                  expected, cut_by, cut_value, note

It is the company's file: `listening actions` writes it and no run does. A row with the id of an action that a source
tells of adds to it what is filled, such as the day on which it was closed.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields, replace
from pathlib import Path

from listening.calls import day, lines
from listening.workspace import ACTION_KINDS, CAUSES, DIMENSIONS, Mend, Workspace, put

FILE = "actions.csv"
DAYS = ("started_on", "due_on", "closed_on")


@dataclass(frozen=True)
class Action:
    """One action as actions.csv has it; what is not known is empty."""

    action_id: str = ""
    what: str = ""
    kind: str = ""
    stage: str = ""
    touchpoint: str = ""
    owner: str = ""
    because_of: str = ""
    started_on: str = ""
    due_on: str = ""
    closed_on: str = ""
    measure: str = ""
    expected: str = ""
    cut_by: str = ""
    cut_value: str = ""
    note: str = ""


COLUMNS = tuple(field.name for field in fields(Action))


def read(workspace: Workspace) -> list[Action]:
    """The actions of actions.csv, in its order; none where there is no file.

    Raises:
        Mend: the file cannot be read, or a row of it makes no sense.
    """
    path = workspace.root / FILE
    found = lines(path, f"with the columns {', '.join(COLUMNS)}.")
    if not found:
        return []
    names = [name.lower() for name in found[0]]
    if "action_id" not in names:
        raise Mend(f"{path} has no column action_id; its columns are {', '.join(COLUMNS)}.")
    actions = []
    for number, line in enumerate(found[1:], 2):
        cells = {name: cell for name, cell in zip(names, line, strict=False) if name in COLUMNS}
        actions.append(checked(Action(**cells), f"{path}, row {number}"))
    return actions


def checked(action: Action, where: str) -> Action:
    """The action, if every cell of it can be used.

    Raises:
        Mend: says which cell cannot, and what it may be.
    """
    allowed = {"kind": ACTION_KINDS, "because_of": CAUSES, "cut_by": ("all", *DIMENSIONS)}
    for name, values in allowed.items():
        if getattr(action, name) and getattr(action, name) not in values:
            raise Mend(f"{where}: {name} is none of {', '.join(values)}.")
    for name in DAYS:
        if getattr(action, name) and day(getattr(action, name)) is None:
            raise Mend(f"{where}: {name} is no day; write it as 2026-06-30.")
    if action.expected and number(action.expected) is None:
        raise Mend(f"{where}: expected is no number; write a change of a share such as -0.15.")
    return action


def number(text: str) -> float | None:
    """The number that a cell names."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def add(workspace: Workspace, action: Action) -> Action:
    """Put a new action into actions.csv and give it the next number."""
    known = read(workspace)
    numbers = [int(one.action_id[1:]) for one in known if one.action_id[:1] == "A" and one.action_id[1:].isdigit()]
    new = replace(checked(action, "The action"), action_id=f"A{max(numbers, default=0) + 1}")
    _write(workspace.root / FILE, [*known, new])
    return new


def close(workspace: Workspace, action_id: str, on: str, note: str = "") -> None:
    """Write down that an action was done or given up; one that a source tells of gets a row that says only this."""
    known = read(workspace)
    own = next((one for one in known if one.action_id == action_id), Action(action_id))
    closed = checked(replace(own, closed_on=on, note=note or own.note), f"Action {action_id}")
    _write(workspace.root / FILE, [closed if one == own else one for one in known] if own in known else [*known, closed])


def _write(path: Path, actions: list[Action]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(action, name) for name in COLUMNS] for action in actions)
    put(path, text.getvalue())
