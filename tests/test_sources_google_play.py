"""Google Play, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import night
from listening.sources import google_play, http
from listening.workspace import Workspace
from tests.standins.google_play import BUCKET, DAY, PACKAGE, Event, GooglePlay, review_id
from tests.standins.server import PASSING, Fault

NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "20"))  # `make soak` plays 60, here each is three days long

Make = Callable[..., Workspace]
SOURCE = f"""
[sources.reviews]
connector = "google_play"
kind = "review"
base_url = "{{url}}"
package_name = "{PACKAGE}"
service_account_env = "PLAY_KEY"
"""
REPORTS = f'reports_bucket = "gs://{BUCKET}/reviews/"\n'
RECORDS = "select native_id, text from records.records where not is_deleted and not is_dropped"


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


def served(monkeypatch: pytest.MonkeyPatch, **given: Any) -> Iterator[GooglePlay]:
    """A served Play Store whose time is the client's, too."""
    standin = GooglePlay(seed=7, **given)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    with standin.serving():
        monkeypatch.setenv("PLAY_KEY", standin.key())
        yield standin


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[GooglePlay]:
    """One where reviews are taken back, too."""
    yield from served(monkeypatch)


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> Iterator[GooglePlay]:
    """One where all reviews stay."""
    yield from served(monkeypatch, has_deletions=False)


def gather(place: Workspace, standin: GooglePlay) -> tuple[night.Night, dict[str, str]]:
    """A night up to its records at the stand-in's time, and what stands then."""
    standin.be_quiet()
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("reviews")
        tonight._write_journey()
        found = tonight.warehouse._connection.execute(RECORDS).fetchall()
    return tonight, dict(found)


def test_sixty_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, store: GooglePlay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_play, "PAGE_ROWS", 20)
    place = make_workspace(SOURCE.format(url=store.base_url) + REPORTS)
    for number in range(NIGHTS):
        store.later(1 + store.random.randrange(3), store.random.choice(PASSING))
        store.later(4 + store.random.randrange(5), store.random.choice(PASSING))
        store.clock.wait(60 / NIGHTS * DAY)
        tonight, found = gather(place, store)
        assert not tonight.faults, (number, tonight.faults)
        assert found == store.told(), number
    assert len(found) > 400
    assert {event.what for event in store.log[: store.passed]} == {"create", "edit", "reply", "stars", "delete"}


def test_missed_nights_are_filled_from_the_reports_and_told(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url) + REPORTS)
    told = []
    for missed in (1, 8, 40):
        lasting.clock.wait(missed * DAY)
        tonight, found = gather(place, lasting)
        assert found == lasting.told()
        assert not tonight.faults
        told.append([note for note in tonight.notes if "the monthly reports fill the gap" in note])
    assert [len(notes) for notes in told] == [0, 1, 1]
    assert "last asked on 2025-01-10" in told[2][0]
    assert "until 2025-02-12" in told[2][0]


def test_without_reports_a_long_gap_is_told_as_a_possible_loss(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(DAY)
    tonight, _ = gather(place, lasting)
    assert [note for note in tonight.notes if "name reports_bucket to have those before" in note]
    lasting.clock.wait(6 * DAY)
    tonight, found = gather(place, lasting)
    assert found == lasting.told()
    assert not tonight.notes
    lasting.clock.wait(20 * DAY)
    tonight, found = gather(place, lasting)
    assert found.items() < lasting.told().items() or len(found) < len(lasting.told())
    assert [note for note in tonight.notes if "reviews of that time may be missing" in note]


def test_a_review_that_comes_both_ways_is_one_and_does_not_change(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url) + REPORTS)
    lasting.clock.wait(5 * DAY)
    tonight, found = gather(place, lasting)
    assert found == lasting.told()
    assert tonight.counts["reviews"]["new"] == len(found)
    assert tonight.counts["reviews"]["updated"] == 0
    assert tonight.counts["reviews"]["repeated"] > 20


