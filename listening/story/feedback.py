"""What those who spoke said: takes counts by source, gives each source's shares and scores, and how feedback moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from listening import intervals

LEAST_UNITS = 10  # of one source in one stage and period, to be compared with the period before
KEY = ["period_kind", "period", "cut_by", "cut_value", "stage"]
CELL = ["period_kind", "period", "period_start", "period_end", "is_over", "cut_by", "cut_value", "stage"]


def sources(counts: pd.DataFrame) -> pd.DataFrame:
    """What each source says of a stage: shares in trouble and great among its units with a stance, and their net."""
    frame = counts.copy()
    frame["n"] = frame["units"] - frame["without_stance"]
    for name, column in (("positive", "great"), ("negative", "trouble")):
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = intervals.share(frame[column], frame["n"])
    frame["indicator"], frame["variance"] = intervals.net(frame["great"], frame["trouble"], frame["n"])
    frame["indicator_low"], frame["indicator_high"] = intervals.around(frame["indicator"], frame["variance"])
    return frame


def scores(counts: pd.DataFrame) -> pd.DataFrame:
    """Scores by source and name, beside the story and never mixed into it."""
    frame = counts.copy()
    frame["net"], variance = intervals.net(frame["great"], frame["trouble"], frame["n"])
    frame["low"], frame["high"] = intervals.around(frame["net"], variance)
    half = student.ppf(0.95, frame["n"].clip(lower=2) - 1) * frame["deviation"].fillna(0) / np.sqrt(frame["n"])  # Student's, 90 %
    ends = frame[["score_worst", "score_best"]]
    frame["mean_low"] = (frame["mean"] - half).clip(lower=ends.min(axis=1)).where(frame["n"] > 1)
    frame["mean_high"] = (frame["mean"] + half).clip(upper=ends.max(axis=1)).where(frame["n"] > 1)
    return frame


def changes(said: pd.DataFrame) -> pd.DataFrame:
    """Change of the net against the period before, by stage and cut, over the sources that both periods have enough of.

    Each source is compared with itself, so that a changed mix of sources is no change of the stage.
    """
    enough = said[said["n"] >= LEAST_UNITS]
    past = enough[[*KEY, "source", "period_end", "n", "indicator", "variance"]]
    past = past.drop(columns="period").rename(columns={"period_end": "period_start"})
    pairs = enough.merge(past, on=["period_kind", "period_start", "cut_by", "cut_value", "stage", "source"], suffixes=("", "_before"))
    pairs["difference"], spread = pairs["indicator"] - pairs["indicator_before"], pairs["variance"] + pairs["variance_before"]
    pairs["weight"], pairs["units"] = 1 / spread, pairs["n"] + pairs["n_before"]
    pairs["weighted"] = pairs["difference"] * pairs["weight"]
    grouped = pairs.groupby(CELL)
    change = grouped.agg(weight=("weight", "sum"), weighted=("weighted", "sum"), change_n=("units", "sum")).reset_index()
    change["net_change"] = change["weighted"] / change["weight"]
    change["net_change_low"], change["net_change_high"] = intervals.around(change["net_change"], 1 / change["weight"], within=200)
    low, high = intervals.around(pairs["difference"], spread, within=200)
    for name, moved in (("rose", pairs[low > 0]), ("fell", pairs[high < 0])):
        change = change.merge(moved.groupby(KEY)["source"].agg(", ".join).rename(name).reset_index(), on=KEY, how="left")
    return change
