"""One thing said becomes a record: whose it is, when it was said, its score and words; or the reason why it becomes none."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from listening.journey import NO_STAGE, Journey
from listening.records import cleaning, times
from listening.records.pulls import EXPIRED, kept_from
from listening.records.rows import Said, author, is_blank, without_email
from listening.workspace import DIMENSIONS, ROLES, Company, Source

AGENT_REASONS = ("agent", "bot", "internal note")
NO_WORDS = "no text and no score"
ONLY_OTHERS_WORDS = "only a signature, quotation or markup"
OFF_SCALE = "no text, and its score is off the scale"
JUNK = "junk answer"
FUTURE = "said after the run's time"
# a known record that comes back like this has lost its words at the source, and loses them here
EMPTIED = frozenset({*AGENT_REASONS, NO_WORDS, ONLY_OTHERS_WORDS, OFF_SCALE, JUNK})
_NUMBER = re.compile(r"^\s*(-?\d+(?:[.,]\d+)?)(?:\s*(?:/\s*\d+|out of \d+|stars?|[-–:(].*|%))?\s*$", re.I)
_STARS = re.compile(r"(★+)☆*")
_FALSE = {"false", "f", "0", "0.0", "no", "n", "private", "internal", "none", "null", "nan", ""}
_WHOLE = re.compile(r"^(-?\d+)\.0+$")
_WHOLE_ID = re.compile(r"^(\d+)\.0+$")
_MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)[T ]00:00(?::00(?:\.0+)?)?$")
_CODE = re.compile(r"[A-Za-z]{2}(?=$|[-_])")
_JSON = json.JSONEncoder(ensure_ascii=False)
_CONTENT = ("said_at", "title", "text", "score", "customer_id", "thread_id", "part", *DIMENSIONS)


@dataclass(frozen=True)
class Maker:
    """Everything that the rows of one pull need to become records."""

    source: Source
    company: Company
    journey: Journey
    clock: dt.datetime
    day_first: bool | None = None
    given_zone: str | None = None

    @functools.cached_property
    def zone(self) -> ZoneInfo:
        """Where naive times were written down."""
        return ZoneInfo(self.source.timezone or self.given_zone or self.company.timezone)

    @functools.cached_property
    def home(self) -> ZoneInfo:
        """The company's own zone, which decides the day that is counted."""
        return ZoneInfo(self.company.timezone)

    @functools.cached_property
    def kept_from(self) -> dt.date:
        """The first day that what was said may be kept of."""
        return kept_from(self.source, self.clock, self.home)

    @functools.cached_property
    def stages(self) -> dict[str, str]:
        """The journey's stages by their names and titles in small letters."""
        titles = {title.casefold(): name for name, title in self.journey.titles.items()}
        return {**titles, **{name.casefold(): name for name in (*self.journey.names, NO_STAGE)}}

    @functools.cached_property
    def own_dimensions(self) -> list[str]:
        """The dimensions that the company has named itself."""
        return sorted(name for name in self.source.dimensions if name not in DIMENSIONS)

    @functools.cached_property
    def touchpoints(self) -> dict[str, str]:
        """The journey's touchpoints by their names in small letters."""
        return {name.casefold(): name for name in self.journey.stage_of_touchpoint}

    def complete(self, said: Said) -> str | None:
        """Make a thing said into a record, in place. Gives the reason if it can't be one."""
        said["is_deleted"] = is_true(said.get("deleted"))
        said["updated_at"] = None if self.source.is_read_as_it_stands else self._moment(said.get("updated_at"))
        said["record_id"] = record_id(self.source.name, said["native_id"])
        said["whole_id"] = record_id(self.source.name, said["whole"]) if said.get("whole") else None
        said["thread_id"] = identifier(said.get("thread_id"))
        said["answer_id"] = record_id(self.source.name, said["answer"]) if said.get("answer") else None
        said["source"], said["kind"] = self.source.name, self.source.kind
        undated = self._date(said)
        if said["is_deleted"]:  # may stand for its whole thread, whoever wrote it
            self._set_names(said)
        reason = _not_a_customers(said) or undated
        if reason:
            return reason
        _set_score(said)
        said["emptiness"] = _set_words(said)
        if not said["is_deleted"] and said["text"] is None and said["score"] is None:
            return str(said["emptiness"])
        self._set_names(said)
        return None

    def _set_names(self, said: Said) -> None:
        stage, touchpoint = as_text(said.get("stage") or self.source.stage), as_text(said.get("touchpoint") or self.source.touchpoint)
        said |= {
            "customer_id": identifier(said.get("customer_id")),
            "account_id": identifier(said.get("account_id")),
            "role": _role(self.source, said),
            "given_language": _language(said.get("language") or self.source.language),
            "given_stage": self.stages.get(stage.casefold(), stage) if stage else None,
            "given_touchpoint": self.touchpoints.get(touchpoint.casefold(), touchpoint) if touchpoint else None,
            "url": as_text(said.get("url")),
            **{name: None if is_blank(said.get(name)) else as_text(said[name]) for name in DIMENSIONS},
            "own_dimensions": self._own_dimensions(said),
        }

    def _own_dimensions(self, said: Said) -> str | None:
        """The values of the dimensions that the company has named itself, as JSON."""
        own = {name: as_text(said[name]) for name in self.own_dimensions if not is_blank(said.get(name))}
        return _JSON.encode(own) if own else None

    def _date(self, said: Said) -> str | None:
        """Set the times of a thing said; gives the reason if it can't be dated, or lies after the run's time.

        A deletion needs no date: sources empty the whole row.
        """
        try:
            said["said_at"], said["said_on"] = self._said(said.get("said_at"))
        except times.Unreadable as problem:
            if not said["is_deleted"]:
                return str(problem)
            said["said_at"], said["said_on"] = self.clock, times.local_date(self.clock, self.home)
        said["experienced_at"] = self._moment(said.get("experienced_at"))
        if said["is_deleted"]:
            return None
        return FUTURE if said["said_at"] > self.clock else EXPIRED if said["said_on"] < self.kept_from else None

    def _said(self, cell: Any) -> tuple[dt.datetime, dt.date]:
        """The moment, and the day that is counted: a mere date is that date, whatever the zones."""
        if not is_blank(cell):
            moment, is_date = times.read(cell, self.zone, self.day_first)
            return moment, times.local_date(moment, self.zone if is_date else self.home)
        if self.source.said_at_default is None:
            raise times.Unreadable("no date")
        return times.midnight(self.source.said_at_default, self.home), self.source.said_at_default

    def _moment(self, cell: Any) -> dt.datetime | None:
        try:
            return None if is_blank(cell) else times.read(cell, self.zone, self.day_first)[0]
        except times.Unreadable:
            return None


