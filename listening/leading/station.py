"""Tell leading: the story, growth and what the company believes, does and spends in; the tables that leaders steer by out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from listening import actions, tables
from listening.journey import Journey
from listening.leading import absences, acting, balance, cast, experience, gap, lived, maturity, purpose, spoken
from listening.warehouse import Warehouse
from listening.workspace import Company, Mend, Workspace

NOW = "last 90 days"
DAYS = {"period_start": object, "period_end": object}
KEY = lived.KEY
log = logging.getLogger(__name__)


def tell(workspace: Workspace, warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> list[str]:
    """Make the tables of leading anew from what is known at `clock`; what no source tells is said in words.

    Returns:
        Sentences on what a person must mend.
    """
    today = clock.astimezone(ZoneInfo(company.timezone)).date()
    periods = warehouse.frame("story/all_periods").astype(DAYS).drop(columns=["cut_by", "cut_value"])
    grid = pd.DataFrame({"stage": journey.names}).merge(periods[periods["period_kind"] != "month"], how="cross")
    asked = warehouse.frame("story/asked_counts")
    asked = asked[asked["cut_by"] == "all"]
    points = journey.stage_of_touchpoint
    with warehouse.transaction():
        _tell_maturity(warehouse, journey, grid, asked)
        _tell_gap(warehouse, journey, grid, today)
        moments = _tell_balance(warehouse, journey, grid)
        notes = _tell_purpose(workspace, warehouse, moments)
        given = {"clock": clock, "timezone": company.timezone}
        warehouse.build("leading/present", touchpoints=list(points), stages=list(points.values()), **given)
        both = pd.concat([grid[grid["stage"] == journey.names[0]].assign(stage=experience.WHOLE), grid], ignore_index=True)
        notes += _tell_experience(workspace, warehouse, journey, both, asked, **given)
        _tell_cast(warehouse, journey, both)
        _tell_absences(warehouse, journey, both, **given)
        warehouse.empty("leading/present")
        return notes + _tell_actions(workspace, warehouse, journey, company, clock, today)


def _tell_maturity(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame, asked: pd.DataFrame) -> None:
    places = warehouse.frame("leading/places", least=maturity.LEAST_AT_A_PLACE)
    known = maturity.measured(grid, asked, _lived(warehouse, grid, "trouble"), places, journey.maturity)
    levels = maturity.placed(grid, known, NOW)
    known = levels[[*KEY, "period_start", "period_end", "is_over"]].merge(known, on=KEY)
    known["text"] = maturity.in_words(known)
    states = warehouse.frame("leading/states")
    hints = _measure(warehouse, "trouble_of_feedback").set_index(KEY).add_prefix("hint_").reset_index()
    warehouse.replace("leading/maturity_measures", known)
    warehouse.replace("leading/maturity", maturity.told(levels, known, states, hints, journey))


def _tell_gap(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame, today: dt.date) -> None:
    believed = warehouse.frame("leading/believed", today=today)
    warehouse.replace("leading/delivery_gap", gap.compared(_shown(grid), believed, _lived(warehouse, grid, "great"), journey))


def _tell_balance(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame) -> pd.DataFrame:
    """What is asked and spent by stage; gives the same by moment of the customer's life."""
    spent, listened = warehouse.frame("leading/spent"), warehouse.frame("leading/listened", least=balance.LEAST_HEARD)
    troubled = _lived(warehouse, grid, "trouble").merge(warehouse.frame("leading/states"), on=KEY)
    quarters = grid[grid["period_kind"] == "quarter"]
    told = balance.balanced(quarters, spent, listened, troubled, warehouse.frame("leading/at_stake"), journey)
    moments = balance.by_moment(told)
    warehouse.replace("leading/investment_balance", told)
    warehouse.replace("leading/investment_moments", moments)
    return moments


def _tell_purpose(workspace: Workspace, warehouse: Warehouse, moments: pd.DataFrame) -> list[str]:
    """The purpose grid; empty while purpose.yaml cannot be read."""
    warehouse.replace("leading/purpose_grid", [])
    try:
        warehouse.replace("leading/purpose_grid", purpose.laid_out(purpose.read(workspace), moments))
    except Mend as problem:
        return [f"{problem} Until then there is no purpose grid."]
    return []


