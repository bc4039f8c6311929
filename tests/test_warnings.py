"""Early warning: the detector by itself, then whole nights over files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from listening import journey, night
from listening.cli import app
from listening.warnings import arrivals, detector, series, telling, wording
from listening.warnings.detector import CALM_DAYS, HISTORY, LAG, NEVER, QUIET, Counted, State
from listening.warnings.series import Days
from listening.warnings.tail import STEEPEST, surprise
from listening.workspace import Mend, Workspace
from tests.conftest import drop, rows, run, workspace_maker

Floats = NDArray[np.float64]
FIRST = dt.date(2026, 1, 1)


# --- one count ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.3, 1, 4, 30, 400])
@pytest.mark.parametrize("alpha", [1e-4, 0.05, 0.4])
def test_z_is_the_deviate_of_the_mid_p_tail_standardised(mean: float, alpha: float) -> None:
    law = scipy.stats.nbinom(1 / alpha, 1 / (1 + alpha * mean))
    counts = np.unique(law.ppf([0.01, 0.1, 0.5, 0.9, 0.99, 0.9999]))
    plain = scipy.stats.norm.isf(law.sf(counts) + law.pmf(counts) / 2)
    poisson = scipy.stats.poisson(mean)
    steps = np.arange(poisson.ppf(1e-9), poisson.ppf(1 - 1e-9) + 1)
    own = scipy.stats.norm.isf(np.clip(poisson.sf(steps) + poisson.pmf(steps) / 2, 1e-12, 1))
    middle = (own * poisson.pmf(steps)).sum()
    deviation = max(np.sqrt((own**2 * poisson.pmf(steps)).sum() - middle**2), STEEPEST)
    expected = (plain - middle) / deviation
    assert surprise(counts, np.full(len(counts), mean), np.full(len(counts), alpha)) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("trials", "share"), [(40, 0.1), (40, 0.45), (500, 0.3)])
def test_failures_among_trials_are_judged_as_a_binomial(trials: int, share: float) -> None:
    law = scipy.stats.binom(trials, share)
    counts = np.unique(law.ppf([0.01, 0.3, 0.7, 0.99]))
    plain = scipy.stats.norm.isf(law.sf(counts) + law.pmf(counts) / 2)
    found = surprise(counts, np.full(len(counts), trials * share), np.full(len(counts), -1 / trials))
    assert found == pytest.approx(plain, rel=0.035, abs=0.06)  # standardised as few Poisson counts are


@given(st.floats(0.05, 300), st.floats(0, 1), st.integers(0, 400))
def test_a_larger_count_is_never_less_surprising(mean: float, alpha: float, count: int) -> None:
    pair = surprise(np.array([count, count + 1.0]), np.full(2, mean), np.full(2, alpha))
    assert np.isfinite(pair).all()
    assert pair[1] >= pair[0] - 1e-6


# --- series of counts -----------------------------------------------------------------------------------------------


def counted(counts: Floats, exposure: Floats | None = None, trials: bool = False) -> Counted:
    n = len(counts)
    size = np.ones_like(counts) if exposure is None else exposure
    return Counted(counts, size, np.ones_like(counts), np.ones(counts.shape, bool), np.full(n, trials), np.zeros(n, np.int64), 3)


def drawn(seed: int, n: int = 6, days: int = 150, mean: float = 3.0, worse: float = 1.0, since: int = 110) -> Floats:
    """Counts by chance, of which the first series rises by `worse` from a day on."""
    rng = np.random.default_rng(seed)
    means = np.full((n, days), float(mean))
    means[0, since:] *= worse
    return rng.poisson(means).astype(float)


def walk(seen: Counted, **how: object) -> detector.Watched:
    return detector.watch(seen, State.new(len(seen.counts)), **how)  # type: ignore[arg-type]


def part(seen: Counted, since: int, until: int) -> Counted:
    days = slice(since, until)
    return Counted(
        seen.counts[:, days], seen.exposure[:, days], seen.completeness[:, days], seen.judged[:, days], seen.trials, seen.group,
        (seen.first_weekday + since) % 7,
    )  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.4, 3.0, 40.0]), st.booleans())
def test_going_on_from_a_night_s_state_comes_to_the_same_as_walking_all_days(seed: int, mean: float, is_operations: bool) -> None:
    counts = drawn(seed, mean=mean, worse=2.5)
    seen = counted(counts, np.full(counts.shape, 200.0), is_operations)
    whole = walk(seen)
    state = walk(part(seen, 0, 100), keep=99 - LAG).state
    since = 100 - 2 * LAG - 5
    going_on = detector.watch(part(seen, since, 150), state.moved(since), 100 - LAG - since)
    assert going_on.score[:, 100 - since :] == pytest.approx(whole.score[:, 100:], nan_ok=True)
    assert (going_on.opened[:, 100 - LAG - since :] == whole.opened[:, 100 - LAG :]).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(6)))
def test_the_order_of_series_changes_nothing(seed: int, order: list[int]) -> None:
    counts = drawn(seed, worse=2)
    assert walk(counted(counts[order])).score == pytest.approx(walk(counted(counts)).score[order], nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(1, 6))
def test_after_an_alarm_a_series_is_quiet_for_28_days(seed: int, worse: float) -> None:
    opened = walk(counted(drawn(seed, days=240, worse=worse))).opened
    for row in opened:
        assert (np.diff(np.flatnonzero(row)) >= QUIET).all()


def test_nothing_is_judged_before_42_days() -> None:
    watched = walk(counted(drawn(1, worse=5, since=20)))
    assert np.isnan(watched.expected[:, :HISTORY]).all()
    assert np.isfinite(watched.expected[:, HISTORY:]).all()


def test_a_doubled_series_is_warned_of_and_no_other() -> None:
    opened = walk(counted(drawn(3, worse=2.2))).opened
    (day,) = np.flatnonzero(opened[0])
    assert 110 < day <= 131
    assert not opened[1:].any()


def test_a_series_that_gets_better_is_not_warned_of() -> None:
    assert not walk(counted(drawn(4, worse=0.2))).opened.any()


def test_more_customers_with_as_many_more_complaints_are_no_deterioration() -> None:
    counts, exposure = drawn(5, mean=8), np.full((6, 150), 1000.0)
    rng = np.random.default_rng(5)
    counts[:, 90:] = rng.poisson(16, (6, 60))
    exposure[:, 90:] = 2000
    assert not walk(counted(counts, exposure)).opened.any()
    assert walk(counted(counts)).opened.any()


def test_a_rise_of_the_whole_portfolio_on_some_days_is_no_warning() -> None:
    counts = drawn(6, n=60, mean=5)
    rng = np.random.default_rng(6)
    counts[:, 100:106] += rng.poisson(6, (60, 6))
    assert not walk(counted(counts)).opened.any()
    assert walk(counted(counts[: detector.COMPANY - 1])).opened.any()  # too few to tell what is common


def test_one_wild_day_is_no_deterioration() -> None:
    counts = drawn(7)
    counts[0, 100] = 500
    assert not walk(counted(counts)).opened.any()


def test_an_incident_does_not_teach_itself_in_while_its_alarm_is_open() -> None:
    watched = walk(counted(drawn(8, days=260, worse=3)))
    (day,) = np.flatnonzero(watched.opened[0])
    assert watched.expected[0, 250:].mean() == pytest.approx(watched.expected[0, day : day + 7].mean(), rel=0.02)
    assert not watched.closed[0].any()


def test_an_alarm_closes_after_a_week_of_calm() -> None:
    counts = drawn(9, days=240, worse=4)
    counts[0, 140:] = drawn(10, days=240)[0, 140:]
    watched = walk(counted(counts))
    (opened,), (closed,) = np.flatnonzero(watched.opened[0]), np.flatnonzero(watched.closed[0])
    assert opened < 140 < closed
    assert (watched.score[0, closed - CALM_DAYS + 1 : closed + 1] < detector.CALM).all()
    assert watched.last.opened[0] == NEVER


def test_what_rises_again_after_a_warning_closed_is_dated_anew() -> None:
    counts = drawn(9, n=20, days=280)
    counts[:, 110:140] = drawn(10, n=20, days=30, mean=12)
    counts[:, 210:] = drawn(11, n=20, days=70, mean=12)
    watched = walk(counted(counts[: detector.COMPANY - 1]))
    again = [(at, day) for at, day in np.argwhere(watched.opened) if day >= 210]
    assert len(again) >= detector.COMPANY - 3
    assert min(watched.began[at, day] for at, day in again) > 180


@pytest.mark.parametrize("worse", [2.0, 3.0])
def test_a_rise_is_dated_near_the_day_on_which_it_began(worse: float) -> None:
    counts = np.concatenate([drawn(seed, n=1, worse=worse) for seed in range(300)])
    by_itself = [walk(counted(counts[at : at + detector.COMPANY - 1])) for at in range(0, 300, detector.COMPANY - 1)]
    began = np.concatenate([each.began[each.opened & (np.arange(150) >= 110)] for each in by_itself])
    assert len(began) > 250
    assert (np.abs(began - 110) <= 7).mean() > 0.85


def test_an_alarm_that_was_told_stays_and_none_opens_where_none_may() -> None:
    seen = counted(drawn(3, worse=2.2))
    (day,) = np.flatnonzero(walk(seen).opened[0])
    told = np.zeros(seen.counts.shape, np.int64)
    told[0, :] = -1
    assert not walk(seen, told=told).opened.any()
    told[0, day + 5] = 1
    assert list(np.flatnonzero(walk(seen, told=told).opened[0])) == [day + 5]
    told[1, 60] = 1
    assert walk(seen, told=told).opened[1, 60]


def test_days_of_an_outage_are_neither_judged_nor_learnt() -> None:
    counts = drawn(11, mean=6)
    counts[:, 80:95] = 0
    judged = np.ones(counts.shape, bool)
    judged[:, 80:95] = False
    whole = counted(counts)
    seen = Counted(whole.counts, whole.exposure, whole.completeness, judged, whole.trials, whole.group, whole.first_weekday)
    watched = walk(seen)
    assert np.isnan(watched.z[:, 80:95]).all()
    assert watched.score[:, 94] == pytest.approx(watched.score[:, 79], rel=0.05)  # only the habit is known better
    assert watched.expected[:, 140].mean() == pytest.approx(6, rel=0.15)


def test_the_score_is_the_weighted_mean_of_z_over_its_deviation() -> None:
    watched = walk(counted(drawn(12)), keep=HISTORY + 1)
    first, second = watched.z[0, HISTORY], watched.z[0, HISTORY + 1]
    taught = HISTORY + 1 - LAG
    fade = 0.5 ** (1 / detector.HALF_LIFE)
    weights = fade ** np.arange(taught)
    deviation = np.sqrt(0.1 / 1.9 + (weights**2).sum() / weights.sum() ** 2)
    assert watched.score[0, HISTORY + 1] == pytest.approx((0.9 * 0.1 * first + 0.1 * second) / deviation)


# --- late arrivals, series, places ----------------------------------------------------------------------------------


def test_completeness_is_multiplied_down_from_the_oldest_age() -> None:
    """Of each day's 10 things 6 come at once, 3 after a day, 1 after two; 28 days of each age are looked at."""
    told = [(day, delay, things) for day in range(100) for delay, things in ((0, 6), (1, 3), (2, 1)) if day + delay <= 99]
    share = arrivals.by_age(pd.DataFrame(told, columns=["day", "delay", "things"]), 99)
    prior = arrivals.PRIOR
    at_1 = (9 * 28 + prior) / (10 * 28 + prior)
    assert share[2:] == pytest.approx(np.ones(len(share) - 2))
    assert share[1] == pytest.approx(at_1)
    assert share[0] == pytest.approx(at_1 * (6 * 28 + prior) / (9 * 28 + prior))
    assert list(arrivals.by_day(share, 4, 3, np.arange(4))) == [1, 1, share[1], share[0]]


