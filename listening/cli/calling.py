"""The command that lists whom to call back: follow-up."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from listening import follow_up
from listening.cli.terminal import AsJson, Folder, app, err, out, print_json, print_table, workspace_of
from listening.publish import sheets
from listening.workspace import Mend

PANEL = "Ask customers"


@app.command("follow-up", rich_help_panel=PANEL)
def follow_up_(
    context: typer.Context,
    top: Annotated[int, typer.Option(help="How many customers to list, those with most value at risk first.")] = follow_up.TO_CALL,
    sheet: Annotated[Path | None, typer.Option("--sheet", help="Write them as a spreadsheet to work through, .csv or .xlsx.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --sheet names.")] = False,
    filled: Annotated[Path | None, typer.Option("--import", help="Bring a filled sheet back in.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List customers to call back, as a sheet (--sheet); bring back what came of the calls (--import)."""
    place = workspace_of(context, folder)
    if filled is not None:
        if sheet is not None:
            raise Mend("Either --sheet or --import: one writes a sheet, the other reads one.")
        brought = follow_up.bring(place, filled, dt.datetime.now(dt.UTC).date())
        for fault in brought.faults:
            err.print(fault, markup=False, soft_wrap=True)
        if as_json:
            print_json(vars(brought))
        else:
            out.print(f"{brought.changed:,} cases are new or changed, {brought.same:,} stand as before. The next night shows them.", soft_wrap=True)
        return
    if sheet is not None:
        sheets.check(sheet, overwrite)
    rows = follow_up.to_call(place, top)
    if sheet is not None:
        sheets.write(sheet, rows, overwrite)
    if as_json:
        print_json(rows)
    elif sheet is not None:
        out.print(f"Wrote {len(rows):,} customers to {sheet}. To fill in:", markup=False, soft_wrap=True)
        for column, words in follow_up.FILLED_IN.items():
            out.print(Text.assemble((f"{column:>16}  ", "dim"), words))
        out.print(f"Filled in, bring it back: listening follow-up --import {sheet}", markup=False, soft_wrap=True)
    else:
        columns = ["rank", "customer_id", "reason", "stage", "failed_on", "value_at_risk", "owner", "status"]
        print_table(columns, [[row[name] for name in columns] for row in rows])
