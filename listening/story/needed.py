"""How many more random check-ins a stage needs for a number: takes the cells and readings of the last night, gives answers and what they would add.

The real estimator is asked: what would it say with so many more answers, alike those that the stage has had?
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.journey import Journey
from listening.story import estimates
from listening.story.station import NOW
from listening.warehouse import Warehouse

MOST = 64  # answers more; beyond them a stage needs something else
FURTHER = 10  # answers, of which it is said what they would add
NUMBERS = ["customers", "asked", "answered", "trouble", "in_between", "great"]


def needed(warehouse: Warehouse, journey: Journey) -> list[dict[str, Any]]:
    """For each stage: who was asked and answered in the last 90 days, and how many more answers a number needs.

    Returns:
        `stage`, `customers`, `asked`, `answered`, `evidence_level`, `half_width` (points of net experience, of a
        number), `more` (answers more until a number can be told; 0 where it can, None where answers are not what is
        lacking) and `half_width_then`: with those, or with ten more where there is a number already.
    """
    cells, readings = warehouse.whole("story/cells"), warehouse.whole("story/readings")
    cells, readings = (
        frame[(frame["period_kind"] == "rolling") & (frame["cut_by"] == "all") & frame["stage"].isin(journey.names)] for frame in (cells, readings)
    )
    cells = cells.astype(dict.fromkeys(NUMBERS, float))
    return [_of_stage(stage, cells, readings) for stage in journey.names]


def _of_stage(stage: str, cells: pd.DataFrame, readings: pd.DataFrame) -> dict[str, Any]:
    here = cells[(cells["stage"] == stage) & (cells["period"] == NOW)]
    counts = {name: int(here[name].sum()) for name in ("customers", "asked", "answered")}
    level, half = _with(0, stage, cells, readings)
    more = _fewest(stage, cells, readings) if level != "estimate" and counts["customers"] else 0 if level == "estimate" else None
    then = None if more is None else _with(more or FURTHER, stage, cells, readings)[1]
    return {"stage": stage, **counts, "evidence_level": level, "half_width": half, "more": more, "half_width_then": then}


def _fewest(stage: str, cells: pd.DataFrame, readings: pd.DataFrame) -> int | None:
    """The fewest answers more with which the stage has a number, found by halving."""
    if _with(MOST, stage, cells, readings)[0] != "estimate":
        return None
    low, high = 0, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _with(middle, stage, cells, readings)[0] == "estimate" else (middle, high)
    return high


def _with(more: int, stage: str, cells: pd.DataFrame, readings: pd.DataFrame) -> tuple[str, float | None]:
    """Evidence level and half-width of a stage's last 90 days with so many more answers."""
    grown = _grown(more, stage, cells) if more else cells
    solved = estimates.estimate(grown, readings).stages
    found = solved[(solved["stage"] == stage) & (solved["period"] == NOW)]
    if found.empty:
        return "insufficient", None
    row = found.iloc[0]
    return str(row["evidence_level"]), float(row["net_high"] - row["net_low"]) / 2 if row["evidence_level"] == "estimate" else None


def _grown(more: int, stage: str, cells: pd.DataFrame) -> pd.DataFrame:
    """The same cells with more answers: from the stage's customers as they are, answering as all who were asked have."""
    here = (cells["stage"] == stage) & (cells["period"] == NOW)
    part = more * cells["customers"].where(here, 0) / max(cells.loc[here, "customers"].sum(), 1)
    heard, told = cells[["trouble", "in_between", "great"]].sum(), cells[["trouble", "in_between", "great"]].sum().sum()
    shares = heard / told if told else pd.Series({"trouble": 0.3, "in_between": 0.4, "great": 0.3})
    asked = part * cells["asked"].sum() / cells["answered"].sum() if cells["answered"].sum() else part
    return cells.assign(
        asked=cells["asked"] + asked, answered=cells["answered"] + part, **{str(name): cells[name] + part * share for name, share in shares.items()}
    )
