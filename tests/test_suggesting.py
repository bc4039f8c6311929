"""What `listening check` suggests for files that no source reads."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from listening import check, suggesting
from listening.workspace import Workspace
from tests.conftest import COMPANY, drop, run

TYPEFORM = """\
#,"On a scale from 0 to 10, how likely are you to recommend us?",What is the main reason for your score?,customer_no,region,Start Date (UTC),Submit Date (UTC)
a1,9,"The installer was on time, tidy and very kind.",C1,Coast,2026-03-01 10:00:00,2026-03-01 10:02:00
a2,2,My bill went up by nine pounds without notice.,C2,Town,2026-03-02 10:00:00,2026-03-02 10:02:00
"""
ZENDESK = """\
Id;Subject;Description;Requester;Requester email;Requested;Updated;Channel
41;Hole in the wall;The installer left a hole in the wall – and no café voucher.;Ann;ann@example.org;23/03/2026;24/03/2026;Email
42;On hold;I was on hold for nearly an hour and then cut off.;Bob;bob@example.org;25/03/2026;25/03/2026;Phone
"""
REVIEWS = """\
Review ID,Store,Date,Rating,Title,Review
r1,App Store,"Mar 04, 2026",2,Avoid,The app crashes whenever I open it.
r2,Google Play,"Mar 05, 2026",5,Great,The app is simple and does what I need.
"""


def tables(place: Workspace) -> dict[str, dict[str, object]]:
    """The suggested sources, read as TOML."""
    told = "\n\n".join(each.table for each in suggesting.suggest(place, place.settings()))
    return tomllib.loads(told).get("sources", {})


def test_the_suggested_tables_read_exports_of_three_tools_as_they_are(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(files={"pulse - responses.csv": TYPEFORM, "zendesk_view.csv": ZENDESK.encode("cp1252"), "app reviews [gb].csv": REVIEWS})
    suggested = "\n\n".join(each.table for each in suggesting.suggest(place, place.settings()))
    place.configuration.write_text(f"{COMPANY}\n{suggested}\n", encoding="utf-8")
    counts = run(place, "2026-03-31").counts
    assert {source: count["new"] for source, count in counts.items()} == {"reviews": 2, "survey": 2, "tickets": 2}
    assert not [finding for finding in check.check(place) if finding.state == "fault" or finding.what == "inbox"]


def test_the_day_something_was_said_is_not_that_of_a_start_or_an_update(make_workspace: Callable[..., Workspace]) -> None:
    found = tables(make_workspace(files={"pulse.csv": TYPEFORM, "tickets.csv": ZENDESK}))
    assert found["survey"]["columns"]["said_at"] == "Submit Date (UTC)"  # type: ignore[index]
    assert found["tickets"]["columns"]["said_at"] == "Requested"  # type: ignore[index]
    assert found["survey"]["dimensions"] == {"region": "region"}


def test_the_scale_of_a_score_is_suggested_where_its_question_says_it_and_else_left_to_a_person(make_workspace: Callable[..., Workspace]) -> None:
    vague = "id,date,satisfaction,comment\n" + "".join(f"{n},2026-03-0{n},{n},The parcel came late and it was wet\n" for n in range(1, 6))
    found = tables(make_workspace(files={"pulse.csv": TYPEFORM, "vague.csv": vague}))
    assert found["survey"]["score_scale"] == [0, 10]
    assert "score_scale" not in found["survey-2"]
    assert found["survey-2"]["columns"]["score"] == "satisfaction"  # type: ignore[index]


def test_facts_beside_feedback_are_known_by_their_columns(make_workspace: Callable[..., Workspace]) -> None:
    operations = "customer_id,stage,measure,at,failed\nC1,pay,bill right,2026-03-01,0\nC2,pay,bill right,2026-03-02,1\n"
    assert tables(make_workspace(files={"billing.csv": operations}))["operations"]["kind"] == "operations"


def test_a_known_export_needs_no_columns(make_workspace: Callable[..., Workspace]) -> None:
    export = "RecordedDate,ResponseId,Status,Q1_NPS,Q2_TEXT\nRecorded,Response ID,Status,NPS,Why?\n2026-03-01,R_1,0,9,Lovely people\n"
    assert set(tables(make_workspace(files={"export.csv": export}))["survey"]) == {"connector", "kind", "path"}


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"%PDF-1.7", b"only,a,header\n", b'[1, 2, "three"]'])
def test_a_file_that_is_no_table_is_left_out(make_workspace: Callable[..., Workspace], content: bytes) -> None:
    assert tables(make_workspace(files={"strange.csv": content})) == {}


def test_what_a_source_reads_is_not_suggested_and_a_name_is_taken_once(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace('[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/pulse*.csv"\n', files={"pulse-1.csv": TYPEFORM})
    assert tables(place) == {}
    drop(place, "another.csv", TYPEFORM)
    assert list(tables(place)) == ["survey-2"]


def test_a_workspace_without_sources_says_what_to_do_next(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace()
    (empty,) = (finding for finding in check.check(place) if finding.what == "sources")
    assert (empty.state, "Put your exports into inbox/" in empty.sentence) == ("fault", True)
    drop(place, "pulse.csv", TYPEFORM)
    findings = check.check(place)
    assert any(finding.what == "inbox" and "[sources.survey]" in finding.sentence for finding in findings)
