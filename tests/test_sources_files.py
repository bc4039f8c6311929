"""What the files connector makes of the files that people really drop."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import os
import shutil
import socket
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening.sources import Fault, Pull
from listening.sources.files import finding, pulls
from listening.sources.pull import Known, Row, Unreadable
from listening.workspace import Source

TWO = [{"id": "1", "text": "good"}, {"id": "2", "text": "bad"}]
NEVER_CLOSED = "line has a quotation mark that is never closed"
RAGGED = "line has another number of cells than the header"


class Look:
    """What came of one look at a folder."""

    def __init__(self, root: Path, known: Known = MappingProxyType({}), **keys: Any) -> None:
        self.faults: list[str] = []
        self.pulls: list[Pull] = []
        self.rows: list[Row] = []
        for found in pulls(Source(name="s", connector="files", kind="review", **{"path": "*", **keys}), root, known):
            if isinstance(found, Fault):
                self.faults.append(f"{found.origin} {found.sentence}")
                continue
            self.pulls.append(found)
            try:
                self.rows += [row for page in found.pages for row in page]
            except Unreadable as error:
                self.faults.append(f"{found.origin} {error}")

    @property
    def good(self) -> list[Any]:
        return [row.cells for row in self.rows if row.fault is None]

    @property
    def damaged(self) -> list[tuple[int, str | None]]:
        return [(row.number, row.fault) for row in self.rows if row.fault]

    @property
    def notes(self) -> list[str]:
        return [note for pull in self.pulls for note in pull.notes]


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Look]:
    def at(name: str, content: str | bytes, **keys: Any) -> Look:
        put(tmp_path / name, content)
        return Look(tmp_path, **keys)

    return at


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (1e9, 1e9))
    return path


# encodings

LETTERS = "id,text\n1,très déçu\n2,café\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"])
def test_a_western_text_is_read_in_whatever_it_was_saved(look: Callable[..., Look], encoding: str) -> None:
    assert look("a.csv", LETTERS.encode(encoding)).good == [{"id": "1", "text": "très déçu"}, {"id": "2", "text": "café"}]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp932", "とても良いサービスでした"),
        ("gb18030", "服务非常好，谢谢你们"),
        ("cp949", "서비스가 아주 좋았습니다"),
        ("cp1251", "Очень плохое обслуживание"),
        ("cp1253", "Πολύ κακή εξυπηρέτηση"),
    ],
)
def test_another_alphabet_is_found_out_and_told(look: Callable[..., Look], encoding: str, text: str) -> None:
    found = look("a.csv", "".join(["id,text\n", *(f"{number},{text}\n" for number in range(20))]).encode(encoding))
    assert {cells["text"] for cells in found.good} == {text}
    assert found.notes == [f"a.csv is read as {encoding}; if letters look wrong, set encoding in [sources.s]"]


def test_accents_that_come_only_after_a_megabyte_are_read(look: Callable[..., Look]) -> None:
    found = look("a.csv", b"id,text\n" + b"1,plain words\n" * 90_000 + "2,déçu\n".encode("latin-1"))
    assert found.good[-1] == {"id": "2", "text": "déçu"}
    assert len(found.good) == 90_001


def test_one_western_line_in_a_utf8_file_spoils_no_other(look: Callable[..., Look]) -> None:
    found = look("a.csv", "id,text\n1,café\n2,naïve\n".encode() + "3,déçu\n".encode("cp1252"))
    assert [cells["text"] for cells in found.good] == ["café", "naïve", "déçu"]
    assert "is UTF-8 but for 1 line," in found.notes[0]


def test_a_utf8_file_cut_inside_a_letter_stays_utf8(look: Callable[..., Look]) -> None:
    assert look("a.csv", "id,text\n1,café\n2,déç".encode()[:-1]).good == [{"id": "1", "text": "café"}, {"id": "2", "text": "dé\ufffd"}]


def test_bytes_that_do_not_fit_the_encoding_named_are_told(look: Callable[..., Look]) -> None:
    found = look("a.csv", b"id,text\n1,caf\x81\n2,ok\n", encoding="cp1252")
    assert found.good[1] == {"id": "2", "text": "ok"}
    assert "1 lines hold bytes that are no cp1252" in found.notes[0]


@pytest.mark.parametrize("encoding", ["utf-9", "hex", "undefined"])
def test_an_encoding_that_does_not_exist_is_told_with_its_place(look: Callable[..., Look], encoding: str) -> None:
    assert look("a.csv", "id,text\n1,x\n", encoding=encoding).faults == [
        f"a.csv cannot be read as '{encoding}': there is no such encoding. Mend encoding in [sources.s]."
    ]


def test_a_mark_before_the_header_is_no_part_of_a_name(look: Callable[..., Look]) -> None:
    assert look("a.csv", '\ufeff"id","text"\n1,x\n', encoding="utf-8").good == [{"id": "1", "text": "x"}]


def test_a_zero_byte_in_a_cell_stays_there(look: Callable[..., Look]) -> None:
    assert look("a.csv", "id,text\n1,x\0y\n2,z\n").good == [{"id": "1", "text": "x\0y"}, {"id": "2", "text": "z"}]


# tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found_out(look: Callable[..., Look], delimiter: str, end: str) -> None:
    assert look("a.csv", end.join(["id,text", "1,good", "", "2,bad", ""]).replace(",", delimiter)).good == TWO


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("id;How, was, it, all?;date\n1;fine;2024\n2;so, so;2024\n", ["id", "How, was, it, all?", "date"]),
        ("sep=;\nid;text\n1;a,b\n", ["id", "text"]),
        ("\n,,,\nid,text\n1,x\n", ["id", "text"]),
        ("comment\nnice, really; yes\n", ["comment"]),
        ('id, "text"\n1, "a, b"\n', ["id", "text"]),
        ("x,x,x_2,,x\n1,2,3,4,5\n", ["x", "x_3", "x_2", "column_4", "x_4"]),
    ],
)
def test_the_header_is_understood(look: Callable[..., Look], content: str, names: list[str]) -> None:
    found = look("a.csv", content)
    assert found.damaged == []
    assert {tuple(cells) for cells in found.good} == {tuple(names)}


def test_a_table_of_one_column_keeps_its_commas(look: Callable[..., Look]) -> None:
    assert look("a.csv", 'comment\nnice, really\n"two\nlines"\n').good == [{"comment": "nice, really"}, {"comment": "two\nlines"}]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('1,"two\nlines, and more"', "two\nlines, and more"),
        ('1,"he said ""no"""', 'he said "no"'),
        ('1,"he said "no" to me"', 'he said "no" to me'),
        ('1,"good" she said', '"good" she said'),
        ('1,a 5" pipe', 'a 5" pipe'),
        ("1,one\rtwo", "one\rtwo"),
        ("1,  blanks  ", "  blanks  "),
        ("1,surplus,,", "surplus"),
    ],
)
def test_a_cell_is_kept_as_it_was_meant(look: Callable[..., Look], line: str, text: str) -> None:
    assert look("a.csv", f"id,text\n{line}\n2,after\n").good == [{"id": "1", "text": text}, {"id": "2", "text": "after"}]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('9,"never closed', NEVER_CLOSED),
        ('9,"never, closed', NEVER_CLOSED),
        ("9", RAGGED),
        ("9,x,y", RAGGED),
        ('9,"x",y', RAGGED),
        ('9,"two\nlines",y', RAGGED),
    ],
)
@pytest.mark.parametrize("after", ['2,"bad"\n', "2,bad\n", '2,bad\n3,"a ""b"""\n', '2,bad\n3,"a\nb"\n'])
def test_a_damaged_line_is_one_row_with_its_number_and_costs_no_other(look: Callable[..., Look], line: str, fault: str, after: str) -> None:
    found = look("a.csv", f"id,text\n1,good\n{line}\n{after}")
    assert found.damaged == [(3, fault)]
    assert found.good[:2] == TWO
    assert len(found.good) == 1 + len(list(csv.reader(io.StringIO(after))))
    assert [row.cells for row in found.rows if row.fault] == [line]


