"""The one door to outside systems: it waits, asks again, refuses and stops as it should, and never lets a secret out."""

from __future__ import annotations

import concurrent.futures
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listening.sources.http import Budget, Client, Fixed, OutOfBudget, Pace, Refused, Stopped
from listening.sources.tokens import OAuth
from tests.standins import zendesk
from tests.standins.server import PASSING, Clock, Fault, Reply, Request, Standin
from tests.standins.zendesk import Zendesk

SECRET = "s3cret-token-of-acme"


class Echo(Standin):
    """Answers with what was asked; some paths have an answer of their own."""

    def answer(self, request: Request) -> Reply:
        status = {"/401": 401, "/403": 403, "/404": 404, "/409": 409, "/422": 422, "/moved": 302, "/round": 302}.get(request.path, 200)
        to = "/round" if request.path == "/round" else request.query.get("to")
        headers = {"Location": to} if to else {}
        return Reply({"asked": request.path, "query": request.query, "words": "ä" * 500, "error": "no_way"}, status, headers)


@pytest.fixture
def echo() -> Iterator[Echo]:
    standin = Echo()
    with standin.serving():
        yield standin


def client_of(standin: Standin, **keys: Any) -> Client:
    return Client(standin.base_url, Fixed("Authorization", f"Bearer {SECRET}"), timing=standin.clock.timing, **keys)


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: f"{fault.kind} {fault.value}")
def test_what_passes_is_asked_again_until_the_answer_is_whole(echo: Echo, fault: Fault) -> None:
    echo.later(1, fault)
    with client_of(echo) as client:
        assert client.get("rows", needs=("asked",))["asked"] == "/rows"
    assert echo.requests == 2


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        (Fault("limit", "2"), 2, 3),
        (Fault("limit date", 90), 90, 91),
        (Fault("limit reset", 30), 29, 31),
        (Fault("limit", "0"), 0.4, 2),
        (Fault("limit", "-5"), 0.4, 2),
        (Fault("limit", None), 0.4, 2),
        (Fault("limit", "soon"), 0.4, 2),
    ],
)
def test_a_system_is_left_alone_for_as_long_as_it_asks(fault: Fault, least: float, most: float, echo: Echo) -> None:
    before = echo.clock.now
    echo.later(1, fault)
    with client_of(echo) as client:
        client.get("rows")
    assert least <= echo.clock.now - before <= most


def test_a_reset_that_lies_on_another_clock_is_taken_by_the_systems_own(echo: Echo) -> None:
    echo.later(1, Fault("limit reset", 30))
    ours = Clock(echo.clock.now + 5 * 3600)
    before = ours.now
    with Client(echo.base_url, timing=ours.timing) as client:
        client.get("rows")
    assert 29 <= ours.now - before <= 31


def test_a_wait_until_tomorrow_is_left_to_tomorrow(echo: Echo) -> None:
    before = echo.clock.now
    echo.later(1, Fault("limit", "86400"))
    with client_of(echo) as client, pytest.raises(OutOfBudget, match="next night"):
        client.get("rows")
    assert echo.clock.now == before


def test_a_system_that_says_too_many_for_ever_is_left_to_tomorrow(echo: Echo) -> None:
    echo.faults = dict.fromkeys(range(1, 100), Fault("limit", "0"))
    with client_of(echo) as client, pytest.raises(OutOfBudget):
        client.get("rows")
    assert echo.requests < 20


def test_a_budget_of_requests_is_kept_to_the_request(echo: Echo) -> None:
    with client_of(echo, budget=Budget(requests=3)) as client:
        for _ in range(3):
            client.get("rows")
        with pytest.raises(OutOfBudget, match="3 requests"):
            client.get("rows")
    assert echo.requests == 3


def test_a_budget_of_time_is_kept(echo: Echo) -> None:
    with client_of(echo, budget=Budget(seconds=60)) as client:
        client.get("rows")
        echo.clock.wait(61)
        with pytest.raises(OutOfBudget):
            client.get("rows")


