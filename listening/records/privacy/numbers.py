"""Numbers that name a person's account, purchase or papers: takes a text, gives where cards, IBANs and other numbers stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from listening.records.privacy.kinds import NOT_WITHIN, Kind, Place, before, date_like, is_amount, is_ware, without_overlap

_IBAN = re.compile(r"(?<![\w-])[A-Za-z]{2}[0-9]{2}(?:[ .-]?[A-Za-z0-9]){11,30}")
_COUNTRIES = {  # by the length of their numbers, in the registry of ISO 13616
    15: "NO", 16: "BE", 18: "DK FK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
_CALLED_IBAN = re.compile(rf"(?i)\biban\b[^{NOT_WITHIN}]{{0,20}}\Z")

_CARD = re.compile(r"(?<!\w)(?<!\w[.,-])(?:[0-9](?:[ -]?[0-9]){12,18}|[0-9]{4}(?:[.][0-9]{4}){3})(?![.-]?\w)")
_CALLED_CARD = re.compile(
    r"(?i)\b(?:cards?|visa|master ?card|amex|american express|maestro|\w{0,12}karte\w{0,8}|carte|tarjeta|carta|cart[ãa]o|kaart|kort|kart[aąęy])\b"
    rf"[^{NOT_WITHIN}]{{0,20}}\Z"
)

_PLAIN_THINGS = (  # in small letters
    r"accounts?|acct|acc|a/c|customer|client|member|membership|subscriber|polic(?:y|ies)|contract|orders?|bookings?|reservations?|confirmation|references?|refs?|"
    r"cases?|tickets?|invoices?|receipt|claims?|cards?|meter|iban|sort code|tracking|parcel|consignment|shipment|delivery|serial|passport|licen[cs]e|nhs|nino?|"
    r"ssn|social security|national insurance|tax|imei|vin|pnr|po|purchase order|loyalty|registration|transaction|payment|"
    r"bestellung|auftrag|rechnung|vertrag|kunden?|konto|buchung|sendung|paket|vorgang|aktenzeichen|police|blz|ausweis|"
    r"commande|compte|facture|contrat|dossier|r[ée]f[ée]rence|r[ée]servation|colis|adh[ée]rent|"
    r"pedido|cuenta|cliente|factura|contrato|p[óo]liza|reserva|env[ií]o|expediente|dni|nie|nif|socio|"
    r"bestelling|factuur|klant|zending|polis|rekening|boeking|bsn|"
    r"ordine|fattura|contratto|prenotazione|polizza|spedizione|pratica|codice fiscale|encomenda|fatura|ap[óo]lice|contribuinte|"
    r"zam[óo]wieni[ae]|klienta|faktur[ay]|umow[ay]|paczk[ai]|pesel|best[äa]llning"
)
_THINGS = rf"{_PLAIN_THINGS}|\w{{0,30}}(?<!haus)(?<!zimmer)(?<!fon)(?<!handy)(?<!ruf)(?<!mobil)(?<!fax)(?<!foon)numme?rn?|\w{{1,12}}kennzeichen"
_OWNER = re.compile(rf".*(?<![\w\[])({_THINGS})s?(?!\w)([^{NOT_WITHIN}]{{0,34}})", re.S)  # the last of such words, and what stands between it and the number
_LINKS = r"(?:(?:is|was|are|in|the|de|del|di|du|da|van|von|der|le|la|el|ist|war|lautet|est|es|e|é|är)\b|[.,:#(=–-]|\s)*"
_NUMBER = r"numbers?|no\b\.?|nos\b\.?|nr\b\.?|num\b\.?|ids?\b|code|end(?:ing|s)(?: in)?|n[º°o]\b\.?|n[º°]\.?|num[ée]ro|numero|n[úu]mero"
_MARKS = re.compile(rf"(?:[\s-]*(?:{_NUMBER})|{_LINKS}[:#]){_LINKS}")
_MARKING = ("nummer", "number", "numer", "ref", "refs", "reference", "références", "référence", "pnr", "iban", "sort code")
_SENTENCE_END = re.compile(r"(?s)[!?]|[.].*[.a-z]")  # 'no. 12' is none
_LINKED = re.compile(_LINKS)
_CODE = re.compile(r"(?<![\w/.-])(?:[A-Z] )?(?=[A-Za-z/._-]*[0-9])[A-Za-z0-9]+(?:[/._-]+[A-Za-z0-9]+)*(?: [0-9][0-9./-]*(?![A-Za-z]|,[0-9]))*(?!\w)")
_STRIKING = re.compile(r"(?:[A-Z]{2,5}[0-9]|[A-Z]{1,5}[-/][0-9A-Z])[A-Z0-9/-]{3,}|[0-9]{7,}|[0-9]{2,}(?:-[0-9]{2,}){2,}")
_AND = re.compile(r"\s?(?:and|und|et|y|en|e|,|&)\s?#?")
_LAST_DIGITS = re.compile(  # 'card ending 4242', '**** 4242', but no year that follows
    r"(?i:\bcard (?:that |which )?(?:ending|ends)(?: in| with)? |\bthe one (?:ending|ends)(?: in)? |[*]{2,}[ -]?|(?<![a-z])x{4}-?)"
    r"((?!19[0-9]{2}|20[0-4][0-9])[0-9]{4})(?![\w.,]?[0-9])"
)
_PAPERS = re.compile(  # of the United Kingdom and the United States, and what a machine gives as a name
    r"(?<![\w-])(?:[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?![\w-])"
)
_SORT_CODE = re.compile(r"(?i)\bsort code\W{0,3}\Z")
_LONG = re.compile(r"(?<![0-9.,:£$€+-])\b(?:[A-Z]{1,4}-?)?[0-9]{8,}\b(?![.,:][0-9])")
_FAULT = re.compile(r"(?i)\b(?:error|fault|fehler|erreur)(?:[ -]?codes?)?\W{0,3}\Z")
_PRICE = re.compile(r"[0-9]{1,6}[.,][0-9]{1,2}")
_COVERED_DATE = re.compile(r"\w{0,4}[/-][\dXx]{1,2}[/-]{1,2}(?:19|20)?[0-9]{2}[Xx]*")  # XX/XX/2019
_VERSION = re.compile(r"[0-9]+(?:[.][0-9]{1,2}){1,3}")


def iban() -> Kind:
    """International bank account numbers."""
    return Kind("iban", r"\b[A-Za-z]{2}[0-9]{2}(?:[ .-]?[A-Za-z0-9]){11}", _ibans)


def card() -> Kind:
    """Numbers of payment cards."""
    return Kind("card", r"[0-9](?:[ .-]?[0-9]){12}", _cards)


def owned() -> Kind:
    """Numbers that words call those of an order, an account, a case, a policy or a person's papers."""
    return Kind("number", _PROPOSAL, _owned)


