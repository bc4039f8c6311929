"""Whom the company has forgotten: takes a landed row, gives it without them. Only keyed hashes of ids and addresses are kept.

    .forgotten/key      random, private to this workspace; without it the marks say nothing
               marks    a JSON line for each id or address: kind, mark, the day it was forgotten
               due      stands there until what landed before has been cleaned of them

A row is a person's if an id or address of theirs stands where rows name their customer. In anybody else's row only the
mention is masked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

from listening.workspace import Source, Workspace, put

FORGOTTEN = "forgotten"  # the fault of a landed row that was erased; it counts as refused
MASK = "[forgotten]"
EMAIL = re.compile(r"[^\s@<>\"',;:()\[\]{}|]+@[^\s@<>\"',;:()\[\]{}|]+\.[^\s@<>\"',;:()\[\]{}|]+")
_PERSON = re.compile(
    r"^(?:cust(?:omer)?|client|user|member|end-?user|requester|respondent|contact|person|subscriber|patient|guest|reviewer|author|submitter|"
    r"recipient|sender|buyer)s?(?:id|ids|number|no|nr|key|ref|reference)?$|e?-?mail(?:address)?$|^external(?:data)?(?:reference|id)$"
)
_NOT_A_CUSTOMER = re.compile(r"agent|assignee|staff|advisor|employee|owner|admin|support|teammate")
_ID_IN_WORDS = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w-]{5,}(?![\w-])")  # shorter ones may be any number


class Identity(NamedTuple):
    """One name under which a person is known: `kind` is customer or email."""

    kind: str
    value: str

    @classmethod
    def customer(cls, cell: Any) -> Identity:
        """A customer's id as it stands in a cell."""
        return cls("customer", str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip())

    @classmethod
    def email(cls, cell: Any) -> Identity:
        """An address, the same in capitals and small letters."""
        return cls("email", str(cell).strip().strip(".").lower())


class Forgotten:
    """The forgotten people of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.forgotten
        self._key = self._read_key()
        self._marks = frozenset(mark for mark, _ in self._read_marks())

    def holds(self, identity: Identity) -> bool:
        """Whether this id or address was forgotten."""
        return bool(self._marks) and self._mark(identity) in self._marks

    def is_named(self, *, customer: Any = None, email: Any = None) -> bool:
        """Whether a thing said or a fact belongs to a forgotten person."""
        return bool(self._marks) and any(self.holds(identity) for cell in (customer, email) for identity in _of(cell))

    def add(self, identities: set[Identity], day: dt.date) -> None:
        """Remember, by their marks only, that these are forgotten; safe on the disk when it returns."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not self._key:
            put(self._folder / "key", secrets.token_hex(32))
            self._key = self._read_key()
        kept = dict(self._read_marks())
        kept |= {self._mark(identity): {"kind": identity.kind, "on": day.isoformat()} for identity in identities}
        lines = (json.dumps({"mark": mark, **facts}) for mark, facts in sorted(kept.items()))
        put(self._folder / "due", "")
        put(self._folder / "marks", "".join(f"{line}\n" for line in lines))
        self._marks = frozenset(kept)

    @property
    def is_due(self) -> bool:
        """Whether what landed before is still to be cleaned of somebody."""
        return bool(self._marks) and (self._folder / "due").exists()

    def done(self) -> None:
        """Say that nothing of the forgotten is left."""
        (self._folder / "due").unlink(missing_ok=True)

    def cleaned(self, source: Source, cells: Any) -> Any:
        """Cells without forgotten people: None if the row is one's own, the same cells if none is named in it."""
        if not self._marks:
            return cells
        if not isinstance(cells, dict):
            return None if self._masked(cells) != cells else cells
        own = set(named_columns(source))
        return None if any(self.holds(identity) for identity in identities_of(cells, own)) else self._masked(cells)

    def _masked(self, cell: Any) -> Any:
        """A cell of somebody else's row: what a forgotten person said in it is left out, and any mention masked."""
        if isinstance(cell, dict):
            return {key: self._masked(each) for key, each in cell.items()}
        if isinstance(cell, list):
            return [self._masked(each) for each in cell if not (isinstance(each, dict) and any(map(self.holds, identities_of(each, set()))))]
        if isinstance(cell, str):
            words = EMAIL.sub(lambda found: MASK if self.holds(Identity.email(found[0])) else found[0], cell)
            return _ID_IN_WORDS.sub(lambda found: MASK if self.holds(Identity.customer(found[0])) else found[0], words)
        is_id = isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) >= 10_000 and self.holds(Identity.customer(cell))
        return MASK if is_id else cell

    def _mark(self, identity: Identity) -> str:
        return hashlib.blake2b(f"{identity.kind}:{identity.value}".encode("utf-8", "replace"), key=self._key, digest_size=20).hexdigest()

    def _read_key(self) -> bytes:
        path = self._folder / "key"
        return bytes.fromhex(path.read_text(encoding="ascii")) if path.exists() else b""

    def _read_marks(self) -> list[tuple[str, dict[str, str]]]:
        path = self._folder / "marks"
        if not path.exists():
            return []
        lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
        return [(line.pop("mark"), line) for line in lines]


def named_columns(source: Source) -> list[str]:
    """The columns that the configuration names for a customer's id and address."""
    return [column for name in ("customer_id", "email") if isinstance(column := source.columns.get(name), str)]


def identities_of(cells: dict[str, Any], columns: set[str]) -> Iterator[Identity]:
    """The ids and addresses of the customer whose row this is: in the named columns, or in those whose name says so."""
    for key, cell in cells.items():
        is_person = key in columns or _names_a_person(key)
        if isinstance(cell, dict) and is_person:  # such as requester = {id, email}
            yield from (identity for name, each in cell.items() if name.lower() == "id" or _names_a_person(name) for identity in _of(each))
        elif isinstance(cell, dict):
            yield from identities_of(cell, {column.removeprefix(f"{key}.") for column in columns if column.startswith(f"{key}.")})
        elif is_person:
            yield from _of(cell)


def _of(cell: Any) -> Iterator[Identity]:
    if isinstance(cell, str | int | float) and not isinstance(cell, bool) and str(cell).strip():
        yield from _both(Identity.email(cell) if "@" in str(cell) else Identity.customer(cell))


def _both(identity: Identity) -> tuple[Identity, ...]:
    """An address may serve as a customer's id, and is looked up as both."""
    return (identity, Identity.customer(identity.value)) if identity.kind == "email" else (identity,)


def _names_a_person(column: str) -> bool:
    squeezed = re.sub(r"[^a-z0-9]", "", column.lower())
    return bool(_PERSON.search(squeezed)) and not _NOT_A_CUSTOMER.search(squeezed)
