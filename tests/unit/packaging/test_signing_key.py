"""A signing key that can't sign is refused before any work, and each refusal says what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from polyreel.errors import InvalidJob
from polyreel.packaging.provenance.signer import load_key, make_test_key

_PEM = serialization.Encoding.PEM
_DER = serialization.Encoding.DER
_ROOT = ec.generate_private_key(ec.SECP256R1())
_KEY = ec.generate_private_key(ec.SECP256R1())
_SMALL = rsa.generate_private_key(65537, 1024)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certify(name: str, key: Any, by: str = "Root", *, days: tuple[int, int] = (-1, 9), mail: bool = True) -> Any:
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    if mail:
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return built.sign(key if name == by else _ROOT, hashes.SHA256())


def _chain(*certificates: Any) -> bytes:
    return b"".join(each.public_bytes(_PEM) for each in certificates)


def _pem(key: Any, encryption: Any = None) -> bytes:
    hidden = encryption or serialization.NoEncryption()
    made: bytes = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, hidden)
    return made


_OWN, _ABOVE = _certify("Studio", _KEY), _certify("Root", _ROOT)
_CASES = {
    "no PEM": (b"rubbish", _pem(_KEY), "bad_signing_key", "not its path"),
    "DER": (_OWN.public_bytes(_DER), _pem(_KEY), "bad_signing_key", "openssl x509 -inform der"),
    "a path": (b"/home/me/chain.pem", _pem(_KEY), "bad_signing_key", "the text of the file"),
    "no key": (_chain(_OWN), b"rubbish", "bad_signing_key", "openssl pkey -inform der"),
    "no value": (b"", b"", "bad_signing_key", "the text of the file"),
    "encrypted": (
        _chain(_OWN),
        _pem(_KEY, serialization.BestAvailableEncryption(b"word")),
        "bad_signing_key",
        "Take its password off",
    ),
    "a small key": (_chain(_certify("Studio", _SMALL)), _pem(_SMALL), "bad_signing_key", "openssl ecparam"),
    "another's": (_chain(_OWN, _ABOVE), _pem(_SMALL), "key_certificate_mismatch", "certificate of Studio was made for"),
    "the root first": (_chain(_ABOVE, _OWN), _pem(_KEY), "key_certificate_mismatch", "certificate of Studio first"),
    "expired": (_chain(_certify("Studio", _KEY, days=(-9, -1))), _pem(_KEY), "certificate_expired", "Ask for a new"),
    "not yet": (_chain(_certify("Studio", _KEY, days=(1, 9))), _pem(_KEY), "certificate_expired", "clock right"),
    "its authority expired": (
        _chain(_OWN, _certify("Root", _ROOT, days=(-9, -1))),
        _pem(_KEY),
        "certificate_expired",
        "Ask for a new",
    ),
    "its own": (_chain(_certify("Me", _KEY, "Me")), _pem(_KEY), "certificate_unfit", "signed by an authority"),
    "for servers": (_chain(_certify("Studio", _KEY, mail=False)), _pem(_KEY), "certificate_unfit", "emailProtection"),
    "no chain": (_chain(_OWN, _OWN), _pem(_KEY), "certificate_unfit", "certificate of CN=Root behind that of Studio"),
}


@pytest.mark.parametrize("case", _CASES)
def test_a_key_that_can_not_sign_says_what_to_ask_for_and_how_to_save_it(case: str) -> None:
    certificates, private_key, code, advice = _CASES[case]
    with pytest.raises(InvalidJob) as refused:
        load_key(certificates, private_key)
    assert refused.value.code == code
    assert advice in refused.value.remedy
    assert "polyreel credentials save signing NAME --set" in refused.value.remedy
    assert "`provenance: {}`" in refused.value.remedy
    assert not private_key or private_key.decode() not in str(refused.value)


def test_a_key_with_its_chain_is_taken() -> None:
    assert load_key(_chain(_OWN, _ABOVE), _pem(_KEY)).signer == "Studio"
    made = make_test_key()
    assert load_key(made.certificates, made.private_key).algorithm == "es256"
