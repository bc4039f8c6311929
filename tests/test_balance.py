"""The balanced estimate, the survey's gap and corrected shares: small cases computed by hand, and rules that hold for all."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening.story import balance, gap, measures, shape, shares
from listening.story.balance import COUNTS
from listening.story.readings import survey_answers

CELL_COLUMNS = ["stage", "period", "failed", "had_ticket", *COUNTS]
NO_READINGS = pd.DataFrame({"stage": [], "period": [], "source": [], "value": []})


def cells(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=CELL_COLUMNS)


def readings(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["stage", "period", "source", "value"])


HAND = cells(("use", 0, False, False, 80, 10, 10, 2, 2, 6), ("use", 0, True, False, 20, 10, 10, 8, 2, 0))


def world(n_stages: int = 6, n_periods: int = 5, answers: int = 8, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Counts and readings of stages that differ, drawn at random."""
    rng = np.random.default_rng(seed)
    rows, said = [], []
    for stage in range(n_stages):
        for period in range(n_periods):
            good = 0.2 + 0.6 * stage / n_stages
            for failed in (False, True):
                for ticket in (False, True):
                    trouble = rng.binomial(answers, 1 - good if failed or ticket else 0.5 - good / 2)
                    great = rng.binomial(answers - trouble, good)
                    asked = round(answers / 0.6)
                    rows.append((f"s{stage}", period, failed, ticket, 300, asked, answers, trouble, answers - trouble - great, great))
            said += [(f"s{stage}", period, source, 3 * good + rng.normal()) for source in ("survey", "reviews", "tickets")]
    return cells(*rows), readings(*said)


def test_the_direct_estimate_weighs_cells_by_their_customers() -> None:
    counted = balance._Counted.of(balance._Grid.of(HAND), HAND)
    y, v = balance.direct(counted, balance.NET)
    # overall -400 / 20 = -20; clean (400 - 40) / 12 = 30; failed (-800 - 40) / 12 = -70; 0.8 * 30 - 0.2 * 70 = 10, and the check-ins are off by 0
    assert y[0] == pytest.approx(10)
    # squares around 30 and -70: 65000 + 17000; with ten answers of 70² before any is heard: (82000 + 49000) / (19 + 10) / 20
    assert v[0] == pytest.approx(131_000 / 29 / 20)


def test_one_place_alone_is_pulled_to_zero_by_its_scales() -> None:
    told = balance.balance(HAND, NO_READINGS, with_unsure=True).stages.iloc[0]
    scale, v = 60**2 + 8**2 + 4**2, 131_000 / 29 / 20
    assert told["net"] == pytest.approx(10 * scale / (scale + v))
    assert told["net_sd"] == pytest.approx((scale - scale**2 / (scale + v) + 4**2) ** 0.5)
    assert told["evidence_level"] == "direction"
    assert told["why"] == "wide"


def test_a_check_in_without_a_cell_counts_as_the_stages_average_customer_would() -> None:
    unknown = cells(("use", 0, None, None, 0, 1, 1, 0, 0, 1))
    counted = balance._Counted.of(balance._Grid.of(HAND), pd.concat([HAND, unknown]))
    y, _ = balance.direct(counted, balance.NET)
    f_clean, f_failed, overall = (400 - 2 * 300 / 21) / 12, (-800 - 2 * 300 / 21) / 12, -300 / 21
    expected = 0.8 * f_clean + 0.2 * f_failed
    assert overall < 0
    assert y[0] == pytest.approx(expected + (-300 - 10 * f_clean - 10 * f_failed - expected) / 21)


