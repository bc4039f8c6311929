"""What opens a door: takes a text, gives where passwords, one-time codes, keys and addresses of pages with such in them stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from listening.records.privacy.kinds import NOT_WITHIN, Kind, Place, before, date_like, without_overlap

_PAGE = re.compile(r"(?:\b[a-z][a-z+]{1,9}://|\bwww\.)[^\s<>\"\[\]\x00]+", re.I)
_KEYED = re.compile(  # ?token=…, #access_token=…, user:password@
    r"(?i)[?&#;](?:[\w.-]{0,24}[_.-])?(?:\w{0,12}token|sig|signature|key|apikey|code|otp|auth\w{0,12}|session\w{0,6}|sess|sid|pwd|passw\w{0,8}|pass|secret|ticket|"
    r"hash|jwt|e?mail|phone|user|uid|invite|magic|nonce)=[^&#\s]|//[^/\s@]+@"
)
_DOOR = re.compile(  # /reset/9f3c2ab77e, or any long name that no person gave
    r"(?i)/(?:reset|verif\w+|confirm\w*|invit\w+|magic\w*|unsubscribe|activat\w+|login|auth\w*|share|u|s)\b.*/(?=[\w.~-]*[0-9])[\w.~-]{10,}"
    r"|/(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[A-Za-z0-9_]{24,}"
)

_PASSWORD = re.compile(
    r"(?i)(?<![\w\[])(?:(?:pass ?wor[dt]|passwd|pwd|pw|passphrase|kennwort|passwort|mot de passe|mdp|contrase[ñn]a|wachtwoord|senha|has[łl]o|l[öo]senord|"
    r"adgangskode|passord)\b|(?:pass|clave)(?=\s?[:=]))(?: (?:is|was|to|lautet|ist|war|est|es|[ée]|mi|is now|are)\b|\s?[:=-])*\s*(?![\[\x00(€£$])(\S{4,64})"
)
_KEY = re.compile(r"(?i)\b(?:key|token)\b[^\[\]\x00\n0-9]{0,20}?\s((?=\S*[0-9])(?=\S*[a-z])[\w-]{16,200})")
_KNOWN_KEY = re.compile(  # as issuers begin them
    r"\b(?:(?:sk|pk|rk)_(?:live|test)_\w{10,}|gh[pousr]_\w{16,}|xox[a-z]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{5,}(?:\.[\w-]+)?)"
)
_DIGITS = re.compile(r"(?<![\w+/#.,:-])(?:[A-Za-z]-)?(?:[0-9]{3}[ -][0-9]{3}|[0-9]{3,8})(?!\w|[.,:/-][0-9])")
_ONE_TIME = re.compile(  # this and the next three are in small letters and end where the digits begin
    r"(?<![\w\[])(?:"
    r"(?:one[ -]?time|single[ -]use|verification|security|access|log[ -]?in|sign[ -]?in|sms|text|activation|authenti\w+|2fa|two[ -]factor|unlock|reset|door|"
    r"entry|digit)[ -](?:pass)?(?:code|number|password|pin)|passcode|otp|mtan|tan|pin(?:[ -]?(?:code|number|nummer))?|puk|geheimzahl|"
    r"\w{0,20}(?:best[äa]tigungs|sicherheits|verifizierungs|zugangs|freischalt|einmal|sms-?)(?:code|kennwort|passwort)|"
    r"code (?:de |d.)?(?:v[ée]rification|s[ée]curit[ée]|confirmation|acc[èe]s|secret|validation|re[çc]u par sms)|"
    r"c[óo]digo (?:de )?(?:verificaci[óo]n|seguridad|acceso|sms)|(?:verificatie|beveiligings|toegangs|inlog)code|codice (?:di )?(?:verifica|sicurezza)|"
    rf"kod (?:weryfikacyjny|sms))\b[^{NOT_WITHIN}.!?]{{0,30}}\Z"
)
_CARD_CHECK = re.compile(rf"\b(?:cvv2?|cvc2?|cv2|csc|cid)\b[^{NOT_WITHIN}.!?]{{0,20}}\Z")
_BARE_CODE = re.compile(rf"(?<![\w\[-])(?:codes?|kod|c[óo]digo|codice)\b(?! of)[^{NOT_WITHIN}.!?]{{0,24}}\Z")
_OTHER_CODE = re.compile(  # codes that everybody may know
    r"(?:error|fault|fehler|status|exit|reason|http|erreur|discount|promo\w*|voucher|coupon|gift|offer|rabatt|area|country|dial\w*|post(?:al)?|zip|qr|bar|dress|"
    r"colou?r|product|item|sort|tax|vat|hs|model|source|swift|branch|booking|confirmation|reference|order|tracking|customer|rate|airport|icd|government|civil|"
    r"penal|criminal|labou?r|building|revenue|commercial|states|u\.?s\.?|act,?|law|zivil|straf)[ -]?\Z"
)


def link() -> Kind:
    """Addresses of pages that hold a token, a code, a password or a person's address."""
    return Kind("link", r"(?i:://|www\.)[^ \n]*[=@/]", _links)


def secret() -> Kind:
    """Passwords, keys, and codes that are good once."""
    return Kind(
        "secret",
        rf"(?i:pass|pw|kennwort|mdp|contrase|clave|wachtwoord|senha|has[łl]o|senord|adgangskode)[^{NOT_WITHIN}]{{0,24}}[^ ]*[0-9]"
        rf"|(?i:code|c[óo]digo|codice|kod|kennwort|otp|tan|pin|puk|geheimzahl|number|password|cvv|cvc|cv2|csc|cid)[^{NOT_WITHIN}.!?]{{0,32}}[0-9]{{3}}"
        r"|(?i:key|token).{0,24}[A-Za-z0-9_-]{16}|(?:sk|pk|rk)_(?:live|test)|gh[pousr]_|xox[a-z]-|AKIA|eyJ",
        _secrets,
    )


def _links(text: str) -> Iterator[Place]:
    for found in _PAGE.finditer(text):
        page = found[0].rstrip(".,;:!?)'’»")
        if _KEYED.search(page) or _DOOR.search(page):
            yield found.start(), found.start() + len(page)


def _secrets(text: str) -> Iterator[Place]:
    places = [found.span(1) for found in _PASSWORD.finditer(text) if _is_password(found[1])]
    places += [found.span(1) for found in _KEY.finditer(text)] + [found.span() for found in _KNOWN_KEY.finditer(text)]
    places += [found.span() for found in _DIGITS.finditer(text) if _is_code(found[0], before(text, found.start(), 80).lower())]
    for start, stop in without_overlap(places):
        yield start, start + len(_bare(text[start:stop]))


def _bare(word: str) -> str:
    """A word without the signs of the sentence that it ends."""
    return word.rstrip(".,;:?)\"'»")


def _is_password(word: str) -> bool:
    """Whether it has a digit in it and is more than a date or a number of something."""
    bare = _bare(word)
    return len(bare) >= 4 and any(sign.isdigit() for sign in bare) and not date_like(bare)


def _is_code(digits: str, words: str) -> bool:
    """Whether the words before some digits say that they open a door."""
    if len(digits) <= 4 and _CARD_CHECK.search(words):
        return True
    if len(digits) == 3:
        return False
    bare = _BARE_CODE.search(words)
    is_bare = bare is not None and not date_like(digits) and not _OTHER_CODE.search(words[: bare.start()])
    return is_bare or bool(_ONE_TIME.search(words))
