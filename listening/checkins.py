"""Random check-ins: takes a workspace, draws customers of each stage by chance, gives a call sheet that the inbox can read once it is filled in.

A few customers who are asked at random make known how all of them live. So nobody chooses whom to ask: the draw does,
among those who passed the stage in the last 90 days of input. Left out are the people on `do-not-call.csv`, forgotten
ones, our own, and whoever was asked lately, or drawn lately for a sheet that has not come back: `checkins-drawn.csv` keeps
who was drawn for which.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from listening import calls, journey, warehouse
from listening.forgotten import Forgotten
from listening.publish import reading
from listening.workspace import Mend, Workspace, put

REST_DAYS = 90  # for which a customer who was asked is left in peace
DRAWN = "checkins-drawn.csv"
DRAWN_COLUMNS = ("customer_id", "stage", "drawn_on", "sheet")
KEPT_DAYS = 400  # for which it is known who was drawn; more than anybody is left in peace
SCRIPT = (
    "You have been with us for “{title}” lately. How was that for you: did you have trouble, was it as expected, or was it great? "
    "Was it less than you had expected, just that, or more? Will you remember it in a year? Did it cost you effort? Would you recommend us? What happened?"
)
FILLED_IN = {
    "asked_at": "the day of the call, such as 2026-07-01",
    "answered": "1 if they answered, 0 if not after three tries; a row without it is not counted",
    "experience": "-1 had trouble, 0 as expected, 1 great",
    "expectation": "below, met or exceeded",
    "memorable": "1 something good or -1 something bad will be remembered, else empty",
    "effort": "1 if it cost effort, 0 if not",
    "would_recommend": "1 or 0",
    "text": "what happened, in their words",
}


@dataclass
class Drawn:
    """The call sheet's rows, and what a person must know of the draw, in sentences."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draw(workspace: Workspace, number: int, stage: str | None = None, rest_days: int = REST_DAYS, seed: str | None = None, sheet: Path | None = None) -> Drawn:
    """Draw customers of each stage at random, nobody twice.

    Args:
        workspace: the company's folder.
        number: how many of each stage.
        stage: only this one.
        rest_days: how long a customer who was asked is left in peace.
        seed: the same seed draws the same customers from the same data; without it, today's date.
        sheet: where the draw will be written. Whoever was drawn for that same file may be drawn again, as it is replaced.

    Raises:
        Mend: nothing is published, there is no such stage, or a list of those who may not be drawn cannot be read.
    """
    titles = journey.read(workspace.journey).titles
    if stage is not None and stage not in titles:
        raise Mend(f"There is no stage '{stage}'. The journey has: {', '.join(titles)}.")
    if number < 1:
        raise Mend("--sample takes how many customers of each stage to draw, 1 or more.")
    company = workspace.settings().company
    with warehouse.reading(reading.database(workspace)) as published:
        found = published.rows("publish/reader/callable", timezone=company.timezone, rest_days=rest_days)
    forgotten, unwanted = Forgotten(workspace), calls.do_not_call(workspace)
    out = _on_sheets(workspace, rest_days, sheet)
    may_ask = [row for row in found if row["customer_id"] not in unwanted and not forgotten.is_named(customer=row["customer_id"])]
    chance = random.Random(seed or dt.date.today().isoformat())  # noqa: S311 (a draw that can be repeated, no secret)
    drawn, taken = Drawn(), set[str]()
    stages = [stage] if stage else list(titles)
    ready = {name: [row["customer_id"] for row in may_ask if row["stage"] == name and not row["is_asked_lately"]] for name in stages}
    ready = {name: [customer for customer in customers if customer not in out] for name, customers in ready.items()}
    for name in sorted(stages, key=lambda name: (len(ready[name]), name)):  # the smallest first, or the others would use up its customers
        left = [customer for customer in ready[name] if customer not in taken]
        chosen = chance.sample(left, min(number, len(left)))
        taken.update(chosen)
        drawn.rows += [_line(name, titles[name], customer, len(chosen) / len(left)) for customer in chosen]
        drawn.notes += _short(name, number, len(chosen), sum(row["stage"] == name for row in found))
    drawn.rows.sort(key=lambda row: stages.index(row["stage"]))
    if drawn.notes and out:
        drawn.notes.append(f"{len(out)} customers were drawn in the last {rest_days} days for sheets listed in {DRAWN}; take out those who will not be asked.")
    return drawn


