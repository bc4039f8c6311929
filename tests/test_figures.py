"""Figures as people read them: one style, whole nouns, true minus signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening import figures

AMOUNTS = st.floats(-1e7, 1e7)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (figures.number(1234.4), "1,234"), (figures.number(-8), "−8"), (figures.number(-0.3), "0"), (figures.number(7.25, 1), "7.2"),
        (figures.number(None), "–"),
        (figures.percent(0.417), "42\u00a0%"), (figures.percent(0.9876, 1), "98.8\u00a0%"), (figures.interval(0.42, 0.36, 0.48), "42\u00a0% (36–48\u00a0%)"),
        (figures.count(1, "answer", "answers"), "1 answer"), (figures.count(0, "answer", "answers"), "0 answers"),
        (figures.quantity(27, 25, 29.4, "word", "words"), "27 words (25–29)"), (figures.signed(-1234), "−1,234"),
        (figures.points(4, -2, 10), "+4 points (−2 to +10)"), (figures.points(-0.8, -3, 0.4), "−1 point (−3 to 0)"),
        (figures.change(1, -4, 6, "word", "words"), "+1 word (−4 to +6)"),
    ],
)  # fmt: skip
def test_a_figure_is_written_as_people_read_it(told: str, words: str) -> None:
    assert told == words


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_no_figure_has_a_hyphen_or_a_sign_without_a_size(value: float, low: float, high: float) -> None:
    for told in (figures.number(value), figures.number(value, 1), figures.percent(value), figures.signed(value), figures.points(value, low, high)):
        assert "-" not in told
        assert "−0 " not in f"{told} "
        assert "+0 " not in f"{told} "


@given(AMOUNTS)
def test_a_noun_is_singular_where_one_is_shown(value: float) -> None:
    shown, noun = figures.count(value, "point", "points").split(" ")
    assert (noun == "point") == (shown in ("1", "−1"))