def test_a_night_that_was_missed_makes_no_day_younger() -> None:
    """What could first be seen tonight is of age 0, however long ago it was said; what was there before the first night is complete."""
    share = np.linspace(0.5, 1, arrivals.OLDEST + 1)
    assert list(arrivals.by_day(share, 8, 7, np.array([2, 3]))) == [1, 1, share[5], share[4], *[share[0]] * 4]


def days_of(voice: list[tuple[object, ...]], operations: list[tuple[object, ...]] = [], number: int = 101) -> Days:  # noqa: B006
    return Days(
        pd.DataFrame(voice, columns=["source", "stage", "theme", "day", "events"]).astype({"theme": object}),
        pd.DataFrame(operations, columns=["stage", "measure", "source", "day", "events", "trials"]),
        pd.DataFrame([], columns=["stage", "day", "customers"]), FIRST, number,
    )  # fmt: skip


HEARD = {"tickets": (1, 100), "reviews": (1, 100), "chat": (1, 100), "till": (1, 100)}


def test_thin_series_are_rolled_up_to_their_stage() -> None:
    days = days_of(
        [
            ("tickets", "pay", "invoice", 50, 40), ("tickets", "pay", "deposit", 50, 3), ("tickets", "pay", None, 50, 60),
            ("reviews", "pay", None, 50, 10), ("chat", "pay", None, 50, 9), ("chat", "use", None, 50, 2),
        ],
        [("pay", "invoice_correct", "till", 50, 1, 400)],
    )  # fmt: skip
    keys = series.choose(days, HEARD)
    assert set(keys) == {
        ("pay", "invoice", None, "tickets"), ("pay", None, None, "tickets"), ("pay", None, None, None), ("pay", None, "invoice_correct", "till"),
    }  # fmt: skip
    ones = {source: np.ones(101) for source in HEARD}
    seen = series.fold(days, keys, ones, HEARD, {source: np.zeros(101, bool) for source in HEARD})
    by_key = {(key.theme, key.measure, key.source): seen.counts[at, 50] for at, key in enumerate(keys)}
    assert by_key == {("invoice", None, "tickets"): 40, (None, None, "tickets"): 20, (None, None, None): 19, (None, "invoice_correct", "till"): 1}
    assert seen.exposure[[key.measure is not None for key in keys]].sum() == 400