def test_a_torn_last_line_is_rejected_and_the_good_rows_stay(look: Callable[..., Look]) -> None:
    found = look("a.csv", 'id,text\n1,good\n2,bad\n3,"torn in the mid')
    assert found.good == TWO
    assert found.damaged == [(4, NEVER_CLOSED)]


def test_an_open_quotation_mark_does_not_swallow_rows_up_to_the_next(look: Callable[..., Look]) -> None:
    found = look("a.csv", 'id,text,more\n1,"open\n2,x,y\n3,",b"\n4,x,y\n')
    assert [cells["id"] for cells in found.good] == ["2", "4"]


def test_a_cell_of_three_megabytes_in_many_lines_is_one_cell(look: Callable[..., Look]) -> None:
    long = "hello there\n" * 260_000
    assert look("a.csv", f'id,text\n1,"{long}"\n2,x\n').good == [{"id": "1", "text": long}, {"id": "2", "text": "x"}]


def test_a_cell_beyond_the_limit_is_a_damaged_row(look: Callable[..., Look], monkeypatch: pytest.MonkeyPatch) -> None:
    before = csv.field_size_limit(1000)
    try:
        found = look("a.csv", f'id,text\n1,"{"x" * 2000}\n2,ok\n')
    finally:
        csv.field_size_limit(before)
    assert found.good == [{"id": "2", "text": "ok"}]
    assert found.damaged == [(2, NEVER_CLOSED)]


