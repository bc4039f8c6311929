"""Measures read from words: as read while labels are few, corrected by random labels of the same texts once they are enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saying import CLOCK, keep, said, select, workspace_with

from listening import intervals, journey, labels, signals, story, tagging
from listening.labels import Label
from listening.story import corrections, measures, shares
from listening.warehouse import Warehouse
from listening.workspace import Company, Workspace

PERIOD = {"period_kind": "quarter", "period": "2026-Q2"}
WHOLE = {"cut_by": "all", "cut_value": "all"}
BILL = "I was charged twice on my bill and the refund for the double charge never came."


def texts(
    read: str, true: str | None, n: int, stage: str = "pay", true_stage: str | None = None, source: str = "reviews", domain: str = "all"
) -> dict[str, Any]:
    """So many texts that are read as one kind and, if labelled, are truly another."""
    place = {"source": source, "domain": "all", "tag": "expectation", "predicted": stage, "placed": stage, "predicted_kind": read}
    return PERIOD | place | {"true": (true_stage or stage) if true else None, "true_kind": true, "n": n}


def counts(below: int, met: int, exceeded: int, stage: str = "pay", **cut: str) -> dict[str, Any]:
    told = {"below": below, "met": met, "exceeded": exceeded, "expectation": below + met + exceeded}
    return PERIOD | (cut or WHOLE) | {"stage": stage, **told, "kept": told["expectation"], "kept_below": below, "worded": 1000, "effort": 0, "laborious": 0}


def corrected(read: list[dict[str, Any]], *counted: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = corrections.correct(pd.DataFrame(read), pd.DataFrame(counted), measures.OF_FEEDBACK)
    return {row["measure"].removesuffix("_of_feedback").removesuffix("_feedback"): row for row in found[found["stage"] == "pay"].to_dict("records")}


def test_half_of_what_is_read_as_delight_being_disappointment_moves_both() -> None:
    read = [texts("exceeded", None, 900), texts("exceeded", "below", 150), texts("exceeded", "exceeded", 150), texts("nothing", "nothing", 3000)]
    told = corrected(read, counts(0, 0, 1200))
    assert told["expectation_exceeded"]["value"] == pytest.approx(0.5, abs=0.01)
    assert told["expectation_below"]["value"] == pytest.approx(0.5, abs=0.01)
    assert told["expectation_below"]["labels"] == 3300
    # labels: a half of 300 (and the 4 that shrink); texts: a half of 1200
    variance = 0.25 / 304 + 0.25 / 1200
    assert told["expectation_below"]["worth"] == pytest.approx(0.25 / variance, rel=0.02)


def test_a_reader_that_never_errs_is_left_alone() -> None:
    read = [texts("below", "below", 3000), texts("met", "met", 5000), texts("exceeded", "exceeded", 2000), texts("nothing", "nothing", 90000)]
    told = corrected(read, counts(3000, 5000, 2000))
    assert [told[f"expectation_{name}"]["value"] for name in ("below", "met", "exceeded")] == pytest.approx([0.3, 0.5, 0.2], abs=0.002)


FEW = [texts("exceeded", "below", 60), texts("nothing", "nothing", 139)]


@pytest.mark.parametrize(
    ("read", "is_corrected"),
    [
        (FEW, False),
        ([*FEW, texts("nothing", "nothing", 1)], True),
        ([texts("exceeded", "below", corrections.LEAST_TELLING - 1), texts("nothing", "nothing", 500)], False),
        ([texts("exceeded", "below", 60), texts("nothing", None, 900)], False),
        ([*FEW, texts("nothing", "nothing", 100, source="survey")], False),
    ],
    ids=["199 labels", "200 labels", "hardly any label tells of it", "many texts but few labels", "of two sources together"],
)
def test_only_a_source_with_labels_enough_is_corrected(read: list[dict[str, Any]], is_corrected: bool) -> None:
    assert ("expectation_below" in corrected(read, counts(0, 0, 60))) is is_corrected


ENOUGH = [texts("exceeded", "below", 90), texts("nothing", "nothing", 200)]


def test_what_no_label_tells_of_may_be_a_tenth_and_stays_as_it_was_read() -> None:
    told = corrected(ENOUGH, counts(0, 0, 100))
    assert told["expectation_exceeded"]["value"] == pytest.approx(0.1, abs=0.03), "the ten others are delight as they were read"
    assert not corrected(ENOUGH, counts(0, 0, 101))


def test_cuts_and_other_periods_are_not_corrected() -> None:
    assert not corrected(ENOUGH, counts(0, 0, 90, cut_by="region", cut_value="Coast"))
    assert not corrected(ENOUGH, counts(0, 0, 90) | {"period": "2026-Q1"})


def test_only_labels_of_customers_whose_promise_was_kept_correct_what_they_say() -> None:
    assert "expectation_below_of_kept" not in corrected(ENOUGH, counts(0, 0, 90))
    kept = [row | {"domain": "kept"} for row in ENOUGH]
    told = corrected(kept, counts(0, 0, 90))
    assert list(told) == ["expectation_below_of_kept"]
    assert told["expectation_below_of_kept"]["value"] > 0.9


label = st.tuples(st.sampled_from(corrections.KINDS["expectation"]), st.sampled_from(corrections.KINDS["expectation"]), st.sampled_from(["pay", "use", "none"]))


@settings(deadline=None, max_examples=50)
@given(st.lists(label, min_size=1, max_size=12), st.sampled_from(["pay", "use"]), st.integers(0, 3))
def test_any_labels_give_a_share_within_its_interval_and_their_order_is_of_no_account(rows: list[tuple[str, str, str]], stage: str, rest: int) -> None:
    read = [texts(kind, true, 200, stage, true_stage) for kind, true, true_stage in rows]
    told = corrected(read, counts(200, 200, 200 * rest + 1), counts(5, 0, 0, "use"))
    assert corrected(read[::-1], counts(200, 200, 200 * rest + 1), counts(5, 0, 0, "use")) == told
    for row in told.values():
        value, low, high = intervals.share(row["value"] * row["worth"], row["worth"])
        assert 0 <= low <= value <= high <= 1
        assert low < high


def test_labels_that_all_say_the_same_leave_room_for_a_few_that_would_not() -> None:
    value, variance = shares.corrected([500.0], [[100.0]])
    (low,) = shares.within_errors(value, variance)[1]
    assert 0.95 < low < 0.99, "of a hundred, three may be hidden"


def test_several_sources_are_shrunk_less_for_they_share_what_that_hides() -> None:
    rng = np.random.default_rng(1)
    table = rng.integers(0, 3, (1, 3, 3, 3, 3)).astype(float)
    read = np.full((1, 3, 3), 100.0)
    one, _, variance = shares.corrected_within(read, table, [0], [0, 1])
    both, _, of_both = shares.corrected_within(np.repeat(read, 2, axis=0), np.repeat(table, 2, axis=0), [0], [0, 1])
    assert both == pytest.approx(one, abs=0.1)
    assert (of_both < variance).all()


# on real parts


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def told(place: Workspace, store: Warehouse, measure: str = "memorable_bad_of_feedback", period: str = "last 90 days") -> dict[str, Any]:
    stages = journey.read(place.journey)
    tagging.tag(place, store, stages)
    signals.count(store, CLOCK)
    story.tell(store, stages, Company(name="Tester", timezone="Europe/London"), CLOCK)
    (row,) = select(store, f"select * from story.stage_measures where stage = 'pay' and measure = '{measure}' and period = '{period}' and cut_by = 'all'")
    return row


def give(place: Workspace, number: int, prefix: str = "b", draw: str = "random", **more: str) -> None:
    """Of so many bills every second one would be told in a year, for bad."""
    said_of = [
        Label(f"{prefix}{n}", {"stage": "pay", "memorable": ("-1", "nothing")[n % 2]} | more, labeller="ada", drawing={"draw": draw}) for n in range(number)
    ]
    labels.add(place, "ada", said_of)


def test_random_labels_correct_a_measure_and_the_method_says_so(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL, region="Coast") for n in range(300)))
    before = told(place, store)
    assert (before["value"], before["method"][:11]) == (0, "uncorrected")
    give(place, 200)
    after = told(place, store)
    assert after["value"] == pytest.approx(0.5, abs=0.02)
    assert after["low"] < 0.47 < 0.53 < after["high"]
    assert after["method"].startswith("corrected by 200 random labels")
    assert (after["n"], after["denominator"]) == (before["n"], before["denominator"])
    cut = select(store, "select distinct method from story.stage_measures where cut_by <> 'all' and measure = 'memorable_bad_of_feedback'")
    assert [row["method"][:11] for row in cut] == ["uncorrected"]


@pytest.mark.parametrize("draw", ["random", "chosen"])
def test_too_few_or_chosen_labels_correct_nothing(place: Workspace, store: Warehouse, draw: str) -> None:
    keep(store, *(said(f"b{n}", BILL) for n in range(300)))
    give(place, 199 if draw == "random" else 300, draw=draw)
    assert told(place, store)["method"].startswith("uncorrected")


def test_a_conversation_of_several_messages_is_corrected_by_no_label_of_one(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL, source="desk", kind="ticket", thread_id=str(n // 2)) for n in range(400)))
    give(place, 300)
    assert told(place, store)["method"].startswith("uncorrected")


def test_labels_of_texts_whose_stage_the_source_gives_or_that_no_customer_wrote_tell_nothing_of_the_rest(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"b{n}", BILL) for n in range(50)))
    keep(store, *(said(f"g{n}", BILL, given_stage="leave") for n in range(300)), *(said(f"s{n}", BILL, role="employee") for n in range(300)))
    for prefix in "gs":
        give(place, 300, prefix, stage="support")
    assert told(place, store)["method"].startswith("uncorrected")
    rows = select(store, "select * from story.stage_shares where source = 'survey' and period = 'last 90 days'")
    assert [(row["stage"], row["share"], row["texts"], row["labels"], row["method"]) for row in rows] == [("pay", 1.0, 50, 0, "uncorrected")]
