"""Typeform, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import night, warehouse
from listening.sources import http, typeform
from listening.workspace import Workspace
from tests.standins import typeform as standins
from tests.standins.server import PASSING, Fault
from tests.standins.typeform import DAY, Typeform

NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "12"))  # `make soak` plays 60, here each is five days long

Make = Callable[..., Workspace]
SOURCE = """
[sources.survey]
connector = "typeform"
kind = "survey"
base_url = "{url}"
form_id = "u6nXL7"
access_token_env = "TYPEFORM_TOKEN"
"""
RECORDS = "select native_id, text from records.records where not is_deleted and not is_dropped and text is not null"


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typeform]:
    """A served account whose time is the client's, too."""
    standin = Typeform(seed=7)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("TYPEFORM_TOKEN", standins.TOKEN)
    with standin.serving():
        yield standin


def gather(place: Workspace, standin: Typeform, query: str = RECORDS) -> tuple[night.Night, dict[str, Any]]:
    """A night up to its records at the stand-in's time, and what stands then."""
    standin.be_quiet()
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("survey")
        tonight._write_journey()
        found = tonight.warehouse._connection.execute(query).fetchall()
    return tonight, {row[0]: row[1:] if len(row) > 2 else row[1] for row in found}


def checks(place: Workspace) -> list[dict[str, Any]]:
    """What Typeform said of itself on the last night."""
    with warehouse.opened(place.warehouse) as store:
        found: list[dict[str, Any]] = store.select("night/source_checks", ["expected", "found"], source="survey").to_pylist()
    return found


def test_sixty_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for number in range(NIGHTS):
        account.later(1 + account.random.randrange(4), account.random.choice(PASSING))
        account.clock.wait(60 / NIGHTS * DAY)
        tonight, found = gather(place, account)
        assert not tonight.faults, (number, tonight.faults)
        assert found == account.told(), number
    assert len(found) > 200
    assert account.requests < 60 * 9
    assert not account.refused
    assert all(check["expected"] == check["found"] for check in checks(place))


def test_of_a_large_form_the_numbers_are_compared_and_where_they_differ_the_ids(
    make_workspace: Make, account: Typeform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeform, "FEW", 0)
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [event for event in account.log if event.what != "delete" and event.late < DAY]
    account.clock.wait(20 * DAY)
    gather(place, account)
    account.clock.wait(DAY)
    before = account.requests
    gather(place, account)
    assert account.requests - before == 3  # the form, the newest responses, and how many there are
    del account.responses[max(key.split("#")[0] for key in account.told())]
    _, found = gather(place, account)
    assert found == account.told()
    assert checks(place)[-1]["expected"] == checks(place)[-1]["found"]