def test_the_answer_ratio_compares_troubled_with_clean_within_a_stage() -> None:
    frame = cells(("use", 0, False, False, 500, 60, 36, 0, 36, 0), ("use", 0, True, False, 500, 40, 12, 0, 12, 0))
    ratio, variance = balance.answer_ratios(balance._Counted.of(balance._Grid.of(frame), frame))
    of_log = 1 / 12 - 1 / 40 + 1 / 36 - 1 / 60
    weight = 0.15**2 / (0.15**2 + of_log)  # so few calls lean on what is usual, .12 on the scale of logs
    assert np.log(ratio[0]) == pytest.approx(-0.12 + weight * (np.log(0.5) + 0.12))
    assert variance[0] == pytest.approx(weight * of_log)
    many = frame.assign(**{name: 1000 * frame[name] for name in COUNTS})
    assert balance.answer_ratios(balance._Counted.of(balance._Grid.of(many), many))[0][0] == pytest.approx(0.5, abs=0.003)


def test_a_stage_where_nobody_picks_up_is_no_sign_of_silence_among_the_troubled() -> None:
    frame = cells(
        ("busy", 0, False, False, 500, 90, 9, 0, 9, 0), ("busy", 0, True, False, 500, 300, 30, 0, 30, 0),
        ("calm", 0, False, False, 500, 300, 240, 0, 240, 0), ("calm", 0, True, False, 500, 90, 72, 0, 72, 0),
    )  # fmt: skip
    many = frame.assign(**{name: 1000 * frame[name] for name in COUNTS})
    assert balance.answer_ratios(balance._Counted.of(balance._Grid.of(many), many))[0][0] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(("ratio", "expected"), [(1.2, 2.0), (1.0, 2.0), (0.5, 32 * np.log(2)), (np.nan, 4.0)])
def test_the_honesty_term_follows_the_answer_ratio(ratio: float, expected: float) -> None:
    assert balance.honesty(np.array([ratio]), np.array([0.0]), 32.0)[0] == pytest.approx(expected)


def test_the_surveys_net_is_weighed_by_customers_not_by_answers() -> None:
    counts = pd.DataFrame(
        {
            "stage": "use",
            "period": 0,
            "failed": [False, True],
            "had_ticket": False,
            "customers": [50, 50],
            "answers": [95, 5],
            "trouble": [0, 5],
            "great": [95, 0],
        }
    )
    # plain net 90; clean (9500 + 5 * 90) / 100, failed (-500 + 5 * 90) / 10
    assert balance.reading_of_survey(counts)["value"].tolist() == [pytest.approx((99.5 - 5) / 2)]
    without = counts.assign(failed=None, had_ticket=None)
    assert balance.reading_of_survey(without)["value"].tolist() == [pytest.approx(90)]


def test_words_and_rates_are_read_as_higher_is_better() -> None:
    assert balance.reading_of_words([3, 0, 0], [1, 0, 4]).tolist() == [pytest.approx(np.log(2)), pytest.approx(np.nan, nan_ok=True), pytest.approx(-np.log(5))]
    assert balance.reading_of_rate([0, 9, 1], [9, 9, 0]).tolist() == [pytest.approx(np.log(19)), pytest.approx(-np.log(19)), pytest.approx(np.nan, nan_ok=True)]


def test_shares_are_added_up_from_what_each_predicted_class_truly_is() -> None:
    value, variance = shares.corrected([60, 40], [[30, 10], [0, 20]])
    a, b = 30.25 / 40.5, 0.25 / 20.5
    assert value.tolist() == [pytest.approx(0.6 * a + 0.4 * b), pytest.approx(1 - 0.6 * a - 0.4 * b)]
    assert variance[0] == pytest.approx(0.36 * a * (1 - a) / 40 + 0.16 * b * (1 - b) / 20)


def test_a_perfect_reader_leaves_the_negative_share_within_a_stage_as_it_was_counted() -> None:
    table = np.zeros((2, 2, 2, 2))
    for stage in range(2):
        for sentiment in range(2):
            table[stage, sentiment, stage, sentiment] = 10_000
    value, size, variance = shares.corrected_within([[[30, 70], [80, 20]]], table[None], [0], [0, 1])
    assert value == pytest.approx([0.3, 0.8], abs=0.002)
    assert size == pytest.approx([100, 100], abs=0.1)
    assert variance == pytest.approx([0, 0], abs=1e-5)


