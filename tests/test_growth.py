"""Growth: who came and went, what goes with it and how surely, on small cases counted by hand and on whole companies."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from listening.growth import looks, stakes
from listening.workspace import Workspace
from tests.conftest import drop, rows, run, workspace_maker

FACTS = "".join(f'[sources.{kind}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{kind}.csv"\n' for kind in ("operations", "customers", "outcomes"))
REVIEWS = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/reviews.csv"\n'
LAST = dt.date(2026, 6, 30)
LATE, HARMLESS = "onboard/delivered_on_named_day", "use/no_fault"


# --- the estimator ---------------------------------------------------------------------------------------------------


def company_of_one_trouble() -> tuple[stakes.Flags, stakes.Flags]:
    """1,000 met it and 300 left; 1,000 did not and 100 left."""
    met = np.arange(2000) < 1000
    left = np.where(met, np.arange(2000) < 300, np.arange(2000) >= 1900)
    return met[:, None], left


def test_with_one_trouble_those_at_stake_are_the_difference_of_shares_times_those_who_met_it() -> None:
    met, left = company_of_one_trouble()
    told = stakes.at_stake(met, left, np.full(2000, 10.0))
    assert told.customers[0] == pytest.approx(1000 * (0.3 - 0.1), abs=10)  # the ridge pulls a little
    assert told.value[0] == pytest.approx(10 * told.customers[0])
    assert told.low[0] < 200 < told.high[0]
    assert (told.met[0], told.spared[0]) == (pytest.approx(0.3, abs=0.01), pytest.approx(0.1, abs=0.01))
    assert told.sure[0] == 1


def test_the_fit_is_the_ridge_logit_of_a_well_known_library() -> None:
    rng = np.random.default_rng(3)
    met = rng.random((3000, 6)) < rng.uniform(0.05, 0.4, 6)
    left = rng.random(3000) < 1 / (1 + np.exp(2 - met @ np.array([1.0, 0.5, 0, 0, -0.3, 0.8])))
    known = LogisticRegression(C=stakes.C, tol=1e-10, max_iter=1000).fit(met / met.std(axis=0), left)
    told = stakes.at_stake(met, left, np.ones(3000), resamples=2)
    assert told.weights == pytest.approx(np.concatenate([known.intercept_, known.coef_[0] / met.std(axis=0)]), abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_customers_changes_nothing_that_is_told(seed: int) -> None:
    rng = np.random.default_rng(seed)
    met, left, value = rng.random((300, 4)) < 0.3, rng.random(300) < 0.2, rng.uniform(0, 100, 300)
    order = rng.permutation(300)
    one, other = (stakes.at_stake(met[who], left[who], value[who], resamples=2) for who in (slice(None), order))
    assert one.customers == pytest.approx(other.customers, abs=1e-6)
    assert one.value == pytest.approx(other.value, abs=1e-4)


def test_a_trouble_that_only_keeps_company_with_a_harmful_one_is_not_clear() -> None:
    rng = np.random.default_rng(5)
    prone = rng.standard_normal(6000)
    met = np.column_stack([prone + 0.7 * rng.standard_normal(6000) > 1, prone + 0.7 * rng.standard_normal(6000) > 1])
    left = rng.random(6000) < np.where(met[:, 0], 0.3, 0.05)
    told = stakes.at_stake(met, left, np.ones(6000))
    assert list(stakes.is_clear(told.sure, told.low)) == [True, False]
    assert (told.rank_low[0], told.rank_high[0]) == (1, 1)


def test_what_stands_beside_takes_what_passing_alone_goes_with() -> None:
    """Whoever is delivered leaves more often; late or not makes no difference."""
    rng = np.random.default_rng(7)
    passed = rng.random(6000) < 0.3
    late = passed & (rng.random(6000) < 0.3)
    left = rng.random(6000) < np.where(passed, 0.3, 0.05)
    alone, beside = stakes.at_stake(late[:, None], left, np.ones(6000)), stakes.at_stake(late[:, None], left, np.ones(6000), passed[:, None])
    assert stakes.is_clear(alone.sure, alone.low)[0]
    assert not stakes.is_clear(beside.sure, beside.low)[0]


# --- looking back from the same days -----------------------------------------------------------------------------------

DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2026, 6, 30))


@settings(deadline=None)
@given(st.lists(st.tuples(DAYS, st.none() | DAYS), max_size=30), st.lists(DAYS, min_size=1, max_size=10))
def test_who_stayed_is_looked_at_on_a_day_on_which_others_left_and_they_were_customers(
    stays: list[tuple[dt.date, dt.date | None]], gone: list[dt.date]
) -> None:
    people = pd.DataFrame(
        {"customer_id": [f"s{place}" for place in range(len(stays))], "first_seen": [pd.Timestamp(start) for start, _ in stays],
         "left_on": pd.to_datetime(pd.Series([end for _, end in stays], dtype=object))}
    )  # fmt: skip
    events = pd.DataFrame({"customer_id": [f"g{place}" for place in range(len(gone))], "day": gone})
    found = looks.landmarks(people, events)
    assert found["has_happened"].sum() == len(gone)
    known = dict(zip(people["customer_id"], stays, strict=True))
    for row in found[~found["has_happened"].astype(bool)].itertuples():
        start, end = known[row.customer_id]
        assert row.day in gone
        assert start < row.day
        assert end is None or row.day < end
    missing = set(known) - set(found["customer_id"])
    assert all(not any(known[one][0] < day and (known[one][1] is None or day < known[one][1]) for day in gone) for one in missing)  # type: ignore[operator]


# --- a small company, counted by hand ----------------------------------------------------------------------------------

CUSTOMERS = """customer_id,since,left_at,value,value_basis,valued_at,segment
a,2025-01-10,,100,margin,2025-01-10,home
a,2025-01-10,,150,margin,2026-05-01,home
b,2025-02-10,,200,margin,2025-02-10,home
b,2025-02-10,,120,margin,2026-05-01,home
c,2025-03-10,2026-05-20,300,margin,2025-03-10,work
d,2026-04-15,,400,margin,2026-04-15,work
e,2024-01-01,2026-06-01,50,margin,2024-01-01,work
f,2024-01-01,,80,margin,2024-01-01,home
"""
LEFT = "customer_id,outcome,at,amount\nc,left,2026-05-20,300\n"
PASSED = """customer_id,stage,measure,at,failed
a,use,no_fault,2026-05-02,0
b,use,no_fault,2026-05-02,1
c,pay,invoice_correct,2026-05-01,1
d,buy,ordered,2026-04-10,0
e,pay,invoice_correct,2026-01-02,1
f,use,no_fault,2025-12-02,0
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    files: dict[str, str | bytes] = {
        "customers.csv": CUSTOMERS,
        "operations.csv": PASSED,
        "outcomes.csv": "customer_id,outcome,at,amount\nc,left,2026-05-20,300\n",
    }
    place = workspace_maker(tmp_path_factory.mktemp("small"), fitted)(FACTS, files)
    place.configuration.write_text(place.configuration.read_text().replace('timezone = "Europe/London"', 'timezone = "Europe/London"\ncurrency = "GBP"'))
    assert run(place, "2026-06-30").status == 0
    return place


