"""The delivery gap: takes what people inside believe and how customers live, gives the gap with its interval, by stage and role."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from listening import chances
from listening.figures import count, interval, number, percent, points
from listening.journey import Journey
from listening.leading.lived import BY_CHECKINS, CHECKINS, KEY
from listening.leading.wording import rows

NOBODY = "nobody"
TOO_GOOD, TOO_BAD, NO_GAP, NOT_KNOWN = "too good", "too bad", "no clear gap", "not known"
VERDICTS = {TOO_GOOD: "It is believed to be better than it is", TOO_BAD: "It is believed to be worse than it is", NO_GAP: "No clear gap"}


def compared(grid: pd.DataFrame, believed: pd.DataFrame, great: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `delivery_gap`.

    Args:
        grid: every stage and period.
        believed: the beliefs by stage, period and role, as `leading/believed` gives them.
        great: the share of customers who live it great by stage and period, as `lived.known` gives it.
        journey: for the stages' names.
    """
    frame = grid.merge(believed.drop(columns=["period_start", "period_end", "is_over"]), on=KEY, how="left")
    frame = frame.merge(great, on=KEY, how="left")
    frame = frame.rename(columns={"value": "great_of_customers", "low": "great_low", "high": "great_high"})
    frame["role"] = frame["role"].fillna(NOBODY)
    frame = frame.sort_values(["stage", "role", "period_kind", "period_start"])
    frame["believed_before"] = frame.groupby(["stage", "role", "period_kind"])["believed"].shift()
    half = _doubt(frame["raters"].fillna(0), frame["deviation"].fillna(0))
    frame["gap"] = frame["believed"] - frame["great_of_customers"]
    frame["gap_low"] = frame["gap"] - np.hypot(half, frame["great_high"] - frame["great_of_customers"])
    frame["gap_high"] = frame["gap"] + np.hypot(half, frame["great_of_customers"] - frame["great_low"])
    frame["belief"] = np.select([frame["gap"].isna(), frame["gap_low"] > 0, frame["gap_high"] < 0], [NOT_KNOWN, TOO_GOOD, TOO_BAD], NO_GAP)
    return frame.assign(text=[_sentence(row, journey.titles[row["stage"]]) for row in rows(frame)])


def _doubt(raters: pd.Series[Any], deviation: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Half the interval of the raters' mean; nothing of one answer."""
    wide = [chances.student(int(n) - 1) * d / np.sqrt(n) if n > 1 else 0.0 for n, d in zip(raters, deviation, strict=True)]
    return np.array(wide, float)


def _sentence(row: dict[str, Any], title: str) -> str:
    if row["role"] == NOBODY:
        return (
            f"{title}: what people inside believe is not known: nobody was asked in this period (kind internal_ratings; ‘listening beliefs’ writes the form)."
        )
    by = row["role"] if row["role"] != "not said" else "people whose role is not said"
    if pd.isna(row["believed"]):
        return f"{title}, seen by {by}: rated {number(row['rating'], 1)}; without a share (great_share) that cannot be set beside customers' lives."
    before = "" if pd.isna(row["believed_before"]) else percent(row["believed_before"])
    moved = f" (the time before: {before})" if before not in ("", percent(row["believed"])) else ""
    says = f"{title}, seen by {by} ({count(row['raters'], 'answer', 'answers')}): {percent(row['believed'])} live it great{moved}"
    if pd.isna(row["great_of_customers"]):
        return f"{says}; how many do is not known, so neither is the gap. About 15 answers to random check-ins a quarter would tell."
    lived = interval(row["great_of_customers"], row["great_low"], row["great_high"])
    basis = BY_CHECKINS if row["basis"] == CHECKINS else ""
    gap = points(*(100 * row[name] for name in ("gap", "gap_low", "gap_high")))
    return f"{says}; {lived} of all its customers do{basis}. {VERDICTS[row['belief']]}: {gap}."
