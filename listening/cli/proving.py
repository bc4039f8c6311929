"""The command that measures the estimators: prove."""

from __future__ import annotations

from typing import Annotated

import typer

from listening.cli.terminal import AsJson, Status, app, log, out, print_json, print_table, show_progress
from listening.prove import WORLDS, measure

PANEL = "Measure the program"


@app.command(rich_help_panel=PANEL)
def prove(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer worlds, about a minute.")] = False,
    n_worlds: Annotated[int, typer.Option("--worlds", min=24, help="How many of the kind as designed.")] = WORLDS,
    as_json: AsJson = False,
) -> None:
    """Measure the estimators on simulated worlds with known truth, and fail where a figure falls short."""
    show_progress()
    figures = measure(n_worlds, quick, log.info)
    if as_json:
        print_json([vars(figure) for figure in figures])
    else:
        rows = [[f.about, f.what, f.target, f"{f.measured:.3f}", f"{f.error:.3f}", "" if f.passed else "falls short"] for f in figures]
        print_table(["of", "figure", "target", "measured", "± (one standard error)", ""], rows)
        out.print(f"{sum(f.passed for f in figures)} of {len(figures)} figures reach their target.")
    if not all(figure.passed for figure in figures):
        raise typer.Exit(Status.FAILED)