def test_a_pace_is_kept_from_our_side(echo: Echo) -> None:
    before = echo.clock.now
    with client_of(echo, pace=Pace(2, 1.0)) as client:
        for _ in range(10):
            client.get("rows")
    assert 4 <= echo.clock.now - before <= 5.1


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_no_is_not_asked_again(echo: Echo, status: int) -> None:
    with client_of(echo) as client, pytest.raises(Refused) as refused:
        client.get(str(status))
    assert refused.value.status == status
    assert echo.requests == 1


@pytest.mark.parametrize("fault", [Fault("status", 409), Fault("status", 499), Fault("status", 401)])
def test_a_no_that_may_be_a_mistake_is_asked_again(echo: Echo, fault: Fault) -> None:
    echo.later(1, fault)
    with client_of(echo) as client:
        assert client.get("rows")["asked"] == "/rows"
    assert echo.requests == 2


@pytest.mark.parametrize(("status", "requests"), [(401, 2), (409, 6)])
def test_a_no_that_was_no_mistake_is_one(echo: Echo, status: int, requests: int) -> None:
    with client_of(echo) as client, pytest.raises(Refused) as refused:
        client.get(str(status))
    assert refused.value.status == status
    assert echo.requests == requests


def test_what_may_not_be_done_twice_is_not_sent_twice(echo: Echo) -> None:
    echo.later(1, Fault("status", 500))
    with client_of(echo) as client, pytest.raises(Stopped, match="once"):
        client.post("jobs", {"format": "json"})
    assert echo.requests == 1


def test_a_search_is_sent_again_although_it_is_a_post(echo: Echo) -> None:
    echo.later(1, Fault("half", 500))
    with client_of(echo) as client:
        assert client.post("search", {"query": 1}, is_repeatable=True)["asked"] == "/search"


@pytest.mark.parametrize("fault", ["half", "close", "html", "nothing", "short gzip", "short length", "bad json"])
def test_an_answer_that_is_never_whole_stops_the_walk_in_words(echo: Echo, fault: str) -> None:
    echo.faults = dict.fromkeys(range(1, 100), Fault(fault, 200))
    with client_of(echo) as client, pytest.raises(Stopped, match="in a row"):
        client.get("rows", needs=("asked",))


@pytest.mark.parametrize("link", ["https://evil.example/rows", "http://127.0.0.1:1/rows", "http://127.0.0.1@evil.example/"])
def test_a_link_to_another_host_is_not_followed(echo: Echo, link: str) -> None:
    with client_of(echo) as client, pytest.raises(Stopped, match="another host"):
        client.get(link)
    assert echo.requests == 0


def test_a_link_to_the_system_itself_is_followed(echo: Echo) -> None:
    with client_of(echo) as client:
        assert client.get(f"{echo.base_url}/more?page=2")["query"] == {"page": "2"}


def test_a_redirect_to_another_place_of_the_system_is_followed(echo: Echo, tmp_path: Path) -> None:
    with client_of(echo) as client:
        assert client.get("moved", {"to": "/rows?signed=1"}) | {"words": ""} == {"asked": "/rows", "query": {"signed": "1"}, "words": "", "error": "no_way"}
        client.download("moved", tmp_path / "file", {"to": f"{echo.base_url}/rows"})
    assert json.loads((tmp_path / "file").read_text())["asked"] == "/rows"


def test_a_redirect_to_another_host_is_not_followed(echo: Echo) -> None:
    with client_of(echo) as client, pytest.raises(Stopped, match="another host"):
        client.get("moved", {"to": "http://127.0.0.1:1/rows"})
    assert echo.requests == 1


@pytest.mark.parametrize(("path", "requests"), [("moved", 1), ("round", 6)])
def test_a_redirect_that_leads_nowhere_is_refused(echo: Echo, path: str, requests: int) -> None:
    with client_of(echo) as client, pytest.raises(Refused, match="base_url"):
        client.get(path)
    assert echo.requests == requests


