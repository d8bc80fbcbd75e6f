"""Panjaya's callbacks: taken in every encoding a signature may have, refused for every other reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from polyreel.errors import InvalidJob
from polyreel.vendors.errors import ForgedCallback
from polyreel.vendors.panjaya.callbacks import PUBLIC_KEY, load_key, verify_callback
from polyreel.vendors.panjaya.models import CallbackEvent

KEY = ec.generate_private_key(ec.SECP256R1())
BODY = json.dumps({"event": "version_generated", "asset_id": "a1", "version_id": "v1", "locale": "fr-FR"}).encode()


def _pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def _der(body: bytes = BODY) -> bytes:
    return KEY.sign(body, ec.ECDSA(hashes.SHA256()))


def _raw(body: bytes = BODY) -> bytes:
    r, s = utils.decode_dss_signature(_der(body))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _upper(raw: bytes) -> str:
    return raw.hex().upper()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("encode", [bytes.hex, _upper, _base64, _unpadded])
@pytest.mark.parametrize("sign", [_der, _raw])
def test_a_signature_is_taken_in_every_usual_encoding(
    sign: Callable[[], bytes], encode: Callable[[bytes], str]
) -> None:
    """Hex or base64, of DER or of r||s: the vendor does not say which."""
    callback = verify_callback(BODY, {"X-Signature": encode(sign())}, _pem(KEY))
    assert (callback.event, callback.asset_id, callback.version_id, callback.locale) == (
        CallbackEvent.VERSION_GENERATED,
        "a1",
        "v1",
        "fr-FR",
    )


@pytest.mark.parametrize(
    "signature",
    ["", "00", "zz", _der(b"another body").hex(), _raw(b"another body").hex(), "0" * 128, "f" * 128, "A" * 100_000],
)
def test_any_other_signature_is_forged(signature: str) -> None:
    """Of another body, of nothing, or no signature at all."""
    with pytest.raises(ForgedCallback):
        verify_callback(BODY, {"x-signature": signature}, _pem(KEY))


def test_one_changed_byte_is_enough() -> None:
    """The raw body is what was signed: not its meaning."""
    with pytest.raises(ForgedCallback):
        verify_callback(BODY + b" ", {"X-Signature": _der().hex()}, _pem(KEY))


def test_a_missing_header_is_forged() -> None:
    """And says so without a trace of the body."""
    with pytest.raises(ForgedCallback) as caught:
        verify_callback(BODY, {}, _pem(KEY))
    assert "a1" not in str(caught.value)


def test_another_algorithm_is_refused() -> None:
    """A header can't talk us into a weaker one."""
    with pytest.raises(ForgedCallback):
        verify_callback(BODY, {"X-Signature": _der().hex(), "X-Signature-Algorithm": "none"}, _pem(KEY))


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"event": "version_ready"}', b"\xff"])
def test_a_signed_body_that_is_no_callback_is_refused(body: bytes) -> None:
    """Also the vendor's key signs other things, perhaps."""
    with pytest.raises(ForgedCallback, match="not a callback"):
        verify_callback(body, {"X-Signature": _der(body).hex()}, _pem(KEY))


@pytest.mark.parametrize(
    ("body", "event", "locale"),
    [
        (
            {"event": "asset_failed", "asset_id": 7, "version_id": None, "locale": None},
            CallbackEvent.ASSET_FAILED,
            None,
        ),
        ({"event": "VERSION_READY", "assetId": "a", "versionId": "v"}, CallbackEvent.VERSION_READY, None),
        (
            {"event": "version_failed", "asset_id": "a", "version_locale": "fr_fr"},
            CallbackEvent.VERSION_FAILED,
            "fr_fr",
        ),
        ({"event_type": "something_new", "asset_id": "a"}, CallbackEvent.UNKNOWN, None),
    ],
)
def test_missing_and_odd_fields_are_taken(body: dict[str, Any], event: CallbackEvent, locale: str | None) -> None:
    """A callback without, or with an oddly spelled, locale is still a hint."""
    raw = json.dumps(body).encode()
    callback = verify_callback(raw, {"X-Signature": _der(raw).hex()}, _pem(KEY))
    assert (callback.event, callback.locale) == (event, locale)


def test_the_published_key_is_a_key() -> None:
    """And signs nothing of ours."""
    assert load_key(PUBLIC_KEY).curve.name == "secp256r1"
    with pytest.raises(ForgedCallback):
        verify_callback(BODY, {"X-Signature": _der().hex()})


@pytest.mark.parametrize(
    "pem", ["", "nonsense", _pem(rsa.generate_private_key(65537, 2048)), _pem(ec.generate_private_key(ec.SECP384R1()))]
)
def test_a_key_of_another_kind_is_refused(pem: str) -> None:
    """When it is configured, or at the latest when it is used."""
    with pytest.raises(InvalidJob):
        load_key(pem)