def test_a_source_is_silent_once_ten_things_are_missing_by_its_weekdays() -> None:
    on_weekdays = [(day, 2.0) for day in range(70) if day % 7 < 5]
    rows_of = lambda days: pd.DataFrame(days, columns=["day", "events"])  # noqa: E731
    quiet, missed = series.silences(rows_of(on_weekdays), 70)
    assert not quiet.any()
    assert missed == 0
    assert series.silences(rows_of(on_weekdays), 74)[1] == pytest.approx(8)
    quiet, missed = series.silences(rows_of(on_weekdays), 77)
    assert missed == pytest.approx(10)
    assert not quiet[:68].any()
    gap = [pair for pair in on_weekdays if not 35 <= pair[0] < 49]
    assert list(np.flatnonzero(series.silences(rows_of(gap), 69)[0])) == list(range(33, 49))


def test_the_place_is_where_most_of_the_rise_is_and_only_if_it_stands_out() -> None:
    columns = ["cut_by", "cut_value", "events", "trials", "events_before", "trials_before"]
    in_one = [("all", "all", 60, 1000, 100, 5000), ("region", "Coast", 45, 250, 25, 1250), ("region", "North", 15, 750, 75, 3750)]
    assert list(telling.separating(pd.DataFrame(in_one, columns=columns))["cut_value"]) == ["Coast"]
    everywhere = [("all", "all", 60, 1000, 100, 5000), ("region", "Coast", 15, 250, 25, 1250), ("region", "North", 45, 750, 75, 3750)]
    assert telling.separating(pd.DataFrame(everywhere, columns=columns)).empty


