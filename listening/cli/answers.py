"""The commands of whoever reads what is published: story, open."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated, Any

import typer
from rich.text import Text

from listening import journey
from listening.cli.terminal import AsJson, Folder, app, out, print_json, workspace_of
from listening.publish import reading

PANEL = "Read what is published"


@app.command(rich_help_panel=PANEL)
def story(
    context: typer.Context,
    stage: Annotated[str | None, typer.Argument(help="One stage; without it, all.")] = None,
    period: Annotated[str | None, typer.Option(help="Such as 2026-Q2 or 2026-06; without it, the last 90 days.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Print the story of each stage."""
    place = workspace_of(context, folder)
    rows = reading.stories(place, stage, period)
    if as_json:
        print_json(rows)
        return
    titles = journey.read(place.journey).titles
    for row in rows:
        out.print()
        out.print(Text.assemble((titles.get(row["stage"], row["stage"]), "bold"), f" · {row['period']} · ", _state(row)))
        out.print(row["story"], markup=False)


def _state(row: dict[str, Any]) -> str:
    return row["direction"] or {"insufficient": "too little feedback"}.get(row["evidence_level"], "nothing to compare with")


@app.command("open", rich_help_panel=PANEL)
def open_(context: typer.Context, folder: Folder = None) -> None:
    """Open the published page in the browser, and print where it is."""
    place = workspace_of(context, folder)
    reading.database(place)
    page = place.published / "site" / "index.html"
    out.print(str(page), soft_wrap=True)
    if sys.stdout.isatty():
        webbrowser.open(page.as_uri())
