"""Who signs: a key and its certificates, seen to fit before any work; or a key for trying it out, which says so."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from polyreel.errors import InvalidJob

TEST_NAME = "polyreel TEST KEY - NOT TO BE TRUSTED"
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
# What C2PA lets sign (C2PA 2.2, "Certificate profile"): a purpose of its own, of documents, or of mail.
_PURPOSES = {"1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.36", ExtendedKeyUsageOID.EMAIL_PROTECTION.dotted_string}
# A test key proves nothing: it must not outlive the test by years.
_TEST_DAYS = 30


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and its chain, as PEM, the signer's own certificate first. ``is_test``: made here, trusted by nobody."""

    certificates: bytes
    private_key: bytes = field(repr=False)
    algorithm: str
    signer: str
    is_test: bool = False


def load_key(certificates: bytes, private_key: bytes) -> SigningKey:
    """A user's key, once it is seen that it can sign. Raises InvalidJob: no PEM, encrypted, another certificate's key,
    expired, no certificate for signing, no chain. Each says what to ask for, and how to save it."""
    try:
        chain = x509.load_pem_x509_certificates(certificates)
    except ValueError as error:
        advice = "Save the text of the file, not its path; of DER `openssl x509 -inform der -in FILE` makes PEM."
        raise _describe_fault("the certificates are no PEM that can be read", "bad_signing_key", advice) from error
    key = _read_key(private_key)
    if _encode_spki(chain[0].public_key()) != _encode_spki(key.public_key()):
        raise _refuse_stranger(chain, key)
    _check_certificate(chain)
    return SigningKey(certificates, private_key, _name_algorithm(key), _name_of(chain[0]))


def _read_key(private_key: bytes) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(private_key, None)
    except TypeError as error:
        # What cryptography raises for a password that is needed and not given.
        advice = "Take its password off: `openssl pkey -in KEY.pem -out plain.pem`; what is saved is kept encrypted."
        raise _describe_fault("the private key is encrypted", "bad_signing_key", advice) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        advice = "Save the text of the file, not its path; of DER `openssl pkey -inform der -in FILE` makes PEM."
        raise _describe_fault("the private key is no PEM that can be read", "bad_signing_key", advice) from error


def _refuse_stranger(chain: list[x509.Certificate], key: PrivateKeyTypes) -> InvalidJob:
    own = next((each for each in chain if _encode_spki(each.public_key()) == _encode_spki(key.public_key())), None)
    advice = (
        f"Put the certificate of {_name_of(own)} first: it is the key's own."
        if own
        else f"Give the key that the certificate of {_name_of(chain[0])} was made for, or the key's own certificate."
    )
    return _describe_fault(
        "the private key doesn't belong to the first certificate", "key_certificate_mismatch", advice
    )


def make_test_key() -> SigningKey:
    """A key for trying it out, with certificates that say so; every call makes another."""
    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _make_certificate(f"{TEST_NAME} (root)", issuer_key, issuer_key, f"{TEST_NAME} (root)", is_authority=True)
    own = _make_certificate(TEST_NAME, key, issuer_key, f"{TEST_NAME} (root)", is_authority=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey(own.public_bytes(pem) + issuer.public_bytes(pem), private, "es256", TEST_NAME, is_test=True)


def _make_certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: str,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        decipher_only=False,
        **uses,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(_make_subject(name))
        .issuer_name(_make_subject(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_TEST_DAYS))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        built = built.add_extension(purpose, critical=False)
    return built.sign(issuer_key, hashes.SHA256())


def _make_subject(name: str) -> x509.Name:
    parts = ((NameOID.COMMON_NAME, name), (NameOID.ORGANIZATION_NAME, "polyreel (test)"))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _check_certificate(chain: list[x509.Certificate]) -> None:
    own = chain[0]
    for each in chain:
        _require_valid_now(each)
    if own.issuer == own.subject:
        what = "the certificate is signed by itself, which C2PA doesn't take"
        advice = "Have it signed by an authority, if need be by a root of your own, which follows it in the chain."
        raise _describe_fault(what, "certificate_unfit", advice)
    try:
        purposes = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        # Plain TLS takes such a certificate for any use; C2PA takes none that does not say what it is for.
        purposes = x509.ExtendedKeyUsage([])
    if not {each.dotted_string for each in purposes} & _PURPOSES:
        what = "the certificate is not one for signing documents or content"
        advice = f"Ask for one with an extended key usage of emailProtection or one of {', '.join(sorted(_PURPOSES))}."
        raise _describe_fault(what, "certificate_unfit", advice)
    for signed, issuer in itertools.pairwise(chain):
        if signed.issuer != issuer.subject:
            what = "the certificates are no chain: each has to be signed by the next"
            advice = f"Put the certificate of {signed.issuer.rfc4514_string()} behind that of {_name_of(signed)}."
            raise _describe_fault(what, "certificate_unfit", advice)


def _require_valid_now(certificate: x509.Certificate) -> None:
    begins, ends, now = certificate.not_valid_before_utc, certificate.not_valid_after_utc, datetime.now(UTC)
    if begins <= now <= ends:
        return
    what = f"the certificate of {_name_of(certificate)} is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}"
    advice = "Ask for a new one." if now > ends else "Wait until then, or set this machine's clock right."
    raise _describe_fault(what, "certificate_expired", advice)


def _name_algorithm(key: object) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    # C2PA takes no shorter RSA key.
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    what = "C2PA signs with EC (P-256, P-384, P-521), Ed25519 or RSA keys of 2048 bits, and this key is another"
    advice = "Make one by `openssl ecparam -name prime256v1 -genkey`, and ask for a certificate for it."
    raise _describe_fault(what, "bad_signing_key", advice)


def _encode_spki(key: object) -> bytes:
    public = getattr(key, "public_bytes")  # noqa: B009 - every kind of public key has it, their union doesn't
    found: bytes = public(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return found


def _name_of(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _describe_fault(what: str, code: str, advice: str) -> InvalidJob:
    return InvalidJob(
        f"{what}.",
        code=code,
        where="provenance",
        remedy=f"{advice} Then save key and chain again: `polyreel credentials save signing NAME --set "
        "certificates=env:CHAIN --set private_key=env:KEY`. "
        "`provenance: {}` signs with a test key, which proves nothing.",
    )
