"""Tell leading: the story, growth and what the company believes, does and spends in; the tables that leaders steer by out."""

from __future__ import annotations

import datetime as dt
import logging
from functools import partial
from zoneinfo import ZoneInfo

import pandas as pd

from listening import actions
from listening.journey import Journey
from listening.leading import acting, balance, gap, lived, maturity, purpose
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
    with warehouse.transaction():
        _tell_maturity(warehouse, journey, grid)
        _tell_gap(warehouse, journey, grid, today)
        moments = _tell_balance(warehouse, journey, grid)
        notes = _tell_purpose(workspace, warehouse, moments)
        return notes + _tell_actions(workspace, warehouse, journey, company, clock, today)


def _tell_maturity(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame) -> None:
    asked = warehouse.frame("story/asked_counts")
    places = warehouse.frame("leading/places", least=maturity.LEAST_AT_A_PLACE)
    known = maturity.measured(grid, asked[asked["cut_by"] == "all"], _lived(warehouse, grid, "trouble"), places, journey.maturity)
    levels = maturity.placed(grid, known, NOW)
    known = levels[[*KEY, "period_start", "period_end", "is_over"]].merge(known, on=KEY)
    known["text"] = maturity.in_words(known)
    states = warehouse.frame("leading/states")
    hints = _measure(warehouse, "trouble_of_feedback").rename(columns={"value": "hint_value"})[[*KEY, "hint_value"]]
    warehouse.replace("leading/maturity_measures", known)
    warehouse.replace("leading/maturity", maturity.told(levels, known, states, hints, journey))


def _tell_gap(warehouse: Warehouse, journey: Journey, grid: pd.DataFrame, today: dt.date) -> None:
    believed = warehouse.frame("leading/believed", today=today)
    told = grid[(grid["period_kind"] == "quarter") | (grid["period"] == NOW)]
    warehouse.replace("leading/delivery_gap", gap.compared(told, believed, _lived(warehouse, grid, "great"), journey))


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
