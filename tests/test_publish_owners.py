"""One page to send: what is an owner's own, nothing of anybody else's, and who owns what where nobody fits."""

from __future__ import annotations

import json
from pathlib import Path

import bs4
import pytest

from listening import workspace as workspaces
from listening.cli import main
from listening.publish import owners
from listening.workspace import Mend, Workspace
from tests.conftest import rows, run, workspace_maker

SURVEY = """
[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey*.csv"
score_scale = [0, 10]
columns = { id = "id", said_at = "date", text = "comment", score = "score", stage = "stage" }
"""
ANSWERS = "id,date,stage,comment,score\n" + "".join(
    f"{stage}{number},2026-05-{number + 1:02d},{stage},{words},{score}\n"
    for stage, words, score in (
        ("pay", "The direct debit was taken twice <b>again</b>.", 1),
        ("renew", "The price step after twelve months was fair.", 9),
        ("discover", "The test ride on Saturday was a joy.", 10),
        ("discover", "Your website hides the prices.", 2),
        ("support", "The hotline never answers.", 0),
    )
    for number in range(12)
).replace("discover0,2026-05-01,discover,Your", "x0,2026-05-01,discover,Your")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """A published run over the sample company's journey, whose stages have owners."""
    told = workspace_maker(tmp_path_factory.mktemp("told"), fitted)(SURVEY, {"survey.csv": ANSWERS})
    journey = workspaces.shipped("sample", "journey.yaml").read_text(encoding="utf-8")
    told.journey.write_text(journey.replace("One price, no surprises", "One <script>price</script>"), encoding="utf-8")
    run(told, as_of="2026-06-30")
    return told


def test_an_owner_gets_the_stories_of_all_their_stages_and_of_no_other(told: Workspace) -> None:
    (page,) = owners.write(told, "head of  PLANS")
    assert page.stages == ["renew", "leave"]
    others = ["Head of Billing", "Head of Marketing", "Get help", "Ride and service", "debit", "hotline", "website", "test ride"]
    for path in (page.markdown, page.html):
        text = path.read_text(encoding="utf-8")
        assert "Head of Plans" in text
        assert [other for other in others if other in text] == []
    said = rows(told, "select text from story_sentences where stage = 'renew' and period_kind = 'rolling' and cut_by = 'all'")
    content = bs4.BeautifulSoup(page.html.read_text(encoding="utf-8"), "html.parser").text
    assert said
    assert [row["text"] for row in said if str(row["text"]) not in content] == []


def test_what_calls_for_an_owner_stands_on_their_page_and_on_nobody_elses(fernway: Workspace, tmp_path: Path) -> None:
    pages = {page.owner: page for page in owners.write(fernway, folder=tmp_path)}
    shown = {owner: bs4.BeautifulSoup(page.html.read_text(encoding="utf-8"), "html.parser") for owner, page in pages.items()}
    for table, mark, whose in (
        ("warnings where closed_on is null", "warning", "warning_id"), ("priorities where item <> 'delight'", "priority", "rank"),
        ("actions where state <> 'closed'", "action", "action_id"),
    ):  # fmt: skip
        due = rows(fernway, f"select {whose} as id, stage, owner from {table}")
        assert due, f"the sample has {table}"
        for owner, page in pages.items():
            own = {str(row["id"]) for row in due if row["owner"] == owner or row["stage"] in page.stages}
            found = [str(tag[f"data-test-{mark}"]) for tag in shown[owner].find_all(attrs={f"data-test-{mark}": True})]
            assert found == sorted(found, key=float)[: owners.MENDED] if mark == "priority" else set(found) == own
            assert set(found) <= own
            assert bool(found) == bool(own)
    texts = {owner: page.markdown.read_text(encoding="utf-8") for owner, page in pages.items()}
    assert [owner for owner, text in texts.items() if "New layout of the invoice" in text] == ["Head of Billing"]
    assert [owner for owner, text in texts.items() if "delivered on named day" in text] == ["Head of Delivery"]
    (open_calls,) = rows(fernway, "select count(*) as n from follow_up where owner = 'Head of Billing' and status = 'open'")
    assert f"{open_calls['n']} customers; " in texts["Head of Billing"]


def test_an_owner_of_a_touchpoint_gets_its_account_and_nothing_of_the_stage(told: Workspace) -> None:
    (page,) = owners.write(told, "Head of Shops")
    assert (page.stages, page.touchpoints) == ([], ["Saturday test ride"])
    text = page.markdown.read_text(encoding="utf-8")
    (row,) = rows(told, "select story from touchpoint_story where touchpoint = 'test_ride' and period_kind = 'rolling'")
    assert "Saturday test ride, a touchpoint of Discover" in text
    assert " ".join(str(row["story"]).split(".")[0].split()) in text
    assert "website" not in text.lower()
    assert "Know the whole price" not in text


def test_without_a_name_everybody_who_owns_something_gets_a_page(told: Workspace, tmp_path: Path) -> None:
    pages = owners.write(told, folder=tmp_path / "pages")
    assert len(pages) == len({page.markdown for page in pages}) == len({page.owner for page in pages}) >= 8
    assert {path.suffix for path in (tmp_path / "pages").iterdir()} == {".md", ".html"}


def test_what_comes_from_outside_is_no_markup_and_the_mail_asks_nothing_of_the_network(told: Workspace) -> None:
    (page,) = owners.write(told, "Head of Billing")
    content = bs4.BeautifulSoup(page.html.read_text(encoding="utf-8"), "html.parser")
    assert "Promise: One <script>price</script>" in content.text
    assert not content.find_all(["script", "img", "link", "b"])
    assert page.html.parent == told.published.resolve() / "owners"


def test_a_name_that_owns_nothing_is_answered_with_those_who_do(told: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Mend, match=r"Nobody called 'Nobody' owns a stage or touchpoint\. Owners are: Head of Marketing, Head of Shops, Head of Sales"):
        owners.write(told, "Nobody")
    monkeypatch.setattr("sys.argv", ["listening", "publish", "--owner", "Head of Billing", "--workspace", str(told.root), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert [page["stages"] for page in json.loads(capsys.readouterr().out)] == [["pay"]]
