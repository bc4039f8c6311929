"""Random check-ins: whom the draw may take, the same draw from the same seed, the sheet's way back, and what more answers would add."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from listening import calls, checkins, journey, night, persons, story
from listening.cli import app
from listening.forgotten import Identity
from listening.workspace import Mend, Workspace
from tests.conftest import branched, drop, rows, run, workspace_maker

SOURCES = """
[sources.operations]
connector = "files"
kind = "operations"
path = "inbox/operations.csv"

[sources.checkins]
connector = "files"
kind = "checkins"
path = "inbox/checkins*"

[sources.employees]
connector = "files"
kind = "employee"
path = "inbox/employees.csv"
columns = {id = "id", said_at = "said_at", text = "text", customer_id = "customer_id"}
"""
HEAD = "customer_id,stage,asked_at,answered,experience\n"


def operations(customers: int = 60) -> str:
    lines = [f"c{number},{stage},went_right,2026-06-{1 + number % 28:02},{int(number % 5 == 0)}" for stage in ("use", "pay") for number in range(customers)]
    return "customer_id,stage,measure,at,failed\n" + "\n".join(lines)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """A company after one night."""
    files: dict[str, str | bytes] = {
        "operations.csv": operations(), "employees.csv": "id,said_at,text,customer_id\n1,2026-06-01,We are too few.,c7\n",
        "checkins.csv": HEAD + "c1,use,2026-06-10,1,0\nc2,use,2026-06-10,0,\nc3,use,2025-06-10,1,1\n",
    }  # fmt: skip
    made = workspace_maker(tmp_path_factory.mktemp("told"), fitted)(SOURCES, files)
    assert run(made).status == 0
    return made


@pytest.fixture
def place(told: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, to do with as one likes."""
    return branched(told, tmp_path)


def drawn(place: Workspace, number: int = 1000, **more: Any) -> set[str]:
    return {row["customer_id"] for row in checkins.draw(place, number, **more).rows}


def test_everybody_may_be_drawn_but_who_was_asked_lately_and_our_own(place: Workspace) -> None:
    assert drawn(place) == {f"c{number}" for number in range(60)} - {"c1", "c2", "c7"}
    assert drawn(place, rest_days=10) == {f"c{number}" for number in range(60)} - {"c7"}


@pytest.mark.parametrize("text", ["customer_id\nc4\nc5\n", "c4\nc5", "Name;customer_id\nAda;c4\nBob;c5\n", "\ufeffcustomer_id,why\nc4,asked\nc5,\n\n"])
def test_nobody_on_the_do_not_call_list_is_drawn(place: Workspace, text: str) -> None:
    (place.root / calls.DO_NOT_CALL).write_text(text, encoding="utf-8")
    assert {"c4", "c5"} & drawn(place) == set()


def test_a_do_not_call_list_that_cannot_be_read_stops_the_draw(place: Workspace) -> None:
    (place.root / calls.DO_NOT_CALL).write_bytes(b"c4\xff\xfe")
    with pytest.raises(Mend, match="Nobody was drawn"):
        checkins.draw(place, 3)


def test_forgotten_people_are_never_drawn(place: Workspace) -> None:
    persons.forget(place, Identity.customer("c4"))
    assert "c4" not in drawn(place)


def test_the_same_seed_draws_the_same_customers_and_another_draws_others(place: Workspace) -> None:
    assert checkins.draw(place, 5, seed="a").rows == checkins.draw(place, 5, seed="a").rows
    assert checkins.draw(place, 5, seed="a").rows != checkins.draw(place, 5, seed="b").rows


def test_nobody_is_drawn_twice_and_each_stage_gets_its_number(place: Workspace) -> None:
    found = checkins.draw(place, 20).rows
    assert Counter(row["stage"] for row in found) == {"use": 20, "pay": 20}
    assert len({row["customer_id"] for row in found}) == 40
    assert [row["chance"] for row in found if row["stage"] == "pay"] == [pytest.approx(20 / 57, abs=1e-6)] * 20


