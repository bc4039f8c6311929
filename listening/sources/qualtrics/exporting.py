"""One export: takes a filter, has Qualtrics prepare a file, waits for it, and gives its responses and the token to continue from.

A job may fail, also at 100 per cent, get stuck or be forgotten, and a file may come damaged. An export changes nothing at
Qualtrics, so that another one is begun then; only a whole file is read.
"""

from __future__ import annotations

import codecs
import datetime as dt
import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from listening.sources.connector import Cells
from listening.sources.http import Client, Refused, Stopped
from listening.sources.pull import most_unpacked

PAGE_ROWS = 1000
VERSION = "_version"
JOBS, STUCK_JOBS, DOWNLOADS = 3, 2, 3  # begun for one export, of which so many may get stuck, and tried for one file
LONGEST_JOB = 1800.0  # seconds; a job that takes longer is stuck
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds between looks at it, doubling
SMALLEST_SPAN = 86_400.0  # seconds; an export of less is not split any further
FIRST_DAY = dt.datetime(2002, 1, 1, tzinfo=dt.UTC).timestamp()  # before there was any survey
_PIECE = 2**20
_LONGEST_RESPONSE = 2**26  # characters
_HEAD = re.compile(r'\s*(\{[^\[\]{}]*"responses"\s*:\s*)?\[')
_GAP = re.compile(r"[\s,]*")
_LEFT_OUT = ("displayedFields", "displayedValues")  # what was shown to somebody; as long as all the rest, and never asked for
_NOT_KEPT = ("ipAddress", "locationLatitude", "locationLongitude")  # tell where somebody is


class Failed(Stopped):
    """An export that Qualtrics could not make, perhaps since it is too large."""


class _Again(Exception):
    """A job or file that came to nothing; another one may do better."""


class _Stuck(_Again):
    """A job that does not end. Every further one would cost as much of the night."""


@dataclass(frozen=True)
class Export:
    """A whole file of responses, and the token with which the next export brings what came after it."""

    path: Path
    token: str | None

    def pages(self) -> Iterator[list[Cells]]:
        """The responses, some at a time, each with a mark of its content."""
        page: list[Cells] = []
        with zipfile.ZipFile(self.path) as packed:
            for member in packed.infolist():
                if member.is_dir():
                    continue
                with packed.open(member) as file:
                    for response in _objects(file):
                        page.append(_marked(response))
                        if len(page) == PAGE_ROWS:
                            yield page
                            page = []
        if page:
            yield page


@dataclass
class Survey:
    """One survey, and the folder for its files."""

    client: Client
    survey_id: str
    folder: Path
    made: int = field(default=0)

    @property
    def bytes(self) -> int:
        """How much has come."""
        return self.client.bytes

    def parts(self, clock: float, since: float, until: float | None = None, **asked: Any) -> Iterator[Export]:
        """Everything from a moment on, in one export, or in several where Qualtrics fails to make it in one (1.8 GB are its limit).

        Only the last one says how to continue.
        """
        window = {**({"startDate": _iso(since)} if since else {}), **({"endDate": _iso(until)} if until else {"allowContinuation": True})}
        last = until or clock
        try:
            yield self.export(**window, **asked)
            return
        except Failed:
            since = since or FIRST_DAY
            if last - since < SMALLEST_SPAN:
                raise
        middle = float(int((since + last) / 2))
        yield from self.parts(clock, since, middle + 1, **asked)
        yield from self.parts(clock, middle, until, **asked)

    def export(self, **asked: Any) -> Export:
        """One export.

        Raises:
            Failed: none of several jobs came to a whole file.
            Refused: Qualtrics does not begin one, as with a token that has expired.
            Stopped: jobs do not end.
        """
        problem, stuck = "", 0
        for _ in range(JOBS):
            try:
                return self._job({"format": "json", **asked})
            except _Again as failure:
                problem, stuck = str(failure), stuck + isinstance(failure, _Stuck)
            if stuck == STUCK_JOBS:
                raise Stopped(f"{problem}, {stuck} times. What came before is kept; the next night tries again.")
        raise Failed(f"{problem}, {JOBS} times. What came before is kept; look at the survey, and run again.")

    def _job(self, asked: Cells) -> Export:
        place = f"API/v3/surveys/{self.survey_id}/export-responses"
        begun = self.client.post(place, asked, needs=("result",), is_repeatable=True)["result"]
        progress = begun.get("progressId") if isinstance(begun, dict) else None
        if not progress:
            raise _Again("begins an export without saying which")
        finished = self._finished(f"{place}/{progress}")
        self.made += 1
        path = self.folder / f"{self.made}.zip"
        for _ in range(DOWNLOADS):
            self.client.download(f"{place}/{finished['fileId']}/file", path)
            if _is_whole(path):
                return Export(path, finished.get("continuationToken") or None)
        raise _Again("gives a file that is damaged")

    def _finished(self, place: str) -> Cells:
        """What a job has come to. Only its status counts: it may be at 100 per cent and fail."""
        waited, wait = 0.0, FIRST_WAIT
        while waited <= LONGEST_JOB:
            try:
                result = self.client.get(place, needs=("result",))["result"]
            except Refused as problem:
                if problem.status == 404:
                    raise _Again("has forgotten an export that it had begun") from None
                raise
            status = result.get("status") if isinstance(result, dict) else None
            if status == "failed" or (status == "complete" and not result.get("fileId")):
                raise _Again("fails to make an export")
            if status == "complete":
                return dict(result)
            self.client.timing.wait(wait)
            waited, wait = waited + wait, min(LONGEST_WAIT, 2 * wait)
        raise _Stuck(f"has not finished an export in {LONGEST_JOB / 60:.0f} minutes")


