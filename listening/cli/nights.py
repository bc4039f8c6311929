"""The commands that make, check and run a workspace: init, check, run, rebuild."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.text import Text

from listening import check, night
from listening import workspace as workspaces
from listening.cli.terminal import AsJson, Folder, Status, app, log, out, print_json, show_progress, workspace_of
from listening.publish import notices
from listening.workspace import Mend, Workspace

PANEL = "Make and run"


@app.command(rich_help_panel=PANEL)
def init(
    context: typer.Context, directory: Annotated[Path | None, typer.Argument(help="The folder to make or complete.")] = None, folder: Folder = None
) -> None:
    """Make a workspace, or complete one, and fit the stage classifier to its journey. Nothing that exists is changed."""
    place = workspaces.find(directory or folder or context.obj)
    for sentence in night.prepare(place, workspaces.shipped("default-journey.yaml")):
        out.print(sentence, soft_wrap=True)
    out.print(f"Next: put your exports into {place.inbox}; 'listening check' suggests what to write into {place.configuration.name}.", soft_wrap=True)


@app.command("check", rich_help_panel=PANEL)
def check_(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Say what is wrong with configuration, files, classifier and disk, and how to mend it. Changes nothing."""
    findings = check.check(workspace_of(context, folder))
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        signs = {"ok": ("✓", "green"), "guess": ("?", "yellow"), "fault": ("✗", "red")}
        for finding in findings:
            sign, colour = signs[finding.state]
            out.print(Text.assemble((sign, colour), " ", (finding.what, "bold"), " ", finding.sentence), soft_wrap=True)
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(Status.WRONG_USAGE)


@app.command(rich_help_panel=PANEL)
def run(
    context: typer.Context,
    folder: Folder = None,
    direct: Annotated[bool, typer.Option("--direct", help="Walk the same stations without Prefect.")] = False,
    as_of: Annotated[str | None, typer.Option(help="Tell the night as of this date (to its end) or time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a night: gather, understand, tell, publish."""
    place = workspace_of(context, folder)
    settings = place.settings()  # what is plainly wrong is said before Prefect takes its time to start
    if not settings.sources and not settings.faults:
        raise Mend(f"{place.configuration} names no source. Put your exports into inbox/; 'listening check' suggests a table for each.")
    show_progress()
    tonight = _direct(place, as_of) if direct else _through_prefect(place, as_of)
    if as_json:
        print_json(tonight)
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


def block_of_prefect() -> notices.Block:
    """What sends by a Prefect block."""
    from pipelines.nightly import by_block

    return by_block


@app.command(rich_help_panel=PANEL)
def rebuild(context: typer.Context, folder: Folder = None, as_json: AsJson = False) -> None:
    """Throw the store away and build it again from what has landed. Nothing is pulled."""
    place = workspace_of(context, folder)
    show_progress()
    built = night.outcome(night.run(place, is_anew=True, is_pulling=False))
    if as_json:
        print_json(built)
    else:
        out.print(built["report"], soft_wrap=True, markup=False)
    raise typer.Exit(built["status"])
