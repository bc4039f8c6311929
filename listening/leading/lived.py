"""How all customers of a stage live: takes the balanced estimate and the answers of customers who were asked at random, gives the one that is known."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from listening import intervals

KEY = ["stage", "period_kind", "period"]
POOLED = 4  # periods whose check-ins are counted together, for a year
LEAST = 30  # answers of a year that say something without an estimate
ESTIMATE, CHECKINS = "balanced estimate", "random check-ins of four periods"
BY_CHECKINS = ", by a year's random check-ins alone"  # in words


def pooled(grid: pd.DataFrame, counts: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Counts of each period and the three before it together, for every stage and period of the grid."""
    columns = [*names]
    frame = grid.merge(counts[[*KEY, *columns]], on=KEY, how="left").sort_values(["stage", "period_kind", "period_start"]).reset_index(drop=True)
    summed = frame.fillna(dict.fromkeys(columns, 0)).groupby(["stage", "period_kind"])[columns].rolling(POOLED, min_periods=1).sum()
    return frame[KEY].join(summed.reset_index(drop=True))


def known(grid: pd.DataFrame, estimated: pd.DataFrame, answered: pd.DataFrame, side: str) -> pd.DataFrame:
    """Share of the stage's customers in trouble or living it great, by stage and period: value, low, high and basis.

    The estimate where there is one, else the answers of four periods as they are: those are a random sample, too, only
    a smaller and an older one.
    """
    counts = pooled(grid, answered, ["answers", side])
    value, low, high = intervals.share(counts[side], counts["answers"])
    enough = counts["answers"] >= LEAST
    asked = counts[KEY].assign(value=value, low=low, high=high, basis=CHECKINS)[enough]
    frame = grid[KEY].merge(estimated[[*KEY, "value", "low", "high"]].assign(basis=ESTIMATE), on=KEY, how="left")
    return frame.set_index(KEY).combine_first(asked.set_index(KEY)).reindex(pd.MultiIndex.from_frame(grid[KEY])).reset_index()
