"""Is a callback Panjaya's? ES256 over the raw body (WIRE.md; the vendor's page "Callbacks").

The signature's encoding is not documented: hex and base64 are taken, of r||s and of DER. The body is read only after
its signature was found good.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from pydantic import ValidationError

from polyreel.errors import InvalidJob
from polyreel.vendors.errors import ForgedCallback
from polyreel.vendors.panjaya.models import Callback

# Published on docs.panjaya.ai/apis/callbacks (2026-11). The credentials block may hold another one.
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZbUzbbuVyzSv7zVmH6rKypr6ojSS
/86W9dU6mwbdfAtUAx+QI7GNxl/4H1QV2BuBrysabh56O/YXhnFJMh7Lng==
-----END PUBLIC KEY-----
"""
# A callback has some hundred bytes, and anybody may send one: more is not even hashed.
LARGEST = 1 << 20


def verify_callback(body: bytes, headers: Mapping[str, str], public_key: str = PUBLIC_KEY) -> Callback:
    """The callback, once its signature is good. Raises `ForgedCallback`, whatever is wrong with it."""
    given = {name.lower(): value for name, value in headers.items()}
    # The header may be missing (WIRE.md). Another algorithm is refused: a forger must not choose how we check.
    algorithm = given.get("x-signature-algorithm", "ES256").strip().upper()
    if algorithm != "ES256" or len(body) > LARGEST:
        raise _make_forgery("is not signed as Panjaya signs")
    if not is_signed(body, given.get("x-signature", ""), load_key(public_key)):
        raise _make_forgery("has a signature that is not Panjaya's")
    try:
        return Callback.model_validate_json(body)
    except ValidationError:
        raise _make_forgery("is signed, but not a callback") from None


def load_key(pem: str) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from PEM. Raises `InvalidJob`."""
    try:
        key = serialization.load_pem_public_key(pem.strip().encode())
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidJob(
            "The callback key is not a P-256 public key in PEM.", where="credentials", remedy="Paste Panjaya's."
        )
    return key


def is_signed(body: bytes, signature: str, key: ec.EllipticCurvePublicKey) -> bool:
    """Whether the text is the key's ES256 signature of the body, in any usual encoding."""
    return any(_matches(key, der, body) for der in _list_readings(signature.strip()))


def _matches(key: ec.EllipticCurvePublicKey, der: bytes, body: bytes) -> bool:
    try:
        key.verify(der, body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _list_readings(text: str) -> Iterator[bytes]:
    # The longest signature, DER in hex, has 144 characters; anything much longer is not worth decoding.
    if not text or len(text) > 200:
        return
    for raw in _list_decodings(text):
        if len(raw) == 64:
            yield utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        yield raw


def _list_decodings(text: str) -> Iterator[bytes]:
    for decode in (bytes.fromhex, _decode_base64):
        try:
            yield decode(text)
        except (ValueError, binascii.Error):
            continue


def _decode_base64(text: str) -> bytes:
    # URL-safe and unpadded spellings are base64 too, and which one is sent is not documented.
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _make_forgery(why: str) -> ForgedCallback:
    return ForgedCallback(f"A callback {why}.", where="panjaya callback", remedy="It was ignored; polling goes on.")