def test_few_labels_leave_shares_uncorrected_and_say_so() -> None:
    predicted = pd.DataFrame({"source": "reviews", "period": "2026-Q1", "stage": ["use", "pay", None], "n": [60, 30, 10]})
    few = pd.DataFrame({"source": ["reviews"], "predicted": ["use"], "true": ["pay"], "n": [99]})
    told = shares.stage_shares(predicted, few).set_index("stage")
    assert set(told["method"]) == {shares.UNCORRECTED}
    assert told["share"].tolist() == [0.1, 0.3, 0.6]
    told = shares.stage_shares(predicted, few.assign(n=100))
    assert set(told["method"]) == {shares.CORRECTED}
    assert told.set_index("stage").loc["pay", "share"] > 0.6


def test_a_customer_who_answers_twice_is_no_more_than_heard() -> None:
    counts, said = world(answers=20)
    answers = {
        "stage": "s0",
        "period": 4,
        "failed": True,
        "had_ticket": False,
        "customers": 3,
        "answers": 8.0,
        "trouble": 2.0,
        "great": 4.0,
        "source": "survey",
    }
    (row,) = gap.survey_gaps(counts, said, pd.DataFrame([answers])).to_dict("records")
    assert row["heard_of_troubled"] == 1
    assert np.isnan(row["heard_of_clean"])
    assert np.isnan(row["represented"])


def test_a_cut_of_customers_never_leaves_less_than_no_answer_of_nobody_known() -> None:
    place = {"period_kind": "quarter", "cut_by": "region", "cut_value": "Coast", "period": "2026-Q2", "stage": "pay"}
    said = pd.DataFrame([place | {"source": "nps", "kind": "survey", "n": 3, "trouble": 2, "great": 1}])
    cell = {"failed": False, "had_ticket": False}
    known = pd.DataFrame([place | cell | {"source": "nps", "n": 5, "trouble": 1, "great": 4}])  # by operations two more live there than say so
    cells = pd.DataFrame([place | cell | {"customers": 40}])
    found = survey_answers(said, known, cells)
    unknown = found[found["failed"].isna()]
    assert unknown[["answers", "trouble", "great"]].to_numpy().tolist() == [[0, 0, 0]]
    assert found[["answers", "trouble", "great"]].sum().tolist() == [5, 1, 4]


def test_a_surveys_excess_keeps_its_width_where_its_interval_ends_at_a_hundred() -> None:
    told = {"survey_gap": True, "survey_net": 97.0, "survey_low": 92.0, "survey_high": 100.0, "story_sd": 0.0, "excess": 30.0, "survey_answers": 40}
    (row,) = measures._survey_excess(pd.DataFrame([told])).to_dict("records")
    assert (row["low"], row["high"]) == (25, 35)


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    assert gap.below([0.5, 0.01, 0.049, 0.2]).tolist() == [False, True, True, False]
    assert gap.below([0.06, 0.3]).tolist() == [False, False]
    assert gap.below([]).tolist() == []


def test_without_check_ins_there_is_order_and_change_and_never_a_number() -> None:
    counts, said = world()
    told = balance.balance(counts.assign(asked=0, answered=0, trouble=0, in_between=0, great=0), said).stages
    assert set(told["evidence_level"]) == {"direction"}
    assert set(told["why"]) == {"no check-ins"}
    assert told[["net", "net_low", "net_sd", "trouble", "great", "change", "change_low"]].isna().all(axis=None)
    last = told[told["period"] == 4].set_index("stage")
    assert last.loc["s5", "order_low"] < last.loc["s0", "order_low"]
    assert last.loc["s0", "order_high"] == 6


