"""The survey's gap: takes the survey's answers and the story told without it, says in which stages the survey is blind.

A survey is nearly always too rosy, by about as much everywhere; that usual distance (the median over stages and
periods) is no news. A stage has a gap if its survey is above the story by more than the usual and a margin, beyond
what chance gives, with false alarms held down over the period's stages (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from listening import intervals
from listening.story import balance

Floats = NDArray[np.float64]

MARGIN = 15.0  # points above the usual gap that are no headline
FALSE_ALARMS = 0.10  # expected share of false ones among stages that are named
LEAST_ANSWERS = 5  # of the survey in a stage and period


def survey_gaps(cells: pd.DataFrame, indicators: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Test each survey in each stage and period.

    Args:
        cells: as for `balance.balance`.
        indicators: as for `balance.balance`; the readings of every survey in `answers` are left out of the story here.
        answers: the surveys' answers by `source`, `stage`, `period`, `failed`, `had_ticket` (null where not known):
            `customers`, `answers`, `trouble`, `great` (as for `balance.reading_of_survey`).

    Returns:
        One row per source, stage and period with at least five answers: `survey_net` with `survey_low`, `survey_high`
        (points; sampling alone), `story_without` (points) and `story_sd`, `gap`, `usual_gap`, `excess` (gap beyond the
        usual), `p`, `is_gap`; `heard_of_troubled` and `heard_of_clean` (share of customers with a failure or a ticket,
        and of those without, who answered; NaN where cells aren't known) and `represented` (the one over the other).
        Without check-ins there is no level to compare with: everything of the story, and `is_gap`, is missing.
    """
    key = ["source", "stage", "period"]
    rows = _heard(answers, key)
    rows = rows[rows["answers"] >= LEAST_ANSWERS].sort_values(key, ignore_index=True)
    told = balance.told_without(cells, indicators, rows["source"].unique().tolist())
    rows = rows.merge(told, on=["stage", "period"], how="left")
    rows["survey_net"], variance = intervals.net(rows["great"], rows["trouble"], rows["answers"])
    rows["survey_low"], rows["survey_high"] = intervals.around(rows["survey_net"], variance)
    rows["gap"] = rows["survey_net"] - rows["story_without"]
    rows["usual_gap"] = rows.groupby("source")["gap"].transform("median")
    rows["excess"] = rows["gap"] - rows["usual_gap"]
    rows["p"] = norm.sf((rows["excess"] - MARGIN) / np.sqrt(variance + rows["story_sd"] ** 2))
    rows["is_gap"] = _discovered(rows)
    return rows.drop(columns=["answers", "trouble", "great"])


def _heard(answers: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Answers by stance, and how many of the troubled and of the others the survey heard."""
    is_known = answers["failed"].notna() & answers["had_ticket"].notna()
    is_troubled = answers["failed"].eq(True) | answers["had_ticket"].eq(True)
    counts = answers[[*key, "answers", "trouble", "great"]].copy()
    for name, flags in (("troubled", is_troubled), ("clean", is_known & ~is_troubled)):
        for column in ("customers", "answers"):
            counts[f"{name}_{column}"] = answers[column].where(flags, 0)
    rows = counts.fillna(0).groupby(key, as_index=False).sum()
    for name in ("troubled", "clean"):
        share = rows[f"{name}_answers"] / rows[f"{name}_customers"].where(rows[f"{name}_customers"] > 0)
        rows[f"heard_of_{name}"] = share.clip(upper=1)  # a customer may have answered twice
    rows["represented"] = rows["heard_of_troubled"] / rows["heard_of_clean"].where(rows["heard_of_clean"] > 0)
    return rows[[*key, "answers", "trouble", "great", "heard_of_troubled", "heard_of_clean", "represented"]]


def _discovered(rows: pd.DataFrame) -> pd.Series[bool]:
    """Benjamini and Hochberg within each source and period; missing where there was no test."""
    found = pd.Series(pd.NA, index=rows.index, dtype="boolean")
    for _, p in rows["p"].dropna().groupby([rows["source"], rows["period"]]):
        found.loc[p.index] = below(p.to_numpy())
    return found


def below(p: Collection[float] | Floats) -> NDArray[np.bool_]:
    """Which of these chances are discoveries, so that about a tenth of them are false at most."""
    values = np.asarray(p, float)
    ranked = np.sort(values)
    passed = ranked <= FALSE_ALARMS * np.arange(1, len(ranked) + 1) / max(len(ranked), 1)
    return np.asarray(values <= ranked[passed].max(initial=-1.0))
