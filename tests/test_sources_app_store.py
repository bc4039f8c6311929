"""App Store Connect, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import night, warehouse
from listening.sources import app_store, http
from listening.workspace import Workspace
from tests.standins import signed
from tests.standins.app_store import APP_ID, DAY, ISSUER_ID, KEY_ID, AppStore, Event, review_id
from tests.standins.server import PASSING, Fault

NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "12"))  # `make soak` plays 60, here each is five days long

Make = Callable[..., Workspace]
SOURCE = f"""
[sources.reviews]
connector = "app_store"
kind = "review"
base_url = "{{url}}"
app_id = "{APP_ID}"
key_id = "{KEY_ID}"
issuer_id = "{ISSUER_ID}"
private_key_env = "APPLE_KEY"
"""
RECORDS = "select native_id, text from records.records where not is_deleted and not is_dropped"


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppStore]:
    """A served App Store whose time is the client's, too."""
    standin = AppStore(seed=7)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("APPLE_KEY", signed.pem(signed.curve_key()))
    with standin.serving():
        yield standin


def gather(place: Workspace, standin: AppStore) -> tuple[night.Night, dict[str, str]]:
    """A night up to its records at the stand-in's time, and what stands then."""
    standin.be_quiet()
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("reviews")
        tonight._write_journey()
        found = tonight.warehouse._connection.execute(RECORDS).fetchall()
    return tonight, dict(found)


def landed(place: Workspace) -> int:
    """How many rows have landed up to now."""
    with warehouse.opened(place.warehouse) as opened:
        found: int = opened._connection.execute("select coalesce(sum(row_count), 0) from landing.pulls").fetchall()[0][0]
    return int(found)


def words_landed(place: Workspace) -> str:
    """All rows that stand in landing, as text."""
    with warehouse.opened(place.warehouse) as opened:
        return str(opened._connection.execute(f"select cells from read_parquet('{place.landing}/**/*.parquet')").fetchall())


def test_sixty_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_store, "PAGE_ROWS", 40)
    place = make_workspace(SOURCE.format(url=store.base_url))
    for number in range(NIGHTS):
        store.later(1 + store.random.randrange(4), store.random.choice(PASSING))
        store.later(5 + store.random.randrange(9), store.random.choice(PASSING))
        store.clock.wait(60 / NIGHTS * DAY)
        tonight, found = gather(place, store)
        assert not tonight.faults, (number, tonight.faults)
        assert found == store.told(), number
    assert len(found) > 400
    assert {event.what for event in store.log[: store.passed]} == {"create", "edit", "rewrite", "respond", "delete"}


