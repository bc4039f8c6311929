"""Files that were dropped or exported: takes a pattern below the workspace, gives each file once, whatever it is called.

A file is known by the hash of its content, so that a renamed or copied one is not read twice. One that is still
being written is left for the next night.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import charset_normalizer

from listening.sources.pull import PAGE_ROWS, Fault, Pull, Row, Unreadable
from listening.workspace import Source

SETTLED_AFTER = 2.0  # seconds without a change; a copy under way touches its file far more often
CELL_LIMIT = 64 * 2**20
RECORD_LINES = 5_000  # more lines than this in one row mean that a quotation mark was never closed
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
BINARY = (b"PK\x03\x04", b"%PDF", b"\x89PNG", b"PAR1", b"\xd0\xcf\x11\xe0")
DELIMITERS = ",;\t|"
csv.field_size_limit(CELL_LIMIT)


def pulls(source: Source, root: Path, known: frozenset[str]) -> Iterator[Pull | Fault]:
    """Each file that matches the source's pattern and whose content is not among the `known` fingerprints."""
    assert source.path is not None
    files = sorted(path for path in root.glob(source.path) if path.is_file() and not path.name.startswith("."))
    if not files and not known:
        yield Fault(source.path, f"no file matches '{source.path}' in {root}. Put the export there, or mend path in [sources.{source.name}].")
    done = set(known)
    for path in files:
        origin = str(path.relative_to(root))
        try:
            if not _settled(path):
                yield Fault(origin, "is still being written; it will be read next time. Run again when the copy is complete.")
                continue
            fingerprint, size, encoding = _examine(path, source.encoding)
            if fingerprint in done:
                continue
            done.add(fingerprint)
            pull = Pull(origin, fingerprint, size, iter(()))
            if encoding not in ("utf-8", "utf-8-sig"):
                pull.notes.append(f"{origin} is read as {encoding}")
            pull.pages = _pages(_rows(path, source, encoding, pull))
            yield pull
        except Unreadable as error:
            yield Fault(origin, str(error))
        except (OSError, EOFError, zlib.error) as error:
            yield Fault(origin, f"cannot be read: {getattr(error, 'strerror', None) or error}. Look at its permissions, or export it again.")


def _settled(path: Path) -> bool:
    """Whether nobody has written to the file for a moment; waits once for one that was touched just now."""
    before = path.stat()
    age = time.time() - before.st_mtime
    if 0 <= age < SETTLED_AFTER:
        time.sleep(SETTLED_AFTER - age)
    after = path.stat()
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _examine(path: Path, encoding: str | None) -> tuple[str, int, str]:
    """Read the file once: its content's hash, its size in bytes, and the encoding that fits all of it."""
    digest, size, head, is_utf8 = hashlib.sha256(), 0, b"", True
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open(path) as file:
        while block := file.read(2**20):
            head = head or block
            digest.update(block)
            size += len(block)
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
    if not size:
        raise Unreadable("is empty (0 bytes). Export it again, or take it out of the inbox.")
    return digest.hexdigest(), size, encoding or _encoding(head, is_utf8)


def _encoding(head: bytes, is_utf8: bool) -> str:
    """The encoding of a text: by its byte order mark, as UTF-8 if all of it is, by its zero bytes, else the likeliest."""
    for mark, name in MARKS.items():
        if head.startswith(mark):
            return name
    sample = head[:4096]
    if sample[1::2].count(0) > len(sample) * 0.3:
        return "utf-16-le"
    if sample[0::2].count(0) > len(sample) * 0.3:
        return "utf-16-be"
    if head.startswith(BINARY) or sample.count(0) > len(sample) * 0.01:
        raise Unreadable("is no text file. Export it as CSV (UTF-8) or JSON lines.")
    if is_utf8:
        return "utf-8"
    best = charset_normalizer.from_bytes(head[: 2**18]).best()
    found = best.encoding if best else "cp1252"
    is_western = found.startswith(("cp12", "cp4", "cp8", "cp1140", "latin", "iso8859", "mac", "hp")) or found == "ascii"
    return "cp1252" if is_western else found


def _pages(rows: Iterator[Row]) -> Iterator[list[Row]]:
    page: list[Row] = []
    for row in rows:
        page.append(row)
        if len(page) == PAGE_ROWS:
            yield page
            page = []
    if page:
        yield page


def _rows(path: Path, source: Source, encoding: str, pull: Pull) -> Iterator[Row]:
    kind = source.format or _format(path)
    try:
        with io.TextIOWrapper(_open(path), encoding=encoding, errors="replace", newline="") as text:
            if kind == "jsonl":
                yield from _json_lines(text)
            else:
                yield from _csv_rows(text, source.delimiter, pull)
    except LookupError:
        raise Unreadable(f"has the encoding '{encoding}', which does not exist; mend encoding in [sources.{source.name}].") from None


def _format(path: Path) -> str:
    endings = [ending.lower() for ending in path.suffixes]
    if {".jsonl", ".ndjson", ".json"} & set(endings):
        return "jsonl"
    if {".xlsx", ".parquet", ".xls"} & set(endings):
        raise Unreadable("is a spreadsheet or Parquet file, which this version does not read; export it as CSV (UTF-8).")
    return "csv"