def test_customers_without_cells_get_a_direction() -> None:
    counts, said = world()
    told = balance.balance(counts.assign(failed=None, had_ticket=None), said).stages
    assert set(told["evidence_level"]) == {"direction"}
    assert set(told["why"]) == {"cells unknown"}
    assert told["net"].isna().all()


def test_a_handful_of_customers_is_not_spoken_of() -> None:
    counts, said = world(answers=20)
    counts.loc[counts["stage"] == "s1", "customers"] = 12
    told = balance.balance(counts, said).stages
    assert set(told.loc[told["stage"] == "s1", "why"]) == {"few customers"}
    assert told.loc[told["stage"] == "s1", ["net", "order_low", "change"]].isna().all(axis=None)
    assert (told.loc[told["stage"] == "s2", "evidence_level"] == "estimate").any()


def test_a_stage_nobody_was_asked_in_gets_a_direction_at_most() -> None:
    counts, said = world(answers=20)
    asked = ["asked", "answered", "trouble", "in_between", "great"]
    counts.loc[counts["stage"] == "s1", asked] = 0
    told = balance.balance(counts, said).stages
    assert set(told.loc[told["stage"] == "s1", "why"]) <= {"few answers", "wide"}
    assert told.loc[told["stage"] == "s1", "net"].isna().all()


def test_when_the_troubled_do_not_answer_no_number_is_given() -> None:
    counts, said = world(answers=20)
    is_troubled = counts["failed"] | counts["had_ticket"]
    counts.loc[is_troubled, "asked"] = 70
    told = balance.balance(counts, said).stages
    assert not (told["evidence_level"] == "estimate").any()
    assert (told["answer_ratio"] < 0.8).all()


def test_a_source_that_breaks_in_one_stage_is_set_back_to_its_habit() -> None:
    counts, said = world(answers=20)
    is_broken = (said["source"] == "survey") & (said["stage"] == "s0") & (said["period"] == 4)
    told = balance.balance(counts, said.assign(value=said["value"].mask(is_broken, 25.0)))
    adjusted = told.contributions.query("stage == 's0' and period == 4").set_index("source")["source_adjusted"]
    assert adjusted["survey"]
    healthy = balance.balance(counts, said).stages.query("stage == 's0' and period == 4")["net"].iloc[0]
    assert told.stages.query("stage == 's0' and period == 4")["net"].iloc[0] == pytest.approx(healthy, abs=6)


def test_a_source_that_never_varies_or_hardly_speaks_says_nothing() -> None:
    counts, said = world()
    more = pd.concat([said, said[:30].assign(source="flat", value=1.0), said[:2].assign(source="rare", value=[0.0, 9.0])])
    pd.testing.assert_frame_equal(balance.balance(counts, more).stages, balance.balance(counts, said).stages)


def test_change_is_surer_than_two_estimates_side_by_side() -> None:
    counts, said = world(answers=20)
    told = balance.balance(counts, said, with_unsure=True).stages.query("stage == 's2' and period >= 3")
    half = (told["change_high"] - told["change_low"]).iloc[1] / 2
    assert half < balance.Z * np.sqrt((told["net_sd"] ** 2).sum())
    assert told["change"].iloc[1] == pytest.approx(told["net"].diff().iloc[1])


def test_nobody_lives_both_trouble_and_great() -> None:
    counts, said = world(answers=30)
    told = balance.balance(counts.assign(trouble=15, in_between=0, great=15), said, with_unsure=True).stages
    assert (told["trouble"] + told["great"] <= 1 + 1e-9).all()


