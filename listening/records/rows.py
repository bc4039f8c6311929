"""What stands between a source's rows and records: a row as it was exported, a thing said under canonical names, a layout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from listening.workspace import DIMENSIONS

Row = dict[str, Any]
Said = dict[str, Any]

AGENTS = frozenset({"agent", "admin", "staff", "operator", "team", "employee", "teammate", "business"})
BOTS = frozenset({"bot", "system", "automation", "workflow", "operatorbot", "assistant", "autoresponder"})
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
NAMED_AT_MOST = 30  # columns, in a sentence
BLANK = frozenset({"", "null", "none", "nan", "nat", "n/a", "#n/a", "\\n"})  # how programs write that there is nothing


@dataclass
class Layout:
    """How rows of one pull are read.

    `dates` names the columns whose day order matters, `zone` the time zone of naive times where the export itself
    settles it. `notes` tell a person what was guessed.
    """

    name: str
    take_apart: Callable[[Row], list[Said]]
    dates: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    has_time: bool = True
    zone: str | None = None


def value(row: Row, path: str) -> Any:
    """A cell by its column, or by a path such as `answers.comment` into nested JSON; empty text and NaN are None."""
    cell = row.get(path)
    if cell is None and "." in path:
        cell = row
        for part in path.split("."):
            cell = cell.get(part) if isinstance(cell, dict) else None
    if isinstance(cell, str) and not cell.strip():
        return None
    return None if cell != cell else cell


def is_blank(cell: Any) -> bool:
    """Whether a cell that holds no words says that there is nothing: empty, NULL, NaN and the like."""
    return cell is None or cell != cell or (isinstance(cell, str) and cell.strip().lower() in BLANK)


def author(cell: Any) -> str:
    """`customer`, `agent` or `bot`; a name or anything unknown is a customer's."""
    if not cell:
        return "customer"
    word = re.sub(r"[^a-z]", "", str(cell).lower())
    return "agent" if word in AGENTS else "bot" if word in BOTS else "customer"


def without_email(key: str | None) -> str | None:
    """A key as it is; one that is an e-mail address as its hash, the same everywhere, since addresses are never published."""
    if key is None or "@" not in key or not _ADDRESS.fullmatch(key):
        return key
    return f"mail-{hashlib.sha256(key.casefold().encode()).hexdigest()[:16]}"


def rest(row: Row, used: set[str]) -> Row:
    """The cells that no canonical column takes."""
    return {key: cell for key, cell in row.items() if key not in used}


def own_dimensions(row: Row, base: Said) -> Said:
    """The dimensions that a row names itself, unless they are known already."""
    named = {name.lower(): cell for name, cell in row.items() if not isinstance(cell, dict | list)}
    return {name: value(named, name) for name in DIMENSIONS if name in named and not base.get(name)}


def parts(base: Said, row: Row, texts: list[str], score: Said) -> list[Said]:
    """One thing said for each answered text column. The score belongs to the first column, so that its id never moves.

    They are comments of one answer, which counts once.
    """
    said = [
        {**base, "part": column, "is_comment": True, "text": value(row, column), **(score if place == 0 else {})}
        for place, column in enumerate(texts)
        if value(row, column) is not None or (place == 0 and score.get("score") is not None)
    ]
    return said or [{**base, **score, "text": None}]


def listed(fields: list[str]) -> str:
    """Columns for a person who looks for the right one; each in marks, since a survey's question may hold commas."""
    more = f" and {len(fields) - NAMED_AT_MOST} more" if len(fields) > NAMED_AT_MOST else ""
    return ", ".join(f"'{name}'" for name in fields[:NAMED_AT_MOST]) + more
