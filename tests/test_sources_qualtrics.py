"""Qualtrics, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from listening import night, warehouse
from listening.sources import http
from listening.sources.qualtrics import exporting, stream
from listening.workspace import Workspace
from tests.standins import qualtrics as standins
from tests.standins.qualtrics import DAY, Qualtrics
from tests.standins.server import PASSING, Fault

NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "12"))  # `make soak` plays 60, here each is five days long

Make = Callable[..., Workspace]
SOURCE = """
[sources.survey]
connector = "qualtrics"
kind = "survey"
base_url = "{url}"
survey_id = "SV_bwrylOA5nNnI9M1"
api_token_env = "QUALTRICS_TOKEN"
"""
RECORDS = "select native_id, text from records.records where not is_deleted and not is_dropped and text is not null"
WRONG = ("failed", "stuck", "forgotten", "nameless", "empty", "cut")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


@pytest.fixture
def brand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Qualtrics]:
    """A served brand whose time is the client's, too."""
    standin = Qualtrics(seed=7)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("QUALTRICS_TOKEN", standins.TOKEN)
    with standin.serving():
        yield standin


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every survey counts as a large one."""
    monkeypatch.setattr(stream, "FEW", 0)


def gather(place: Workspace, standin: Qualtrics, query: str = RECORDS) -> tuple[night.Night, dict[str, Any]]:
    """A night up to its records at the stand-in's time, and what stands then."""
    while any(-1 < event.at - standin.clock.now < 2000 for event in standin.log):
        standin.clock.wait(600)
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("survey")
        tonight._write_journey()
        found = tonight.warehouse._connection.execute(query).fetchall()
    return tonight, {row[0]: row[1:] if len(row) > 2 else row[1] for row in found}


def checks(place: Workspace) -> list[dict[str, Any]]:
    """What Qualtrics said of itself on the last night."""
    with warehouse.opened(place.warehouse) as store:
        found: list[dict[str, Any]] = store.select("night/source_checks", ["expected", "found"], source="survey").to_pylist()
    return found


def test_sixty_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    for number in range(NIGHTS):
        brand.later(1 + brand.random.randrange(5), brand.random.choice(PASSING))
        brand.jobs_go_wrong = [brand.random.choice(("", *WRONG, "two"))]
        brand.clock.wait(60 / NIGHTS * DAY)
        tonight, found = gather(place, brand)
        assert not tonight.faults, (number, tonight.faults)
        assert found == brand.told(), number
        assert all(check["expected"] == check["found"] for check in checks(place)), number
    assert len(found) > 200
    assert not list((place.root / ".exports").iterdir())


@pytest.mark.usefixtures("large")
def test_a_large_survey_goes_on_by_its_token_and_is_compared_once_a_week(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    for number in range(15):
        brand.clock.wait(DAY)
        tonight, found = gather(place, brand)
        assert not tonight.faults
        assert found.keys() >= brand.told().keys()
        if number % 7 == 0:
            assert found == brand.told(), number
    assert [("continuationToken" in body, "allowContinuation" in body) for body in brand.bodies] == [(number % 7 != 0, number % 7 == 0) for number in range(15)]


@pytest.mark.usefixtures("large")
def test_where_a_token_is_refused_a_window_brings_what_was_recorded_late(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    brand.clock.wait(30 * DAY)
    gather(place, brand)
    brand.tokens.clear()
    brand.clock.wait(3 * DAY)
    tonight, found = gather(place, brand)
    assert found.keys() >= brand.told().keys()
    assert "startDate" in brand.bodies[-1]
    assert [note for note in tonight.notes if "does not continue" in note]
    brand.clock.wait(DAY)
    gather(place, brand)
    assert "continuationToken" in brand.bodies[-1]


def test_missed_nights_are_caught_up_with(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    for missed in (1, 8, 40):
        brand.clock.wait(missed * DAY)
        assert gather(place, brand)[1] == brand.told()


@pytest.mark.parametrize("wrong", WRONG)
def test_jobs_that_come_to_nothing_fail_in_words_and_delete_nothing(make_workspace: Make, brand: Qualtrics, wrong: str) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url) + 'since = "2024-12-01"\n')
    brand.clock.wait(5 * DAY)
    _, before = gather(place, brand)
    brand.clock.wait(DAY)
    brand.jobs_go_wrong = [wrong] * 200
    tonight, found = gather(place, brand)
    assert found == before
    assert "Qualtrics" in tonight.faults["survey"][0]
    brand.jobs_go_wrong = []
    assert gather(place, brand)[1] == brand.told()


def test_an_export_that_is_too_large_is_made_in_parts(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url) + 'since = "2024-12-01"\n')
    brand.clock.wait(40 * DAY)
    brand.largest = 100
    tonight, found = gather(place, brand)
    assert not tonight.faults
    assert found == brand.told()