@pytest.mark.parametrize(("n_stages", "n_periods"), [(1, 1), (1, 5), (6, 1), (2, 2)])
@pytest.mark.parametrize("what", ["all", "no cells", "no readings", "nothing", "nobody answered", "customers unknown"])
def test_whatever_is_missing_nothing_breaks(n_stages: int, n_periods: int, what: str) -> None:
    counts, said = world(n_stages, n_periods)
    counts = counts[:0] if what in ("no cells", "nothing") else counts
    said = said[:0] if what in ("no readings", "nothing") else said
    if what == "nobody answered":
        counts = counts.assign(answered=0, trouble=0, in_between=0, great=0)
    if what == "customers unknown":
        counts = counts.assign(customers=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = balance.balance(counts, said)
    assert len(told.stages) == (0 if what == "nothing" else n_stages * n_periods)
    assert told.stages["evidence_level"].isin(["estimate", "direction", "insufficient"]).all()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), shuffled=st.integers(0, 10_000))
def test_the_order_of_rows_changes_nothing(seed: int, shuffled: int) -> None:
    counts, said = world(4, 3, seed=seed)
    one = balance.balance(counts, said)
    other = balance.balance(counts.sample(frac=1, random_state=shuffled), said.sample(frac=1, random_state=shuffled))
    pd.testing.assert_frame_equal(one.stages, other.stages)
    pd.testing.assert_frame_equal(one.contributions, other.contributions)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), times=st.integers(2, 5), answers=st.integers(3, 20))
def test_more_check_ins_of_the_same_kind_never_widen_an_interval(seed: int, times: int, answers: int) -> None:
    counts, said = world(4, 3, answers, seed)
    more = counts.assign(**{name: counts[name] * times for name in COUNTS if name != "customers"})
    grid = balance._Grid.of(counts, said)
    said_alike = balance._Readings.of(grid, said)  # the guard may rightly take evidence away, so it stands aside
    for outcome in balance.OUTCOMES:
        before, after = (balance._solve(said_alike, balance._Counted.of(grid, frame), outcome).variance for frame in (counts, more))
        assert (after <= before + 1e-9).all()


def test_what_sources_share_is_taken_for_life_and_what_they_do_not_for_their_faults() -> None:
    rng = np.random.default_rng(1)
    life = np.repeat(rng.normal(size=6), 4)
    agreeing = np.column_stack([life, life, life]) + 0.05 * rng.normal(size=(24, 3))
    arguing = rng.normal(size=(24, 3))
    heard = np.ones((24, 3), bool)
    sure, unsure = (shape.posterior(x, heard, 6, 4) for x in (agreeing, arguing))
    assert np.corrcoef(sure[0], life)[0, 1] > 0.99
    assert np.abs(unsure[0]).mean() < 0.5 * np.abs(arguing.mean(axis=1)).mean()


def test_a_survey_far_above_the_story_is_a_gap_and_a_usual_distance_is_none() -> None:
    counts, said = world(answers=30)
    keys = counts[["stage", "period", "failed", "had_ticket", "customers"]]
    story = balance.told_without(counts, said, ["survey"]).set_index(["stage", "period"])["story_without"]
    level = keys.join(story, on=["stage", "period"])["story_without"] + 20
    level[(keys["stage"] == "s0") & (keys["period"] == 4)] = 95
    great = np.clip(np.round(50 + level / 2), 0, 100)
    answers = keys.assign(source="survey", answers=100, great=great, trouble=100 - great)
    found = gap.survey_gaps(counts, said, answers).set_index(["stage", "period"])
    assert found.loc[("s0", 4), "is_gap"]
    assert found["is_gap"].sum() == 1
    assert found["represented"].tolist() == pytest.approx([1.0] * 30)
    assert found["usual_gap"].iloc[0] == pytest.approx(20, abs=2)


def test_without_check_ins_no_survey_is_called_blind() -> None:
    counts, said = world()
    answers = counts[["stage", "period", "failed", "had_ticket", "customers"]].assign(source="survey", answers=20, great=15, trouble=2)
    found = gap.survey_gaps(counts.assign(asked=0, answered=0, trouble=0, in_between=0, great=0), said, answers)
    assert found["is_gap"].isna().all()
    assert found["story_without"].isna().all()
