"""Drift of words and of confidence: a source's week against its own weeks before, and nothing said where nothing moved."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from saying import keep, said, select, workspace_with

from listening import journey, tagging
from listening.warehouse import Warehouse
from listening.workspace import Workspace

KNOWN = "I was charged twice on my bill and the refund for the double charge never came."
STRANGE = "Blorptzenfar quixamundle vroptische gnarplefix zindlethwack oomptiklar"
MONDAY = dt.date(2026, 6, 1)


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def week(number: int, texts: int, strange: int, source: str = "reviews") -> list[dict[str, object]]:
    day = (MONDAY + dt.timedelta(weeks=number)).isoformat()
    return [said(f"{source}-{number}-{n}", STRANGE if n < strange else KNOWN, on=day, source=source, language="en") for n in range(texts)]


def notes(place: Workspace, store: Warehouse) -> list[str]:
    return [note for note in tagging.tag(place, store, journey.read(place.journey)).notes if "rose" in note or "fell" in note]


def test_a_jump_of_unknown_words_is_told_with_what_to_do(place: Workspace, store: Warehouse) -> None:
    keep(store, *(row for number in range(-8, 0) for row in week(number, 60, 2)), *week(0, 60, 14))
    keep(store, *(row for number in range(-8, 1) for row in week(number, 60, 2, "survey")))
    (told,) = notes(place, store)
    assert told.startswith("reviews: texts with words unlike the training rose from 3% to 23%")
    assert "listening label --sample 50 --source reviews" in told
    (row,) = select(store, "select * from tagging.reading_drift where source = 'reviews' and week_start = date '2026-06-01'")
    assert "words" in row["drifted"]
    assert (row["texts"], row["share_unlike"], row["share_unlike_before"]) == (60, pytest.approx(14 / 60), pytest.approx(2 / 60))
    assert [row["drifted"] for row in select(store, "select drifted from tagging.reading_drift where source = 'survey'")] == [[]] * 9


def test_a_restless_source_is_given_its_habit(place: Workspace, store: Warehouse) -> None:
    keep(store, *(row for number in range(-8, 0) for row in week(number, 60, 12 if number % 2 else 0)), *week(0, 60, 14))
    assert notes(place, store) == []


def test_few_texts_or_a_short_past_say_nothing(place: Workspace, store: Warehouse) -> None:
    keep(store, *(row for number in range(-8, 0) for row in week(number, 60, 2)), *week(0, 40, 20))
    keep(store, *week(-1, 250, 5, "survey"), *week(0, 60, 30, "survey"))
    assert notes(place, store) == []


def test_a_source_that_fell_silent_is_not_told_of_for_ever(place: Workspace, store: Warehouse) -> None:
    keep(store, *(row for number in range(-8, 0) for row in week(number, 60, 2)), *week(0, 60, 14), *week(4, 60, 2, "survey"))
    assert notes(place, store) == []


def test_texts_in_languages_that_are_not_read_are_counted_by_the_night(place: Workspace, store: Warehouse) -> None:
    keep(store, said("a", "El paquete llegó tarde", language="es"), said("b", "Das Paket kam spät", language="de"), said("c", "Otra vez tarde", language="es"))
    told = tagging.tag(place, store, journey.read(place.journey)).notes
    assert "3 texts are in languages that are not read (2 es, 1 de); they are kept and counted, but have no tags" in told


def test_a_store_without_words_has_no_drift(place: Workspace, store: Warehouse) -> None:
    assert notes(place, store) == []
    assert select(store, "select * from tagging.reading_drift") == []
