"""Files that people and programs take away: takes a table and a path, writes it in the form that the path's ending names.

.csv and .xlsx are for people. No text in them can become a formula: what customers, files or names say is only ever
shown (OWASP, CSV Injection). .jsonl and .parquet are for programs and hold every text as it is.
Every file can be read by its owner alone, and appears whole or not at all.
"""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import json
import math
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.cell import WriteOnlyCell

from listening.tables import Rows
from listening.workspace import Mend

CELL_LENGTH = 32_767  # what a cell of a sheet can hold, in UTF-16 units, as Excel counts
SHEET_ROWS, SHEET_COLUMNS = 2**20, 2**14
EXACT = 10**15  # from here on Excel forgets a number's last digits
FIRST_YEAR = 1900  # Excel knows no day before it
CUT = " […cut]"
_NO_LETTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # no XML may hold them
_STARTS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"  # as themselves, full-width and small
_PASSED_OVER = r"[^\S\t\n\r]|['\"\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
_AT_START = rf"'*[\t\n\r]|(?:{_PASSED_OVER}|[,;|])*[{_STARTS}]"
_AFTER_AN_END = rf"(?:{_PASSED_OVER})*[{_STARTS}]"  # a program that parts cells at semicolons, tabs or line ends begins a new one after them
_TO_GUARD = re.compile(rf"^(?={_AT_START})|(?<=[;\t\n\r])(?={_AFTER_AN_END})")
_GUARDED = re.compile(rf"^'(?={_AT_START})|(?<=[;\t\n\r])'(?={_AFTER_AN_END})")


def check(path: Path, overwrite: bool = False) -> None:
    """Whether a file can be asked for under this path, before the work of filling it begins.

    Raises:
        Mend: the ending names no form, or something stands there already and is not to be overwritten.
    """
    if path.suffix.lower() not in FORMS:
        raise Mend(f"'{path.name}' has no ending that says how to write it; it can be {', '.join(FORMS)}.")
    try:
        is_folder, is_there = path.is_dir(), path.exists() or path.is_symlink()
    except OSError as error:
        raise _cannot(path, error) from None
    if is_folder:
        raise Mend(f"{path} is a folder; name a file in it.")
    if is_there and not overwrite:
        raise Mend(f"{path} exists already. Name another file, or say --overwrite to replace it.")


def write(path: Path, rows: Rows, overwrite: bool = False) -> list[str]:
    """Write a table to a file.

    Args:
        path: where to; its ending says how: .csv (UTF-8 with a mark, as Excel wants it), .xlsx, .jsonl or .parquet.
        rows: an Arrow table, a frame, or rows as mappings (columns in the order in which they first come).
        overwrite: replace a file that is there.

    Returns:
        Sentences on what a reader of the file must know, such as texts that a cell could not hold.

    Raises:
        Mend: the path cannot be used, or the form cannot hold the table.
    """
    check(path, overwrite)
    table = _table(rows)
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".listening-", delete=False) as file:  # made for its owner alone
            partial = Path(file.name)
            notes = FORMS[path.suffix.lower()](table, file)
        partial.replace(path)
    except OSError as error:
        raise _cannot(path, error) from None
    except (pa.ArrowException, _Unfit) as error:
        raise Mend(f"{path.suffix.lower()} cannot hold this table: {error}") from None
    finally:
        if partial:
            partial.unlink(missing_ok=True)
    return notes


def guarded(text: str) -> str:
    """A text as a cell of CSV: with an apostrophe wherever a spreadsheet would begin to read a formula."""
    return _TO_GUARD.sub("'", text)


def unguarded(cell: str) -> str:
    """The text that a guarded cell was made from."""
    return _GUARDED.sub("", cell)


def plain(cell: Any) -> Any:
    """A cell as JSON can hold it: numbers as numbers, what is no number as null, times in ISO 8601, at any depth."""
    if isinstance(cell, dict):
        return {str(key): plain(each) for key, each in cell.items()}
    if isinstance(cell, list):
        return [plain(each) for each in cell]
    if isinstance(cell, float | decimal.Decimal):
        return float(cell) if math.isfinite(cell) else None
    return cell if cell is None or isinstance(cell, bool | int | str) else _text(cell)


def _cannot(path: Path, error: OSError) -> Mend:
    return Mend(f"{path} cannot be written ({error.strerror or error}). Name a folder that exists, may be written to and has room.")


class _Unfit(Exception):
    """What keeps a table out of a form, as half a sentence."""


def _table(rows: Rows) -> pa.Table:
    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pd.DataFrame):
        return pa.Table.from_arrays([_array(rows.iloc[:, place]) for place in range(rows.shape[1])], names=[str(name) for name in rows.columns])
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.Table.from_arrays([_array([row.get(name) for row in rows]) for name in names], names=names)


