"""Shares of stages in what a source says: as read while labels are few, corrected by random labels of the same texts once they are enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from saying import CLOCK, keep, said, select, workspace_with

from listening import journey, labels, night, signals, story, tagging
from listening.labels import Label
from listening.warehouse import Warehouse
from listening.workspace import Company, Workspace

BILL = "I was charged twice on my bill and the refund for the double charge never came."
NURSE = "The nurse was kind and the ward was spotless."
COMPANY = Company(name="Tester", timezone="Europe/London")


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def told(place: Workspace, store: Warehouse) -> dict[tuple[str, str], dict[str, Any]]:
    stages = journey.read(place.journey)
    tagging.tag(place, store, stages)
    signals.count(store, CLOCK)
    story.tell(store, stages, COMPANY, CLOCK)
    return {(row["period"], row["stage"]): row for row in select(store, "select * from story.stage_shares where source = 'survey'")}


def label(place: Workspace, said_of: dict[str, dict[str, str]], draw: str = "random") -> None:
    labels.add(place, "ada", [Label(name, tags, labeller="ada", drawing={"draw": draw}) for name, tags in said_of.items()])


def test_without_labels_the_shares_are_those_that_were_read_and_say_so(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL) for n in range(30)), *(said(f"n{n}", NURSE) for n in range(10)))
    keep(store, said("given", BILL, given_stage="leave"), said("staff", BILL, role="employee"), said("es", "¡Qué mal!", language="es"))
    rows = told(place, store)
    pay = rows["last 90 days", "pay"]
    assert (pay["share"], pay["texts"], pay["labels"], pay["method"]) == (0.75, 40, 0, "uncorrected")
    assert pay["low"] < 0.75 < pay["high"]
    assert (pay["negative_share"], pay["negative_method"]) == (1.0, "uncorrected")
    assert {period for period, _ in rows} == {"2026-Q2", "2026-06", "last 90 days"}


def test_a_hundred_random_labels_move_the_shares_to_what_people_read(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL) for n in range(200)), *(said(f"n{n}", NURSE) for n in range(200)))
    half = {f"b{n}": {"stage": "pay" if n % 2 else "support", "sentiment": "-1"} for n in range(60)}
    label(place, half | {f"n{n}": {"stage": "use", "sentiment": "1"} for n in range(60)})
    rows = told(place, store)
    for period in ("last 90 days", "2026-Q2"):
        support, pay = rows[period, "support"], rows[period, "pay"]
        assert (support["method"], support["labels"]) == ("corrected", 120)
        assert support["share"] == pytest.approx(0.25, abs=0.01), "read as bills, said by people to be about the service: half of half"
        assert support["low"] < 0.25 < support["high"]
        assert pay["share"] == pytest.approx(0.25, abs=0.01)
        assert pay["negative_method"] == "uncorrected", "120 labels are too few for shares within a stage"
    assert sum(row["share"] for (period, _), row in rows.items() if period == "2026-Q2") == pytest.approx(1)


def test_labels_that_were_not_drawn_at_random_correct_nothing(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL) for n in range(150)))
    label(place, {f"b{n}": {"stage": "support"} for n in range(150)}, draw="chosen")
    assert told(place, store)["last 90 days", "pay"]["method"] == "uncorrected"


def test_old_labels_correct_no_later_period(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL, on="2025-03-01") for n in range(120)), *(said(f"c{n}", BILL, on="2026-06-01") for n in range(20)))
    label(place, {f"b{n}": {"stage": "support"} for n in range(120)})
    rows = told(place, store)
    assert rows["2025-Q1", "support"]["method"] == "corrected"
    assert rows["last 90 days", "pay"]["method"] == "uncorrected"


def test_a_company_without_words_has_no_shares(place: Workspace, store: Warehouse) -> None:
    assert told(place, store) == {}


def test_a_night_without_any_source_goes_through(make_workspace: Any) -> None:
    assert night.run(make_workspace()).status == 0
