"""The commands to lead by: actions (add, list, close), and the form that asks people inside what they believe."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from listening import actions, beliefs, journey
from listening.actions import Action
from listening.cli.terminal import AsJson, Folder, app, out, print_json, print_table, workspace_of
from listening.publish import reading, sheets
from listening.workspace import ACTION_KINDS, CAUSES, Mend, Workspace

PANEL = "Lead"

actions_app = typer.Typer(no_args_is_help=True, help="What is done about it: add, list with what came of it, close.")
app.add_typer(actions_app, name="actions", rich_help_panel=PANEL)


@actions_app.command("add")
def actions_add(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="What is done, in a few words.")],
    stage: Annotated[str | None, typer.Option(help="The stage it is for.")] = None,
    touchpoint: Annotated[str | None, typer.Option(help="The touchpoint it is for; its stage is known then.")] = None,
    kind: Annotated[str, typer.Option(help=", ".join(ACTION_KINDS))] = "mend",
    because_of: Annotated[str, typer.Option("--because-of", help=", ".join(CAUSES))] = "customers",
    owner: Annotated[str, typer.Option(help="Who does it; else the owner of the touchpoint or stage.")] = "",
    by: Annotated[str, typer.Option("--by", help="By when, such as 2026-12-31.")] = "",
    started: Annotated[str, typer.Option(help="The day from which customers feel it; without it, today.")] = "",
    measure: Annotated[str, typer.Option(help="The measure that should move: one of operations, or of stage_measures.")] = "",
    expected: Annotated[str, typer.Option(help="By how much, such as -0.15 for 15 points fewer that fail.")] = "",
    at: Annotated[str, typer.Option("--at", help="The place at which it is done, such as region=Valley; without it, everywhere.")] = "",
    folder: Folder = None,
) -> None:
    """Add an action. It stands in actions.csv in the workspace; the next night tells what came of it."""
    place = workspace_of(context, folder)
    known = journey.read(place.journey)
    stage = stage or known.stage_of_touchpoint.get(touchpoint or "")
    if stage not in known.names:
        raise Mend(f"Name the stage with --stage, one of {', '.join(known.names)}, or a touchpoint of journey.yaml with --touchpoint.")
    if at and "=" not in at:
        raise Mend("--at names a dimension and its value, such as region=Valley.")
    dimension, _, value = at.partition("=")
    added = actions.add(
        place,
        Action(
            what=what, kind=kind, stage=stage, touchpoint=touchpoint or "", owner=owner or _owner(known, stage, touchpoint), because_of=because_of,
            started_on=started or _today(place), due_on=by, measure=measure, expected=expected, cut_by=dimension, cut_value=value,
        ),
    )  # fmt: skip
    out.print(f"Added {added.action_id} to {place.root / actions.FILE}. The next night tells of it.", markup=False, soft_wrap=True)


@actions_app.command("list")
def actions_list(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """List the actions with what came of them, and what nobody answers for, as of the last night."""
    told = reading.actions(workspace_of(context, folder))
    if as_json:
        print_json(told)
        return
    columns = ["action_id", "stage", "state", "owner", "due_on", "verdict"]
    print_table(columns, [[row[name] for name in columns] for row in told["actions"]])
    for row in (*told["actions"], *told["accountability"]):
        out.print(Text.assemble("\n", (row.get("action_id") or row["about"], "bold"), "  ", row["text"]), soft_wrap=True)


@actions_app.command("close")
def actions_close(
    context: typer.Context,
    action_id: Annotated[str, typer.Argument(help="As in 'listening actions list', such as A1.")],
    on: Annotated[str, typer.Option("--on", help="The day on which it was done or given up; without it, today.")] = "",
    note: Annotated[str, typer.Option(help="What is to be known of it.")] = "",
    folder: Folder = None,
) -> None:
    """Write down that an action was done or given up."""
    place = workspace_of(context, folder)
    known = {one.action_id for one in actions.read(place)}
    if action_id not in known and action_id not in {row["action_id"] for row in reading.actions(place)["actions"]}:
        raise Mend(f"There is no action '{action_id}'; 'listening actions list' shows them.")
    actions.close(place, action_id, on or _today(place), note)
    out.print(f"Closed {action_id}. The next night shows it.", markup=False)


@app.command("beliefs", rich_help_panel=PANEL)
def beliefs_(
    context: typer.Context,
    sheet: Annotated[Path, typer.Option("--sheet", help="Where to write the form, .xlsx or .csv.")],
    role: Annotated[str, typer.Option(help="Who is asked, such as leader or staff.")] = "leader",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that --sheet names.")] = False,
    folder: Folder = None,
) -> None:
    """Write a one-page form that asks what share of customers live each stage great; filled in, put it into the inbox."""
    place = workspace_of(context, folder)
    sheets.write(sheet, beliefs.form(journey.read(place.journey), role, dt.date.fromisoformat(_today(place))), overwrite)
    out.print(f"Wrote {sheet}. To fill in: great_share, such as 40%. Put what comes back into {place.inbox} under names of one pattern,", soft_wrap=True)
    out.print('which a source of kind "internal_ratings" names, such as path = "inbox/beliefs*.xlsx".', markup=False, soft_wrap=True)


def _owner(known: journey.Journey, stage: str, touchpoint: str | None) -> str:
    own = next(one for one in known.stages if one.stage == stage)
    point = next((one for one in own.touchpoints if one.touchpoint == touchpoint), None)
    return (point.owner if point else None) or own.owner or ""


def _today(place: Workspace) -> str:
    return dt.datetime.now(ZoneInfo(place.settings().company.timezone)).date().isoformat()
