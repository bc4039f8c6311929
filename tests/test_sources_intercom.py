"""Intercom, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import night, warehouse
from listening.landing import batches, station
from listening.sources import http, intercom, walking
from listening.workspace import Source, Workspace
from tests.standins import intercom as standins
from tests.standins.intercom import DAY, Event, Intercom
from tests.standins.server import PASSING, Fault

NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "24"))  # `make soak` plays 60, here each is two and a half days long

Make = Callable[..., Workspace]
SOURCE = """
[sources.chats]
connector = "intercom"
kind = "chat"
base_url = "{url}"
access_token_env = "INTERCOM_TOKEN"
"""
SEARCH = "POST /conversations/search"
RECORDS = "select native_id, text from records.records where not is_deleted and not is_dropped"


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Intercom]:
    """A served workspace whose time is the client's, too."""
    standin = Intercom(seed=7)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("INTERCOM_TOKEN", standins.TOKEN)
    with standin.serving():
        yield standin


def gather(place: Workspace, standin: Intercom) -> tuple[night.Night, dict[str, str | None]]:
    """A night up to its records at the stand-in's time, and what stands then."""
    standin.be_quiet()
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("chats")
        tonight._write_journey()
        found = tonight.warehouse._connection.execute(RECORDS).fetchall()
    return tonight, dict(found)


def land(place: Workspace, store: warehouse.Warehouse, standin: Intercom) -> station.Landed:
    """A night that lands what has come and does no more."""
    standin.be_quiet()
    source = Source(name="chats", connector="intercom", kind="chat", base_url=standin.base_url, options={"access_token_env": "INTERCOM_TOKEN"})
    return station.land(place, store, source, dt.datetime.fromtimestamp(standin.clock.now, dt.UTC))


def make_trouble(standin: Intercom) -> None:
    """A night later, two of the requests to come go wrong."""
    standin.clock.wait(60 / NIGHTS * DAY)
    for first in (1, 13):
        standin.later(first + standin.random.randrange(12), standin.random.choice(PASSING))


def selected(place: Workspace, table: str, columns: list[str]) -> list[dict[str, Any]]:
    """What stands in a table after the last night."""
    with warehouse.opened(place.warehouse) as store:
        found: list[dict[str, Any]] = store.select(table, columns).to_pylist()
    return found


def asked_for(standin: Intercom) -> int:
    """How many conversations were asked for as a whole."""
    return sum(place.startswith("GET") for place in standin.places)


def at_once(standin: Intercom, number: int) -> None:
    """Replace what happens by so many conversations in one second."""
    standin.log = [Event(standin.start, "create", 1 + key, 1 + key, f"The lift is broken since {key} days.") for key in range(number)]


