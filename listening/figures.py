"""Figures and dates as people read them, the same in every story, warning, list and page: '42 % (36–48 %)', '+4', '£56,700', '9 Sep to 7 Dec 2022'."""

from __future__ import annotations

import datetime as dt

SPACE = "\u00a0"
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$"}


def number(value: float | None) -> str:
    """A count with thousands set apart; a dash where it is not known."""
    return "–" if value is None else f"{value:,.0f}"


def count(value: float, one: str, many: str) -> str:
    """A count with its noun, as '1 piece of feedback' or '2,264 pieces of feedback'."""
    return f"{number(value)} {one if round(value) == 1 else many}"


def percent(share: float) -> str:
    """A share 0 … 1 as '42 %'."""
    return f"{share * 100:.0f}{SPACE}%"


def interval(value: float, low: float, high: float) -> str:
    """A share with its 90 % interval, as '42 % (36–48 %)'."""
    return f"{percent(value)} ({low * 100:.0f}–{percent(high)})"


def signed(points: float) -> str:
    """Points with their sign, as '+4', '−9' or '0'."""
    whole = round(points)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def points(value: float, low: float, high: float) -> str:
    """A change in points with its interval, as '+4 points (−2 to +10)'."""
    return f"{signed(value)} points ({signed(low)} to {signed(high)})"


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
