"""Quotes: both sides in proportion, no source too loud, near to all that was said, the same every time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.story import quotes

WORDS = [
    "late", "parcel", "driver", "rude", "kind", "nurse", "bill", "twice", "refund", "hotline", "queue", "app", "broke", "clean", "quick", "lovely", "cold",
    "food", "bus", "missed", "price", "fair",
]  # fmt: skip


def sentence(record_id: str, side: str, source: str, text: str, voice: str | None = None) -> dict[str, object]:
    return {
        "period_kind": "quarter", "period": "2026-Q2", "stage": "use", "side": side, "record_id": record_id, "sentence_no": 1, "text": text, "source": source,
        "voice": voice or record_id,
    }  # fmt: skip


def volume(trouble: int, great: int) -> pd.DataFrame:
    return pd.DataFrame([{"cut_by": "all", "period_kind": "quarter", "period": "2026-Q2", "stage": "use", "trouble": trouble, "great": great}])


COLUMNS = list(sentence("", "", "", ""))


def pick(candidates: list[dict[str, object]], trouble: int, great: int) -> list[dict[str, object]]:
    return quotes.pick(pd.DataFrame(candidates, columns=COLUMNS), volume(trouble, great)).to_dict("records")


def crowd(side: str, source: str, number: int, seed: int = 0) -> list[dict[str, object]]:
    rng = np.random.default_rng([seed, number, *map(ord, side + source)])
    return [sentence(f"{source}-{side}-{place}", side, source, " ".join(rng.choice(WORDS, 6))) for place in range(number)]


@pytest.mark.parametrize(
    ("trouble", "great", "expected"),
    [
        (50, 50, {"trouble": 3, "great": 3}),
        (90, 10, {"trouble": 5, "great": 1}),
        (70, 30, {"trouble": 4, "great": 2}),
        (95, 5, {"trouble": 6, "great": 0}),
        (0, 40, {"trouble": 0, "great": 6}),
        (0, 0, {"trouble": 0, "great": 0}),
    ],
)
def test_places_go_to_the_sides_by_their_shares_of_feedback(trouble: int, great: int, expected: dict[str, int]) -> None:
    many = {"trouble": 100, "great": 100}
    assert quotes.seats({"trouble": trouble, "great": great}, many, many) == expected


def test_a_tenth_of_the_feedback_has_a_voice_once_it_has_three_sentences() -> None:
    three = {"trouble": 100, "great": 3}
    assert quotes.seats({"trouble": 90, "great": 10}, three, three, places=2) == {"trouble": 1, "great": 1}
    assert quotes.seats({"trouble": 90, "great": 10}, {"trouble": 100, "great": 2}, three, places=2) == {"trouble": 2, "great": 0}


def test_a_side_without_feedback_has_no_place() -> None:
    few = {"trouble": 2, "great": 9}
    assert quotes.seats({"trouble": 100, "great": 0}, few, few) == {"trouble": 2, "great": 0}


def test_both_sides_speak_ranked_within_their_side() -> None:
    found = pick([*crowd("trouble", "survey", 30), *crowd("great", "survey", 30)], trouble=20, great=40)
    assert Counter(row["side"] for row in found) == {"trouble": 2, "great": 4}
    assert [row["rank"] for row in found if row["side"] == "great"] == [1, 2, 3, 4]


def test_nobody_is_quoted_twice_on_a_side() -> None:
    many = [sentence(f"loud-{n}", "trouble", "tickets", f"{WORDS[n]} {WORDS[n + 1]} {WORDS[n + 2]}", voice="loud") for n in range(9)]
    found = pick([*many, sentence("quiet", "trouble", "tickets", "missed the bus")], trouble=10, great=0)
    assert len(found) == 2
    assert {row["voice"] for row in found} == {"loud", "quiet"}


def test_the_same_words_are_not_quoted_twice_while_there_are_others() -> None:
    same = [sentence(f"a{n}", "great", "survey", "Lovely clean ward") for n in range(20)]
    found = pick([*same, *crowd("great", "survey", 12)], trouble=0, great=10)
    assert len({row["text"] for row in found}) == 6


def test_a_source_with_one_sentence_still_keeps_a_loud_one_at_half() -> None:
    found = pick([*crowd("trouble", "tickets", 500), *crowd("trouble", "reviews", 1)], trouble=90, great=0)
    assert Counter(row["source"] for row in found) == {"tickets": 1, "reviews": 1}


def test_a_side_with_few_sentences_is_not_drowned_by_the_other() -> None:
    found = pick([*crowd("trouble", "survey", 40), *crowd("great", "survey", 1)], trouble=50, great=50)
    assert Counter(row["side"] for row in found) == {"trouble": 3, "great": 1}


def test_nothing_to_quote_gives_a_table_without_rows() -> None:
    assert list(quotes.pick(pd.DataFrame(columns=COLUMNS), volume(3, 3)).columns) == [*COLUMNS, "rank"]
    assert pick(crowd("great", "survey", 4), trouble=0, great=0) == []
    assert pick([sentence("a", "great", "survey", "the and of")], trouble=0, great=1)[0]["record_id"] == "a"


candidates = st.lists(
    st.tuples(
        st.sampled_from(quotes.SIDES), st.sampled_from(["survey", "tickets", "reviews"]), st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
    ),
    max_size=40,
).map(lambda drawn: [sentence(f"r{place:02}", *rest) for place, rest in enumerate(drawn)])


@given(candidates, st.integers(0, 60), st.integers(0, 60), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_rules_hold_whatever_was_said(drawn: list[dict[str, object]], trouble: int, great: int, chance: object) -> None:
    found = pick(drawn, trouble, great)
    shuffled = list(drawn)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pick(shuffled, trouble, great) == found
    assert len(found) <= quotes.PLACES
    assert len({row["record_id"] for row in found}) == len(found)
    shares = {"trouble": trouble / max(trouble + great, 1), "great": great / max(trouble + great, 1)}
    there = Counter(row["side"] for row in drawn)
    chosen = Counter(row["side"] for row in found)
    if all(shares[side] >= 0.1 and there[side] >= quotes.LEAST_OF_A_SIDE for side in quotes.SIDES):
        assert set(chosen) == set(quotes.SIDES)
    if found and all(there[side] for side in quotes.SIDES):
        assert abs(chosen["trouble"] / len(found) - shares["trouble"]) <= 1 / len(found) + 0.01
    sources = Counter(row["source"] for row in found)
    if len({row["source"] for row in drawn if row["side"] in chosen}) > 1:
        assert max(sources.values()) <= len(found) / 2


def coverage(likeness: np.ndarray, weight: np.ndarray, rows: list[int]) -> float:
    return float(weight @ likeness[rows].max(axis=0))


def test_the_set_is_nearer_to_all_that_was_said_than_95_of_99_random_sets_of_the_same_quotas() -> None:
    rng = np.random.default_rng(7)
    beaten = []
    for world in range(20):
        topics = rng.dirichlet(np.full(len(WORDS), 0.3), 6)
        sides, sources = rng.choice(quotes.SIDES, 120), rng.choice(["survey", "tickets", "reviews"], 120, p=[0.7, 0.2, 0.1])
        words_of = [rng.choice(WORDS, 7, p=topics[topic]) for topic in rng.choice(6, 120, p=[0.4, 0.25, 0.15, 0.1, 0.05, 0.05])]
        said = [sentence(f"{place:03}", sides[place], sources[place], " ".join(words_of[place])) for place in range(120)]
        found = pick(said, 40 + world, 60)
        ours = 0.0
        random_sets = np.zeros(99)
        for side in quotes.SIDES:
            pool = [row for row in said if row["side"] == side]
            words = TfidfVectorizer(sublinear_tf=True).fit_transform([str(row["text"]) for row in pool])
            likeness, many = (words @ words.T).toarray(), Counter(row["source"] for row in pool)
            weight = np.array([1 / many[row["source"]] for row in pool])
            ids = [row["record_id"] for row in pool]
            quota = Counter(row["source"] for row in found if row["side"] == side)
            ours += coverage(likeness, weight, [ids.index(row["record_id"]) for row in found if row["side"] == side])
            of_source = {source: [place for place, row in enumerate(pool) if row["source"] == source] for source in many}
            for draw in range(99):
                rows = [int(row) for source, number in quota.items() for row in rng.choice(of_source[source], number, replace=False)]
                random_sets[draw] += coverage(likeness, weight, rows)
        beaten.append((random_sets < ours).sum())
    assert np.mean(beaten) >= 95
