"""The balanced estimate of every series: takes cells and readings, gives what may be said of each stage and period.

Quarters are one series, the windows of 90 days another, for all customers and for each cut in which enough were asked.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.story import balance, gap
from listening.story.readings import SERIES

KEY = ["period_kind", "period", "cut_by", "cut_value", "stage"]
NAMES = {"net": "net_experience", "trouble": "trouble_of_customers", "great": "great_of_customers"} | {
    f"{name}_{end}": f"{name}_of_customers_{end}" for name in ("trouble", "great") for end in ("low", "high")
}
STAGES = [
    "period", "stage", "evidence_level", "why", "net_experience", "net_low", "net_high",
    *(f"{name}_of_customers{end}" for name in ("trouble", "great") for end in ("", "_low", "_high")),
    "order_low", "order_high", "change", "change_low", "change_high", "direction", "answers", "asked", "year_answers", "answer_ratio",
]  # fmt: skip
GAPS = [
    "period", "stage", "survey_net", "survey_low", "survey_high", "story_sd", "gap", "usual_gap", "excess", "is_gap", "heard_of_troubled",
]  # fmt: skip
CONTRIBUTIONS = ["period", "stage", "source", "contribution", "source_adjusted"]


def estimate(cells: pd.DataFrame, readings: pd.DataFrame) -> balance.Balanced:
    """Solve each series; both tables come back with `period_kind`, `cut_by` and `cut_value`."""
    cells, readings = (_with_enough(rows, cells) for rows in (cells, readings.rename(columns={"reading": "value"})))
    of_cells, of_readings = _by_series(cells), _by_series(readings)
    stages, contributions = [], []
    for key in sorted({*of_cells, *of_readings}):
        here = of_cells.get(key, _dated(cells.iloc[:0])), of_readings.get(key, _dated(readings.iloc[:0]))
        solved, name = balance.balance(*here), _names(*here)
        stages.append(_of_series(solved.stages.rename(columns=NAMES), name, key))
        contributions.append(_of_series(solved.contributions, name, key))
    return balance.Balanced(_whole(stages, [*SERIES, *STAGES]), _whole(contributions, [*SERIES, *CONTRIBUTIONS]))


def survey_gaps(cells: pd.DataFrame, readings: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Test the surveys of each stage against the story told without any, of all customers: rows as of `gap.survey_gaps`, by series.

    All surveys count as one, so that one which asks at a single stage is held against what surveys usually are.
    """
    cell = [*SERIES, "period", "stage", "failed", "had_ticket"]
    together = answers.groupby(cell, dropna=False, as_index=False).agg(
        customers=("customers", "first"), answers=("answers", "sum"), trouble=("trouble", "sum"), great=("great", "sum")
    )
    together = together.assign(source="all").merge(cells[["period_kind", "period", "period_start"]].drop_duplicates())
    others = readings[readings["kind"] != "survey"].rename(columns={"reading": "value"})
    of_cells, of_readings, of_surveys = (_by_series(rows[rows["cut_by"] == "all"]) for rows in (cells, others, together))
    parts = []
    for key in sorted(of_surveys.keys() & of_cells.keys() & of_readings.keys()):
        here = of_cells[key], of_readings[key], of_surveys[key]
        parts.append(_of_series(gap.survey_gaps(*here), _names(*here), key))
    return _whole(parts, [*SERIES, *GAPS])


def _by_series(rows: pd.DataFrame) -> dict[Any, pd.DataFrame]:
    return dict(iter(_dated(rows).groupby(SERIES)))


def _names(*frames: pd.DataFrame) -> dict[Any, str]:
    """The name of each period by its first day."""
    return {day: name for frame in frames for day, name in zip(frame["period"].tolist(), frame["period_name"].tolist(), strict=True)}


def _of_series(rows: pd.DataFrame, names: dict[Any, str], key: tuple[str, ...]) -> pd.DataFrame:
    series: dict[str, Any] = dict(zip(SERIES, key, strict=True))
    return rows.assign(period=rows["period"].map(names), **series)


def _with_enough(rows: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """The rows of all customers, and of the cuts that have a stage with customers and answers enough for an estimate to come of it."""
    told = cells.assign(told=cells[["trouble", "in_between", "great"]].sum(axis=1))
    stages = told.groupby([*SERIES, "stage"])[["told", "customers"]].sum().reset_index("stage")
    years = told.groupby(SERIES)["period"].nunique().div(balance.YEAR).clip(lower=1).reindex(stages.index)
    enough = stages.index[(stages["told"] >= balance.LEAST_ANSWERS * years) & (stages["customers"] >= balance.LEAST_CUSTOMERS)]
    return rows[(rows["cut_by"] == "all") | pd.MultiIndex.from_frame(rows[SERIES]).isin(enough)]


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Periods by their first day, which sorts in time as names do not; a flag that nobody knows stays a flag."""
    rows = rows.rename(columns={"period": "period_name", "period_start": "period"})
    return rows.astype({name: object for name in ("failed", "had_ticket") if name in rows})


def _whole(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """All series as one table; a column of names stays one where nothing is in it."""
    whole = pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    return whole.astype({name: object for name in ("stage", "period", "source") if name in whole})
