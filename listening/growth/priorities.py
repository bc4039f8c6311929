"""Priorities: takes what goes with losses, what customers meet and speak of, and open warnings, gives one list of what to mend, basics first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from listening.figures import count, money
from listening.growth.wording import rows
from listening.journey import Journey

BASICS, OTHER, DELIGHT = "basics", "other troubles", "delight"
GATES = (BASICS, OTHER, DELIGHT)
LOSSES = ("left", "bought_less")
LEAST_UNITS = 5  # things said of a theme on one side, below which it is no item
RULE = (
    "Basics come first (troubles at touchpoints that journey.yaml marks basic or priority, and measured promises that belong to no touchpoint), then other "
    "troubles, then what delights. Within each, what goes with customers leaving or buying less stands first, by the value at stake times how sure that is "
    "(where no value is known, by customers); then what is not known to cost anything, by the customers who met it or spoke of it, times how sure."
)
COLUMNS = [
    "item", "stage", "touchpoint", "measure", "theme", "name", "owner", "met", "passed", "sure", "customers", "value", "outcomes", "said",
    "said_otherwise", "heard",
]  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """The tables that the list is made from.

    Attributes:
        drivers: the rows of `drivers`.
        kinds: every trouble known of customers, with name, stage, touchpoint and owner.
        met: by trouble_id, how many met it in the last 90 days and of how many.
        spoken: themes by side in the last 90 days.
        stages: by stage, the share in trouble and how many failed in silence.
        warnings: open ones; without rows where nothing watches.
    """

    drivers: pd.DataFrame
    kinds: pd.DataFrame
    met: pd.DataFrame
    spoken: pd.DataFrame
    stages: pd.DataFrame
    warnings: pd.DataFrame


def prioritised(found: Evidence, journey: Journey, currency: str) -> pd.DataFrame:
    """The rows of `priorities`."""
    items = _with_words(_troubles(found), _spoken(found.spoken, "trouble"))
    delights = _spoken(found.spoken, "great").assign(item=DELIGHT)
    frame = _with_warnings(pd.concat([items, delights], ignore_index=True), found.warnings)
    if frame.empty:
        return frame
    frame = _placed(frame, journey).merge(found.stages, on="stage", how="left")
    weight = frame["value"].where(frame["value"].notna(), frame["customers"])
    is_costly = weight.notna()
    frame["score"] = (weight.where(is_costly, frame["met"]) * frame["sure"]).astype(float)
    gate = frame["gate"].map({name: place for place, name in enumerate(GATES)})
    # a value and a number of customers cannot be compared; values are known of all that goes with losses, or of nothing
    frame = frame.assign(gate_no=gate, is_cheap=~is_costly, less=-frame["score"])
    frame = frame.sort_values(["gate_no", "is_cheap", "less", "name"], kind="stable").reset_index(drop=True)
    frame["rank"], frame["rule"] = np.arange(1, len(frame) + 1), RULE
    frame["why"] = [_why(row, currency) for row in rows(frame)]
    return frame


def _troubles(found: Evidence) -> pd.DataFrame:
    """What customers met lately or what goes with losses, each once."""
    told = found.drivers.reindex(columns=["outcome", "trouble_id", "customers", "customers_low", "customers_high", "value", "sure", "is_clear"])
    told = told.astype({"trouble_id": object})  # also where there is no input at all
    costly = told[told["outcome"].isin(LOSSES) & told["is_clear"].eq(True)]
    sums = costly.groupby("trouble_id", as_index=False).agg(
        customers=("customers", "sum"), value=("value", lambda values: values.sum(min_count=1)), sure=("sure", "max"), outcomes=("outcome", list)
    )
    frame = found.kinds.merge(found.met, on="trouble_id", how="left").merge(sums, on="trouble_id", how="left")
    frame = frame.assign(item="trouble", met=frame["met"].fillna(0), sure=frame["sure"].fillna(1.0))
    return frame[frame["customers"].notna() | ((frame["told_by"] == "operations") & frame["met"].gt(0))]


def _spoken(spoken: pd.DataFrame, side: str) -> pd.DataFrame:
    """Themes that customers mostly speak of on one side."""
    other = "great" if side == "trouble" else "trouble"
    own = spoken[(spoken["side"] == side) & (spoken[side] >= LEAST_UNITS) & (spoken[side] > spoken[other])]
    return pd.DataFrame(
        {
            "item": "spoken of", "stage": own["stage"], "touchpoint": own["theme"], "theme": own["theme"], "name": own["name"],
            "met": own["customers"], "sure": own["low"] / own["share"], "said": own[side], "said_otherwise": own[other],
        }
    )  # fmt: skip


def _with_words(troubles: pd.DataFrame, spoken: pd.DataFrame) -> pd.DataFrame:
    """A theme that is the touchpoint of a trouble is heard beside it; any other is an item of its own."""
    heard = spoken[["stage", "touchpoint", "said"]].rename(columns={"said": "heard"})
    both = troubles.merge(heard, on=["stage", "touchpoint"], how="left")
    is_known = spoken.set_index(["stage", "touchpoint"]).index.isin(troubles.set_index(["stage", "touchpoint"]).index)
    return pd.concat([both, spoken[~is_known]], ignore_index=True)


def _with_warnings(items: pd.DataFrame, warnings: pd.DataFrame) -> pd.DataFrame:
    """Open warnings beside what they are about; one that is about nothing on the list is an item of its own."""
    items = items.reindex(columns=[*dict.fromkeys([*COLUMNS, *items])])
    items = items.assign(warning_id=None).astype({"warning_id": object})
    alone = []
    for warning in rows(warnings):
        same_stage = items["stage"].eq(warning["stage"]) & items["item"].ne(DELIGHT)
        about = same_stage & (
            (items["measure"].notna() & items["measure"].eq(warning["measure"])) | (items["theme"].notna() & items["theme"].eq(warning["theme"]))
        )
        about |= same_stage & items["touchpoint"].notna() & items["touchpoint"].eq(warning["theme"] or warning["touchpoint"])
        if about.any():
            items.loc[about & items["warning_id"].isna(), "warning_id"] = warning["warning_id"]
        elif warning["stage"]:
            alone.append(_of_warning(warning))
    return pd.concat([items, pd.DataFrame(alone)], ignore_index=True) if alone else items


def _of_warning(warning: dict[str, Any]) -> dict[str, Any]:
    what = warning["measure"] or warning["theme"] or warning["touchpoint"] or warning["stage"]
    own = {name: warning[name] for name in ("stage", "touchpoint", "measure", "theme", "owner", "warning_id")}
    return {
        **own,
        "item": "warning",
        "name": f"a warning about {str(what).replace('_', ' ')}",
        "met": warning["customers"] or 0,
        "sure": 1.0,
    }


def _placed(frame: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """Each item at its touchpoint and behind its gate, with an owner."""
    points = {point.touchpoint: (point, stage) for stage in journey.stages for point in stage.touchpoints}
    owners = {stage.stage: stage.owner for stage in journey.stages}
    placed = []
    for row in rows(frame):
        point, stage = points.get(row["touchpoint"], (None, None))
        is_basic, is_priority = bool(point and point.basic), bool(point and point.priority)
        is_promise = point is None and isinstance(row["measure"], str)
        gate = DELIGHT if row["item"] == DELIGHT else BASICS if is_basic or is_priority or is_promise else OTHER
        owner = (point.owner or stage.owner if point and stage else None) or row["owner"] or owners.get(row["stage"])
        name = point.name or row["name"] if point and row["item"] != "trouble" else row["name"]
        placed.append({**row, "gate": gate, "basic": is_basic, "priority": is_priority, "owner": owner, "touchpoint": point and point.touchpoint, "name": name})
    return pd.DataFrame(placed)


def _why(row: dict[str, Any], currency: str) -> str:
    """The reasons for an item's place, each in a sentence."""
    return " ".join(sentence for sentence in (_gate_words(row), _cost_words(row, currency), _met_words(row), _warning_words(row)) if sentence)