def test_an_app_without_reviews_is_no_fault_and_gets_them_later(make_workspace: Make, lasting: GooglePlay) -> None:
    lasting.log = [Event(lasting.start + 30 * DAY, "create", 1, "At last there is something to say.")]
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    for days in (1, 31):
        lasting.clock.wait(days * DAY)
        tonight, found = gather(place, lasting)
        assert not tonight.faults
        assert found == lasting.told()


def test_an_empty_last_page_without_its_list_is_the_end(make_workspace: Make, store: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(5 * DAY)
    gather(place, store)
    store.clock.wait(DAY)
    store.later(2, Fault("change", change=lambda page: {**page, "tokenPagination": {"nextPageToken": "100"}}))
    for later in (3, 4, 5):
        store.later(later, Fault("change", change=lambda page: {}))
    tonight, found = gather(place, store)
    assert not tonight.faults
    assert found == store.told()


def test_where_single_reviews_are_never_given_what_two_nights_miss_is_gone(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(5 * DAY)
    _, before = gather(place, lasting)
    found = []
    for _ in range(2):
        lasting.clock.wait(60)
        lasting.later(2, Fault("change", change=lambda page: {"reviews": page["reviews"][:-1]}))
        lasting.later(3, Fault("status", 404))
        found.append(gather(place, lasting)[1])
    assert found[0] == before
    assert len(found[1]) == len(before) - 1


def test_nothing_is_deleted_where_the_week_is_cut_short_or_single_reviews_are_not_given(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(5 * DAY)
    _, before = gather(place, lasting)
    lasting.later(2, Fault("change", change=lambda page: {"reviews": page["reviews"][:5]}))
    assert gather(place, lasting)[1] == before
    lasting.later(2, Fault("change", change=lambda page: {"reviews": page["reviews"][:5]}))
    lasting.later(3, Fault("status", 404))
    tonight, found = gather(place, lasting)
    assert found == before
    assert not tonight.faults


def test_a_deleted_review_stays_deleted_though_an_old_report_has_it(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url) + REPORTS)
    lasting.clock.wait(5 * DAY)
    _, before = gather(place, lasting)
    newest = max(lasting.reviews, key=lambda key: lasting.reviews[key]["modified"])
    del lasting.reviews[newest]
    for days in (1, 8):
        lasting.clock.wait(days * DAY)
        assert gather(place, lasting)[1] == lasting.told()
    assert newest in before


def test_reviews_twice_and_in_any_order_count_once_as_changed_last(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(5 * DAY)

    def twice(page: dict[str, Any]) -> dict[str, Any]:
        older = json.loads(json.dumps(page["reviews"]))
        for row in older:
            row["comments"][0]["userComment"] |= {"text": "An older version.", "lastModified": {"seconds": "1577836800"}}
        return {**page, "reviews": [*older[::2], *reversed(page["reviews"]), *page["reviews"], *older]}

    lasting.later(2, Fault("change", change=twice))
    assert gather(place, lasting)[1] == lasting.told()


def test_a_repeated_page_is_no_loop(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(5 * DAY)
    again = Fault("change", change=lambda page: {**page, "tokenPagination": {"nextPageToken": "0"}} if "reviews" in page else page)
    lasting.faults = dict.fromkeys(range(2, 99), again)
    tonight, _ = gather(place, lasting)
    assert "again and again" in tonight.faults["reviews"][0]


def test_a_review_that_changes_its_shape_is_set_aside_and_comes_back(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(5 * DAY)

    def drift(page: dict[str, Any]) -> dict[str, Any]:
        first, second, third, *others = page["reviews"]
        third = {**third, "comments": [{"userComment": {**third["comments"][0]["userComment"], "lastModified": None}}]}
        return {**page, "reviews": [{**first, "comments": "gone"}, {**second, "reviewId": 17}, third, *({**row, "new": [1]} for row in others)]}

    lasting.later(2, Fault("change", change=drift))
    tonight, found = gather(place, lasting)
    assert tonight.reasons["reviews"]["'comments' holds text"] == 1
    assert tonight.reasons["reviews"]["'reviewId' holds a number"] == 1
    assert tonight.reasons["reviews"]["no date"] == 1
    assert len(found) == len(lasting.told()) - 3
    assert gather(place, lasting)[1] == lasting.told()


def test_a_token_that_ends_early_and_a_clock_that_is_wrong_do_no_harm(make_workspace: Make, lasting: GooglePlay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_play, "PAGE_ROWS", 10)
    monkeypatch.setattr(http, "REAL", http.Timing(lasting.clock.read, lasting.clock.wait, lambda: lasting.clock.now + 900))
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.clock.wait(5 * DAY)
    lasting.later(4, Fault("status", 401))
    tonight, found = gather(place, lasting)
    assert not tonight.faults
    assert found == lasting.told()
    assert lasting.signed_in == 2


def test_more_reviews_than_an_hour_allows_take_longer(make_workspace: Make, lasting: GooglePlay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_play, "PAGE_ROWS", 1)
    place = make_workspace(SOURCE.format(url=lasting.base_url))
    lasting.log = [Event(lasting.start, "create", number, f"The lift is broken since {number} days.") for number in range(250)]
    lasting.clock.wait(DAY)
    began = lasting.clock.now
    tonight, found = gather(place, lasting)
    assert not tonight.faults
    assert found == lasting.told()
    assert 3600 <= lasting.clock.now - began < 2 * 3600


@pytest.mark.parametrize("change", [lambda body: body[:-9] + b'"\n', lambda body: body[:301], lambda body: b"\xff\xfe" + "a,b\n1,2\n".encode("utf-16-le")])
@pytest.mark.parametrize("times", [1, http.ATTEMPTS])
def test_a_report_that_cannot_be_read_is_asked_for_again_then_told_and_read_the_next_night(
    make_workspace: Make, lasting: GooglePlay, change: Callable[[bytes], bytes], times: int
) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url) + REPORTS)
    lasting.clock.wait(20 * DAY)
    for time in range(times):
        lasting.later(5 + time, Fault("change", change=change))
    if times == http.ATTEMPTS:
        tonight, _ = gather(place, lasting)
        assert "gives a damaged file at GET /storage/v1/b/" in tonight.faults["reviews"][0]
    tonight, found = gather(place, lasting)
    assert not tonight.faults
    assert found == lasting.told()


@pytest.mark.parametrize(
    ("key", "more", "sentence"),
    [
        (None, "", "PLAY_KEY"),
        ("nonsense", "", "it is no JSON key"),
        ({"private_key": "nonsense"}, "", "cannot use the private_key of service_account"),
        ({"client_email": "other"}, "", "gives no token for this service account"),
        ({}, 'package_name = "com.other"\n', "(404)"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_words(
    make_workspace: Make, lasting: GooglePlay, monkeypatch: pytest.MonkeyPatch, key: Any, more: str, sentence: str
) -> None:
    monkeypatch.setenv("PLAY_KEY", "" if key is None else key if isinstance(key, str) else json.dumps({**json.loads(lasting.key()), **key}))
    lines = [line for line in SOURCE.format(url=lasting.base_url).splitlines() if not more or "package_name" not in line]
    tonight, _ = gather(make_workspace("\n".join(lines) + "\n" + more), lasting)
    assert sentence in tonight.faults["reviews"][0]
    assert "PRIVATE" not in tonight.faults["reviews"][0]


def test_a_bucket_that_is_closed_leaves_the_reviews(make_workspace: Make, lasting: GooglePlay) -> None:
    place = make_workspace(SOURCE.format(url=lasting.base_url) + 'reports_bucket = "other"\n')
    lasting.clock.wait(5 * DAY)
    tonight, found = gather(place, lasting)
    assert not tonight.faults
    assert [note for note in tonight.notes if "gives no reports (404)" in note]
    assert review_id(1) in found
