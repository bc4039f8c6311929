"""Where a night ends and the next one begins: takes values of the cursor column, gives bounds that lose no row that was committed late.

A cursor is only ever what the database itself holds: the greatest value that was read, and never later than its clock.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import Any
from zoneinfo import ZoneInfo

from listening.sources.http import Stopped

LAG_SECONDS = 3600
LAG_STEPS = 10_000
UNKNOWN_ZONE = dt.timedelta(hours=12)  # no clock on a wall is further behind UTC
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d.*")


def form(value: Any) -> str:
    """What a cursor holds: instant (with a zone), moment (without), day, number, written (a moment as text) or word (other text, in the database's order).

    Raises:
        Stopped: nothing that rows could be ordered by.
    """
    if isinstance(value, dt.datetime):
        return "instant" if value.tzinfo else "moment"
    if isinstance(value, dt.date):
        return "day"
    if isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool):
        return "number"
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value):
        raise Stopped("has a cursor of numbers written as text, which sort as words do (10 before 9). Cast it to a number with query.")
    if isinstance(value, str):
        return "written" if _MOMENT.fullmatch(value) else "word"
    raise Stopped(f"has a cursor that rows cannot be ordered by ({type(value).__name__}). Name a time or a growing number, or leave cursor out.")


def kept(value: Any) -> dict[str, str]:
    """A cursor as a checkpoint holds it."""
    return {"form": form(value), "value": value.isoformat() if isinstance(value, dt.date) else str(value)}


def taken_up(checkpoint: dict[str, str]) -> Any:
    """The cursor that a checkpoint holds."""
    value = checkpoint["value"]
    match checkpoint["form"]:
        case "instant" | "moment":
            return dt.datetime.fromisoformat(value)
        case "day":
            return dt.date.fromisoformat(value)
        case "number":
            number = decimal.Decimal(value)
            return int(number) if number == number.to_integral_value() else number
    return value


def before(value: Any, lag: int | None) -> Any:
    """The lower bound, itself included, of what is read again: rows committed late stand between it and the cursor."""
    match form(value):
        case "instant" | "moment":
            return value - dt.timedelta(seconds=LAG_SECONDS if lag is None else lag)
        case "day":
            return value - dt.timedelta(days=1 + (lag or 0) // 86400)
        case "number":
            return value - (LAG_STEPS if lag is None else lag)
        case "written":  # a beginning sorts before everything that goes on from it
            earlier = dt.datetime.fromisoformat(value[:19]) - dt.timedelta(seconds=LAG_SECONDS if lag is None else lag)
            return earlier.isoformat(sep=value[10], timespec="seconds")
    return value


def is_behind(value: Any, bound: Any) -> bool:
    """Whether a cursor lies before a bound of its own form; words have an order that only their database knows."""
    return form(value) != "word" and bool(value < bound)


def earlier(value: Any, clock: Any, zone: str | None) -> Any:
    """A cursor, or the database's clock where the cursor is ahead of it: one row from the future must not hide what comes before it."""
    kind = form(value)
    if kind not in ("instant", "moment", "day", "written"):
        return value
    now = clock if isinstance(clock, dt.datetime) else dt.datetime.fromisoformat(str(clock))
    now = now.astimezone(dt.UTC) if now.tzinfo else now.replace(tzinfo=dt.UTC)
    there = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if zone else now.replace(tzinfo=None) - UNKNOWN_ZONE
    if kind == "day":
        return min(value, there.date())
    if kind == "written":
        return min(value, there.isoformat(sep=value[10], timespec="seconds"))
    return min(value, now if value.tzinfo else there)
