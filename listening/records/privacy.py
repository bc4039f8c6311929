"""Private matters: takes texts and cells, gives them without e-mail addresses, phone, card and account numbers, and names.

RE2 proposes in one pass over a whole column; a library, a check digit or the words around it confirm only what was
proposed, so that a price of 1,250.00 or a date is left as it is. Redaction lowers what is exposed; it does not make a
text anonymous.
"""

from __future__ import annotations

import json
import re
from typing import Any

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from listening.records.cleaning import hidden_removed

EMAIL = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", re.I)
CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)")
PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00|\(?0|(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-])[\d() ./-]{6,20}\d(?![\w/-]|[.,]\d)")
_OWNED = (
    r"account|acct|a/c|customer|client|member(?:ship)?|policy|contract|order|booking|reference|ref|case|ticket|invoice|claim|card|meter|iban|sort code|"
    r"tracking|parcel|passport|licence|license|nhs|ssn|social security|national insurance|"
    r"\w{0,30}nummer|bestellung|auftrag|rechnung|vertrag|kunde|konto|commande|compte|facture|contrat|dossier|r[ée]f[ée]rence|pedido|cuenta|cliente|factura|"
    r"contrato|p[óo]liza|n[º°]|num[ée]ro|n[úu]mero"
)
_MARK = r"(?:number|numbers|no|nr|num|id|ref|code|ending|in|is|was|de|n[º°]|[.:#-])"
MARKED_NUMBER = re.compile(  # 'order no. 1234', 'Kundennummer: 123456': any code of four and more with three digits
    rf"(?i)\b((?:{_OWNED})s?\s*(?:number|no\b\.?|nr\b\.?|num\b\.?|id\b|ref\b\.?|code|ending|n[º°]|[:#])\s*(?:{_MARK}\s*)*)"
    r"((?:(?=[a-z0-9-]*\d[a-z0-9-]*\d[a-z0-9-]*\d)[a-z0-9-]{4,}|\d(?:[ -]?\d){3,})(?:[ -]\d{2,})*)\b"
)
OWNED_NUMBER = re.compile(  # 'order 4521987', 'policy AB-123456': five digits and more, and no amount of anything
    rf"(?i)\b((?:{_OWNED})\s*(?:is|was|de|del)?\s*)((?:[a-z]{{1,5}}-?\d(?:[ -]?\d){{3,}}|\d(?:[ -]?\d){{4,}})[a-z]?)\b"
)
LONG_NUMBER = re.compile(r"(?<![\d.,£$€-])\b(?:[A-Z]{1,4}-?)?\d{8,}\b(?![.,]\d)")
_AMOUNT = re.compile(
    r"\s*(?:%|€|£|\$|(?:eur|usd|gbp|chf|euros?|dollars?|pounds?|quid|miles?|km|kms|m|metres?|meters?|kg|g|lbs?|ml|l|kwh|points?|units?|pieces?|people|users?|"
    r"customers?|times|words?|rows?|hours?|hrs?|minutes?|days?|weeks?|months?|years?|steps|views|punkte|kunden|stunden|clients|jours|puntos|veces)\b)",
    re.I,
)
_MONEY_OR_CODE = re.compile(r"(?:[€£$]|\b(?:eur|usd|gbp|chf|error|error code|code|fehler(?:code)?))\s*$", re.I)
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_NO_PHONE = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"  # a date
    r"|0[.]\d+"  # a decimal fraction
    r"|[0-2]?\d[.:]?(?:00|15|30|45)\s*-\s*[0-2]?\d[.:]?(?:00|15|30|45)"  # opening hours
    r"|(?:\d+00[ .-]?)+"  # round numbers one after another
)
_LOCAL = re.compile(r"\d{3}\)?[ ./-]*\d{3}[ ./-]*\d{4}|[6-9]\d{2}[ .-]\d{3}[ .-]\d{3}")  # written as in the United States or in Spain
_ANY = r"@|\d[\d ()./-]{2,}\d|\d{3}"
_SUSPECT = re.compile(_ANY)
_REGION = "GB"
_PRIVATE = re.compile(
    r"ipaddr|^ip$|latitude|longitude|^(?:lat|lng|lon|geo\w*)$|e?mail|phone|telefon|^tel$|mobile|^fax$|^handy$|"
    r"(?:first|last|full|given|family|middle|sur|nick|user|display|screen|customer|client|contact|author|reviewer|requester|recipient|sender|submitter|"
    r"agent|assignee|advisor|employee|staff|respondent)name|^name$|^vorname$|^nachname$|^(?:author|reviewer|nickname)$|"
    r"street|address|adresse|postcode|postalcode|^zip|birth|^dob$|^ssn$|passport|iban|cardnumber|useragent|password|token|secret|"
    r"^(?:assignee|submitter|agent|advisor|collaborator|follower|emailcc)s?(?:id|ids)?$"
)
_LOADERS = ("_fivetran", "_airbyte", "_dlt", "_sdc")
_BOOKKEEPING = frozenset({"generated_timestamp"})  # changes with every export and says nothing


