"""Nights of a company made for size: takes how many records, gives what each station used on the first night and on the nights after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from listening import night
from listening.bench.company import DAYS, TODAY, Company
from listening.bench.rates import Rate, alone
from listening.meter import Meter, Used
from listening.workspace import Mend, Workspace

FEWEST_CUSTOMERS = 50
RECORDS_A_CUSTOMER = 5
BESIDE = "around"


@dataclass(frozen=True)
class Walked:
    """One night: what it was, how many records it brought, what each station used, the peak memory of all its processes, and what lies on the disk after it."""

    what: str
    records: int
    stations: dict[str, Used]
    peak_mb: float
    store_mb: float
    published_mb: float

    @property
    def seconds(self) -> float:
        """On the clock, by all stations."""
        return sum(used.seconds for used in self.stations.values())

    @property
    def processor_seconds(self) -> float:
        """Of processors, by all stations."""
        return sum(used.processor_seconds for used in self.stations.values())

    def as_rate(self, way: str) -> Rate:
        """The night as one way to go from files to tables."""
        return Rate(way, self.records, self.seconds, self.processor_seconds, self.peak_mb)


def nights(folder: Path, records: int, history: int = 0) -> Iterator[Walked]:
    """Walk the first night over two years of records in a new folder.

    With a history, the first night is over that; then come a night with one new record and one with `records` of the last day.
    """
    company = Company(folder, max((history or records) // RECORDS_A_CUSTOMER, FEWEST_CUSTOMERS))
    plan = [("first night", history or records, DAYS)] + [("one new record", 1, 1), ("new records", records, 1)] * (history > 0)
    for after, (what, number, days) in enumerate(plan):
        today = TODAY + dt.timedelta(days=after)
        company.speak(number, today, days)
        stations, peak = alone(_walk, company.place.root, today)
        place = company.place
        yield Walked(what, number, stations, peak, _size(place.warehouse), _size(place.published / "listening.duckdb"))


def _walk(root: Path, today: dt.date) -> dict[str, Used]:
    """One night, in a process of its own; what it uses beside its stations is opening the store, closing it and what stands in between."""
    meter = Meter()
    with meter("whole"):
        tonight = night.run(Workspace(root), today.isoformat())
    if tonight.faults:
        raise Mend(f"the night over rows made for size failed: {tonight.faults}", status=1)
    whole, stations = meter.used["whole"], tonight.meter.used
    seconds, processors = (sum(getattr(used, name) for used in stations.values()) for name in ("seconds", "processor_seconds"))
    return stations | {BESIDE: Used(whole.seconds - seconds, whole.processor_seconds - processors, whole.peak_mb)}


def _size(path: Path) -> float:
    return path.stat().st_size / 1e6
