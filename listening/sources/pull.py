"""What every source hands over: a pull (one file, one walk through an API) as pages of rows, or a fault in words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

PAGE_ROWS = 20_000
Known: TypeAlias = Mapping[str, frozenset[str]]  # fingerprint → the origins where other content has come since
UNPACKED_RATIO = 500  # no export shrinks further than this; what is made to fill a disk or a memory does
SMALL = 2**16  # bytes; a smaller file may unpack to as much as one of this size
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Row(NamedTuple):
    """One row as the source gave it. A damaged row has `fault` and keeps what could be read of it as `cells`.

    `number` is the place in the pull, for files the line on which the row begins.
    """

    number: int
    cells: Any
    fault: str | None = None


@dataclass
class Pull:
    """Rows that belong together. `fingerprint` tells the same content again; `notes` fill while pages are read.

    A walk through a `stream` has the `checkpoint` to go on from, which moves with each page that is read.
    """

    origin: str
    fingerprint: str
    size: int
    pages: Iterator[list[Row]]
    notes: list[str] = field(default_factory=list)
    stream: str | None = None
    checkpoint: str | None = None


@dataclass(frozen=True)
class Difference:
    """How the ids that a source has now differ from those that have landed: `missing` here or of another version, `gone` there."""

    known: int
    seen: int
    missing: list[str]
    gone: list[str]


Compare: TypeAlias = Callable[[str, str, Iterator[list[tuple[str, str | None]]]], Difference]  # the cells of id and version, and what is there


@dataclass(frozen=True)
class Past:
    """What a source has brought already, and the night that asks for more.

    `checkpoints` are by stream, the state after its last kept page. A rehearsal wants the beginning only.
    """

    known: Known
    checkpoints: Mapping[str, str]
    clock: dt.datetime
    compare: Compare
    is_rehearsal: bool = False


@dataclass(frozen=True)
class Check:
    """Something that a system says of itself, beside what was found: a total, the number of parts."""

    what: str
    expected: int
    found: int
    stream: str = ""

    @property
    def is_met(self) -> bool:
        """Whether nothing is missing."""
        return self.expected == self.found


@dataclass(frozen=True)
class Fault:
    """Something that kept one file or one walk from being read, in a sentence that says how to mend it.

    `is_remark`: it may be as it should be, and does not make the source fail. `is_unfinished`: the source has more than
    what came.
    """

    origin: str
    sentence: str
    is_remark: bool = False
    is_unfinished: bool = False


class Unreadable(Exception):
    """A pull that cannot be read as what it should be; the message is a sentence without the pull's name."""


def most_unpacked(size: int) -> int:
    """How many bytes a packed file of this size may unpack to before it counts as a trap."""
    return UNPACKED_RATIO * max(size, SMALL)


def printable(name: str) -> str:
    """A name that a file brings, as it may stand in a sentence: what could steer a terminal or turn the text round shows as \ufffd."""
    return _UNSEEN.sub("\ufffd", name)


def distinct(names: list[str], pull: Pull) -> list[str]:
    """Names of columns with the nameless and repeated ones made distinct, so that no cell is lost."""
    labels = [name or f"column_{place}" for place, name in enumerate(names, 1)]
    result: list[str] = []
    for label in labels:
        name, number = label, 2
        while name in result or (name != label and name in labels):
            name, number = f"{label}_{number}", number + 1
        if name != label:
            pull.notes.append(f"{pull.origin} has the column '{printable(label)}' more than once; another is called '{printable(name)}'")
        result.append(name)
    return result