def assets(place: Workspace, period: str = "2026-Q2", cut: str = "all") -> dict[str, tuple[object, object]]:
    found = rows(place, f"from customer_assets where period = '{period}' and cut_value = '{cut}'")
    return {str(row["movement"]): (row["customers"], row["value"]) for row in found}


def test_customers_gained_lost_grown_shrunk_and_quiet_are_counted_with_their_value(made: Workspace) -> None:
    told = assets(made)
    assert told["gained"] == (1, 400)
    assert told["lost"] == (2, 350)
    assert told["net"] == (-1, 50)
    assert told["grown"] == (1, 50)
    assert told["shrunk"] == (1, -80)
    assert told["quiet"] == (1, 80)
    assert told["active"] == (4, 750)


def test_the_lost_who_had_met_a_failure_in_the_last_90_days_are_counted_apart(made: Workspace) -> None:
    """c met a wrong invoice 19 days before leaving, e five months before."""
    told = assets(made)
    assert told["lost after a failure"] == told["lost in silence after a failure"] == (1, 300)


def test_movements_are_cut_by_segment_and_by_month_of_joining(made: Workspace) -> None:
    assert assets(made, cut="work")["lost"] == (2, 350)
    assert assets(made, cut="work")["gained"] == (1, 400)
    assert assets(made, cut="2025-03") == {"lost": (1, 300), "net": (-1, -300), "lost after a failure": (1, 300), "lost in silence after a failure": (1, 300)}


def test_net_growth_is_one_line_that_a_leader_can_say(made: Workspace) -> None:
    (line,) = rows(made, "select text from customer_assets where period = '2026-Q2' and cut_by = 'all' and movement = 'net'")
    assert line["text"] == "2026-Q2: 1 customer gained, 2 lost: 1 fewer; £50 a year more (margin)."


