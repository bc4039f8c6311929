"""What was done about it: takes actions, how measures went before and since and who owns what, gives each action's effect and who answers for nothing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from listening import actions as kept
from listening import figures, intervals
from listening.actions import Action
from listening.calls import day
from listening.journey import Journey
from listening.leading import effects, wording
from listening.leading.effects import Effect
from listening.workspace import DIMENSIONS

WINDOW = 182  # days before the start, and from it on, that are compared
LEAST = 30  # passages on each side
PLANNED, UNDER_WAY, OVERDUE, CLOSED = "planned", "under way", "overdue", "closed"
TOO_EARLY, NOT_KNOWN = "too early", "not known"
BETTER_UP = ("great", "exceeded", "expectation_met", "memorable_good", "recommend", "net_experience")
Passages = Callable[..., pd.DataFrame]


def listed(told: pd.DataFrame, own: Sequence[Action], journey: Journey, today: dt.date) -> pd.DataFrame:
    """Actions of sources and of actions.csv in one list, each with its state; a row of the file adds to what a source tells."""
    rows = {row["action_id"]: row for row in map(_of_source, wording.rows(told))}
    for action in own:
        cells: dict[str, Any] = {name: value or None for name, value in vars(action).items()}
        cells |= {name: day(getattr(action, name)) for name in kept.DAYS}
        cells["expected"] = kept.number(action.expected) if action.expected else None
        before = rows.get(action.action_id, {"source": kept.FILE})
        rows[action.action_id] = before | {name: value for name, value in cells.items() if value is not None or name not in before}
    points = journey.stage_of_touchpoint
    frame = pd.DataFrame([{**row, "stage": row["stage"] or points.get(row["touchpoint"])} for row in rows.values() if row.get("what")], columns=COLUMNS)
    frame = _with_none(frame)
    frame["cut_by"], frame["cut_value"] = frame["cut_by"].fillna("all"), frame["cut_value"].fillna("all")
    frame["state"] = pd.Series([_state(row, today) for row in wording.rows(frame)], frame.index, dtype=object)
    return frame


COLUMNS = ["action_id", "source", *kept.COLUMNS[1:]]


def _with_none(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with None wherever something is missing, so that it reads as plain values."""
    plain: pd.DataFrame = frame.astype(object)
    return plain.where(plain.notna(), None)


def _of_source(row: dict[str, Any]) -> dict[str, Any]:
    row = {name: None if (isinstance(value, float) and math.isnan(value)) or value is pd.NaT else value for name, value in row.items()}
    row |= {name: None if row[name] is None else pd.Timestamp(row[name]).date() for name in kept.DAYS}
    place = next((name for name in DIMENSIONS if row[name]), None)
    return {**row, "action_id": row["id"] or row["fact_id"][:8], "cut_by": place or "all", "cut_value": row[place] if place else "all"}


def _state(row: dict[str, Any], today: dt.date) -> str:
    if row["closed_on"] is not None and row["closed_on"] <= today:
        return CLOSED
    if row["due_on"] is not None and row["due_on"] < today:
        return OVERDUE
    return PLANNED if row["started_on"] is None or row["started_on"] > today else UNDER_WAY


def judged(frame: pd.DataFrame, passages: Passages, quarters: pd.DataFrame, journey: Journey, today: dt.date) -> pd.DataFrame:
    """Each action with what its measure did, what it did beyond the others, and the verdict in words.

    Args:
        frame: what `listed` gives.
        passages: gives passages by measure and place around a day, for `started_on` and `cut_by`.
        quarters: stage, measure, period_start, period_end, value, low and high of every quarter that is over.
        journey: for the stages' names.
        today: to know what has not begun.
    """
    found = []
    for row in wording.rows(frame):
        result = _not_yet(row, today) or _by_operations(row, passages) or _by_quarters(row, quarters)
        found.append({**row, **result, "text": _sentence({**row, **result}, journey)})
    return _with_none(pd.DataFrame(found))


def _not_yet(row: dict[str, Any], today: dt.date) -> dict[str, Any] | None:
    if row["measure"] is None:
        return {"verdict": NOT_KNOWN, "why": "nobody has said which measure should move"}
    if row["started_on"] is None:
        return {"verdict": NOT_KNOWN, "why": "nobody has said when it began"}
    return {"verdict": TOO_EARLY, "why": "it has not begun"} if row["started_on"] > today else None


