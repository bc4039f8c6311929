"""Ways to reach a person: takes a text, gives where e-mail addresses and phone numbers stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from listening.records.privacy.kinds import NOT_WITHIN, Kind, Place, before, is_amount, is_ware

# Likely countries of a number without a prefix; the first reads it most generously.
LIKELY = ("GB", "US", "DE", "FR", "ES", "IT", "NL", "BE", "AT", "CH", "IE", "PT", "PL", "SE", "NO", "DK", "FI", "AU", "NZ", "IN", "BR", "SG")

EMAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_SPELT_EMAIL = re.compile(  # jane.doe(at)example.com, jane dot doe at example dot com
    r"[\w.+%-]{1,64} ?[(\[{]at[)\]}] ?[\w-]{1,63}(?: ?(?:\.|[(\[{]dot[)\]}]| dot ) ?[\w-]{2,63})+"
    r"|[\w+-]{1,64}(?:(?: dot |\.)[\w+-]{1,64}){0,4} at [\w-]{1,63}(?: dot [\w-]{2,63})+",
    re.I,
)
SPELT_EMAIL = r"[(\[{][Aa][Tt][)\]}]| [Dd][Oo][Tt] "  # without an @

_BETWEEN = r"[ ()./–-]{0,3}"
_CANDIDATE = re.compile(rf"(?<![\w,/-])(?<![0-9][.:])(?:\(?\+ ?)?\(?[0-9](?:{_BETWEEN}[0-9]){{6,15}}(?!(?!x[0-9])\w|[./,:-][0-9])")
_EXTENSION = re.compile(r" ?(?:x|ext\.?|extension) ?[0-9]{1,5}(?!\w)", re.I)
_MANY_WORDS = 6  # of digits: more are one number, digit by digit, or a table
_SPOKEN_OF = re.compile(
    r"(?i)(?:^|[^\w\[])(?:tele(?:phone|fono|fone|foon|fon)\w*|tel|tél(?:éphone)?|telèfon|tfno?|tlf|tfn|phone\w*|mobile?|mob|móvil|movil|mobiel\w*|mobil\w*|"
    r"cell\w*|cel|celular|telemóvel|landline|fax\w*|whats ?app\w*|sms|handy\w*|festnetz\w*|rufnummer|rückruf\w*|portable|fixe|"
    r"call(?:s|ed|ing)?|ring|rang|text(?:s|ed)?|dial(?:l?ed)?|contact|kontakt\w*|contactez|reach(?:ed)?|erreich\w+|anruf\w*|rufen|ruft|"
    r"rappel\w*|joign\w+|appel\w*|llám\w+|llam\w+|chiam\w+|bel|bellen|bereik\w+|ring|ringa|lig(?:ue|uem|ar)|zadzwo\w+|dzwo\w+|"
    r"my (?:no|num)|number|no is|meine nummer|mijn nummer|mon num[ée]ro|mi n[úu]mero|mio numero|meu número|mitt nummer|mój numer|numer\w*)\b\.?"
    rf"[^{NOT_WITHIN}]{{0,30}}\Z"
)
_NO_PHONE = re.compile(
    r"0[.][0-9]+"  # a decimal fraction
    r"|[0-9]{1,4}[.][0-9]{2}(?:[ /-]+[0-9]{1,4}[.][0-9]{2})*"  # prices or opening hours, one after another
    r"|[0-2]?[0-9](?:00|15|30|45) ?[–-] ?[0-2]?[0-9](?:00|15|30|45)"
    r"|(?:[0-9]+00[ .-]?)+"  # round numbers one after another
    r"|[0-9]{1,3}(?:[.][0-9]{3})+"  # thousands
    r"|[0-9]{1,3}( 000)+"
)
_DAY = re.compile(r"(?<![0-9])(?:[0-3]?[0-9][./-][0-3]?[0-9][./-](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[./-][01]?[0-9][./-][0-3]?[0-9])(?![0-9])")
_LAYOUTS = {  # written as there, so that no word need say that it is a phone number
    "US": re.compile(r"(?:1[ .-]?)?\(?[2-9][0-9]{2}\)?[ ./-]{1,2}[2-9][0-9]{2}[ .-][0-9]{4}"),
    "ES": re.compile(r"[6-9][0-9]{2}[ .-](?:[0-9]{3}[ -][0-9]{3}|[0-9]{2}[ .-][0-9]{2}[ .-][0-9]{2})|9[0-9][ .-][0-9]{3}[ .-][0-9]{2}[ .-][0-9]{2}"),
    "PL": re.compile(r"[5-8][0-9]{2}[ -][0-9]{3}[ -][0-9]{3}"),
    "PT": re.compile(r"9[1236][0-9][ -][0-9]{3}[ -][0-9]{3}"),
    "IN": re.compile(r"[6-9][0-9]{4}[ -][0-9]{5}"),
}


def email() -> Kind:
    """E-mail addresses, also those whose @ and dots are spelt out."""
    return Kind("e-mail", rf"@|{SPELT_EMAIL}", _emails)


@lru_cache
def phone(regions: tuple[str, ...]) -> Kind:
    """Phone numbers; those without a country's prefix are read as in `regions`."""
    return Kind("phone", rf"[0-9](?:{_BETWEEN}[0-9]){{6}}", lambda text: _phones(text, regions))


def _emails(text: str) -> Iterator[Place]:
    if "@" in text:
        yield from (found.span() for found in EMAIL.finditer(text))
    yield from (found.span() for found in _SPELT_EMAIL.finditer(text))


def _phones(text: str, regions: tuple[str, ...]) -> Iterator[Place]:
    place = 0
    while found := _CANDIDATE.search(text, place):
        confirmed = next((each for each in _tries(text, found) if _is_phone(text, *each, regions)), None)
        place = found.end()
        if confirmed:
            extended = _EXTENSION.match(text, confirmed[1])
            place = extended.end() if extended else confirmed[1]
            yield confirmed[0], place


def _tries(text: str, found: re.Match[str]) -> Iterator[Place]:
    """The candidate, longest first, then without words of digits at its end or its beginning: '0161 496 0818 5 times'."""
    words = [(each.start() + found.start(), each.end() + found.start()) for each in re.finditer(r"\S+", found[0])]
    if len(words) > _MANY_WORDS:
        return iter([found.span()])
    return ((start, stop) for start, _ in words for _, stop in reversed(words) if stop > start)


def _is_phone(text: str, start: int, stop: int, regions: tuple[str, ...]) -> bool:
    written = text[start:stop]
    digits = re.sub(r"\D", "", written)
    if not 7 <= len(digits) <= 15 or _NO_PHONE.fullmatch(written) or _DAY.search(written) or is_ware(text, start):
        return False
    if written.lstrip("( ").startswith("+") or digits.startswith("00"):
        return len(digits) > 8 and _is_possible("+" + digits.removeprefix("00"), None)
    if written.lstrip("(").startswith("0") and len(digits) > 8:
        return _is_possible(digits, regions[0]) or any(_is_valid(digits, region) for region in regions)
    if is_amount(text, start, stop):
        return False
    if any(region in regions and layout.fullmatch(written) and _is_possible(digits, region) for region, layout in _LAYOUTS.items()):
        return True
    return bool(_SPOKEN_OF.search(before(text, start))) and any(_is_possible(digits, region) for region in regions)


def _is_possible(digits: str, region: str | None) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False


def _is_valid(digits: str, region: str) -> bool:
    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(digits, region)))
    except phonenumbers.NumberParseException:
        return False
