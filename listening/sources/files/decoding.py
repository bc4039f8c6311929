"""From bytes to lines: the content's hash, the encoding that fits all of it, and lines that can be given back."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import charset_normalizer

from listening.sources.pull import Unreadable

BLOCK = 2**20
SAMPLE = 2**16
LINE_LIMIT = 2**28  # characters; a longer line is no row, and must not fill the memory
WHOLE_LIMIT = 2**29  # characters of a text that must be held as a whole
SHRUNK = 100  # times; no text of any size shrinks further than this, what is made to fill a disk does
SMALL = 2**20  # bytes; a smaller packed file may unpack to as much as one of this size
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
PACKED = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet"}
BINARY = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook or one with a password", b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"SQLite format 3\0": "a database", b"<!doctype html": "a web page", b"<html": "a web page",
}  # fmt: skip
NOT_WESTERN = ["cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"]
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class Decoding:
    """How bytes become text, and a remark where that is not what one would expect."""

    encoding: str
    errors: str = "replace"
    remark: str | None = None
    is_certain: bool = True


@dataclass(frozen=True)
class Content:
    """What a look through a whole file found: its hash and size (unpacked), and how to read it.

    `packed` names a format that is no text (xlsx or parquet), which its own reader decodes.
    """

    fingerprint: str
    size: int
    decoding: Decoding
    packed: str | None = None


def examine(path: Path, encoding: str | None) -> Content:
    """Read a file through once: its content's hash, its size in bytes, and the encoding that fits all of it.

    Raises:
        Unreadable: it is empty, neither text nor a format that can be read, or unpacks to an absurd size.
    """
    with _unpacked(path) as file:
        head = file.read(BLOCK)
        packed = next((name for mark, name in PACKED.items() if head.startswith(mark)), None)
        if not packed:
            _refuse_what_is_no_text(head)
        digest, size, is_utf8 = hashlib.sha256(), 0, not packed
        decoder = codecs.getincrementaldecoder("utf-8")()
        most = _most(path)
        block = head
        while block:
            digest.update(block)
            size += len(block)
            if size > most:
                raise Unreadable(f"unpacks to more than {most / 2**30:.1f} GB, which no export does. It is not read.")
            try:
                is_utf8 = is_utf8 and decoder.decode(block) is not None
            except UnicodeDecodeError:
                is_utf8 = False
            block = file.read(BLOCK)
    return Content(digest.hexdigest(), size, Decoding("") if packed else _decoding(path, head, encoding, is_utf8), packed)


def opened(path: Path, decoding: Decoding) -> io.TextIOWrapper:
    """The file as text. Lines end at a line feed; where the first one ends with a bare carriage return, at those."""

    def text(newline: str) -> io.TextIOWrapper:
        return io.TextIOWrapper(_unpacked(path), encoding=decoding.encoding, errors=decoding.errors, newline=newline)

    with text("") as any_end:
        has_bare_returns = any_end.readline(LINE_LIMIT).endswith("\r")
    return text("" if has_bare_returns else "\n")


class Lines:
    """Lines of a text, which can be given back. `number` counts those taken, `unfitting` those with a character that did not decode."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._back: list[str] = []
        self._is_begun = False
        self.number = 0
        self.unfitting = 0

    def take(self) -> str | None:
        """The next line with its end; None after the last."""
        line = self._back.pop() if self._back else self._read()
        self.number += bool(line)
        return line or None

    def give_back(self, lines: list[str]) -> None:
        """Have the last lines taken come again."""
        self._back.extend(reversed(lines))
        self.number -= len(lines)

    def peek(self) -> str:
        """The next line that is not blank, which stays; empty after the last."""
        taken: list[str] = []
        while (line := self.take()) is not None:
            taken.append(line)
            if line.strip():
                break
        self.give_back(taken)
        return line or ""

    def rest(self) -> str:
        """All that is left, as one text."""
        parts, size = [], 0
        while (line := self.take()) is not None:
            parts.append(line)
            size += len(line)
            if size > WHOLE_LIMIT:
                raise Unreadable(f"is one JSON document of more than {WHOLE_LIMIT // 2**20} million characters. Export it with one object a line.")
        return "".join(parts)

    def _read(self) -> str:
        line = self._text.readline(LINE_LIMIT)
        if len(line) == LINE_LIMIT:
            raise Unreadable(f"has a line of more than {LINE_LIMIT // 2**20} million characters (line {self.number + 1}). Export it again, one row a line.")
        if not self._is_begun:
            self._is_begun, line = True, line.lstrip("\ufeff")
        self.unfitting += "\ufffd" in line
        return line