def test_every_customer_is_drawn_equally_often(place: Workspace) -> None:
    times = Counter(row["customer_id"] for number in range(150) for row in checkins.draw(place, 20, stage="use", seed=str(number)).rows)
    assert set(times) == {f"c{number}" for number in range(60)} - {"c1", "c2", "c7"}
    assert 28 < min(times.values()) <= max(times.values()) < 77  # 52.6 expected, sd 5.8


def test_too_few_customers_and_none_at_all_are_said(place: Workspace) -> None:
    notes = checkins.draw(place, 100).notes
    assert any(note.startswith("discover: nobody was drawn; no operations") for note in notes)
    assert any(note.startswith("pay: 57 of the 100 wanted; of the 59 customers there") for note in notes)


def test_a_wrong_stage_or_number_is_refused(place: Workspace) -> None:
    with pytest.raises(Mend, match="There is no stage 'user'"):
        checkins.draw(place, 3, stage="user")
    with pytest.raises(Mend, match="1 or more"):
        checkins.draw(place, 0)


def test_the_filled_sheet_comes_back_through_the_inbox_and_unasked_rows_are_not_counted(place: Workspace) -> None:
    sheet = place.root / "sheet.xlsx"
    done = CliRunner().invoke(app, ["checkins", "--sample", "4", "--stage", "use", "--seed", "a", "--out", str(sheet), "-w", str(place.root)])
    assert done.exit_code == 0
    assert "inbox/checkins* ([sources.checkins])" in done.output
    book = openpyxl.load_workbook(sheet)
    page = book.worksheets[0]
    columns = {cell.value: cell.column for cell in page[1]}
    for line, cells in ((2, (1, -1, "below", "It broke twice.")), (3, (0, None, None, None)), (4, (1, 1, "met", None))):
        for name, value in zip(("answered", "experience", "expectation", "text"), cells, strict=True):
            page.cell(line, columns[name], value)
        page.cell(line, columns["asked_at"], dt.date(2026, 6, 29))
    back = io.BytesIO()
    book.save(back)
    drop(place, "checkins-june.xlsx", back.getvalue())
    tonight = night.run(place)
    assert tonight.counts["checkins"]["new"] == 3
    assert tonight.counts["checkins"]["rejected"] == 1
    told = rows(place, "select * from checkins where asked_at > '2026-06-20' order by experience nulls first")
    assert [(row["answered"], row["experience"], row["expectation"]) for row in told] == [(0, None, None), (1, -1, "below"), (1, 1, "met")]
    assert rows(place, "select text from records where kind = 'checkins'") == [{"text": "It broke twice."}]


def test_the_sheet_is_not_written_over(place: Workspace) -> None:
    sheet = place.root / "sheet.csv"
    again = ["checkins", "--sample", "2", "--out", str(sheet), "-w", str(place.root)]
    assert [CliRunner().invoke(app, again).exit_code for _ in range(2)] == [0, 1]
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        assert [set(row) >= {"customer_id", "stage", "answered", "chance"} for row in csv.DictReader(file)] == [True] * 4


def test_it_is_said_how_to_bring_the_sheet_back_where_no_source_looks_for_it(make_workspace: Callable[..., Workspace]) -> None:
    assert "has no source of kind checkins yet" in checkins.way_back(make_workspace("", name="bare"))


# sheets that have not come back


def write(place: Workspace, number: int, sheet: str, *more: str) -> set[str]:
    """The customers on a sheet that the command writes."""
    done = CliRunner().invoke(app, ["checkins", "--sample", str(number), "--stage", "use", "--out", str(place.root / sheet), "-w", str(place.root), *more])
    assert done.exit_code == 0, done.output
    with (place.root / sheet).open(encoding="utf-8-sig", newline="") as file:
        return {row["customer_id"] for row in csv.DictReader(file)}


