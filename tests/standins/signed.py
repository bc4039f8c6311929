"""What a system checks that knows its users by their keys: keys of its own, and tokens that were signed with them."""

from __future__ import annotations

import base64
import functools
import json
import tempfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


@functools.cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    """An ES256 key, new in every process."""
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    """An RS256 key, new in every process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """A private key as the systems let one download it."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def claims(token: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Head and claims of a token that this key has signed; None for any other."""
    try:
        head, body, signature = token.split(".")
        signed, given = f"{head}.{body}".encode(), _unpacked(signature)
        if isinstance(key, rsa.RSAPrivateKey):
            key.public_key().verify(given, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            numbers = utils.encode_dss_signature(int.from_bytes(given[:32], "big"), int.from_bytes(given[32:], "big"))
            key.public_key().verify(numbers, signed, ec.ECDSA(hashes.SHA256()))
        return json.loads(_unpacked(head)), json.loads(_unpacked(body))
    except (ValueError, InvalidSignature):
        return None


def private_file(name: str, content: str) -> Path:
    """A file that only its owner can read."""
    path = Path(tempfile.mkdtemp(prefix="standin-"), name)
    path.touch(0o600)
    path.write_text(content)
    return path


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
