"""A query's answer in a terminal: takes an Arrow table, gives a table as wide as the terminal, or a row after the other where it is wider."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from typing import Any

import pyarrow as pa
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

PROSE = 12  # characters that a column of words gets at least
GAP = 3  # characters between columns
NULL = Text("null", style="dim")


def shown(rows: pa.Table, width: int) -> RenderableType:
    """The rows side by side where they fit into `width` characters, else each as a list of its columns."""
    names = [str(name) for name in rows.column_names]
    cells = [[cell(value) for value in column.to_pylist()] for column in rows.columns]
    is_number = [bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)) for kind in rows.schema.types]
    is_whole = [number or pa.types.is_temporal(kind) for number, kind in zip(is_number, rows.schema.types, strict=True)]
    longest = [max([len(name), *(len(text) for text in own)]) for name, own in zip(names, cells, strict=True)]
    least = [_least(*column) for column in zip(names, cells, is_whole, strict=True)]
    room = width - GAP * len(names) + 1 - sum(least)
    if room < 0:
        return _one_by_one(names, cells)
    widths = _widened(least, longest, room)
    table = Table(show_edge=False, header_style="bold")
    for name, number, wide in zip(names, is_number, widths, strict=True):
        header = name if len(name) <= wide else name.replace("_", "_\n")
        table.add_column(Text(header), justify="right" if number else "left", overflow="fold", width=wide)
    for line in zip(*cells, strict=True):
        table.add_row(*line)
    return table


def _least(name: str, cells: list[Text], is_whole: bool) -> int:
    """How narrow a column can be and still be read: no number, date or part of a name is folded."""
    longest = max((len(text) for text in cells), default=0)
    return max(*map(len, name.replace("_", "_\n").split("\n")), longest if is_whole else min(longest, PROSE))


def _widened(least: list[int], longest: list[int], room: int) -> list[int]:
    """The columns' widths when the room left is shared out, first to those that lack little."""
    widths = list(least)
    lacking = sorted(range(len(least)), key=lambda place: longest[place] - least[place])
    for done, place in enumerate(lacking):
        more = min(longest[place] - least[place], room // (len(lacking) - done))
        widths[place] += more
        room -= more
    return widths


def cell(value: Any) -> Text:
    """A value as a person reads it; --json and --out give it to the last digit."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Text(str(value).lower())
    if isinstance(value, float | decimal.Decimal):
        return Text(number(float(value)))
    if isinstance(value, dt.datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%S}" + ("Z" if value.tzinfo else ""))
    if isinstance(value, list):
        return Text("[" + ", ".join("null" if each is None else str(each) for each in value) + "]")
    return Text(str(value))


def number(value: float) -> str:
    """A number with up to four decimals, without the zeros at their end; small ones with three digits that say something."""
    if not math.isfinite(value) or (value and abs(value) < 0.001):
        return f"{value:.3g}"
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _one_by_one(names: list[str], cells: list[list[Text]]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for place, line in enumerate(zip(*cells, strict=True), 1):
        table.add_row("row", Text(str(place), style="bold"))
        for name, text in zip(names, line, strict=True):
            table.add_row(Text(name), text)
        table.add_row()
    return table


def count_rows(number: int) -> str:
    """A number of rows, as '1 row' or '1,789 rows'."""
    return f"{number:,} row{'s' * (number != 1)}"
