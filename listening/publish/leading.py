"""Facts in, what the pages to lead by show: the month, where to invest, and what each stage's page says of leading it."""

from __future__ import annotations

import collections
from typing import Any

from listening.publish import unknown, wording
from listening.publish.facts import WHOLE, Facts

MONTHS = 6  # in a row of growth
TOLD_FIRST = 3  # priorities
ANSWERS = ("unowned stage", "action without an owner", "overdue action")  # findings that a leadership settles
RISKS = ("commoditisation", "irrelevance", "indifference")


def month(told: Facts) -> Facts:
    """What the page of the month shows beside the facts."""
    growth = _growth(told)
    return {
        "month_name": f"{growth[0][0]['last_day']:%B %Y}" if growth else f"{told['run']['clock']:%B %Y}",
        "growth": growth,
        "growth_text": next((row["text"] for row in told["assets"] if row["movement"] == "net"), "No movement of customers has been told yet."),
        "silent_loss": next((row["text"] for row in told["assets"] if row["movement"] == "lost in silence after a failure" and row["customers"]), None),
        "lines": [_line(told, stage) for stage in told["stages"]],
        "roles": list(dict.fromkeys(row["role"] for row in told["delivery_gap"] if row["believed"] is not None)),
        "gaps": _gaps(told),
        "changes": _changes(told),
        "risks": [row for row in told["experience"] if row["stage"] == WHOLE and row["measure"] == "signs" and row["n"]],
        "unsettled": [row["text"] for row in told["accountability"] if row["finding"] in ANSWERS],
        "caused": next((row["text"] for row in told["accountability"] if row["finding"] == "actions caused by customers"), None),
        "first": told["priorities"][:TOLD_FIRST],
        "unknown": unknown.listed(told),
    }


def invest(told: Facts) -> Facts:
    """What the page on where to invest shows beside the facts."""
    measured = _measured(told)
    lines = [{"stage": stage, "measures": measured[stage["stage"]]} for stage in told["stages"]]
    grid: dict[int, list[Facts]] = collections.defaultdict(list)
    for cell in told["purpose_grid"]:
        grid[cell["valued_no"]].append(cell)
    return {
        "axes": [{"stage": None, "measures": measured[WHOLE]}, *lines],
        "risks": {part: _of_part(measured[WHOLE], part) for part in RISKS},
        "grid": dict(grid),
        "declared": next((cell for cell in told["purpose_grid"] if cell["is_declared"]), None),
        "silences": [row for row in told["did_not_happen"] if row["stage"] == WHOLE],
        "unnamed": [row for row in told["did_not_happen"] if row["touchpoint"] is not None],
        "cast": [row for row in told["whole_cast"] if row["stage"] == WHOLE],
        "not_heard": [row for row in told["whole_cast"] if row["stage"] == WHOLE and row["people"] is None],
    }


def of_stage(told: Facts, stage: Facts) -> Facts:
    """What a stage's page says of leading it."""
    name = stage["stage"]
    measured = _measured(told)[name]
    return {
        "line": _line(told, stage),
        "beliefs": [row["text"] for row in told["delivery_gap"] if row["stage"] == name],
        "acts": [row for row in told["actions"] if row["stage"] == name],
        "saved": _of_part(measured, "time saved"),
        "spent": _of_part(measured, "time well spent"),
        "signs": [row for part in RISKS for row in _of_part(measured, part) if row["measure"] != "signs"],
        "silences": [row for row in told["did_not_happen"] if row["stage"] == name],
        "parts": [row for row in told["whole_cast"] if row["stage"] == name and row["people"] is not None],
    }


def sentences(told: Facts, stage: Facts) -> list[str]:
    """What leads a stage, in sentences, as its owner gets them: maturity, belief and life, what is done, what is spent."""
    line = _line(told, stage)
    ends = [row["text"] for row in (line["maturity"], line["investment_balance"]) if row]
    acts = [row["text"] for row in told["actions"] if row["stage"] == stage["stage"]]
    return [*ends[:1], *(row["text"] for row in line["beliefs"].values()), *acts, *ends[1:]]


def _growth(told: Facts) -> list[tuple[Facts, dict[str, Facts]]]:
    """The newest months with their movements, where it is known who came and went."""
    months: dict[str, tuple[Facts, dict[str, Facts]]] = {}
    for row in told["months"]:
        if row["customers"] is not None:
            months.setdefault(row["period"], (row, {}))[1][row["movement"]] = row
    return [month for month in months.values() if "net" in month[1]][:MONTHS]


def _line(told: Facts, stage: Facts) -> Facts:
    """A stage with its row of each table of leading; None where there is none."""
    found: Facts = {"stage": stage, "open": [warning for warning in stage["warnings"] if not warning["closed_on"]]}
    found |= {name: next((row for row in told[name] if row["stage"] == stage["stage"]), None) for name in ("maturity", "investment_balance")}
    found["beliefs"] = {row["role"]: row for row in told["delivery_gap"] if row["stage"] == stage["stage"]}
    found["lived"] = next(iter(found["beliefs"].values()), None)  # of each role the same customers
    return found


def _gaps(told: Facts) -> list[Facts]:
    """The widest clear gaps between belief and life, the widest first."""
    clear = [row for row in told["delivery_gap"] if row["belief"] in ("too good", "too bad")]
    return sorted(clear, key=lambda row: -abs(row["gap"]))[:TOLD_FIRST]


def _changes(told: Facts) -> list[Facts]:
    """The stages that moved against the 90 days before, the worse first."""
    states = {wording.WORSE: "worse", wording.BETTER: "better"}
    moved = [{"stage": stage, "state": state} for stage in told["stages"] for state in states if wording.state(stage["now"]) == state]
    return sorted(moved, key=lambda each: each["state"] == wording.BETTER)


def _measured(told: Facts) -> dict[str, dict[str, Facts]]:
    """Each place's measures of time saved, time well spent and the risks, by name; the signs of a risk by its part."""
    found: dict[str, dict[str, Facts]] = collections.defaultdict(dict)
    for row in told["experience"]:
        found[row["stage"]][row["measure"] if row["measure"] != "signs" else row["part"]] = row
    return found


def _of_part(measures: dict[str, Facts], part: str) -> list[Any]:
    """A part's measures, its signs first."""
    own = [row for row in measures.values() if row["part"] == part]
    return sorted(own, key=lambda row: row["measure"] != "signs")