def _by_operations(row: dict[str, Any], passages: Passages) -> dict[str, Any] | None:
    """The effect on a measure of operations; None where it is none."""
    found = passages(started_on=row["started_on"], cut_by=row["cut_by"])
    is_own = (found["stage"] == row["stage"]) & (found["measure"] == row["measure"])
    if not is_own.any():
        return None
    mine = found[is_own & (found["place"] == row["cut_value"])]
    if mine.empty or mine["before"].sum() < LEAST or mine["after"].sum() < LEAST:
        few = "too early" if not mine.empty and mine["before"].sum() >= LEAST else NOT_KNOWN
        return {"verdict": few, "why": f"it takes {LEAST} cases before and {LEAST} since it began"}
    enough = found[(found["before"] >= LEAST) & (found["after"] >= LEAST)]
    is_elsewhere = (enough["measure"] == row["measure"]) & (enough["stage"] == row["stage"]) & (enough["place"] != row["cut_value"])
    others = enough[is_elsewhere | ((enough["stage"] != row["stage"]) & (enough["place"] == row["cut_value"]))]
    return _effect(row, _moves(mine), _moves(others), -1)


def _moves(passed: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "first": passed["failed_before"] / passed["before"],
            "last": passed["failed_after"] / passed["after"],
            "noise": effects.variance(passed["failed_before"], passed["before"]) + effects.variance(passed["failed_after"], passed["after"]),
        }
    )


def _by_quarters(row: dict[str, Any], quarters: pd.DataFrame) -> dict[str, Any]:
    """The effect on a measure that is told by quarter: the last quarter before the start and the last whole one since."""
    own = quarters[quarters["measure"] == row["measure"]]
    if own.empty or row["cut_by"] != "all":
        return {"verdict": NOT_KNOWN, "why": "its measure is in no source, or is not told of that place"}
    start = pd.Timestamp(row["started_on"])
    deviation = np.maximum(own["high"] - own["value"], own["value"] - own["low"]) / intervals.Z
    own = own.assign(noise=deviation**2, start=pd.to_datetime(own["period_start"]), end=pd.to_datetime(own["period_end"])).sort_values("start")
    first = own[own["end"] <= start].groupby("stage").last()
    last = own[own["start"] >= start].groupby("stage").last()
    both = first.join(last, lsuffix="_first", how="inner")
    moves = pd.DataFrame({"first": both["value_first"], "last": both["value"], "noise": both["noise_first"] + both["noise"]})
    if row["stage"] not in moves.index:
        return {"verdict": TOO_EARLY, "why": "it takes a whole quarter before and one since it began in which the measure is known"}
    up = 1 if str(row["measure"]).startswith(BETTER_UP) else -1
    return _effect(row, moves.loc[[row["stage"]]], moves.drop(index=row["stage"]), up)


def _effect(row: dict[str, Any], mine: pd.DataFrame, others: pd.DataFrame, better: int) -> dict[str, Any]:
    before, after, noise = (float(mine[name].iloc[0]) for name in ("first", "last", "noise"))
    effect = effects.compared(after - before, noise, others["last"] - others["first"], others["noise"])
    hoped = row["expected"] or 0.0
    return {**vars(effect), "before": before, "after": after, "verdict": effect.verdict(hoped or better, hoped), "is_short": _is_short(effect, row["expected"])}


def _is_short(effect: Effect, expected: float | None) -> bool:
    """Whether it surely moved less than was hoped."""
    if not expected:
        return False
    return bool(max(np.sign(expected) * effect.effect_low, np.sign(expected) * effect.effect_high) < abs(expected))


VERDICTS = {
    effects.WORKED: "It worked: it moved by more than noise, and more than the others did.",
    effects.WORSE: "It got worse, by more than noise and more than the others did.",
    effects.NO_EFFECT: "No effect beyond noise and what the others did, and less than was hoped for.",
    effects.TOO_LITTLE: "Whether it worked cannot be told: the interval holds both no effect and what was hoped for.",
}
CAUSES = {"customers": "because of customers", "competitor": "because of a competitor", "internal": "for reasons of our own"}