def test_the_stages_in_which_customers_were_gained_and_lost_are_told(made: Workspace) -> None:
    told = {row["stage"]: row for row in rows(made, "from stage_story where period = '2026-Q2' and cut_by = 'all'")}
    assert (told["buy"]["gained"], told["buy"]["value_gained"]) == (1, 400)
    assert (told["pay"]["lost"], told["pay"]["value_lost"]) == (1, 300)
    assert (told["use"]["gained"], told["use"]["lost"]) == (0, 0)
    assert told["renew"]["lost"] is None  # nobody is known to have been there


def test_with_few_customers_drivers_say_how_many_are_missing(made: Workspace) -> None:
    told = {row["outcome"]: row["text"] for row in rows(made, "from drivers")}
    assert "1,000 are needed" in told["left"]
    assert "2 left in the last year of input and 60 are needed (58 are missing)" in told["left"]
    assert "no source says who recommended us" in told["recommended"]


def test_priorities_stand_without_drivers_by_how_many_met_it(made: Workspace) -> None:
    told = rows(made, "from priorities order by rank")
    assert [(row["measure"], row["met"], row["customers"], row["value"]) for row in told] == [("invoice_correct", 1, None, None), ("no_fault", 1, None, None)]
    assert all("Basics come first" in str(row["rule"]) for row in told)


# --- companies of which little is known --------------------------------------------------------------------------------


def test_a_night_without_any_input_tells_nothing_and_ends_well(tmp_path: Path, fitted: Path) -> None:
    place = workspace_maker(tmp_path, fitted)()
    assert run(place).status == 0
    assert rows(place, "from priorities") == rows(place, "from customer_assets") == rows(place, "from follow_up") == []


def test_a_value_of_which_no_basis_is_known_is_not_called_revenue(tmp_path: Path, fitted: Path) -> None:
    people = "customer_id,since,left_at,value,value_basis\na,2026-05-01,2026-06-01,100,\nb,2026-05-01,,50,revenue\nc,2026-05-01,,70,\n"
    files: dict[str, str | bytes] = {"customers.csv": people, "operations.csv": PASSED, "outcomes.csv": "customer_id,outcome,at\n"}
    place = workspace_maker(tmp_path, fitted)(FACTS, files)
    assert run(place, "2026-06-30").status == 0
    told = {row["movement"]: row for row in rows(place, "from customer_assets where period = '2026-Q2' and cut_by = 'all'")}
    assert (told["lost"]["value"], told["lost"]["value_basis"]) == (100, None)
    assert str(told["lost"]["text"]).endswith("100 a year.")
    assert told["gained"]["value_basis"] == "mixed"
    assert str(told["quiet"]["text"]).startswith("2026-Q2: 0 customers there all through it who passed no stage")


def test_a_company_that_only_has_reviews_is_told_in_words_what_is_not_known(tmp_path: Path, fitted: Path) -> None:
    place = workspace_maker(tmp_path, fitted)(REVIEWS, {"reviews.csv": "id,date,text,stars\n1,2026-06-01,The delivery came late and the courier was rude.,1\n"})
    assert run(place).status == 0
    told = rows(place, "from customer_assets where cut_by = 'all' and period_kind = 'quarter'")
    assert {row["customers"] for row in told} == {None}
    assert all("not known" in str(row["text"]) for row in told)
    assert {row["trouble_id"] for row in rows(place, "from drivers")} == {"none"}
    assert rows(place, "from follow_up") == rows(place, "from losses") == []
    assert {row["lost"] for row in rows(place, "from stage_story")} == {None}


def test_who_left_is_known_from_outcomes_alone(tmp_path: Path, fitted: Path) -> None:
    files: dict[str, str | bytes] = {
        "operations.csv": PASSED,
        "customers.csv": "customer_id\nz\n",
        "outcomes.csv": "customer_id,outcome,at,amount\nc,left,2026-05-20,300\n",
    }
    place = workspace_maker(tmp_path, fitted)(FACTS, files)
    assert run(place, "2026-06-30").status == 0
    told = assets(place)
    assert told["lost"] == (1, 300)
    assert told["gained"] == told["net"] == (None, None)


def test_nothing_after_the_nights_own_time_counts(made: Workspace, tmp_path: Path) -> None:
    place = Workspace(Path(shutil.copytree(made.root, tmp_path / "past", symlinks=True)))
    shutil.rmtree(place.landing)
    place.warehouse.unlink()
    place.warehouse.with_name(f".{place.warehouse.name}.commits").unlink()
    drop(place, "customers.csv", CUSTOMERS)
    assert run(place, "2026-05-10").status == 0
    assert assets(place)["lost"] == (0, None) or assets(place)["lost"] == (None, None)


# --- a company large enough for drivers ---------------------------------------------------------------------------------


