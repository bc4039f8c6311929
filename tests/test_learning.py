"""Learning reads the company's own words with a teacher, and the next night tags with what was learnt."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import rows, run

from listening import journey, night, tagging
from listening.tagging import classifier, learning, teacher
from listening.workspace import Mend, Workspace, shipped

Make = Callable[..., Workspace]
SOURCE = '[sources.tickets]\nconnector = "files"\nkind = "ticket"\npath = "inbox/*.jsonl"\n'


def learn(place: Workspace) -> tagging.Learnt:
    with night.held(place) as (_, store):
        return tagging.learn(place, store, journey.read(place.journey))


@pytest.mark.long
def test_what_was_learnt_tags_the_next_night_and_keeps_no_rare_word(make_workspace: Make) -> None:
    lines = (shipped("sample", "inbox", "tickets.jsonl")).read_text(encoding="utf-8").splitlines()[:150]
    name = json.loads(lines[0]) | {"id": 990001, "description": "My neighbour Zebrafinchley says the brake squeals", "comments": []}
    place = make_workspace(SOURCE, {"tickets.jsonl": "\n".join([*lines, json.dumps(name)]) + "\n"})
    before = run(place).tagged
    learnt = learn(place)
    after = run(place).tagged
    assert learnt.version == after.classifier_version != before.classifier_version
    assert after.records == before.records, "all of it is tagged again"
    assert any("without an examination" in said for said in learnt.said)
    model = (place.models / f"stage-{learnt.version}" / "model.json").read_text(encoding="utf-8")
    assert "zebrafinchley" not in model
    assert {str(row["examined_on"]) for row in rows(place, "select examined_on from classifier_accuracy")} == {
        "industries that it was not fitted on, before it learnt from this company's own words"
    }


def test_too_few_words_to_learn_from_are_told(make_workspace: Make) -> None:
    place = make_workspace(
        '[sources.r]\nconnector = "files"\nkind = "review"\npath = "inbox/*.csv"\n', {"a.csv": "id,said_at,text\n1,2025-01-05,The bill was wrong\n"}
    )
    run(place)
    with pytest.raises(Mend, match="200 are needed"):
        learn(place)


def test_the_teacher_finds_alike_what_means_the_same() -> None:
    vectors = teacher.embed(["my parcel is late", "the package has not arrived", "what is your interest rate"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_what_is_asked_again_is_not_read_again() -> None:
    read: list[str] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        read.extend(texts)
        return np.array([[len(text)] for text in texts], np.float32)

    remembered = learning._remembering(embed)
    assert remembered(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert remembered(["bb", "ccc"]).tolist() == [[2], [3]]
    assert read == ["a", "bb", "ccc"]


def test_a_text_is_examined_by_a_teacher_that_was_not_shown_it() -> None:
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(30, 5)).astype(np.float32)
    seen = teacher.Seen(meaning / np.linalg.norm(meaning, axis=1, keepdims=True), [sp.csr_matrix(np.eye(30))])
    truth = np.array(["pay", "use", "none"] * 10, dtype=object)
    is_out = np.arange(30) < 12
    found = teacher.held_out(seen, truth, ["pay", "use", "none"], [is_out, ~is_out])
    others = teacher.Teacher(seen[np.flatnonzero(~is_out)], truth[~is_out], ["pay", "use", "none"])
    assert np.allclose(found[is_out], others.logits(seen[np.flatnonzero(is_out)]))


def test_smoothing_keeps_probabilities_and_follows_the_neighbours() -> None:
    meaning = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], np.float32)
    likely = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    told = teacher.smoothed(meaning, likely)
    assert np.allclose(told.sum(axis=1), 1)
    assert told[2].argmax() == 0


@pytest.mark.parametrize("text", ["n/a", "Nothing", "did not answer", "no comment.", "none"])
def test_an_answer_that_says_nothing_belongs_to_no_stage(text: str) -> None:
    assert classifier.is_empty_answer(text)


@pytest.mark.parametrize("text", ["nothing works", "no answer on the phone for a week", "none of the staff helped"])
def test_words_that_only_begin_like_one_are_read(text: str) -> None:
    assert not classifier.is_empty_answer(text)