def test_an_archive_made_to_fill_the_disk_is_not_read(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    brand.jobs_go_wrong = ["bomb"] * 9
    tonight, found = gather(place, brand)
    assert not found
    assert "more than any export would" in tonight.faults["survey"][0]


def test_a_survey_that_seems_emptied_deletes_nothing(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    brand.clock.wait(10 * DAY)
    _, before = gather(place, brand)
    brand.responses.clear()
    tonight, found = gather(place, brand)
    assert found == before
    assert "looks like a mistake" in tonight.faults["survey"][0]


def test_each_question_answered_is_a_record_of_its_own_with_the_respondent_as_thread(make_workspace: Make, brand: Qualtrics) -> None:
    questions = """
[[sources.survey.questions]]
text = "QID2_TEXT"
score = "QID1"
score_name = "NPS"
score_scale = [0, 10]

[[sources.survey.questions]]
score = "QID4"
text = "labels.QID4"
score_scale = [1, 5]
"""
    place = make_workspace(SOURCE.format(url=brand.base_url) + questions)
    brand.clock.wait(5 * DAY)
    fields = "native_id, text, score, score_worst, score_best, thread_id, customer_id, said_at"
    tonight, found = gather(place, brand, f"select {fields} from records.records where not is_deleted")
    assert not tonight.faults
    meant = {key: response["values"] for key, response in brand.responses.items() if response["values"]["status"] == 0}
    assert {key.split("#")[0] for key in found} == meant.keys()
    for key, values in meant.items():
        moment = dt.datetime.fromisoformat(values["recordedDate"])
        customer = values["externalDataReference"]
        assert found[f"{key}#QID2_TEXT"] == (values.get("QID2_TEXT"), values["QID1"], 0.0, 10.0, key, customer, moment)
        assert found[f"{key}#labels.QID4"][1:4] == (values["QID4"], 1.0, 5.0)


def test_where_no_question_is_named_the_likeliest_are_read_and_that_is_told(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    brand.clock.wait(5 * DAY)
    tonight, found = gather(place, brand, "select native_id, score, score_worst, score_best, attributes from records.records where not is_deleted")
    assert [note for note in tonight.notes if "words are read from every open question" in note]
    assert tonight.reasons["survey"]["survey preview"]
    assert tonight.reasons["survey"]["survey test"]
    for key, (score, worst, best, attributes) in found.items():
        assert (score, worst, best) == (brand.responses[key.split("#")[0]]["values"]["QID1"], 0.0, 10.0)
        assert "192.0.2.1" not in attributes


def test_where_somebody_is_does_not_land(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    brand.clock.wait(DAY)
    gather(place, brand)
    with warehouse.opened(place.warehouse) as store:
        landed = store._connection.execute(f"select cells from read_parquet('{place.landing}/survey/*/*.parquet')").fetchall()
    assert landed
    assert not any("192.0.2.1" in cells for (cells,) in landed)


def test_a_login_page_leaves_everything_as_it_was(make_workspace: Make, brand: Qualtrics) -> None:
    place = make_workspace(SOURCE.format(url=brand.base_url))
    brand.clock.wait(5 * DAY)
    brand.faults = dict.fromkeys(range(2, 600), Fault("html"))
    tonight, found = gather(place, brand)
    assert tonight.faults["survey"]
    assert not found
    brand.faults.clear()
    assert gather(place, brand)[1] == brand.told()


VALUES = st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=2)
RESPONSES = st.lists(VALUES.map(lambda values: {"responseId": "R_1", "values": values}), min_size=1, max_size=4)


@given(RESPONSES, st.integers(1, 40), st.booleans(), st.integers(0, 10**6))
@example([{"responseId": "R_1", "values": {}}], 40, True, -1)
@settings(max_examples=50)
def test_responses_are_read_whole_however_their_file_is_cut_into_pieces(listed: list[Any], piece: int, is_listed: bool, cut: int) -> None:
    content = (json.dumps({"responses": listed}) if is_listed else "\n".join(map(json.dumps, listed))).encode()

    class Pieces(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(piece)

    assert list(exporting._objects(Pieces(content))) == listed
    if is_listed:
        with pytest.raises(ValueError, match=r"early|response"):
            list(exporting._objects(Pieces(content[: cut % len(content)])))


def test_a_survey_without_responses_is_no_damaged_file() -> None:
    assert list(exporting._objects(io.BytesIO(b'{"responses": []}'))) == []
    for damaged in (b"", b"{}", b'{"meta": {"httpStatus": "500"}}', b"<html>"):
        with pytest.raises(ValueError, match=r"early|response|Expecting"):
            list(exporting._objects(io.BytesIO(damaged)))