def test_what_has_not_changed_does_not_land_again(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(50 * DAY)
    gather(place, store)
    before, passed = landed(place), store.passed
    store.clock.wait(DAY)
    _, found = gather(place, store)
    assert found == store.told()
    assert landed(place) - before <= store.passed - passed
    before = landed(place)
    gather(place, store)
    assert landed(place) == before


def test_missed_nights_are_caught_up_with(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    for missed in (1, 8, 40):
        store.clock.wait(missed * DAY)
        assert gather(place, store)[1] == store.told()


def test_many_reviews_are_walked_as_a_whole_every_week_and_for_a_month_every_night(
    make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_store, "FEW", 100)
    monkeypatch.setattr(app_store, "PAGE_ROWS", 50)
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(55 * DAY)
    gather(place, store)
    asked = []
    for _ in range(8):
        store.clock.wait(DAY)
        before = store.requests
        _, found = gather(place, store)
        asked.append(store.requests - before)
        new = {key: text for key, text in store.told().items() if key > review_id(0)}
        assert found.keys() >= new.keys()
    assert max(asked[:6]) < asked[6]
    store.clock.wait(7 * DAY)
    assert gather(place, store)[1] == store.told()


@pytest.mark.parametrize("what", ["create", "delete"])
def test_what_comes_or_goes_in_the_middle_of_a_walk_is_there_the_next_night(
    make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(app_store, "PAGE_ROWS", 20)
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)
    gather(place, store)
    newest = max(store.reviews, key=lambda key: dt.datetime.fromisoformat(store.reviews[key]["attributes"]["createdDate"]))

    def meanwhile(page: Any) -> Any:
        number = int(newest[:8], 16) if what == "delete" else 90_000
        store._apply(Event(store.clock.now, what, number, "In the middle of it all the lift stopped."))
        return page

    store.clock.wait(DAY)
    store.later(1, Fault("change", change=meanwhile))
    gather(place, store)
    store.clock.wait(DAY)
    tonight, found = gather(place, store)
    assert not tonight.faults
    assert found == store.told()


def test_a_budget_spreads_a_long_history_over_nights(make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_store, "PAGE_ROWS", 10)
    monkeypatch.setattr(app_store, "STEP", 2)
    place = make_workspace(SOURCE.format(url=store.base_url) + "budget_requests = 15\n")
    store.clock.wait(59 * DAY)
    for number in range(8):
        store.clock.wait(60)
        before = store.requests
        tonight, found = gather(place, store)
        assert store.requests - before <= 15
        assert not tonight.faults
        if number == 0:
            assert len(found) == 150
    assert found == store.told()


def test_a_place_that_apple_does_not_know_any_more_begins_the_walk_again(make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_store, "PAGE_ROWS", 10)
    monkeypatch.setattr(app_store, "STEP", 2)
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(20 * DAY)
    store.faults = dict.fromkeys(range(6, 40), Fault("status", 500))
    gather(place, store)
    store.faults = {store.requests + 1: Fault("status", 400)}
    tonight, found = gather(place, store)
    assert not tonight.faults
    assert found == store.told()


def test_a_link_that_apple_does_not_know_any_more_in_the_middle_begins_the_walk_again(
    make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_store, "PAGE_ROWS", 10)
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(20 * DAY)
    store.later(3, Fault("status", 400))
    tonight, found = gather(place, store)
    assert not tonight.faults
    assert found == store.told()


def test_an_app_that_suddenly_has_no_reviews_loses_none(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(20 * DAY)
    _, before = gather(place, store)
    store.clock.wait(DAY)
    store.later(1, Fault("change", change=lambda page: {**page, "data": [], "links": {}}))
    tonight, found = gather(place, store)
    assert found == before
    assert "None is taken for deleted" in tonight.faults["reviews"][0]
    assert gather(place, store)[1] == store.told()


def test_what_apple_still_knows_is_not_deleted_because_a_walk_has_missed_it(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(20 * DAY)
    gather(place, store)
    store.later(1, Fault("change", change=lambda page: {**page, "data": page["data"][5:]}))
    tonight, found = gather(place, store)
    assert found == store.told()
    assert tonight.counts["reviews"]["deleted"] == 0


def test_reviews_twice_on_a_page_and_in_any_order_count_once_as_written_last(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)

    def twice(page: dict[str, Any]) -> dict[str, Any]:
        older = [{**row, "attributes": {**row["attributes"], "body": "An older version.", "createdDate": "2020-01-01T00:00:00Z"}} for row in page["data"]]
        return {**page, "data": [*older[::2], *reversed(page["data"]), *page["data"], *older]}

    store.later(1, Fault("change", change=twice))
    assert gather(place, store)[1] == store.told()


def test_an_empty_page_is_not_the_end_and_a_repeated_one_no_loop(make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_store, "PAGE_ROWS", 20)
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)
    path = f"{store.base_url}/v1/apps/{APP_ID}/customerReviews?limit=20&sort=-createdDate"
    store.later(1, Fault("change", change=lambda page: {**page, "data": [], "links": {"next": path}}))
    assert gather(place, store)[1] == store.told()
    store.faults = dict.fromkeys(range(store.requests + 1, store.requests + 99), Fault("change", change=lambda page: {**page, "links": {"next": path}}))
    tonight, _ = gather(place, store)
    assert "again and again" in tonight.faults["reviews"][0]


def test_a_link_to_another_host_is_not_followed(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)
    store.later(1, Fault("change", change=lambda page: {**page, "links": {"next": "https://elsewhere.example/v1/apps"}}))
    tonight, _ = gather(place, store)
    assert "another host (elsewhere.example)" in tonight.faults["reviews"][0]


@pytest.mark.parametrize("wrong_by", [-900, 900])
def test_a_clock_that_is_wrong_does_not_keep_one_out(make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch, wrong_by: int) -> None:
    timing = http.Timing(store.clock.read, store.clock.wait, lambda: store.clock.now + wrong_by)
    monkeypatch.setattr(http, "REAL", timing)
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)
    tonight, found = gather(place, store)
    assert not tonight.faults
    assert found == store.told()


def test_an_hour_that_is_used_up_is_waited_for(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)
    store.asked = [store.clock.now - 60] * 3500
    tonight, found = gather(place, store)
    assert found == store.told()
    assert not tonight.faults


def test_a_review_that_changes_its_shape_is_set_aside_and_comes_back(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.clock.wait(10 * DAY)

    def drift(page: dict[str, Any]) -> dict[str, Any]:
        first, second, *others = page["data"]
        return {**page, "data": [{**first, "attributes": "gone"}, {**second, "id": 17}, *({**row, "new": [1]} for row in others)]}

    store.later(1, Fault("change", change=drift))
    tonight, found = gather(place, store)
    assert tonight.reasons["reviews"]["'attributes' holds text"] == 1
    assert tonight.reasons["reviews"]["'id' holds a number"] == 1
    assert found.items() < store.told().items()
    assert gather(place, store)[1] == store.told()


def test_a_deleted_review_leaves_no_words_behind(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=store.base_url))
    store.log = [Event(store.start, "create", 1, "Marmalade everywhere, in every parcel."), Event(store.start, "create", 2, "All was well here.")]
    gather(place, store)
    assert "Marmalade" in words_landed(place)
    store._apply(Event(store.clock.now, "delete", 1, ""))
    store.clock.wait(DAY)
    tonight, found = gather(place, store)
    assert found == store.told()
    assert tonight.counts["reviews"]["deleted"] == 1
    assert "Marmalade" not in words_landed(place)
    assert "All was well" in words_landed(place)


@pytest.mark.parametrize(
    ("key", "settings", "sentence"),
    [
        ("", 'private_key_env = "APPLE_KEY"\n', "APPLE_KEY"),
        ("nonsense", 'private_key_env = "APPLE_KEY"\n', "cannot use private_key"),
        ("mine", 'private_key_file = "open.p8"\n', "chmod 600"),
        ("other", 'private_key_env = "APPLE_KEY"\n', "does not accept the credentials"),
        ("mine", 'private_key_env = "APPLE_KEY"\napp_id = "1"\n', "(404)"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_words(
    make_workspace: Make, store: AppStore, monkeypatch: pytest.MonkeyPatch, key: str, settings: str, sentence: str
) -> None:
    signed.curve_key.cache_clear()
    pem = {"mine": signed.pem(signed.curve_key()), "other": signed.pem(signed.ec.generate_private_key(signed.ec.SECP256R1()))}.get(key, key)
    monkeypatch.setenv("APPLE_KEY", pem.replace("\n", "\\n"))
    lines = [
        line for line in SOURCE.format(url=store.base_url).splitlines() if "private_key" not in line and ("app_id" not in settings or "app_id" not in line)
    ]
    place = make_workspace("\n".join(lines) + "\n" + settings)
    (place.root / "open.p8").write_text(pem)
    (place.root / "open.p8").chmod(0o644)
    tonight, _ = gather(place, store)
    assert sentence in tonight.faults["reviews"][0]
    assert "PRIVATE" not in tonight.faults["reviews"][0]


def test_a_private_file_signs_in(make_workspace: Make, store: AppStore) -> None:
    place = make_workspace(SOURCE.format(url=f"{store.base_url}/v1/").replace('private_key_env = "APPLE_KEY"', f'private_key_file = "{store.key_file}"'))
    assert store.key_file.stat().st_mode & 0o077 == 0
    assert gather(place, store)[1] == store.told()
