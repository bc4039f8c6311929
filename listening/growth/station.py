"""Tell growth: customers, operations, outcomes and feedback in, the tables of growth out."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from listening import calls, tables
from listening.forgotten import Forgotten
from listening.growth import assets, calling, drivers, priorities, wording
from listening.journey import Journey
from listening.warehouse import Warehouse
from listening.workspace import Company, Mend, Workspace

BUILT = ("worth", "lives", "troubles", "stage_flows")
DAYS = {"period_start": object, "period_end": object}
NOW = "last 90 days"
WARNINGS = "warnings/warnings"  # another station's table, read where there is one
WARNED = ("warning_id", "stage", "theme", "measure", "touchpoint", "owner", "customers", "text")
log = logging.getLogger(__name__)


def tell(workspace: Workspace, warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> list[str]:
    """Make the tables of growth anew from what is known at `clock`; what no source tells is said in words.

    Returns:
        Sentences on what a person must mend, such as a list of calls that cannot be read.
    """
    points = journey.stage_of_touchpoint
    given: dict[str, Any] = {
        "clock": clock, "timezone": company.timezone, "today": clock.astimezone(ZoneInfo(company.timezone)).date(), "days": drivers.DAYS,
        "touchpoints": list(points), "stages": list(points.values()), "leaving": journey.from_default.get("leave"),
    }  # fmt: skip
    with warehouse.transaction():
        for name in BUILT:
            warehouse.build(f"growth/{name}", **given)
        (known,) = warehouse.rows("growth/known", **given)
        given["day_after"] = known["day_after"]
        kinds = wording.of_troubles(warehouse.frame("growth/kinds_of_trouble"), journey)
        _tell_assets(warehouse, kinds, known, company.currency, given)
        driven, models = _tell_drivers(warehouse, kinds, company.currency, given)
        _tell_priorities(warehouse, journey, driven, kinds, company.currency, given)
        notes = _tell_calls(workspace, warehouse, kinds, models.get("left"), given)
        warehouse.replace("growth/landmarks", [])
    log.info("told of %s troubles that go with what customers do", int(driven["rank"].notna().sum()) if "rank" in driven else 0)
    return notes


def _tell_assets(warehouse: Warehouse, kinds: pd.DataFrame, known: dict[str, Any], currency: str, given: dict[str, Any]) -> None:
    """Customers gained and lost, and what the lost had met."""
    periods = warehouse.frame("story/all_periods").astype(DAYS).drop(columns=["cut_by", "cut_value"])
    periods = periods[(periods["period_kind"] != "rolling") | (periods["period"] == NOW)]
    warehouse.replace("growth/customer_assets", assets.movements(warehouse.frame("growth/movements", **given), periods, known, currency))
    marks = assets.looks_at_losses(periods, warehouse.frame("growth/people"))
    warehouse.replace("growth/landmarks", marks)
    warehouse.replace("growth/losses", assets.losses(warehouse, marks, periods, kinds, currency, **given))


def _tell_drivers(warehouse: Warehouse, kinds: pd.DataFrame, currency: str, given: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, drivers.Model]]:
    """What goes with each outcome, and the models of those that can be told."""
    if given["day_after"] is None:
        warehouse.replace("growth/drivers", [])
        return pd.DataFrame(), {}
    people = warehouse.frame("growth/people")
    told = {outcome: drivers.driving(warehouse, outcome, people, kinds, currency, **given) for outcome in drivers.OUTCOMES}
    frame = pd.concat([rows for rows, _ in told.values()], ignore_index=True)
    warehouse.replace("growth/drivers", frame)
    return frame, {outcome: model for outcome, (_, model) in told.items() if model}


def _tell_priorities(warehouse: Warehouse, journey: Journey, driven: pd.DataFrame, kinds: pd.DataFrame, currency: str, given: dict[str, Any]) -> None:
    found = priorities.Evidence(
        driven, kinds, warehouse.frame("growth/met_lately", **given), warehouse.frame("growth/spoken_of"), warehouse.frame("growth/state_of_stages"),
        _open_warnings(warehouse),
    )  # fmt: skip
    warehouse.replace("growth/priorities", priorities.prioritised(found, journey, currency))


def _open_warnings(warehouse: Warehouse) -> pd.DataFrame:
    """What is warned of and not closed, in the order of z; nothing where no station watches."""
    if WARNINGS not in tables.kept():
        return pd.DataFrame()
    found: pd.DataFrame = warehouse.select(WARNINGS, [*WARNED, "closed_on", "z"]).to_pandas()
    is_open: pd.DataFrame = found[found["closed_on"].isna()].sort_values("z", ascending=False).astype(object)
    return is_open.where(is_open.notna(), None)


def _tell_calls(workspace: Workspace, warehouse: Warehouse, kinds: pd.DataFrame, model: drivers.Model | None, given: dict[str, Any]) -> list[str]:
    """Whom to call back; nobody while the company's own lists of whom not to call cannot be read."""
    warehouse.replace("growth/follow_up", [])
    if given["day_after"] is None:
        return []
    try:
        calls.forget(workspace)
        cases, unwanted = calls.cases(workspace), calls.do_not_call(workspace)
    except Mend as problem:
        return [f"{problem} Until then nobody is listed in follow_up."]
    found = warehouse.frame("growth/to_call", lately=calling.LATELY, **given)
    forgotten = Forgotten(workspace)
    found = found[[not forgotten.is_named(customer=customer) for customer in found["customer_id"]]].reset_index(drop=True)
    chances = model.chances(warehouse, found, kinds, **given) if model and len(found) else None
    warehouse.replace("growth/follow_up", calling.listed(found, chances, model.share if model else 0.0, kinds, cases, unwanted))
    return []
