"""Where the company looks and spends, beside where customers have trouble: takes money, survey answers, estimates and value at stake, gives shares by stage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from listening.figures import count, interval, listed, percent
from listening.journey import Journey
from listening.leading.wording import rows

QUARTER = ["stage", "period"]
LEAST_HEARD = 5  # units of a source that count as hearing from it
NEGLECT = 1.5  # times its share of the money
MOMENT = {
    "discover": "before", "buy": "at", "onboard": "after", "use": "after", "pay": "after", "support": "after", "renew": "between", "leave": "after",
}  # fmt: skip
MOMENTS = {"before": "Before the purchase", "at": "At the purchase", "after": "After the purchase", "between": "Between purchases"}
SHARES = {"share_spent": "the money", "share_asked": "the survey answers", "share_trouble": "customers' troubles", "share_value": "the value at stake"}


def balanced(grid: pd.DataFrame, spent: pd.DataFrame, listened: pd.DataFrame, troubled: pd.DataFrame, at_stake: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `investment_balance`.

    Args:
        grid: every stage and quarter.
        spent: stage, period and amount.
        listened: stage, period, survey_answers and sources.
        troubled: the share of customers in trouble by stage and quarter (value, low, high), and how many customers there are.
        at_stake: value by stage.
        journey: for the stages' names and what default stages they cover.
    """
    frame = grid.merge(spent, on=QUARTER, how="left").merge(listened, on=QUARTER, how="left")
    frame = frame.merge(troubled[[*QUARTER, "value", "low", "high", "basis", "customers"]], on=QUARTER, how="left")
    frame = frame.merge(at_stake.rename(columns={"value": "value_at_stake"}), on="stage", how="left")
    figures = ["amount", "value", "low", "high", "customers", "value_at_stake"]
    frame[figures] = frame[figures].astype(float)  # of what nobody tells, even the type is not known
    frame[["survey_answers", "sources"]] = frame[["survey_answers", "sources"]].fillna(0)
    frame["value_at_stake"] = frame["value_at_stake"].fillna(0 if len(at_stake) else np.nan).where(frame["period_start"] == frame["period_start"].max())
    frame["in_trouble"] = frame["value"] * frame["customers"]
    whole = {name: frame.groupby("period")[name].transform("sum", min_count=1) for name in ("amount", "survey_answers", "in_trouble", "value_at_stake")}
    whole = {name: total.where(total > 0) for name, total in whole.items()}
    frame["share_spent"], frame["share_asked"] = frame["amount"] / whole["amount"], frame["survey_answers"] / whole["survey_answers"]
    frame["share_value"] = frame["value_at_stake"] / whole["value_at_stake"]
    for name, end in (("share_trouble", "value"), ("share_trouble_low", "low"), ("share_trouble_high", "high")):
        frame[name] = frame[end] * frame["customers"] / whole["in_trouble"]
    is_known = frame["share_spent"].notna() & frame["share_trouble"].notna()
    comparable = frame["amount"].where(is_known)  # against the money of those stages alone whose troubles are known
    share = comparable / comparable.groupby(frame["period"]).transform("sum")
    frame["is_neglected"] = (frame["share_trouble_low"] > NEGLECT * share).astype(object).where(is_known, None)
    moments = {stage: MOMENT[default] for default, stage in reversed(journey.from_default.items()) if default in MOMENT}
    frame["moment"] = frame["stage"].map(moments)
    told = len(frame["stage"].unique())
    known = frame.groupby("period")["share_trouble"].transform("count")
    return frame.assign(text=[_sentence(row, journey.titles[row["stage"]], number, told) for row, number in zip(rows(frame), known, strict=True)])


def _sentence(row: dict[str, Any], title: str, known: int, stages: int) -> str:
    told = [] if pd.isna(row["share_spent"]) else [f"{percent(row['share_spent'])} of the money"]
    if row["survey_answers"]:
        told.append(f"{percent(row['share_asked'])} of the survey answers")
    if pd.notna(row["share_trouble"]):
        share = interval(row["share_trouble"], row["share_trouble_low"], min(row["share_trouble_high"], 1))
        where = "" if known == stages else f" in the {count(known, 'stage', 'stages')} where they are known"
        told.append(f"{share} of customers' troubles{where}")
    if pd.notna(row["share_value"]):
        told.append(f"{percent(row['share_value'])} of the value at stake")
    remarks = [
        "Neglected: far more of the troubles than of the money." if row["is_neglected"] is True else "",
        "" if row["survey_answers"] else "No stage has a survey answer." if pd.isna(row["share_asked"]) else "No survey asks about it.",
        "What is spent on it is not known (kind investment)." if pd.isna(row["share_spent"]) else "",
        "Its share of customers' troubles is not known: that takes random check-ins." if pd.isna(row["share_trouble"]) else "",
    ]
    return " ".join([f"{title}: {listed(told) or 'no share of anything is known'}.", *filter(None, remarks)])


def by_moment(balance: pd.DataFrame) -> pd.DataFrame:
    """The rows of `investment_moments`."""
    shares = ["share_spent", "share_asked", "share_trouble", "share_value"]
    period = ["period_kind", "period", "period_start", "period_end", "is_over"]
    frame = balance.groupby([*period, "moment"], as_index=False)[["amount", *shares]].sum(min_count=1)
    return frame.assign(text=[_of_moment(row) for row in rows(frame)])


def _of_moment(row: dict[str, Any]) -> str:
    told = [f"{percent(row[name])} of {what}" for name, what in SHARES.items() if pd.notna(row[name])]
    missing = [f"of {what}" for name, what in SHARES.items() if pd.isna(row[name])]
    unknown = f" Not known: its share {listed(missing)}." if missing else ""
    return f"{MOMENTS[row['moment']]}: {listed(told) or 'nothing is known'}.{unknown}"