def note(workspace: Workspace, drawn: Drawn, sheet: Path) -> None:
    """Remember who was drawn for a sheet that was written, so that nobody is drawn again before it comes back."""
    today = dt.date.today()
    kept = [row for row in _noted(workspace) if row["sheet"] != _name(workspace, sheet) and row["drawn_on"] > (today - dt.timedelta(KEPT_DAYS)).isoformat()]
    here = {"drawn_on": today.isoformat(), "sheet": _name(workspace, sheet)}
    _keep(workspace, [*kept, *({"customer_id": row["customer_id"], "stage": row["stage"], **here} for row in drawn.rows)])


def forget(workspace: Workspace) -> None:
    """Take forgotten people out of what is known of earlier draws."""
    noted, forgotten = _noted(workspace), Forgotten(workspace)
    kept = [row for row in noted if not forgotten.is_named(customer=row["customer_id"])]
    if len(kept) < len(noted):
        _keep(workspace, kept)


def _on_sheets(workspace: Workspace, rest_days: int, sheet: Path | None) -> set[str]:
    """The customers who were drawn within these days, for other sheets than this."""
    since = (dt.date.today() - dt.timedelta(rest_days)).isoformat()
    replaced = _name(workspace, sheet) if sheet else ""
    return {row["customer_id"] for row in _noted(workspace) if row["drawn_on"] >= since and row["sheet"] != replaced}


def _name(workspace: Workspace, sheet: Path) -> str:
    """A sheet's path, from the workspace on where it is in there."""
    path, root = sheet.resolve(), workspace.root.resolve()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _noted(workspace: Workspace) -> list[dict[str, str]]:
    """Who was drawn, on what day, for which sheet.

    Raises:
        Mend: the file cannot be read.
    """
    path = workspace.root / DRAWN
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Mend(f"{path} cannot be read ({type(error).__name__}). Mend it, or delete it if nobody is being called.") from None
    if any(not row.get(name) for row in rows for name in DRAWN_COLUMNS):
        raise Mend(f"{path} has a row without {', '.join(DRAWN_COLUMNS[:-1])} or {DRAWN_COLUMNS[-1]}. Mend it, or delete it if nobody is being called.")
    return rows


def _keep(workspace: Workspace, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, DRAWN_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    put(workspace.root / DRAWN, text.getvalue())


def way_back(workspace: Workspace) -> str:
    """Where the filled-in sheet goes, in a sentence."""
    places = [f"{source.path} ([sources.{name}])" for name, source in workspace.settings().sources.items() if source.kind == "checkins"]
    if places:
        return f"Filled in, put it where it is looked for: {' or '.join(places)}."
    return (
        'listening.toml has no source of kind checkins yet. Add [sources.checkins] with connector = "files", kind = "checkins" and '
        'path = "inbox/checkins*", and put the filled-in sheet into inbox/.'
    )


def _line(stage: str, title: str, customer: str, chance: float) -> dict[str, Any]:
    return {"customer_id": customer, "stage": stage, **dict.fromkeys(FILLED_IN), "chance": round(chance, 6), "script": SCRIPT.format(title=title)}


def _short(stage: str, wanted: int, drawn: int, there: int) -> list[str]:
    """A sentence where fewer could be drawn than were wanted."""
    if drawn == wanted:
        return []
    if not there:
        return [f"{stage}: nobody was drawn; no operations name a customer there in the last 90 days of input."]
    return [f"{stage}: {drawn} of the {wanted} wanted; of the {there} customers there the others may not be asked now."]