def recorded(response: Cells) -> float | None:
    """When Qualtrics recorded a response; its times are in UTC."""
    values = response.get("values")
    cell = values.get("recordedDate") if isinstance(values, dict) else None
    try:
        moment = dt.datetime.fromisoformat(str(cell))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()


def _marked(response: Cells) -> Cells:
    row = {name: cell for name, cell in response.items() if name not in _LEFT_OUT}
    if isinstance(row.get("values"), dict):
        row["values"] = {name: cell for name, cell in row["values"].items() if name not in _NOT_KEPT}
    return {**row, VERSION: hashlib.blake2b(json.dumps(row, sort_keys=True).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}


def _is_whole(path: Path) -> bool:
    """Whether a file is a sound archive of responses that can be read to the end.

    Raises:
        Stopped: it holds more than any export would, to fill a disk or a memory.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            files = [member for member in packed.infolist() if not member.is_dir()]
            if sum(member.file_size for member in files) > most_unpacked(path.stat().st_size):
                raise Stopped("gives an archive that holds more than any export would. It is not read.")
            for member in files:
                with packed.open(member) as file:
                    for _ in _objects(file):
                        pass
            return bool(files)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        return False


def _objects(file: IO[bytes]) -> Iterator[Cells]:
    """The responses in a file, one after the other, so that its size does not matter: a list, one in an object, or one a line.

    Raises:
        ValueError: it ends too early, or is no such file.
    """
    decoder, unpack = json.JSONDecoder(), codecs.getincrementaldecoder("utf-8-sig")("replace")
    text, opening, is_begun, is_closed = "", "", False, False
    found: Any = None
    while not is_closed:
        piece = file.read(_PIECE)
        text += unpack.decode(piece, final=not piece)
        if not is_begun and len(text) < _PIECE and piece:
            continue
        if not is_begun:
            head = _HEAD.match(text)
            text, opening, is_begun = text[head.end() :] if head else text, head[0] if head else "", True
        position = 0
        while (position := _after_gap(text, position)) < len(text) and not is_closed:
            if opening and text[position] == "]":
                is_closed = True
                break
            try:
                found, end = decoder.raw_decode(text, position)
            except ValueError:
                break
            if not isinstance(found, dict) or (not opening and "responseId" not in found):
                raise ValueError("no response")
            yield found
            position = end
        text = text[position:]
        if not piece:
            break
        if len(text) > _LONGEST_RESPONSE:
            raise ValueError("a response without an end")
    if opening:  # what stands around the list has to be closed, too
        rest = unpack.decode(b"".join(iter(lambda: file.read(_PIECE), b"")), final=True)
        is_whole = is_closed and _is_json(opening + text + rest)
    else:
        is_whole = bool(found) and not text.strip()
    if not is_whole:
        raise ValueError("it ends too early")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _after_gap(text: str, position: int) -> int:
    found = _GAP.match(text, position)
    return found.end() if found else position


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
