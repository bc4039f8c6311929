"""Private matters in a text: takes texts, gives them with e-mail addresses, phone, card and account numbers replaced.

RE2 proposes in one pass over a whole column; a library or a check digit confirms only what was proposed, so that an
order of 1,250.00 or a date is left as it is. Redaction lowers what is exposed; it does not make a text anonymous.
"""

from __future__ import annotations

import re

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)")
PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00|\(?0|\(?[2-9]\d{2}\)?[ .-])[\d() ./-]{6,20}\d(?![\w/-]|[.,]\d)")
ACCOUNT = re.compile(
    r"(?i)\b(account|acct|a/c|customer|client|member(?:ship)?|policy|contract|order|booking|reference|ref|case|ticket|invoice|claim|card|meter|iban|sort code)"
    r"(\s*(?:number|numbers|no\.?|nr\.?|id|ending(?: in)?|#|is|:|-)*\s*[:#]?\s*)"
    r"((?:[A-Z]{1,4}-?)?\d(?:[ -]?\d){3,}[A-Z]?)\b"
)
LONG_NUMBER = re.compile(r"(?<![\d.,/£$€-])\b(?:[A-Z]{1,4}-?)?\d{8,}\b(?![.,/]\d)")
_ANY = r"@|\d[\d ()./-]{2,}\d"


def redact(texts: list[str | None], region: str = "GB") -> list[str | None]:
    """Texts with what is private replaced by `[e-mail]`, `[iban]`, `[card]`, `[phone]` or `[number]`.

    `region` is the two-letter country in which phone numbers without a prefix are read.
    """
    suspected = pc.match_substring_regex(pa.array(texts, pa.string()), _ANY).to_pylist()
    return [_redacted(text, region) if text is not None and is_suspected else text for text, is_suspected in zip(texts, suspected, strict=True)]


def _redacted(text: str, region: str) -> str:
    text = EMAIL.sub("[e-mail]", text)
    text = IBAN.sub(lambda found: "[iban]" if _is_iban(found[0]) else found[0], text)
    text = CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)
    text = ACCOUNT.sub(lambda found: f"{found[1]}{found[2]}[number]" if not _is_year(found[3]) else found[0], text)
    text = PHONE.sub(lambda found: "[phone]" if _is_phone(found[0], region) else found[0], text)
    return LONG_NUMBER.sub("[number]", text)


def _is_year(number: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d", number))


def _is_card(number: str) -> bool:
    """Luhn's check digit, ISO/IEC 7812-1."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    doubled = [digit if place % 2 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits), 1)]
    return sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _is_iban(number: str) -> bool:
    """The check digits of ISO 13616: the rearranged number is 1 modulo 97."""
    bare = number.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _is_phone(number: str, region: str) -> bool:
    bare = number.strip(" .-/")
    if re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", bare):
        return False
    for country in {region, "US"} if not bare.startswith(("+", "00")) else {region}:
        try:
            parsed = phonenumbers.parse(re.sub(r"^00", "+", bare), country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return True
    return False