def _sentence(row: dict[str, Any], journey: Journey) -> str:
    head = f"{row['what']} ({', '.join(_circumstances(row, journey))})"
    if "effect" not in row:
        why = {TOO_EARLY: "too early to tell", NOT_KNOWN: "whether it worked is not known"}[row["verdict"]]
        return f"{head}: {why}: {row['why']}."
    is_net = "net" in str(row["measure"])
    times = 1 if is_net else 100
    before, after = (figures.signed(row[end]) if is_net else figures.percent(row[end]) for end in ("before", "after"))
    name = str(row["measure"]).replace("_", " ")
    failed = "" if str(row["measure"]).endswith(("customers", "feedback")) or is_net else " failed in"
    own = f"{head}: “{name}”{failed} {before} before and {after} since, a change of {_points(row, 'moved', times)}"
    if math.isnan(row["effect"]):
        return f"{own}. Whether it worked cannot be told: there are too few others to compare with."
    others = f"the {row['others']} others it is compared with moved by {figures.signed(times * row['others_moved'])}"
    verdict = VERDICTS[row["verdict"]]
    if row["verdict"] == effects.NO_EFFECT and not row["expected"]:
        verdict = "No effect to be seen beyond noise and what the others did."
    hoped = f" Points hoped for: {figures.signed(times * row['expected'])}." if row["expected"] else ""
    short = " It is less than was hoped for." if row["verdict"] == effects.WORKED and row["is_short"] else ""
    return f"{own}; {others}, so beyond them it is {_points(row, 'effect', times)}. {verdict}{hoped}{short}"


def _circumstances(row: dict[str, Any], journey: Journey) -> list[str]:
    """Where an action acts, since when and because of whom, as far as that is said."""
    told = [
        journey.titles.get(row["stage"], row["stage"] or "no stage"),
        "" if row["cut_by"] == "all" else f"{row['cut_by']} {row['cut_value']}",
        f"since {figures.day(row['started_on'])}" if row["started_on"] else "",
        CAUSES.get(row["because_of"], ""),
    ]
    return [part for part in told if part]


def _points(row: dict[str, Any], stem: str, times: int) -> str:
    return figures.points(*(times * row[name] for name in (stem, f"{stem}_low", f"{stem}_high")))


def answering(actions: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `accountability`."""
    found: list[dict[str, Any]] = []
    for stage in journey.stages:
        title = journey.titles[stage.stage]
        if not stage.owner:
            found.append({"finding": "unowned stage", "about": stage.stage, "stage": stage.stage, "text": f"Nobody answers for {title}."})
        for point in stage.touchpoints:
            if point.priority and not point.owner:
                name = point.name or point.touchpoint
                text = f"Nobody answers for {name} alone; {stage.owner + ' does, with the whole stage' if stage.owner else 'the stage has no owner either'}."
                place = {"stage": stage.stage, "touchpoint": point.touchpoint, "owner": stage.owner}
                found.append({"finding": "touchpoint without its own owner", "about": point.touchpoint, **place, "text": text})
    for row in wording.rows(actions):
        found += [{**{name: row[name] for name in ("stage", "touchpoint", "owner", "action_id")}, "about": row["action_id"], **one} for one in _of_action(row)]
    return pd.DataFrame([*found, _caused(actions)])


def _of_action(row: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    if not row["owner"]:
        found.append({"finding": "action without an owner", "text": f"Nobody is named for “{row['what']}”."})
    if row["state"] == OVERDUE:
        found.append(
            {
                "finding": "overdue action",
                "text": f"“{row['what']}” was due on {figures.day(row['due_on'])} and is not closed ({row['owner'] or 'nobody is named'}).",
            }
        )
    if row["verdict"] in (effects.NO_EFFECT, effects.WORSE):
        found.append({"finding": "action without effect", "text": row["text"]})
    return found


def _caused(actions: pd.DataFrame) -> dict[str, Any]:
    """What share of the actions customers caused."""
    known = actions[actions["because_of"].notna()] if len(actions) else actions
    if not len(known):
        why = "no action is known" if not len(actions) else "no action says because of whom"
        return {"finding": "actions caused by customers", "about": "all", "text": f"What share of actions customers caused is not known: {why}."}
    number, of = int((known["because_of"] == "customers").sum()), len(known)
    told = figures.count(of, "action that gives its reason", "actions that give their reason")
    text = f"Of {told}, {number} {'is' if number == 1 else 'are'} because of customers."
    return {"finding": "actions caused by customers", "about": "all", "value": number / of, "n": of, "text": text}
