"""The balanced estimate of every series: takes cells and readings, gives what may be said of each stage and period.

Quarters are one series, the windows of 90 days another, for all customers and for each cut in which enough were asked.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.story import balance
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
CONTRIBUTIONS = ["period", "stage", "source", "contribution", "source_adjusted"]


def estimate(cells: pd.DataFrame, readings: pd.DataFrame) -> balance.Balanced:
    """Solve each series; both tables come back with `period_kind`, `cut_by` and `cut_value`."""
    cells = cells.astype({"failed": object, "had_ticket": object})  # else a column of nothing but nulls is of another type
    readings = readings.rename(columns={"reading": "value"})
    of_series = dict(list(readings.groupby(SERIES)))
    asked = {key: rows for key, rows in cells.groupby(SERIES) if key[1] == "all" or _is_enough(rows)}
    stages, contributions = [], []
    for key in sorted({*asked, *(key for key in of_series if key[1] == "all")}):
        here = _dated(asked.get(key, cells.iloc[:0])), _dated(of_series.get(key, readings.iloc[:0]))
        names = pd.concat([part[["period", "period_name"]] for part in here]).drop_duplicates().set_index("period")["period_name"]
        solved = balance.balance(*here)
        series: dict[str, Any] = dict(zip(SERIES, key, strict=True))
        stages.append(solved.stages.rename(columns=NAMES).assign(period=solved.stages["period"].map(names), **series))
        contributions.append(solved.contributions.assign(period=solved.contributions["period"].map(names), **series))
    return balance.Balanced(_whole(stages, [*SERIES, *STAGES]), _whole(contributions, [*SERIES, *CONTRIBUTIONS]))


def _is_enough(cells: pd.DataFrame) -> bool:
    """Whether a cut has a stage with customers and answers enough that an estimate can come of it."""
    totals = cells.assign(told=cells[["trouble", "in_between", "great"]].sum(axis=1)).groupby("stage")[["told", "customers"]].sum()
    least = balance.LEAST_ANSWERS * max(cells["period"].nunique() / balance.YEAR, 1)
    return bool(((totals["told"] >= least) & (totals["customers"] >= balance.LEAST_CUSTOMERS)).any())


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Periods by their first day, which sorts in time as names do not."""
    return rows.rename(columns={"period": "period_name", "period_start": "period"})


def _whole(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
