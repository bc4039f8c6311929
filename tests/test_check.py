"""What `listening check` says of themes.yaml."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from listening import check, journey
from listening.tagging import themes
from listening.workspace import Workspace

THEME = """\
themes:
- {{theme: pay-1, stage: {stage}, name: Double charge, phrases: [double charge], opened_on: 2026-06-01{more}}}
"""


def told(place: Workspace) -> tuple[str, str]:
    (found,) = (finding for finding in check.check(place) if finding.what == "themes.yaml")
    return found.state, found.sentence


@pytest.fixture
def place(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace()


def test_themes_in_order_are_counted_and_none_yet_is_no_fault(place: Workspace) -> None:
    assert told(place) == ("ok", "none yet; nights write what they find")
    place.themes.write_text(THEME.format(stage="pay", more=""), encoding="utf-8")
    assert told(place) == ("ok", "1 open theme")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (THEME.format(stage="pay", more=", merged_into: pay-9"), "'merged_into' of theme 'pay-1' names 'pay-9', which is no theme or touchpoint"),
        (THEME.format(stage="pay", more=", part_of: pay-9"), "'part_of' of theme 'pay-1' names 'pay-9', which is no theme or touchpoint"),
        (THEME.format(stage="paid", more=""), "has themes of the stage 'paid', which journey.yaml no longer has"),
        (THEME.format(stage="pay", more=", colour: red"), "colour"),
        (THEME.format(stage="pay", more="") + THEME.format(stage="pay", more="").removeprefix("themes:\n"), "'pay-1' stands there twice"),
        ("themes: [", "is not valid YAML"),
        ("[pay-1]", "the file as a whole"),
        ("themes: \udcff", "is not valid YAML"),
    ],
)
def test_what_is_wrong_with_themes_is_said_in_words(place: Workspace, content: str, sentence: str) -> None:
    place.themes.write_text(content, encoding="utf-8", errors="surrogateescape")
    state, said = told(place)
    assert state == "fault"
    assert sentence in said


def test_a_themes_file_that_cannot_be_opened_is_said(place: Workspace) -> None:
    place.themes.mkdir()
    state, said = told(place)
    assert state == "fault"
    assert "cannot be read" in said


def test_a_theme_may_lead_to_a_touchpoint(place: Workspace) -> None:
    stages = journey.read(place.journey)
    point, stage = next(iter(stages.stage_of_touchpoint.items()))
    place.themes.write_text(THEME.format(stage=stage, more=f", merged_into: {point}").replace("pay-1", f"{stage}-1"), encoding="utf-8")
    assert themes.strangers(themes.read(place.themes), stages) == []
    assert told(place)[0] == "ok"
