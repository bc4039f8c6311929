"""The command that measures how long this program takes: bench."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from listening import bench
from listening.cli.terminal import AsJson, Folder, app, out, print_json, print_table, workspace_of
from listening.meter import Used

HEAD = ["station", "seconds", "processor seconds", "records/s", "share of the night", "peak memory, MB"]


@app.command("bench", rich_help_panel="Measure the program")
def bench_(
    context: typer.Context,
    records: Annotated[int, typer.Option(min=1, help="How many records, made from the sample's own words.")] = 20_000,
    history: Annotated[int, typer.Option(help="Time --records of one day on so many before, beside a night with one record.")] = 0,
    of_tagging: Annotated[bool, typer.Option("--tagging", help="Tagging alone, Parquet to Parquet, beside plain scikit-learn and a script.")] = False,
    of_warnings: Annotated[bool, typer.Option("--warnings", help="The early warning alone, on 2,000 series over a year.")] = False,
    of_story: Annotated[bool, typer.Option("--story", help="Counting and telling alone, with that many records of history and ten times as many.")] = False,
    of_page: Annotated[bool, typer.Option("--page", help="The page alone: the workspace's own, grown to 12 stages of 20 quarters.")] = False,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Time nights, station by station, on records made for size; and others on the same files."""
    if of_warnings:
        _print_watching(bench.bench_warnings(), as_json)
    elif of_story:
        _print_told(bench.bench_story((records, 10 * records)), as_json)
    elif of_page:
        _print_rendered(bench.bench_page(workspace_of(context, folder)), as_json)
    elif of_tagging:
        _print_rates(bench.bench_tagging(records), as_json)
    else:
        _time_nights(records, history, as_json)


def _time_nights(records: int, history: int, as_json: bool) -> None:
    nights = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "company")
        for night in bench.nights(place, records, history):
            nights.append(night)
            if not as_json:
                _print_night(night)
        peers = bench.beside(min((place / "inbox").glob("survey-*.csv")))
    if as_json:
        print_json({"nights": [dataclasses.asdict(night) for night in nights], "peers": [vars(rate) for rate in peers]})
        return
    if history:
        _print_after(*nights)
    _print_peers(nights[0], peers)


def _print_night(night: bench.Walked) -> None:
    out.print(f"{night.what.capitalize()}: {night.records:,} records; the store has {night.store_mb:,.0f} MB, what is published {night.published_mb:,.0f} MB.")
    whole = Used(night.seconds, night.processor_seconds, night.peak_mb)
    print_table(HEAD, [_row(name, used, night) for name, used in [*night.stations.items(), ("all", whole)]])


def _row(name: str, used: Used, night: bench.Walked) -> list[str]:
    rate, share = night.records / max(used.seconds, 1e-9), used.seconds / night.seconds
    return [name, f"{used.seconds:.1f}", f"{used.processor_seconds:.1f}", f"{rate:,.0f}", f"{share:.0%}", f"{used.peak_mb:,.0f}"]


def _print_after(first: bench.Walked, one: bench.Walked, more: bench.Walked) -> None:
    """What new records cost beyond a night with one, station by station, and as a part of the first night."""
    head = ["station", "one record, s", f"{more.records:,} records, s", "beyond one, s", "beyond one, processor s"]
    print_table(head, [[name, *_beyond(one.stations[name], used)] for name, used in more.stations.items()])
    for clock, of in (("on the clock", "seconds"), ("of processors", "processor_seconds")):
        base = getattr(one, of)
        beyond, whole = getattr(more, of) - base, getattr(first, of) - base
        out.print(
            f"A night of one record aside, {more.records:,} new records took {beyond:.1f} s {clock}: "
            f"{beyond / whole:.1%} of the {whole:.1f} s of the first night over {first.records:,}."
        )


def _beyond(one: Used, more: Used) -> list[str]:
    beyond = (more.seconds - one.seconds, more.processor_seconds - one.processor_seconds)
    return [f"{seconds:.1f}" for seconds in (one.seconds, more.seconds, *beyond)]


def _print_peers(night: bench.Walked, peers: list[bench.Rate]) -> None:
    ways = [night.as_rate("the whole first night, from files to the page"), *peers]
    own = ways[0]
    rows = [
        [
            rate.way,
            f"{rate.records:,}",
            f"{rate.speed:,.0f}",
            f"{rate.speed_a_core:,.0f}",
            f"{own.speed_a_core / rate.speed_a_core:.2f}",
            f"{rate.peak_mb:,.0f}",
        ]
        for rate in ways
    ]
    print_table(["way", "records", "records/s", "records/s a core", "the night's pace to it, a core", "peak memory, MB"], rows)


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
    rows = [
        [rate.way, f"{rate.speed:,.0f}", f"{rate.speed_a_core:,.0f}", f"{rates[0].speed_a_core / rate.speed_a_core:.1f}", f"{rate.peak_mb:,.0f}"]
        for rate in rates
    ]
    print_table(["way", "records/s", "records/s a core", "one process of ours is faster by", "peak memory, MB"], rows)


def _print_rendered(rendered: bench.Rendered, as_json: bool) -> None:
    if as_json:
        print_json(vars(rendered))
        return
    out.print(
        f"{rendered.stages} stages of {rendered.periods} quarters: {rendered.pages:,} pages in {rendered.seconds:.1f} s "
        f"({rendered.processor_seconds:.1f} s of processors), the largest {rendered.largest_kb:,.0f} kB."
    )


def _print_told(nights: list[bench.Told], as_json: bool) -> None:
    if as_json:
        print_json([vars(night) for night in nights])
        return
    used = ("counted_seconds", "counted_processor_seconds", "told_seconds", "told_processor_seconds")
    rows = [[f"{night.records:,}", night.night, *(f"{getattr(night, name):.2f}" for name in used)] for night in nights]
    print_table(["records", "night", "s to count", "of processors", "s to tell", "of processors"], rows)
