"""The commands that read what is published: story, open, sql, explain."""

from __future__ import annotations

import json
import os
import sys
import threading
import webbrowser
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from listening import journey
from listening.cli.terminal import AsJson, Folder, Status, T, app, cell, out, print_json, print_table, workspace_of
from listening.publish import reading, sheets
from listening.workspace import Mend

PANEL = "Read what is published"

LEAST_WIDTH = 10  # characters of a column in a table


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


@app.command(rich_help_panel=PANEL)
def sql(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A query; without it, read from standard input.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
    to: Annotated[Path | None, typer.Option("--out", help="Write the answer to a file: .csv, .xlsx, .parquet or .jsonl.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")] = False,
) -> None:
    """Ask the published tables. Read-only: nothing can be written, loaded or reached."""
    place = workspace_of(context, folder)
    if to:
        sheets.check(to, overwrite)
    asked = query if query is not None else sys.stdin.read()
    rows = _interruptibly(lambda: reading.sql(place, asked))
    if to:
        notes = sheets.write(to, rows, overwrite)
        out.print(f"Wrote {len(rows):,} row{'s' * (len(rows) != 1)} to {to}.", *notes, markup=False, soft_wrap=True)
        return
    if as_json:
        if rows.columns.has_duplicates:
            raise Mend("Two columns have the same name; rename one with 'as', since JSON holds each name once.")
        print_json(json.loads(rows.to_json(orient="records", date_format="iso")))
        return
    columns, cells = [str(name) for name in rows.columns], rows.astype(object).where(rows.notna(), "").to_numpy().tolist()
    if len(columns) * LEAST_WIDTH > out.width:  # too many to stand side by side
        for row in cells:
            for name, value in zip(columns, row, strict=True):
                out.print(Text.assemble((f"{name:>20}  ", "dim"), cell(value)))
            out.print()
        return
    print_table([escape(name) for name in columns], cells)


def _interruptibly(ask: Callable[[], T]) -> T:
    """What `ask` gives. It is asked beside this thread, because a query does not listen to Ctrl-C and may never end."""
    answer: Future[T] = Future()

    def answering() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=answering, daemon=True).start()
    try:
        return answer.result()
    except KeyboardInterrupt:
        sys.stdout.flush()
        os._exit(Status.FAILED)  # an orderly end would wait for the query; it only reads, so nothing is left half-done


@app.command(rich_help_panel=PANEL)
def explain(
    context: typer.Context, record_id: Annotated[str, typer.Argument(help="As in the column record_id.")], folder: Folder = None, as_json: AsJson = False
) -> None:
    """Show how one record came to its tags: its words, sentences, stages, doubts and versions."""
    explained = reading.explain(workspace_of(context, folder), record_id)
    if as_json:
        print_json(explained)
        return
    record = explained["record"]
    out.print(record["text"] or "(no words, only a score)", markup=False)
    out.print()
    for name in (
        "source",
        "kind",
        "native_id",
        "said_at",
        "score",
        "stance",
        "stage",
        "stage_guess",
        "stage_confidence",
        "stage_basis",
        "touchpoint",
        "flags",
        "sentiment",
        "classifier_version",
        "journey_version",
    ):
        out.print(Text.assemble((f"{name:>20}  ", "dim"), cell(record[name])))
    if explained["sentences"]:
        columns = ["sentence_no", "text", "stage", "stage_guess", "stage_confidence", "theme", "phrase", "sentiment"]
        print_table(columns, [[row[column] for column in columns] for row in explained["sentences"]])