def test_a_line_without_end_does_not_fill_the_memory(look: Callable[..., Look], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listening.sources.files.decoding.LINE_LIMIT", 2**20)
    assert "has a line of more than 1 million characters (line 2)" in look("a.csv", "id,text\n" + "x" * 2**20).faults[0]


def test_a_header_alone_is_no_fault_and_is_told(look: Callable[..., Look]) -> None:
    found = look("a.csv", "id,text\n")
    assert (found.rows, found.faults, found.notes) == ([], [], ["a.csv has no rows"])


@pytest.mark.parametrize(
    ("content", "keys", "words"),
    [
        ("\n \n", {}, "has no header line"),
        ('id,"text\n1,x\n', {}, "has a header line with a quotation mark that is never closed"),
        ("id,text\n", {"delimiter": '"'}, "Mend delimiter in [sources.s]"),
        ("id,text\n", {"delimiter": "\n"}, "Mend delimiter in [sources.s]"),
        ("id,text\n", {"format": "parquet"}, "is a text file, though format = 'parquet' says otherwise"),
    ],
)
def test_a_table_that_cannot_be_read_is_told(look: Callable[..., Look], content: str, keys: dict[str, str], words: str) -> None:
    found = look("a.csv", content, **keys)
    assert words in found.faults[0]
    assert found.rows == []


# JSON


@pytest.mark.parametrize(
    "content",
    [
        '{"id":1}\n\n{"id":2}\n',
        '\ufeff{"id":1}\n{"id":2}',
        '{"id":1}\r{"id":2}\r',
        '[{"id":1},{"id":2}]',
        '[{"id":1}]\n[{"id":2}]'.replace("]\n[", ",\n"),
        '[\n {\n  "id": 1\n },\n {\n  "id": 2\n }\n]\n',
        '{\n "id": 1\n}\n{\n "id": 2\n}\n',
        '{"tickets": [{"id":1},{"id":2}], "next_page": null, "count": 2}',
        '{\n "tickets": [\n  {"id":1},\n  {"id":2}\n ],\n "meta": {"more": false}\n}',
        '{"id":1},\n{"id":2},\n',
    ],
)
def test_objects_are_read_in_every_arrangement(look: Callable[..., Look], content: str) -> None:
    found = look("a.json", content)
    assert found.good == [{"id": 1}, {"id": 2}]
    assert found.damaged == []
    assert len({row.number for row in found.rows}) == 2


@pytest.mark.parametrize("content", ['{"id":1,"comments":[{"body":"x"}]}', '{\n "id": 1,\n "comments": [\n  {"body": "x"}\n ]\n}'])
def test_a_lone_ticket_is_not_taken_apart_into_its_comments(look: Callable[..., Look], content: str) -> None:
    assert look("a.jsonl", content).good == [{"id": 1, "comments": [{"body": "x"}]}]


@pytest.mark.parametrize(
    ("content", "damaged"),
    [
        ('{"id":1}\n{"id":2}\n{"id":3,"te', [(3, "line ends in the middle of an object")]),
        ('{"id":9,"te\n{"id":1}\n{"id":2}\n', [(1, "line is not valid JSON")]),
        ('{"id":1}\n{"id":9,}\n{"id":2}\n', [(2, "line is not valid JSON")]),
        ('{"id":1}\n[1]\n"x"\n5\nnull\n{"id":2}\n', [(number, "line is not a JSON object") for number in (2, 3, 4, 5)]),
        ('5\n{"id":1}\n{"id":2}\n', [(1, "line is not a JSON object")]),
        ('{"id":1}\n{}\n{"id":2}\n', [(2, "object is empty")]),
        ('{"id":1}\n{"n":' + "9" * 5000 + '}\n{"id":2}\n', [(2, "line is not valid JSON")]),
        ('{"id":1}\n' + "[" * 100_000 + '\n{"id":2}\n', [(2, "line is not valid JSON")]),
        ('{"id":1}\n{"n":' + "[" * 200 + "]" * 200 + '}\n{"id":2}\n', [(2, "object is nested more than 100 levels deep")]),
        ('[{"id":1},{"id":9,"x":bad,"y":2},{"id":2}]', [(2, "line is not valid JSON")]),
        ('[\n {\n  "id": 1\n },\n {\n  "id": bad\n },\n {\n  "id": 2\n }\n]', [(5, "line is not valid JSON")]),
        ('[\n  {"id":1},\n  {"id":2},\n  {"id":3,"te', [(4, "file ends in the middle of an object")]),
        ('{"tickets":[{"id":1},{"id":2},{"id":3,"te', [(3, "file ends in the middle of an object")]),
        ('{"tickets":[{"id":1},{"id":bad},{"id":2}],"count":3}', [(2, "line is not valid JSON")]),
    ],
)
def test_a_damaged_object_is_one_row_and_the_good_ones_stay(look: Callable[..., Look], content: str, damaged: list[tuple[int, str]]) -> None:
    found = look("a.jsonl", content)
    assert found.good == [{"id": 1}, {"id": 2}]
    assert found.damaged == damaged


def test_no_number_is_nothing_and_a_doubled_key_loses_no_cell(look: Callable[..., Look]) -> None:
    found = look("a.jsonl", '{"id":1,"score":NaN,"text":"first","text":"last"}\n{"id":2,"score":-Infinity}\n')
    assert found.good == [{"id": 1, "score": None, "text": "last", "text_2": "first"}, {"id": 2, "score": None}]
    assert found.notes == ["a.jsonl has objects with the key 'text' more than once; the last one counts"]


@pytest.mark.parametrize("name", ["export", "export.txt", "export.csv", "export.jsonl.gz", "export.NDJSON"])
def test_json_is_known_by_its_ending_or_its_first_character(look: Callable[..., Look], name: str) -> None:
    content = '{"id":1}\n{"id":2}\n'
    assert look(name, gzip.compress(content.encode(), mtime=0) if name.endswith("gz") else content).good == [{"id": 1}, {"id": 2}]


def test_a_table_whose_name_speaks_of_json_is_a_table(look: Callable[..., Look]) -> None:
    assert look("tickets.json.csv", "id,text\n1,good\n2,bad\n").good == TWO


# workbooks and Parquet


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file := io.BytesIO())
    return file.getvalue()


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_workbook_is_read_whatever_it_is_called(look: Callable[..., Look], name: str) -> None:
    content = workbook(("id", "said", "text", "text"), (1, dt.datetime(2025, 1, 5), "good", "x"), (), (2, dt.datetime(2025, 1, 5, 6, 7), None, 4.0))
    assert [(row.number, row.cells) for row in look(name, content).rows] == [
        (2, {"id": 1, "said": "2025-01-05", "text": "good", "text_2": "x"}),
        (4, {"id": 2, "said": "2025-01-05T06:07:00", "text": None, "text_2": 4}),
    ]