def test_a_response_that_comes_twice_counts_once(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(20 * DAY)
    account.faults = dict.fromkeys(
        range(1, 99), Fault("change", change=lambda page: {**page, "items": [*page["items"][:1], *page["items"]]} if "items" in page else page)
    )
    for _ in range(2):
        _, found = gather(place, account)
        assert found == account.told()
        assert all(check["expected"] == check["found"] for check in checks(place))


def test_missed_nights_are_caught_up_with(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for missed in (1, 8, 40):
        account.clock.wait(missed * DAY)
        assert gather(place, account)[1] == account.told()


def test_a_budget_spreads_a_long_history_over_nights(make_workspace: Make, account: Typeform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeform, "PAGE_ROWS", 50)
    place = make_workspace(SOURCE.format(url=account.base_url) + "budget_requests = 4\n")
    account.clock.wait(50 * DAY)
    for number in range(12):
        account.clock.wait(60)
        _, found = gather(place, account)
        if number == 4:  # the place to go on from is lost
            newest = max(token for token in account.responses if f"{token}#why" in found)
            del account.responses[newest]
    assert found.items() >= account.told().items()


def test_a_place_that_was_deleted_is_given_up_for_the_top(make_workspace: Make, account: Typeform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeform, "PAGE_ROWS", 50)
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(30 * DAY)
    account.faults = {3: Fault("change", change=lambda page: {**page, "items": [*page["items"][:-1], {**page["items"][-1], "token": "unknown"}]})}
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert found == account.told()


def test_more_responses_at_one_moment_than_a_page_holds_all_come(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [standins.Event(account.start, what, number) for what in ("land", "submit") for number in range(3000)]
    account.clock.wait(DAY)
    assert len(account.told()) > 1900
    assert gather(place, account)[1] == account.told()


def test_an_empty_page_is_not_the_end_and_a_page_given_for_ever_no_loop(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = {2: Fault("change", change=lambda page: {**page, "items": []})}
    assert gather(place, account)[1] == account.told()
    first = account._responses({"page_size": "5"}).content
    account.faults = dict.fromkeys(range(account.requests + 2, account.requests + 400), Fault("change", change=lambda _: first))
    account.clock.wait(DAY)
    tonight, _ = gather(place, account)
    assert "again and again" in tonight.faults["survey"][0]


def test_what_machine_somebody_wrote_on_does_not_land(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(DAY)
    gather(place, account)
    with warehouse.opened(place.warehouse) as store:
        landed = store._connection.execute(f"select cells from read_parquet('{place.landing}/survey/*/*.parquet')").fetchall()
    assert landed
    assert not any("Mozilla" in cells for (cells,) in landed)


def test_a_form_that_seems_emptied_deletes_nothing(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    _, before = gather(place, account)
    account.responses.clear()
    tonight, found = gather(place, account)
    assert found == before
    assert "looks like a mistake" in tonight.faults["survey"][0]


def test_partial_responses_come_go_on_and_end_as_whole_ones(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url) + "partials = true\n")
    account.clock.wait(10 * DAY)
    tonight, found = gather(place, account)
    begun = {f"{token}#why" for token, response in account.responses.items() if response["response_type"] == "started"}
    assert not tonight.faults
    assert begun & found.keys()
    for _ in range(3):
        account.clock.wait(DAY)
        _, found = gather(place, account)
    assert found.keys() >= account.told().keys()
    with warehouse.opened(place.warehouse) as store:
        assert store._connection.execute("select count(*), count(distinct native_id) from records.records").fetchone()[0] > 0  # type: ignore[index]


def test_each_question_answered_is_a_record_of_its_own_with_the_respondent_as_thread(make_workspace: Make, account: Typeform) -> None:
    questions = """
[[sources.survey.questions]]
text = "why"
score = "recommend"
score_name = "NPS"

[[sources.survey.questions]]
score = "f-ease"
stage = "buy"
"""
    place = make_workspace(SOURCE.format(url=account.base_url) + questions)
    account.clock.wait(3 * DAY)
    fields = "native_id, text, score, score_worst, score_best, score_name, thread_id, customer_id"
    tonight, found = gather(place, account, f"select {fields} from records.records where not is_deleted")
    assert not tonight.faults
    for token, response in account.responses.items():
        answers = {answer["field"]["ref"]: answer for answer in response["answers"] or ()}
        if response["response_type"] != "completed" or not account._is_seen(token):
            assert f"{token}#why" not in found
            continue
        if "why" in answers:
            assert found[f"{token}#why"][:6] == (answers["why"]["text"], answers["recommend"]["number"], 0.0, 10.0, "NPS", token)
        if "ease" in answers:
            assert found[f"{token}#f-ease"][:6] == (None, answers["ease"]["number"], 1.0, 7.0, "f-ease", token)


def test_where_no_question_is_named_the_likeliest_are_read_and_that_is_told(make_workspace: Make, account: Typeform) -> None:
    account.may_read_forms = False
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(3 * DAY)
    fields = "native_id, text, score, score_worst, score_best, score_name, customer_id, region"
    tonight, found = gather(place, account, f"select {fields} from records.records where not is_deleted and text is not null")
    assert [note for note in tonight.notes if "words are read from every open question" in note]
    for key, (text, score, worst, best, name, customer, region) in found.items():
        response = account.responses[key.split("#")[0]]
        assert (score, worst, best, name) == (response["answers"][0]["number"], 0.0, 10.0, "NPS")
        assert text == response["answers"][1]["text"]
        assert (customer, region) == ((response["hidden"]["customer_id"], "North") if "hidden" in response else (None, None))
    assert not any("Ada" in text for text, *_ in found.values())


def test_a_question_that_the_form_does_not_have_is_told(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url) + '\n[[sources.survey.questions]]\ntext = "whi"\n')
    account.clock.wait(DAY)
    tonight, _ = gather(place, account)
    assert [note for note in tonight.notes if "has no question 'whi'" in note and "why (Why?)" in note]


@pytest.mark.parametrize("kind", ["html", "nothing"])
def test_a_login_page_leaves_the_cursor_where_it_was(make_workspace: Make, account: Typeform, kind: str) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = dict.fromkeys(range(2, 60), Fault(kind))
    tonight, found = gather(place, account)
    assert tonight.faults["survey"]
    assert not found
    account.faults.clear()
    assert gather(place, account)[1] == account.told()


@pytest.mark.parametrize("answers", [{"of": "another shape"}, 17, "text", True])
def test_answers_of_another_shape_are_none_and_the_others_go_on(make_workspace: Make, account: Typeform, answers: object) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = {2: Fault("change", change=lambda page: {**page, "items": [{**page["items"][0], "answers": answers, "variables": 3}, *page["items"][1:]]})}
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert len(found) >= len(account.told()) - 2
    assert tonight.reasons["survey"]


def test_a_row_that_changes_its_shape_is_set_aside_and_the_others_go_on(make_workspace: Make, account: Typeform) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = {2: Fault("change", change=lambda page: {**page, "items": [{**page["items"][0], "landed_at": 17}, *page["items"][1:]], "new": 1})}
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert tonight.reasons["survey"]["'landed_at' holds a number"] == 1
    assert found == account.told()  # since the comparison asks for it again