def name(things: list[Said]) -> None:
    """Give each thing said in a row its `native_id`, and the parts of one row a thread.

    Where the source has no id it is a hash of the canonical row (`digest`) and the number of its occurrence in the pull;
    here it is the first, and `numbered` names what comes again.
    """
    ids = [identifier(said.get("id")) for said in things]
    nameless = [said for said, own in zip(things, ids, strict=True) if own is None]
    digest = None
    if nameless:
        content = "\x1f".join(_canonical(said.get(column)) for said in nameless for column in _CONTENT)
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]
    for said, given in zip(things, ids, strict=True):
        own = given or f"row-{digest}-1"
        part = as_text(said.get("part"))
        said["native_id"] = f"{own}#{part}" if part else own
        said["answer"] = own if said.get("is_comment") else None
        said["digest"], said["is_own_id"] = None if given else digest, given is not None
        if part and is_blank(said.get("thread_id")):
            said["thread_id"] = own


def numbered(things: pa.Table, source: str, occurrences: dict[str, int]) -> pa.Table:
    """The same things said, those without an id of their own named by how often their row has come in the pull so far.

    `occurrences`: the rows of the pull that came before by their digests; these are counted in.
    """
    if things["digest"].null_count == len(things):
        return things
    columns = {column: things[column].to_pylist() for column in ("native_id", "record_id", "answer_id", "thread_id")}
    counted = None
    for place, (row, digest) in enumerate(zip(things["row_no"].to_pylist(), things["digest"].to_pylist(), strict=True)):
        if digest is None:
            continue
        if counted != row:  # the things of one row count once
            counted, occurrences[digest] = row, occurrences.get(digest, 0) + 1
        if occurrences[digest] > 1:
            first, own = f"row-{digest}-1", f"row-{digest}-{occurrences[digest]}"
            columns["native_id"][place] = own + columns["native_id"][place].removeprefix(first)
            columns["record_id"][place] = record_id(source, columns["native_id"][place])
            columns["answer_id"][place] = columns["answer_id"][place] and record_id(source, own)
            columns["thread_id"][place] = own if columns["thread_id"][place] == first else columns["thread_id"][place]
    for column, values in columns.items():
        things = things.set_column(things.schema.get_field_index(column), column, pa.array(values, pa.string()))
    return things


