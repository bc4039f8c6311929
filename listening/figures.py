"""Figures and dates as people read them, the same in every story, warning, list and page: '42 % (36–48 %)', '+4 points', '£56,700', '9 Sep to 7 Dec 2022'."""

from __future__ import annotations

import datetime as dt

SPACE = "\u00a0"
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands set apart; a dash where it is not known."""
    return "–" if value is None else f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "−")


def count(value: float, one: str, many: str) -> str:
    """A count with its noun, as '1 piece of feedback' or '2,264 pieces of feedback'."""
    return f"{number(value)} {_noun(value, one, many)}"


def quantity(value: float, low: float, high: float, one: str, many: str) -> str:
    """A number with its noun and its interval, as '27 words (25–29)'."""
    return f"{count(value, one, many)} ({number(low)}–{number(high)})"


def percent(share: float, digits: int = 0) -> str:
    """A share 0 … 1 as '42 %', or '41.7 %' where a tenth matters."""
    return f"{number(share * 100, digits)}{SPACE}%"


def interval(value: float, low: float, high: float) -> str:
    """A share with its 90 % interval, as '42 % (36–48 %)'."""
    return f"{percent(value)} ({number(low * 100)}–{percent(high)})"


def signed(points: float) -> str:
    """Points with their sign, as '+4', '−9' or '0'."""
    whole = round(points)
    return f"{whole:+,d}".replace("-", "−") if whole else "0"


def change(value: float, low: float, high: float, one: str, many: str) -> str:
    """A change with its noun and its interval, as '−1 word (−4 to +3)'."""
    return f"{signed(value)} {_noun(value, one, many)} ({signed(low)} to {signed(high)})"


def points(value: float, low: float, high: float) -> str:
    """A change in points with its interval, as '+4 points (−2 to +10)'."""
    return change(value, low, high, "point", "points")


def money(amount: float | None, currency: str) -> str:
    """An amount of three figures, as exact as it is known: '£56,700'; a dash where it is not."""
    if amount is None:
        return "–"
    whole = f"{abs(amount):,.0f}" if abs(amount) < 1000 else f"{float(f'{abs(amount):.3g}'):,.0f}"
    sign = "−" if amount < 0 and whole != "0" else ""
    return f"{sign}{SIGNS[currency]}{whole}" if currency in SIGNS else f"{sign}{whole}{SPACE}{currency}"


def day(date: dt.date | None) -> str:
    """A date as '7 Dec 2022'."""
    return f"{date.day}{SPACE}{date:%b}{SPACE}{date.year}" if date else "never"


def span(first: dt.date, last: dt.date) -> str:
    """Two dates as '9 Sep to 7 Dec 2022', or '1 to 31 Oct 2026'."""
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    return f"{first.day}{SPACE}{first:%b} to {day(last)}" if first.year == last.year else f"{day(first)} to {day(last)}"


def capital(text: str) -> str:
    """Text that begins a line."""
    return text[:1].upper() + text[1:]


def listed(words: list[str]) -> str:
    """Words in a row, as 'a, b and c'."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _noun(value: float, one: str, many: str) -> str:
    return one if abs(round(value)) == 1 else many
