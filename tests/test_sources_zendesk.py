"""Zendesk, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from listening import night
from listening.sources import http
from listening.workspace import Workspace
from tests.standins import zendesk
from tests.standins.server import PASSING
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
    as_of = dt.datetime.fromtimestamp(standin.clock.now, dt.UTC).isoformat()
    with night.begin(place, as_of) as tonight:
        tonight.gather("tickets")
        found = tonight.warehouse._connection.execute(RECORDS).fetchall()
    return tonight, dict(found)


def settled(standin: Zendesk) -> dict[str, str]:
    """What is told once the minute has passed that the export leaves out."""
    standin.clock.wait(61)
    return standin.told()


def test_sixty_nights_of_faults_leave_what_happened_and_nothing_else(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCE.format(url=account.base_url))
    for number in range(60):
        account.later(1 + account.random.randrange(12), account.random.choice(PASSING))
        account.later(13 + account.random.randrange(12), account.random.choice(PASSING))
        account.clock.wait(DAY)
        tonight, found = gather(place, account)
        assert not tonight.faults, (number, tonight.faults)
    account.clock.wait(DAY)
    expected = settled(account)
    _, found = gather(place, account)
    assert found == expected
    assert len(found) > 400
    assert not account.faults or max(account.faults) > account.requests
