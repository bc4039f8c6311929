"""Redaction: takes a column of texts, gives the texts with placeholders where something private stood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from listening.records.privacy import codes, contacts, network, numbers, streets
from listening.records.privacy.kinds import Kind

_SUSPECT = rf"[0-9@]|{contacts.SPELT_EMAIL}"
_FEW, _SHORT = 100, 1000  # texts, characters
_COVER = "\0"  # stands in for what is found already, so that no other kind reads across it


@lru_cache
def kinds(regions: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds, in the order in which they take their places; a long number is what no other wanted."""
    return (
        codes.link(),
        contacts.email(),
        numbers.iban(),
        numbers.card(),
        network.network(),
        codes.secret(),
        *streets.addresses(),
        numbers.owned(),
        contacts.phone(regions),
        numbers.long(),
    )


def redact(texts: Sequence[str | None], regions: tuple[str, ...] = contacts.LIKELY) -> list[str | None]:
    """Texts with what is private replaced by `[link]`, `[e-mail]`, `[iban]`, `[card]`, `[network]`, `[secret]`, `[address]`, `[number]` or `[phone]`.

    `regions` are the two-letter countries in which phone numbers without a prefix are read, the likeliest first. A text without a
    digit, an @ or the word for one stays as it is.
    """
    propose = _proposed_at_once if len(texts) < _FEW and all(len(text or "") <= _SHORT for text in texts) else _proposed
    redacted = list(texts)
    for row, theirs in propose(texts, kinds(regions)):
        redacted[row] = _redacted(texts[row] or "", theirs)
    return redacted


def placeholders(text: str) -> dict[str, int]:
    """How many of each placeholder stand in a redacted text."""
    found = {kind.name: text.count(f"[{kind.name}]") for kind in kinds(contacts.LIKELY)}
    return {name: number for name, number in found.items() if number}


def _proposed(texts: Sequence[str | None], every: tuple[Kind, ...]) -> Iterable[tuple[int, list[Kind]]]:
    """The rows in which RE2 sees something that may be private, and what; linear in the column's length."""
    column = pa.array(texts, pa.string())
    suspects = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(column, _SUSPECT), False))
    rows, suspected = suspects.to_pylist(), column.take(suspects)
    proposed: dict[int, list[Kind]] = {}
    for kind in every:
        for place in pc.indices_nonzero(pc.match_substring_regex(suspected, kind.proposal)).to_pylist():
            proposed.setdefault(rows[place], []).append(kind)
    return proposed.items()


def _proposed_at_once(texts: Sequence[str | None], every: tuple[Kind, ...]) -> Iterator[tuple[int, list[Kind]]]:
    """The same for a few short texts, for which preparing RE2 would take longer than reading them."""
    for row, text in enumerate(texts):
        if text and _compiled(_SUSPECT).search(text):
            yield row, [kind for kind in every if _compiled(kind.proposal).search(text)]


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _redacted(text: str, proposed: Iterable[Kind]) -> str:
    """The text, read again until nothing is found, since what is gone may have kept two numbers apart."""
    while (once := _once(text, proposed)) != text:
        text = once
    return text


def _once(text: str, proposed: Iterable[Kind]) -> str:
    covered, found = text, []
    for kind in proposed:
        for start, stop in list(kind.find(covered)):
            found.append((start, stop, kind.name))
            covered = covered[:start] + _COVER * (stop - start) + covered[stop:]
    pieces, end = [], 0
    for start, stop, name in sorted(found):
        pieces += [text[end:start], f"[{name}]"]
        end = stop
    return "".join([*pieces, text[end:]])