def _json_lines(text: io.TextIOWrapper) -> Iterator[Row]:
    """One object a line. A file that holds one JSON list, or one object with one list in it, is read as that list."""
    first = _first_character(text)
    if first == "[":
        yield from _json_document(text)
        return
    lines = enumerate(text, 1)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except json.JSONDecodeError:
            if number == 1 and first == "{":
                text.seek(0)
                yield from _json_document(text)
                return
            torn = not line.endswith("\n")
            yield Row(number, line.rstrip("\r\n"), "line ends in the middle of an object" if torn else "line is not valid JSON")
            continue
        yield Row(number, cells, None if isinstance(cells, dict) else "line is not a JSON object")


def _json_document(text: io.TextIOWrapper) -> Iterator[Row]:
    try:
        content = json.load(text)
    except json.JSONDecodeError as error:
        text.seek(0)
        yield from _broken_document(text, error)
        return
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
        content = lists[0] if len(lists) == 1 else [content]
    for number, cells in enumerate(content, 1):
        yield Row(number, cells, None if isinstance(cells, dict) else "entry is not a JSON object")


def _broken_document(text: io.TextIOWrapper, error: json.JSONDecodeError) -> Iterator[Row]:
    """The lines of a file that is no whole document: each object that stands on a line of its own is good."""
    good = 0
    for number, line in enumerate(text, 1):
        bare = line.strip().rstrip(",")
        if not bare or bare in "[]":
            continue
        try:
            cells = json.loads(bare)
        except json.JSONDecodeError:
            if good or number > 1:
                yield Row(number, line.rstrip("\r\n"), "line is not valid JSON")
                continue
            raise Unreadable(f"is not valid JSON: {error.msg} at line {error.lineno}. Export it again as JSON lines, one object a line.") from None
        good += 1
        yield Row(number, cells, None if isinstance(cells, dict) else "line is not a JSON object")


def _first_character(text: io.TextIOWrapper) -> str:
    first = text.read(1)
    while first.isspace() or first == "\ufeff":
        first = text.read(1)
    text.seek(0)
    return first


def _csv_rows(text: io.TextIOWrapper, delimiter: str | None, pull: Pull) -> Iterator[Row]:
    lines = _Lines(text)
    header_line = lines.take()
    while header_line is not None and not header_line.strip():
        header_line = lines.take()
    if header_line is None:
        raise Unreadable("has no header line. Export it again with the names of the columns on top.")
    separator = delimiter or max(DELIMITERS, key=lambda sign: _outside_quotes(header_line).count(sign))
    lines.give_back([header_line])
    header, _ = _record(lines, separator, None)
    if header is None:
        raise Unreadable("has a header line with a quotation mark that is never closed. Export it again.")
    names = _distinct([name.strip().lstrip("\ufeff") for name in header], pull)
    while True:
        number = lines.number + 1
        cells, line = _record(lines, separator, len(names))
        if line is None:
            return
        if cells is None:
            yield Row(number, line.rstrip("\r\n"), "line has another number of cells than the header, or a quotation mark that is never closed")
        elif cells:
            yield Row(number, dict(zip(names, cells, strict=True)))


class _Lines:
    """Physical lines that can be given back; `number` counts those taken."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._back: list[str] = []
        self.number = 0

    def take(self) -> str | None:
        line = self._back.pop() if self._back else next(self._text, None)
        self.number += line is not None
        return line

    def give_back(self, lines: list[str]) -> None:
        self._back.extend(reversed(lines))
        self.number -= len(lines)


def _record(lines: _Lines, separator: str, width: int | None) -> tuple[list[str] | None, str | None]:
    """The next row's cells and its text. Cells are None where it is damaged; only its first line is then used up.

    So a quotation mark that is never closed costs its own line, not the good rows after it.
    """
    first = lines.take()
    if first is None:
        return None, None
    taken = [first]

    def feed() -> Iterator[str]:
        yield first
        while len(taken) < RECORD_LINES and (line := lines.take()) is not None:
            taken.append(line)
            yield line

    try:
        cells = next(csv.reader(feed(), delimiter=separator, strict=True), [])
    except csv.Error:
        cells = None
    if cells is not None and (not cells or width in (None, len(cells))):
        return cells, "".join(taken)
    lines.give_back(taken[1:])
    alone = next(csv.reader([first], delimiter=separator), [])
    is_whole = len(alone) == width and not alone[-1].endswith("\n")
    return (alone if is_whole else None), first


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _distinct(names: list[str], pull: Pull) -> list[str]:
    """Names of columns with the nameless and repeated ones made distinct, so that no cell is lost."""
    seen: dict[str, int] = {}
    result = []
    for place, name in enumerate(names, 1):
        label = name or f"column_{place}"
        seen[label] = seen.get(label, 0) + 1
        if seen[label] > 1:
            pull.notes.append(f"{pull.origin} has the column '{label}' more than once")
            label = f"{label}_{seen[label]}"
        result.append(label)
    return result
