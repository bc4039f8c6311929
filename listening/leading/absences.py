"""What didn't happen: takes who was there in silence, who used to speak and stopped, and what nobody named; gives each as a number and in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening import intervals
from listening.figures import interval, number, points
from listening.journey import Journey
from listening.leading.experience import WHOLE
from listening.leading.lived import KEY
from listening.leading.wording import SAME, moved, rows

BEFORE = 180  # days before a period in which somebody used to speak
TWICE = 2  # days on which they did
A_YEAR = 365  # in which an invitation was answered before
LEAST_THERE = 30  # customers of a stage of whom somebody might have named a place
LEAST = 5
FAILED, KEPT, AWAY, ANSWERS, PLACE = "failed and silent", "kept and unnoticed", "fell away", "answers no more", "touchpoint without feedback"
MORE, FEWER = "more", "fewer"
WORDS = {
    FAILED: "customers for whom a measure failed said nothing in any source",
    KEPT: "customers for whom every promise was kept said nothing of it",
    AWAY: "customers who used to speak have said nothing",
    ANSWERS: "invitations to customers who had answered before were left unanswered",
}
MISSING = {
    FAILED: "that takes operations that name customers (kind operations)",
    KEPT: "that takes operations that name customers (kind operations)",
    AWAY: f"no customer is named in feedback on two days, or there are no {BEFORE} days of it before",
    ANSWERS: "no invitation went to a customer who had answered one before (kind invitations, columns customer_id and answered_id)",
}


def told(grid: pd.DataFrame, there: pd.DataFrame, speakers: pd.DataFrame, invited: pd.DataFrame, places: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `did_not_happen`.

    Args:
        grid: every stage, the company among them, and period, with those to compare with.
        there: customers for whom all went well or something failed, and the silent among them, by stage and period.
        speakers: customers who used to speak, and what they said, by period.
        invited: invitations to customers who had answered before, and those left unanswered, by stage and period.
        places: touchpoints that nobody named, by period.
        journey: for the stages' and touchpoints' names.
    """
    silent = speakers.assign(hits=speakers["said"].eq(0), denominator=1, stage=WHOLE).groupby(KEY, as_index=False)[["hits", "denominator"]].sum()
    counted = pd.concat(
        [
            *(there.assign(finding=of, hits=there[f"{stem}_silent"], denominator=there[stem]) for of, stem in ((FAILED, "failed"), (KEPT, "passed"))),
            silent.assign(finding=AWAY), invited.assign(finding=ANSWERS),
        ]
    )  # fmt: skip
    wanted = pd.concat([grid[grid["stage"].eq(WHOLE) | (finding != AWAY)].assign(finding=finding) for finding in WORDS])
    frame = wanted.merge(counted[[*KEY, "finding", "hits", "denominator"]], on=[*KEY, "finding"], how="left")
    counts = ["hits", "denominator"]
    frame[counts] = frame[counts].astype(float)
    frame["hits"] = frame["hits"].where(frame["denominator"].ge(LEAST))
    frame["value"], frame["low"], frame["high"] = intervals.share(frame["hits"], frame["denominator"])
    frame = _moved(frame.rename(columns={"hits": "n"}).sort_values(["stage", "finding", "period_kind", "period_start"]).reset_index(drop=True))
    owners = {stage.stage: stage.owner for stage in journey.stages}
    frame = frame.assign(touchpoint=None, owner=frame["stage"].map(owners), text=[_sentence(row, journey.titles) for row in rows(frame)])
    return pd.concat([frame, _unnamed(grid, places, journey)], ignore_index=True)


def _moved(frame: pd.DataFrame) -> pd.DataFrame:
    before = frame.groupby(["stage", "finding", "period_kind"])[["n", "denominator", "period_end"]].shift()
    is_next = before["period_end"].eq(frame["period_start"]) & (frame["is_over"].astype(bool) | frame["period_kind"].eq("rolling"))
    change, low, high = intervals.difference(frame["n"], frame["denominator"], before["n"].where(is_next), before["denominator"].where(is_next))
    return moved(frame, change, low, high, MORE, FEWER)


def _sentence(row: dict[str, Any], titles: dict[str, str]) -> str:
    title = "The whole company" if row["stage"] == WHOLE else titles[row["stage"]]
    if pd.isna(row["value"]):
        verb = "was" if row["denominator"] == 1 else "were"
        few = f"there {verb} only {number(row['denominator'])} of them" if row["denominator"] > 0 else MISSING[row["finding"]]
        return f"{title}: how many {WORDS[row['finding']]} is not known: {few}."
    share = interval(row["value"], row["low"], row["high"])
    return f"{title}: {_of(row['n'], row['denominator'])} {WORDS[row['finding']]}, {share}{_trend(row)}."


def _of(n: float, of: float) -> str:
    return f"all {number(of)}" if n == of else f"{number(n) if n else 'none'} of {number(of)}"


def _trend(row: dict[str, Any]) -> str:
    if row["direction"] is None:
        return ""
    if row["direction"] == SAME:
        return f"; {SAME} from the period before"
    return f"; {points(*(100 * row[name] for name in ('change', 'change_low', 'change_high')))} against the period before, more than noise"


def _unnamed(grid: pd.DataFrame, places: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    frame = grid.merge(places, on=KEY)
    names = {point.touchpoint: point.name or point.touchpoint.replace("_", " ") for stage in journey.stages for point in stage.touchpoints}
    told_of = [
        f"{names[row['touchpoint']]} ({journey.titles[row['stage']]}): nobody spoke of it, though {number(row['customers'])} customers were in its stage"
        f"{'; it is a priority touchpoint' if row['priority'] else ''}{'' if row['survey_answers'] else ', and no survey asks about its stage'}."
        for row in rows(frame)
    ]
    return frame.assign(finding=PLACE, n=frame["customers"], denominator=frame["customers"], text=told_of).drop(columns=["customers", "priority"])


def away(speakers: pd.DataFrame, now: str) -> pd.DataFrame:
    """The rows of `fell_away`."""
    return speakers[speakers["period"].eq(now) & speakers["said"].eq(0)]
