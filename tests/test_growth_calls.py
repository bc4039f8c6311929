"""Call-backs: who is listed and who never, the sheet out and back in, and statuses that outlive every rebuild."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from listening import calls, follow_up, night, persons
from listening.calls import Case
from listening.cli import app
from listening.forgotten import Identity
from listening.growth import calling
from listening.workspace import Mend, Workspace
from tests.conftest import branched, drop, rows, run, workspace_maker

SOURCES = "".join(f'[sources.{kind}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{kind}*.csv"\n' for kind in ("operations", "customers", "survey"))
PASSED = "customer_id,stage,measure,at,failed\n"
FILES: dict[str, str | bytes] = {
    "customers.csv": "customer_id,since,left_at,value\nquiet,2025-01-01,,500\nvocal,2025-01-01,,400\nfine,2025-01-01,,300\ngone,2025-01-01,2026-06-29,200\n"
    "shy,2025-01-01,,100\nlong,2025-01-01,,90\n",
    "operations.csv": PASSED + "quiet,pay,invoice_correct,2026-06-20,1\nvocal,pay,invoice_correct,2026-06-20,1\nfine,pay,invoice_correct,2026-06-20,0\n"
    "gone,pay,invoice_correct,2026-06-20,1\nshy,use,no_fault,2026-06-25,1\nlong,use,no_fault,2026-04-10,1\nfine,use,no_fault,2026-06-30,0\n",
    "survey.csv": "id,said_at,text,score,customer_id\n1,2026-06-22,The invoice was wrong and nobody called me back about it.,2,vocal\n",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    made = workspace_maker(tmp_path_factory.mktemp("calls"), fitted)(SOURCES, FILES)
    assert run(made, "2026-06-30").status == 0
    return made


@pytest.fixture
def place(told: Workspace, tmp_path: Path) -> Workspace:
    """The same company, for tests that change it."""
    return branched(told, tmp_path)


def listed(place: Workspace) -> dict[str, dict[str, object]]:
    return {str(row["customer_id"]): row for row in rows(place, "from follow_up order by rank")}


def test_customers_are_listed_who_failed_lately_and_said_nothing_since_those_with_most_value_first(told: Workspace) -> None:
    found = listed(told)
    assert list(found) == ["quiet", "shy"]
    assert {row["reason"] for row in found.values()} == {"failed and silent"}
    assert (found["quiet"]["status"], found["quiet"]["failed_on"], found["quiet"]["stage"]) == ("open", dt.date(2026, 6, 20), "pay")
    assert "invoice correct" in str(found["quiet"]["text"])


def test_nobody_on_the_do_not_call_list_is_listed(place: Workspace) -> None:
    (place.root / calls.DO_NOT_CALL).write_text("customer_id\nquiet\n")
    assert [row["customer_id"] for row in follow_up.to_call(place)] == ["shy"]
    assert run(place, "2026-06-30").status == 0
    assert list(listed(place)) == ["shy"]


def test_a_do_not_call_list_that_cannot_be_read_lists_nobody_and_the_night_says_so(place: Workspace) -> None:
    (place.root / calls.DO_NOT_CALL).write_bytes(b"quiet\xff\xfe")
    tonight = run(place, "2026-06-30")
    assert tonight.status == 0
    assert any("do-not-call.csv cannot be read" in note and "nobody is listed" in note for note in tonight.notes)
    assert listed(place) == {}
    with pytest.raises(Mend, match="cannot be read"):
        follow_up.to_call(place)


def test_a_forgotten_customer_leaves_the_list_and_the_file_of_cases(place: Workspace) -> None:
    calls.keep(place, [Case("quiet", "called", "will ring again", "", "2026-07-01"), Case("shy", "called", "", "", "2026-07-01")])
    persons.forget(place, Identity.customer("quiet"))
    assert set(listed(place)) == {"shy"}
    assert set(calls.cases(place)) == {"shy"}
    assert "quiet" not in (place.root / calls.FOLLOW_UP).read_text()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_sheet_goes_out_and_comes_back(place: Workspace, ending: str) -> None:
    sheet = place.root / f"calls.{ending}"
    assert CliRunner().invoke(app, ["follow-up", "--sheet", str(sheet), "-w", str(place.root)]).exit_code == 0
    fill(sheet, "quiet", status="Called", note="promised a new invoice", owner="Ada's team")
    told = CliRunner().invoke(app, ["follow-up", "--import", str(sheet), "-w", str(place.root)])
    assert told.exit_code == 0
    assert "1 cases are new or changed, 1 stand as before" in told.output
    case = calls.cases(place)["quiet"]
    assert (case.status, case.note, case.owner) == ("called", "promised a new invoice", "Ada's team")
    again = follow_up.bring(place, sheet, dt.date(2026, 7, 2))
    assert (again.changed, again.same, again.faults) == (0, 2, [])


def fill(sheet: Path, customer: str, **cells: str) -> None:
    if sheet.suffix == ".xlsx":
        book = openpyxl.load_workbook(sheet)
        names = [cell.value for cell in book.worksheets[0][1]]
        for row in book.worksheets[0].iter_rows(min_row=2):
            if row[names.index("customer_id")].value == customer:
                for name, value in cells.items():
                    row[names.index(name)].value = value
        book.save(sheet)
        return
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows({**line, **(cells if line["customer_id"] == customer else {})} for line in lines)


def test_what_a_sheet_says_that_cannot_be_used_is_said_by_row(place: Workspace, tmp_path: Path) -> None:
    sheet = tmp_path / "back.csv"
    sheet.write_text("customer_id,status,note\nquiet,phoned,\nnobody,called,\n,called,\nshy,no answer,\n")
    brought = follow_up.bring(place, sheet, dt.date(2026, 7, 1))
    assert brought.changed == 1
    assert [fault.split(":")[0] for fault in brought.faults] == ["row 2", "row 3", "row 4"]
    assert "it can be open, called, no answer, closed" in brought.faults[0]
    assert calls.cases(place)["shy"] == Case("shy", "no answer", "", "", "2026-07-01")


@pytest.mark.parametrize(("content", "words"), [(None, "is not there"), ("name,state\nx,y\n", "customer_id and status")])
def test_a_file_that_is_no_sheet_is_refused_in_words(place: Workspace, tmp_path: Path, content: str | None, words: str) -> None:
    sheet = tmp_path / "other.csv"
    if content:
        sheet.write_text(content)
    told = CliRunner().invoke(app, ["follow-up", "--import", str(sheet), "-w", str(place.root)], catch_exceptions=True)
    assert isinstance(told.exception, Mend)
    assert words in str(told.exception)


def test_a_closed_case_goes_to_the_end_and_opens_again_when_a_new_trouble_comes(place: Workspace) -> None:
    calls.keep(place, [Case("quiet", "closed", "settled", "", "2026-06-30")])
    assert [row["customer_id"] for row in follow_up.to_call(place)] == ["shy"]
    run(place, "2026-06-30")
    assert list(listed(place)) == ["shy", "quiet"]
    drop(place, "operations-july.csv", PASSED + "quiet,use,no_fault,2026-07-02,1\n")
    run(place, "2026-07-03")
    assert (listed(place)["quiet"]["status"], listed(place)["quiet"]["note"]) == ("open", "settled")


def test_a_case_stays_listed_when_the_customer_has_spoken_since_and_outlives_a_rebuild(place: Workspace) -> None:
    kept = [Case("vocal", "no answer", "", "", "2026-06-30"), Case("quiet", "called", "promised a new invoice", "Ada's team", "2026-06-30")]
    calls.keep(place, kept)
    night.run(place, "2026-06-30", is_anew=True)
    found = listed(place)
    assert found["vocal"]["reason"] == "called about before"
    assert (found["quiet"]["status"], found["quiet"]["note"], found["quiet"]["owner"]) == ("called", "promised a new invoice", "Ada's team")


def frame(**columns: object) -> pd.DataFrame:
    one = {
        "customer_id": "a",
        "value": 100.0,
        "value_basis": "margin",
        "failed_on": pd.Timestamp("2026-06-01"),
        "trouble_id": "t",
        "trouble_ids": ["t"],
        "is_silent": False,
    }
    return pd.DataFrame([{**one, "customer_id": name, **{key: values[place] for key, values in columns.items()}} for place, name in enumerate("abc")])  # type: ignore[index]


KINDS = pd.DataFrame({"trouble_id": ["t"], "name": ["a failure"], "stage": ["pay"], "owner": ["Billing"]})


def test_customers_with_twice_the_usual_chance_of_leaving_and_value_are_listed_by_value_at_risk() -> None:
    found = frame(value=[100.0, 900.0, None])
    told = calling.listed(found, pd.Series([0.5, 0.2, 0.9]), 0.1, KINDS, {}, set())
    assert list(zip(told["customer_id"], told["value_at_risk"], strict=True)) == [("b", 180.0), ("a", 50.0)]
    assert set(told["reason"]) == {"at risk"}
    assert set(told["owner"]) == {"Billing"}
    assert "Of 100 customers with such troubles about 20 left" in told["text"].iloc[0]


def test_without_a_model_the_silent_are_listed_by_value() -> None:
    told = calling.listed(frame(is_silent=[True, True, False], value=[1.0, 2.0, 3.0]), None, 0.0, KINDS, {}, set())
    assert told["customer_id"].tolist() == ["b", "a"]
    assert told["chance_of_leaving"].isna().all()
