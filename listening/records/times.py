"""Points in time as sources write them: takes cells, gives UTC datetimes and the company's own date.

A date without a time is that local date everywhere. Whether 03/04 is in March or April is found out from the whole
column, or asked for; it is never guessed.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_NUMERIC = re.compile(r"^(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})(?:[ T,]+(.*))?$")
_TIME = re.compile(r"^(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(?:(Z|UTC|GMT)|([+-]\d{2}):?(\d{2}))?$")
_EPOCH = re.compile(r"^(\d{10}|\d{13}|\d{16}|\d{19})(\.\d+)?$")  # seconds, or thousandths, millionths, billionths of them
_ISO = re.compile(r"\d{4}-\d\d-\d\d$|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|(?:19|20)\d{6}(?:T\d{4,6}|$)")
_WORDED = (
    "%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y", "%Y %B %d", "%Y %b %d",
    "%a %d %b %Y", "%a %d %B %Y", "%A %d %B %Y", "%A %B %d %Y", "%a %b %d %Y", "%a %B %d %Y",
)  # fmt: skip
_EARLIEST = 1990
AGREED = 0.9


class Unreadable(ValueError):
    """A cell that is no point in time that can be relied on; the message is a short reason without the cell."""


@dataclass(frozen=True)
class DayOrder:
    """How often a column's dates can only begin with the day, only with the month, or with either."""

    day_first: int
    month_first: int
    either: int

    @property
    def is_day_first(self) -> bool | None:
        """The order that nine in ten of the telling dates have; None where none tells."""
        telling = self.day_first + self.month_first
        if not telling:
            return None
        if max(self.day_first, self.month_first) < AGREED * telling and self.either:
            raise Unreadable("dates begin with the day in some rows and with the month in others")
        return self.day_first >= self.month_first


def order_of_days(cells: Iterable[object]) -> DayOrder:
    """Count how the numbers of dates such as 03/04/2025 can be read. `is_day_first` raises Unreadable where they disagree."""
    day_first = month_first = either = 0
    for cell in cells:
        match = _NUMERIC.match(str(cell).strip()) if cell is not None else None
        if match and len(match[1]) < 3:
            first, second = int(match[1]), int(match[2])
            day_first += first > 12 >= second
            month_first += second > 12 >= first
            either += first <= 12 and second <= 12 and first != second
    return DayOrder(day_first, month_first, either)


def read(cell: object, zone: ZoneInfo, day_first: bool | None) -> tuple[dt.datetime, bool]:
    """The UTC time of a cell, and whether it was a mere date (then its local midnight).

    Raises:
        Unreadable: it is no time, the order of day and month is not known, or the year cannot be meant.
    """
    if isinstance(cell, dt.datetime):
        return _checked(cell if cell.tzinfo else cell.replace(tzinfo=zone)), False
    if isinstance(cell, dict):  # as MongoDB exports it
        cell = cell.get("$date")
    if not isinstance(cell, str | int | float | dt.date) or isinstance(cell, bool):
        raise Unreadable("date cannot be read")
    return _read(str(cell), zone, day_first)


@functools.lru_cache(maxsize=200_000)
def _read(cell: str, zone: ZoneInfo, day_first: bool | None) -> tuple[dt.datetime, bool]:
    text = " ".join(cell.replace("\u202f", " ").split())
    if match := _EPOCH.match(text):
        seconds = float(text) / 10 ** (len(match[1]) - 10)
        return _checked(dt.datetime.fromtimestamp(seconds, dt.UTC)), False
    try:
        if _ISO.match(text):
            moment = dt.datetime.fromisoformat(re.sub(r" ?(UTC|GMT)$", "+00:00", text))
            is_date = len(text) in (8, 10)
            return _checked(moment if moment.tzinfo else moment.replace(tzinfo=zone)), is_date
    except ValueError:
        pass
    if match := _NUMERIC.match(text):
        day = _numeric_day(match, day_first)
        clock = _clock(match[4] or "", zone)
        return _checked(dt.datetime.combine(day, clock)), not match[4]
    return _worded(text, zone)


def local_date(moment: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The company's date of a moment."""
    return moment.astimezone(zone).date()


def midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The UTC time at which a local date begins."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def _numeric_day(match: re.Match[str], day_first: bool | None) -> dt.date:
    first, second, third = int(match[1]), int(match[2]), int(match[3])
    if len(match[1]) == 4:
        year, month, day = first, second, third
    elif len(match[3]) == 3 or len(match[1]) == 3:
        raise Unreadable("date cannot be read")
    else:
        year = third + (2000 if len(match[3]) < 3 else 0)
        if first > 12 or second > 12:  # only one reading exists
            day, month = max(first, second), min(first, second)
        elif day_first is None and first != second:
            raise Unreadable("order of day and month is not known")
        else:
            day, month = (first, second) if day_first else (second, first)
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise Unreadable("date does not exist") from None


def _clock(text: str, zone: ZoneInfo) -> dt.time:
    if not text:
        return dt.time(tzinfo=zone)
    match = _TIME.match(text.strip())
    if not match:
        raise Unreadable("time of day cannot be read")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].lower().startswith("p") else 0)
    offset: dt.tzinfo = zone
    try:
        if match[5]:
            offset = dt.UTC
        elif match[6]:
            sign = -1 if match[6].startswith("-") else 1
            offset = dt.timezone(sign * dt.timedelta(hours=abs(int(match[6])), minutes=int(match[7])))
        return dt.time(hour, minute, second, tzinfo=offset)
    except ValueError:
        raise Unreadable("time of day does not exist") from None


def _worded(text: str, zone: ZoneInfo) -> tuple[dt.datetime, bool]:
    bare = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", re.sub(r"(?i)\bsept\b", "Sep", text.replace(",", " ").replace(".", " ")))
    parts = re.match(r"^(.*?\b\d{2,4})(?:\s+(?:at\s+)?(\d{1,2}:\d{2}.*))?$", " ".join(bare.split()))
    for form in _WORDED if parts else ():
        assert parts is not None
        try:
            day = dt.datetime.strptime(parts[1], form).date()
        except ValueError:
            continue
        return _checked(dt.datetime.combine(day, _clock(parts[2] or "", zone))), not parts[2]
    raise Unreadable("date cannot be read")


def _checked(moment: dt.datetime) -> dt.datetime:
    if moment.year < _EARLIEST:
        raise Unreadable(f"date is before {_EARLIEST}")
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise Unreadable("date cannot be meant") from None
