"""From tables to the balanced story: cells, readings, levels and how they degrade, coverage, measures of customers, words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saying import CLOCK, keep, said, scored, select, workspace_with

from listening import journey, night, signals, story, tagging
from listening.prove import worlds
from listening.warehouse import Warehouse
from listening.workspace import Company, Workspace
from tests.conftest import rows

COMPANY = Company(name="Tester", timezone="Europe/London")
STAGES = ("use", "pay", "support")
QUARTERS = (dt.date(2026, 1, 1), dt.date(2026, 4, 1))
Facts = dict[str, list[dict[str, Any]]]


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def fact(name: str, **cells: Any) -> dict[str, Any]:
    return {"fact_id": name, "source": "ops", "landed_at": CLOCK, **cells}


def at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def passed(customer: str, stage: str, day: dt.date, failed: int = 0, measure: str = "went_right", **cells: Any) -> dict[str, Any]:
    name = f"{customer}-{stage}-{day}-{measure}"
    return fact(name, **{"customer_id": customer, "stage": stage, "measure": measure, "at": at(day), "failed": failed, "passed": 1 - failed, **cells})


def asked(customer: str, stage: str, day: dt.date, experience: int | None, **cells: Any) -> dict[str, Any]:
    answer = {"answered": int(experience is not None), "experience": experience}
    return fact(f"{customer}-{stage}-{day}", **{"source": "checkins", "customer_id": customer, "stage": stage, "asked_at": at(day), **answer, **cells})


def company(customers: int = 200, calls: int = 60, seed: int = 0) -> Facts:
    """Two quarters of three stages in which 20, 40 and 60 % have trouble: operations, check-ins, a rosy survey, tickets of the troubled."""
    rng = np.random.default_rng(seed)
    made: Facts = {"operations": [], "checkins": [], "records": []}
    for start in QUARTERS:
        for stage, trouble in zip(STAGES, (0.2, 0.4, 0.6), strict=True):
            lives = rng.choice([-1, 0, 1], customers, p=[trouble, 0.3, 0.7 - trouble])
            called = set(rng.choice(customers, calls, replace=False).tolist())
            for number, life in enumerate(lives.tolist()):
                name, day = f"{start:%m}-{stage}-{number}", start + dt.timedelta(days=int(rng.integers(0, 88)))
                region = "North" if number % 2 else "South"
                made["operations"].append(passed(name, stage, day, int(rng.random() < (0.6 if life < 0 else 0.1)), region=region))
                if number in called:
                    said_of_it = {"expectation": ["below", "met", "exceeded"][life + 1], "effort": float(life < 0), "would_recommend": float(life > 0)}
                    made["checkins"].append(asked(name, stage, day, life if rng.random() < 0.6 else None, **said_of_it, memorable=None))
                if rng.random() < (0.02, 0.06, 0.2)[life + 1]:
                    made["records"].append(scored(f"s-{name}", (3, 8, 10)[life + 1], on=str(day), stage=stage, customer_id=name))
                if life < 0 and rng.random() < 0.2:
                    ticket = {"source": "tickets", "kind": "ticket", "thread_id": name, "customer_id": name, "score_name": None}
                    made["records"].append(scored(f"t-{name}", 1, on=str(day), stage=stage, **ticket))
    return made


def tell(place: Workspace, store: Warehouse, made: Facts) -> None:
    for table in ("operations", "checkins", "invitations", "customers"):
        store.upsert(f"records/{table}", made.get(table, []))
    keep(store, *made.get("records", []))
    stages = journey.read(place.journey)
    tagging.tag(place, store, stages)
    signals.count(store, CLOCK)
    story.tell(store, stages, COMPANY, CLOCK)


def stories(store: Warehouse, **wanted: object) -> dict[str, dict[str, Any]]:
    """The stories of the last 90 days by stage."""
    same = {"period": "last 90 days", "cut_by": "all", **wanted}
    return {row["stage"]: row for row in select(store, "select * from story.stage_story") if all(row[name] == value for name, value in same.items())}


def measure(store: Warehouse, name: str, stage: str = "use", period: str = "2026-Q2") -> dict[str, Any]:
    (row,) = select(store, f"select * from story.stage_measures where measure = '{name}' and stage = '{stage}' and period = '{period}' and cut_by = 'all'")
    return row


def the_cells(store: Warehouse, stage: str = "use", period: str = "2026-Q2") -> dict[tuple[object, object], tuple[int, ...]]:
    query = f"select * from story.cells where stage = '{stage}' and period = '{period}' and cut_by = 'all'"
    counts = ("customers", "asked", "answered", "trouble", "in_between", "great")
    return {(row["failed"], row["had_ticket"]): tuple(row[name] for name in counts) for row in select(store, query)}


# cells


def test_a_customer_failed_if_any_measure_failed_and_counts_once(place: Workspace, store: Warehouse) -> None:
    june = dt.date(2026, 6, 1)
    several = [passed("a", "use", june, 0, "first"), passed("a", "use", june, 1, "second"), passed("a", "use", dt.date(2026, 6, 9), 0, "first")]
    tell(place, store, {"operations": [*several, passed("b", "use", june)]})
    assert the_cells(store) == {(True, False): (1, 0, 0, 0, 0, 0), (False, False): (1, 0, 0, 0, 0, 0)}


def test_tickets_chats_and_calls_of_the_stage_and_period_make_the_cell(place: Workspace, store: Warehouse) -> None:
    june = dt.date(2026, 6, 1)
    spoke = [
        scored(f"{kind}-{customer}", 2, on=on, stage=stage, kind=kind, thread_id=customer, customer_id=customer)
        for kind, customer, stage, on in (
            ("ticket", "a", "use", "2026-06-02"), ("chat", "b", "use", "2026-06-02"), ("call", "c", "use", "2026-06-02"),
            ("ticket", "d", "pay", "2026-06-02"), ("ticket", "e", "use", "2026-02-02"), ("survey", "f", "use", "2026-06-02"),
        )
    ]  # fmt: skip
    tell(place, store, {"operations": [passed(name, "use", june) for name in "abcdef"], "records": spoke})
    assert the_cells(store) == {(False, True): (3, 0, 0, 0, 0, 0), (False, False): (3, 0, 0, 0, 0, 0)}


def test_a_check_in_stands_in_its_customers_cell_or_beside_all_cells(place: Workspace, store: Warehouse) -> None:
    june = dt.date(2026, 6, 1)
    calls = [asked("a", "use", june, -1), asked("b", "use", june, None), asked("stranger", "use", june, 1)]
    tell(place, store, {"operations": [passed("a", "use", june, 1), passed("b", "use", june)], "checkins": calls})
    assert the_cells(store) == {(True, False): (1, 1, 1, 1, 0, 0), (False, False): (1, 1, 0, 0, 0, 0), (None, None): (0, 1, 1, 0, 0, 1)}


def test_a_check_in_belongs_to_the_period_in_which_it_was_asked(place: Workspace, store: Warehouse) -> None:
    tell(place, store, {"operations": [passed("a", "use", dt.date(2026, 3, 30))], "checkins": [asked("a", "use", dt.date(2026, 4, 2), 1)]})
    assert the_cells(store, period="2026-Q1") == {(False, False): (1, 0, 0, 0, 0, 0)}
    assert the_cells(store) == {(None, None): (0, 1, 1, 0, 0, 1)}


def test_whoever_passes_a_touchpoint_passes_its_stage(place: Workspace, store: Warehouse) -> None:
    points = journey.read(place.journey).stage_of_touchpoint
    point, stage = next(iter(points.items()))
    tell(place, store, {"operations": [passed("a", "", dt.date(2026, 6, 1)) | {"stage": None, "touchpoint": point}]})
    assert the_cells(store, stage) == {(False, False): (1, 0, 0, 0, 0, 0)}


def test_counts_without_customers_make_one_cell_of_nobody_known(place: Workspace, store: Warehouse) -> None:
    counts = [
        fact(name, stage="use", measure=name, at=at(dt.date(2026, 6, 1)), failed=failed, passed=went, customer_id=None)
        for name, failed, went in (("first", 10, 90), ("second", 5, 55))
    ]
    tell(place, store, {"operations": counts})
    assert the_cells(store) == {(None, None): (100, 0, 0, 0, 0, 0)}
    assert stories(store)["use"]["customers"] == 100


# levels


def test_with_random_check_ins_the_level_is_told_with_its_interval(place: Workspace, store: Warehouse) -> None:
    tell(place, store, company())
    told = stories(store)
    for stage, trouble in zip(STAGES, (0.2, 0.4, 0.6), strict=True):
        assert told[stage]["evidence_level"] == "estimate"
        assert told[stage]["net_low"] <= told[stage]["net_experience"] <= told[stage]["net_high"]
        level = measure(store, "trouble_of_customers", stage)
        assert level["low"] <= trouble <= level["high"]
        assert (level["denominator"], level["n"]) == (200, told_of(store, stage))
        assert "We estimate that of 100 customers" in told[stage]["story"]
    assert told["support"]["order_low"] > told["use"]["order_low"]
    assert told["leave"]["evidence_level"] == "insufficient"


def told_of(store: Warehouse, stage: str) -> int:
    return sum(counts[2] for counts in the_cells(store, stage).values())


def without(name: str) -> Callable[[Facts], Facts]:
    return lambda made: {**made, name: []}


def by_count(made: Facts) -> Facts:
    """Operations as counts by day, without customers."""
    days: dict[tuple[str, dt.datetime], list[int]] = {}
    for row in made["operations"]:
        days.setdefault((row["stage"], row["at"]), []).append(row["failed"])
    counts = [
        fact(f"{stage}-{day}", stage=stage, measure="m", at=day, failed=sum(failed), passed=len(failed) - sum(failed), customer_id=None)
        for (stage, day), failed in days.items()
    ]
    return {**made, "operations": counts}


def nameless(made: Facts) -> Facts:
    return {**made, "records": [row | {"customer_id": None} for row in made["records"]]}


def of_strangers(made: Facts) -> Facts:
    """Check-ins of customers whom operations do not know."""
    return {**made, "checkins": [row | {"customer_id": f"x-{row['customer_id']}"} for row in made["checkins"]]}


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        (lambda made: made, "estimate", "We estimate"),
        (without("records"), "estimate", "nobody spoke up; 200 customers were there"),
        (nameless, "estimate", "We estimate"),
        (of_strangers, "estimate", "We estimate"),
        (without("checkins"), "direction", "how all customers live here"),
        (without("operations"), "direction", "operations with customers' ids"),
        (by_count, "direction", "operations with customers' ids"),
        (lambda made: {"checkins": made["checkins"]}, "direction", "nobody spoke up"),
    ],
    ids=["all", "no feedback", "nobody named in feedback", "check-ins of strangers", "no check-ins", "no operations", "counts only", "only check-ins"],
)
def test_the_story_says_less_where_less_comes_in(place: Workspace, store: Warehouse, change: Callable[[Facts], Facts], level: str, words: str) -> None:
    tell(place, store, change(company()))
    told = stories(store)["pay"]
    assert told["evidence_level"] == level
    assert words in told["story"]
    assert (told["net_experience"] is None) == (level != "estimate")
    assert bool(select(store, "select 1 as x from story.stage_measures where measure = 'trouble_of_customers'")) == (level == "estimate")
    for row in select(store, "select * from story.stage_story"):
        assert not re.search(r"\b(nan|None|NaT|inf)\b|  |\(\)|\.\.|, ,", row["story"]), row["story"]
        if row["evidence_level"] != "estimate":
            assert (row["net_experience"], row["net_low"], row["net_high"]) == (None, None, None)
            assert "We estimate" not in row["story"]


def test_months_carry_no_level(place: Workspace, store: Warehouse) -> None:
    tell(place, store, company())
    assert not select(store, "select 1 as x from story.stage_story where period_kind = 'month' and (evidence_level = 'estimate' or net_experience is not null)")


def test_a_cut_with_enough_check_ins_has_a_level_and_one_with_few_has_none(place: Workspace, store: Warehouse) -> None:
    made = company(customers=300, calls=200)
    made["operations"] = [row | {"region": "Coast" if row["customer_id"].endswith("7") else row["region"]} for row in made["operations"]]
    tell(place, store, made)
    levels = {
        row["cut_value"]: row for row in select(store, "select * from story.stage_story where stage = 'use' and cut_by = 'region' and period = '2026-Q2'")
    }
    assert levels["North"]["evidence_level"] == levels["South"]["evidence_level"] == "estimate"
    assert levels["Coast"]["evidence_level"] != "estimate"
    assert levels["North"]["story"].startswith("Use (region: North), 1\u00a0Apr to 30\u00a0Jun\u00a02026")


def test_the_order_of_rows_changes_nothing(place: Workspace, store: Warehouse) -> None:
    made, tables = company(), ("stage_story", "stage_measures", "stage_sources", "coverage")
    tell(place, store, made)
    first = [select(store, f"select * from story.{table} order by all") for table in tables]
    for table in ("operations", "checkins", "records"):
        store._connection.execute(f"delete from records.{table}")
    tell(place, store, {name: found[::-1] for name, found in made.items()})
    assert [select(store, f"select * from story.{table} order by all") for table in tables] == first


def test_what_sources_add_stands_beside_them_also_where_they_bring_no_words(place: Workspace, store: Warehouse) -> None:
    tell(place, store, company())
    told = {row["source"]: row for row in select(store, "select * from story.stage_sources where stage = 'use' and period = '2026-Q2' and cut_by = 'all'")}
    assert set(told) == {"ops", "survey", "tickets"}
    assert (told["ops"]["kind"], told["ops"]["units"]) == ("operations", 0)
    assert all(row["contribution"] is not None and row["reading"] is not None for row in told.values())
    assert all(row["contribution"] is None for row in select(store, "select * from story.stage_sources where period_kind = 'month'"))


def test_no_ticket_among_many_customers_is_a_reading_too(place: Workspace, store: Warehouse) -> None:
    made = company()
    made["records"] = [row for row in made["records"] if row["kind"] != "ticket" or row["given_stage"] != "use"]
    tell(place, store, made)
    readings = {
        row["stage"]: row["reading"] for row in select(store, "select * from story.readings where source = 'tickets' and period = '2026-Q2' and cut_by = 'all'")
    }
    assert readings["use"] == pytest.approx(np.log(200.5 / 0.5))
    assert readings["use"] > readings["pay"]


def test_quotes_show_both_sides_as_all_customers_live_not_as_those_who_spoke(place: Workspace, store: Warehouse) -> None:
    made, june = company(calls=80), dt.date(2026, 6, 1)
    angry = "The app is broken again, terrible and awful, I am angry about reason {}."
    happy = "The app is wonderful and quick, I love it and I am happy about reason {}."
    words = [
        said(f"w{side}{number}", text.format(f"{number} {chr(97 + number) * 3}"), on=str(june), source=source, kind="review", given_stage="use")
        for side, text, many in (("t", angry, 20), ("g", happy, 12)) for number in range(many) for source in [("forum", "stars")[number % 2]]
    ]  # fmt: skip
    tell(place, store, {**made, "records": made["records"] + words})
    trouble, great = (measure(store, f"{side}_of_customers")["value"] for side in ("trouble", "great"))
    quoted = [row["side"] for row in select(store, "select * from story.quotes where stage = 'use' and period = '2026-Q2'")]
    assert len(quoted) == 6
    assert abs(quoted.count("trouble") / 6 - trouble / (trouble + great)) <= 1 / 6 + 0.01
    assert quoted.count("great") > quoted.count("trouble"), "though more of those who spoke were in trouble"


# measures, coverage


def test_measures_of_customers_come_from_those_who_were_asked(place: Workspace, store: Warehouse) -> None:
    june = dt.date(2026, 6, 1)
    lives = [(-1, "below", 1, -1, 0)] * 4 + [(0, "met", 0, None, 1)] * 5 + [(1, "exceeded", 0, 1, 1)]
    calls = [
        asked(f"c{number}", "use", june, life, expectation=expectation, effort=effort, memorable=memorable, would_recommend=recommend)
        for number, (life, expectation, effort, memorable, recommend) in enumerate(lives)
    ]
    tell(place, store, {"operations": [passed(f"c{number}", "use", june, int(number in (0, 1))) for number in range(10)], "checkins": calls})
    found = {
        name: (row["n"], row["denominator"])
        for name in (
            "expectation_below_of_customers", "expectation_met_of_customers", "expectation_exceeded_of_customers", "expectation_below_of_kept_customers",
            "effort_of_customers", "memorable_good_of_customers", "memorable_bad_of_customers", "recommend_of_customers",
        )
        if (row := measure(store, name))
    }  # fmt: skip
    assert found == {
        "expectation_below_of_customers": (4, 10), "expectation_met_of_customers": (5, 10), "expectation_exceeded_of_customers": (1, 10),
        "expectation_below_of_kept_customers": (2, 8), "effort_of_customers": (4, 10), "memorable_good_of_customers": (1, 10),
        "memorable_bad_of_customers": (4, 10), "recommend_of_customers": (6, 10),
    }  # fmt: skip


def test_expectation_that_is_exceeded_less_than_before_is_told(place: Workspace, store: Warehouse) -> None:
    calls = [
        asked(f"{day}-{number}", "use", day, 0, expectation="exceeded" if number < many else "met")
        for day, many in ((dt.date(2026, 2, 1), 18), (dt.date(2026, 5, 1), 4))
        for number in range(20)
    ]
    tell(place, store, {"checkins": calls, "operations": [passed(row["customer_id"], "use", row["asked_at"].date()) for row in calls]})
    moved = measure(store, "expectation_exceeded_change_of_customers")
    assert moved["value"] == pytest.approx(0.2 - 0.9)
    assert moved["high"] < 0


def test_coverage_says_who_spoke_and_who_did_not(place: Workspace, store: Warehouse) -> None:
    june = dt.date(2026, 6, 1)
    operations = [passed(name, "use", june, int(name in "abc")) for name in "abcdefgh"]
    records = [
        scored("1", 9, on=str(june), customer_id="d"), scored("2", 2, on=str(june), customer_id="a"), scored("3", 2, on=str(june)),
        scored("4", 1, on=str(june), customer_id="a", source="tickets", kind="ticket", thread_id="7"),
    ]  # fmt: skip
    sent = [
        fact(f"i{name}", customer_id=name, stage="use", sent_at=at(june), answered_id={"d": "1", "a": None}.get(name)) for name in "abde"
    ]  # fmt: skip
    tell(place, store, {"operations": operations, "records": records, "invitations": sent, "checkins": [asked("h", "use", june, 1)]})
    query = "select * from story.coverage where stage = 'use' and period = '2026-Q2'"
    columns = ("customers", "invited", "response", "heard", "passed_heard", "passed_silent", "failed_heard", "failed_silent")
    found = {row["source"]: tuple(row[name] for name in columns) for row in select(store, query)}
    assert found == {
        "all": (8, None, None, 3, 1, 4, 1, 2), "survey": (8, 4, 0.5, 3, 1, 4, 1, 2), "tickets": (8, None, None, 1, 0, 5, 1, 2),
    }  # fmt: skip


def test_a_touchpoint_without_a_survey_at_its_stage_says_that_nobody_asks(place: Workspace, store: Warehouse) -> None:
    points = journey.read(place.journey).stage_of_touchpoint
    (asked_of, stage), (unasked, _) = (
        next(iter(points.items())),
        next((point, other) for point, other in points.items() if other != next(iter(points.values()))),
    )
    tell(place, store, {"records": [scored("a", 9, stage=stage), scored("b", 2, stage=stage, given_touchpoint=asked_of, source="reviews", kind="review")]})
    told = {row["touchpoint"]: row for row in select(store, "select * from story.touchpoint_story where period = '2026-Q2'")}
    assert (told[asked_of]["units"], told[asked_of]["survey_answers"]) == (1, 1)
    assert "No survey asks about it." not in told[asked_of]["story"]
    assert told[unasked]["story"].endswith("nobody spoke of it. No survey asks about it. Nobody is named as its owner.")


def test_customers_with_a_failure_who_answer_less_are_told_of(place: Workspace, store: Warehouse) -> None:
    june = dt.date(2026, 6, 1)
    operations = [passed(f"c{number}", "use", june, int(number < 100)) for number in range(200)]
    answers = [scored(f"s{number}", 9, on=str(june), customer_id=f"c{number}") for number in [0, 1, 2, 3, *range(100, 140)]]
    tell(place, store, {"operations": operations, "records": answers})
    ratio = measure(store, "survey_ratio_of_failed")
    assert ratio["value"] == pytest.approx((4.5 / 100.5) / (40.5 / 100.5))
    assert ratio["high"] < 1
    assert "Customers with a failure answered the survey 0.1 times as often as those without" in stories(store)["use"]["story"]


# the whole path


def test_a_world_written_as_files_is_told_as_it_is(tmp_path: Path, fitted: Path) -> None:
    """Through a whole night: nearly all intervals hold the truth, and the error is a third of the survey's at most."""
    place, world = workspace_with(fitted, tmp_path / "world"), worlds.make(worlds.Family(size=0.1), 3)
    worlds.write(world, place.root, 20)
    assert night.run(place).status == 0
    truth = worlds.truth(world)
    names = {number: f"2025-Q{number + 1}" if number < 4 else "2026-Q1" for number in range(worlds.QUARTERS)}
    told = {(row["stage"], row["period"]): row for row in rows(place, "from stage_story where cut_by = 'all' and evidence_level = 'estimate'")}
    lives = [(told[key], row) for row in truth.to_dict("records") if (key := (row["stage"], names[row["period"]])) in told]
    assert len(lives) > len(truth) / 2
    assert np.mean([row["net_low"] <= life["true_net"] <= row["net_high"] for row, life in lives]) >= 0.8
    ours = np.sqrt(np.mean([(row["net_experience"] - life["true_net"]) ** 2 for row, life in lives]))
    surveys = np.sqrt(np.mean([(life["survey"] - life["true_net"]) ** 2 for _, life in lives]))
    assert ours <= surveys / 3


def test_a_world_without_check_ins_has_no_level(tmp_path: Path, fitted: Path) -> None:
    place = workspace_with(fitted, tmp_path / "world")
    worlds.write(worlds.make(worlds.Family(size=0.1), 3), place.root, 0)
    assert night.run(place).status == 0
    assert rows(place, "from stage_story where evidence_level = 'estimate' or net_experience is not null or change is not null") == []
    assert rows(place, "from stage_story where order_low is not null and direction is not null")
