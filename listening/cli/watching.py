"""The commands of the early warning: warnings, backtest."""

from __future__ import annotations

import datetime as dt
import getpass
from dataclasses import asdict
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from listening import figures, warehouse, warnings
from listening.cli.terminal import AsJson, Folder, app, out, print_json, workspace_of
from listening.publish import reading
from listening.workspace import Mend, Workspace

PANEL = "Read what is published"


@app.command("warnings", rich_help_panel=PANEL)
def warnings_(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    known: Annotated[str | None, typer.Option("--acknowledge", metavar="ID", help="Write down that somebody knows of it.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Say what gets worse: since when, where, for whom, what that is worth, and whose it is."""
    place = workspace_of(context, folder)
    rows = reading.warnings(place)
    if known is not None:
        _acknowledge(place, rows, known)
        return
    shown = [row for row in rows if everything or row["closed_on"] is None]
    if as_json:
        print_json(shown)
        return
    if not shown:
        closed = len(rows)
        out.print("Nothing is warned of." + (f" {closed} earlier warning{'s have' if closed > 1 else ' has'} closed; --all shows them." if closed else ""))
    for row in shown:
        state = f"closed {row['closed_on']}" if row["closed_on"] else f"acknowledged {row['acknowledged_on']}" if row["acknowledged_on"] else "open"
        out.print(Text.assemble((row["warning_id"], "bold"), f" · opened {row['opened_on']} · {state}"))
        out.print(row["text"], markup=False)
        for quote in row["quotes"]:
            out.print(f"  “{quote['text']}” ({quote['source']}, {figures.day(quote['said_on'])})", markup=False)
        out.print()


def _acknowledge(place: Workspace, rows: list[dict[str, Any]], known: str) -> None:
    row = next((row for row in rows if row["warning_id"] == known), None)
    if row is None:
        raise Mend(f"There is no warning '{known}'. 'listening warnings --all' shows their ids.")
    day = dt.datetime.now(ZoneInfo(place.settings().company.timezone)).date()
    if row["closed_on"] and row["closed_on"] < day:
        raise Mend(f"Warning {known} closed on {row['closed_on']}; only an open one can be acknowledged.")
    warnings.acknowledge(place, row, day, _user())
    out.print(f"Acknowledged {known}. It stands in acknowledged.csv; the next night shows it ('listening run').")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name stands for this user's number
        return "unnamed"


@app.command(rich_help_panel=PANEL)
def backtest(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Hold the warnings against the workspace's own past: how many a month, how far ahead of the survey, what share of losses."""
    place = workspace_of(context, folder)
    timezone = place.settings().company.timezone
    with warehouse.reading(reading.database(place)) as published:
        found = warnings.backtest(published, timezone)
    if as_json:
        print_json(asdict(found) | {"sentences": found.sentences})
        return
    for sentence in found.sentences:
        out.print(sentence, markup=False, soft_wrap=True)
