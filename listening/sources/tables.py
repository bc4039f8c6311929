"""Spreadsheets and Parquet files: takes a path, gives rows with their cells as plain values, dates in ISO 8601.

Both can be made so that a few kilobytes unpack to more than any memory holds; such files are refused before they do.
"""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.sources.pull import PAGE_ROWS, Pull, Row, Unreadable, distinct, most_unpacked, printable

UNPACKED_LIMIT = 2 * 2**30  # bytes of a workbook, whose shared texts openpyxl holds in memory
SHEET_ROWS, SHEET_COLUMNS = 2**20, 2**14  # what a sheet can have
CELLS = 2**22  # of a sheet before their number is doubted
PAGE_BYTES = 2**30  # of a page's texts, each written out; with more the memory would fill
_OUT_OF_IT = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.S)


def xlsx_rows(path: Path, pull: Pull) -> Iterator[Row]:
    """The rows of the first visible sheet that has any; `Row.number` is the line in the sheet.

    Raises:
        Unreadable: it is no workbook, is protected, or unpacks to an absurd size.
    """
    unpacked = _check_archive(path)
    with path.open("rb") as file:  # openpyxl refuses a workbook that is called otherwise
        try:
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except Exception as error:
            raise Unreadable(
                f"cannot be read as a workbook ({type(error).__name__}). Save it anew as .xlsx without a password, or export it as CSV (UTF-8)."
            ) from None
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible" and _has_rows(sheet)]
        if not sheets:
            raise Unreadable("has no visible sheet with rows. Export it again.")
        if len(sheets) > 1:
            others = ", ".join(printable(sheet.title) for sheet in sheets[1:])
            pull.notes.append(f"{pull.origin} is read from its first sheet '{printable(sheets[0].title)}'; left out: {others}")
        yield from _sheet_rows(sheets[0], pull, max(CELLS, unpacked))


def parquet_rows(path: Path) -> Iterator[Row]:
    """The rows of a Parquet file, a page at a time.

    Raises:
        Unreadable: it is no Parquet file or cannot be decoded.
    """
    size = path.stat().st_size
    try:
        with pq.ParquetFile(path) as file:
            texts = _check_parquet(file, size)
        with pq.ParquetFile(path, read_dictionary=texts) as file:  # a text that comes again and again is held once until it is weighed
            number, unpacked = 0, 0
            groups = (file.iter_batches(PAGE_ROWS, row_groups=[group]) for group in range(file.num_row_groups))  # Arrow cannot join dictionaries within lists
            for batch in itertools.chain.from_iterable(groups):
                weight = sum(_written_out(column) for column in batch.columns)
                unpacked += weight
                if weight > PAGE_BYTES or unpacked > most_unpacked(size):
                    raise Unreadable(_absurd(unpacked))
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


def _has_rows(sheet: Any) -> bool:
    """Whether a cell of the sheet holds anything. What the sheet says of its own extent is forgotten: many programs write it wrong."""
    sheet.reset_dimensions()
    return any(not _is_blank(values) for _, values in _lines(sheet))


def _lines(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The sheet's lines with their numbers, those between them that the file leaves out as well."""
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > SHEET_ROWS or len(values) > SHEET_COLUMNS:
            raise Unreadable(f"has a sheet of more than {SHEET_ROWS} rows or {SHEET_COLUMNS} columns, which no program writes. Export it as CSV (UTF-8).")
        yield number, values


def _is_blank(values: tuple[Any, ...]) -> bool:
    return not any(value is not None and str(value).strip() for value in values)


def _sheet_rows(sheet: Any, pull: Pull, most: int) -> Iterator[Row]:
    """The rows below the header; at most so many cells, since a sheet that names one cell far to the right has all those before it."""
    names: list[str] | None = None
    cells = 0
    for number, values in _lines(sheet):
        cells += len(values)
        if cells > most:
            raise Unreadable("spreads few cells over an absurd number of columns. Export it as CSV (UTF-8).")
        if _is_blank(values):
            continue
        if names is None:
            names = distinct(["" if value is None else str(value).strip() for value in values], pull)
            continue
        named = next((place for place in range(len(values), len(names), -1) if values[place - 1] is not None), len(names))
        if named > len(names):
            names = distinct([*names, *[""] * (named - len(names))], pull)
        yield Row(number, {name: plain(value) for name, value in itertools.zip_longest(names, values[:named])})


def _check_archive(path: Path) -> int:
    """The size to which a workbook unpacks. Refuses what is no zip archive, would unpack to an absurd size, or holds names that lead out of it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise Unreadable("is no .xlsx workbook (perhaps an old .xls, or protected by a password). Save it as .xlsx, or export it as CSV (UTF-8).") from None
    if any(_OUT_OF_IT.match(entry.filename) for entry in entries):
        raise Unreadable("holds a file whose name leads out of the workbook, which no export does. It is not opened.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > min(UNPACKED_LIMIT, most_unpacked(path.stat().st_size)):
        raise Unreadable(_absurd(unpacked))
    return unpacked


def _check_parquet(file: pq.ParquetFile, size: int) -> list[str]:
    """The paths of a file's columns of texts. Refuses it where its own account of itself is absurd."""
    told = file.metadata
    unpacked = sum(told.row_group(number).total_byte_size for number in range(told.num_row_groups))
    if told.num_columns > SHEET_COLUMNS:
        raise Unreadable(f"has {told.num_columns} columns, which no export has. It is not opened.")
    if max(unpacked, told.num_rows * told.num_columns) > most_unpacked(size):
        raise Unreadable(_absurd(max(unpacked, told.num_rows * told.num_columns)))
    leaves = [file.schema.column(place) for place in range(told.num_columns)]
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]


def _written_out(cells: Any) -> int:
    """The bytes that the cells of a column take once each is written out, also where the file holds them once."""
    if isinstance(cells, pa.DictionaryArray):
        lengths = pc.binary_length(cells.dictionary).cast(pa.int64()).take(cells.indices)
        return pc.sum(lengths).as_py() or 0
    if isinstance(cells, pa.StructArray):
        return sum(map(_written_out, cells.flatten()))
    if isinstance(cells, pa.MapArray):
        return _written_out(cells.keys) + _written_out(cells.items)
    if isinstance(cells, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        return _written_out(cells.flatten())
    return int(cells.nbytes)


def _absurd(unpacked: int) -> str:
    return f"would unpack to {unpacked / 2**30:.1f} GB, which no export does. It is not opened."
