"""The commands that measure this program itself: bench, prove."""

from __future__ import annotations

from typing import Annotated

import typer

from listening import bench, bench_story
from listening.cli.terminal import AsJson, Status, app, log, out, print_json, print_table, show_progress
from listening.prove import WORLDS, measure

PANEL = "Measure the program"


@app.command("bench", rich_help_panel=PANEL)
def bench_(
    records: Annotated[int, typer.Option(help="How many rows, made from the sample's own words.")] = 20_000,
    of_tagging: Annotated[bool, typer.Option("--tagging", help="Tagging alone, Parquet to Parquet, beside plain scikit-learn and a script.")] = False,
    of_warnings: Annotated[bool, typer.Option("--warnings", help="The early warning alone, on 2,000 series over a year.")] = False,
    of_story: Annotated[bool, typer.Option("--story", help="Counting and telling alone, with that many records of history and ten times as many.")] = False,
    as_json: AsJson = False,
) -> None:
    """Time a night, station by station, on rows made for size."""
    if of_story:
        _print_nights(bench_story.bench_story((records, 10 * records)), as_json)
        return
    if of_warnings:
        _print_watching(bench.bench_warnings(), as_json)
        return
    if of_tagging:
        _print_rates(bench.bench_tagging(records), as_json)
        return
    timed = bench.bench(records)
    if as_json:
        print_json([vars(station) for station in timed])
        return
    whole = sum(station.seconds for station in timed)
    rows = [[t.station, f"{t.seconds:.1f}", f"{records / t.seconds:,.0f}", f"{t.seconds / whole:.0%}", f"{t.peak_mb:,.0f}"] for t in timed]
    print_table(
        ["station", "seconds", "records/s", "share of the night", "peak memory, MB"], [*rows, ["all", f"{whole:.1f}", f"{records / whole:,.0f}", "", ""]]
    )


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


def _print_nights(nights: list[bench_story.Night], as_json: bool) -> None:
    if as_json:
        print_json([vars(night) for night in nights])
        return
    short = {night.night: night.processor_seconds for night in reversed(nights)}
    rows = [[f"{n.records:,}", n.night, f"{n.seconds:.2f}", f"{n.processor_seconds:.2f}", f"{n.processor_seconds / short[n.night]:.1f}"] for n in nights]
    print_table(["records", "night", "seconds", "processor seconds", "times that of the shorter history"], rows)


def _print_watching(watched: bench.Watching, as_json: bool) -> None:
    if as_json:
        print_json(vars(watched) | {"series_nights_a_second": watched.series_nights})
        return
    out.print(f"{watched.series:,} series over {watched.nights} nights: {watched.series_nights:,.0f} series-nights a second of one processor.")
    out.print(f"One night more, with its last 14 days judged anew: {watched.night_seconds:.2f} s.")


def _print_rates(rates: list[bench.Rate], as_json: bool) -> None:
    if as_json:
        print_json([vars(rate) for rate in rates])
        return
    own = rates[0].records / rates[0].processor_seconds
    rows = [
        [rate.way, f"{rate.records / rate.seconds:,.0f}", f"{speed:,.0f}", f"{own / speed:.1f}", f"{rate.peak_mb:,.0f}"]
        for rate in rates
        for speed in [rate.records / rate.processor_seconds]
    ]
    print_table(["way", "records/s", "records/s a core", "one process of ours is faster by", "peak memory of a process, MB"], rows)
