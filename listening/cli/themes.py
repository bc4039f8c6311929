"""The commands about themes: list, rename, merge, split."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from listening import journey, night, tagging
from listening.cli.terminal import AsJson, Folder, app, out, print_json, print_table, workspace_of
from listening.publish import reading
from listening.workspace import Workspace

PANEL = "Teach the classifier"

WIDE = 120  # characters of a terminal that has room for words beside figures
themes_app = typer.Typer(no_args_is_help=True, help="What customers talk about within each stage: list it, and rename, merge or split.")
app.add_typer(themes_app, name="themes", rich_help_panel=PANEL)
ThemeId = Annotated[str, typer.Argument(help="As in 'listening themes list', such as pay-2.")]


@themes_app.command("list")
def themes_list(
    context: typer.Context,
    stage: Annotated[str | None, typer.Option(help="One stage; without it, all.")] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show the themes of each stage, what they are known by, and what the last 90 days say of them."""
    rows = reading.themes(workspace_of(context, folder), stage)
    if as_json:
        print_json(rows)
        return
    columns = ["theme", "name", "of them", "trouble", "great", "change", "known by"]
    shown = len(columns) if out.width >= WIDE else len(columns) - 1
    for title, group in itertools.groupby(rows, key=lambda row: row["stage_name"]):
        own = list(group)
        spoken = next((row["denominator"] for row in own if row["denominator"]), 0)
        out.print(Text.assemble("\n", (title, "bold"), f" · {spoken} conversations, answers and reviews in 90 days"))
        print_table(columns[:shown], [_theme_row(row)[:shown] for row in own])
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
    _decide(workspace_of(context, folder), lambda book, stages, today: tagging.themes.rename(book, stages, theme, name, today))


@themes_app.command("merge")
def themes_merge(
    context: typer.Context, theme: ThemeId, into: Annotated[str, typer.Argument(help="The theme that it counts as.")], folder: Folder = None
) -> None:
    """Count a theme as another one of its stage, past and future."""
    _decide(workspace_of(context, folder), lambda book, stages, today: tagging.themes.merge(book, stages, theme, into, today))


@themes_app.command("split")
def themes_split(
    context: typer.Context,
    theme: ThemeId,
    parts: Annotated[str, typer.Option("--phrases", help="What to split off, separated by commas, such as 'double charge, charged twice'.")],
    name: Annotated[str | None, typer.Option(help="What to call it; without it, by its first phrase.")] = None,
    folder: Folder = None,
) -> None:
    """Make a theme of its own of what has these phrases; also out of a touchpoint."""
    _decide(workspace_of(context, folder), lambda book, stages, today: tagging.themes.split(book, stages, theme, parts.split(","), name, today))


def _decide(place: Workspace, act: Callable[[tagging.themes.Book, journey.Journey, dt.date], str]) -> None:
    """Write down what a person decides about themes, while no night is under way."""
    with night.held(place) as (settings, _):
        book = tagging.themes.read(place.themes)
        did = act(book, journey.read(place.journey), dt.datetime.now(ZoneInfo(settings.company.timezone)).date())
        tagging.themes.write(place.themes, book)
    out.print(f"{did[0].upper()}{did[1:]}. The next night counts by it ('listening run'); it stands in {place.themes.name}.", markup=False, soft_wrap=True)
