"""Words for growth: takes counts, money and troubles, gives them as a leader reads them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.journey import Journey

SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}


def money(amount: float, currency: str) -> str:
    """An amount without decimals; three figures are as exact as it is known."""
    rounded = f"{abs(amount):,.0f}" if abs(amount) < 1000 else f"{float(f'{abs(amount):.3g}'):,.0f}"
    sign = "-" if amount < 0 and rounded != "0" else ""
    return f"{sign}{SIGNS[currency]}{rounded}" if currency in SIGNS else f"{sign}{rounded} {currency}"


def count(number: float, one: str = "customer", many: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,.0f} {one if round(number) == 1 else many or one + 's'}"


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame by column."""
    found: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]  # columns are always named by words
    return found


def of_troubles(kinds: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """Each trouble with its touchpoint, its name in words, and the owner of its touchpoint, else of its stage."""
    kinds = kinds.assign(touchpoint=pd.Series([_touchpoint(row, journey) for row in rows(kinds)], kinds.index, dtype=object))
    owners = {stage.stage: stage.owner for stage in journey.stages}
    points = {point.touchpoint: point.owner or stage.owner for stage in journey.stages for point in stage.touchpoints}
    titles = journey.titles
    names, owned = [], []
    for row in rows(kinds):
        about = titles.get(row["stage"], row["stage"])
        if row["told_by"] == "operations":
            names.append(f"a failure of “{str(row['measure']).replace('_', ' ')}” ({about})")
        else:
            theme = row["theme_name"] if isinstance(row["theme_name"], str) else None
            names.append(f"a ticket, chat or call about {theme} ({about})" if theme else f"another ticket, chat or call about {about}")
        owned.append(points.get(row["touchpoint"]) or owners.get(row["stage"]))
    return kinds.assign(name=pd.Series(names, kinds.index, dtype=object), owner=pd.Series(owned, kinds.index, dtype=object))


def _touchpoint(row: dict[str, Any], journey: Journey) -> str | None:
    """The touchpoint that the source gives, else the first of the stage whose words stand in the measure's name."""
    if isinstance(row["touchpoint"], str):
        return row["touchpoint"]
    said = f" {str(row['measure']).replace('_', ' ')} ".casefold()
    points = (point for stage in journey.stages if stage.stage == row["stage"] for point in stage.touchpoints)
    return next((point.touchpoint for point in points if any(f" {word.replace('-', ' ').casefold()} " in said for word in point.words)), None)
