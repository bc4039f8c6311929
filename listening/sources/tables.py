"""Spreadsheets and Parquet files: takes a path, gives rows with their cells as plain values, dates in ISO 8601."""

from __future__ import annotations

import datetime as dt
import decimal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from listening.sources.pull import PAGE_ROWS, Pull, Row, Unreadable, distinct

UNPACKED_LIMIT = 4 * 2**30  # bytes; a spreadsheet that unpacks to more is no spreadsheet
UNPACKED_RATIO = 500


def xlsx_rows(path: Path, pull: Pull) -> Iterator[Row]:
    """The rows of the first visible sheet that has any; `Row.number` is the line in the sheet.

    Raises:
        Unreadable: it is no workbook, is protected, or unpacks to an absurd size.
    """
    _check_archive(path)
    with path.open("rb") as file:  # openpyxl refuses a workbook that is called otherwise
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        except Exception as error:
            raise Unreadable(
                f"cannot be read as a workbook ({type(error).__name__}). Save it anew as .xlsx without a password, or export it as CSV (UTF-8)."
            ) from None
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible" and (sheet.max_row or 0) > 0]
        if not sheets:
            raise Unreadable("has no visible sheet with rows. Export it again.")
        if len(sheets) > 1:
            others = ", ".join(sheet.title for sheet in sheets[1:])
            pull.notes.append(f"{pull.origin} is read from its first sheet '{sheets[0].title}'; left out: {others}")
        yield from _sheet_rows(sheets[0], pull)


def parquet_rows(path: Path) -> Iterator[Row]:
    """The rows of a Parquet file, a page at a time.

    Raises:
        Unreadable: it is no Parquet file or cannot be decoded.
    """
    try:
        with pq.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=PAGE_ROWS):
                for cells in batch.to_pylist():
                    number += 1
                    yield Row(number, {name: plain(cell) for name, cell in cells.items()})
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"cannot be read as Parquet ({type(error).__name__}). Export it again.") from None


def plain(cell: Any) -> Any:
    """A cell as JSON can hold it: times in ISO 8601, a midnight as its date, whole numbers without '.0'."""
    if isinstance(cell, dt.datetime):
        is_date = cell.tzinfo is None and cell.time() == dt.time()
        return cell.date().isoformat() if is_date else cell.isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, decimal.Decimal):
        return str(cell)
    if isinstance(cell, float):
        return None if cell != cell else int(cell) if cell.is_integer() else cell
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, dict):
        return {key: plain(value) for key, value in cell.items()}
    if isinstance(cell, list):
        return [plain(value) for value in cell]
    return cell


def _sheet_rows(sheet: Any, pull: Pull) -> Iterator[Row]:
    names: list[str] | None = None
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if not any(value is not None and str(value).strip() for value in values):
            continue
        if names is None:
            names = distinct(["" if value is None else str(value).strip() for value in values], pull)
            continue
        yield Row(number, {name: plain(value) for name, value in zip(names, values, strict=False)})
    if names is None:
        raise Unreadable("has no header line. Export it again with the names of the columns on top.")


def _check_archive(path: Path) -> None:
    """Refuse what is no zip archive, and one that would unpack to an absurd size."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile:
        raise Unreadable("is no .xlsx workbook (perhaps an old .xls, or protected by a password). Save it as .xlsx, or export it as CSV (UTF-8).") from None
    if unpacked > UNPACKED_LIMIT or unpacked > UNPACKED_RATIO * max(path.stat().st_size, 2**16):
        raise Unreadable(f"would unpack to {unpacked / 2**30:.1f} GB, which no export does. It is not opened.")
