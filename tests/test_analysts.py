"""The analyst's desk: whatever tables are published are described, keyed and joined; the documents' queries run; words come out as the figures count them."""

from __future__ import annotations

import ast
import csv
import importlib.util
import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pyarrow as pa
import pytest
import yaml
from rich.console import Console

from listening import cli, explaining, tables, tagging, warehouse
from listening.cli import grid
from listening.publish import catalogue, reading
from listening.publish.reading import Narrowing
from listening.records import cleaning
from listening.workspace import Mend, Workspace
from tests.conftest import rows, run

DOCS = Path(__file__).parents[1] / "docs"
GUIDE = (DOCS / "analysts.md").read_text(encoding="utf-8")
NOTEBOOK = json.loads((DOCS / "start.ipynb").read_text(encoding="utf-8"))
SURVEY = '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\nscore_name = "NPS"\n'
TICKETS = '[sources.tickets]\nconnector = "files"\nkind = "ticket"\npath = "inbox/tickets.csv"\n'


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.M | re.S)


def first_words(block: str) -> str:
    return " ".join(re.sub(r"^--", "", block.strip()).split())[:60]


# what is published


def test_every_published_column_is_described_and_typed_alike_everywhere(fernway: Workspace) -> None:
    found = rows(fernway, "select table_name, column_name, data_type, comment from duckdb_columns() where not internal")
    assert [row for row in found if not str(row["comment"] or "").strip()] == []
    types: dict[object, set[object]] = {}
    for row in found:
        types.setdefault(row["column_name"], set()).add(row["data_type"])
    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("name", catalogue.names())
def test_a_tables_key_is_named_in_its_comment_and_distinct_on_the_sample(fernway: Workspace, name: str) -> None:
    table = tables.table(f"publish/{name}")
    assert table.key
    key = ", ".join(f'"{column}"' for column in table.key)
    assert rows(fernway, f'select {key} from "{name}" group by all having count(*) > 1') == []
    (comment,) = rows(fernway, f"select comment from duckdb_tables() where table_name = '{name}'")
    assert str(comment["comment"]).endswith(f"Key: {', '.join(table.key)}.")


def promises_of_dbt() -> list[tuple[str, str | None, Any]]:
    (source,) = yaml.safe_load(catalogue.dbt())["sources"]
    found: list[tuple[str, str | None, Any]] = [(table["name"], None, test) for table in source["tables"] for test in table["data_tests"]]
    return found + [(table["name"], column["name"], test) for table in source["tables"] for column in table["columns"] for test in column.get("data_tests", ())]


def failing(table: str, column: str | None, test: Any) -> str:
    """The query whose rows break a test of dbt's, as dbt asks it."""
    kind, given = (test, {}) if isinstance(test, str) else next(iter(test.items()))
    told = given.get("arguments", {}) if given else {}
    if kind == "not_null":
        return f'from "{table}" where "{column}" is null'
    if kind == "unique":
        return f'select {told["column_name"]} from "{table}" group by all having count(*) > 1'
    if kind == "accepted_values":
        return f'from "{table}" where "{column}" is not null and "{column}" not in ({", ".join(map(repr, told["values"]))})'
    target = re.findall(r"'(\w+)'", told["to"])[1]
    where = given.get("config", {}).get("where", "true")
    return f'from "{table}" where "{column}" is not null and ({where}) and "{column}" not in (select "{told["field"]}" from "{target}")'


@pytest.mark.parametrize(("table", "column", "test"), promises_of_dbt(), ids=lambda part: next(iter(part)) if isinstance(part, dict) else str(part))
def test_what_the_dbt_source_says_of_keys_joins_and_values_holds(fernway: Workspace, table: str, column: str | None, test: Any) -> None:
    assert rows(fernway, failing(table, column, test)) == []


def test_the_dbt_source_names_exactly_the_published_tables_and_columns(fernway: Workspace) -> None:
    (source,) = yaml.safe_load(catalogue.dbt())["sources"]
    named = {(table["name"], column["name"]) for table in source["tables"] for column in table["columns"]}
    found = rows(fernway, "select table_name, column_name from duckdb_columns() where not internal")
    assert named == {(row["table_name"], row["column_name"]) for row in found}
    assert all(column["description"] for table in source["tables"] for column in table["columns"])


# the documents


