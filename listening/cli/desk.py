"""The commands of the analyst's desk: sql, tables, export, explain."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from listening import explaining
from listening.cli import grid, record
from listening.cli.answers import PANEL
from listening.cli.grid import count_rows
from listening.cli.terminal import AsJson, Folder, Status, T, app, out, print_json, workspace_of
from listening.publish import catalogue, reading, sheets
from listening.publish.reading import Narrowing
from listening.workspace import Mend

ROWS_SHOWN = 100
To = Annotated[Path | None, typer.Option("--out", help="Write to a file: .csv, .xlsx, .parquet or .jsonl.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")]


@app.command(rich_help_panel=PANEL)
def sql(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A query; without it, read from standard input.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
    to: To = None,
    overwrite: Overwrite = False,
    from_lake: Annotated[bool, typer.Option("--lake", help="Ask the lake that listening.toml names, where several workspaces and earlier nights are.")] = False,
    most: Annotated[int, typer.Option("--rows", min=1, help="Print so many rows at most; --out and --json give all of them.")] = ROWS_SHOWN,
) -> None:
    """Ask the published tables. Read-only: nothing can be written, loaded or reached."""
    place = workspace_of(context, folder)
    if to:
        sheets.check(to, overwrite)
    asked = query if query is not None else sys.stdin.read()
    began = time.monotonic()
    rows = _interruptibly(lambda: reading.sql(place, asked, from_lake))
    took = time.monotonic() - began
    if to:
        notes = sheets.write(to, rows, overwrite)
        out.print(f"Wrote {count_rows(len(rows))} to {to}.", *notes, markup=False, soft_wrap=True)
        return
    if as_json:
        if len(set(rows.column_names)) < len(rows.column_names):
            raise Mend("Two columns have the same name; rename one with 'as', since JSON holds each name once.")
        print_json(sheets.plain(rows.to_pylist()))
        return
    out.print(grid.shown(rows.slice(0, most), out.width))
    told = count_rows(len(rows)) if len(rows) <= most else f"{most:,} of {count_rows(len(rows))}; --rows shows more, --out FILE writes all"
    out.print(f"{told} · {took:.2f} s", style="dim", markup=False)


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


@app.command("tables", rich_help_panel=PANEL)
def tables_(
    context: typer.Context,
    table: Annotated[str | None, typer.Argument(help="One table, with its columns; without it, all tables.")] = None,
    as_dbt: Annotated[bool, typer.Option("--dbt", help="Print a source file for dbt, with tests of keys and joins.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List the published tables with their grain and key, or the columns of one."""
    if as_dbt:
        sys.stdout.write(catalogue.dbt())
        return
    place = workspace_of(context, folder)
    found = catalogue.columns(place, table) if table else catalogue.listed(place)
    if as_json:
        print_json(found)
        return
    out.print(grid.shown(pa.Table.from_pylist(found), out.width))


@app.command(rich_help_panel=PANEL)
def export(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--out", help="The file to write: .csv, .xlsx, .parquet or .jsonl.")],
    overwrite: Overwrite = False,
    stage: Annotated[str | None, typer.Option(help="Only this stage, by its key or name; 'none' is what belongs to no stage.")] = None,
    theme: Annotated[str | None, typer.Option(help="Only what speaks of this theme, by its id or name.")] = None,
    period: Annotated[str | None, typer.Option(help="Only this period, such as 2026-Q2, 2026-06 or 'last 90 days'.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    stance: Annotated[str | None, typer.Option(help="Only this stance: trouble, 'in between' or great.")] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="Only this value of a dimension, such as region=Coast; several must all hold.")] = None,
    folder: Folder = None,
) -> None:
    """Write what was said to a file, a conversation a row with its messages in order and all tags.

    The rows are those that figures count, so they agree with the page. Words that no customer's figure counts (of
    employees, suppliers, random check-ins) come when their source is named.
    """
    sheets.check(to, overwrite)
    narrowed = Narrowing(stage, theme, period, source, stance, dict(map(_dimension, where or [])))
    found = reading.conversations(workspace_of(context, folder), narrowed)
    notes = sheets.write(to, found, overwrite)
    out.print(f"Wrote {count_rows(len(found))} to {to}.", *notes, markup=False, soft_wrap=True)
    out.print("It holds customers' words, redacted but not anonymous: keep it where only those who need it can read it.", soft_wrap=True)


def _dimension(given: str) -> tuple[str, str]:
    name, sign, value = given.partition("=")
    if not (name and sign and value):
        raise Mend(f"--where {given} names no dimension and value; write it as in --where region=Coast.")
    return name.strip(), value.strip()


@app.command(rich_help_panel=PANEL)
def explain(
    context: typer.Context,
    record_id: Annotated[str, typer.Argument(help="As in the column record_id, or the source's own id.")],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show how one record came about: where it landed, what was cut, which words weighed for each tag, and where it counts."""
    explained = explaining.explain(workspace_of(context, folder), record_id)
    if as_json:
        print_json(sheets.plain(explained))
        return
    for line in record.lines(explained):
        out.print(line, markup=False)
