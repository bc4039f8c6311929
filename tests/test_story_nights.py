"""Nights that count only what is touched leave the same tables as a night that counts everything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saying import keep, said, scored, select, workspace_with

from listening import journey, signals, story, tagging
from listening.journey import Journey
from listening.warehouse import Warehouse
from listening.workspace import Company, Workspace

BILL = "I was charged twice on my bill and the refund for the double charge never came."
INPUTS = ("records", "operations", "checkins", "invitations")
BOOKKEEPING = {
    "days", "counted", "buckets", "fingerprints", "told_days", "told_periods", "due", "due_days", "touched_buckets", "touched_records", "touched_units",
    "touched_days", "touched_periods", "retold", "compared", "renewed", "needed", "requoted", "passages", "story.members",
}  # fmt: skip
Act = tuple[str, dict[str, Any]]


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def record(number: int, day: dt.date, score: int, kind: str, customer: str | None, stage: str, region: str | None, text: str | None) -> Act:
    cells = {"kind": kind, "source": f"{kind}s", "thread_id": customer, "customer_id": customer, "region": region}
    return "records", scored(f"r{number}", score, str(day), stage, text=text, language="en" if text else None, text_hash=text and "t", **cells)


def fact(table: str, customer: str, day: dt.date, stage: str, value: int, region: str | None) -> Act:
    own = {
        "operations": {"measure": "m", "at": noon(day), "failed": value, "passed": 1 - value},
        "checkins": {"asked_at": noon(day), "answered": 1, "experience": float(value)},
        "invitations": {"sent_at": noon(day), "answered_id": "a" if value else None},
    }[table]
    name = f"{customer}-{stage}-{day}"
    common = {"fact_id": name, "source": table, "customer_id": customer, "stage": stage, "landed_at": noon(day)}
    return table, common | own | ({"region": region} if table != "invitations" else {})


days = st.sampled_from([dt.date(2025, 11, 3), dt.date(2026, 1, 31), dt.date(2026, 2, 1), dt.date(2026, 3, 30), dt.date(2026, 4, 2)])
stages, regions, customers = st.sampled_from(["use", "pay"]), st.sampled_from([None, "North"]), st.sampled_from(["ada", "bob", "eve"])
kinds = st.sampled_from(["survey", "ticket", "review"])
spoken = st.builds(record, st.integers(0, 7), days, st.sampled_from([1, 7, 10]), kinds, customers | st.none(), stages, regions, st.sampled_from([None, BILL]))
happened = st.builds(fact, st.sampled_from(INPUTS[1:]), customers, days, stages, st.integers(0, 1), regions)
gone = st.integers(0, 7).map(lambda number: ("deleted", said(f"r{number}", is_deleted=True)))
forgotten = customers.map(lambda customer: ("forgotten", {"customer_id": customer}))
nights = st.fixed_dictionaries(
    {
        "acts": st.lists(st.one_of(spoken, spoken, happened, happened, gone, forgotten), max_size=8), "clock": days,
        "first_month": st.sampled_from([1, 1, 1, 2]), "stages": st.sampled_from([8, 8, 8, 5]),
    }
)  # fmt: skip


def happen(store: Warehouse, act: Act) -> None:
    what, row = act
    if what in ("records", "deleted"):
        keep(store, row)
    elif what == "forgotten":
        for table in INPUTS:
            store.delete(f"records/{table}", pa.table({name: [value] for name, value in row.items()}))
    else:
        store.upsert(f"records/{what}", [row])


def count_and_tell(store: Warehouse, stages: Journey, night: dict[str, Any]) -> None:
    clock = noon(night["clock"]) + dt.timedelta(hours=6)
    company = Company(name="Tester", timezone="Europe/London", fiscal_year_starts_in=night["first_month"])
    signals.count(store, clock)
    story.tell(store, Journey(stages=stages.stages[: night["stages"]]), company, clock)


def everything(store: Warehouse) -> dict[str, list[str]]:
    """Every row of every table that was counted or told, floats to nine places since the order in which they are added is free."""
    found = select(store, "select schema_name || '.' || table_name as name, table_name as short from duckdb_tables() where schema_name in ('signals', 'story')")
    names = sorted(row["name"] for row in found if not {row["name"], row["short"]} & BOOKKEEPING)
    return {
        name: sorted(repr({key: _rounded(cell) for key, cell in row.items()}) for row in select(store, f"from {name}"))
        for name in ["tagging.tagged_records", *names]
    }


def _rounded(cell: Any) -> Any:
    return round(cell, 9) + 0.0 if isinstance(cell, float) else cell


@given(st.lists(nights, min_size=2, max_size=3))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_random_nights_leave_is_what_one_count_of_everything_leaves(place: Workspace, store: Warehouse, drawn: list[dict[str, Any]]) -> None:
    stages = journey.read(place.journey)
    for table in INPUTS:
        store.replace(f"records/{table}", [])
    for night in drawn:
        for act in night["acts"]:
            happen(store, act)
        tagging.tag(place, store, stages)
        count_and_tell(store, stages, night)
    touched = everything(store)
    store.empty("signals/counted")
    store.empty("story/told_periods")
    count_and_tell(store, stages, drawn[-1])
    assert touched == everything(store)


def days_counted(store: Warehouse) -> dict[dt.date, int]:
    return {row["said_on"]: row["counted_in"] for row in select(store, "from signals.days")}


def test_a_night_without_anything_new_counts_nothing_again(place: Workspace, store: Warehouse) -> None:
    night = {"clock": dt.date(2026, 4, 2), "first_month": 1, "stages": 8}
    stages = journey.read(place.journey)
    keep(store, scored("a", 9, "2025-11-03"), scored("b", 9, "2026-03-30"))
    count_and_tell(store, stages, night)
    before = days_counted(store)
    count_and_tell(store, stages, night)
    assert days_counted(store) == before
    assert select(store, "from story.due") == []


def test_a_late_record_touches_its_day_and_the_periods_that_hold_it(place: Workspace, store: Warehouse) -> None:
    night = {"clock": dt.date(2026, 4, 2), "first_month": 1, "stages": 8}
    stages = journey.read(place.journey)
    keep(store, scored("a", 9, "2025-11-03"), scored("b", 9, "2026-03-30"), scored("c", 9, "2026-03-31"))
    count_and_tell(store, stages, night)
    keep(store, scored("d", 9, "2026-03-30", source="other"))
    count_and_tell(store, stages, night)
    assert days_counted(store) == {dt.date(2025, 11, 3): 1, dt.date(2026, 3, 30): 2, dt.date(2026, 3, 31): 1}
    assert {row["period"] for row in select(store, "from story.due")} == {"2026-03", "2026-Q1", "last 90 days"}
    assert [tuple(row.values()) for row in select(store, "from signals.touched_days")] == [("other", dt.date(2026, 3, 30))]
