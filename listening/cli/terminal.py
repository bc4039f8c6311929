"""What every command shares: the application, its options, and how answers, tables and progress are shown in a terminal."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.logging import RichHandler
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from listening import workspace as workspaces
from listening.publish import wording
from listening.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Hear customers honestly: one balanced story of each stage of their journey.",
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
log = logging.getLogger("listening")
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


def workspace_of(context: typer.Context, folder: Path | None) -> Workspace:
    """The workspace that a command is about: as given to it, to `listening` itself, or found."""
    return workspaces.find(folder or context.obj)


def tell(what: T, as_words: Callable[[T], None], as_json: bool) -> None:
    """Print dataclasses as JSON, or in words."""
    if as_json:
        print_json([asdict(one) for one in what] if isinstance(what, list) else asdict(cast(Any, what)))
    else:
        as_words(what)


def print_table(columns: list[str], rows: list[list[Any]]) -> None:
    """Print rows under their columns, folded to the width of the terminal."""
    table = Table(show_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(value)) for value in row))
    out.print(table)


def cell(value: Any) -> str:
    """A value as a table shows it."""
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def interval(row: dict[str, Any], name: str) -> str:
    """A figure with its interval, or nothing where it is not known."""
    return "" if row[name] is None else f"{row[name]:.2f} ({row[f'{name}_low']:.2f}–{row[f'{name}_high']:.2f})"


def print_json(content: Any) -> None:
    """Print for a program to read."""
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=sys.stdout.isatty(), default=str) + "\n")  # a terminal obeys some signs


def show_progress() -> None:
    """Show what the stations log, on standard error."""
    handler = RichHandler(console=err, show_path=False, show_level=False, log_time_format="%H:%M:%S", markup=False)
    log.addHandler(handler)
    log.setLevel(logging.INFO)


class Visible(RenderHook):
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