def _tell_experience(workspace: Workspace, warehouse: Warehouse, journey: Journey, grid: pd.DataFrame, asked: pd.DataFrame, **given: Any) -> list[str]:
    """Time saved, time well spent and the three risks; empty while words.yaml cannot be read."""
    warehouse.replace("leading/experience", [])
    try:
        words = spoken.read(workspace)
    except Mend as problem:
        return [f"{problem} Until then neither time saved, time well spent nor the risks are told."]
    said = [(measure.name, *measure.name.split("_of_")) for measure in experience.MEASURES if measure.name.partition("_of_")[0] in type(words).model_fields]
    _read(warehouse, words, [matter for _, matter, of in said if of == "feedback"])
    outside, inside = ([(measure, matter) for measure, matter, by in said if by == of] for of in ("feedback", "employees"))
    promises = warehouse.frame("leading/promises", **given)
    answers = experience.of_asked(grid, asked, warehouse.frame("leading/there"))
    felt = experience.of_feedback(warehouse.frame("leading/feelings"), warehouse.frame("leading/felt"))
    found = pd.concat(
        [
            felt, answers, *experience.of_moods(warehouse.frame("leading/moods")),
            experience.together(answers, "customers"), experience.together(felt, "denominator"),
            *(experience.of_counts(warehouse.frame("leading/speaking_of", matter=matter), measure) for measure, matter in outside),
            *(experience.of_counts(warehouse.frame("leading/speaking_inside", **words.patterns(matter)), measure) for measure, matter in inside),
            experience.of_counts(warehouse.frame("leading/contacts", days=experience.AGAIN), "repeat_contacts"),
            experience.of_promises(promises, promises["measure"].map(words.promises_time).astype(bool)),
            experience.of_counts(warehouse.frame("leading/quiet"), "quiet_customers"),
        ]
    )  # fmt: skip
    warehouse.replace("leading/experience", _shown(experience.compared(grid, found[experience.FOUND], journey)))
    return []


def _read(warehouse: Warehouse, words: spoken.Words, matters: list[str]) -> None:
    """Read what records speak of, those alone that were not read as they stand now, by the same lists."""
    patterns = {matter: words.patterns(matter) for matter in matters}
    read_by = hashlib.sha256(json.dumps([patterns, tables.version("leading")]).encode()).hexdigest()[:16]
    warehouse.execute("leading/find_unread", read_by=read_by)
    for name in ("read_records", "read_matters"):
        warehouse.execute(f"leading/forget_{name}")
    for matter, pattern in patterns.items():
        warehouse.execute("leading/add_read_matters", matter=matter, **pattern)
    warehouse.execute("leading/add_read_records", read_by=read_by)
    warehouse.execute("leading/drop_unread")


def _tell_cast(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame) -> None:
    spoke = pd.concat([warehouse.frame("leading/voices"), warehouse.frame("leading/voices_inside")], ignore_index=True)
    named = warehouse.frame("leading/voiced_themes", least=experience.LEAST)
    warehouse.replace("leading/whole_cast", _shown(cast.told(grid, spoke, named, journey)))


def _tell_absences(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame, **given: Any) -> None:
    speakers = warehouse.frame("leading/used_to_speak", days=absences.BEFORE, least=absences.TWICE)
    invited = warehouse.frame("leading/invited_again", days=absences.A_YEAR, **given)
    places = warehouse.frame("leading/unspoken_touchpoints", least=absences.LEAST_THERE)
    told = absences.told(grid, warehouse.frame("leading/silent"), speakers, invited, places, journey)
    warehouse.replace("leading/did_not_happen", _shown(told))
    warehouse.replace("leading/fell_away", absences.away(speakers, NOW))


def _shown(told: pd.DataFrame) -> pd.DataFrame:
    """The rows of quarters and of the last 90 days; older windows are only there to compare with."""
    return told[(told["period_kind"] == "quarter") | (told["period"] == NOW)]


def _tell_actions(workspace: Workspace, warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime, today: dt.date) -> list[str]:
    """What was done and whether it worked; of sources alone while actions.csv cannot be read."""
    try:
        own, notes = actions.read(workspace), []
    except Mend as problem:
        own, notes = [], [f"{problem} Until then the actions in it are left out."]
    listed = acting.listed(warehouse.frame("leading/told", today=today), own, journey, today)
    around = partial(warehouse.frame, "leading/around", clock=clock, timezone=company.timezone, days=acting.WINDOW)
    judged = acting.judged(listed, around, warehouse.frame("leading/quarters"), journey, today)
    warehouse.replace("leading/actions", judged)
    warehouse.replace("leading/accountability", acting.answering(judged, journey))
    return notes


def _lived(warehouse: Warehouse, grid: pd.DataFrame, side: str) -> pd.DataFrame:
    """Share of all customers in trouble, or living it great, of every stage and period."""
    return lived.known(grid, _measure(warehouse, f"{side}_of_customers"), warehouse.frame("leading/answered"), side)


def _measure(warehouse: Warehouse, name: str) -> pd.DataFrame:
    """A measure of every stage and period, of all customers."""
    columns = [*KEY, "value", "low", "high", "n", "denominator"]
    found: pd.DataFrame = warehouse.select("story/stage_measures", columns, measure=name, cut_by="all").to_pandas()
    return found
