"""Signals: takes tagged records, gives units (a ticket once, a survey answer once) and additive counts by source, stage and day.

Only what is touched is counted again. Records fall into buckets by a hash of their ids; where the fingerprint of all that
stands behind a bucket (records up to the clock, tags and sentences, themes, labels) differs from the last count's, its
records are looked at one by one. Those that differ are tagged records anew, the units in which they count or counted are
made anew, and so are all counts of the sources and days on which any of these stand or stood. Nothing is ever added or
subtracted. A record is told from what it was by the hash of its content, its tags and sentences by what they were made from.
"""

from __future__ import annotations

import datetime as dt
import logging

from listening import tables
from listening.warehouse import Warehouse

COUNTED: tuple[dict[str, str], ...] = (
    {"tagging/tagged_records": "signals/touched_records", "signals/members": "signals/touched_records"},
    {"signals/units": "signals/touched_units"},
    {"signals/daily": "signals/touched_days", "signals/theme_mentions": "signals/touched_units", "signals/theme_daily": "signals/touched_days"},
)  # each table and what holds the keys of its rows that are made anew, in the order in which they follow from one another
log = logging.getLogger(__name__)


def count(warehouse: Warehouse, clock: dt.datetime) -> int:
    """Count again what customers said up to `clock`; gives the number of units."""
    with warehouse.transaction():
        _find_touched(warehouse, clock)
        for following in COUNTED:
            warehouse.execute("signals/touch_units")  # before and after, so that the places that anything left are counted again, too
            warehouse.execute("signals/touch_days")
            for name, touched in following.items():
                warehouse.recount(name, touched, clock=clock)
        warehouse.upsert("signals/days", warehouse.query("signals/days_counted"))
        warehouse.delete("signals/counted", warehouse.query("signals/buckets_gone"))
        warehouse.upsert("signals/counted", warehouse.query("signals/buckets_counted"))
    units: int = warehouse.rows("signals/number_of_units")[0]["units"]
    log.info("counted %s units", units)
    return units


def _find_touched(warehouse: Warehouse, clock: dt.datetime) -> None:
    """The buckets behind which anything changed, and their records; all of them where the way of counting is another one."""
    version = tables.version("tagging", "signals")
    if not warehouse.rows("signals/number_of_buckets", version=version)[0]["buckets"]:
        for name in (*(name for following in COUNTED for name in following), "signals/counted"):
            warehouse.empty(name)
    warehouse.execute("signals/parts")
    for name in ("buckets", "touched_buckets", "fingerprints", "touched_records"):
        warehouse.build(f"signals/{name}", clock=clock, version=version)
    for name in ("signals/touched_units", "signals/touched_days"):
        warehouse.empty(name)
