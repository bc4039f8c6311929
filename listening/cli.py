"""The command `listening`: takes what a person types, calls the same functions that a notebook would, prints or exits with a status."""

from __future__ import annotations

import datetime as dt
import getpass
import itertools
import json
import logging
import os
import sys
import threading
import traceback
import webbrowser
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast
from zoneinfo import ZoneInfo

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.logging import RichHandler
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from listening import __version__, bench, check, checkins, journey, labelling, night, persons, tagging
from listening import story as stories
from listening import workspace as workspaces
from listening.forgotten import Identity
from listening.prove import WORLDS, measure
from listening.publish import reading, sheets, wording
from listening.workspace import Mend, Workspace

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Hear customers honestly: one balanced story of each stage of their journey.",
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
log = logging.getLogger("listening")
LEAST_WIDTH = 10  # characters of a column in a table
WIDE = 120  # characters of a terminal that has room for words beside figures
T = TypeVar("T")


class Status(IntEnum):
    """Exit statuses."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    DONE_IN_PART = 3
    ALREADY_RUNNING = 4


Folder = Annotated[Path | None, typer.Option("--workspace", "-w", help="The company's folder; else LISTENING_WORKSPACE, else here.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    folder: Folder = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit
    context.obj = folder


def _workspace(context: typer.Context, folder: Path | None) -> Workspace:
    return workspaces.find(folder or context.obj)


@app.command()
def init(
    context: typer.Context, directory: Annotated[Path | None, typer.Argument(help="The folder to make or complete.")] = None, folder: Folder = None
) -> None:
    """Make a workspace, or complete one, and fit the stage classifier to its journey. Nothing that exists is changed."""
    place = workspaces.find(directory or folder or context.obj)
    for sentence in night.prepare(place, workspaces.shipped("default-journey.yaml")):
        out.print(sentence, soft_wrap=True)
    out.print(f"Next: put files into {place.inbox}, name them in {place.configuration.name}, then 'listening check' and 'listening run'.", soft_wrap=True)


@app.command("check")
def check_(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Say what is wrong with configuration, files, classifier and disk, and how to mend it. Changes nothing."""
    findings = check.check(_workspace(context, folder))
    if as_json:
        _print_json([vars(finding) for finding in findings])
    else:
        signs = {"ok": ("✓", "green"), "guess": ("?", "yellow"), "fault": ("✗", "red")}
        for finding in findings:
            sign, colour = signs[finding.state]
            out.print(Text.assemble((sign, colour), " ", (finding.what, "bold"), " ", finding.sentence), soft_wrap=True)
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(Status.WRONG_USAGE)


