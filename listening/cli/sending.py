"""The commands that hand the story to people: publish (a page for each owner), digest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from listening.cli.nights import block_of_prefect
from listening.cli.terminal import AsJson, Folder, Status, app, out, print_json, workspace_of
from listening.publish import notices, owners
from listening.workspace import Mend

PANEL = "Hand on"


@app.command(rich_help_panel=PANEL)
def publish(
    context: typer.Context,
    owner: Annotated[str | None, typer.Option("--owner", help="As journey.yaml names them; without it, a page for each owner.")] = None,
    to: Annotated[Path | None, typer.Option("--out", help="The folder to write into; without it, published/owners.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Write one page to send for an owner, as Markdown and as the HTML of an e-mail: their stages and touchpoints, nobody else's."""
    pages = owners.write(workspace_of(context, folder), owner, to)
    if as_json:
        print_json([page._asdict() for page in pages])
        return
    for page in pages:
        yours = ", ".join([*page.stages, *page.touchpoints])
        out.print(Text.assemble((page.owner, "bold"), f" ({yours}): {page.markdown} and {page.html.name}"), soft_wrap=True)


@app.command(rich_help_panel=PANEL)
def digest(
    context: typer.Context,
    test: Annotated[bool, typer.Option("--test", help="Send a test by every way that [digest] in listening.toml sets up.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Say by which ways people are told what changed, when that was last done and what waits; --test sends a test."""
    place = workspace_of(context, folder)
    settings = place.settings()
    if not settings.digest.ways:
        raise Mend(f"{place.configuration} has no [digest] with email, slack_webhook, teams_webhook or prefect_block, so nobody is told.")
    if not test:
        found = notices.standing(place, settings)
        if as_json:
            print_json(found)
            return
        for way, kept in found.items():
            last = f"last told on {kept['sent_on']}" if kept["sent_on"] else "nothing told yet"
            out.print(Text.assemble((way, "bold"), f" {last}; {len(kept['waiting'])} sentences wait for the next night"), soft_wrap=True)
            for item in kept["waiting"]:
                out.print(f"  {item['sentence']}", markup=False, soft_wrap=True)
        return
    by_block = block_of_prefect() if settings.digest.prefect_block else None
    sent = notices.attempt(place, settings.digest, settings.company.name, by_block)
    if as_json:
        print_json(sent)
    else:
        for way, trouble in sent.items():
            out.print(Text.assemble(("✗", "red") if trouble else ("✓", "green"), " ", (way, "bold"), f" {trouble or 'a test is sent'}"), soft_wrap=True)
    if any(sent.values()):
        raise typer.Exit(Status.FAILED)
