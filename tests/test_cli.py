"""What a person at a terminal gets: sentences, statuses, never a traceback."""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from listening import cli, night, workspace
from listening.journey import Journey
from listening.workspace import Workspace
from tests.conftest import COMPANY

SURVEY = '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\n'
REVIEWS = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/reviews*"\n'
GOOD = "id,date,comment\n1,2026-05-01,The parcel arrived three days late.\n2,2026-05-02,Delivery was on the day they said. Lovely!\n"

Call = Callable[..., tuple[int, str, str]]
MakeWorkspace = Callable[..., Workspace]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs `listening` with arguments; gives status, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["listening", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return int(ended.value.code or 0), " ".join(printed.out.split()), " ".join(printed.err.split())

    return run


def test_init_makes_a_workspace_and_the_same_labels_give_the_same_bytes(call: Call, tmp_path: Path, fitted: Path) -> None:
    assert call("init", tmp_path / "new")[0] == 0
    place = Workspace(tmp_path / "new")
    assert place.settings().company.name == "New"
    (folder,) = fitted.glob("stage-*")
    for name in ("weights.npz", "model.json", "manifest.json"):
        assert (place.models / folder.name / name).read_bytes() == (folder / name).read_bytes()


def test_init_called_again_changes_nothing_and_fits_anew(call: Call, make_workspace: MakeWorkspace, fits_by_copying: list[Journey]) -> None:
    place = make_workspace()
    place.configuration.write_text(COMPANY, encoding="utf-8")
    place.journey.write_text(place.journey.read_text(encoding="utf-8").replace("name: Discover", "name: Looking around"), encoding="utf-8")
    status, out, _ = call("init", place.root)
    assert status == 0
    assert place.settings().company.name == "Tester"
    assert "Looking around" in place.journey.read_text(encoding="utf-8")
    assert "fitted" in out
    assert [stages.titles["discover"] for stages in fits_by_copying] == ["Looking around"]


@pytest.mark.parametrize("arguments", [["run", "--direct"], ["check"], ["story"], ["sql", "select 1"], ["accuracy"], ["explain", "x"], ["open"]])
def test_a_folder_that_is_no_workspace_gets_a_sentence(call: Call, tmp_path: Path, arguments: list[str]) -> None:
    status, _, err = call(*arguments, "--workspace", tmp_path)
    assert status == 2
    assert "listening init" in err or "listening run" in err


def test_a_workspace_without_sources_is_told_to_name_one(call: Call, make_workspace: MakeWorkspace) -> None:
    place = make_workspace()
    assert call("check", "--workspace", place.root)[0] == 2
    status, _, err = call("run", "--direct", "--workspace", place.root)
    assert status == 2
    assert "names no source" in err


def survey(name: str) -> str:
    """The table of a survey of that name."""
    return SURVEY.replace("survey", name).replace(f'kind = "{name}"', 'kind = "survey"')


BAD_FILES = {
    "missing_column": (b"id,when,thoughts\n1,2026-05-01,Late parcel\n", "holds the words"),
    "empty": (b"", "is empty"),
    "unreadable_dates": (b"id,date,comment\n1,soon,Late parcel\n2,later,Lost parcel\n", "no date in it can be read"),
    "day_or_month_first": (b"id,date,comment\n1,03/04/2026,Late parcel\n", "Set day_first"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(2000), "no text file"),
}


def test_each_bad_file_gets_a_sentence_and_the_other_source_goes_through(call: Call, make_workspace: MakeWorkspace) -> None:
    files = {f"{name}.csv": content for name, (content, _) in BAD_FILES.items()}
    place = make_workspace("".join(map(survey, BAD_FILES)) + REVIEWS, {**files, "reviews.csv": GOOD})
    status, out, _ = call("run", "--direct", "--workspace", place.root)
    assert status == 3
    for name, (_, sentence) in BAD_FILES.items():
        assert sentence in told_of(name, out), name
    assert "| reviews | 2 | 2 |" in out


def told_of(source: str, out: str) -> str:
    """What a night's report says of a source that failed."""
    return out.split("## To mend")[1].split(f" - {source}: ")[1].split(" - ")[0]


GOOD_FILES = {
    "utf_16": GOOD.replace("Lovely", "Schön").encode("utf-16"),
    "windows_1252": GOOD.replace("Lovely", "“Schön” – très bien").encode("cp1252"),
    "byte_order_mark": GOOD.encode("utf-8-sig"),
}


def test_an_encoding_is_found_out_and_a_torn_last_json_line_costs_itself_alone(call: Call, make_workspace: MakeWorkspace) -> None:
    lines = '{"id": 1, "date": "2026-05-01", "text": "Late parcel again"}\n{"id": 2, "date": "2026-05-0'
    files = {f"{name}.csv": content for name, content in GOOD_FILES.items()}
    place = make_workspace("".join(map(survey, GOOD_FILES)) + REVIEWS, {**files, "reviews.jsonl": lines})
    status, out, _ = call("run", "--direct", "--workspace", place.root)
    assert status == 0
    for name in GOOD_FILES:
        assert f"| {name} | 2 | 2 |" in out
    assert "| reviews | 2 | 1 | 0 | 0 | 0 | 1 | 0 |" in out
    assert "ends in the middle" in out
    assert "\ufffd" not in json.dumps(call("sql", "--json", "select text from records", "--workspace", place.root)[1])


BAD_TABLES = {
    "wrong_kind": (('kind = "survey"', 'kind = "poll"'), "no kind 'poll'"),
    "wrong_connector": (('"files"', '"fax"'), "no connector 'fax'"),
    "unknown_key": (("\npath", '\ncolums = { text = "comment" }\npath'), "do you mean 'columns'"),
    "missing_path": (("\npath", "\n# path"), "needs path"),
    "path_out_of_the_workspace": (("inbox/", "../"), "out of the workspace"),
    "missing_column": (("\npath", '\ncolumns = { text = "remark", said_at = "date" }\npath'), "no column 'remark'"),
    "unknown_name": (("\npath", '\ncolumns = { words = "comment" }\npath'), "no 'words'"),
}


def test_each_wrongly_configured_source_gets_a_sentence_and_the_other_goes_through(call: Call, make_workspace: MakeWorkspace) -> None:
    tables = [survey(name).replace(*change, 1) for name, (change, _) in BAD_TABLES.items()]
    place = make_workspace("".join(tables) + REVIEWS, {f"{name}.csv": GOOD for name in (*BAD_TABLES, "reviews")})
    status, out, _ = call("check", "--workspace", place.root)
    assert status == 2
    for name, (_, sentence) in BAD_TABLES.items():
        assert sentence in out.split(f"sources.{name} ")[1].split(" sources.")[0], name
    status, out, _ = call("run", "--direct", "--workspace", place.root)
    assert status == 3
    for name, (_, sentence) in BAD_TABLES.items():
        assert sentence in out, name
    assert "| reviews | 2 | 2 |" in out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[company]\nname = 'x'\n", "needs 'timezone'"),
        ("[company]\nname = 'x'\ntimezone = 'Mars/Olympus'\n", "no time zone"),
        ("[company\n", "not valid TOML"),
        ("[compny]\nname = 'x'\n", "no table [compny]"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told_with_its_line(call: Call, tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "listening.toml").write_text(text, encoding="utf-8")
    status, _, err = call("run", "--direct", "--workspace", tmp_path)
    assert status == 2
    assert sentence in err
    assert "line" in err


def test_a_second_night_does_nothing_while_one_runs(call: Call, make_workspace: MakeWorkspace) -> None:
    place = make_workspace(SURVEY, {"survey.csv": GOOD})
    place.landing.mkdir()
    with (place.landing / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, _, err = call("run", "--direct", "--workspace", place.root)
    assert status == 4
    assert "already running" in err
    assert not place.published.exists()


def test_a_nights_report_adds_up_and_readers_get_story_sql_explanation_accuracy_and_page(call: Call, make_workspace: MakeWorkspace) -> None:
    place = make_workspace(SURVEY, {"survey.csv": GOOD})
    status, out, _ = call("run", "--direct", "--workspace", place.root)
    assert status == 0
    assert "| survey | 2 | 2 | 0 | 0 | 0 | 0 | 0 |" in out
    here = ("--workspace", place.root)
    assert "Get started" in call("story", "onboard", *here)[1]
    assert json.loads(call("story", "onboard", "--period", "2026-05", "--json", *here)[1])[0]["stage"] == "onboard"
    assert "2026-05" in call("story", "--period", "1999-01", *here)[2]
    assert "discover, buy" in call("story", "nowhere", *here)[2]
    (record,) = json.loads(call("sql", "--json", "select record_id from records where native_id = '1'", *here)[1])
    assert "The parcel arrived three days late." in call("explain", record["record_id"], *here)[1]
    assert call("explain", "nothing", *here)[0] == 2
    assert "cannot be answered" in call("sql", "select nonsense", *here)[2]
    assert {row["stage"] for row in json.loads(call("accuracy", "--json", *here)[1])} >= {"all", "none", "use"}
    assert call("open", *here)[1].endswith("index.html")


def test_the_workspace_can_come_from_the_environment(call: Call, make_workspace: MakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SURVEY, {"survey.csv": GOOD})
    monkeypatch.setenv("LISTENING_WORKSPACE", str(place.root))
    assert call("check")[0] == 0
    assert workspace.find().root == place.root


def test_a_night_can_only_be_told_up_to_now(call: Call, make_workspace: MakeWorkspace) -> None:
    place = make_workspace(SURVEY, {"survey.csv": GOOD})
    assert call("run", "--direct", "--as-of", "2999-01-01", "--workspace", place.root)[0] == 2
    assert call("run", "--direct", "--as-of", "yesterday", "--workspace", place.root)[0] == 2


def test_a_source_that_breaks_unexpectedly_does_not_stop_the_others(call: Call, make_workspace: MakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(SURVEY + REVIEWS, {"survey.csv": GOOD, "reviews.csv": GOOD})
    shape = night.records.shape

    def broken(*arguments: object, **named: object) -> object:
        if "survey" in repr(arguments[2]):
            raise RuntimeError("a customer's words")
        return shape(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(night.records, "shape", broken)
    status, out, err = call("run", "--direct", "--workspace", place.root)
    assert status == 3
    assert "unexpected error" in out
    assert "a customer's words" not in out + err + "".join(path.read_text(encoding="utf-8") for path in place.logs.iterdir())