@pytest.mark.parametrize("cut", [30, 1000, 3000])
def test_a_workbook_cut_off_is_refused_in_words(look: Callable[..., Look], cut: int) -> None:
    found = look("a.xlsx", workbook(("id", "text"), (1, "x"))[:cut])
    assert (found.rows, len(found.faults)) == ([], 1)


def test_a_parquet_file_is_read(look: Callable[..., Look]) -> None:
    pq.write_table(pa.table({"id": [1, 2], "said": [dt.date(2025, 1, 5), None]}), file := io.BytesIO())
    assert look("a.csv", file.getvalue()).good == [{"id": 1, "said": "2025-01-05"}, {"id": 2, "said": None}]


# files


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "is empty (0 bytes)"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty (0 bytes)"),
        ("a.csv", b"%PDF-1.7 \xe2\xe3", "is no text file but a PDF"),
        ("a.csv", b"\0" * 5000, "is no text file"),
        ("a.csv", bytes(range(256)) * 20, "is no text file"),
        ("a.csv", b"PK\x03\x04" + bytes(range(256)), "Save it as .xlsx"),
        ("a.csv", b"PAR1" + bytes(range(256)), "cannot be read as Parquet"),
        ("a.csv", b"\n<!DOCTYPE html>\n<title>Log in</title>", "is no text file but a web page"),
        ("a.csv.gz", gzip.compress(b"id,text\n1,x\n" * 1000, mtime=0)[:-20], "is damaged or was cut off"),
        ("a.csv.part", b"id,text\n1,x\n", "is still being written"),
    ],
)
def test_what_is_no_table_is_refused_in_words(look: Callable[..., Look], name: str, content: bytes, words: str) -> None:
    found = look(name, content)
    assert [words in fault for fault in found.faults] == [True]
    assert found.rows == []


def test_one_bad_file_does_not_keep_the_others_out(tmp_path: Path) -> None:
    (tmp_path / "b.csv").mkdir()
    (tmp_path / "subfolder").mkdir()
    put(tmp_path / "a.csv", "")
    put(tmp_path / "c.csv", "id,text\n1,good\n2,bad\n")
    (tmp_path / "d.csv").symlink_to(tmp_path / "nowhere")
    found = Look(tmp_path)
    assert found.good == TWO
    assert [fault.split(".")[0] for fault in found.faults] == ["a", "b", "d"]


def test_a_link_out_of_the_workspace_is_refused_and_one_within_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / "inbox").mkdir(parents=True)
    secret = put(tmp_path / "secret.csv", "id,text\n1,secret\n")
    (root / "inbox" / "out.csv").symlink_to(secret)
    (root / "inbox" / "folder").symlink_to(tmp_path)
    put(root / "real.csv", "id,text\n1,good\n2,bad\n")
    (root / "inbox" / "in.csv").symlink_to(root / "real.csv")
    found = Look(root, path="inbox/*.csv")
    assert found.good == TWO
    assert found.faults == [f"inbox/out.csv is a link that leads out of the workspace, to {secret}; it is not followed. Copy the file into the workspace."]
    assert "leads out of the workspace" in Look(root, path="inbox/folder/*.csv").faults[0]


