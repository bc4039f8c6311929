"""The commands that teach and examine the classifier: label, learn, accuracy."""

from __future__ import annotations

import getpass
import itertools
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from listening import journey, labelling, night, tagging
from listening.cli.terminal import AsJson, Folder, app, interval, out, print_json, print_table, show_progress, tell, workspace_of
from listening.publish import reading
from listening.workspace import Mend

PANEL = "Teach the classifier"


@app.command(rich_help_panel=PANEL)
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
    place = workspace_of(context, folder)
    if number is not None and filled:
        raise Mend("Either --sample draws a new sheet or --import brings a filled one back; not both at once.")
    if number is not None:
        tell(labelling.sample(place, number, source, to, seed, chosen, show_guess, overwrite), _print_sheet, as_json)
    elif filled:
        tell(labelling.bring(place, filled, labeller or _user()), _print_brought, as_json)
    else:
        tell(labelling.standing(place), _print_standing, as_json)


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
    print_table(["source", "texts of its last 90 days", "labelled at random", "drawn, not labelled", "unlocked", "to the next step"], rows)
    out.print(
        "Labels drawn at random from a source's last 90 days unlock: at 0 the shares of its stages as the classifier counts them, marked uncorrected; "
        "at 100 the same corrected for its errors; at 200 the share in trouble within a stage corrected, too. "
        f"{labelling.EXAMINED_FROM} of all sources together let 'listening learn' examine what it learnt. "
        "Texts whose stage the source gives need no label; those in other languages are not read.",
    )


@app.command(rich_help_panel=PANEL)
def learn(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Fit the classifier to your own records and labels, and take it into use if it is no worse."""
    place = workspace_of(context, folder)
    show_progress()
    with night.held(place) as (_, store):
        learnt = tagging.learn(place, store, journey.read(place.journey))
    if as_json:
        print_json(vars(learnt))
        return
    for sentence in learnt.said:
        out.print(sentence[0].upper() + sentence[1:] + ".", markup=False)


@app.command(rich_help_panel=PANEL)
def accuracy(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Show the classifier's accuracy on labels that it was not fitted on."""
    rows = reading.accuracy(workspace_of(context, folder))
    if as_json:
        print_json(rows)
        return
    names = ["labels", "precision of what is given", "recall", "F1", "given", "calibration error"]
    for (source, language, examined_on), own in itertools.groupby(rows, key=lambda row: (row["source"], row["language"], row["examined_on"])):
        of_source = list(own)
        out.print(Text.assemble((source, "bold"), f" ({language}), examined on {examined_on}"), soft_wrap=True)
        print_table(["stage", *names], [_examined(row) for row in of_source if row["tag"] == "stage"])
        if others := [[row["tag"], *_examined(row)] for row in of_source if row["tag"] != "stage"]:
            out.print()
            print_table(["tag", "class", *names], others)
        out.print()
    if all(row["source"] == "starter labels" for row in rows):
        out.print("None of your own texts is labelled at random yet: 'listening label --sample 50' draws some, and they show how well your sources are read.")
    out.print(f"Classifier {', '.join(sorted({row['classifier_version'] for row in rows}))}. Intervals are 90 %.", markup=False)


def _examined(row: dict[str, Any]) -> list[Any]:
    return [row["class"], row["labels"], *(interval(row, name) for name in ("precision", "recall", "f1", "coverage", "calibration_error"))]