def _unpacked(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if _is_packed(path) else path.open("rb")  # type: ignore[return-value]


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _most(path: Path) -> float:
    """How many bytes a file may hold: any number, unless they are packed."""
    return SHRUNK * max(path.stat().st_size, SMALL) if _is_packed(path) else float("inf")


def _refuse_what_is_no_text(head: bytes) -> None:
    if not head:
        raise Unreadable("is empty (0 bytes). Export it again, or take it out of the inbox.")
    start = head[:512].lstrip().lower()
    for mark, kind in BINARY.items():
        if head.startswith(mark) or start.startswith(mark):
            raise Unreadable(f"is no text file but {kind}. Export it as CSV (UTF-8), .xlsx or JSON lines.")
    if not _mark(head) and not _by_zero_bytes(head) and head[:4096].count(0) > 0.1 * len(head[:4096]):
        raise Unreadable("is no text file. Export it as CSV (UTF-8) or JSON lines.")


def _mark(head: bytes) -> str | None:
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), None)


def _by_zero_bytes(head: bytes) -> str | None:
    """UTF-16 without a mark: Latin letters, digits and line ends have a zero in every other byte."""
    sample = head[:4096]
    even, odd, enough = sample[0::2].count(0), sample[1::2].count(0), 0.15 * len(sample)
    if odd > enough and odd > 5 * even:
        return "utf-16-le"
    return "utf-16-be" if even > enough and even > 5 * odd else None


def _decoding(path: Path, head: bytes, configured: str | None, is_utf8: bool) -> Decoding:
    """How to decode a file: by its mark, as configured, by its zero bytes, as UTF-8 if all of it is, else the likeliest."""
    mark = _mark(head)
    if mark and mark != "utf-8-sig":
        return Decoding(mark, remark=f"is read as {mark}", is_certain=False)
    if not is_utf8 and (mark or (configured and _is_utf8_name(configured))):
        return _mixed(_survey(path)[1])
    if configured:
        return Decoding(configured, is_certain=is_utf8 and _is_utf8_name(configured))
    if zeros := _by_zero_bytes(head):
        return Decoding(zeros, remark=f"is read as {zeros}", is_certain=False)
    return Decoding("utf-8") if is_utf8 else _likeliest(path, head)


def _likeliest(path: Path, head: bytes) -> Decoding:
    if len(_CONTROLS.findall(head[:4096])) > max(2, 0.03 * len(head[:4096])):
        raise Unreadable("is no text file. Export it as CSV (UTF-8) or JSON lines.")
    fitting, others, sample = _survey(path)
    if fitting > others:
        return _mixed(others)
    found = _guess(sample)
    return Decoding(found, remark=f"is read as {found}", is_certain=False)


def _mixed(strays: int) -> Decoding:
    told = f"is UTF-8 but for {strays} line{'s' * (strays > 1)}, whose stray bytes are read as cp1252"
    return Decoding("utf-8", "listening.western", told)


def _survey(path: Path) -> tuple[int, int, bytes]:
    """Of the lines that are not plain ASCII: how many are UTF-8, how many are not, and the first of them."""
    fitting, others, sample = 0, 0, b""
    with _unpacked(path) as file:
        while line := file.readline(BLOCK):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                fitting += 1
            except UnicodeDecodeError:
                others += 1
            if len(sample) < SAMPLE:
                sample += line[:SAMPLE]
    return fitting, others, sample


def _guess(sample: bytes) -> str:
    """The likeliest encoding of text that is no UTF-8: Windows-1252, unless so many bytes in a row are high that no Western language writes them."""
    high = [byte > 127 for byte in sample]
    together = sum(one and other for one, other in itertools.pairwise(high))
    if sum(high) < max(4, 0.25 * len(sample)) or together < 0.3 * sum(high):
        return "cp1252"
    if _is_japanese(sample):
        return "cp932"
    best = charset_normalizer.from_bytes(sample, cp_isolation=NOT_WESTERN, threshold=0.5).best()
    return best.encoding if best else "cp1252"


def _is_japanese(sample: bytes) -> bool:
    """Whether it reads as Shift-JIS with the kana that hardly any Japanese sentence is without."""
    text = sample.decode("cp932", "replace")
    strange = [sign for sign in text if ord(sign) > 127]
    kana = sum("\u3041" <= sign <= "\u30fe" for sign in strange)
    return kana >= max(4, 0.3 * len(strange)) and text.count("\ufffd") <= 1


def _is_utf8_name(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    except (LookupError, ValueError):
        return False


def _western(error: UnicodeError) -> tuple[str, int]:
    """Stray bytes in a UTF-8 text are what a Western program wrote before somebody joined two exports."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("listening.western", _western)