def test_no_secret_and_no_query_stands_in_logs_or_sentences(echo: Echo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    echo.later(1, Fault("limit", "1"))
    with client_of(echo) as client:
        client.get("rows", {"utoken": SECRET})
        for path in ("401", "403", "422", "moved"):
            with pytest.raises(Refused) as refused:
                client.get(path, {"utoken": SECRET})
            told += [str(refused.value), repr(client.auth)]
        echo.faults = dict.fromkeys(range(1, 100), Fault("close"))
        with pytest.raises(Stopped) as stopped:
            client.get("rows", {"utoken": SECRET})
        told.append(str(stopped.value))
    assert SECRET not in "".join([*told, caplog.text])


def test_a_download_is_whole_or_not_there(echo: Echo, tmp_path: Path) -> None:
    echo.later(1, Fault("half", 200))
    with client_of(echo) as client:
        client.download("file", tmp_path / "whole")
        assert json.loads((tmp_path / "whole").read_bytes())["asked"] == "/file"
        echo.faults = dict.fromkeys(range(1, 100), Fault("half", 200))
        with pytest.raises(Stopped):
            client.download("file", tmp_path / "torn")
    assert not (tmp_path / "torn").exists()


def test_a_host_that_is_not_there_is_told_in_words() -> None:
    clock = Clock()
    with Client("http://127.0.0.1:9", timing=clock.timing) as client, pytest.raises(Stopped, match="cannot be reached"):
        client.get("rows")


# OAuth


@pytest.fixture
def account() -> Iterator[Zendesk]:
    standin = Zendesk(days=1)
    with standin.serving():
        yield standin


def signed(standin: Zendesk, folder: Path, refresh: str | None = zendesk.REFRESH_TOKEN) -> OAuth:
    asking = Client(standin.base_url, timing=standin.clock.timing)
    return OAuth(asking, "oauth/tokens", folder / ".tokens" / "t.json", zendesk.CLIENT_ID, zendesk.CLIENT_SECRET, refresh, scope="read")


def export(standin: Zendesk, auth: OAuth) -> None:
    with Client(standin.base_url, auth, timing=standin.clock.timing) as client:
        client.get("api/v2/satisfaction_ratings.json")


def test_a_rotated_token_is_kept_privately_and_used_by_the_next_process(account: Zendesk, tmp_path: Path) -> None:
    export(account, signed(account, tmp_path))
    kept = tmp_path / ".tokens" / "t.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["refresh_token"] == account.refresh_token != zendesk.REFRESH_TOKEN
    export(account, signed(account, tmp_path))
    assert account.refreshed == 1
    account.clock.wait(3600)
    export(account, signed(account, tmp_path))
    assert account.refreshed == 2


def test_new_tokens_are_on_the_disk_before_a_request_uses_them(account: Zendesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    auth = signed(account, tmp_path)
    monkeypatch.setattr(OAuth, "_signed", crash)
    with pytest.raises(KeyboardInterrupt):
        export(account, auth)
    monkeypatch.undo()
    export(account, signed(account, tmp_path))
    assert account.refreshed == 1


def test_a_token_that_ends_early_is_renewed_once_and_the_request_sent_again(account: Zendesk, tmp_path: Path) -> None:
    auth = signed(account, tmp_path)
    export(account, auth)
    account.access.clear()
    with Client(account.base_url, auth, timing=account.clock.timing) as client, concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.get("api/v2/satisfaction_ratings.json"), range(8)))
    assert account.refreshed == 2


def test_a_refresh_whose_answer_was_lost_does_not_lock_out(account: Zendesk, tmp_path: Path) -> None:
    account.later(1, Fault("half", 200))
    export(account, signed(account, tmp_path))
    assert json.loads((tmp_path / ".tokens" / "t.json").read_text())["access_token"] in account.access


def test_a_lock_out_for_good_is_told_with_its_mend(account: Zendesk, tmp_path: Path) -> None:
    account.is_only_refresh = True
    account.refresh_token = "another"
    with pytest.raises(Stopped, match="Authorise the client again"):
        export(account, signed(account, tmp_path))


def test_a_newly_configured_refresh_token_takes_the_place_of_the_kept_one(account: Zendesk, tmp_path: Path) -> None:
    export(account, signed(account, tmp_path))
    account.access.clear()
    account.refresh_token = "granted-anew"
    account.is_only_refresh = True
    export(account, signed(account, tmp_path, "granted-anew"))
    assert account.refreshed == 2
