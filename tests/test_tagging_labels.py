"""What people label: it decides the stage, it examines the classifier, and what has changed since counts no more."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from saying import CLOCK, keep, said, select, the, understood, workspace_with

from listening import journey, labels, signals, tagging
from listening.journey import Journey
from listening.labels import Label
from listening.tagging import accuracy, labelled, learning
from listening.tagging.classifier import Classifier
from listening.tagging.learning import OwnLabel
from listening.warehouse import Warehouse
from listening.workspace import Workspace

BILL = "I was charged twice on my bill and the refund for the double charge never came."
NURSE = "The nurse was kind. The ward was spotless."
RANDOM = {"draw": "random", "drawn_at": "2026-06-20T00:00:00+00:00", "chance": "0.1"}


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def label(place: Workspace, record_id: str, hand: str = "ada", at: str = "2026-07-01", words: str | None = None, **cells: str) -> None:
    text_hash = str(said("", words)["text_hash"]) if words else ""
    labels.add(place, hand, [Label(record_id, cells, text_hash=text_hash, labeller=hand, labelled_at=at, drawing=RANDOM)])


def again(place: Workspace, store: Warehouse) -> tagging.Tagged:
    tagged = tagging.tag(place, store, journey.read(place.journey))
    signals.count(store, CLOCK)
    return tagged


def test_a_persons_stage_goes_before_the_sources_and_the_texts(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", BILL), said("b", BILL, given_stage="buy", given_touchpoint="checkout"), said("c", BILL))
    before = the(store, "tagging.tagged_records", "a")
    label(place, "a", stage="support")
    label(place, "b", stage="support")
    tagged = again(place, store)
    assert tagged.records == 2, "only what was labelled is tagged again"
    for name in "ab":
        now = the(store, "tagging.tagged_records", name)
        assert (now["stage"], now["stage_basis"]) == ("support", "person")
        assert (now["stage_guess"], now["stage_confidence"]) == (before["stage_guess"], before["stage_confidence"])
        assert select(store, f"select stage, share from tagging.record_stages where record_id = '{name}'") == [{"stage": "support", "share": 1.0}]
    assert the(store, "tagging.tagged_records", "c")["stage_basis"] == "text"
    counted = select(store, "select stage, sum(units)::int as units from signals.daily where cut_by = 'all' group by stage")
    assert {row["stage"]: row["units"] for row in counted} == {"support": 2, "pay": 1}


def test_a_label_that_is_taken_back_leaves_the_record_as_it_was(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", BILL))
    before = the(store, "tagging.tagged_records", "a")
    label(place, "a", stage="support")
    again(place, store)
    (labels.folder(place) / "ada.csv").unlink()
    again(place, store)
    assert the(store, "tagging.tagged_records", "a") == before


def test_a_label_of_a_part_decides_nothing_about_the_whole(place: Workspace, store: Warehouse) -> None:
    labels.add(place, "ada", [Label("a", {"stage": "support"}, start=0, stop=8)])
    understood(place, store, said("a", BILL))
    assert the(store, "tagging.tagged_records", "a")["stage_basis"] == "text"
    assert [(row["unit"], row["draw"]) for row in select(store, "select * from tagging.labels")] == [("span", "chosen")]


def test_a_label_of_words_that_have_changed_since_counts_no_more_and_is_told(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", BILL), said("b", NURSE))
    label(place, "a", words=BILL, stage="support")
    label(place, "b", words=NURSE, stage="support")
    label(place, "gone", words=NURSE, stage="support")
    keep(store, said("a", "It works now."))
    notes = again(place, store).notes
    assert [row["counts"] for row in select(store, "select counts from tagging.labels order by record_id")] == [False, True]
    assert the(store, "tagging.tagged_records", "a")["stage_basis"] == "text"
    assert any("1 label is of words that have changed since" in note for note in notes)
    assert any("1 label is of records that are not here" in note for note in notes)


def test_of_two_hands_the_newest_counts_and_both_are_kept(place: Workspace, store: Warehouse) -> None:
    keep(store, said("a", BILL))
    label(place, "a", "bob", "2026-07-02", stage="support")
    label(place, "a", "ada", "2026-07-01", stage="use", effort="high")
    again(place, store)
    found = {(row["labeller"], row["tag"]): row["counts"] for row in select(store, "select * from tagging.labels")}
    assert found == {("ada", "stage"): False, ("ada", "effort"): True, ("bob", "stage"): True}
    assert the(store, "tagging.tagged_records", "a")["stage"] == "support"


def test_a_bad_row_is_told_by_the_night_and_costs_no_other(place: Workspace, store: Warehouse) -> None:
    labels.folder(place).mkdir()
    (labels.folder(place) / "a.csv").write_text("record_id,stage\na,nowhere\nb,support\n" + "c,nowhere\n" * 7, encoding="utf-8")
    notes = understood(place, store, said("a", BILL), said("b", BILL)).notes
    assert any(note.startswith("labels/a.csv, row 2: stage 'nowhere' is not known") for note in notes)
    assert any("3 more rows or cells" in note for note in notes)
    assert the(store, "tagging.tagged_records", "b")["stage"] == "support"


def test_the_companys_random_labels_examine_the_classifier_source_by_source(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(f"{source}{n}", BILL, source=source) for source in ("reviews", "survey") for n in range(6)))
    for n in range(6):
        label(place, f"reviews{n}", stage="pay" if n < 4 else "use", sentiment="-1", effort="nothing")
    labels.add(place, "cem", [Label("survey0", {"stage": "pay"}, labeller="cem")])  # not drawn at random: it tells nothing of the source
    again(place, store)
    own = {(row["tag"], row["class"]): row for row in select(store, "select * from tagging.classifier_accuracy where source = 'reviews'")}
    assert {row["source"] for row in select(store, "select * from tagging.classifier_accuracy")} == {"reviews", "starter labels"}
    whole = own["stage", "all"]
    assert (whole["labels"], whole["recall"], whole["language"]) == (6, pytest.approx(4 / 6), "en")
    assert whole["recall_low"] < 4 / 6 < whole["recall_high"]
    assert own["stage", "use"]["recall"] == 0
    assert own["stage", "pay"]["f1"] == pytest.approx(2 * 4 / (4 + 6))
    assert own["sentiment", "negative"]["recall"] == 1
    assert not [key for key in own if key[0] == "effort"], "neither said nor guessed"


def test_what_a_classifier_has_learnt_from_examines_it_only_by_what_one_read_that_had_not(place: Workspace, store: Warehouse) -> None:
    keep(store, *(said(name, BILL) for name in ("unseen", "learnt", "held")))
    for name in ("unseen", "learnt", "held"):
        label(place, name, stage="pay", sentiment="-1")
    again(place, store)
    facts = {"learnt_from": {"labelled": [accuracy.mark("learnt"), accuracy.mark("held")], "held_out": {accuracy.mark("held"): ["use", 0.4]}}}
    labelled.keep(place, store, journey.read(place.journey), cast(Classifier, SimpleNamespace(facts=facts)))
    rows = {(row["record_id"], row["tag"]): row for row in store.rows("tagging/read_labels")}
    assert set(rows) == {("unseen", "stage"), ("held", "stage"), *((name, "sentiment") for name in ("unseen", "learnt", "held"))}
    assert (rows["held", "stage"]["guess"], rows["held", "stage"]["confidence"]) == ("use", 0.4)
    assert rows["unseen", "stage"]["guess"] == "pay"


def test_all_labels_of_stages_teach_whole_records_and_spans(place: Workspace, store: Warehouse) -> None:
    keep(store, said("old", BILL, on="2025-01-01"), said("new", BILL))
    label(place, "old", stage="pay")
    labels.add(place, "bob", [Label("new", {"stage": "use"}, start=0, stop=13)])
    again(place, store)
    rows = {(row["record_id"], row["text"]): row["is_whole"] for row in store.rows("tagging/own_labels")}
    assert rows == {("old", BILL): True, ("new", "I was charged"): False}


def test_each_label_is_examined_by_a_classifier_that_learnt_from_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own = [OwnLabel(f"r{number // 2}", f"words {number}", "pay", is_whole=True) for number in range(40)]
    monkeypatch.setattr(learning, "teach", lambda journey, sentences, shown, records, embed: {text for text, _ in shown})
    monkeypatch.setattr(
        learning.training, "likely_stages", lambda journey, shown, asked: (np.array([[float(text in shown), 0.5] for text in asked]), ["seen", "unseen"])
    )
    read = learning._read_unseen(cast(Journey, None), [], own, lambda texts: np.zeros((len(texts), 1), np.float32))
    assert read == [("unseen", 0.5)] * 40, "nor from another label of the same record"


def test_an_examination_is_told_with_its_numbers_and_intervals() -> None:
    before, after = np.array([True] * 30 + [False] * 20), np.array([True] * 28 + [False] * 2 + [True] * 12 + [False] * 8)
    told = learning._compared(before, after)
    assert "of 50 labels that it had not seen the new classifier reads 40 (80%, 69% to 88%) right, the present one 30 (60%, 48% to 71%)" in told
    assert "the difference is +20 points" in told


def test_shares_by_hand() -> None:
    truth = np.array(["pay"] * 4 + ["use"] * 4, dtype=object)
    guess = np.array(["pay", "pay", "pay", "use", "use", "use", "pay", "pay"], dtype=object)
    confidence = np.array([0.9, 0.9, 0.4, 0.9, 0.9, 0.4, 0.9, 0.4])
    pay, use, whole = accuracy.of_guesses(guess, confidence, truth, ["pay", "use"])
    assert (pay["precision"], pay["recall"], pay["coverage"]) == (2 / 3, 3 / 4, 3 / 4)
    assert pay["f1"] == pytest.approx(2 * 3 / (4 + 5))
    assert use["f1"] == pytest.approx(2 * 2 / (4 + 3))
    assert (whole["precision"], whole["recall"], whole["coverage"]) == (3 / 5, 5 / 8, 5 / 8)
    assert whole["f1"] == pytest.approx((pay["f1"] + use["f1"]) / 2)
    assert whole["calibration_error"] == pytest.approx((abs(0.9 * 5 - 3) + abs(0.4 * 3 - 2)) / 8)


def test_the_difference_of_two_readings_of_the_same_labels_by_hand() -> None:
    before, after = np.array([True] * 6 + [False] * 4), np.array([True] * 5 + [False] + [True] * 3 + [False])
    value, low, high = accuracy.paired(before, after)
    half = 1.645 * np.sqrt(5 - 2**2 / 12) / 12
    assert (value, low, high) == (pytest.approx(0.2), pytest.approx(2 / 12 - half), pytest.approx(2 / 12 + half))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("abc"), st.floats(0, 1)), min_size=1, max_size=30))
def test_every_value_lies_within_its_interval(rows: list[tuple[str, str, float]]) -> None:
    guess, truth = (np.array([row[place] for row in rows], dtype=object) for place in (0, 1))
    for row in accuracy.of_guesses(guess, np.array([row[2] for row in rows]), truth, list("abc")):
        for name in ("precision", "recall", "f1", "coverage", "calibration_error"):
            if row.get(name) is not None:
                assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 1
