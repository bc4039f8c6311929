"""Rows of JSON: one object a line, one list, one object with one list inside, or objects one after the other over several lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from listening.sources.files.decoding import Lines
from listening.sources.pull import Pull, Row, printable
from listening.workspace import CANONICAL_COLUMNS, DIMENSIONS

DEPTH = 100  # levels of nesting; deeper than any export, and shallow enough for every reader after us
NOT_JSON = "line is not valid JSON"
NOT_AN_OBJECT = "line is not a JSON object"
# keys by which a lone object with a list inside is a row of its own (a ticket with its comments), not a wrapping
OWN_KEYS = frozenset({*CANONICAL_COLUMNS, *DIMENSIONS, "body", "comment", "message", "subject", "description", "rating", "created_at"})
_GAP = re.compile(r"[\s,]*")
_LIST_END = re.compile(r"\][\s,]*\[?")
_WRAPPING = re.compile(r"\s*\{[^\[\]{}]*:\s*\[\s*(?=\{)")
_NEXT_ON_LINE = re.compile(r"\}\s*,\s*(?=\{)")


def rows(lines: Lines, pull: Pull) -> Iterator[Row]:
    """The file's objects. Each damaged one is a row with its fault; `number` is the line it begins on, or the next free number."""
    reader = _Reader(pull)
    first = lines.peek()
    cells, fault = reader.parse(first)
    if fault == NOT_JSON:
        yield from reader.document(lines.rest())
        return
    line = lines.take()
    while line is not None and not line.strip():
        line = lines.take()
    if not lines.peek() and isinstance(cells, dict | list):
        yield from reader.entries(cells)
        return
    while line is not None:
        if line.strip():
            cells, fault = reader.parse(line)
            is_torn = fault == NOT_JSON and not line.endswith(("\n", "\r"))
            yield Row(lines.number, cells, "line ends in the middle of an object" if is_torn else fault)
        line = lines.take()


def is_object(line: str) -> bool:
    """Whether a line begins as JSON objects do."""
    return re.match(r'\s*(\[\s*)?\{\s*("|$)|\s*\[\s*$', line) is not None


class _Reader:
    """Parses objects, and tells once of keys that come twice in one."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull
        self._told: set[str] = set()
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=lambda _: None)

    def parse(self, line: str) -> tuple[Any, str | None]:
        """A line's object, or what stands there and why it is none."""
        try:
            cells = self._decoder.decode(line)
        except (ValueError, RecursionError):
            return line.rstrip("\r\n"), NOT_JSON
        return _checked(cells, line)

    def document(self, text: str) -> Iterator[Row]:
        """Rows of a text that is more than one object a line. Good entries are kept, whatever stands before or after them."""
        start = _after(_GAP, text, 0)
        if text.startswith("[", start):
            return self._scan(text, start + 1)
        try:
            whole, end = self._decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            wrapping = _WRAPPING.match(text)
            if wrapping and not any(f'"{key}"' in wrapping[0] for key in OWN_KEYS):
                return self._scan(text, wrapping.end(), is_wrapped=True)
            return self._scan(text, start)
        return self._scan(text, start) if text[end:].strip() else self.entries(whole)

    def entries(self, whole: Any) -> Iterator[Row]:
        """Rows of a file that is a single list, or a single object, perhaps with the rows' list inside."""
        for number, cells in enumerate(_inside(whole), 1):
            yield Row(number, *_checked(cells, ""))

    def _scan(self, text: str, position: int, is_wrapped: bool = False) -> Iterator[Row]:
        number, line, counted = 0, 1, 0
        while (position := _after(_GAP, text, position)) < len(text):
            if text[position] == "]":
                if is_wrapped:
                    return
                position = _after(_LIST_END, text, position)
                continue
            try:
                cells, end = self._decoder.raw_decode(text, position)
                cells, fault = _checked(cells, text[position:end])
            except (ValueError, RecursionError) as error:
                end = _next(text, position, getattr(error, "pos", position))
                cells = text[position:end].rstrip(" \t\r\n,")
                fault = NOT_JSON if end < len(text) or cells.endswith(("}", "]")) else "file ends in the middle of an object"
            line += text.count("\n", counted, position)
            counted, number = position, max(number + 1, line)
            yield Row(number, cells, fault)
            position = end

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; of keys that come twice the last one counts, as everywhere, and the earlier are kept under another name."""
        cells = dict(pairs)
        if len(cells) < len(pairs):
            names = [name for name, _ in pairs]
            for place, (name, cell) in enumerate(pairs):
                if name in names[place + 1 :]:
                    cells[_free(name, cells)] = cell
                    self._tell(name)
        return cells

    def _tell(self, name: str) -> None:
        if name not in self._told:
            self._told.add(name)
            self._pull.notes.append(f"{self._pull.origin} has objects with the key '{printable(name)}' more than once; the last one counts")


def _checked(cells: Any, text: str) -> tuple[Any, str | None]:
    if not isinstance(cells, dict):
        return cells, NOT_AN_OBJECT
    if not cells:
        return cells, "object is empty"
    if text.count("[") + text.count("{") > DEPTH and _is_deep(cells, DEPTH):
        return text.rstrip("\r\n"), f"object is nested more than {DEPTH} levels deep"
    return cells, None


def _is_deep(value: Any, left: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    return left == 0 or any(_is_deep(inner, left - 1) for inner in (value.values() if isinstance(value, dict) else value))


def _inside(whole: Any) -> Iterable[Any]:
    """The rows in a single value: a list's entries, or those of the one list of objects that an object wraps."""
    if isinstance(whole, list):
        return whole
    if isinstance(whole, dict) and not OWN_KEYS & {key.lower() for key in whole}:
        lists = [value for value in whole.values() if isinstance(value, list) and all(isinstance(entry, dict) for entry in value)]
        if len(lists) == 1:
            return lists[0]
    return [whole]


def _next(text: str, position: int, failed: int) -> int:
    """Where the next entry begins after a damaged one: on its own line, indented alike, or after '},' on the same line."""
    indent = text[_line_start(text, position) : position]
    pattern = _NEXT_ON_LINE if indent.strip() else re.compile(rf"[\r\n]{indent}(?=\{{)")
    found = pattern.search(text, max(_line_start(text, failed) - 1, position) if not indent.strip() else max(failed - 1, position))
    return found.end() if found else len(text)


def _line_start(text: str, position: int) -> int:
    return max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1


def _free(name: str, taken: dict[str, Any]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