def long() -> Kind:
    """Long numbers of which no word says what they are."""
    return Kind("number", r"[0-9]{8}", _long)


_PROPOSAL = (  # after such a word three digits that belong together, or a digit among capitals
    rf"(?i:\b(?:{_PLAIN_THINGS})|numme?rn?|kennzeichen)[^{NOT_WITHIN}.!?]*(?:[.][^{NOT_WITHIN}.!?a-z]*)?"
    r"(?:[0-9](?:[A-Za-z/._-]{0,4} ?[0-9]){2}|[0-9]+[A-Z]|[A-Z]{4}[0-9])"
    r"|[*xX]{2}[ -]?[0-9]{4}|(?i:ends?|ending)(?: in| with)? [0-9]{4}"
    r"|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|[0-9]{3}-[0-9]{2}-[0-9]{4}|-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


def _ibans(text: str) -> Iterator[Place]:
    """As many signs as numbers of that country have; what follows may be words that look like more of it."""
    for found in _IBAN.finditer(text):
        signs = [place for place, sign in enumerate(found[0], 1) if sign.isalnum()]
        length = _LENGTHS.get(found[0][:2].upper(), len(signs) + 1)
        if length > len(signs):
            continue
        end = signs[length - 1]
        is_whole = not text[found.start() + end : found.start() + end + 1].isalnum()
        if is_whole and (is_iban(found[0][:end]) or _CALLED_IBAN.search(before(text, found.start()))):
            yield found.start(), found.start() + end


def is_iban(number: str) -> bool:
    """The check digits of ISO 13616: the rearranged number is 1 modulo 97."""
    bare = re.sub("[ .-]", "", number)
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _cards(text: str) -> Iterator[Place]:
    for found in _CARD.finditer(text):
        is_grouped = all(len(group) >= 4 for group in re.split("[ .-]", found[0])[:-1])  # dates are not
        is_called = bool(_CALLED_CARD.search(before(text, found.start())))
        has_check_digit = is_card(found[0]) and (is_called or (is_grouped and not is_ware(text, found.start())))
        if has_check_digit or (is_called and is_grouped):
            yield found.span()


def is_card(number: str) -> bool:
    """Luhn's check digit, ISO/IEC 7812-1."""
    digits = [int(sign) for sign in number if sign.isdigit()]
    doubled = [digit if place % 2 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits), 1)]
    return sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _owned(text: str) -> Iterator[Place]:
    places = [found.span() for found in _PAPERS.finditer(text)] + [found.span(1) for found in _LAST_DIGITS.finditer(text)]
    last = 0
    for found in _CODE.finditer(text):
        start, stop = found.span()
        is_second = bool(last and _AND.fullmatch(text[last:start]))  # 'orders 551023 and 551024'
        is_owned = (is_second and _is_plain_code(found[0])) or _is_owned(found[0], before(text, start))
        if is_owned and not _counts(text, start, stop):
            places.append((start, stop))
            last = stop
    yield from without_overlap(places)


