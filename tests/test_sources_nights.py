"""Whole nights, checks and lists with an outside system: what people get to read of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import rows, run
from typer.testing import CliRunner

from listening import check, sources
from listening.cli import app
from listening.sources import http
from listening.workspace import CONNECTORS, Workspace
from tests.standins import zendesk
from tests.standins.server import Fault
from tests.standins.zendesk import DAY, Zendesk

Make = Callable[..., Workspace]
SOURCES = """
[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/*.csv"
[sources.tickets]
connector = "zendesk"
kind = "ticket"
base_url = "{url}"
client_id = "listening_path"
client_secret_env = "ZENDESK_SECRET"
"""
SURVEY = "id,said_at,text\n1,2025-01-02,The bill was wrong again and nobody explains it\n"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zendesk]:
    standin = Zendesk(seed=3, days=5, tickets_a_day=3)
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("ZENDESK_SECRET", zendesk.CLIENT_SECRET)
    with standin.serving():
        standin.clock.wait(4 * DAY)
        yield standin


def test_a_night_with_one_system_down_publishes_the_others_and_says_since_when_it_is_stale(make_workspace: Make, account: Zendesk) -> None:
    place = make_workspace(SOURCES.format(url=account.base_url), {"survey.csv": SURVEY})
    assert run(place, "2025-01-05").status == 0
    account.faults = dict.fromkeys(range(account.requests + 1, account.requests + 99), Fault("close"))
    tonight = run(place, "2025-01-06")
    assert tonight.status == 3
    found = {str(row["source"]): row for row in rows(place, "select source, state, fresh_at::date::varchar as fresh_on, records from freshness")}
    assert found["survey"]["state"] == "ok"
    assert (found["tickets"]["state"], found["tickets"]["fresh_on"]) == ("failed", "2025-01-05")
    assert int(str(found["tickets"]["records"])) > 0
    page = (place.published / "site" / "index.html").read_text(encoding="utf-8").replace("\xa0", " ")
    assert "tickets failed: it was last heard to the end on 5 Jan 2025" in page


def test_check_tries_the_credentials_and_changes_nothing(make_workspace: Make, account: Zendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SOURCES.format(url=account.base_url), {"survey.csv": SURVEY})
    found = {finding.what: finding for finding in check.check(place) if finding.what == "sources.tickets"}
    assert found["sources.tickets"].state == "ok"
    assert "first page" in found["sources.tickets"].sentence
    assert not list(place.landing.glob("*")) if place.landing.exists() else True
    monkeypatch.setenv("ZENDESK_SECRET", "wrong")
    (place.root / ".tokens" / "tickets.json").unlink()
    found = {finding.what: finding for finding in check.check(place) if finding.what == "sources.tickets"}
    assert found["sources.tickets"].state == "fault"
    assert "Authorise the client again" in found["sources.tickets"].sentence


def test_sources_lists_every_connector_with_a_configuration_to_copy(tmp_path: Path) -> None:
    assert set(sources.DOORS) == set(CONNECTORS)
    told = json.loads(CliRunner().invoke(app, ["sources", "--json"]).stdout)
    assert {connector["connector"] for connector in told} == set(sources.CONNECTORS)
    for connector in told:
        (tmp_path / "listening.toml").write_text(f'[company]\nname = "T"\ntimezone = "UTC"\n{connector["example"]}', encoding="utf-8")
        settings = Workspace(tmp_path).settings()
        assert not settings.faults
        assert connector["scopes"]
        assert connector["streams"]
