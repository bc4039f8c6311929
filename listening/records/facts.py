"""What happened to customers beside what they said: takes rows of operations, customers, outcomes and the like, gives typed facts.

Each kind declares its columns once: their types, which are needed, and the key by which a row is known again. The
newest row of a key wins.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from listening.records import times
from listening.records.rows import listed, without_email
from listening.workspace import ACTION_KINDS, CAUSES, DIMENSIONS, Mend, Source

_NUMBER = re.compile(r"^-?\d+(?:[.,]\d+)?$")
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_YES = {"1", "true", "t", "yes", "y", "failed", "fail", "answered", "1.0"}
_NO = {"0", "false", "f", "no", "n", "passed", "pass", "ok", "", "0.0"}
_FLAGS = _YES | _NO


@dataclass(frozen=True)
class Kind:
    """A kind of fact. Types are text, number, flag (0 or 1), count, time and date; `needed` lists alternatives as tuples."""

    columns: Mapping[str, str]
    needed: tuple[tuple[str, ...], ...]
    key: tuple[str, ...]
    words: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "operations": Kind(
        {"customer_id": "text", "stage": "text", "touchpoint": "text", "measure": "text", "at": "time", "failed": "count", "passed": "count"},
        (("stage", "touchpoint"), ("measure",), ("at",), ("failed",), ("customer_id", "passed")),
        ("customer_id", "stage", "touchpoint", "measure", "at"),
    ),
    "customers": Kind(
        {
            "customer_id": "text", "account_id": "text", "since": "date", "left_at": "date", "value": "number", "value_basis": "text",
            "cost_to_serve": "number", "valued_at": "date",
        },
        (("customer_id",),),
        ("customer_id", "valued_at"),
    ),
    "outcomes": Kind(
        {"customer_id": "text", "outcome": "text", "at": "time", "amount": "number", "reason": "text"},
        (("customer_id",), ("outcome",), ("at",)),
        ("customer_id", "outcome", "at"),
        words=("reason",),
    ),
    "invitations": Kind(
        {"customer_id": "text", "stage": "text", "sent_at": "time", "answered_id": "text"},
        (("sent_at",),),
        ("customer_id", "stage", "sent_at"),
    ),
    "checkins": Kind(
        {
            "customer_id": "text", "stage": "text", "asked_at": "time", "answered": "flag", "experience": "number", "expectation": "text",
            "memorable": "number", "effort": "number", "would_recommend": "number", "text": "text",
        },
        (("customer_id",), ("stage",), ("asked_at",), ("answered",)),
        ("customer_id", "stage", "asked_at"),
        words=("text",),
    ),
    "internal_ratings": Kind(
        {"id": "text", "stage": "text", "rated_at": "date", "role": "text", "great_share": "number", "rating": "number"},
        (("stage",), ("rated_at",), ("great_share", "rating")),
        ("id", "stage", "rated_at", "role", "occurrence"),
    ),
    "investment": Kind(
        {"stage": "text", "period": "text", "amount": "number"},
        (("stage",), ("period",), ("amount",)),
        ("stage", "period"),
    ),
    "actions": Kind(
        {
            "id": "text", "what": "text", "kind": "text", "stage": "text", "touchpoint": "text", "owner": "text", "because_of": "text",
            "started_on": "date", "due_on": "date", "closed_on": "date", "measure": "text", "expected": "number", "note": "text",
        },
        (("what",), ("stage", "touchpoint")),
        ("id", "what", "stage", "touchpoint", "started_on", *DIMENSIONS),
        words=("what", "note"),
    ),
}  # fmt: skip
OUTCOMES_OF_CUSTOMERS = frozenset({"left", "renewed", "bought", "bought_less", "recommended", "warned"})


def columns_of(source: Source, fields: list[str]) -> dict[str, str]:
    """Which of the source's columns holds which canonical one, as configured or by the same name.

    Raises:
        Mend: a configured or a needed column is not there.
    """
    kind = KINDS[source.kind]
    squeezed = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(fields)}
    named = {name: column for name, column in source.columns.items() if isinstance(column, str)}
    missing = [(name, column) for name, column in {**named, **source.dimensions}.items() if column not in fields]
    if missing:
        raise Mend(
            f"there is no column '{missing[0][1]}', which [sources.{source.name}] names for {missing[0][0]}. "
            f"The columns are: {listed(fields)}. Mend the name in listening.toml, or the export."
        )
    found = {name: squeezed[name.replace("_", "")] for name in (*kind.columns, *DIMENSIONS) if name.replace("_", "") in squeezed}
    columns = {**(found if not named else {}), **named, **source.dimensions}
    constants = {"stage"} if source.stage else {"touchpoint"} if source.touchpoint else set()
    for alternatives in kind.needed:
        if not {*columns, *constants} & set(alternatives):
            raise Mend(
                f"{source.kind} needs {' or '.join(alternatives)}, and no column is called so. The columns are: {listed(fields)}. "
                f"Add columns = {{{alternatives[0]} = '…'}} to [sources.{source.name}]."
            )
    return columns


def read(source: Source, cells: Mapping[str, Any], columns: Mapping[str, str], zone: ZoneInfo, day_first: bool | None) -> dict[str, Any]:
    """One row as a fact with every column of its kind.

    Raises:
        ValueError: a needed cell is empty or cannot be read; the message is a reason without the cell.
    """
    kind = KINDS[source.kind]
    fact: dict[str, Any] = {
        name: _cell(cells.get(columns[name]) if name in columns else None, form, name, zone, day_first) for name, form in kind.columns.items()
    }
    fact |= {name: _text(cells.get(columns[name])) if name in columns else None for name in DIMENSIONS}
    for name in ("stage", "touchpoint"):
        if name in kind.columns and fact[name] is None:
            fact[name] = getattr(source, name)
    for alternatives in kind.needed:
        if all(fact[name] is None for name in alternatives):
            raise ValueError(f"{' or '.join(alternatives)} is empty")
    return _checked(source.kind, fact)


def key_of(source: Source, fact: Mapping[str, Any]) -> str:
    """The hash by which a fact is known again. Counts without customers are known by their day."""
    parts = {name: fact.get(name) for name in KINDS[source.kind].key}
    if source.kind == "operations" and fact["customer_id"] is None:
        parts["at"] = fact["at"].date()
    return hashlib.sha256("\x1f".join(map(str, (source.name, *parts.values()))).encode()).hexdigest()[:20]


def _checked(kind: str, fact: dict[str, Any]) -> dict[str, Any]:
    if kind == "operations" and fact["customer_id"] is not None and fact["passed"] is None:
        if fact["failed"] not in (0, 1):
            raise ValueError("failed is neither 0 nor 1")
        fact["passed"] = 1 - fact["failed"]
    if kind == "outcomes":
        fact["outcome"] = fact["outcome"].lower().replace(" ", "_")
        if fact["outcome"] not in OUTCOMES_OF_CUSTOMERS:
            raise ValueError(f"outcome is none of {', '.join(sorted(OUTCOMES_OF_CUSTOMERS))}")
    if kind == "checkins":
        _check_answer(fact)
    if kind == "actions":
        for name, values in (("kind", ACTION_KINDS), ("because_of", CAUSES)):
            fact[name] = fact[name].lower() if fact[name] else None
            if fact[name] not in (None, *values):
                raise ValueError(f"{name} is none of {', '.join(values)}")
    if kind == "internal_ratings" and fact["great_share"] is not None and not 0 <= fact["great_share"] <= 1:
        raise ValueError("great_share is no share from 0 to 1 (write .8 or 80%)")
    return fact


def _check_answer(fact: dict[str, Any]) -> None:
    """The answers to a check-in in the values that they can have."""
    allowed = {"experience": (-1, 0, 1), "memorable": (-1, 0, 1), "expectation": ("below", "met", "exceeded")}
    fact["expectation"] = fact["expectation"].lower() if fact["expectation"] else None
    for name, values in allowed.items():
        if fact[name] is not None and fact[name] not in values:
            raise ValueError(f"{name} is none of {', '.join(map(str, values))}")


def _cell(cell: Any, form: str, name: str, zone: ZoneInfo, day_first: bool | None) -> Any:
    text = _text(cell)
    if text is None or form == "text":
        return without_email(text) if name in ("customer_id", "account_id", "answered_id") else text
    if form in ("time", "date"):
        moment, is_date = times.read(cell, zone, day_first)
        if form == "date":
            return times.local_date(moment, zone)
        return times.midnight(times.local_date(moment, zone), zone) if is_date else moment
    if form == "flag":
        return _flag(text, name)
    number = text.replace(" ", "")
    if _THOUSANDS.fullmatch(number):
        number = number.replace(",", "")
    if number.endswith("%") and _NUMBER.match(number[:-1]):
        return float(number[:-1].replace(",", ".")) / 100
    if form == "count" and number.lower() in _FLAGS:
        return _flag(text, name)
    if not _NUMBER.match(number):
        raise ValueError(f"{name} is no number")
    value = float(number.replace(",", "."))
    if form == "count":
        if value < 0 or value != int(value):
            raise ValueError(f"{name} is no count")
        return int(value)
    return value


def _flag(text: str, name: str) -> int:
    if text.lower() not in _FLAGS:
        raise ValueError(f"{name} is neither 0 nor 1")
    return int(text.lower() in _YES)


def _text(cell: Any) -> str | None:
    if cell is None or cell != cell:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, dt.date | dt.datetime):
        return cell.isoformat()
    return str(cell).strip() or None