def _gate_words(row: dict[str, Any]) -> str:
    if row["gate"] == DELIGHT:
        return "What customers praise; it comes after the troubles."
    if row["basic"] or row["priority"]:
        return f"At a {' and '.join(word for word in ('basic', 'priority') if row[word])} touchpoint."
    return "A measured promise that belongs to no touchpoint." if row["gate"] == BASICS else "At no touchpoint that is marked basic or priority."


def _cost_words(row: dict[str, Any], currency: str) -> str:
    if row["item"] != "trouble":
        return ""
    if pd.isna(row["customers"]):
        return "Whether it goes with customers leaving or buying less is not clear."
    did = " or ".join({"left": "left", "bought_less": "bought less"}[outcome] for outcome in row["outcomes"])
    worth = f", worth {money(row['value'], currency)} a year" if pd.notna(row["value"]) else ""
    return f"About {row['customers']:,.0f} of those who {did} in the last year go with it{worth}."


def _met_words(row: dict[str, Any]) -> str:
    if row["item"] == "trouble" and row["met"]:
        of = f" of {row['passed']:,.0f} who came through" if row["passed"] > 0 else ""
        heard = f"; {row['heard']:,.0f} told of trouble there" if pd.notna(row["heard"]) else ""
        return f"{count(row['met'], 'customer', 'customers')}{of} met it in the last 90 days{heard}."
    if pd.notna(row["said"]):
        with_, without = ("as trouble", "with praise") if row["item"] != DELIGHT else ("with praise", "as trouble")
        return f"Spoken of {row['said']:,.0f} times {with_} and {row['said_otherwise']:,.0f} times {without} in the last 90 days."
    return ""


def _warning_words(row: dict[str, Any]) -> str:
    return "A warning is open." if row["item"] == "warning" else ""
