"""Periods, intervals, changes and the story in words."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from saying import CLOCK, said, scored, select, understood, workspace_with

from listening import intervals, journey, signals, story
from listening.story import feedback, places
from listening.warehouse import Warehouse
from listening.workspace import Company, Workspace

COMPANY = Company(name="Tester", timezone="Europe/London")
SPACE = "\u00a0"
BILL = "I was charged twice on my bill and the refund for the double charge never came."


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def tell(place: Workspace, store: Warehouse, *records: dict[str, Any], company: Company = COMPANY) -> story.station.Told:
    understood(place, store, *records)
    return story.tell(store, journey.read(place.journey), company, CLOCK)


def answers(trouble: int = 0, between: int = 0, great: int = 0, on: str = "2026-06-15", **cells: Any) -> list[dict[str, Any]]:
    scores = [2] * trouble + [7] * between + [10] * great
    source = cells.get("source", "survey")
    return [scored(f"{source}-{on}-{cells.get('stage', 'use')}-{score}-{number}", score, on=on, **cells) for number, score in enumerate(scores)]


def stories(store: Warehouse, **wanted: object) -> list[dict[str, Any]]:
    return [row for row in select(store, "select * from story.stage_story") if all(row[name] == value for name, value in wanted.items())]


def the_story(store: Warehouse, **wanted: object) -> dict[str, Any]:
    (row,) = stories(store, **{"stage": "use", "period": "last 90 days", "cut_by": "all"} | wanted)
    row["story"] = row["story"].replace(SPACE, " ")
    return row


# periods


def build_periods(store: Warehouse, days: list[dt.date], fiscal_start: int = 1, today: dt.date = dt.date(2030, 1, 1)) -> list[dict[str, Any]]:
    store.empty("signals/days")
    store.empty("signals/daily")
    store._connection.execute("insert into signals.days select distinct unnest(?::date[]), 1", [days])
    store._connection.execute("insert into signals.daily (source, said_on, units) select 's', said_on, 1 from signals.days")
    given = {"today": today, "fiscal_start": fiscal_start, "clock": dt.datetime(2100, 1, 1, tzinfo=dt.UTC), "timezone": "Europe/London"}
    for name in ("days", "periods"):
        store.build(f"story/{name}", **given)
    return select(store, "select * from story.periods order by period_kind, period_start")


def months_later(day: dt.date, months: int) -> dt.date:
    month = day.year * 12 + day.month - 1 + months
    return dt.date(month // 12, month % 12 + 1, 1)


def quarter(day: dt.date, first_month: int) -> tuple[str, dt.date, dt.date]:
    """A day's fiscal quarter, reckoned by walking: the fiscal year is named by the calendar year in which it ends."""
    begins = dt.date(day.year if day.month >= first_month else day.year - 1, first_month, 1)
    number = next(number for number in (1, 2, 3, 4) if day < months_later(begins, 3 * number))
    year = (months_later(begins, 12) - dt.timedelta(days=1)).year
    return f"{year}-Q{number}", months_later(begins, 3 * number - 3), months_later(begins, 3 * number)


@pytest.mark.parametrize("first_month", range(1, 13))
def test_quarters_follow_a_fiscal_year_that_begins_in_any_month(store: Warehouse, first_month: int) -> None:
    days = [dt.date(2023, 11, 5) + dt.timedelta(days=9 * step) for step in range(100)]
    found = {(row["period"], row["period_start"], row["period_end"]) for row in build_periods(store, days, first_month) if row["period_kind"] == "quarter"}
    assert found == {quarter(day, first_month) for day in days}