def large_company() -> dict[str, str | bytes]:
    """1,200 customers; the 60 delivered late leave in two of three cases, the others in one of 30; all the lost fail on the way out, and after."""
    customers, passed, outcomes = (
        ["customer_id,since,left_at,value,value_basis,cost_to_serve"],
        ["customer_id,stage,measure,at,failed"],
        ["customer_id,outcome,at"],
    )
    for number in range(1200):
        late = number % 20 == 0
        leaves = (number // 20) % 3 < 2 if late else number % 30 == 1
        day = dt.date(2026, 2, 1) + dt.timedelta(days=number % 120)
        left = day + dt.timedelta(days=30) if leaves else None
        customers.append(f"k{number},2025-03-01,{left or ''},{100 + number % 7},revenue,{30 if late else 20 + number % 3}")
        passed.append(f"k{number},onboard,delivered_on_named_day,{day},{int(late)}")
        passed.append(f"k{number},use,no_fault,{day + dt.timedelta(days=1)},{int(number % 4 == 0 and not late)}")
        if left:
            passed += [f"k{number},leave,returned,{left - dt.timedelta(days=1)},1", f"k{number},use,no_fault,{left + dt.timedelta(days=1)},1"]
        if number % 50 == 3:
            outcomes.append(f"k{number},recommended,2026-05-01")
    return {"customers.csv": "\n".join(customers), "operations.csv": "\n".join(passed), "outcomes.csv": "\n".join(outcomes)}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    place = workspace_maker(tmp_path_factory.mktemp("large"), fitted)(FACTS, large_company())
    assert run(place, str(LAST)).status == 0
    return place


def test_the_trouble_that_goes_with_leaving_is_named_with_customers_value_and_ranks(large: Workspace) -> None:
    first, *others = rows(large, "from drivers where outcome = 'left' order by rank")
    assert (first["trouble_id"], first["is_clear"], first["met_happened"]) == (LATE, True, 40)
    assert 40 < first["met"] <= 60  # type: ignore[operator]  # who stayed may be looked at before the day of delivery
    # of 60 who were late 40 left; at the others' share two would have
    assert 30 < first["customers"] < 41  # type: ignore[operator]
    assert first["value"] == pytest.approx(103 * first["customers"], rel=0.1)  # type: ignore[operator]
    assert (first["rank_low"], first["rank_high"]) == (1, 1)
    assert {row["trouble_id"]: row["is_clear"] for row in others} == {HARMLESS: False}


def test_a_driver_is_worded_as_association_with_the_test_that_would_prove_it(large: Workspace) -> None:
    for row in rows(large, "from drivers where rank is not null"):
        assert "caus" not in str(row["text"]).lower()
        assert str(row["test"]).startswith("This is association, not proof.")
    (first,) = rows(large, f"from drivers where outcome = 'left' and trouble_id = '{LATE}'")
    assert "left more often, other troubles equal" in str(first["text"])
    assert "Mend it in places drawn by lot" in str(first["test"])


def test_what_happens_on_the_way_out_or_afterwards_is_no_driver(large: Workspace) -> None:
    """Every leaver's return failed the day before, and a fault came the day after."""
    told = {str(row["trouble_id"]): row for row in rows(large, "from drivers where outcome = 'left'")}
    assert not any(name.startswith("leave/") for name in told)
    assert not told[HARMLESS]["is_clear"]


def test_the_cost_of_serving_stands_beside(large: Workspace) -> None:
    (first,) = rows(large, f"from drivers where outcome = 'left' and trouble_id = '{LATE}'")
    assert first["cost_difference"] == pytest.approx(9, abs=0.2)
    assert first["cost_low"] < first["cost_difference"] < first["cost_high"]  # type: ignore[operator]
    assert "Serving them costs" in str(first["text"])


def test_an_outcome_of_too_few_is_not_told(large: Workspace) -> None:
    (told,) = rows(large, "from drivers where outcome = 'recommended'")
    assert "24 recommended us in the last year of input and 60 are needed (36 are missing)" in str(told["text"])


def test_the_losses_are_compared_with_those_who_stayed(large: Workspace) -> None:
    (told,) = rows(large, f"from losses where period = '2026-Q2' and trouble_id = '{LATE}'")
    assert told["lost_met"] / told["lost"] > 0.3  # type: ignore[operator]
    assert told["low"] > 0  # type: ignore[operator]
    assert told["difference"] == pytest.approx(told["lost_met"] / told["lost"] - told["stayed_met"] / told["stayed"])  # type: ignore[operator]


def test_the_same_night_again_tells_the_same(large: Workspace) -> None:
    before = {table: rows(large, f"from {table} order by all") for table in ("drivers", "losses", "priorities", "follow_up", "customer_assets")}
    assert run(large, str(LAST)).status == 0
    assert {table: rows(large, f"from {table} order by all") for table in before} == before