def test_a_file_that_may_not_be_read_is_told(look: Callable[..., Look], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("listening.sources.files.decoding._unpacked", refuse)
    assert look("a.csv", "id\n1\n").faults == ["a.csv cannot be read: Permission denied. Look at its permissions, or export it again."]


def test_a_copy_a_renamed_file_and_a_packed_one_are_read_once(tmp_path: Path) -> None:
    content = "id,text\n1,good\n2,bad\n"
    first = Look(put(tmp_path / "a.csv", content).parent)
    put(tmp_path / "copy.csv", content)
    put(tmp_path / "packed.csv.gz", gzip.compress(content.encode(), mtime=0))
    assert len(Look(tmp_path).pulls) == 1
    (tmp_path / "a.csv").rename(tmp_path / "z.csv")
    assert Look(tmp_path, dict.fromkeys((pull.fingerprint for pull in first.pulls), frozenset())).pulls == []


def test_content_that_comes_back_after_other_content_in_its_place_is_read_again(tmp_path: Path) -> None:
    first = Look(put(tmp_path / "a.csv", "id,text\n1,good\n").parent).pulls[0]
    assert Look(tmp_path, {first.fingerprint: frozenset({"a.csv"})}).good == [{"id": "1", "text": "good"}]
    assert Look(tmp_path, {first.fingerprint: frozenset({"b.csv"})}).pulls == []


def test_a_file_that_grew_is_read_anew(tmp_path: Path) -> None:
    first = Look(put(tmp_path / "a.csv", "id,text\n1,good\n").parent)
    put(tmp_path / "a.csv", "id,text\n1,good\n2,bad\n")
    assert Look(tmp_path, dict.fromkeys((pull.fingerprint for pull in first.pulls), frozenset())).good == TWO


@pytest.mark.parametrize("moment", ["_settled", "examine", "pages"])
def test_a_file_that_grows_while_looked_at_is_left_for_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    path = put(tmp_path / "a.csv", "id,text\n1,good\n")
    module, name = {"_settled": (finding, "_settled"), "examine": (finding.decoding, "examine"), "pages": (finding.delimited, "rows")}[moment]
    original = getattr(module, name)

    def grow(*arguments: object) -> object:
        result = original(*arguments)
        with path.open("a") as file:
            file.write("2,ba")
        return result

    monkeypatch.setattr(module, name, grow)
    found = Look(tmp_path)
    assert found.faults == ["a.csv is still being written; it will be read next time. Run again when the copy is complete."]


def test_a_file_touched_just_now_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(finding.time, "sleep", waited.append)
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(f"id,text\n{name},x\n")
    assert len(Look(tmp_path).good) == 3
    assert len(waited) == 1


def test_a_file_taken_away_between_two_looks_is_told(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "id,text\n1,x\n")
    (found,) = pulls(Source(name="s", connector="files", kind="review", path="*"), tmp_path, {})
    path.unlink()
    assert isinstance(found, Pull)
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        list(found.pages)


def test_a_name_that_is_no_text_is_no_obstacle(tmp_path: Path) -> None:
    put(tmp_path / os.fsdecode(b"caf\xe9.csv"), "id,text\n1,good\n2,bad\n")
    found = Look(tmp_path)
    assert found.good == TWO
    assert found.pulls[0].origin == "caf\ufffd.csv"


def test_what_runs_make_and_hidden_files_are_no_input(tmp_path: Path) -> None:
    for name in ("landing/s/p/manifest.json", ".published/x/stories.json", "models/m.json", "inbox/.hidden.csv", "inbox/~$open.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        put(tmp_path / name, '{"id":1}\n')
    assert Look(tmp_path, path="**/*.*").rows == []


@pytest.mark.parametrize("pattern", ["a**.csv", "inbox/***", "."])
def test_a_pattern_that_is_none_is_told(tmp_path: Path, pattern: str) -> None:
    found = Look(tmp_path, path=pattern)
    assert "sources.s" in found.faults[0]
    assert found.rows == []


def test_no_file_is_a_fault_until_one_has_landed_and_a_remark_after_it(tmp_path: Path) -> None:
    source = Source(name="s", connector="files", kind="review", path="inbox/*.csv")
    (never,) = pulls(source, tmp_path, {})
    (no_more,) = pulls(source, tmp_path, {"f": frozenset()})
    assert isinstance(never, Fault)
    assert isinstance(no_more, Fault)
    assert "no file matches 'inbox/*.csv'" in never.sentence
    assert (never.is_remark, no_more.is_remark) == (False, True)


# traps: files made to fill a memory or a disk, to read what is not theirs, or never to end

GOOD = "id,text\n1,good\n2,bad\n"
SHEET, RELATIONS, SHARED = "xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(b"<!ENTITY %c '%s'>" % (name, b"&%c;" % (name - 1) * 10) for name in b"bcdefghi") + b"]>"
OUTSIDE = b"<!DOCTYPE x [<!ENTITY i SYSTEM 'file:///etc/passwd'>]>"


def packed(edits: dict[str, Callable[[bytes], bytes]] | None = None, more: dict[str, bytes] | None = None) -> bytes:
    """A workbook of two rows whose texts are shared, with some of its parts edited or added."""
    kind = b"officeDocument/2006/relationships/sharedStrings"
    shared = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>good</t></si><si><t>bad</t></si></sst>'
    known: dict[str, Callable[[bytes], bytes]] = {
        SHEET: lambda part: part.replace(b't="inlineStr"><is><t>good</t></is>', b't="s"><v>0</v>').replace(
            b't="inlineStr"><is><t>bad</t></is>', b't="s"><v>1</v>'
        ),
        RELATIONS: lambda part: part.replace(
            b"</Relationships>",
            b'<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/%s" Target="sharedStrings.xml"/></Relationships>' % kind,
        ),
        "[Content_Types].xml": lambda part: part.replace(
            b"</Types>",
            b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
        ),
    }
    with zipfile.ZipFile(io.BytesIO(workbook(("id", "text"), ("1", "good"), ("2", "bad")))) as archive:
        parts = {name: known.get(name, bytes)(archive.read(name)) for name in archive.namelist()} | {SHARED: shared}
    parts = {name: (edits or {}).get(name, bytes)(part) for name, part in parts.items()} | (more or {})
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def repeated(text: str, rows: int, within_lists: bool = False, **options: Any) -> bytes:
    """A Parquet file in which every row has the same long text, which the file holds once."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([text]))
    cells = pa.ListArray.from_arrays(pa.array(range(rows + 1), pa.int32()), column) if within_lists else column
    pq.write_table(pa.table({"text": cells}), file := io.BytesIO(), **options)
    return file.getvalue()


def written(table: pa.Table, **options: Any) -> bytes:
    pq.write_table(table, file := io.BytesIO(), **options)
    return file.getvalue()


LONG = "x" * 2**19
TRAPS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a packed file that unpacks to a thousand times its size": (
        "a.csv.gz",
        lambda: gzip.compress(GOOD.encode() + b"3,%s\n" % (b"x" * 1000) * 120_000),
        "unpacks to more than",
    ),
    "a packed file of one endless line": ("a.csv.gz", lambda: gzip.compress(b"id,text\n1," + b"x" * 120_000_000, mtime=0), "unpacks to more than"),
    "a packed file in a packed file": ("a.csv.gz", lambda: gzip.compress(gzip.compress(GOOD.encode(), mtime=0)), "no text file"),
    "packed zeros": ("a.csv.gz", lambda: gzip.compress(bytes(40_000_000), mtime=0), "no text file"),
    "a workbook in a packed file": ("a.xlsx.gz", lambda: gzip.compress(packed(), mtime=0), "is no .xlsx workbook"),
    "a workbook with a part that unpacks to a thousand times its size": (
        "a.xlsx",
        lambda: packed(more={"xl/media/x.bin": bytes(40_000_000)}),
        "would unpack to",
    ),
    "a workbook of one endless shared text": ("a.xlsx", lambda: packed({SHARED: lambda part: part.replace(b"good", b"x" * 40_000_000)}), "would unpack to"),
    "a workbook in an archive": ("a.zip", lambda: _zipped({"inner.xlsx": packed()}), "cannot be read as a workbook"),
    "a workbook that lies about a part's size": ("a.xlsx", lambda: _lying(packed()), "cannot be read as a workbook"),
    "a workbook with a name that leads out": ("a.xlsx", lambda: packed(more={"../../evil.txt": b"x"}), "leads out of the workbook"),
    "a workbook with a name from the root": ("a.xlsx", lambda: packed(more={"/etc/cron.d/evil": b"x"}), "leads out of the workbook"),
    "a workbook with a name as on Windows": ("a.xlsx", lambda: packed(more={"xl\\..\\..\\evil": b"x"}), "leads out of the workbook"),
    "a workbook whose sheet lies elsewhere": (
        "a.xlsx",
        lambda: packed({RELATIONS: lambda part: part.replace(b"/xl/worksheets/sheet1.xml", b"../../../../../../etc/passwd")}),
        "no visible sheet with rows",
    ),
    "a workbook whose shared texts lie elsewhere": (
        "a.xlsx",
        lambda: packed({"[Content_Types].xml": lambda part: part.replace(b"/xl/sharedStrings.xml", b"/../../etc/passwd")}),
        "cannot be read as a workbook",
    ),
    "a workbook with a line far below": (
        "a.xlsx",
        lambda: packed({SHEET: lambda part: part.replace(b'<row r="3"', b'<row r="999999999999"')}),
        "more than 1048576 rows",
    ),
    "a workbook with a cell far to the right": (
        "a.xlsx",
        lambda: packed({SHEET: lambda part: part.replace(b'r="B3"', b'r="ZZZ3"')}),
        "16384 columns",
    ),
    **{
        f"a workbook with {name} in {part}": (
            "a.xlsx",
            lambda part=part, xml=xml: packed({part: lambda old: xml + old.replace(b"good", b"&i;").replace(b"<v>0", b"<v>&i;")}),
            "cannot be read as a workbook",
        )
        for name, xml in (("a billion laughs", LAUGHS), ("an entity from outside", OUTSIDE))
        for part in (SHEET, SHARED, RELATIONS, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml")
    },
    "a Parquet file of one text repeated": ("a.parquet", lambda: repeated(LONG, 20_000), "would unpack to 9.8 GB"),
    "a Parquet file of one text repeated in lists": ("a.parquet", lambda: repeated(LONG, 20_000, within_lists=True), "would unpack to 9.8 GB"),
    "a Parquet file of one text repeated in lists, which says nothing of its types": (
        "a.parquet",
        lambda: repeated(LONG, 20_000, within_lists=True, store_schema=False),
        "would unpack to 9.8 GB",
    ),
    "a Parquet file of texts that shrink": (
        "a.parquet",
        lambda: written(pa.table({"text": [LONG + str(number) for number in range(100)]}), compression="zstd", use_dictionary=False),
        "would unpack to",
    ),
    "a Parquet file of a hundred million empty rows": ("a.parquet", lambda: written(pa.table({"text": pa.nulls(100_000_000, pa.string())})), "would unpack to"),
    "a Parquet file of too many columns": ("a.parquet", lambda: written(pa.table({f"c{number}": [1] for number in range(20_000)})), "has 20000 columns"),
    "a Parquet file with more to say of itself than to hold": (
        "a.parquet",
        lambda: written(pa.table({"text": ["x"]}).replace_schema_metadata({"k": "x" * 120_000_000})),
        "cannot be read as Parquet",
    ),
    "a Parquet file that says its end is longer than itself": (
        "a.parquet",
        lambda: written(pa.table({"text": ["x"]}))[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1",
        "cannot be read as Parquet",
    ),
}


def _zipped(parts: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def _lying(content: bytes) -> bytes:
    """The same archive, whose sheet claims to unpack to ten bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.getinfo(SHEET)
    return content.replace(struct.pack("<LL", sheet.compress_size, sheet.file_size), struct.pack("<LL", sheet.compress_size, 10))


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_refused_in_words_and_the_file_beside_it_goes_through(tmp_path: Path, trap: str) -> None:
    name, content, words = TRAPS[trap]
    put(tmp_path / name, content())
    put(tmp_path / "good.csv", GOOD)
    found = Look(tmp_path)
    assert [words in fault for fault in found.faults] == [True], found.faults
    assert found.good == TWO
    assert {path.name for path in tmp_path.iterdir()} == {name, "good.csv"}


def test_the_workbook_that_traps_are_made_from_is_good(look: Callable[..., Look]) -> None:
    assert look("a.xlsx", packed()).good == TWO


def test_what_is_packed_well_is_no_trap(look: Callable[..., Look]) -> None:
    assert len(look("a.csv.gz", gzip.compress(b"id,text\n" + b"1,the same words again and again\n" * 200_000, mtime=0)).good) == 200_000


def test_a_sheet_whose_every_line_names_one_cell_far_to_the_right_is_refused(look: Callable[..., Look], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listening.sources.tables.CELLS", 2**20)
    far = b'<row><c r="XFD9"><v>1</v></c></row>' * 100
    found = look("a.xlsx", packed({SHEET: lambda part: part.replace(b"</sheetData>", far + b"</sheetData>")}))
    assert "absurd number of columns" in found.faults[0]


def test_a_document_that_must_be_held_as_a_whole_has_a_limit(look: Callable[..., Look], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listening.sources.files.decoding.WHOLE_LIMIT", 2**20)
    found = look("a.json", "[\n" + ",\n".join(json.dumps({"id": number, "text": "x" * 100}) for number in range(20_000)) + "\n]")
    assert "is one JSON document of more than 1 million characters" in found.faults[0]


@pytest.mark.parametrize("row_group_size", [777, 100_000])
def test_parquet_comes_back_as_it_was_written_however_it_is_packed(tmp_path: Path, row_group_size: int) -> None:
    table = [
        {"text": f"text {number}" if number % 3 else None, "same": "again", "list": [f"a{number}", None], "deep": {"a": [{"b": f"c{number}"}]}, "n": number}
        for number in range(25_000)
    ]
    put(tmp_path / "a.parquet", written(pa.Table.from_pylist(table), row_group_size=row_group_size))
    assert Look(tmp_path).good == table


@pytest.mark.parametrize("extent", [b"", b'<dimension ref="A1"/>', b'<dimension ref="A1:XFD1048576"/>'])
def test_what_a_sheet_says_of_its_extent_is_not_believed(look: Callable[..., Look], extent: bytes) -> None:
    """Programs that stream a sheet write it before they know it; what they write must cost no row."""
    assert look("a.xlsx", packed({SHEET: lambda part: part.replace(b'<dimension ref="A1:B3" />', extent)})).good == TWO


def test_a_cell_beyond_the_header_is_kept(look: Callable[..., Look]) -> None:
    found = look("a.xlsx", workbook(("id", "text"), (1, "good", None, "beyond"), (2, "bad")))
    assert found.good == [{"id": 1, "text": "good", "column_3": None, "column_4": "beyond"}, {"id": 2, "text": "bad", "column_3": None, "column_4": None}]


def test_what_never_ends_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a-pipe.csv")
    (tmp_path / "b-zeros.csv").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as door:
        place = tempfile.mkdtemp()  # a socket's path must be short
        door.bind(f"{place}/s")
        shutil.move(f"{place}/s", tmp_path / "c-socket.csv")
        Path(place).rmdir()
        put(tmp_path / "good.csv", GOOD)
        found = Look(tmp_path)
    assert found.good == TWO
    assert [fault.split(".")[0] for fault in found.faults] == ["a-pipe", "b-zeros", "c-socket"]
    assert "is no ordinary file" in found.faults[0]
    assert "leads out of the workspace" in found.faults[1]


def test_a_device_is_no_file(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "device.csv", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only the administrator can make a device")
    put(tmp_path / "good.csv", GOOD)
    found = Look(tmp_path)
    assert found.good == TWO
    assert [("device.csv is no ordinary file" in fault) for fault in found.faults] == [True]


def test_no_way_leads_out_of_the_workspace(tmp_path: Path) -> None:
    """Not a link, not a folder that is one, not the inbox itself, not a path that climbs."""
    root = tmp_path / "workspace"
    root.mkdir()
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    put(tmp_path / "outside" / "secret.csv", "id,text\n1,secret\n")
    put(tmp_path / "outside" / "deep" / "secret.csv", "id,text\n2,secret\n")
    put(root / "good.csv", GOOD)
    (root / "inbox").symlink_to(tmp_path / "outside")
    (root / "around").symlink_to(root)
    (root / "file.csv").symlink_to("../outside/secret.csv")
    for pattern in (
        "inbox/*.csv",
        "inbox/**/*.csv",
        "**/secret.csv",
        "file.csv",
        "../outside/*.csv",
        "inbox/../../outside/*.csv",
        str(tmp_path / "outside" / "*.csv"),
    ):
        found = Look(root, path=pattern)
        assert found.rows == [], pattern
        assert found.faults, pattern
    assert Look(root, path="*.csv").good == TWO
    assert Look(root, path="around/good.csv").good == TWO


def test_a_link_to_what_runs_make_is_not_followed(tmp_path: Path) -> None:
    for name in ("landing/s/rows.csv", ".published/run/rows.csv"):
        (tmp_path / name).parent.mkdir(parents=True)
        put(tmp_path / name, GOOD)
    (tmp_path / "a.csv").symlink_to("landing/s/rows.csv")
    (tmp_path / "published").symlink_to(".published/run")
    (tmp_path / "b.csv").symlink_to("published/rows.csv")
    found = Look(tmp_path)
    assert found.rows == []
    assert ["is a link to what runs make" in fault for fault in found.faults] == [True, True]


def test_names_show_what_would_steer_a_terminal_as_a_sign(tmp_path: Path) -> None:
    put(tmp_path / "a\x1b[31m\nb\u202e.csv", "id,text,te\x1bxt,te\x1bxt\n1,x,y,z\n")
    put(tmp_path / "b.jsonl", '{"id": 1, "te\\u001bxt": 1, "te\\u001bxt": 2}\n{"id": 2}\n')
    found = Look(tmp_path)
    assert found.pulls[0].origin == "a\ufffd[31m\ufffdb\ufffd.csv"
    assert found.notes == [
        f"{found.pulls[0].origin} has the column 'te\ufffdxt' more than once; another is called 'te\ufffdxt_2'",
        "b.jsonl has objects with the key 'te\ufffdxt' more than once; the last one counts",
    ]
    assert set(found.good[0]) == {"id", "text", "te\x1bxt", "te\x1bxt_2"}


# rules

CELLS = st.text(alphabet="ab é,;|\t\"'\n", max_size=8)
LINE_CELLS = st.text(alphabet="ab é,;|\"'", max_size=8)


def tables(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    return st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6))


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quoting = [csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC] + [csv.QUOTE_MINIMAL] * (end != "\r")  # before Python 3.13 it forgets to quote line feeds
    return {"delimiter": draw(st.sampled_from(",;\t|")), "lineterminator": end, "quoting": draw(st.sampled_from(quoting))}


def as_csv(rows: list[list[str]], dialect: dict[str, Any]) -> list[str]:
    """Each row as csv.writer writes it, below a header."""
    lines = []
    for row in [[f"column {place}" for place in range(len(rows[0]))], *rows]:
        file = io.StringIO(newline="")
        csv.writer(file, **dialect).writerow(row)
        lines.append(file.getvalue())
    return lines


def read(content: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder, "a.csv"), content)
        return Look(Path(folder)).rows


@settings(max_examples=250, deadline=None, derandomize=True)
@given(tables(CELLS), dialects())
def test_rows_come_back_as_csv_writer_wrote_them(table: list[list[str]], dialect: dict[str, Any]) -> None:
    found = read("".join(as_csv(table, dialect)))
    assert [row.fault for row in found] == [None] * len(table)
    assert [list(row.cells.values()) for row in found] == table


DAMAGES: dict[str, Callable[[str, str], str]] = {
    "a quotation mark opens and never closes": lambda line, delimiter: f'x{delimiter}"{line.replace(chr(34), "")}',
    "cells are missing": lambda line, delimiter: "x",
    "there are too many cells": lambda line, delimiter: delimiter.join("abcdefgh"),
    "bytes are lost": lambda line, delimiter: "\0\ufffd",
}


@settings(max_examples=250, deadline=None, derandomize=True)
@given(tables(LINE_CELLS), dialects(), st.sampled_from(sorted(DAMAGES)), st.data())
def test_whatever_single_line_is_damaged_the_others_survive(table: list[list[str]], dialect: dict[str, Any], damage: str, data: st.DataObject) -> None:
    lines = as_csv(table, dialect)
    place = data.draw(st.integers(1, len(table)))
    end = dialect["lineterminator"]
    lines[place] = DAMAGES[damage](lines[place].removesuffix(end), dialect["delimiter"]) + end
    found = read("".join(lines))
    assert [list(row.cells.values()) for row in found if not row.fault] == [row for number, row in enumerate(table, 1) if number != place]
    assert [row.number for row in found if row.fault] == [place + 1]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=60), st.sampled_from(["a.csv", "a.jsonl", "a.json", "a.gz"]))
def test_no_bytes_whatever_raise_anything(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder, name), content)
        Look(Path(folder))


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=3), min_size=2, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_objects_come_back_as_json_wrote_them(rows: list[dict[str, Any]], indent: int | None, is_list: bool) -> None:
    def content() -> Iterator[str]:
        yield from [json.dumps(rows, indent=indent)] if is_list else (json.dumps(row, indent=indent) + "\n" for row in rows)

    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder, "a.json"), "".join(content()))
        assert Look(Path(folder)).good == rows
