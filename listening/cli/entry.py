"""The command `listening`: what a person types is carried out, and a fault that a person can mend is said in a sentence."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from listening import __version__
from listening.cli.terminal import Folder, Status, Visible, app, err, out
from listening.workspace import Mend


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


def main() -> None:
    """Run the command; a fault that a person can mend is said in a sentence, never as a traceback."""
    for console in (out, err):
        console.push_render_hook(Visible())
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