TOLD: dict[str, Any] = {
    "stage": "pay", "theme": "other", "measure": None, "source": "tickets", "observed": 22.0, "observed_days": 7, "expected": 7.3,
    "began_on": FIRST, "opened_on": FIRST, "closed_on": None, "judged_on": FIRST, "observed_now": 22.0, "expected_now": 7.3, "touchpoint": None,
    "cut_by": "all", "cut_value": "all", "customers": 5, "value": 500.0, "valued": 4, "value_basis": None, "owner": None,
}  # fmt: skip


def test_a_warning_reads_well_where_no_theme_and_no_basis_of_the_value_is_known(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace()
    text = wording.text(TOLD, journey.read(place.journey), place.settings().company, {})
    assert "Pay: trouble of no theme that is told apart by tickets rose to 22 in 7 days, expected 7.3." in text
    assert re.search(r"5 customers spoke of it since, worth €500 a year \(known of 4 of them\)\.", text)


# --- whole nights ---------------------------------------------------------------------------------------------------

COMPANY = '[company]\nname = "Tester"\ntimezone = "Europe/London"\ncurrency = "GBP"\n'
SOURCES = """
[sources.till]
connector = "files"
kind = "operations"
path = "inbox/till*.csv"
dimensions = { region = "region" }

[sources.people]
connector = "files"
kind = "customers"
path = "inbox/people.csv"

[sources.tickets]
connector = "files"
kind = "ticket"
path = "inbox/tickets*.csv"
columns = { id = "id", said_at = "said_at", text = "text", customer_id = "customer_id", stage = "stage" }
dimensions = { region = "region" }
"""
WORDS = "The courier came three days late again, nobody told me and I am really angry about that."
DAYS, ONSET = 150, 110


def world(until: int = DAYS) -> dict[str, str]:
    """A company's files: delivery at Coast fails eight times as often from `ONSET` on, and angry tickets follow."""
    rng = np.random.default_rng(20)
    passages, tickets = [], []
    for day in range(until):
        on = FIRST + dt.timedelta(days=day)
        for region in ("Coast", "North", "Valley"):
            for number in range(5):
                customer = f"{region}{rng.integers(300)}"
                share = 0.45 if region == "Coast" and day >= ONSET else 0.05
                failed = int(rng.random() < share)
                passages.append((customer, "onboard", "delivered_on_time", on, failed, region))
                passages.append((customer, "pay", "invoice_right", on, int(rng.random() < 0.1), region))
                if rng.random() < (0.5 if failed else 0.02):
                    tickets.append((f"t{day}-{region}-{number}", on, WORDS, customer, "onboard", region))
    people = [(f"{region}{number}", "2024-01-01", 100, "revenue") for region in ("Coast", "North", "Valley") for number in range(300)]
    return {
        "till.csv": table(("customer_id", "stage", "measure", "at", "failed", "region"), passages),
        "tickets.csv": table(("id", "said_at", "text", "customer_id", "stage", "region"), tickets),
        "people.csv": table(("customer_id", "since", "value", "value_basis"), people),
    }


def table(columns: tuple[str, ...], content: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(content)
    return text.getvalue()


def day(number: int) -> str:
    return (FIRST + dt.timedelta(days=number)).isoformat()


SHOWN = "warning_id, stage, measure, opened_on, closed_on, cut_by, cut_value, observed, expected, z, customers, value, text"


def shown(place: Workspace) -> list[dict[str, object]]:
    return rows(place, f"select {SHOWN} from warnings order by opened_on, warning_id")


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """The company on its last day, after a first night over all of its history."""
    place = workspace_maker(tmp_path_factory.mktemp("at-once"), fitted)(SOURCES, world(), COMPANY)
    assert run(place, day(DAYS - 1)).status == 0
    return place


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """The same company, told night after night (some were missed), each file as it stood then."""
    place = workspace_maker(tmp_path_factory.mktemp("nightly"), fitted)(SOURCES, world(100), COMPANY)
    for night_of in (99, 116, 121, 131, 149):
        for name, content in world(night_of + 1).items():
            drop(place, name, content)
        assert run(place, day(night_of)).status == 0
    return place


def test_the_deterioration_is_warned_of_with_place_customers_value_and_words(at_once: Workspace) -> None:
    told = [row for row in shown(at_once) if row["measure"] == "delivered_on_time"]
    assert len(told) == 1
    (warning,) = told
    assert (warning["stage"], warning["cut_by"], warning["cut_value"], warning["closed_on"]) == ("onboard", "region", "Coast", None)
    assert FIRST + dt.timedelta(days=ONSET) < warning["opened_on"] <= FIRST + dt.timedelta(days=ONSET + 14)  # type: ignore[operator]
    assert warning["customers"] > 30  # type: ignore[operator]
    assert warning["value"] == 100 * warning["customers"]  # type: ignore[operator]
    assert warning["observed"] > 1.5 * warning["expected"]  # type: ignore[operator]
    for words in ("‘delivered on time’ rose to", "It stands out at region Coast", "revenue a year", "closes by itself after 7 calm days"):
        assert words in str(warning["text"])
    quotes = rows(at_once, f"from warning_quotes where warning_id = '{warning['warning_id']}'")
    assert len(quotes) == 3
    assert all(quote["record_id"] in str(rows(at_once, "select list(record_id) as ids from records")) for quote in quotes)


def test_what_did_not_get_worse_is_not_warned_of(at_once: Workspace) -> None:
    assert {row["stage"] for row in shown(at_once)} == {"onboard"}


def test_the_nights_told_the_same_as_one_night_over_the_history(at_once: Workspace, nightly: Workspace) -> None:
    names = ("stage", "measure", "opened_on", "cut_value", "customers", "value")
    of = lambda place: [tuple(row[name] for name in names) for row in shown(place) if row["measure"]]  # noqa: E731
    assert of(nightly) == of(at_once)


def test_a_night_that_runs_twice_warns_of_the_same(nightly: Workspace) -> None:
    before = shown(nightly)
    assert run(nightly, day(DAYS - 1)).status == 0
    assert shown(nightly) == before


def test_a_measure_that_joins_later_makes_no_stage_deaf_to_its_words(at_once: Workspace, tmp_path: Path, fitted: Path) -> None:
    """From day 95 on a second measure is passed by many more customers of the stage than the first."""
    more: list[tuple[object, ...]] = [(f"new{number}", "onboard", "slot_offered", day(on), 0, "North") for on in range(95, DAYS) for number in range(150)]
    files = world() | {"till-2.csv": table(("customer_id", "stage", "measure", "at", "failed", "region"), more)}
    place = workspace_maker(tmp_path, fitted)(SOURCES, files, COMPANY)
    assert run(place, day(DAYS - 1)).status == 0
    spoken = "from warnings where stage = 'onboard' and measure is null"
    assert rows(place, f"select opened_on {spoken}") == rows(at_once, f"select opened_on {spoken}") != []


def test_a_store_that_is_built_again_warns_of_the_same(at_once: Workspace, tmp_path: Path) -> None:
    place = Workspace(tmp_path / "again")
    shutil.copytree(at_once.root, place.root, symlinks=True)
    before = shown(place)
    night.run(place, day(DAYS - 1), is_anew=True, is_pulling=False)
    assert shown(place) == before


def test_who_knows_of_a_warning_is_kept_when_the_store_is_built_again(at_once: Workspace, tmp_path: Path) -> None:
    place = Workspace(tmp_path / "known")
    shutil.copytree(at_once.root, place.root, symlinks=True)
    (known, *_) = shown(place)
    answer = CliRunner().invoke(app, ["warnings", "--acknowledge", str(known["warning_id"]), "-w", str(place.root)])
    assert answer.exit_code == 0, answer.output
    night.run(place, day(DAYS - 1), is_anew=True, is_pulling=False)
    told = rows(place, "select warning_id from warnings where acknowledged_on is not null")
    assert [row["warning_id"] for row in told] == [known["warning_id"]]


def test_a_warning_that_is_not_there_is_said_in_words(at_once: Workspace) -> None:
    answer = CliRunner().invoke(app, ["warnings", "--acknowledge", "nothing", "-w", str(at_once.root)])
    assert isinstance(answer.exception, Mend)


def test_the_command_shows_warnings_as_json_with_their_quotes(at_once: Workspace) -> None:
    answer = CliRunner().invoke(app, ["warnings", "--json", "-w", str(at_once.root)])
    told = json.loads(answer.output)
    assert {row["warning_id"] for row in told} == {row["warning_id"] for row in shown(at_once)}
    assert len(told[0]["quotes"]) == 3


def test_the_back_test_counts_warnings_and_says_its_denominators(at_once: Workspace) -> None:
    answer = CliRunner().invoke(app, ["backtest", "--json", "-w", str(at_once.root)])
    found = json.loads(answer.output)
    assert found["warnings"] == len(shown(at_once))
    assert found["months"] == pytest.approx((DAYS - HISTORY) / 30.44, abs=0.01)
    assert found["lost_warned"] == {"part": 0, "whole": 0, "value": None, "low": None, "high": None}
    assert "Nobody is known to have left" in " ".join(found["sentences"])


def test_a_young_company_is_told_how_much_history_warnings_need(make_workspace_of_world: Workspace) -> None:
    tonight = run(make_workspace_of_world, day(29))
    assert any("need 42 days of history" in note for note in tonight.notes)
    assert shown(make_workspace_of_world) == []


@pytest.fixture
def make_workspace_of_world(tmp_path: Path, fitted: Path) -> Workspace:
    return workspace_maker(tmp_path, fitted)(SOURCES, world(30), COMPANY)


def test_a_feed_that_falls_silent_is_no_warning_but_stands_in_freshness(nightly: Workspace, tmp_path: Path) -> None:
    place = Workspace(tmp_path / "silent")
    shutil.copytree(nightly.root, place.root, symlinks=True)
    before = shown(place)
    assert run(place, day(DAYS + 9)).status == 0
    states = {row["source"]: row for row in rows(place, "from freshness")}
    assert states["till"]["state"] == "silent"
    assert "Nothing has come since 30 May 2026" in str(states["till"]["problem"])
    assert states["people"]["state"] == "ok"
    assert [row["warning_id"] for row in shown(place)] == [row["warning_id"] for row in before]


def test_what_arrives_for_settled_days_is_judged_again(nightly: Workspace, tmp_path: Path) -> None:
    """A file of another measure's past brings a deterioration that the nights could not see."""
    place = Workspace(tmp_path / "late")
    shutil.copytree(nightly.root, place.root, symlinks=True)
    rng = np.random.default_rng(3)
    content = [
        (f"North{rng.integers(300)}", "use", "repaired_at_once", day(number), int(rng.random() < (0.5 if number >= 100 else 0.05)), "North")
        for number in range(DAYS)
        for _ in range(10)
    ]
    drop(place, "till-workshop.csv", table(("customer_id", "stage", "measure", "at", "failed", "region"), content))
    assert run(place, day(DAYS - 1)).status == 0
    assert {row["measure"] for row in shown(place)} >= {"delivered_on_time", "repaired_at_once"}
