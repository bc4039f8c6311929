"""Files to take away: the ending names the form, numbers stay numbers, no text is a formula, and nobody else can read them."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from listening.publish import sheets
from listening.workspace import Mend

NOON = dt.datetime(2026, 7, 1, 12, 30, tzinfo=dt.UTC)
TABLE: list[dict[str, Any]] = [
    {"text": "=1+1", "number": -5, "share": -0.25, "price": decimal.Decimal("-1.50"), "at": NOON, "on": NOON.date(), "yes": True,
     "list": ["=x", "y"], "code": "-5"},
    {"text": "late", "number": None, "share": None, "price": None, "at": None, "on": None, "yes": None, "list": None, "code": "007"},
]  # fmt: skip
ENDINGS = ("csv", "xlsx", "jsonl", "parquet")


def lines(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def cells(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [list(line) for line in book.active.iter_rows()]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_is_for_its_owner_alone_and_nothing_is_left_beside_it(tmp_path: Path, ending: str) -> None:
    sheets.write(tmp_path / f"a.{ending.upper()}", TABLE)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_csv_keeps_numbers_and_guards_texts(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.csv", TABLE)
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbftext,"), "Excel takes UTF-8 without the mark for something else"
    assert lines(tmp_path / "a.csv") == [
        ["text", "number", "share", "price", "at", "on", "yes", "list", "code"],
        ["'=1+1", "-5", "-0.25", "-1.50", "2026-07-01T12:30:00+00:00", "2026-07-01", "true", '["=x", "y"]', "'-5"],
        ["late", "", "", "", "", "", "", "", "007"],
    ]


def test_a_workbook_holds_values_and_no_formula(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.xlsx", TABLE)
    header, first, second = cells(tmp_path / "a.xlsx")
    assert [cell.value for cell in header] == list(TABLE[0])
    assert [cell.value for cell in first] == ["=1+1", -5, -0.25, -1.5, dt.datetime(2026, 7, 1, 12, 30), dt.datetime(2026, 7, 1), True, '["=x", "y"]', "-5"]
    assert "f" not in {cell.data_type for cell in (*header, *first, *second)}
    assert [cell.quotePrefix for cell in first] == [True, False, False, False, False, False, False, False, True]
    assert second[-1].value == "007"


def test_programs_get_every_text_as_it_is(tmp_path: Path) -> None:
    for ending in ("jsonl", "parquet"):
        sheets.write(tmp_path / f"a.{ending}", TABLE)
    found = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert found[0] == {
        "text": "=1+1", "number": -5, "share": -0.25, "price": -1.5, "at": "2026-07-01T12:30:00+00:00", "on": "2026-07-01", "yes": True,
        "list": ["=x", "y"], "code": "-5",
    }  # fmt: skip
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == TABLE


def test_a_frame_and_an_arrow_table_are_written_like_rows(tmp_path: Path) -> None:
    few = [{name: row[name] for name in ("text", "share", "code")} for row in TABLE]
    for name, table in (("rows", few), ("frame", pd.DataFrame(few)), ("arrow", pa.Table.from_pylist(few))):
        sheets.write(tmp_path / f"{name}.csv", table)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    for ending in ENDINGS:
        sheets.write(tmp_path / f"a.{ending}", pd.DataFrame({"text": [], "n": []}))
    assert lines(tmp_path / "a.csv") == [["text", "n"]]
    assert [[cell.value for cell in line] for line in cells(tmp_path / "a.xlsx")] == [["text", "n"]]
    assert pq.read_table(tmp_path / "a.parquet").column_names == ["text", "n"]


def test_names_of_columns_are_guarded_like_texts(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.csv", [{"=cmd|' /C calc'!A0": 1}])
    sheets.write(tmp_path / "a.xlsx", [{"=cmd|' /C calc'!A0": 1}])
    assert lines(tmp_path / "a.csv")[0] == ["'=cmd|' /C calc'!A0"]
    assert cells(tmp_path / "a.xlsx")[0][0].data_type != "f"


def test_what_a_cell_cannot_hold_is_cut_with_a_mark_and_told(tmp_path: Path) -> None:
    told = sheets.write(tmp_path / "a.xlsx", [{"text": "x" * 32_768}, {"text": "😀" * 20_000}, {"text": "x" * 32_767}, {"text": "short […cut]"}])
    found = [line[0].value for line in cells(tmp_path / "a.xlsx")[1:]]
    assert [len(text.encode("utf-16-le")) // 2 for text in found[:3]] == [32_767, 32_767, 32_767]
    assert [text.endswith(" […cut]") for text in found] == [True, True, False, True]
    assert told == ["2 texts are longer than the 32,767 characters of a cell and cut; '[…cut]' stands at the end. .csv, .jsonl and .parquet hold all of them."]


def test_what_a_sheet_does_not_know_is_written_as_text(tmp_path: Path) -> None:
    odd = [
        {
            "a": 10**15,
            "b": float("inf"),
            "c": dt.date(1848, 5, 1),
            "d": dt.time(6, 30),
            "e": "#N/A",
            "f": "https://evil.example",
            "g": b"\xff=1",
            "h": {"k": -1},
        }
    ]
    sheets.write(tmp_path / "a.xlsx", odd)
    (_, line) = cells(tmp_path / "a.xlsx")
    assert [cell.value for cell in line] == ["1000000000000000", "inf", "1848-05-01", "06:30:00", "#N/A", "https://evil.example", "\ufffd=1", '{"k": -1}']
    assert not [cell for cell in line if cell.hyperlink or cell.data_type in ("e", "f")]
    sheets.write(tmp_path / "a.csv", [{"a": float("-inf")}, {"a": float("nan")}])
    assert lines(tmp_path / "a.csv")[1:] == [["'-inf"], [""]]


def test_controls_and_halves_of_letters_are_left_out(tmp_path: Path) -> None:
    for ending in ("csv", "xlsx"):
        sheets.write(tmp_path / f"a.{ending}", [{"text": "a\x00b\x1b[31mc\ud83dd\ufffee\r\nf\rg"}])
    assert lines(tmp_path / "a.csv")[1] == ["ab[31mcde\nf\ng"]
    assert cells(tmp_path / "a.xlsx")[1][0].value == "ab[31mcde\nf\ng"


def test_cells_without_a_type_in_common_become_texts(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.csv", [{"a": 1}, {"a": "=x"}, {"a": ["y"]}, {"a": None}])
    assert lines(tmp_path / "a.csv")[1:] == [["1"], ["'=x"], ['["y"]'], [""]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a", "no ending that says how"), ("a.ods", "it can be .csv, .xlsx, .jsonl, .parquet"), ("a.csv.gz", "no ending"),
        ("nowhere/a.csv", "cannot be written"),
        ("there.csv", "exists already"), ("there.csv/a.csv", "cannot be written"), ("folder.csv", "is a folder"), ("x" * 300 + ".csv", "cannot be written"),
        ("link.csv", "exists already"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_written_is_refused_in_words(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "nothing")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Mend, match=re.escape(words)):
        sheets.write(tmp_path / name, TABLE)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_a_full_or_foreign_disk_leaves_nothing_behind() -> None:
    with pytest.raises(Mend, match="cannot be written"):
        sheets.write(Path("/proc/a.csv"), TABLE)


def test_a_file_is_replaced_when_asked_and_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "a.csv").symlink_to(tmp_path / "mine.csv")
    sheets.write(tmp_path / "a.csv", TABLE, overwrite=True)
    assert (tmp_path / "mine.csv").read_text() == "mine"
    assert not (tmp_path / "a.csv").is_symlink()
    assert len(lines(tmp_path / "a.csv")) == 3


def test_a_table_that_a_form_cannot_hold_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    for ending in ("jsonl", "parquet"):
        with pytest.raises(Mend, match="two columns have the name 'a'"):
            sheets.write(tmp_path / f"a.{ending}", twice)
    monkeypatch.setattr(sheets, "SHEET_ROWS", 3)
    with pytest.raises(Mend, match=r"3 rows and 1 columns, a sheet can have 2 and 16,384"):
        sheets.write(tmp_path / "a.xlsx", [{"a": 1}] * 3)
    assert list(tmp_path.iterdir()) == []
    sheets.write(tmp_path / "a.csv", twice)
    assert lines(tmp_path / "a.csv") == [["a", "a"], ["1", "2"]]


STARTS = "=+-@＝＋－＠﹦﹢﹣﹫"
PIECES = st.lists(st.sampled_from([*STARTS, *" \t\r\n;,|'\"", "\u00a0", "\u200b", "\ufeff", "a", "1", "cmd|' /C calc'!A0"]), max_size=12).map("".join)


@settings(max_examples=2000, deadline=None, derandomize=True)
@example("'=1")
@example(";'=1\n\n;=")
@given(PIECES | st.text(max_size=8))
def test_a_guarded_text_begins_no_formula_wherever_a_program_ends_cells_and_comes_back_as_it_was(text: str) -> None:
    cell = sheets.guarded(text)
    assert sheets.unguarded(cell) == text
    for part in re.split(r"[;\t\r\n]", cell):
        bare = part.lstrip(' \u00a0\u3000\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029"\u200b\ufeff')
        assert not bare or bare[0] not in STARTS


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=4))
def test_no_table_has_a_live_cell_however_its_lines_are_parted(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("parted") / "a.csv"
    sheets.write(path, [{"first": one, "second": other} for one, other in table])
    content = path.read_bytes().decode("utf-8-sig")
    for delimiter in ",;\t":
        for line in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter):
            for cell in line:
                bare = cell.lstrip(' \u00a0"\u200b\ufeff')
                assert not bare or bare[0] not in STARTS
