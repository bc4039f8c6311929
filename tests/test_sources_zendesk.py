"""Zendesk, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from listening import night, warehouse
from listening.landing import batches, station
from listening.sources import http, walking
from listening.workspace import Workspace
from tests.standins import zendesk
from tests.standins.server import PASSING, Fault
from tests.standins.zendesk import DAY, Zendesk

Make = Callable[..., Workspace]
SOURCE = """
[sources.tickets]
connector = "zendesk"
kind = "ticket"
base_url = "{url}"
client_id = "listening_path"
client_secret_env = "ZENDESK_SECRET"
"""
EXPORT, COMMENTS = "GET /api/v2/incremental/tickets/cursor.json", "GET /api/v2/tickets/1001/comments"
NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "6"))  # `make soak` plays 60, here each is ten days long
RECORDS = "select native_id, text from records.records where not is_deleted and not is_dropped"


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zendesk]:
    """A served account whose time is the client's, too."""
    standin = Zendesk(seed=7)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("ZENDESK_SECRET", zendesk.CLIENT_SECRET)
    with standin.serving():
        yield standin


def gather(place: Workspace, standin: Zendesk) -> tuple[night.Night, dict[str, str]]:
    """A night up to its records at the stand-in's time, and what stands then."""
    standin.be_quiet()
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("tickets")
        tonight._write_journey()
        found = tonight.warehouse._connection.execute(RECORDS).fetchall()
    return tonight, dict(found)


def state(place: Workspace) -> dict[str, Any]:
    """How the source stands after the last night."""
    with warehouse.opened(place.warehouse) as store:
        found: list[dict[str, Any]] = store.select("night/source_states", ["state", "fresh_at"], source="tickets").to_pylist()
    return found[0]


def test_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for number in range(NIGHTS):
        account.later(1 + account.random.randrange(12), account.random.choice(PASSING))
        account.later(13 + account.random.randrange(12), account.random.choice(PASSING))
        account.clock.wait(60 / NIGHTS * DAY)
        tonight, found = gather(place, account)
        assert not tonight.faults, (number, tonight.faults)
    account.clock.wait(DAY)
    _, found = gather(place, account)
    assert found == account.told()
    assert len(found) > 400
    assert not account.faults or max(account.faults) > account.requests