@pytest.mark.parametrize("query", blocks("sql"), ids=first_words)
def test_each_query_of_the_guide_finds_something_in_the_sample(fernway: Workspace, query: str) -> None:
    assert len(reading.sql(fernway, query)) > 0


def test_the_guide_shows_the_same_number_published_and_counted(fernway: Workspace) -> None:
    (query,) = [block for block in blocks("sql") if "as published" in block]
    (row,) = reading.sql(fernway, query).to_pylist()
    assert row["published"] == row["counted"] > 0


@pytest.mark.parametrize("code", blocks("python"), ids=first_words)
def test_each_python_block_of_the_guide_runs(fernway: Workspace, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    if "polars" in code and importlib.util.find_spec("polars") is None:
        pytest.skip("polars is not installed, so its block was not run")
    monkeypatch.chdir(fernway.root)
    exec(compile(code, "docs/analysts.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_the_query_in_the_guides_r_block_finds_something(fernway: Workspace) -> None:
    (code,) = blocks("r")
    (query,) = re.findall(r'dbGetQuery\(con, "(.*?)"\)', code)
    assert len(reading.sql(fernway, query)) > 0


def test_the_guides_commands_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    named = set(re.findall(r"^\$ listening ([\w-]+)", GUIDE, re.M))
    assert named
    assert named <= known


def test_the_notebook_runs_from_top_to_bottom_and_stores_no_output(fernway: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_WORKSPACE", str(fernway.root))
    here: dict[str, Any] = {}
    shown = []
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {number}", "exec"), here)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), here))
    assert all(len(table) for table in shown if hasattr(table, "columns")), "every table shows something"
    assert [chart.to_dict()["title"] for chart in shown if hasattr(chart, "to_dict") and not hasattr(chart, "columns")]


# exports


def exported(place: Workspace, **only: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reading.conversations(place, Narrowing(**only)).to_pylist()
    return found


def test_an_export_has_as_many_rows_as_the_figures_count(fernway: Workspace) -> None:
    for cut_by, cut_value in (("all", "all"), ("region", "Coast")):
        counted = rows(
            fernway,
            f"select stage, source, units from stage_sources where period = '2026-Q2' and units > 0 and cut_by = '{cut_by}' and cut_value = '{cut_value}'",
        )
        assert counted
        for row in counted:
            dimensions = {} if cut_by == "all" else {cut_by: cut_value}
            assert len(exported(fernway, stage=row["stage"], source=row["source"], period="2026-Q2", dimensions=dimensions)) == row["units"]


def test_an_export_of_a_theme_and_of_a_stance_has_as_many_rows_as_the_figures_count(fernway: Workspace) -> None:
    (theme,) = rows(fernway, "select units from stage_themes where theme = 'delivery' and period = '2026-Q2' and side = 'all'")
    assert len(exported(fernway, theme="delivery", period="2026-q2")) == theme["units"]
    (stance,) = rows(fernway, "select sum(trouble)::bigint as units from signals where stage = 'pay' and cut_by = 'all'")
    assert len(exported(fernway, stage="pay", stance="trouble")) == stance["units"]


def test_an_export_holds_every_unit_once_and_words_that_no_figure_counts_only_by_name(fernway: Workspace) -> None:
    (units,) = rows(fernway, "select count(*) as n from units")
    everything = exported(fernway)
    assert len({row["conversation_id"] for row in everything}) == len(everything) == units["n"]
    assert {row["role"] for row in everything} & {"employee", "supplier"} == set()
    assert {row["role"] for row in exported(fernway, source="employees")} == {"employee"}


def test_a_conversation_is_a_row_with_its_messages_in_order(fernway: Workspace) -> None:
    longest = max(exported(fernway, source="tickets"), key=lambda row: row["messages"])
    assert longest["messages"] > 2
    said = rows(fernway, f"select text from records where unit_id = '{longest['conversation_id']}' order by said_at, record_id")
    assert longest["text"].split("\n\n") == "\n\n".join(str(row["text"]) for row in said if row["text"]).split("\n\n")
    assert len(longest["record_ids"]) == longest["messages"]


@pytest.mark.parametrize(
    ("only", "sentence"),
    [
        ({"stage": "nowhere"}, "There is no stage 'nowhere'. There are: buy, discover"),
        ({"period": "1999"}, "There is no period '1999'"),
        ({"dimensions": {"planet": "Mars"}}, "There is no dimension 'planet'. There are: channel"),
        ({"dimensions": {"region": "Mars"}}, "There is no region 'Mars'. There are: City, Coast"),
        ({"stance": "angry"}, "There is no stance 'angry'"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(fernway: Workspace, only: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Mend, match=re.escape(sentence)):
        exported(fernway, **only)


HOSTILE = "id,date,comment,score,customer_id,region\n" + "\n".join(
    f'{number},2026-05-0{number},"{words}",2,C{number},{region}'
    for number, (words, region) in enumerate(
        (
            ("=HYPERLINK(\"\"http://evil.example\"\",\"\"parcel\"\") the parcel arrived late", "=1+1"),
            ("+49 parcels and none arrived on the named day", "@SUM(A1)"),
            ("-2+3 is what I paid, the delivery was late", "-5"),
            ("The courier was late; =cmd|' /C calc'!A0 and rude", "North"),
        ),
        1,
    )
)  # fmt: skip


@pytest.fixture
def hostile(make_workspace: Callable[..., Workspace]) -> Workspace:
    place = make_workspace(SURVEY, {"survey.csv": HOSTILE + "\n"})
    run(place, as_of="2026-06-30")
    return place


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["listening", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_no_cell_of_an_export_becomes_a_formula(hostile: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ending in ("csv", "xlsx"):
        assert called(monkeypatch, "export", "-w", hostile.root, "--out", tmp_path / f"words.{ending}") == 0
    lines = list(csv.DictReader(io.StringIO((tmp_path / "words.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert len(lines) == 4
    assert {cell[0] for line in lines for name, cell in line.items() if cell and name not in ("sentiment", "recommend", "memorable")} & set("=+-@\t\r") == set()
    assert {line["score"] for line in lines} == {"2.0"}, "numbers stay numbers"
    sheet = openpyxl.load_workbook(tmp_path / "words.xlsx").active
    assert sheet is not None
    assert "f" not in {cell.data_type for line in sheet.iter_rows() for cell in line}
    assert called(monkeypatch, "export", "-w", hostile.root, "--out", tmp_path / "words.csv") == 2, "a file that is there stays"
    assert called(monkeypatch, "export", "-w", hostile.root, "--out", tmp_path / "words.csv", "--overwrite", "--where", "region") == 2


# asking in a terminal


def printed(table: pa.Table, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(grid.shown(table, width))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


MIXED = pa.table(
    {
        "stage": ["pay", "use"],
        "is_over": [True, False],
        "customers": pa.array([521, None], pa.int64()),
        "net_experience": [21.52341111, -0.00001234],
        "text": ["word " * 30, "=1"],
    }
)


def test_an_answer_keeps_whole_numbers_whole_and_shows_what_is_null() -> None:
    shown = printed(MIXED, 100)
    assert "521 " in shown
    assert "521.0" not in shown
    assert "21.5234 " in shown
    assert "-1.23e-05" in shown
    assert "null" in shown
    assert "false" in shown


@pytest.mark.parametrize("width", [30, 50, 80, 160])
def test_an_answer_never_loses_a_word_or_breaks_a_number(width: int) -> None:
    shown = printed(MIXED, width)
    assert shown.count("word") == 30
    assert "21.5234" in shown
    assert max(map(len, shown.splitlines())) <= width


def test_a_file_that_this_program_holds_open_otherwise_gets_a_sentence(fernway: Workspace) -> None:
    with duckdb.connect(str(fernway.published.resolve() / "listening.duckdb"), read_only=True), pytest.raises(Mend, match="Close that connection first"):
        reading.sql(fernway, "select 1")


def test_an_answer_too_wide_for_the_terminal_stands_row_by_row(fernway: Workspace) -> None:
    found = reading.sql(fernway, "from records limit 2")
    shown = printed(found, 80)
    assert all(name in shown for name in found.column_names)
    assert re.search(r"row +2", shown)


def test_a_long_answer_says_that_it_is_cut_and_how_to_have_all(fernway: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    called(monkeypatch, "sql", "-w", fernway.root, "--rows", "3", "select range as number from range(1234)")
    told = capsys.readouterr().out
    assert "3 of 1,234 rows; --rows shows more, --out FILE writes all" in told
    called(monkeypatch, "sql", "-w", fernway.root, "--json", "select range as number from range(1234)")
    assert len(json.loads(capsys.readouterr().out)) == 1234


def test_tables_are_listed_with_grain_and_key(fernway: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    called(monkeypatch, "tables", "-w", fernway.root, "--json")
    assert {row["table"] for row in json.loads(capsys.readouterr().out)} == set(catalogue.names())
    called(monkeypatch, "tables", "-w", fernway.root, "--json", "units")
    assert {"column": "said_on", "type": "date"}.items() <= json.loads(capsys.readouterr().out)[5].items()
    assert called(monkeypatch, "tables", "-w", fernway.root, "nothing") == 2


# explaining a record


@pytest.fixture(scope="module")
def one_ticket(fernway: Workspace) -> dict[str, Any]:
    """A message of a ticket of several, which was placed and redacted."""
    (found,) = rows(
        fernway,
        "select record_id from records join units using (unit_id) where records.kind = 'ticket' and units.records > 1 and units.stage is not null "
        "and records.stage_basis = 'text' and text like '%[%]%' order by length(text) desc limit 1",
    )
    return explaining.explain(fernway, str(found["record_id"]))


def test_a_record_leads_to_the_row_of_the_file_that_it_came_with(fernway: Workspace, one_ticket: dict[str, Any]) -> None:
    record, pull = one_ticket["record"], one_ticket["pull"]
    assert pull["origin"] == "inbox/tickets.jsonl"
    line = (fernway.root / pull["origin"]).read_text(encoding="utf-8").splitlines()[record["row_no"] - 1]
    assert json.loads(line)["id"] == int(record["thread_id"])
    assert one_ticket["redacted"]
    assert all(record["text"].count(f"[{name}]") == number for name, number in one_ticket["redacted"].items())


def test_what_was_cut_is_counted_and_never_shown(make_workspace: Callable[..., Workspace]) -> None:
    words = "The parcel arrived late.\n\nKind regards\nJane Doe\nCall 0151 234 5678"
    place = make_workspace(SURVEY, {"survey.csv": f'id,date,comment,score\n1,2026-05-01,"{words}",2\n'})
    run(place, as_of="2026-06-30")
    explained = explaining.explain(place, "1")
    (cell,) = explained["cut"]
    assert (cell["field"], cell["characters"]) == ("comment", len(words))
    assert set(cell["cut"]) == {"signature", "blanks"}
    assert len(words) - sum(cell["cut"].values()) == len("The parcel arrived late.")
    assert "Jane" not in json.dumps(explained, default=str)


@pytest.mark.parametrize("text", ["  plain  ", "<p>One&nbsp;two</p>", "a\u200bb", "Thanks\n> old\n> older\nBye", "Words\n--\nMe, Inc."])
def test_the_steps_of_cleaning_take_what_is_missing_afterwards(text: str) -> None:
    assert sum(cleaning.cut(text).values()) == len(text) - len(cleaning.plain(text))


@pytest.mark.parametrize("text", ["The parcel arrived three days late.", "Charged twice, and TWICE again!! :(", "ok", "Thanks; the parcel's parcel 📦📦 came"])
def test_the_weights_of_words_add_up_to_the_log_odds_of_the_stage(fitted: Path, text: str) -> None:
    classifier = tagging.load(fitted)
    weighing = classifier.weigh(text)["stage"]
    likely = dict(zip(classifier.stages, classifier.probabilities([text])[0], strict=True))
    assert weighing.base + sum(weighing.weights.values()) == pytest.approx(np.log(likely[weighing.said] / likely[weighing.against]), abs=1e-3)
    assert weighing.said == max(likely, key=lambda stage: likely[stage])
    weights = list(map(abs, weighing.weights.values()))
    assert weights == sorted(weights, reverse=True)


def test_each_sentence_tells_the_words_that_weighed_for_the_published_tag(fernway: Workspace, one_ticket: dict[str, Any]) -> None:
    assert one_ticket["weighed_by"] == one_ticket["record"]["classifier_version"]
    for sentence, weighed in zip(one_ticket["sentences"], one_ticket["weighed"], strict=True):
        assert weighed["tags"]["stage"]["said"] == sentence["stage_guess"]
        assert set(weighed["tags"]) >= {tag for tag in ("effort", "expectation", "intent", "purpose") if sentence[tag] is not None}
        assert set("".join(weighed["tags"]["stage"]["weights"]).replace(" ", "")) <= set(sentence["text"].lower())


def test_a_record_counts_in_just_the_figures_that_count_it(fernway: Workspace) -> None:
    """Of one stage, source and quarter: explain, asked of every unit, finds each figure as often as it counts."""
    (figure,) = rows(fernway, "select * from stage_sources where stage = 'onboard' and source = 'survey' and period = '2026-Q2' and cut_by = 'all'")
    (coast,) = rows(
        fernway,
        "select * from stage_sources where stage = 'onboard' and source = 'survey' and period = '2026-Q2' and cut_by = 'region' and cut_value = 'Coast'",
    )
    asked = "select unit_id, stage from units where source = 'survey' and said_on >= '2026-03-15' and said_on < '2026-07-01'"
    found = {"all": 0, "region Coast": 0}
    for unit in rows(fernway, asked):
        with warehouse.reading(reading.database(fernway)) as published:
            counted = published.rows("publish/reader/counted_in", unit_id=unit["unit_id"])
        for row in counted:
            for cut in found:
                found[cut] += unit["stage"] == "onboard" and row["table"] == "stage_sources" and "2026-Q2" in row["periods"] and cut in row["cuts"]
    assert found == {"all": figure["units"], "region Coast": coast["units"]}


def test_a_record_is_told_of_the_warnings_that_it_is_among(fernway: Workspace, tmp_path: Path) -> None:
    """Open ones of its stage, source, place and themes; not those before it, elsewhere, or of a measure."""
    (unit,) = rows(
        fernway, "from units where kind = 'survey' and stage = 'onboard' and stance = 'trouble' and region = 'Coast' order by said_on desc, unit_id limit 1"
    )
    on, other = str(unit["said_on"]), "date '2020-01-01'"
    place = Workspace(tmp_path)
    place.published.mkdir()
    shutil.copyfile(reading.database(fernway), place.published / "listening.duckdb")
    told = [
        ("all", "onboard", "survey, tickets", "region", "Coast", None, f"date '{on}'", "null"),
        ("whole stage", "onboard", None, "all", "all", None, "date '2025-04-01'", "null"),
        ("closed before", "onboard", None, "all", "all", None, other, other),
        ("elsewhere", "onboard", None, "region", "City", None, other, "null"),
        ("of operations", "onboard", None, "all", "all", "on_time", other, "null"),
        ("other stage", "pay", None, "all", "all", None, other, "null"),
    ]
    with duckdb.connect(str(place.published / "listening.duckdb")) as connection:
        connection.execute(
            "create or replace table warnings (warning_id varchar, stage varchar, source varchar, cut_by varchar, cut_value varchar, measure varchar, "
            "began_on date, closed_on date, theme varchar, opened_on date, text varchar)"
        )
        for *given, began, closed in told:
            connection.execute(f"insert into warnings select ?, ?, ?, ?, ?, ?, {began}, {closed}, null, {began}, 'Trouble.'", given)
    (record,) = rows(fernway, f"select record_id from records where unit_id = '{unit['unit_id']}' limit 1")
    explained = reading.explain(place, str(record["record_id"]))
    assert {row["warning_id"] for row in explained["warnings"]} == {"all", "whole stage"}


def test_a_record_is_explained_in_words_too(
    fernway: Workspace, one_ticket: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "explain", "-w", fernway.root, one_ticket["record"]["record_id"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for words in ("inbox/tickets.jsonl", "Redacted: ", "messages that count once", "stage_story: 2", "before any word"):
        assert words in told


def test_words_of_employees_count_nowhere(fernway: Workspace) -> None:
    (row,) = rows(fernway, "select record_id from records where role = 'employee' order by all limit 1")
    explained = explaining.explain(fernway, str(row["record_id"]))
    assert explained["unit"] is None
    assert explained["counted_in"] == []


def test_a_classifier_that_is_gone_is_replaced_by_the_present_one_and_told(
    make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_workspace(SURVEY, {"survey.csv": "id,date,comment,score\n1,2026-05-01,The parcel arrived three days late.,2\n"})
    run(place, as_of="2026-06-30")
    known = tagging.load(place.models)
    asked: list[str | None] = []

    def load(models: Path, version: str | None = None) -> Any:
        asked.append(version)
        if version:
            raise Mend("gone")
        known.version = "a-newer-one"
        return known

    monkeypatch.setattr(explaining.tagging, "load", load)
    assert called(monkeypatch, "explain", "-w", place.root, "1") == 0
    assert "those of the present one, a-newer-one" in " ".join(capsys.readouterr().out.split())
    assert asked[1] is None
