"""What a kind of private matter is: takes a text, gives where in it something of that kind stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Place = tuple[int, int]
NOT_WITHIN = "0-9\\[\\]\\x00"  # what may not stand between a word and the number it speaks of: another number, a placeholder


@dataclass(frozen=True)
class Kind:
    """One kind of private matter.

    `proposal` is read by RE2 and by Python alike: no look-around, plain `[0-9]`; it may propose too much, never too little.
    `find` gives the places that are confirmed, from left to right.
    """

    name: str
    proposal: str
    find: Callable[[str], Iterator[Place]]


def before(text: str, start: int, length: int = 48) -> str:
    """The words before a place."""
    return text[max(0, start - length) : start]


def without_overlap(places: Iterable[Place]) -> Iterator[Place]:
    """The places from left to right, the longest first; of one that reaches into another only what it adds."""
    end = 0
    for start, stop in sorted(places, key=lambda place: (place[0], -place[1])):
        if stop > end:
            yield max(start, end), stop
            end = stop


def date_like(number: str) -> bool:
    """Whether a number is written as a date, or as a year."""
    return bool(_DATE.fullmatch(number))


def is_amount(text: str, start: int, stop: int) -> bool:
    """Whether a number counts something: a currency or a unit stands beside it."""
    return bool(_UNIT.match(text, stop) or _CURRENCY.search(before(text, start, 5)))


def is_ware(text: str, start: int) -> bool:
    """Whether words call a number that of a thing for sale, or of a moment."""
    return bool(_WARE.search(before(text, start)))


_DATE = re.compile(
    r"(?:[0-3]?[0-9][./-][0-3]?[0-9][./-](?:[0-9]{2}|(?:19|20)[0-9]{2})"  # 31.12.2025, 12/31/25
    r"|(?:19|20)[0-9]{2}[./-]?[01][0-9][./-]?[0-3][0-9]|(?:[01]?[0-9][./-])?(?:19|20)[0-9]{2}(?:[/-][0-9]{2}(?:[0-9]{2})?)?)"  # 2025-12-31, 12/2025, 2025/26
)
_CURRENCY = re.compile(r"(?:[€£$¥]|\b(?:eur|usd|gbp|chf))\s*$", re.I)
_UNIT = re.compile(
    r"\s*(?:%|[€£$¥]|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|quid|yen|miles?|km|kms|m|metres?|meters?|mm|cm|kg|g|lbs?|ml|l|kwh|mb|gb|ms|points?|units?|"
    r"pieces?|people|users?|customers?|visitors?|times|words?|rows?|items?|orders?|downloads?|copies|hours?|hrs?|minutes?|mins?|seconds?|days?|weeks?|months?|"
    r"years?|steps|views|likes|punkte|kunden|stunden|minuten|tage|uhr|mal|stück|clients|jours|heures|minutes|fois|puntos|veces|horas|keer|uur)\b)",
    re.I,
)

_WARE = re.compile(
    r"(?i)\b(?:isbn(?:-1[03])?|issn|ean|gtin|upc|asin|barcode|imei|timestamp|unix|epoch|model|part|product|item|article|artikel\w*|art|sku|lot|batch|charge|"
    rf"version|build)\b(?:\s?(?:number|nummer|no|nr|code))?[^{NOT_WITHIN}\w]{{0,4}}\Z"
)
