"""The command that draws customers to ask: checkins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from listening import checkins, journey, night
from listening import story as stories
from listening.cli.terminal import AsJson, Folder, Status, app, err, out, print_json, print_table, workspace_of
from listening.publish import sheets
from listening.workspace import Mend, Workspace

PANEL = "Ask customers"


@app.command("checkins", rich_help_panel=PANEL)
def checkins_(
    context: typer.Context,
    sample: Annotated[int | None, typer.Option(help="Draw so many customers of each stage at random, for a call sheet.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only this stage.")] = None,
    rest: Annotated[int, typer.Option(help="Days for which a customer who was asked is left in peace.")] = checkins.REST_DAYS,
    seed: Annotated[str | None, typer.Option(help="The same seed draws the same customers; without it, today's date.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="The call sheet, .csv or .xlsx; without it, checkins-sheet.xlsx in the workspace.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Say how many random check-ins each stage needs for a number, or draw customers to ask (--sample)."""
    place = workspace_of(context, folder)
    if sample is None:
        _needed(place, stage, as_json)
        return
    sheet = to or place.root / "checkins-sheet.xlsx"
    sheets.check(sheet, overwrite)
    drawn = checkins.draw(place, sample, stage, rest, seed)
    for note in drawn.notes:
        err.print(note, markup=False, soft_wrap=True)
    if not drawn.rows:
        raise Mend("Nobody could be drawn, so no sheet was written.", Status.FAILED)
    sheets.write(sheet, drawn.rows, overwrite)
    if as_json:
        print_json(drawn.rows)
        return
    out.print(f"Drew {len(drawn.rows):,} customers at random and wrote {sheet}. To fill in:", markup=False, soft_wrap=True)
    for column, words in checkins.FILLED_IN.items():
        out.print(Text.assemble((f"{column:>16}  ", "dim"), words))
    out.print(checkins.way_back(place), markup=False, soft_wrap=True)


def _needed(place: Workspace, stage: str | None, as_json: bool) -> None:
    with night.held(place) as (_, store):
        found = [row for row in stories.needed(store, journey.read(place.journey)) if stage in (None, row["stage"])]
    if as_json:
        print_json(found)
        return
    columns = ["stage", "customers", "asked", "answered", "now", "more answers for a number", "which would be known within"]
    print_table(columns, [[row["stage"], row["customers"], row["asked"], row["answered"], _known(row), _more(row), _within(row)] for row in found])
    out.print("The last 90 days of input. Points of net experience, −100 to 100. Draw whom to ask: listening checkins --sample 10.", markup=False)


def _known(row: dict[str, Any]) -> str:
    return f"a number, ±{row['half_width']:.0f}" if row["half_width"] else {"direction": "order and change"}.get(row["evidence_level"], "too little")


def _more(row: dict[str, Any]) -> str:
    return {None: "answers alone will not do", 0: "none"}.get(row["more"], str(row["more"]))


def _within(row: dict[str, Any]) -> str:
    if row["half_width_then"] is None:
        return ""
    return f"±{row['half_width_then']:.0f}" + (" with ten more" if row["more"] == 0 else "")
