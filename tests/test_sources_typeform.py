"""Typeform, played night by night against its stand-in: the records equal what happened."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listening import night, warehouse
from listening.landing import batches
from listening.sources import http, typeform, walking
from listening.workspace import Workspace
from tests.standins import typeform as standins
from tests.standins.server import PASSING, Fault
from tests.standins.typeform import DAY, Typeform

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
    for number in range(60):
        account.later(1 + account.random.randrange(4), account.random.choice(PASSING))
        account.clock.wait(DAY)
        tonight, found = gather(place, account)
        assert not tonight.faults, (number, tonight.faults)
        assert found == account.told(), number
    assert len(found) > 200
    assert account.requests < 60 * 9
    assert not account.refused
    assert all(check["expected"] == check["found"] for check in checks(place))
