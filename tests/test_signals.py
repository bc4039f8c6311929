"""Units and their additive counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saying import CLOCK, keep, said, scored, select, the, understood, workspace_with

from listening import journey, signals, tagging
from listening.tables import table
from listening.warehouse import Warehouse
from listening.workspace import Workspace

BILL = "I was charged twice on my bill and the refund for the double charge never came."
STAFF = "The nurse was kind and the ward was spotless."
CUTS = ("region", "channel", "product", "brand", "segment", "unit", "team")


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def message(record_id: str, text: str | None, hour: int = 12, thread: str = "7", **cells: object) -> dict[str, object]:
    at = dt.datetime(2026, 6, 15, hour, tzinfo=dt.UTC)
    return said(record_id, text, **{"kind": "ticket", "source": "tickets", "thread_id": thread, "said_at": at, **cells})


def units(store: Warehouse) -> dict[str, dict[str, object]]:
    return {row["unit_id"]: row for row in select(store, "select * from signals.units")}


def test_a_ticket_counts_once_however_many_messages_it_has(place: Workspace, store: Warehouse) -> None:
    understood(place, store, message("a", BILL, 9), message("b", BILL, 10), message("c", STAFF, 11), message("d", BILL, thread="8"))
    found = units(store)
    assert sorted(found) == ["tickets/7", "tickets/8"]
    assert (found["tickets/7"]["stage"], found["tickets/7"]["records"]) == ("pay", 3)


def test_the_same_thread_name_in_two_sources_is_two_tickets(place: Workspace, store: Warehouse) -> None:
    understood(place, store, message("a", BILL), message("b", BILL, source="chats", kind="chat"))
    assert sorted(units(store)) == ["chats/7", "tickets/7"]


def test_each_answer_of_a_survey_counts_once_though_its_respondent_is_a_thread(place: Workspace, store: Warehouse) -> None:
    understood(place, store, scored("a", 9, thread_id="r1"), said("b", BILL, thread_id="r1"), scored("c", 2, thread_id="r2"))
    assert sorted(units(store)) == ["a", "b", "c"]


def test_a_ticket_takes_its_stance_from_its_last_score_with_that_scores_own_scale(place: Workspace, store: Warehouse) -> None:
    understood(
        place, store,
        message("a", "Horrible, awful.", 9, score=1, score_worst=1, score_best=5, score_name="first"),
        message("b", None, 10, score=1, score_worst=0, score_best=1, score_name=None),
        message("c", "Awful and horrible.", 11),
    )  # fmt: skip
    unit = units(store)["tickets/7"]
    assert (unit["stance"], unit["score"], unit["score_worst"], unit["score_best"], unit["score_name"]) == ("great", 1, 0, 1, None)


def test_a_ticket_without_a_score_takes_its_stance_from_all_its_words(place: Workspace, store: Warehouse) -> None:
    understood(place, store, message("a", "Horrible, awful, disgusting and terrible service, everything was bad."), message("b", "Thanks."))
    assert units(store)["tickets/7"]["stance"] == "trouble"


def test_a_ticket_stands_at_the_stage_of_most_words_and_not_at_none(place: Workspace, store: Warehouse) -> None:
    understood(place, store, message("a", "Worst company ever. Absolutely terrible company. " * 5), message("b", BILL))
    assert units(store)["tickets/7"]["stage"] == "pay"


def test_messages_of_one_moment_give_the_same_unit_in_whatever_order_they_come(place: Workspace, store: Warehouse) -> None:
    messages = [message(name, None, score=score, score_worst=0, score_best=10, region=name) for name, score in (("a", 9), ("b", 3), ("c", None))]
    understood(place, store, *messages)
    first = units(store)
    keep(store, *reversed(messages))
    signals.count(store, CLOCK)
    assert units(store) == first
    assert (first["tickets/7"]["region"], first["tickets/7"]["stance"]) == ("a", "trouble")


def test_employees_and_suppliers_are_left_out(place: Workspace, store: Warehouse) -> None:
    understood(place, store, *(scored(role, 9, role=role) for role in ("buyer", "user", "sponsor", "community", "employee", "supplier")))
    assert sorted(units(store)) == ["buyer", "community", "sponsor", "user"]


def test_what_is_said_after_the_clock_is_not_counted(place: Workspace, store: Warehouse) -> None:
    understood(place, store, scored("a", 9), scored("b", 9, on="2026-06-16"))
    assert signals.count(store, dt.datetime(2026, 6, 15, 13, tzinfo=dt.UTC)) == 1
    assert sorted(units(store)) == ["a"]


def test_an_empty_store_counts_nothing(store: Warehouse) -> None:
    assert signals.count(store, CLOCK) == 0
    assert select(store, "select * from signals.daily") == []


TOLD = [name for name in table("tagging/tagged_records").types if name in table("records/records").types and name != "record_id"]


@pytest.mark.parametrize("column", TOLD)
def test_whatever_readers_see_of_a_record_is_seen_anew_when_it_changes(store: Warehouse, column: str) -> None:
    cells = {"varchar": "7", "double": 7.0, "timestamptz": CLOCK - dt.timedelta(days=7), "date": dt.date(2026, 6, 7)}
    new = cells[table("records/records").types[column]]
    record = scored("a", 3)
    keep(store, record)
    signals.count(store, CLOCK)
    assert the(store, "tagging.tagged_records", "a")[column] != new
    keep(store, record | {column: new})
    signals.count(store, CLOCK)
    assert the(store, "tagging.tagged_records", "a")[column] == new


people = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["survey", "tickets", "reviews"]), "score": st.sampled_from([None, 1, 7, 10]),
        "on": st.sampled_from(["2026-06-01", "2026-06-02"]), "given_stage": st.sampled_from([None, "use", "pay", "none"]),
        "thread_id": st.sampled_from([None, "1", "2"]),
        "role": st.sampled_from(["buyer", "user", "employee"]),
        **{cut: st.sampled_from([None, "x", "y"]) for cut in CUTS[:3]},
    }
)  # fmt: skip


@given(st.lists(people, min_size=1, max_size=25))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_daily_counts_add_up_to_the_units_within_every_cut(place: Workspace, store: Warehouse, drawn: list[dict[str, object]]) -> None:
    store._connection.execute("delete from records.records")
    keep(store, *(
        said(str(number), kind="ticket" if person["source"] == "tickets" else "survey", score_worst=0, score_best=10, **person)
        for number, person in enumerate(drawn)
    ))  # fmt: skip
    tagging.tag(place, store, journey.read(place.journey))
    counted = signals.count(store, CLOCK)
    for column in ("units", "trouble + in_between + great + without_stance"):
        (total,) = select(store, f"select coalesce(sum({column}), 0)::bigint as n from signals.daily where cut_by = 'all'")
        assert total["n"] == counted
    (heard,) = select(store, "select count(*) as n from tagging.tagged_records where role <> 'employee'")
    (kept,) = select(store, "select coalesce(sum(records), 0)::bigint as n from signals.daily where cut_by = 'all'")
    assert kept == heard
    for cut in CUTS:
        mine = f"select source, stage, said_on, {cut} as cut_value, stance, count(*) as n from signals.units where {cut} is not null group by all"
        expected = {(row["source"], row["stage"], row["said_on"], row["cut_value"], row["stance"]): row["n"] for row in select(store, mine)}
        for row in select(store, f"select * from signals.daily where cut_by = '{cut}'"):
            for stance, column in (("trouble", "trouble"), ("in between", "in_between"), ("great", "great"), (None, "without_stance")):
                assert expected.pop((row["source"], row["stage"], row["said_on"], row["cut_value"], stance), 0) == row[column]
        assert not expected


def test_a_record_leaves_the_counts_when_it_is_deleted(place: Workspace, store: Warehouse) -> None:
    understood(place, store, scored("a", 9), scored("b", 9))
    understood(place, store, said("a", is_deleted=True))
    assert sorted(units(store)) == ["b"]
    assert the(store, "tagging.tagged_records", "b")["stance"] == "great"
