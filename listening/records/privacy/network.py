"""Addresses of machines: takes a text, gives where IPv4, IPv6 and MAC addresses stand in it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from listening.records.privacy.kinds import NOT_WITHIN, Kind, Place, before, without_overlap

_IPV4 = re.compile(r"(?<![\w.-])(?<!\w/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-f:]{0,4}:)[0-9a-f:]{6,39}(?![\w:])", re.I)
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:-])|(?<![\w:-])(?:[0-9a-f]{2}-){5}[0-9a-f]{2}(?![\w:-])|(?<![\w.])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}(?![\w.])"
    r"|(?<!\w)[0-9a-f]{12}(?!\w)",
    re.I,
)
_CALLED_MAC = re.compile(rf"(?i)\b(?:mac|hardware|bssid|ethernet)\b[^{NOT_WITHIN}]{{0,20}}\Z")
_CALLED_NETWORK = re.compile(
    r"(?i)\b(?:ip[ -]?\w{0,12}|address\w*|adresse|router|server|host|gateway|dns|ping|subnet|proxy|vpn|firewall|blocked|login|logged in|from|https?:/|device)"
    rf"\b[^{NOT_WITHIN}]{{0,16}}\Z"
)
_CALLED_VERSION = re.compile(
    r"(?i)(?:\b(?:versions?|ver|vers|v|firmware|build|updat\w+|upgrad\w+|release\w*|software|app|driver|chapter|section|sec|step|clause|paragraph|kapitel|abschnitt|"
    rf"article|figure|table|page|sdk|api|os|ios|android|windows|java|python|chrome|firefox|edge|kernel|patch|since)|§)\b[^{NOT_WITHIN}]{{0,16}}\Z"
)
_VERSION_PARTS = 32  # an address in which all four parts are smaller is rare, a version with a larger part, too


def network() -> Kind:
    """Addresses of machines: IPv4, IPv6 and MAC."""
    return Kind(
        "network",
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|(?i:[0-9a-f]{0,4}:[0-9a-f]{0,4}:[0-9a-f:]|[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-|"
        r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|(?:mac|hardware|bssid|ethernet).{0,24}[0-9a-f]{12})",
        _networks,
    )


def _networks(text: str) -> Iterator[Place]:
    places = [found.span() for found in _MAC.finditer(text) if _is_mac(text, found)]
    places += [found.span() for found in _IPV4.finditer(text) if _is_ipv4(text, found)]
    for found in _IPV6.finditer(text):
        written = found[0].rstrip(":") if not found[0].endswith("::") else found[0]
        if _is_ipv6(written):
            places.append((found.start(), found.start() + len(written)))
    yield from without_overlap(places)


def _is_mac(text: str, found: re.Match[str]) -> bool:
    """Twelve hexadecimal digits in a machine's layout; without colons a letter among them, or words, must say that they are no amounts or dates."""
    is_called = bool(_CALLED_MAC.search(before(text, found.start())))
    has_letter = any(sign.isalpha() for sign in found[0])
    return is_called or ":" in found[0] or (has_letter and not found[0].isalnum())


def _is_ipv4(text: str, found: re.Match[str]) -> bool:
    """Whether four numbers with dots are an address; small ones are so only where words say it, being a version or a chapter elsewhere."""
    try:
        parts = ipaddress.IPv4Address(found[0]).packed
    except ValueError:
        return False
    words = before(text, found.start(), 40)
    is_version = bool(_CALLED_VERSION.search(words))
    return not is_version and (max(parts) >= _VERSION_PARTS or bool(_CALLED_NETWORK.search(words)))


def _is_ipv6(written: str) -> bool:
    """Whether it is an address, and none of a programme's names such as a::b or of times."""
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return False
    groups = [group for group in written.split(":") if group]
    return len(groups) >= 2 and max(map(len, groups)) >= 3 and any(sign.isdigit() for sign in written)
