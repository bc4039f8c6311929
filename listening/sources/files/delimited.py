"""Rows of delimited text: what a spreadsheet or a survey tool calls CSV, with whatever happened to it on the way."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from listening.sources.files.decoding import Lines
from listening.sources.pull import Pull, Row, Unreadable, distinct
from listening.workspace import Source

CELL_LIMIT = 2**26  # characters; where a quotation mark is never closed, so much is read ahead before it is given up
SAMPLE_LINES = 50
DELIMITERS = ",;\t|"
NO_DELIMITER = "\x1f"  # a table of one column has none, and its commas are just commas
NOT_CLOSED = "line has a quotation mark that is never closed"
RAGGED = "line has another number of cells than the header"
_OPENING = re.compile(' *"')
_QUOTED = re.compile('"[^"]*"')
_TOLD = re.compile('"?sep=(.)"?', re.IGNORECASE)  # how Excel is told the delimiter
csv.field_size_limit(CELL_LIMIT)


@dataclass(frozen=True)
class _Dialect:
    delimiter: str
    has_spaces: bool = False  # a blank between delimiter and quotation mark


def rows(lines: Lines, source: Source, pull: Pull) -> Iterator[Row]:
    """The table's rows by the names in its header. A damaged line is a row with its fault and costs no other line.

    Raises:
        Unreadable: there is no header, or it or the delimiter cannot be used.
    """
    if source.format not in (None, "csv"):
        raise Unreadable(f"is a text file, though format = '{source.format}' says otherwise. Take format out of [sources.{source.name}].")
    if source.delimiter is not None and source.delimiter in '"\r\n':
        raise Unreadable(f"cannot be taken apart at {source.delimiter!r}. Mend delimiter in [sources.{source.name}].")
    dialect = _dialect(lines, source.delimiter)
    header, _, _ = _record(lines, dialect, None)
    if header is None:
        raise Unreadable("has a header line with a quotation mark that is never closed. Export it again.")
    names = distinct([name.strip() for name in header], pull)
    while True:
        start = lines.number + 1
        cells, text, fault = _record(lines, dialect, len(names))
        if not text:
            return
        if cells is None:
            yield Row(start, text.rstrip("\r\n"), fault)
        elif cells:
            yield Row(start, dict(zip(names, cells, strict=True)))


_Record = tuple[list[str] | None, str, str | None]  # cells (none of a blank line, None of a damaged one), the text taken, the fault


def _record(lines: Lines, dialect: _Dialect, width: int | None) -> _Record:
    """The next row. Of a damaged one only the first line is used up, so that it costs no good row after it."""
    line = lines.take()
    if line is None:
        return [], "", None
    bare = line.rstrip("\r\n")
    if not bare.strip() and dialect.delimiter not in bare and (width != 1 or not bare):
        return [], line, None
    if '"' not in bare:
        cells = _fitted(bare.split(dialect.delimiter), width)
        return cells, line, None if cells else RAGGED
    alone = _alone(bare, dialect)
    if alone is None and (several := _several(lines, line, dialect, width)):
        return several
    cells = _fitted(alone, width) or _fitted(by_hand := _by_hand(bare, dialect.delimiter), width)
    return cells, line, None if cells else NOT_CLOSED if by_hand is None else RAGGED


def _several(lines: Lines, first: str, dialect: _Dialect, width: int | None) -> _Record | None:
    """The row that begins on a line and goes over the next ones; None, with those lines given back, if there is none."""
    taken = [first]

    def feed() -> Iterator[str]:
        yield first
        while (line := lines.take()) is not None:
            taken.append(line)
            yield line

    try:
        found = next(_reader(feed(), dialect))
    except csv.Error:
        found = None
    if found is not None and len(taken) > 1:
        text = "".join(taken)
        cells = _fitted(found, width)
        if cells and _is_well_formed(text, dialect.delimiter):
            return cells, text, None
        if not cells and _belong_together(taken, dialect, width):
            return None, text, RAGGED
    lines.give_back(taken[1:])
    return None


def _reader(lines: Iterable[str], dialect: _Dialect) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=dialect.has_spaces, strict=True)


def _alone(line: str, dialect: _Dialect) -> list[str] | None:
    """The cells of a line that follows the rules of CSV and is whole in itself, else None."""
    try:
        return next(_reader([line], dialect), [])
    except csv.Error:
        return None


def _by_hand(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line that breaks the rules: a quotation mark closes a cell only before a delimiter or the line's end.

    None where one is never closed.
    """
    cells: list[str] = []
    position = 0
    while True:
        end = line.find(delimiter, position)
        end = len(line) if end < 0 else end
        opening = _OPENING.match(line, position)
        closing = _closing(line, opening.end(), delimiter) if opening else None
        if opening and closing is not None:
            cells.append(line[opening.end() : closing].replace('""', '"'))
            end = closing + 1
        elif opening and line.count('"', position, end) % 2:
            return None
        else:
            cells.append(line[position:end])
        if end >= len(line):
            return cells
        position = end + 1


def _closing(line: str, start: int, delimiter: str) -> int | None:
    for marks in re.compile('"+').finditer(line, start):
        is_last = marks.end() == len(line)
        is_odd = len(marks[0]) % 2 == 1
        if is_last or (is_odd and line.startswith(delimiter, marks.end())):
            return marks.end() - 1
    return None


def _fitted(cells: list[str] | None, width: int | None) -> list[str] | None:
    """Cells of a row as wide as the header; empty ones beyond it, as spreadsheets add them, are left off."""
    if cells is None or width is None or len(cells) == width:
        return cells
    return cells[:width] if len(cells) > width and not any(cells[width:]) else None


def _is_well_formed(text: str, delimiter: str) -> bool:
    """Whether no cell without quotation marks around it holds one. Else a mark that was never closed has found a wrong partner."""
    cell = rf' *"(?:[^"]++|"")*+"|[^"{re.escape(delimiter)}]*+'
    return re.fullmatch(rf"(?:(?:{cell}){re.escape(delimiter)})*(?:{cell})[\r\n]*", text) is not None


def _belong_together(taken: list[str], dialect: _Dialect, width: int | None) -> bool:
    """Whether lines are one row with too many or too few cells, and not good rows that an open quotation mark has swallowed."""
    inner = (_alone(line.rstrip("\r\n"), dialect) for line in taken[1:-1])
    return taken[-1].count('"') % 2 == 1 and not any(cells is not None and len(cells) == width for cells in inner)


def _dialect(lines: Lines, configured: str | None) -> _Dialect:
    """Find the delimiter, and leave `lines` at the header."""
    while (header := lines.take()) is not None:
        if told := _TOLD.fullmatch(header.strip()):
            configured = configured or told[1]
        elif header.strip(" \t\r\n" + DELIMITERS):
            break
    if header is None:
        raise Unreadable("has no header line. Export it again with the names of the columns on top.")
    sample = [header, *(line for _ in range(SAMPLE_LINES) if (line := lines.take()) is not None)]
    lines.give_back(sample)
    delimiter = configured or _delimiter([_QUOTED.sub("", line) for line in sample if line.strip()])
    return _Dialect(delimiter, has_spaces=re.search(rf'{re.escape(delimiter)} +"', header) is not None)


def _delimiter(sample: list[str]) -> str:
    """The sign that parts the header and by which the most lines have as many cells as it."""

    def agreement(sign: str) -> tuple[int, int]:
        widths = [line.count(sign) for line in sample]
        return (widths[1:].count(widths[0]) if widths[0] else -1), widths[0]

    best = max(DELIMITERS, key=agreement)
    return best if best in sample[0] else NO_DELIMITER
