"""Tell the warnings: alarms of series in; one row a deterioration out, with place, customers, value, owner, quotes and a text."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import numpy as np
import pandas as pd

from listening.journey import Journey
from listening.warehouse import Warehouse
from listening.warnings import wording
from listening.warnings.acknowledged import Acknowledged
from listening.warnings.series import Key
from listening.workspace import Company

BEFORE = 182  # days before the rise with which places are compared
SEPARATES = 3.0  # standard deviations by which a place must stand out: 1 in 40 that chance does so in one of about 20 places
MOST_OF_IT = 0.5  # least part of the rise that must be in the place
STEADY = 2.0  # events added to each place's expectation, so that a place with next to none before is not infinitely worse
TOGETHER = 28  # days after its opening in which another source's alarm joins a closed warning

Row = dict[str, Any]


def tell(
    warehouse: Warehouse, journey: Journey, company: Company, given: Row, alarms: list[Row], sources: dict[Key, list[str]], acknowledged: Acknowledged
) -> None:
    """Write down the warnings and their quotes."""
    names = {row["theme"]: row["name"] for row in warehouse.rows("warnings/theme_names")}
    owners = {stage.stage: stage.owner for stage in journey.stages}
    warnings, quotes = [], []
    united = _united(alarms)
    if united:
        warehouse.build("warnings/troubled", since=min(warning["began_on"] for warning in united), until=given["until"])
    for warning in united:
        warning["acknowledged_on"] = acknowledged.day(warning)
        own = [source for key in warning.pop("alarms") for source in sources.get(key, [key.source or ""])]
        asked = {name: warning[name] for name in ("stage", "theme", "measure", "began_on")}
        asked |= {"sources": sorted(set(own)), "until": warning["closed_on"] or given["until"], "before": warning["began_on"] - dt.timedelta(days=BEFORE)}
        warning |= {"owner": owners.get(warning["stage"])} | _place(warehouse, asked)
        asked |= {name: warning[name] for name in ("cut_by", "cut_value")}
        warning |= warehouse.rows("warnings/affected", **asked)[0]
        said = warehouse.rows("warnings/quotes", **asked)
        quotes += [row | {"warning_id": warning["warning_id"]} for row in said]
        warning["text"] = wording.text(warning, journey, company, names)
        warnings.append(warning)
    if united:
        warehouse.empty("warnings/troubled")  # what serves for a moment only holds nobody's words
    warehouse.replace("warnings/warnings", warnings)
    warehouse.replace("warnings/warning_quotes", quotes)


def _united(alarms: list[Row]) -> list[Row]:
    """One row for each deterioration: alarms of the same stage and theme, or measure, in several sources belong together."""
    united: list[Row] = []
    for alarm in alarms:
        what = {name: alarm[name] for name in ("stage", "theme", "measure")}
        key = Key(*(alarm[name] for name in Key._fields))
        same = next((row for row in reversed(united) if all(row[name] == value for name, value in what.items()) and _joins(row, alarm)), None)
        if same is None:
            united.append(alarm | {"warning_id": _id(alarm), "alarms": [key]})
            continue
        for name in ("observed", "expected", "observed_now", "expected_now"):
            same[name] += alarm[name]
        same["began_on"], same["z"] = min(same["began_on"], alarm["began_on"]), max(same["z"], alarm["z"])
        same["judged_on"], same["z_now"] = max(same["judged_on"], alarm["judged_on"]), max(same["z_now"], alarm["z_now"])
        same["closed_on"] = None if None in (same["closed_on"], alarm["closed_on"]) else max(same["closed_on"], alarm["closed_on"])
        same["source"] = ", ".join(sorted({*(same["source"] or "").split(", "), alarm["source"] or ""} - {""})) or None
        same["alarms"].append(key)
    return united


def _joins(warning: Row, alarm: Row) -> bool:
    """Whether another source's alarm is about a deterioration that is known already."""
    is_near = alarm["opened_on"] <= warning["opened_on"] + dt.timedelta(days=TOGETHER)
    return warning["closed_on"] is None or alarm["opened_on"] <= warning["closed_on"] or is_near


def _id(alarm: Row) -> str:
    parts = [str(alarm[name] or "") for name in ("stage", "theme", "measure", "source")]
    return hashlib.sha256("\x1f".join([*parts, alarm["opened_on"].isoformat()]).encode()).hexdigest()[:12]


def _place(warehouse: Warehouse, asked: Row) -> Row:
    """The value of a dimension in which the rise is, where one stands out from all others; else 'all'."""
    name = "cuts_of_operations" if asked["measure"] else "cuts_of_voice"
    cuts = warehouse.frame(f"warnings/{name}", **asked)
    whole = cuts[cuts["cut_by"] == "all"]
    nowhere = {"cut_by": "all", "cut_value": "all"}
    if whole.empty:
        return nowhere
    if "trials" not in cuts:  # where nobody counts passages, time stands for them
        days, before = (asked["until"] - asked["began_on"]).days + 1, BEFORE
        cuts = cuts.assign(trials=float(days), trials_before=float(before))
    standing = separating(cuts)
    if standing.empty:
        return nowhere
    best = standing.sort_values(["z", "cut_by", "cut_value"], ascending=[False, True, True]).iloc[0]
    return {"cut_by": str(best["cut_by"]), "cut_value": str(best["cut_value"])}


def separating(cuts: pd.DataFrame) -> pd.DataFrame:
    """The places that stand out by more than chance and hold most of the rise, with z.

    Each place's events are compared with what it would have had if all places had risen alike; then the place must hold at
    least half of the events that are too many.

    Args:
        cuts: cut_by, cut_value, events and trials since the rise began, events_before and trials_before.
    """
    whole = cuts[cuts["cut_by"] == "all"].iloc[0]
    rate = whole["events_before"] / max(whole["trials_before"], 1.0)
    own = cuts[cuts["cut_by"] != "all"].copy()
    # a place's rate before leans on that of all where it is known by little
    shrunk = (own["events_before"] + STEADY) / (own["trials_before"] + STEADY / max(rate, 1e-9))
    own["expected"] = shrunk * own["trials"]
    rise = whole["events"] / max(rate * whole["trials"], 1e-9)
    alike = np.minimum(own["expected"] * max(rise, 1e-9), np.maximum(whole["events"] - 1e-9, 1e-9))
    deviation = np.sqrt(alike * np.maximum(1 - alike / max(whole["events"], 1.0), 0.05))
    own["z"] = (own["events"] - alike - 0.5) / np.maximum(deviation, 1.0)
    excess = max(whole["events"] - rate * whole["trials"], 1e-9)
    is_most = own["events"] - own["expected"] >= MOST_OF_IT * excess
    is_part = own["trials"] < whole["trials"] * 0.95 if (own["trials"] != whole["trials"]).any() else own["events"] < whole["events"]
    found: pd.DataFrame = own[(own["z"] > SEPARATES) & is_most & (is_part | (own["events_before"] < 0.95 * whole["events_before"]))]
    return found