def _array(cells: pd.Series[Any] | Sequence[Any]) -> pa.Array:
    """Cells as a column of one type; as texts where they have no type in common."""
    try:
        return pa.array(cells, from_pandas=True)
    except (pa.ArrowException, UnicodeError):
        return pa.array([None if cell is None else _without_controls(_text(cell)) for cell in cells], pa.string())


def _lines(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _csv(table: pa.Table, file: IO[bytes]) -> list[str]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([_csv_cell(name) for name in table.column_names])
    writer.writerows([_csv_cell(cell) for cell in line] for line in _lines(table))
    text.flush()
    text.detach()
    return []


def _csv_cell(cell: Any) -> Any:
    if cell is None or _is_number(cell):
        return cell
    return guarded(_without_controls(_text(cell)))


def _xlsx(table: pa.Table, file: IO[bytes]) -> list[str]:
    if table.num_rows >= SHEET_ROWS or table.num_columns > SHEET_COLUMNS:
        size = f"{table.num_rows:,} rows and {table.num_columns:,} columns"
        raise _Unfit(f"it has {size}, a sheet can have {SHEET_ROWS - 1:,} and {SHEET_COLUMNS:,}. Write .csv or .parquet.")
    book = openpyxl.Workbook(write_only=True)
    book.properties.creator = "Listening Path"
    sheet = book.create_sheet("Rows")
    sheet.freeze_panes = "A2"
    cut = 0
    for line in (tuple(table.column_names), *_lines(table)):
        cells = [_xlsx_value(cell) for cell in line]
        cut += sum(_is_too_long(cell) for cell in cells if isinstance(cell, str))
        sheet.append([_text_cell(sheet, cell) if isinstance(cell, str) else cell for cell in cells])
    book.save(file)
    told = f"{cut} {'text is' if cut == 1 else 'texts are'} longer than the {CELL_LENGTH:,} characters of a cell and cut; '{CUT.strip()}' stands at the end"
    return [f"{told}. .csv, .jsonl and .parquet hold all of them."] if cut else []


def _xlsx_value(cell: Any) -> Any:
    """A cell as a sheet can hold it: a number, a truth, a time without zone (UTC), or a text."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, dt.datetime) and cell.tzinfo:
        cell = cell.astimezone(dt.UTC).replace(tzinfo=None)
    if isinstance(cell, dt.date) and cell.year >= FIRST_YEAR:
        return cell
    if _is_number(cell) and (isinstance(cell, float) or abs(cell) < EXACT):
        return cell
    return _without_controls(_text(cell))


def _is_too_long(text: str) -> bool:
    return len(text.encode("utf-16-le")) > 2 * CELL_LENGTH


def _text_cell(sheet: Any, text: str) -> Any:
    """A cell of type text, whatever it begins with; one that looks like a formula stays text when it is edited, as after an apostrophe."""
    if _is_too_long(text):
        text = text.encode("utf-16-le")[: 2 * (CELL_LENGTH - len(CUT))].decode("utf-16-le", "ignore") + CUT
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    cell.quotePrefix = bool(_TO_GUARD.match(text))
    return cell


def _jsonl(table: pa.Table, file: IO[bytes]) -> list[str]:
    _check_names(table)
    for line in _lines(table):
        file.write(json.dumps(dict(zip(table.column_names, map(plain, line), strict=True)), ensure_ascii=False).encode() + b"\n")
    return []


def _parquet(table: pa.Table, file: IO[bytes]) -> list[str]:
    _check_names(table)
    pq.write_table(table, file, compression="zstd")
    return []


def _check_names(table: pa.Table) -> None:
    twice = next((name for name in table.column_names if table.column_names.count(name) > 1), None)
    if twice is not None:
        raise _Unfit(f"two columns have the name '{twice}'. Rename one with 'as'.")


def _is_number(cell: Any) -> bool:
    """Whether a cell is a number that a sheet can hold as such, by its type and not by its looks."""
    if isinstance(cell, float | decimal.Decimal):
        return math.isfinite(cell)
    return isinstance(cell, int) and not isinstance(cell, bool)


def _text(cell: Any) -> str:
    """A cell in letters: lists and structures as JSON, times in ISO 8601."""
    if isinstance(cell, bool | list | dict):
        return json.dumps(cell, ensure_ascii=False, default=_text)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _without_controls(text: str) -> str:
    return _NO_LETTER.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


FORMS: dict[str, Callable[[pa.Table, IO[bytes]], list[str]]] = {".csv": _csv, ".xlsx": _xlsx, ".jsonl": _jsonl, ".parquet": _parquet}
