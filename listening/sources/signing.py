"""Signed tokens (JWT): takes claims and a private key, gives bearer tokens that live shortly, for systems that know us by our key."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from listening.sources.http import Client, Stopped

EARLY = 60.0  # seconds before the end of a token's life at which another is made
SKEW = 30.0  # seconds that a token claims to be older, so that a system whose clock lags takes it
_HALF = 32  # bytes of each of the two numbers of an ES256 signature

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def read_key(pem: str, name: str) -> Key:
    """A private key from its PEM text; line ends may be written as in C, as environment variables often have them.

    Raises:
        Stopped: it is none of a kind that signs tokens.
    """
    try:
        key = serialization.load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPrivateKey) or (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)):
        return key
    raise Stopped(f"cannot use {name}: it is no private key. Use the whole file as it was downloaded, with its BEGIN and END lines.")


def sign(claims: Mapping[str, Any], key: Key, key_id: str | None) -> str:
    """Claims as a signed token: ES256 or RS256, as the key is."""
    is_curve = isinstance(key, ec.EllipticCurvePrivateKey)
    head = {"alg": "ES256" if is_curve else "RS256", "typ": "JWT", **({"kid": key_id} if key_id else {})}
    signed = b".".join(_packed(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = b"".join(number.to_bytes(_HALF, "big") for number in numbers)
    else:
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return b".".join((signed, _packed(signature))).decode()


@dataclass
class Signed:
    """Requests signed with tokens of our own, each good for `life` seconds by the system's clock."""

    client: Client
    claims: Mapping[str, Any]
    key: Key = field(repr=False)
    key_id: str
    life: float
    _token: str = field(default="", repr=False)
    _made: float = float("-inf")
    _ahead: float = 0.0

    def headers(self) -> dict[str, str]:
        """A bearer token that is still good."""
        if self.client.timing.today() >= self._made + self.life - EARLY:
            self._make()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, used: Mapping[str, str]) -> bool:
        """Another token, by the system's own clock, since ours may be wrong."""
        self._ahead = self.client.ahead
        self._make()
        return True

    def _make(self) -> None:
        self._made = self.client.timing.today()
        now = int(self._made + self._ahead)
        self._token = sign({**self.claims, "iat": int(now - SKEW), "exp": int(now + self.life)}, self.key, self.key_id)


def _packed(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