def redact(texts: list[str | None], region: str = _REGION) -> list[str | None]:
    """Texts with what is private replaced by `[e-mail]`, `[iban]`, `[card]`, `[phone]` or `[number]`.

    `region` is the two-letter country in which phone numbers without a prefix are read.
    """
    suspected = pc.match_substring_regex(pa.array(texts, pa.string()), _ANY).to_pylist()
    return [_redacted(text, region) if text is not None and is_suspected else text for text, is_suspected in zip(texts, suspected, strict=True)]


def kept_attributes(cells: dict[str, Any]) -> dict[str, str | int | float | bool]:
    """What is kept beside the canonical columns: named values, redacted, without what tells who or where a person is."""
    kept: dict[str, str | int | float | bool] = {}
    for key, cell in _public(cells).items():
        kept[key] = cell if isinstance(cell, str | int | float | bool) else json.dumps(cell, ensure_ascii=False, default=str)
    return {key: _redacted(cell, _REGION) if isinstance(cell, str) and _SUSPECT.search(cell) else cell for key, cell in kept.items()}


def _public(cell: Any) -> Any:
    """A cell without private keys, empty values and hidden characters, at any depth."""
    if isinstance(cell, dict):
        named = {hidden_removed(str(key)): _public(each) for key, each in cell.items() if _is_public(str(key))}
        return {key: each for key, each in named.items() if each is not None and each not in ("", [], {})}
    if isinstance(cell, list):
        return [_public(each) for each in cell]
    if isinstance(cell, float) and (cell != cell or abs(cell) == float("inf")):
        return None
    return hidden_removed(cell) if isinstance(cell, str) else cell


def _is_public(key: str) -> bool:
    is_bookkeeping = key in _BOOKKEEPING or key.startswith(_LOADERS)
    return not is_bookkeeping and not _PRIVATE.search(re.sub(r"[^a-z0-9]", "", key.lower()))


def _redacted(text: str, region: str) -> str:
    text = EMAIL.sub("[e-mail]", text)
    text = IBAN.sub(_without_iban, text)
    text = CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)
    text = MARKED_NUMBER.sub(lambda found: found[0] if _is_year(found[2]) or _is_amount(found) else f"{found[1]}[number]", text)
    text = OWNED_NUMBER.sub(lambda found: found[0] if _is_amount(found) else f"{found[1]}[number]", text)
    text = PHONE.sub(lambda found: "[phone]" if _is_phone(found[0], region) and not _is_amount(found) else found[0], text)
    return LONG_NUMBER.sub(lambda found: found[0] if _DAY.fullmatch(found[0]) or _is_amount(found) else "[number]", text)


def _is_year(number: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d", number))


def _is_amount(found: re.Match[str]) -> bool:
    """Whether a number counts something: a currency or a unit stands beside it, or 'error code' before it."""
    return bool(_AMOUNT.match(found.string, found.end()) or _MONEY_OR_CODE.search(found.string[max(0, found.start() - 12) : found.start()]))


def _is_card(number: str) -> bool:
    """Luhn's check digit, ISO/IEC 7812-1."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    doubled = [digit if place % 2 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits), 1)]
    return sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _without_iban(found: re.Match[str]) -> str:
    """The longest beginning that is an IBAN replaced; what follows may be words that look like more of it."""
    ends = [place.end() for place in re.finditer(r"[A-Za-z0-9]+", found[0])]
    end = next((end for end in reversed(ends) if _is_iban(found[0][:end])), None)
    return f"[iban]{found[0][end:]}" if end else found[0]


def _is_iban(number: str) -> bool:
    """The check digits of ISO 13616: the rearranged number is 1 modulo 97."""
    bare = number.replace(" ", "")
    return len(bare) >= 15 and int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _is_phone(number: str, region: str) -> bool:
    bare = number.strip(" .-/")
    if _NO_PHONE.fullmatch(bare):
        return False
    if not bare.startswith(("+", "0", "(", "1")) and not _LOCAL.fullmatch(bare):
        return False
    for country in {region, "US"} if not bare.startswith(("+", "00")) else {region}:
        try:
            parsed = phonenumbers.parse(re.sub(r"^00", "+", bare), country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return True
    return False
