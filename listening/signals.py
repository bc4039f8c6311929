"""Signals: takes tagged records, gives units (a ticket once, a survey answer once) and additive counts by source, stage and day."""

from __future__ import annotations

import datetime as dt
import logging

from listening.warehouse import Warehouse

log = logging.getLogger(__name__)


def count(warehouse: Warehouse, clock: dt.datetime) -> int:
    """Count again what customers said up to `clock`; gives the number of units."""
    with warehouse.transaction():
        warehouse.build("tagging/tagged_records", clock=clock)
        warehouse.build("signals/members")
        warehouse.build("signals/units")
        warehouse.build("signals/daily")
        warehouse.build("signals/theme_mentions")
        warehouse.build("signals/theme_daily")
    units: int = warehouse.rows("signals/number_of_units")[0]["units"]
    log.info("counted %s units", units)
    return units