@app.command()
def run(
    context: typer.Context,
    folder: Folder = None,
    direct: Annotated[bool, typer.Option("--direct", help="Walk the same stations without Prefect.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Tell the night as of this date (to its end) or time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a night: gather, understand, tell, publish."""
    place = _workspace(context, folder)
    settings = place.settings()  # what is plainly wrong is said before Prefect takes its time to start
    if not settings.sources and not settings.faults:
        raise Mend(f"{place.configuration} names no source. Put a file into inbox/ and add a [sources.NAME] table; the comments in the file show how.")
    _show_progress()
    tonight = _direct(place, as_of) if direct else _through_prefect(place, as_of)
    if as_json:
        _print_json(tonight)
    else:
        out.print(tonight["report"], soft_wrap=True, markup=False)
    raise typer.Exit(tonight["status"])


def _direct(place: Workspace, as_of: str | None) -> dict[str, Any]:
    done = night.run(place, as_of)
    return night.outcome(done)


def _through_prefect(place: Workspace, as_of: str | None) -> dict[str, Any]:
    """Run the nightly flow in this process. Prefect is loaded only here, so that `--direct` never needs it."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")  # the stations' own lines tell what happens
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
    log.info("starting Prefect")
    log.propagate = False  # Prefect shows what reaches the root logger: every line would be seen twice
    from pipelines.nightly import nightly

    try:
        return cast(dict[str, Any], nightly(str(place.root), as_of))  # a completed state hands out its data
    except Mend:
        raise
    except Exception as error:  # Prefect's server may be down, slow or gone in the middle; the night does not need it
        log.warning("Prefect failed (%s), so the night is run without it; what was done so far stays", type(error).__name__)
        return _direct(place, as_of)


@app.command()
def rebuild(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Throw the store away and build it again from what has landed. Nothing is pulled."""
    place = _workspace(context, folder)
    _show_progress()
    built = night.outcome(night.run(place, is_anew=True, is_pulling=False))
    if as_json:
        _print_json(built)
    else:
        out.print(built["report"], soft_wrap=True, markup=False)
    raise typer.Exit(built["status"])


Customer = Annotated[str | None, typer.Option("--customer", help="The customer's id.")]
Email = Annotated[str | None, typer.Option("--email", help="The customer's e-mail address.")]


@app.command()
def forget(
    context: typer.Context,
    customer: Customer = None,
    email: Email = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Take one person out of everything, and keep them from coming back. Prints a receipt."""
    place, who = _workspace(context, folder), _who(customer, email)
    if not dry_run and not yes:
        _print_receipt(persons.forget(place, who, is_dry_run=True))
        typer.confirm("This cannot be undone. Forget this person?", abort=True)
    _show_progress()
    receipt = persons.forget(place, who, dry_run)
    if as_json:
        _print_json(_receipt(receipt))
    else:
        _print_receipt(receipt)


@app.command("export-person")
def export_person(
    context: typer.Context,
    customer: Customer = None,
    email: Email = None,
    to: Annotated[Path | None, typer.Option("--out", help="A file to write; without it, the terminal.")] = None,
    folder: Folder = None,
) -> None:
    """Give all that is known of one person, as JSON: landed rows as they came, and what is published about them."""
    known = persons.export(_workspace(context, folder), _who(customer, email))
    if to is None:
        _print_json(known)
        return
    workspaces.put(to, json.dumps(known, indent=1, ensure_ascii=False, default=str))
    out.print(f"Wrote {len(known['landed'])} landed rows and {sum(map(len, known['published'].values()))} published ones to {to}.", markup=False)


def _who(customer: str | None, email: str | None) -> Identity:
    if bool(customer) == bool(email):
        raise Mend("Name one person: either --customer ID or --email ADDRESS.")
    return Identity.customer(customer) if customer else Identity.email(email)


def _receipt(receipt: persons.Receipt) -> dict[str, Any]:
    return {
        "forgotten": not receipt.is_dry_run,
        "known_as": [identity._asdict() for identity in sorted(receipt.found.identities)],
        "shared_addresses_left_alone": sorted(identity.value for identity in receipt.found.shared),
        "rows": receipt.found.counts,
        "files_that_still_hold_the_person": [str(path) for path in receipt.left],
        "too_short_to_search_for": receipt.unsearched,
        "published": str(receipt.published) if receipt.published else None,
    }


def _print_receipt(receipt: persons.Receipt) -> None:
    verb = "Would forget" if receipt.is_dry_run else "Forgot"
    out.print(f"{verb}: " + ", ".join(f"{identity.kind} {identity.value}" for identity in sorted(receipt.found.identities)), markup=False)
    for source, rows in sorted(receipt.found.counts.items()):
        out.print(f"  {source}: {rows} landed row{'s' * (rows != 1)}", markup=False)
    if not receipt.found.rows:
        out.print("  No landed row is theirs; they are kept from coming in all the same.")
    for identity in sorted(receipt.found.shared):
        out.print(f"  {identity.value} belongs to several customers and was left alone.", markup=False)
    for path in receipt.left:
        out.print(f"  Still held by {path}; remove or edit it yourself.", markup=False, soft_wrap=True)
    for value in receipt.unsearched:
        out.print(f"  '{value}' is too short to search the files for.", markup=False)
    if receipt.published:
        out.print("  Landed rows, store, labels and all published runs are without them; what sources send of them is refused.")


@app.command()
def story(
    context: typer.Context,
    stage: Annotated[str | None, typer.Argument(help="One stage; without it, all.")] = None,
    period: Annotated[str | None, typer.Option(help="Such as 2026-Q2 or 2026-06; without it, the last 90 days.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Print the story of each stage."""
    place = _workspace(context, folder)
    rows = reading.stories(place, stage, period)
    if as_json:
        _print_json(rows)
        return
    titles = journey.read(place.journey).titles
    for row in rows:
        out.print()
        out.print(Text.assemble((titles.get(row["stage"], row["stage"]), "bold"), f" · {row['period']} · ", _state(row)))
        out.print(row["story"], markup=False)


def _state(row: dict[str, Any]) -> str:
    return row["direction"] or {"insufficient": "too little feedback"}.get(row["evidence_level"], "nothing to compare with")


@app.command("open")
def open_(context: typer.Context, folder: Folder = None) -> None:
    """Open the published page in the browser, and print where it is."""
    place = _workspace(context, folder)
    reading.database(place)
    page = place.published / "site" / "index.html"
    out.print(str(page), soft_wrap=True)
    if sys.stdout.isatty():
        webbrowser.open(page.as_uri())


@app.command()
def sql(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A query; without it, read from standard input.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
    to: Annotated[Path | None, typer.Option("--out", help="Write the answer to a file: .csv, .xlsx, .parquet or .jsonl.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")] = False,
) -> None:
    """Ask the published tables. Read-only: nothing can be written, loaded or reached."""
    place = _workspace(context, folder)
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
        _print_json(json.loads(rows.to_json(orient="records", date_format="iso")))
        return
    columns, cells = [str(name) for name in rows.columns], rows.astype(object).where(rows.notna(), "").to_numpy().tolist()
    if len(columns) * LEAST_WIDTH > out.width:  # too many to stand side by side
        for row in cells:
            for name, cell in zip(columns, row, strict=True):
                out.print(Text.assemble((f"{name:>20}  ", "dim"), _cell(cell)))
            out.print()
        return
    _print_table([escape(name) for name in columns], cells)


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


@app.command()
def explain(
    context: typer.Context, record_id: Annotated[str, typer.Argument(help="As in the column record_id.")], folder: Folder = None, as_json: AsJson = False
) -> None:
    """Show how one record came to its tags: its words, sentences, stages, doubts and versions."""
    explained = reading.explain(_workspace(context, folder), record_id)
    if as_json:
        _print_json(explained)
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
        out.print(Text.assemble((f"{name:>20}  ", "dim"), _cell(record[name])))
    if explained["sentences"]:
        columns = ["sentence_no", "text", "stage", "stage_guess", "stage_confidence", "theme", "phrase", "sentiment"]
        _print_table(columns, [[row[column] for column in columns] for row in explained["sentences"]])


@app.command()
def label(
    context: typer.Context,
    number: Annotated[int | None, typer.Option("--sample", help="Draw so many records of each source at random, and half as many chosen ones.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Draw from this source only; employees' words are drawn only so.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="The sheet to write, .xlsx or .csv; without it, one in labels/sheets/.")] = None,
    seed: Annotated[int | None, typer.Option(help="Draw the same again from the same records.")] = None,
    chosen: Annotated[int | None, typer.Option(help="So many chosen ones (doubtful, unlike the others) of each source instead of half as many.")] = None,
    show_guess: Annotated[bool, typer.Option("--show-guess", help="Show what the classifier reads; who sees it labels as it does.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --out names.")] = False,
    filled: Annotated[Path | None, typer.Option("--import", help="A filled sheet to bring back, .xlsx or .csv.")] = None,
    labeller: Annotated[str | None, typer.Option(help="Who filled it; without it, the name of this user.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Draw words for people to label, bring the filled sheet back, or (without either) say what the labels so far unlock."""
    place = _workspace(context, folder)
    if number is not None and filled:
        raise Mend("Either --sample draws a new sheet or --import brings a filled one back; not both at once.")
    if number is not None:
        _tell(labelling.sample(place, number, source, to, seed, chosen, show_guess, overwrite), _print_sheet, as_json)
    elif filled:
        _tell(labelling.bring(place, filled, labeller or _user()), _print_brought, as_json)
    else:
        _tell(labelling.standing(place), _print_standing, as_json)


def _tell(what: T, as_words: Callable[[T], None], as_json: bool) -> None:
    if as_json:
        _print_json([asdict(one) for one in what] if isinstance(what, list) else asdict(cast(Any, what)))
    else:
        as_words(what)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name stands for this user's number
        return "unnamed"


def _print_sheet(sheet: labelling.Sheet) -> None:
    out.print(f"Wrote {sheet.path} (seed {sheet.seed}).", *sheet.notes, markup=False, soft_wrap=True)
    for source, drawn in sheet.drawn.items():
        chance = f", each text of the last 90 days with a chance of {sheet.chances[source]:.1%}" if source in sheet.chances else ""
        out.print(f"  {source}: {drawn['random']} at random{chance}; {drawn['chosen']} chosen", markup=False)
    out.print("It holds customers' words: keep it where only you and the labeller can read it, and delete it once it is back.")
    out.print(f"When it is filled: listening label --import {sheet.path} --labeller NAME", markup=False, soft_wrap=True)
    out.print()
    _print_standing(sheet.standing)


def _print_brought(brought: labelling.Brought) -> None:
    for fault in brought.faults:
        out.print(fault[0].upper() + fault[1:], markup=False, soft_wrap=True)
    out.print(f"{brought.rows} labelled rows, {brought.new} of them new or changed; {brought.unfilled} rows not labelled yet.")
    filled = [f"{tag} {cells}" for tag, cells in brought.filled.items() if cells]
    out.print(f"Cells filled: {', '.join(filled) or 'none'}. An empty cell of a column that is filled elsewhere means that the words say nothing of it.")
    for one in brought.agreement:
        known = "not known: all said the same" if one.alpha is None else f"{one.alpha:.2f}"
        between = "" if one.low is None else f" (90 % interval {one.low:.2f} to {one.high:.2f})"
        times = f"{one.units} record{'s' * (one.units != 1)} labelled by two or more"
        out.print(f"Agreement on {one.tag}: Krippendorff's alpha {known}{between}, {times}.", markup=False)
    out.print("The next night takes them in; 'listening learn' learns from the chosen ones.")
    out.print()
    _print_standing(brought.standing)


def _to_next(one: labelling.Stand) -> str:
    if one.missing is None:
        return ""
    return f"{one.missing} more" + (", when more is said" if one.labelled + one.missing > one.texts else "")


def _print_standing(standing: list[labelling.Stand]) -> None:
    rows = [[one.source, one.texts, one.labelled, one.waiting, one.unlocked, _to_next(one)] for one in standing]
    _print_table(["source", "texts of its last 90 days", "labelled at random", "drawn, not labelled", "unlocked", "to the next step"], rows)
    out.print(
        "Labels drawn at random from a source's last 90 days unlock: at 0 the shares of its stages as the classifier counts them, marked uncorrected; "
        "at 100 the same corrected for its errors; at 200 the share in trouble within a stage corrected, too. "
        f"{labelling.EXAMINED_FROM} of all sources together let 'listening learn' examine what it learnt. "
        "Texts whose stage the source gives need no label; those in other languages are not read.",
    )


@app.command()
def learn(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Fit the classifier to your own records and labels, and take it into use if it is no worse."""
    place = _workspace(context, folder)
    _show_progress()
    with night.held(place) as (_, store):
        learnt = tagging.learn(place, store, journey.read(place.journey))
    if as_json:
        _print_json(vars(learnt))
        return
    for sentence in learnt.said:
        out.print(sentence[0].upper() + sentence[1:] + ".", markup=False)


@app.command()
def accuracy(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Show the classifier's accuracy on labels that it was not fitted on."""
    rows = reading.accuracy(_workspace(context, folder))
    if as_json:
        _print_json(rows)
        return
    names = ["labels", "precision of what is given", "recall", "F1", "given", "calibration error"]
    for (source, language, examined_on), own in itertools.groupby(rows, key=lambda row: (row["source"], row["language"], row["examined_on"])):
        of_source = list(own)
        out.print(Text.assemble((source, "bold"), f" ({language}), examined on {examined_on}"), soft_wrap=True)
        _print_table(["stage", *names], [_examined(row) for row in of_source if row["tag"] == "stage"])
        if others := [[row["tag"], *_examined(row)] for row in of_source if row["tag"] != "stage"]:
            out.print()
            _print_table(["tag", "class", *names], others)
        out.print()
    if all(row["source"] == "starter labels" for row in rows):
        out.print("None of your own texts is labelled at random yet: 'listening label --sample 50' draws some, and they show how well your sources are read.")
    out.print(f"Classifier {', '.join(sorted({row['classifier_version'] for row in rows}))}. Intervals are 90 %.", markup=False)


def _examined(row: dict[str, Any]) -> list[Any]:
    return [row["class"], row["labels"], *(_interval(row, name) for name in ("precision", "recall", "f1", "coverage", "calibration_error"))]


@app.command("checkins")
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
    place = _workspace(context, folder)
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
        _print_json(drawn.rows)
        return
    out.print(f"Drew {len(drawn.rows):,} customers at random and wrote {sheet}. To fill in:", markup=False, soft_wrap=True)
    for column, words in checkins.FILLED_IN.items():
        out.print(Text.assemble((f"{column:>16}  ", "dim"), words))
    out.print(checkins.way_back(place), markup=False, soft_wrap=True)


def _needed(place: Workspace, stage: str | None, as_json: bool) -> None:
    with night.held(place) as (_, store):
        found = [row for row in stories.needed(store, journey.read(place.journey)) if stage in (None, row["stage"])]
    if as_json:
        _print_json(found)
        return
    columns = ["stage", "customers", "asked", "answered", "now", "more answers for a number", "which would be known within"]
    _print_table(columns, [[row["stage"], row["customers"], row["asked"], row["answered"], _known(row), _more(row), _within(row)] for row in found])
    out.print("The last 90 days of input. Points of net experience, −100 to 100. Draw whom to ask: listening checkins --sample 10.", markup=False)


def _known(row: dict[str, Any]) -> str:
    return f"a number, ±{row['half_width']:.0f}" if row["half_width"] else {"direction": "order and change"}.get(row["evidence_level"], "too little")


def _more(row: dict[str, Any]) -> str:
    return {None: "answers alone will not do", 0: "none"}.get(row["more"], str(row["more"]))


def _within(row: dict[str, Any]) -> str:
    if row["half_width_then"] is None:
        return ""
    return f"±{row['half_width_then']:.0f}" + (" with ten more" if row["more"] == 0 else "")


themes_app = typer.Typer(no_args_is_help=True, help="What customers talk about within each stage: list it, and rename, merge or split.")
app.add_typer(themes_app, name="themes")
ThemeId = Annotated[str, typer.Argument(help="As in 'listening themes list', such as pay-2.")]


@themes_app.command("list")
def themes_list(
    context: typer.Context,
    stage: Annotated[str | None, typer.Option(help="One stage; without it, all.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show the themes of each stage, what they are known by, and what the last 90 days say of them."""
    rows = reading.themes(_workspace(context, folder), stage)
    if as_json:
        _print_json(rows)
        return
    columns = ["theme", "name", "of them", "trouble", "great", "change", "known by"]
    shown = len(columns) if out.width >= WIDE else len(columns) - 1
    for title, group in itertools.groupby(rows, key=lambda row: row["stage_name"]):
        own = list(group)
        spoken = next((row["denominator"] for row in own if row["denominator"]), 0)
        out.print(Text.assemble("\n", (title, "bold"), f" · {spoken} conversations, answers and reviews in 90 days"))
        _print_table(columns[:shown], [_theme_row(row)[:shown] for row in own])
    out.print("\nOne may speak of several themes; 'Other' speaks of none. Shares and changes (in points) are with 90 % intervals.", markup=False)
    if shown < len(columns):
        out.print(f"A terminal of {WIDE} columns, or --json, also shows the words that each theme is known by.", markup=False)


def _theme_row(row: dict[str, Any]) -> list[Any]:
    share = "" if row["share"] is None else f"{row['share']:.0%} ({100 * row['low']:.0f}–{100 * row['high']:.0f})"
    change = "" if row["change"] is None else f"{100 * row['change']:+.0f} ± {50 * (row['change_high'] - row['change_low']):.0f}"
    known = ", ".join(row["phrases"]) + (f" (split from {row['part_of']})" if row["part_of"] else "")
    return [row["theme"], row["name"], share, row["trouble"] or "", row["great"] or "", change, known]


@themes_app.command("rename")
def themes_rename(context: typer.Context, theme: ThemeId, name: Annotated[str, typer.Argument(help="Its new name.")], folder: Folder = None) -> None:
    """Call a theme something else. Its id stays."""
    _decide(_workspace(context, folder), lambda book, stages, today: tagging.themes.rename(book, stages, theme, name, today))


@themes_app.command("merge")
def themes_merge(
    context: typer.Context, theme: ThemeId, into: Annotated[str, typer.Argument(help="The theme that it counts as.")], folder: Folder = None
) -> None:
    """Count a theme as another one of its stage, past and future."""
    _decide(_workspace(context, folder), lambda book, stages, today: tagging.themes.merge(book, stages, theme, into, today))


@themes_app.command("split")
def themes_split(
    context: typer.Context,
    theme: ThemeId,
    parts: Annotated[str, typer.Option("--phrases", help="What to split off, separated by commas, such as 'double charge, charged twice'.")],
    name: Annotated[str | None, typer.Option(help="What to call it; without it, by its first phrase.")] = None,
    folder: Folder = None,
) -> None:
    """Make a theme of its own of what has these phrases; also out of a touchpoint."""
    _decide(_workspace(context, folder), lambda book, stages, today: tagging.themes.split(book, stages, theme, parts.split(","), name, today))


def _decide(place: Workspace, act: Callable[[tagging.themes.Book, journey.Journey, dt.date], str]) -> None:
    """Write down what a person decides about themes, while no night is under way."""
    with night.held(place) as (settings, _):
        book = tagging.themes.read(place.themes)
        did = act(book, journey.read(place.journey), dt.datetime.now(ZoneInfo(settings.company.timezone)).date())
        tagging.themes.write(place.themes, book)
    out.print(f"{did[0].upper()}{did[1:]}. The next night counts by it ('listening run'); it stands in {place.themes.name}.", markup=False, soft_wrap=True)


@app.command("bench")
def bench_(
    records: Annotated[int, typer.Option(help="How many rows, made from the sample's own words.")] = 20_000,
    of_tagging: Annotated[bool, typer.Option("--tagging", help="Tagging alone, Parquet to Parquet, beside plain scikit-learn and a script.")] = False,
    as_json: AsJson = False,
) -> None:
    """Time a night, station by station, on rows made for size."""
    if of_tagging:
        _print_rates(bench.bench_tagging(records), as_json)
        return
    timed = bench.bench(records)
    if as_json:
        _print_json([vars(station) for station in timed])
        return
    whole = sum(station.seconds for station in timed)
    rows = [[t.station, f"{t.seconds:.1f}", f"{records / t.seconds:,.0f}", f"{t.seconds / whole:.0%}", f"{t.peak_mb:,.0f}"] for t in timed]
    _print_table(
        ["station", "seconds", "records/s", "share of the night", "peak memory, MB"], [*rows, ["all", f"{whole:.1f}", f"{records / whole:,.0f}", "", ""]]
    )


@app.command()
def prove(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer worlds, about a minute.")] = False,
    n_worlds: Annotated[int, typer.Option("--worlds", min=24, help="How many of the kind as designed.")] = WORLDS,
    as_json: AsJson = False,
) -> None:
    """Measure the estimators on simulated worlds with known truth, and fail where a figure falls short."""
    _show_progress()
    figures = measure(n_worlds, quick, log.info)
    if as_json:
        _print_json([vars(figure) for figure in figures])
    else:
        rows = [[f.about, f.what, f.target, f"{f.measured:.3f}", f"{f.error:.3f}", "" if f.passed else "falls short"] for f in figures]
        _print_table(["of", "figure", "target", "measured", "± (one standard error)", ""], rows)
        out.print(f"{sum(f.passed for f in figures)} of {len(figures)} figures reach their target.")
    if not all(figure.passed for figure in figures):
        raise typer.Exit(Status.FAILED)


def _print_rates(rates: list[bench.Rate], as_json: bool) -> None:
    if as_json:
        _print_json([vars(rate) for rate in rates])
        return
    own = rates[0].records / rates[0].processor_seconds
    rows = [
        [rate.way, f"{rate.records / rate.seconds:,.0f}", f"{speed:,.0f}", f"{own / speed:.1f}", f"{rate.peak_mb:,.0f}"]
        for rate in rates
        for speed in [rate.records / rate.processor_seconds]
    ]
    _print_table(["way", "records/s", "records/s a core", "one process of ours is faster by", "peak memory of a process, MB"], rows)


def _interval(row: dict[str, Any], name: str) -> str:
    return "" if row[name] is None else f"{row[name]:.2f} ({row[f'{name}_low']:.2f}–{row[f'{name}_high']:.2f})"


def _cell(value: Any) -> str:
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_table(columns: list[str], rows: list[list[Any]]) -> None:
    table = Table(show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    out.print(table)


def _print_json(content: Any) -> None:
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=sys.stdout.isatty(), default=str) + "\n")  # a terminal obeys some signs


def _show_progress() -> None:
    handler = RichHandler(console=err, show_path=False, show_level=False, log_time_format="%H:%M:%S", markup=False)
    log.addHandler(handler)
    log.setLevel(logging.INFO)


class _Visible(RenderHook):
    """Everything printed, without the controls that customers' words or names of files may hold: they could steer the terminal."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """The same, each cleaned when it has become letters."""
        return [_Cleaned(renderable) for renderable in renderables]


class _Cleaned:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._renderable, options):
            yield segment if segment.control else Segment(wording.visible(segment.text), segment.style)


def main() -> None:
    """Run the command; a fault that a person can mend is said in a sentence, never as a traceback."""
    for console in (out, err):
        console.push_render_hook(_Visible())
    try:
        app()
    except Mend as problem:
        err.print(str(problem), style="red", markup=False, soft_wrap=True)
        sys.exit(problem.status)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(Status.FAILED)
    except Exception as error:
        if os.environ.get("LISTENING_DEBUG"):
            raise
        err.print(
            f"Something unexpected went wrong ({type(error).__name__} in {_place_of(error)}). Nothing half-done was published. "
            "Set LISTENING_DEBUG=1 and run the command again to see more.",
            style="red", markup=False, soft_wrap=True,
        )  # fmt: skip
        sys.exit(Status.FAILED)
    finally:
        for console in (out, err):
            console.pop_render_hook()


def _place_of(error: Exception) -> str:
    """Where in the program an error came up. What it says stays unsaid: it may hold a customer's words."""
    frames = traceback.extract_tb(error.__traceback__)
    where = next((frame for frame in reversed(frames) if "listening" in Path(frame.filename).parts[-4:]), frames[-1])
    return f"{'/'.join(Path(where.filename).parts[-2:])}:{where.lineno}"
