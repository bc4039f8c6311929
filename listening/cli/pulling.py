"""The command about outside systems: sources."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from listening import sources as doors
from listening.cli.terminal import AsJson, app, out, print_json
from listening.workspace import Mend


@app.command(rich_help_panel="Nights")
def sources(
    name: Annotated[str | None, typer.Argument(help="One system, with a configuration to copy.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the systems that can be pulled, the scopes to grant and a configuration to copy."""
    if name and name not in doors.CONNECTORS:
        raise Mend(f"There is no connector '{name}'; there are: files, {', '.join(sorted(doors.CONNECTORS))}.")
    chosen = [connector for key, connector in sorted(doors.CONNECTORS.items()) if name in (None, key)]
    if as_json:
        print_json([connector.told() for connector in chosen])
        return
    for connector in chosen:
        out.print(f"[bold]{escape(connector.title)}[/] ({connector.name}): {', '.join(connector.kinds)}; scopes: {escape(connector.scopes)}")
        if name:
            _print_whole(connector)
    if not name:
        out.print("[bold]Files[/] (files): CSV, JSON lines, Parquet and Excel below the workspace")
        out.print("'listening sources NAME' shows what a system gives, and a configuration to copy.")


def _print_whole(connector: doors.Connector) -> None:
    for stream in connector.streams:
        out.print(f"  {stream.name}: goes on from {escape(stream.cursor)}; overlap: {escape(stream.overlap)}; deletions: {escape(stream.deletions)}")
    out.print(f"  limits: {escape(connector.limits)}\n")
    out.print(escape(connector.example()), soft_wrap=True)