def _is_owned(code: str, words: str) -> bool:
    """Whether the words before a code say that it is somebody's: the stranger they are to it, the more it must look like one."""
    if not _is_marked_code(code) or not (owner := _OWNER.fullmatch(words.lower())):
        return False
    thing, between = owner[1], owner[2]
    if _SENTENCE_END.search(between):
        return False
    if _MARKS.fullmatch(between) or (thing.endswith(_MARKING) and _LINKED.fullmatch(between)):
        return True
    if _LINKED.fullmatch(between):
        return _is_plain_code(code)
    return bool(_STRIKING.fullmatch(code))


def _is_marked_code(code: str) -> bool:
    """Three digits, or one digit among capitals."""
    digits = sum(sign.isdigit() for sign in code)
    is_capital = len(code) >= 5 and code == code.upper() and any(sign.isalpha() for sign in code)
    return (digits >= 3 and len(code) >= 4) or (digits >= 1 and is_capital)


def _is_plain_code(code: str) -> bool:
    """Five digits, or three after letters, so that 'policy 2024', 'order 12' and 'case 3b' are none."""
    digits = sum(sign.isdigit() for sign in code)
    if any(sign.isalpha() for sign in code):
        return (digits >= 3 and len(code) >= 5) or (digits >= 2 and len(code) == 6 and code.isupper())
    return digits >= 5


def _counts(text: str, start: int, stop: int) -> bool:
    """Whether a number is a date, a price, an amount, or the name of a fault, and nobody's number."""
    code, words = text[start:stop], before(text, start)
    if _SORT_CODE.search(words):
        return False
    is_plain = date_like(code) or any(pattern.fullmatch(code) for pattern in (_PRICE, _VERSION, _COVERED_DATE))
    return is_plain or bool(_FAULT.search(words)) or is_amount(text, start, stop)


def _long(text: str) -> Iterator[Place]:
    for found in _LONG.finditer(text):
        is_plain = date_like(found[0]) or is_ware(text, found.start()) or _FAULT.search(before(text, found.start()))
        if not is_plain and not is_amount(text, *found.span()):
            yield found.span()
