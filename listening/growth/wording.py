"""Words for growth: takes troubles, gives them as a leader reads them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.journey import Journey


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
