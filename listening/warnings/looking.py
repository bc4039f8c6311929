"""All that a night's watch looks at: the store's counts in, arrays of the watched series out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening.warehouse import Warehouse
from listening.warnings import arrivals, series
from listening.warnings.detector import HISTORY, Counted
from listening.warnings.series import Days, Key

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Looked:
    """All that is looked at in a night, as arrays: `first` is the date of column 0."""

    keys: list[Key]
    days: Days
    seen: Counted
    heard: dict[str, tuple[int, int]]
    first: dt.date

    def index(self, day: dt.date) -> int:
        """The column of a date."""
        return (day - self.first).days

    def date(self, index: int) -> dt.date:
        """The date of a column."""
        return self.first + dt.timedelta(days=index)


def look(warehouse: Warehouse, given: dict[str, Any], brought: pd.DataFrame, since: dt.date, keys: list[Key] | None) -> Looked:
    """Counts of all days after `since` as arrays; what lies before is summed up in column 0."""
    number = (given["until"] - since).days + 1

    def by_day(name: str) -> pd.DataFrame:
        rows = warehouse.frame(f"warnings/{name}", **given, since=since)
        return rows.assign(day=_columns(rows["day"], since))

    days = Days(by_day("voice_days"), by_day("operation_days"), by_day("customer_days"), since, number)
    by_source = {str(source): rows.assign(day=_columns(rows["day"], since)) for source, rows in brought.groupby("source")}
    heard = {source: (int(rows["day"].min()), int(rows["day"].max())) for source, rows in by_source.items()}
    if keys is None:
        keys = series.choose(_before(days, _column(given["until"].replace(day=1), since)), heard)
    completeness = _completeness(warehouse, given, heard, number)
    silent = {source: series.silences(rows, number)[0] for source, rows in by_source.items()}
    return Looked(keys, days, series.fold(days, keys, completeness, heard, silent), heard, since)


def _column(day: dt.date, since: dt.date) -> int:
    return (day - since).days


def _columns(days: pd.Series[Any], since: dt.date) -> pd.Series[int]:
    """Dates as columns, column 0 being `since`."""
    return (pd.to_datetime(days) - pd.Timestamp(since)).dt.days


def _before(days: Days, month: int) -> Days:
    """The mentions before this month; all where there is hardly any day before. A measure is watched from its first day."""
    if month <= HISTORY:
        return days
    return Days(days.voice[days.voice["day"] < month], days.operations, days.customers, days.first, month)


def _completeness(warehouse: Warehouse, given: dict[str, Any], heard: dict[str, tuple[int, int]], number: int) -> dict[str, Floats]:
    """By source, the share that has arrived of each day."""
    rows = warehouse.frame("warnings/arrivals", **given)
    rows = rows.assign(day=_columns(rows["day"], given["today"]))
    today = number - 1 + (given["today"] - given["until"]).days
    looks = np.array([_column(row["landed_on"], given["today"]) + today for row in warehouse.rows("warnings/looks", **given)], np.int64)
    learnt = {str(source): arrivals.by_age(own, 0) for source, own in rows.groupby("source")}
    return {source: arrivals.by_day(learnt[source], number, today, looks) if source in learnt else np.ones(number) for source in heard}