def _canonical(cell: Any) -> str:
    """A cell as it counts for a row's hash: however a program formats blanks, whole numbers or a midnight, it is the same."""
    text = " ".join(str(cell).split())
    return _WHOLE.sub(r"\1", _MIDNIGHT.sub(r"\1", text))


def record_id(source: str, native_id: str) -> str:
    """The key of a thing said, free of paths and runs."""
    return hashlib.sha256(f"{source}\x1f{native_id}".encode()).hexdigest()[:20]


def as_text(cell: Any) -> str | None:
    """A cell as text without hidden characters; whole numbers without a decimal point."""
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return cleaning.hidden_removed(str(cell)).strip() or None


def identifier(cell: Any) -> str | None:
    """An id as text: 12, 12.0 and '12.0' are the same one, NULL and NaN are none."""
    text = None if is_blank(cell) else as_text(cell)
    if text and ".0" in text:
        text = _WHOLE_ID.sub(r"\1", text)
    return without_email(text)


def is_true(cell: Any) -> bool:
    """Whether a cell says yes: anything but the many ways to write no, zero or nothing."""
    return cell is not None and cell == cell and str(cell).strip().lower() not in _FALSE


def _not_a_customers(said: Said) -> str | None:
    """Why a thing said is not a customer's, if it is not. A note that nobody outside sees is a note, whoever wrote it."""
    if not is_blank(said.get("public")) and not is_true(said["public"]):
        return "internal note"
    writer = author(said.get("author"))
    return writer if writer != "customer" else None


def _set_score(said: Said) -> None:
    cell, scale = said.get("score"), said.get("score_scale")
    score = None if is_blank(cell) else _number(str(cell))
    if score is not None and scale and not min(scale) <= score <= max(scale):
        score = None
    said["is_off_scale"] = not is_blank(cell) and score is None
    said["score"] = score
    said["score_worst"], said["score_best"] = scale if scale and score is not None else (None, None)
    said["score_label"] = as_text(said.get("score_name")) or "score"
    said["score_name"] = said["score_label"] if score is not None and said.get("score_name") else None


@functools.lru_cache(maxsize=10_000)
def _number(cell: str) -> float | None:
    if stars := _STARS.fullmatch(cell.strip()):
        return float(len(stars[1]))
    match = _NUMBER.match(cell)
    return float(match[1].replace(",", ".")) if match else None


def _set_words(said: Said) -> str:
    """Set the customer's own words, title first; gives the reason why there are none, should there be none."""
    given = [said.get("title"), said.get("text")]
    title, words = (cleaning.plain(str(cell)) if cell is not None else "" for cell in given)
    has_words = bool(title or words)
    title, words = (("" if cleaning.is_junk(text) else text) for text in (title, words))
    if title and title.casefold() not in words.casefold():
        words = f"{title}\n{words}" if words else title
    said["text"] = words or None
    if has_words:
        return JUNK
    if any(cell is not None and str(cell).strip() for cell in given):
        return ONLY_OTHERS_WORDS
    return OFF_SCALE if said["is_off_scale"] else NO_WORDS


def _role(source: Source, said: Said) -> str:
    if source.kind in ("employee", "supplier"):  # their words never enter customers' figures, whatever a column says
        return source.kind
    row = str(said.get("role") or "").strip().lower()
    return row if row in ROLES else source.role or "buyer"


def _language(cell: Any) -> str | None:
    code = _CODE.match(str(cell).strip()) if cell else None
    return code[0].lower() if code else None
