"""The commands of the analyst's desk: sql, tables, export, explain."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from rich.text import Text

from listening import explaining
from listening.cli import grid
from listening.cli.answers import PANEL
from listening.cli.terminal import AsJson, Folder, Status, T, app, out, print_json, workspace_of
from listening.publish import catalogue, reading, sheets
from listening.publish.reading import Narrowing
from listening.workspace import Mend

ROWS_SHOWN = 100
To = Annotated[Path | None, typer.Option("--out", help="Write to a file: .csv, .xlsx, .parquet or .jsonl.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")]
FLAGS = {
    "other_language": "in a language that is not read",
    "too_short": "too few words to go by",
    "low_margin": "no stage is likelier than not",
    "unlike_training": "more than half of the words were never met while learning",
}
BASES = {"text": "its words", "source": "what the source says", "person": "a person's label", "none": "nothing: it has no words"}
TAGS = {"feeling": "sentiment"}  # what the published column of a tag is called, where it is called otherwise


@app.command(rich_help_panel=PANEL)
def sql(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A query; without it, read from standard input.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
    to: To = None,
    overwrite: Overwrite = False,
    most: Annotated[int, typer.Option("--rows", min=1, help="Print so many rows at most; --out and --json give all of them.")] = ROWS_SHOWN,
) -> None:
    """Ask the published tables. Read-only: nothing can be written, loaded or reached."""
    place = workspace_of(context, folder)
    if to:
        sheets.check(to, overwrite)
    asked = query if query is not None else sys.stdin.read()
    began = time.monotonic()
    rows = _interruptibly(lambda: reading.sql(place, asked))
    took = time.monotonic() - began
    if to:
        notes = sheets.write(to, rows, overwrite)
        out.print(f"Wrote {_rows(len(rows))} to {to}.", *notes, markup=False, soft_wrap=True)
        return
    if as_json:
        if len(set(rows.column_names)) < len(rows.column_names):
            raise Mend("Two columns have the same name; rename one with 'as', since JSON holds each name once.")
        print_json(sheets.plain(rows.to_pylist()))
        return
    out.print(grid.shown(rows.slice(0, most), out.width))
    told = _rows(len(rows)) if len(rows) <= most else f"{most:,} of {_rows(len(rows))}; --rows shows more, --out FILE writes all"
    out.print(f"{told} · {took:.2f} s", style="dim", markup=False)


def _rows(number: int) -> str:
    return f"{number:,} row{'s' * (number != 1)}"


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
    out.print(f"Wrote {_rows(len(found))} to {to}.", *notes, markup=False, soft_wrap=True)
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
    out.print(explained["record"]["text"] or "(no words, only a score)", markup=False)
    for title, lines in (
        ("Where it comes from", _origin(explained)),
        ("What became of its words", _words(explained)),
        ("How it was read", _reading(explained)),
        ("Where it counts", _counting(explained)),
    ):
        out.print()
        out.print(Text(title, "bold"))
        for line in lines:
            out.print(line, markup=False)


def _origin(explained: dict[str, Any]) -> Iterator[str]:
    record, pull = explained["record"], explained["pull"]
    yield f"Source {record['source']} ({record['kind']}), there called {record['native_id']}; said on {record['said_on']}."
    if pull:
        yield f"Row {record['row_no']:,} of {pull['origin']}, {_rows(pull['row_count'])}, pulled {pull['landed_at']:%Y-%m-%d %H:%M} UTC as {pull['pull_id']}."


def _words(explained: dict[str, Any]) -> Iterator[str]:
    for landed in explained["cut"]:
        cut = ", ".join(f"{number:,} of {name}" for name, number in landed["cut"].items())
        yield f"Taken from {landed['field']}, {landed['characters']:,} characters; cut: {cut or 'nothing'}."
    if explained["record"]["text"] and not explained["cut"]:
        yield "The landed row holds these words no longer, or not in one cell, so what was cut is not known."
    redacted = ", ".join(f"{number} × [{name}]" for name, number in explained["redacted"].items())
    yield f"Redacted: {redacted or 'nothing'}."
    flags = explained["record"]["flags"] or []
    yield f"Flagged: {', '.join(f'{flag} ({FLAGS.get(flag, flag)})' for flag in flags) or 'nothing'}."


def _reading(explained: dict[str, Any]) -> Iterator[str | Text]:
    record = explained["record"]
    stage = f"Stage {record['stage']}, by {BASES[record['stage_basis']]}" if record["stage"] else "No stage is given"
    yield f"{stage}; stance {record['stance'] or 'not known'}{_scored(record)}; {_guess(record)}."
    if others := [f"{row['stage']} {row['share']:.0%}" for row in explained["stages"]]:
        yield f"Stages: {', '.join(others)}."
    if themes := [f"{row['name']} of {row['stage']} {row['share']:.0%}" for row in explained["themes"]]:
        yield f"Themes: {', '.join(themes)}."
    yield f"Classifier {record['classifier_version']}, journey {record['journey_version']}."
    if explained["weighed"] and explained["weighed_by"] != record["classifier_version"]:
        yield f"That classifier is gone; the weights below are those of the present one, {explained['weighed_by']}, and need not lead to the published tags."
    weighed = {row["sentence_no"]: row["tags"] for row in explained["weighed"]}
    if weighed:
        yield "Each sentence by itself. A word's weight is what it adds to the log odds of the tag against the next likeliest: +0.7 doubles the odds."
    for sentence in explained["sentences"]:
        yield Text(f"{sentence['sentence_no']}. {sentence['text']}")
        theme = f", theme {sentence['theme']} for “{sentence['phrase']}”" if sentence["theme"] else ""
        yield f"   published: {_stage(sentence)}{theme}"
        for tag, weighing in weighed.get(sentence["sentence_no"], {}).items():
            weights = ", ".join(f"{words} {weight:+.1f}" for words, weight in weighing["weights"].items())
            yield f"   {TAGS.get(tag, tag)}: {weighing['said']}, not {weighing['against'] or 'said'}: {weights or 'no word'}; before any word {weighing['base']:+.1f}"


def _stage(sentence: dict[str, Any]) -> str:
    return f"stage {sentence['stage']}" if sentence["stage"] else "no stage"


def _scored(record: dict[str, Any]) -> str:
    if record["score"] is None:
        return ""
    scale = f" from {record['score_worst']:g} to {record['score_best']:g}" if record["score_worst"] is not None else ""
    return f" by the score {record['score']:g}{scale}"


def _guess(record: dict[str, Any]) -> str:
    if record["stage_guess"] is None:
        return "the classifier read nothing"
    return f"the classifier's best guess is {record['stage_guess']} ({record['stage_confidence']:.0%})"


def _counting(explained: dict[str, Any]) -> Iterator[str]:
    unit, record = explained["unit"], explained["record"]
    if not unit:
        yield f"In no customer's figure: {record['kind']} of role {record['role']} is kept apart. {'It may be quoted.' if record['kind'] == 'checkins' else ''}".strip()
        return
    what = f"as one of {unit['records']} messages that count once" if unit["records"] > 1 else "once"
    yield f"It counts {what}: {unit['stage'] or 'no stage'}, {unit['stance'] or 'no stance'}, on {unit['said_on']} (unit {unit['unit_id']})."
    for row in explained["counted_in"]:
        named = f" ({', '.join(row['figures'])})" if row["figures"] else ""
        yield f"   {row['table']}{named}: {', '.join(row['periods'])} · {', '.join(row['cuts'])}"
    for warning in explained["warnings"]:
        yield f"   warnings {warning['warning_id']}, opened {warning['opened_on']}: {warning['text']}"
