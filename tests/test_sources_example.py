"""The example of docs/sources.md is true: its connector, run as it stands there, brings what its system has."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from listening import landing, records, sources, warehouse, workspace
from listening.sources import http, walking
from listening.workspace import Workspace
from tests.standins.server import PASSING, Reply, Request, Standin

PAGE = Path(__file__).parents[1] / "docs" / "sources.md"
A_PAGE = 2


class Echo(Standin):
    """The system of the example: a list of notes in the order of their changes."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.notes: list[dict[str, Any]] = []

    def write(self, number: int, body: str, deleted: bool = False) -> None:
        """Write a note, or write it anew."""
        self.notes.append({"id": number, "body": body, "written_at": "2025-01-01T10:00:00Z", "deleted": deleted})

    def answer(self, request: Request) -> Reply:
        """One page of notes."""
        if request.headers.get("x-api-key") != "k" or request.query.get("box") != "shop":
            return Reply({"error": "forbidden"}, 401)
        start = int(request.query.get("after", 0))
        some = self.notes[start : start + A_PAGE]
        return Reply({"notes": some, "after": str(start + len(some)), "more": start + A_PAGE < len(self.notes)})


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


def test_the_example_brings_each_note_once_whatever_goes_wrong(make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    code, tables = (re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S) for kind in ("python", "toml"))
    room: dict[str, Any] = {}
    exec(compile(code[0], str(PAGE), "exec"), room)
    standin = Echo()
    monkeypatch.setitem(sources.DOORS, "echo", functools.partial(walking.pulls, room["CONNECTOR"]))
    monkeypatch.setattr(workspace, "CONNECTORS", (*workspace.CONNECTORS, "echo"))
    monkeypatch.setattr(http, "REAL", standin.clock.timing)
    monkeypatch.setenv("ECHO_KEY", "k")
    with standin.serving() as url:
        place = make_workspace(f'{re.sub("^   ", "", tables[-1], flags=re.M)}base_url = "{url}"\n')
        for night, fault in enumerate(PASSING):
            standin.later(1 + 2 * night, fault)
            standin.write(night, f"The lift was broken for {night} days and nobody came.")
            if night >= 10:
                standin.write(night - 10, f"The lift was mended after {night} days.", deleted=night == 15)
        assert gather(place, 1) == []
        assert said(place)[4] == "The lift was mended after 14 days."
        standin.write(99, "The stairs were clean again.")
        assert gather(place, 2) == []
        assert sorted(said(place)) == [*(number for number in range(len(PASSING)) if number != 5), 99]


def gather(place: Workspace, night: int) -> list[str]:
    """One night's gathering; gives its faults."""
    settings = place.settings()
    assert not settings.faults
    clock = dt.datetime(2025, 2, night, tzinfo=dt.UTC)
    with warehouse.opened(place.warehouse) as store:
        landed = landing.land(place, store, settings.sources["notes"], clock)
        shaped = records.shape(place, store, settings.sources["notes"], settings.company, clock, str(night))
    return landed.faults + shaped.faults


def said(place: Workspace) -> dict[int, str]:
    """What stands, by the note's number."""
    with warehouse.opened(place.warehouse) as store:
        found = store.select("records/records", ["native_id", "text"], source="notes", is_deleted=False).to_pylist()
    return {int(row["native_id"]): row["text"] for row in found}
