"""Tell growth: customers, operations, outcomes and feedback in, the tables of growth out."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from listening.growth import assets, drivers, wording
from listening.journey import Journey
from listening.warehouse import Warehouse
from listening.workspace import Company

BUILT = ("worth", "lives", "troubles", "stage_flows")
DAYS = {"period_start": object, "period_end": object}
NOW = "last 90 days"
log = logging.getLogger(__name__)


def tell(warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> None:
    """Make the tables of growth anew from what is known at `clock`; what no source tells is said in words."""
    points = journey.stage_of_touchpoint
    given: dict[str, Any] = {
        "clock": clock, "timezone": company.timezone, "today": clock.astimezone(ZoneInfo(company.timezone)).date(), "days": drivers.DAYS,
        "touchpoints": list(points), "stages": list(points.values()), "leaving": journey.from_default.get("leave"),
    }  # fmt: skip
    with warehouse.transaction():
        for name in BUILT:
            warehouse.build(f"growth/{name}", **given)
        (known,) = warehouse.rows("growth/known")
        periods = warehouse.frame("story/all_periods").astype(DAYS).drop(columns=["cut_by", "cut_value"])
        periods = periods[(periods["period_kind"] != "rolling") | (periods["period"] == NOW)]
        people = warehouse.frame("growth/people")
        kinds = wording.of_troubles(warehouse.frame("growth/kinds_of_trouble"), journey)
        warehouse.replace("growth/customer_assets", assets.movements(warehouse.frame("growth/movements", **given), periods, known, company.currency))
        _tell_losses(warehouse, periods, people, kinds, company.currency, given)
        driven, _ = _tell_drivers(warehouse, people, kinds, company.currency, given | {"day_after": known["day_after"]})
    log.info("told of %s troubles that go with what customers do", int(driven["rank"].notna().sum()) if "rank" in driven else 0)


def _tell_losses(warehouse: Warehouse, periods: pd.DataFrame, people: pd.DataFrame, kinds: pd.DataFrame, currency: str, given: dict[str, Any]) -> None:
    marks = assets.looks_at_losses(periods, people)
    warehouse.replace("growth/landmarks", marks)
    warehouse.replace("growth/losses", assets.losses(warehouse, marks, periods, kinds, currency, **given))


def _tell_drivers(
    warehouse: Warehouse, people: pd.DataFrame, kinds: pd.DataFrame, currency: str, given: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """What goes with each outcome, and each customer's chance of it."""
    if given["day_after"] is None:
        warehouse.replace("growth/drivers", [])
        return pd.DataFrame(), {}
    told = {outcome: drivers.driving(warehouse, outcome, people, kinds, currency, **given) for outcome in drivers.OUTCOMES}
    frame = pd.concat([rows for rows, _ in told.values()], ignore_index=True)
    warehouse.replace("growth/drivers", frame)
    warehouse.replace("growth/landmarks", [])
    return frame, {outcome: chances for outcome, (_, chances) in told.items()}