def test_who_is_on_a_sheet_that_is_out_is_not_drawn_again(place: Workspace) -> None:
    first, second = write(place, 20, "one.csv"), write(place, 20, "two.csv")
    assert len(first) == len(second) == 20
    assert not first & second
    assert drawn(place) == {f"c{number}" for number in range(60)} - {"c1", "c2", "c7"} - first - second
    assert any(f"40 customers were drawn in the last 90 days for sheets listed in {checkins.DRAWN}" in note for note in checkins.draw(place, 30).notes)


def test_a_sheet_that_is_out_protects_as_long_as_a_question_does(place: Workspace) -> None:
    first = write(place, 20, "one.csv")
    noted = place.root / checkins.DRAWN
    for days, may in ((89, False), (91, True)):
        was = noted.read_text(encoding="utf-8")
        old = was.replace(dt.date.today().isoformat(), (dt.date.today() - dt.timedelta(days)).isoformat())
        noted.write_text(old, encoding="utf-8")
        assert (first <= drawn(place)) is may
        noted.write_text(was, encoding="utf-8")
    assert first <= drawn(place, rest_days=-1)


def test_a_sheet_that_is_replaced_lets_its_customers_go(place: Workspace) -> None:
    first, again = write(place, 20, "one.csv", "--seed", "a"), write(place, 20, "one.csv", "--seed", "a", "--overwrite")
    assert first == again
    other = write(place, 20, "one.csv", "--seed", "b", "--overwrite")
    assert drawn(place) & first == first - other


def test_a_forgotten_customer_is_taken_out_of_what_is_known_of_draws(place: Workspace) -> None:
    somebody, *others = sorted(write(place, 20, "one.csv"))
    persons.forget(place, Identity.customer(somebody))
    known = list(csv.DictReader(io.StringIO((place.root / checkins.DRAWN).read_text(encoding="utf-8"))))
    assert sorted(row["customer_id"] for row in known) == others


@pytest.mark.parametrize("content", [b"\xff\xfe", b"customer_id,stage\nc1,use\n"])
def test_an_unreadable_list_of_draws_stops_the_draw(place: Workspace, content: bytes) -> None:
    (place.root / checkins.DRAWN).write_bytes(content)
    with pytest.raises(Mend, match=checkins.DRAWN):
        checkins.draw(place, 3)


# how many answers a number needs


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """Two quarters of two stages: many answers in one, six in the other; for reading only."""
    lines = []
    for month in (2, 5):
        lines += [f"c{number},use,2026-{month:02}-{1 + number % 27:02},1,{(number % 8 == 0) - (number % 8 == 1)}" for number in range(50)]
        lines += [f"c{number},pay,2026-{month:02}-{1 + number % 27:02},1,{(number == 0) - (number == 1)}" for number in range(6)]
    months = [operations().replace("2026-06", f"2026-{month:02}") for month in (2, 5)]
    files: dict[str, str | bytes] = {
        "operations.csv": months[0] + "\n" + months[1].split("\n", 1)[1], "checkins.csv": HEAD + "\n".join(lines),
    }  # fmt: skip
    made = workspace_maker(tmp_path_factory.mktemp("called"), fitted)(SOURCES, files)
    assert run(made).status in (0, 3)  # nobody has put employees' words there
    return made


def test_a_stage_with_few_answers_is_told_how_many_more_make_a_number(called: Workspace) -> None:
    with night.held(called) as (_, store):
        found = {row["stage"]: row for row in story.needed(store, journey.read(called.journey))}
    assert (found["use"]["evidence_level"], found["use"]["more"], found["use"]["answered"]) == ("estimate", 0, 50)
    assert found["use"]["half_width_then"] <= found["use"]["half_width"] <= 16
    assert found["pay"]["evidence_level"] != "estimate"
    assert 0 < found["pay"]["more"] <= 40
    assert found["pay"]["half_width_then"] <= 16
    assert (found["leave"]["customers"], found["leave"]["more"]) == (0, None)


def test_the_calculator_prints_a_line_for_each_stage(called: Workspace) -> None:
    done = CliRunner().invoke(app, ["checkins", "-w", str(called.root)], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert all(stage in done.output for stage in journey.DEFAULT_STAGES)
    assert "a number" in done.output