@given(st.lists(st.dates(dt.date(2019, 1, 1), dt.date(2026, 12, 31)), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_day_lies_in_one_month_and_one_quarter_and_no_period_is_empty(store: Warehouse, days: list[dt.date]) -> None:
    periods = build_periods(store, days, fiscal_start=4)
    assert all(any(row["period_start"] <= day < row["period_end"] for day in days) for row in periods)
    for kind in ("month", "quarter"):
        assert all(sum(row["period_start"] <= day < row["period_end"] for row in periods if row["period_kind"] == kind) == 1 for day in days)


def test_the_rolling_window_is_the_last_90_days_of_input(store: Warehouse) -> None:
    days = [dt.date(2026, 6, 30), dt.date(2026, 4, 2), dt.date(2026, 4, 1), dt.date(2026, 1, 1)]
    rolling = [row for row in build_periods(store, days) if row["period_kind"] == "rolling"]
    assert [(row["period"], row["period_start"], row["period_end"], row["is_over"]) for row in rolling] == [
        ("90 days before", dt.date(2026, 1, 2), dt.date(2026, 4, 2), False),
        ("last 90 days", dt.date(2026, 4, 2), dt.date(2026, 7, 1), False),
    ]


def test_a_period_is_over_on_the_day_after_its_last(store: Warehouse) -> None:
    june = dt.date(2026, 6, 10)
    running = build_periods(store, [june], today=dt.date(2026, 6, 30))
    over = build_periods(store, [june], today=dt.date(2026, 7, 1))
    assert {row["period"]: row["is_over"] for row in running} == {"2026-06": False, "2026-Q2": False, "last 90 days": False}
    assert {row["period"]: row["is_over"] for row in over} == {"2026-06": True, "2026-Q2": True, "last 90 days": False}


def test_an_empty_store_tells_nothing_and_stops_nobody(place: Workspace, store: Warehouse) -> None:
    assert tell(place, store) == story.station.Told(0, 0, 0)


def test_a_single_day_is_told_of(place: Workspace, store: Warehouse) -> None:
    tell(place, store, scored("a", 9))
    assert {row["period"] for row in stories(store)} == {"2026-06", "2026-Q2", "last 90 days"}
    assert the_story(store)["story"] == "Use, 18 Mar to 15 Jun 2026: only one piece of feedback, too little to say how customers live here."


def test_feedback_that_nothing_places_still_has_stages_that_are_silent(place: Workspace, store: Warehouse) -> None:
    tell(place, store, said("a", score=9, score_worst=0, score_best=10))
    assert the_story(store)["story"] == "Use, 18 Mar to 15 Jun 2026: nobody spoke of it, which is no sign that all is well."
    assert len(stories(store, period="2026-06")) == 8


# intervals


def cover(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> float:
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize("number", [10, 20, 50, 100, 300])
def test_intervals_of_90_percent_hold_the_truth_nine_times_in_ten(number: int) -> None:
    rng = np.random.default_rng(number)
    truth = rng.dirichlet((1, 1, 1), 4000)
    drawn, n = rng.multinomial(number, truth), np.full(4000, number)
    _, low, high = intervals.share(drawn[:, 0], n)
    assert 0.86 <= cover(low, high, truth[:, 0]) <= 0.94
    net, variance = intervals.net(drawn[:, 0], drawn[:, 2], n)
    assert 0.86 <= cover(*intervals.around(net, variance), 100 * (truth[:, 0] - truth[:, 2])) <= 0.94


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_no_value_lies_outside_its_interval(great: int, trouble: int, between: int) -> None:
    n = great + trouble + between
    value, low, high = intervals.share(great, n)
    assert (low <= value <= high and low >= 0 and high <= 1) if n else np.isnan([value, low, high]).all()
    net, variance = intervals.net(great, trouble, n)
    low, high = intervals.around(net, variance)
    assert low <= net <= high if n else np.isnan([net, low, high]).all()


def test_ten_like_minded_answers_do_not_look_certain() -> None:
    _, low, _ = intervals.share(10, 10)
    assert round(float(low), 2) == 0.79


# change


def halves(sizes: list[tuple[int, int]], worlds: int, seed: int, shift: float = 0) -> pd.DataFrame:
    """Two quarters of many worlds (as cut values), several sources each with a truth of its own that stays, or moves by `shift`."""
    rng = np.random.default_rng(seed)
    rows = []
    for source, both in enumerate(sizes):
        truth = rng.dirichlet((2, 2, 2), worlds)
        for (period, start, end), number in zip((("2026-Q1", 1, 4), ("2026-Q2", 4, 7)), both, strict=True):
            moved = truth if period == "2026-Q1" else (1 - shift) * truth + shift * np.array([0, 0, 1])
            drawn = rng.multinomial(number, moved)
            rows.append(
                pd.DataFrame(
                    {
                        "period_kind": "quarter", "period": period, "period_start": dt.date(2026, start, 1), "period_end": dt.date(2026, end, 1),
                        "is_over": True,
                        "cut_by": "region", "cut_value": np.arange(worlds).astype(str), "stage": "use", "source": str(source), "kind": "survey",
                        "records": number, "units": number, "trouble": drawn[:, 2], "in_between": drawn[:, 1], "great": drawn[:, 0], "without_stance": 0,
                    }
                )
            )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def moved(sizes: list[tuple[int, int]], worlds: int = 3000, seed: int = 5, shift: float = 0) -> pd.DataFrame:
    return feedback.changes(feedback.sources(halves(sizes, worlds, seed, shift)))


@pytest.mark.parametrize("sizes", [[(10, 10)], [(30, 30)], [(300, 300)], [(10, 10)] * 8, [(15, 400), (300, 20)], [(10, 60), (2000, 1500), (12, 10)]])
def test_the_same_truth_twice_is_called_a_change_one_time_in_ten(sizes: list[tuple[int, int]]) -> None:
    change = moved(sizes)
    assert ((change["net_change_low"] > 0) | (change["net_change_high"] < 0)).mean() <= 0.13


def test_a_real_change_is_found_with_its_sign() -> None:
    change = moved([(150, 150), (150, 150)], worlds=500, shift=0.25)
    assert (change["net_change_high"] < 0).mean() > 0.9
    assert (change["net_change_low"] > 0).mean() == 0


def test_a_changed_mix_of_sources_is_no_change_of_the_stage(place: Workspace, store: Warehouse) -> None:
    tell(
        place, store,
        *answers(great=90, trouble=10, on="2026-02-01", source="survey"), *answers(great=2, trouble=18, on="2026-02-01", source="reviews"),
        *answers(great=18, trouble=2, on="2026-06-01", source="survey"), *answers(great=10, trouble=90, on="2026-06-01", source="reviews"),
    )  # fmt: skip
    shares = {row["period"]: row["value"] for row in select(store, "select * from story.stage_measures where measure = 'great_of_feedback'")}
    assert shares["2026-Q1"] > 0.75 > 0.25 > shares["2026-Q2"]
    assert the_story(store, period="2026-Q2")["direction"] == "no clear change"


def test_sources_that_move_apart_are_named(place: Workspace, store: Warehouse) -> None:
    tell(
        place, store,
        *answers(great=80, trouble=20, on="2026-02-01", source="survey"), *answers(great=20, trouble=80, on="2026-02-01", source="reviews"),
        *answers(great=20, trouble=80, on="2026-06-01", source="survey"), *answers(great=80, trouble=20, on="2026-06-01", source="reviews"),
    )  # fmt: skip
    told = the_story(store, period="2026-Q2")
    assert told["direction"] == "no clear change"
    assert "But sources moved apart: reviews up, survey down." in told["story"]


def test_a_period_is_only_compared_with_the_one_right_before_it(place: Workspace, store: Warehouse) -> None:
    tell(place, store, *answers(great=40, on="2025-06-15"), *answers(trouble=40, on="2026-06-15"))
    for period in ("2026-Q2", "2026-06", "last 90 days"):
        told = the_story(store, period=period)
        assert told["direction"] is None
        assert "There is nothing to compare it with" in told["story"]


def test_the_last_90_days_are_compared_with_the_90_before(place: Workspace, store: Warehouse) -> None:
    tell(place, store, *answers(great=40, on="2026-03-10"), *answers(trouble=30, great=10, on="2026-06-15"))
    told = the_story(store)
    assert (told["direction"], told["period_start"]) == ("worse", dt.date(2026, 3, 18))
    assert "Worse than in the 90 days before: great minus trouble moved by −150 points (−17" in told["story"]
    assert stories(store, period="90 days before") == []
    assert select(store, "select * from story.stage_sources where period = '90 days before'") == []


def test_direction_and_evidence_are_silent_below_ten_of_any_source(place: Workspace, store: Warehouse) -> None:
    many = [answer for name in ("a", "b", "c") for answer in answers(great=5, trouble=4, source=name)]
    tell(place, store, *many)
    told = the_story(store)
    assert (told["evidence_level"], told["direction"]) == ("insufficient", None)
    assert told["story"] == (
        "Use, 18 Mar to 15 Jun 2026: 27 pieces of feedback from 3 sources, but no source brings 10 that tell good from bad, too few to go by."
    )
    tell(place, store, scored("tenth", 9, source="a"))
    assert the_story(store)["evidence_level"] == "direction"


# words and measures


def test_a_story_reads_in_plain_words(place: Workspace, store: Warehouse) -> None:
    tell(place, store, *answers(great=20, trouble=10, between=10, on="2026-03-10"), *answers(great=24, trouble=6, between=10, on="2026-06-15"))
    assert the_story(store, period="2026-Q2")["story"] == (
        "Use, 1 Apr to 30 Jun 2026: 40 survey answers, all from survey. 15 % (8–26 %) in trouble, 60 % (47–72 %) living it great. "
        "No clear change from 2026-Q1: great minus trouble moved by +20 points (−9 to +49), each source compared with itself. "
        "On average: NPS in survey 8.1 (7.3–8.8; 0 is worst, 10 best; 40 answers). "
        "This is what those who spoke said, not how all customers live here."
    )


def test_a_story_of_several_sources_names_each_and_says_where_they_disagree(place: Workspace, store: Warehouse) -> None:
    tell(
        place,
        store,
        *answers(great=30, trouble=3),
        *answers(great=2, trouble=20, source="reviews", kind="review", score_name=None),
        scored("x", 3, source="tiny"),
    )
    told = the_story(store)["story"]
    assert "56 pieces of feedback from 3 sources (survey, reviews, tiny)." in told
    assert "reviews (22 reviews): 91 % (76–97 %) in trouble, 9 % (3–24 %) living it great." in told
    assert "tiny (" not in told
    assert "the score in reviews 2.7 (" in told
    assert told.endswith(
        "The sources disagree: what survey brings sounds well, what reviews brings does not. "
        "Each hears other customers, so neither tells how all customers live here."
    )


def test_a_cut_and_a_running_period_are_named(place: Workspace, store: Warehouse) -> None:
    tell(place, store, *answers(great=12, on="2026-10-20", region="North"))
    told = the_story(store, cut_by="region", period="2026-10")
    assert told["story"].startswith("Use (region: North), 1 to 31 Oct 2026: 12 survey answers")
    assert the_story(store, period="2026-Q4")["story"].startswith("Use, 1 Oct to 31 Dec 2026 (not over yet): 12 survey answers")


def test_units_that_tell_nothing_are_not_counted_as_telling(place: Workspace, store: Warehouse) -> None:
    silent = [said(f"s{number}", "Es war so.", language="de", given_stage="use") for number in range(30)]
    tell(place, store, *silent)
    assert the_story(store)["story"].endswith("30 pieces of feedback from one source, but it does not bring 10 that tell good from bad, too few to go by.")
    tell(place, store, *answers(great=12))
    assert "42 survey answers, all from survey. Of the 12 that tell good from bad, 0 % (0–18 %) in trouble, 100 % (82–100 %)" in the_story(store)["story"]


def worlds() -> list[list[dict[str, Any]]]:
    rng = np.random.default_rng(3)
    made = []
    for world in range(8):
        records = []
        for part in range(int(rng.integers(1, 9))):
            scores = rng.choice([1, 7, 10, np.nan], int(rng.integers(1, 30)), p=rng.dirichlet((1, 1, 1, 0.3)))
            cells = {
                "source": str(rng.choice(["survey", "reviews", "tickets"])), "stage": str(rng.choice(["use", "pay", "leave"])),
                "on": str(rng.choice(["2026-01-10", "2026-04-20", "2026-06-15"])), "region": rng.choice([None, "North", "nan"]),
            }  # fmt: skip
            name = str(rng.choice(["NPS", ""])) or None
            records += [
                scored(f"{world}-{part}-{number}", 0, **cells) | {"score": None if np.isnan(score) else float(score), "score_name": name}
                for number, score in enumerate(scores)
            ]
        made.append(records)
    return made


def test_no_story_stumbles_and_no_measure_stands_without_its_interval(place: Workspace, store: Warehouse) -> None:
    for records in worlds():
        store._connection.execute("delete from records.records")
        tell(place, store, *records)
        for row in stories(store):
            words = row["story"].replace("(region: nan)", "")
            assert not re.search(r"\b(nan|None|NaT|inf)\b|  |\b1 (pieces|answers|sources)|\(\)|\.\.|, ,", words), words
            assert words.endswith(".")
            assert row["evidence_level"] in ("direction", "insufficient")
            assert row["direction"] in ("better", "worse", "no clear change", None)
            assert (row["net_experience"], row["net_low"], row["net_high"], row["change"]) == (None, None, None, None)
        measures = select(store, "select * from story.stage_measures")
        assert all(row["low"] <= row["value"] <= row["high"] for row in measures)
        assert all(row["n"] is not None and row["denominator"] and row["method"] for row in measures)
        for table in ("stage_story", "stage_measures", "stage_sources", "stage_scores", "quotes"):
            keys = {"stage_measures": "measure", "stage_sources": "source", "stage_scores": "source, score_name", "quotes": "side, rank"}.get(table, "stage")
            cuts = "" if table == "quotes" else "cut_by, cut_value,"
            assert not select(store, f"select 1 as x from story.{table} group by stage, period_kind, period, {cuts} {keys} having count(*) > 1")


def test_the_same_store_gives_the_same_story(place: Workspace, store: Warehouse) -> None:
    tell(place, store, *(said(f"r{number}", f"{BILL} It took {number} weeks.") for number in range(20)), *answers(great=12, trouble=12))
    tables = ("stage_story", "stage_measures", "stage_sources", "stage_scores", "quotes")
    first = [select(store, f"select * from story.{table}") for table in tables]
    tell(place, store)
    assert [select(store, f"select * from story.{table}") for table in tables] == first


def test_a_quote_is_a_customers_sentence_of_its_stage_and_side(place: Workspace, store: Warehouse) -> None:
    tell(
        place, store,
        *(said(f"r{number}", f"{BILL} It made me angry and sad {number} times.") for number in range(8)),
        *(said(f"e{number}", f"{BILL} Horrible, awful work {number}.", role="employee") for number in range(8)),
    )  # fmt: skip
    found = select(store, "select * from story.quotes where period = 'last 90 days' and stage = 'pay'")
    assert found
    assert {row["side"] for row in found} == {"trouble"}
    assert all(row["record_id"].startswith("r") for row in found)
    assert [row["rank"] for row in found] == list(range(1, len(found) + 1))


def test_five_years_of_twelve_stages_are_told_once_for_each_period(store: Warehouse) -> None:
    names = [*journey.DEFAULT_STAGES, "a", "b", "c", "d"]
    store._connection.execute(
        """insert into records.records by name
        select range::varchar as record_id, 's' || range % 8 as source, 'survey' as kind, 'buyer' as role, (hash(range, 2) % 11)::double as score,
            0.0 as score_worst, 10.0 as score_best, 'NPS' as score_name, date '2021-01-01' + (range % 1826)::integer as said_on,
            said_on::timestamptz as said_at, false as is_deleted, false as is_dropped
        from range(20000)"""
    )
    store._connection.execute(
        """insert into tagging.tags by name
        select record_id, $names[1 + (hash(record_id) % 12)::integer] as stage, 'source' as stage_basis from records.records""",
        {"names": names},
    )
    signals.count(store, CLOCK)
    stages = [journey.Stage(stage=name) for name in names]
    told = story.tell(store, journey.Journey(stages=stages), COMPANY, CLOCK)
    assert told.stories == 12 * (20 + 60 + 1)


def cut_sources(counts: dict[tuple[str, str, str], tuple[int, int]]) -> pd.DataFrame:
    """Rows as `stage_sources` has them, from (source, dimension, value) → (trouble, units)."""
    return pd.DataFrame(
        [
            {"period_kind": "quarter", "period": "2026-Q2", "stage": "onboard", "source": source, "cut_by": by, "cut_value": value, "trouble": trouble, "n": n}
            for (source, by, value), (trouble, n) in counts.items()
        ]
    )


def test_the_place_where_trouble_gathers_is_named_with_its_counts() -> None:
    found = places.standing_out(
        cut_sources({("survey", "region", "Coast"): (13, 15), ("survey", "region", "North"): (2, 20), ("survey", "region", "City"): (3, 20)})
    )
    assert found[places.TOLD].values.tolist() == [["survey", "region", "Coast", 13, 15, 5, 40]]


def test_a_place_that_only_has_another_mix_of_sources_does_not_stand_out() -> None:
    found = places.standing_out(
        cut_sources(
            {
                ("survey", "region", "Coast"): (2, 20),
                ("survey", "region", "North"): (10, 100),
                ("tickets", "region", "Coast"): (80, 100),
                ("tickets", "region", "North"): (16, 20),
            }
        )
    )
    assert found.empty


def test_places_that_are_alike_seldom_stand_out() -> None:
    """Eight places, one true share: about one stage in twenty may name one."""
    generator = np.random.default_rng(7)
    named = 0
    for _ in range(300):
        drawn = {("survey", "region", f"place {number}"): (int(generator.binomial(40, 0.3)), 40) for number in range(8)}
        named += len(places.standing_out(cut_sources(drawn)))
    assert named / 300 <= 0.08
