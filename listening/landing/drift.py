"""What columns a pull has, and how they differ from those of the pull before: takes rows, gives fields, then sentences.

A new column is kept, a missing one counted, one that holds another kind of value told; none of them stops a source.
"""

from __future__ import annotations

import collections
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from listening.workspace import GONE

MOSTLY = 0.9  # of a column's values; below it, a column has no kind
ENOUGH = 20  # values before a kind is believed
_KINDS = {bool: "yes or no", int: "numbers", float: "numbers", list: "lists", dict: "objects"}  # of cells that are no text
_LONGEST = 200  # characters; nothing but text is as long, even with blanks around it
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?")


class Fields:
    """The top-level fields of one pull while its rows pass by."""

    def __init__(self) -> None:
        self._kinds: dict[str, collections.Counter[str]] = {}

    def note(self, cells: Any) -> None:
        """Take in one row; one that only tells that another is gone has no columns of its own."""
        if isinstance(cells, dict) and cells.get(GONE) is not True:
            for name, cell in cells.items():
                kinds = self._kinds.get(name)
                if kinds is None:
                    kinds = self._kinds[name] = collections.Counter()
                if cell is not None and cell != "":
                    kinds[_KINDS.get(type(cell)) or _kind(cell)] += 1

    def seen(self) -> dict[str, dict[str, Any]]:
        """By field: how many cells are filled, and of what kind nearly all of them are (null if of none)."""
        return {name: {"filled": sum(kinds.values()), "holds": _main(kinds)} for name, kinds in self._kinds.items()}


def changes(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A sentence for what is new, gone, or of another kind since the pull before."""
    if not before or not now:
        return
    if added := [name for name in now if name not in before]:
        yield f"has columns that were not there before: {_named(added)}; what no setting names is kept in attributes"
    if gone := [name for name, seen in before.items() if name not in now and seen["filled"]]:
        yield f"no longer has the columns {_named(gone)}"
    for name, seen in now.items():
        old = before.get(name, {})
        if old.get("holds") and seen["holds"] != old["holds"] and min(old["filled"], seen["filled"]) >= ENOUGH:
            yield f"column '{name}' held {old['holds']} before and holds {seen['holds'] or 'a mixture'} now"


def _named(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _main(kinds: collections.Counter[str]) -> str | None:
    if not kinds:
        return None
    kind, number = kinds.most_common(1)[0]
    return kind if number >= MOSTLY * sum(kinds.values()) else None


def _kind(cell: Any) -> str:
    """What a text holds; anything else that a reader made of a cell counts as text."""
    may_be_other = isinstance(cell, str) and len(cell) < _LONGEST and not cell[0].isalpha()  # most cells begin with a letter, which settles it
    return _kind_of_text(cell.strip()) if may_be_other else "text"


@functools.lru_cache(10_000)
def _kind_of_text(text: str) -> str:
    if not text or len(text) > 40:
        return "text"
    return "numbers" if _NUMBER.fullmatch(text) else "dates" if _DATE.fullmatch(text) else "text"