def test_sixty_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.most_requests = 20
    for number in range(NIGHTS // 6):
        with warehouse.opened(place.warehouse) as store:
            for _ in range(5):
                make_trouble(account)
                assert not land(place, store, account).faults, number
        make_trouble(account)
        tonight, found = gather(place, account)
        assert not tonight.faults, (number, tonight.faults)
        assert found == account.told(), number
    assert len(found) > 500
    assert not account.faults or max(account.faults) > account.requests
    assert account.limited
    texts = "\n".join(filter(None, found.values()))
    ours = [event.text for event in account.log if event.what in ("admin", "note", "bot")]
    assert len(ours) > 100
    assert not [text for text in ours if text in texts]


def test_ratings_are_scores_from_one_to_five(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(20 * DAY)
    gather(place, account)
    rated = {f"{key}/rating": row["conversation_rating"] for key, row in account.conversations.items() if row["conversation_rating"]}
    columns = ["native_id", "text", "score", "score_worst", "score_best", "score_name", "customer_id", "is_deleted"]
    found = {row["native_id"]: row for row in selected(place, "records/records", columns) if row["score"] is not None}
    assert {name: (row["text"], row["score"]) for name, row in found.items()} == {name: (row["remark"], row["rating"]) for name, row in rated.items()}
    assert {(row["score_worst"], row["score_best"], row["score_name"]) for row in found.values()} == {(1, 5, "CSAT")}
    assert all(row["customer_id"] == rated[name]["contact"]["id"] for name, row in found.items())
    assert any(row["remark"] is None for row in rated.values())


def test_missed_nights_are_caught_up_with(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for missed in (1, 8, 40):
        account.clock.wait(missed * DAY)
        assert gather(place, account)[1] == account.told()


def test_what_is_deleted_leaves_no_words_behind(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    marker = "Zanzibar"
    account.log = [Event(account.start + 60 * key, "create", 1 + key, 1 + key, f"The lift to {marker} is broken since {key} days.") for key in range(4)]
    account.log += [Event(account.start + 900, "reply", 1, 50, f"It still is, in {marker}."), Event(account.start + 901, "reply", 2, 51, f"Oh {marker}.")]
    account.clock.wait(DAY)
    assert len(gather(place, account)[1]) == 6
    account.log += [Event(account.clock.now + 10, "delete", 1, 60, ""), Event(account.clock.now + 11, "redact", 2, 51, "")]
    account.log += [Event(account.clock.now + 12, "redact source", 3, 52, "")]
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert sorted(found) == ["2", "4"]
    assert tonight.counts["chats"]["deleted"] == 4
    deleted = [row for row in selected(place, "records/records", ["native_id", "text", "is_deleted"]) if row["is_deleted"]]
    assert not any(row["text"] for row in deleted)
    account.clock.wait(DAY)
    assert gather(place, account)[1] == found


def test_a_night_that_was_killed_between_two_pages_goes_on_after_them(make_workspace: Make, account: Intercom, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(50 * DAY)
    monkeypatch.setattr(walking, "PAGE_ROWS", 50)  # a pull for each part of a page
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
    before = asked_for(account)
    tonight, found = gather(place, account)
    assert found == account.told()
    assert tonight.counts["chats"]["updated"] == 0
    assert asked_for(account) - before == len(account.conversations) - 100


def test_a_store_that_was_lost_is_built_again_with_its_cursors(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(20 * DAY)
    gather(place, account)
    warehouse.discard(place.warehouse)
    before = asked_for(account)
    account.clock.wait(3600)
    assert gather(place, account)[1] == account.told()
    assert asked_for(account) - before < 10


def test_a_budget_spreads_a_long_history_over_nights(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url) + "budget_requests = 130\n")
    at_once(account, 400)
    account.clock.wait(DAY)
    states, nights = [], 0
    while nights < 20 and (not states or states[-1] != "ok"):
        nights += 1
        account.clock.wait(3600)
        before = account.requests
        tonight, found = gather(place, account)
        assert account.requests - before <= 130
        assert not tonight.faults
        states.append(selected(place, "night/source_states", ["state"])[0]["state"])
    assert states == ["behind"] * (nights - 1) + ["ok"]
    assert nights > 3
    assert found == account.told()
    assert len(found) == 364  # each eleventh was written by us


def test_more_conversations_in_one_second_than_a_page_holds_all_come(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    at_once(account, 700)
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert found == account.told()
    assert len(found) == 637
    assert tonight.counts["chats"]["updated"] == tonight.counts["chats"]["repeated"] == 0


@pytest.mark.parametrize("seconds", [0, 1])
def test_conversations_that_change_during_the_walk_push_no_others_out(make_workspace: Make, account: Intercom, seconds: int) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url) + "compare_days = 0\noverlap_hours = 0\n")
    account.log = [
        Event(account.start + key * seconds, "create", 1 + key, 1 + key, f"The lift is broken since {key} days.") for key in range(600) if (1 + key) % 11
    ]
    account.clock.wait(DAY)
    first = account.clock.now
    account.catch_up()

    def move(page: dict[str, Any]) -> dict[str, Any]:
        """Once the first page is out, what was on it changes, and leaves the window."""
        for row in page["conversations"][:40]:
            account.conversations[int(row["id"])]["updated_at"] = int(account.clock.now) + 10
        return page

    account.faults = {1: Fault("change", change=move)}
    found = gather(place, account)[1]
    if seconds:  # in one and the same second only Intercom's own pages lead on, which have shifted
        assert found == account.told()
    account.clock.now = first + DAY
    settings = place.root / "listening.toml"
    settings.write_text(settings.read_text().replace("compare_days = 0\n", ""))
    assert gather(place, account)[1] == account.told()


def test_what_the_search_tells_too_late_is_found_by_comparing(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    late = 100_005
    account.hidden = {late: account.clock.now + DAY / 2}
    assert str(late) not in gather(place, account)[1]
    account.clock.wait(DAY)
    assert gather(place, account)[1] == account.told()
    assert str(late) in account.told()


def test_large_workspaces_are_compared_once_a_week(make_workspace: Make, account: Intercom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intercom, "EVERY_NIGHT", 5)
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [Event(account.start + key, "create", 1 + key, 1 + key, f"The lift is broken since {key} days.") for key in range(8)]
    account.log += [Event(account.start + 2.5 * DAY, "delete", 3, 9, "")]
    standing = []
    for _ in range(10):
        account.clock.wait(DAY)
        standing.append(len(gather(place, account)[1]))
    assert standing == [8] * 8 + [7] * 2


def test_parts_that_did_not_come_are_asked_for_again_and_told(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [Event(account.start, "create", 1, 1, "The lift is broken."), Event(account.start + 1, "reply", 1, 2, "It is still broken.")]
    account.clock.wait(DAY)

    def without_parts(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "conversation_parts": {**row["conversation_parts"], "conversation_parts": [], "total_count": 0}}

    account.faults = {2: Fault("change", change=without_parts)}
    tonight, found = gather(place, account)
    assert found == account.told()
    assert not [note for note in tonight.notes if "the system says" in note]
    account.log.append(Event(account.clock.now + 1, "reply", 1, 3, "And still it is broken today."))
    account.clock.wait(DAY)
    account.faults = dict.fromkeys(range(account.requests + 2, account.requests + 4), Fault("change", change=without_parts))
    tonight, found = gather(place, account)
    assert "1/2" in found
    assert [note for note in tonight.notes if "count_conversation_parts: the system says 2 and 0 came" in note]
    checks = selected(place, "night/source_checks", ["stream", "what", "expected", "found"])
    assert {"stream": "conversations", "what": "parts by statistics.count_conversation_parts", "expected": 2, "found": 0} in checks
    account.clock.wait(DAY)
    assert gather(place, account)[1] == account.told()


def test_half_a_character_in_what_is_compared_stops_nothing(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [Event(account.start, "create", 1, 1, "The lift is broken.")]
    account.clock.wait(DAY)
    gather(place, account)
    account.clock.wait(DAY)

    def cut(page: dict[str, Any]) -> dict[str, Any]:
        return {**page, "conversations": [*page["conversations"], {"id": "1\ud83d", "updated_at": 5}]} if "conversations" in page else page

    account.faults = {account.requests + 2: Fault("change", change=cut)}
    tonight, found = gather(place, account)
    assert found == account.told()
    assert "unexpected" not in str(tonight.faults)


def test_more_parts_than_intercom_gives_are_told_and_older_ones_stay(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    replies = [Event(account.start + 1 + key, "reply", 1, 10 + key, f"It is broken since {key} days.") for key in range(620)]
    account.log = [Event(account.start, "create", 1, 1, "The lift is broken."), *replies[:400]]
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert len(found) == 401
    assert not [note for note in tonight.notes if "parts" in note]
    account.log += [Event(account.clock.now + 400 + key, *reply[1:]) for key, reply in enumerate(replies[400:])]
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert found == account.told()
    assert len(found) == 621
    assert [note for note in tonight.notes if "parts of 1 conversation than" in note and "500" in note]


def test_a_system_that_is_down_fails_in_words_and_keeps_what_came_before(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    _, before = gather(place, account)
    account.faults = dict.fromkeys(range(account.requests + 1, account.requests + 50), Fault("status", 503))
    account.clock.wait(DAY)
    tonight, found = gather(place, account)
    assert found == before
    assert "503" in tonight.faults["chats"][0]
    assert tonight.status == night.DONE_IN_PART
    account.faults.clear()
    assert gather(place, account)[1] == account.told()


@pytest.mark.parametrize("kind", ["html", "nothing"])
def test_a_login_page_leaves_the_cursor_where_it_was(make_workspace: Make, account: Intercom, kind: str) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = dict.fromkeys(range(1, 60), Fault(kind))
    tonight, found = gather(place, account)
    assert tonight.faults["chats"]
    assert not found
    account.faults.clear()
    assert gather(place, account)[1] == account.told()


def test_an_empty_page_is_not_the_end(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    following = {"page": 1, "starting_after": standins.base64.b64encode(b"[0]").decode()}
    account.faults = {1: Fault("change", change=lambda page: {**page, "conversations": [], "pages": {**page["pages"], "next": following}})}
    assert gather(place, account)[1] == account.told()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda page: {**page, "pages": {"next": {"starting_after": "WzBd"}}}, "again and again"),
        (lambda page: {**page, "pages": {"next": {"page": 2}}}, "without a cursor"),
        (lambda page: {**page, "conversations": page["conversations"] * 9, "pages": None}, "does not say whether there are more"),
        (lambda page: {**page, "conversations": "none"}, "no list"),
    ],
)
def test_pages_that_lead_nowhere_are_an_error(make_workspace: Make, account: Intercom, change: Callable[[Any], Any], sentence: str) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(5 * DAY)
    is_a_page = lambda page: change(page) if "conversations" in page else page  # noqa: E731
    account.faults = dict.fromkeys(range(1, 2000), Fault("change", change=is_a_page))
    tonight, _ = gather(place, account)
    assert sentence in tonight.faults["chats"][0]


def test_conversations_twice_on_a_page_and_in_any_order_count_once(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    account.faults = {1: Fault("change", change=lambda page: {**page, "conversations": [*reversed(page["conversations"]), *page["conversations"]]})}
    assert gather(place, account)[1] == account.told()


def test_a_search_that_finds_nothing_any_more_deletes_nothing(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    _, before = gather(place, account)
    account.clock.wait(DAY)
    account.hidden = dict.fromkeys(range(100_000, 200_000), 4e9)
    tonight, found = gather(place, account)
    assert found == before
    assert "looks like a mistake" in tonight.faults["chats"][0]
    account.hidden.clear()
    account.clock.wait(DAY)
    assert gather(place, account)[1] == account.told()


def test_a_row_that_changes_its_shape_is_set_aside_and_comes_when_it_is_whole(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.log = [Event(account.start + key, "create", 1 + key, 1 + key, f"The lift is broken since {key} days.") for key in range(5)]
    account.clock.wait(DAY)
    account.faults = {
        2: Fault("change", change=lambda row: {**row, "created_at": "yesterday", "new": 1}),
        3: Fault("change", change=lambda row: {key: cell for key, cell in row.items() if key != "conversation_parts"}),
    }
    tonight, found = gather(place, account)
    assert not tonight.faults
    assert tonight.reasons["chats"]["'created_at' holds text"] == 1
    assert tonight.reasons["chats"]["has no 'conversation_parts'"] == 1
    assert len(found) == 3
    account.clock.wait(DAY)
    assert gather(place, account)[1] == account.told()


def test_a_checkpoint_in_the_future_is_refused(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    account.clock.wait(10 * DAY)
    gather(place, account)
    for path in place.landing.glob("chats/*/manifest.json"):
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "checkpoint": json.dumps({**json.loads(content["checkpoint"]), "until": 4e9})}))
    warehouse.discard(place.warehouse)
    tonight, _ = gather(place, account)
    assert "in the future" in tonight.faults["chats"][0]


def test_a_night_begins_with_the_day_that_is_configured(make_workspace: Make, account: Intercom) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url) + 'since = "2025-01-06"\n')
    for _ in range(3):
        account.clock.wait(4 * DAY)
        tonight, found = gather(place, account)
        assert not tonight.faults
    later = {str(key) for key, row in account.conversations.items() if row["updated_at"] >= 1_736_121_600}
    assert {name.split("/")[0] for name in found} <= later
    assert found == {name: text for name, text in account.told().items() if name.split("/")[0] in later}


def test_wrong_credentials_are_said_in_words_without_the_token(make_workspace: Make, account: Intercom, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    monkeypatch.setenv("INTERCOM_TOKEN", "another-secret-token")
    tonight, _ = gather(place, account)
    assert "does not accept the credentials (401)" in tonight.faults["chats"][0]
    assert "another-secret-token" not in tonight.faults["chats"][0]
