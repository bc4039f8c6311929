"""The whole cast: takes what customers said by role and segment, and what employees and suppliers said, gives a short account of each.

Employees and suppliers speak of the company in their own account and enter no figure of customers. Nobody is told of
unless at least five people spoke, and a theme is only named where five people named it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening import intervals
from listening.figures import capital, count, interval, listed, points
from listening.journey import Journey
from listening.leading.experience import BETTER, LEAST, WHOLE, WORSE
from listening.leading.wording import SAME, moved, rows

ROLES = {  # each with how a source says so
    "buyer": "buyers", "user": "users", "sponsor": "sponsors", "community": "communities", "employee": "our own people", "supplier": "suppliers",
}  # fmt: skip
INSIDE = ("employee", "supplier")
THEMES = 3  # in a row
CELL = ["stage", "period_kind", "period", "cut_by", "cut_value"]
SIDES = ("trouble", "great")


def told(grid: pd.DataFrame, spoke: pd.DataFrame, named: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `whole_cast`.

    Args:
        grid: every stage, the company among them, and period, with those to compare with.
        spoke: people, n, trouble and great by stage, period, role and segment.
        named: themes by period, role and segment of the whole company, most people first.
        journey: for the stages' names.
    """
    roles = pd.DataFrame({"cut_by": "role", "cut_value": list(ROLES)})
    wanted = pd.concat([spoke[["stage", "cut_by", "cut_value"]], roles.assign(stage=WHOLE)]).drop_duplicates()
    frame = grid.merge(wanted, on="stage").merge(spoke, on=CELL, how="left")
    counts = ["people", "n", "trouble", "great"]
    frame[counts] = frame[counts].astype(float).where(frame["people"].ge(LEAST) & frame["n"].ge(LEAST))
    for side in SIDES:
        share = intervals.share(frame[side], frame["n"])
        frame[f"{side}_share"], frame[f"{side}_low"], frame[f"{side}_high"] = share
    frame = _moved(frame.sort_values([*CELL[:1], *CELL[3:], "period_kind", "period_start"]).reset_index(drop=True))
    first = named.groupby(CELL[1:])["name"].agg(lambda names: list(names)[:THEMES]) if len(named) else pd.Series(dtype=object)
    keys = zip(*(frame[name] for name in CELL[1:]), strict=True)
    frame["themes"] = [first.get(key, []) if stage == WHOLE else [] for stage, key in zip(frame["stage"], keys, strict=True)]
    return frame.assign(text=[_sentence(row, journey.titles) for row in rows(frame)])


def _moved(frame: pd.DataFrame) -> pd.DataFrame:
    """Each row with the change of its share in trouble."""
    before = frame.groupby(["stage", "cut_by", "cut_value", "period_kind"])[["trouble", "n", "period_end"]].shift()
    is_next = before["period_end"].eq(frame["period_start"])
    change, low, high = intervals.difference(frame["trouble"], frame["n"], before["trouble"].where(is_next), before["n"].where(is_next))
    return moved(frame, change, low, high, WORSE, BETTER)


def _sentence(row: dict[str, Any], titles: dict[str, str]) -> str:
    who = ROLES.get(row["cut_value"], row["cut_value"]) if row["cut_by"] == "role" else f"{row['cut_by']} {row['cut_value']}"
    head = capital(who) if row["stage"] == WHOLE else f"{titles.get(row['stage'], row['stage'])}, {who}"
    if pd.isna(row["people"]):
        return f"{head}: not known, for fewer than {LEAST} of them spoke{_source(row)}."
    trouble, great = (interval(row[f"{side}_share"], row[f"{side}_low"], row[f"{side}_high"]) for side in SIDES)
    badly, well = ("see it badly", "see it well") if row["cut_value"] in INSIDE else ("tell of trouble", "of living it great")
    said = f"of {count(row['n'], 'piece of feedback', 'pieces of feedback')} from {count(row['people'], 'person', 'people')}"
    about = f" They speak most of {listed(row['themes'])}." if row["themes"] else ""
    return f"{head}: {said}, {trouble} {badly} and {great} {well}{_trend(row, badly)}.{about}"


def _trend(row: dict[str, Any], badly: str) -> str:
    if row["direction"] is None:
        return ""
    if row["direction"] == SAME:
        return f"; {SAME} from the period before"
    moved = points(*(100 * row[name] for name in ("change", "change_low", "change_high")))
    return f"; those that {badly}: {moved} against the period before, more than noise"


def _source(row: dict[str, Any]) -> str:
    """How a role that nobody brings would be heard."""
    if row["cut_by"] != "role" or row["stage"] != WHOLE:
        return ""
    kind = row["cut_value"]
    return f" (a source of kind {kind} brings them)" if kind in INSIDE else f' (a source with role = "{kind}" brings them)'