def test_missed_nights_are_caught_up_with(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for missed in (1, 8, 40):
        account.clock.wait(missed * DAY)
        assert gather(place, account)[1] == account.told()


def test_a_night_that_was_killed_between_two_pages_loses_and_doubles_nothing(make_workspace: Make, account: Zendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(50 * DAY)
    monkeypatch.setattr(walking, "PAGE_ROWS", 100)  # a pull for each page
    kept = []

    def keep_twice(*given: Any) -> Any:
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(whole(*given))
        return kept[-1]

    whole = batches.keep
    monkeypatch.setattr(batches, "keep", keep_twice)
    with pytest.raises(KeyboardInterrupt):
        gather(place, account)
    monkeypatch.setattr(batches, "keep", whole)
    exports = account.places.count(EXPORT)
    tonight, found = gather(place, account)
    assert found == account.told()
    assert tonight.counts["tickets"]["updated"] == 0
    assert account.places.count(EXPORT) > exports


def test_a_night_that_was_killed_before_the_store_knew_its_rows_goes_on_after_them(
    make_workspace: Make, account: Zendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(20 * DAY)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    register = station._register
    monkeypatch.setattr(station, "_register", crash)
    with pytest.raises(KeyboardInterrupt):
        gather(place, account)
    monkeypatch.setattr(station, "_register", register)
    asked = account.places.count(COMMENTS)
    tonight, found = gather(place, account)
    assert found == account.told()
    assert tonight.counts["tickets"]["updated"] == 0
    assert account.places.count(COMMENTS) == asked


def test_a_store_that_was_lost_is_built_again_with_its_cursors(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(20 * DAY)
    gather(place, account)
    warehouse.discard(place.warehouse)
    asked = len(account.places)
    account.clock.wait(3600)
    assert gather(place, account)[1] == account.told()
    assert len(account.places) - asked < 20


def test_a_budget_spreads_a_long_history_over_nights(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url) + "budget_requests = 130\n")
    account.clock.wait(50 * DAY)
    states, nights = [], 0
    while nights < 20 and (not states or states[-1] != "ok"):
        nights += 1
        account.clock.wait(3600)
        before = account.requests
        tonight, found = gather(place, account)
        assert account.requests - before <= 131  # and the one for a token
        assert not tonight.faults
        states.append(state(place)["state"])
    assert states == ["behind"] * (nights - 1) + ["ok"]
    assert nights > 2
    assert found == account.told()


def test_a_system_that_is_down_fails_in_words_and_keeps_what_came_before(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    _, before = gather(place, account)
    account.faults = dict.fromkeys(range(account.requests + 1, account.requests + 50), Fault("status", 503))
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert found == before
    assert "503" in tonight.faults["tickets"][0]
    assert tonight.status == night.DONE_IN_PART
    assert state(place)["state"] == "failed"
    assert state(place)["fresh_at"] < tonight.clock - dt.timedelta(hours=23)
    account.faults.clear()
    assert gather(place, account)[1] == account.told()


@pytest.mark.parametrize("kind", ["html", "nothing"])
def test_a_login_page_leaves_the_cursor_where_it_was(make_workspace: Make, account: Zendesk, kind: str) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = dict.fromkeys(range(2, 60), Fault(kind))
    tonight, found = gather(place, account)
    assert tonight.faults["tickets"]
    assert not found
    account.faults.clear()
    assert gather(place, account)[1] == account.told()


def test_an_empty_page_is_not_the_end_and_a_repeated_one_no_loop(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    cursor = base64.b64encode(b"1|-1").decode()
    account.faults = {2: Fault("change", change=lambda page: {**page, "tickets": [], "end_of_stream": False, "after_cursor": cursor})}
    assert gather(place, account)[1] == account.told()


def test_a_cursor_that_never_moves_is_an_error(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(2 * DAY)
    cursor = base64.b64encode(b"1|-1").decode()
    account.faults = dict.fromkeys(
        range(2, 2000), Fault("change", change=lambda page: {**page, "end_of_stream": False, "after_cursor": cursor} if "tickets" in page else page)
    )
    tonight, _ = gather(place, account)
    assert "again and again" in tonight.faults["tickets"][0]


def test_a_last_page_without_a_cursor_is_no_fault_and_comes_again_the_next_night(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for _ in range(2):
        account.clock.wait(10 * DAY)
        account.later(1, Fault("change", change=lambda page: {**page, "after_cursor": None, "after_url": None} if "tickets" in page else page))
        account.later(2, Fault("change", change=lambda page: {**page, "after_cursor": None, "after_url": None} if "tickets" in page else page))
        tonight, found = gather(place, account)
        assert not tonight.faults
        assert found == account.told()


@pytest.mark.parametrize("status", [400, 422])
def test_a_cursor_that_zendesk_does_not_know_any_more_is_given_up_for_its_time(make_workspace: Make, account: Zendesk, status: int) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    gather(place, account)
    account.clock.wait(10 * DAY)
    account.later(2, Fault("status", status))  # the first request is for a token
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert [note for note in tonight.notes if "its own cursor" in note]
    assert found == account.told()
    assert tonight.counts["tickets"]["repeated"] < len(found) / 2


def test_a_deleted_ticket_of_which_little_is_left_takes_its_words_with_it(make_workspace: Make, account: Zendesk) -> None:
    def bare(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "tickets": [{"id": row["id"], "status": "deleted", "generated_timestamp": row["generated_timestamp"]} for row in page["tickets"]]}

    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [zendesk.Event(account.start, "create", 7, 7, "The parcel is late."), zendesk.Event(account.start + DAY, "delete", 7, 8, "")]
    account.clock.wait(7200)
    assert len(gather(place, account)[1]) == 1
    account.clock.wait(DAY)
    account.later(1, Fault("change", change=lambda page: bare(page) if "tickets" in page else page))
    account.later(2, Fault("change", change=lambda page: bare(page) if "tickets" in page else page))
    tonight, found = gather(place, account)
    assert not found
    assert not [note for note in tonight.notes if "rejected" in note]


@pytest.mark.parametrize("lacking", ["is_public", "submitter_id"])
def test_an_only_comment_of_which_the_ticket_does_not_say_whose_it_is_is_asked_for(make_workspace: Make, account: Zendesk, lacking: str) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [zendesk.Event(account.start, "create", 7, 7, "Called back, he is angry.")]
    account.clock.wait(7200)
    account.catch_up()
    account.comments[7][0]["public"] = False
    account.tickets[7].pop(lacking, None)
    assert not gather(place, account)[1]


def test_a_night_without_further_comments_is_no_change_of_shape(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [zendesk.Event(account.start, "create", 7, 7, "The parcel is late."), zendesk.Event(account.start + 60, "reply", 7, 8, "Still nothing.")]
    account.log += [zendesk.Event(account.start + DAY, "create", 9, 9, "The driver was kind.")]
    account.clock.wait(7200)
    gather(place, account)
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert len(found) == 3
    assert not [note for note in tonight.notes if "columns" in note]


def test_more_tickets_at_one_moment_than_a_page_holds_all_come(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [zendesk.Event(account.start, "create", number, number, f"The lift is broken since {number} days.") for number in range(3000)]
    account.clock.wait(DAY)
    assert len(account.told()) == 3000
    assert gather(place, account)[1] == account.told()


def test_tickets_twice_on_a_page_and_in_any_order_count_once(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = {2: Fault("change", change=lambda page: {**page, "tickets": [*reversed(page["tickets"]), *page["tickets"]]})}
    assert gather(place, account)[1] == account.told()


def test_a_row_that_changes_its_shape_is_set_aside_and_the_others_go_on(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)

    def drift(page: dict[str, Any]) -> dict[str, Any]:
        first, second, *others = page["tickets"]
        return {**page, "tickets": [{**first, "created_at": 17}, {key: cell for key, cell in second.items() if key != "status"}, *others], "new": 1}

    account.faults = {2: Fault("change", change=drift)}
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert tonight.reasons["tickets"]["'created_at' holds a number"] == 1
    assert tonight.reasons["tickets"]["has no 'status'"] == 1
    assert found.items() < account.told().items()


def test_a_checkpoint_in_the_future_is_refused(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    gather(place, account)
    for path in place.landing.glob("tickets/*/manifest.json"):
        content = json.loads(path.read_text())
        if content["stream"] == "tickets":
            state = json.loads(content["checkpoint"])
            path.write_text(json.dumps({**content, "checkpoint": json.dumps({**state, "until": 4e9})}))
    warehouse.discard(place.warehouse)
    tonight, _ = gather(place, account)
    assert "in the future" in tonight.faults["tickets"][0]


def test_a_night_that_brings_nothing_where_others_bring_much_is_told(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [
        zendesk.Event(account.start + number * 600, "create", number, number, f"The lift is broken since {number} days.") for number in range(9 * 144)
    ]
    for _ in range(9):
        account.clock.wait(DAY)
        tonight, _ = gather(place, account)
        assert not [note for note in tonight.notes if "most nights" in note]
    account.clock.wait(DAY)
    tonight, _ = gather(place, account)
    assert [note for note in tonight.notes if "brought 0 rows, where most nights bring 1" in note]


def test_an_old_api_token_still_signs_in(make_workspace: Make, account: Zendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENDESK_TOKEN", zendesk.API_TOKEN)
    place = make_workspace(
        f'[sources.tickets]\nconnector = "zendesk"\nkind = "ticket"\nbase_url = "{account.base_url}/api/v2/"\n'
        f'email = "{zendesk.API_EMAIL}"\napi_token_env = "ZENDESK_TOKEN"\n'
    )
    account.clock.wait(3 * DAY)
    assert gather(place, account)[1] == account.told()


@pytest.mark.parametrize("hidden", [{"comments"}, {"comments", "rating"}, {"rating"}, {"rating", "ratings"}])
def test_what_an_account_does_not_show_one_by_one_is_taken_from_its_lists(make_workspace: Make, account: Zendesk, hidden: set[str]) -> None:
    account.shown -= hidden
    place = make_workspace(SOURCE.format(url=account.base_url))
    for _ in range(2):
        account.clock.wait(5 * DAY)
        tonight, found = gather(place, account)
        assert not tonight.faults
        assert found == account.told()


def test_a_list_of_ratings_that_has_more_than_the_tickets_is_no_fault(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.shown -= {"rating"}
    account.log = [zendesk.Event(account.start + number, "create", number, number, f"The lift is broken since {number} days.") for number in (7, 8)]
    account.log += [zendesk.Event(account.start + 60, "rate", number, 90 + number, "It took long.") for number in (7, 8)]
    account.clock.wait(7200)

    def unrated(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "tickets": [{**page["tickets"][0], "satisfaction_rating": None}, *page["tickets"][1:]]} if "tickets" in page else page

    account.later(2, Fault("change", change=unrated))
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert found == {name: text for name, text in account.told().items() if name != "7/satisfaction"}


def test_an_account_that_shows_no_comments_is_told_of(make_workspace: Make, account: Zendesk) -> None:
    account.shown -= {"comments", "events"}
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    tonight, found = gather(place, account)
    assert [note for note in tonight.notes if "shows no comments (404)" in note]
    assert {name for name in account.told() if name.isdigit()} <= {name for name in found if name.isdigit()}


def test_a_ticket_that_goes_between_export_and_comments_is_no_fault(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = {3: Fault("status", 404)}
    tonight, _ = gather(place, account)
    assert not tonight.faults
    assert not [note for note in tonight.notes if "comments" in note]


def test_words_that_were_redacted_or_deleted_leave_landing_too(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [
        zendesk.Event(account.start, "create", 7, 7, "My parcel is late and my card is 4111-MARKER-1111."),
        zendesk.Event(account.start + 60, "reply", 7, 8, "The courier never rang the bell, says MARKER."),
        zendesk.Event(account.start, "create", 9, 9, "The driver was kind, says MARKER."),
        zendesk.Event(account.start + DAY, "reply", 7, 10, "I am still waiting for the parcel."),
        zendesk.Event(account.start + 2 * DAY, "redact", 7, 8, ""),
        zendesk.Event(account.start + 2 * DAY, "delete", 9, 9, ""),
    ]
    account.clock.wait(7200)
    gather(place, account)
    account.clock.wait(DAY)
    gather(place, account)
    assert "MARKER" in landed(place)
    account.clock.wait(DAY)
    account.tickets[7]["description"] = "My parcel is late."
    account.comments[7][0].update(body="My parcel is late.", plain_body="My parcel is late.", html_body="")
    _, found = gather(place, account)
    assert found == account.told()
    assert len(found) == 3
    assert "MARKER" not in landed(place)
    warehouse.discard(place.warehouse)
    account.clock.wait(3600)
    assert gather(place, account)[1] == found


def landed(place: Workspace) -> str:
    """All cells that stand in landing."""
    paths = place.landing.glob("*/*/*.parquet")
    return "\n".join(str(cell) for path in paths for cell in pq.read_table(path)["cells"].to_pylist())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('client_id = "x"\n', "needs credentials: name client_secret_env"),
        ('client_id = "x"\nclient_secret_env = "NOWHERE"\n', "NOWHERE"),
        ('client_id = "x"\nclient_secret_file = "secret"\n', "chmod 600"),
        ('client_id = "x"\nclient_secret_env = "ZENDESK_SECRET"\nclient_sekret = 1\n', "do you mean 'client_secret_env'"),
        ('client_id = "x"\nclient_secret_env = "ZENDESK_SECRET"\n', "gives no token"),
        ('client_id = "listening_path"\nclient_secret_env = "ZENDESK_SECRET"\nbudget_requests = "many"\n', "budget_requests = 10000"),
        ('client_secret_env = "ZENDESK_SECRET"\n', "needs client_id"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_words(make_workspace: Make, account: Zendesk, settings: str, sentence: str) -> None:
    place = make_workspace(f'[sources.tickets]\nconnector = "zendesk"\nkind = "ticket"\nbase_url = "{account.base_url}"\n{settings}')
    (place.root / "secret").write_text("x")
    (place.root / "secret").chmod(0o644)
    tonight, _ = gather(place, account)
    assert sentence in tonight.faults["tickets"][0]
    assert zendesk.CLIENT_SECRET not in tonight.faults["tickets"][0]
