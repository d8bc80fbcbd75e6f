"""What Panjaya answers: assets, versions, errors, signed callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal

NAME = "panjaya"
_SHOWN = (
    *("id", "status", "locale", "media_url", "filename", "size", "duration", "start_time", "end_time"),
    *("speakers_count", "lips_model", "voice_anonymization", "background_url", "callback_url", "created_at"),
    *("updated_at", "error"),
)


def render_refusal(refusal: Refusal) -> Response:
    """``{"detail"}``; what the body got wrong is a 400 (vendor page "Error codes")."""
    status = 400 if refusal.status in (413, 415, 422) else refusal.status
    return JSONResponse({"detail": refusal.message}, status, headers=refusal.headers)


def asset_summary(box: Box, asset: Json) -> Json:
    """An asset as the list shows it: metadata, status, dubbings."""
    dubbings = [
        {"id": version["dubbing_id"], "locale": version["locale"], "status": version["status"]}
        for version in box.documents(NAME).all("version", asset["id"])
    ]
    return {**{name: asset.get(name) for name in _SHOWN}, "dubbings": dubbings}


def asset_detail(box: Box, asset: Json) -> Json:
    """An asset as "Get an asset" shows it: also the versions of each dubbing."""
    versions = box.documents(NAME).all("version", asset["id"])
    shown = asset_summary(box, asset)
    for dubbing in shown["dubbings"]:
        own = [version for version in versions if version["dubbing_id"] == dubbing["id"]]
        dubbing["versions"] = [version_brief(version) for version in own]
    return {**shown, "versions": [version_brief(version) for version in versions]}


def version_brief(version: Json) -> Json:
    """A version inside its asset."""
    return {name: version[name] for name in ("id", "dubbing_id", "locale", "status", "created_at")}


def version_detail(box: Box, version: Json) -> Json:
    """A version as "Get a dubbing version" shows it; the result's link is signed anew each time."""
    link = box.files.link(version["result"], vendor=NAME) if version["status"] == "Completed" else None
    return {
        **version_brief(version),
        "asset_id": version["asset_id"],
        "studio_url": f"{box.files.base_url}/panjaya/studio/{version['id']}",
        "result_url": link,
        "error": version.get("error"),
    }


def _private_key(box: Box) -> ec.EllipticCurvePrivateKey:
    pem = box.state.fact("panjaya-key", _new_key)
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the sandbox's callback key is not an EC key")
    return key


def _new_key() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def public_key(box: Box) -> str:
    """The PEM that verifies this sandbox's callbacks."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return _private_key(box).public_key().public_bytes(encoding, form).decode()


def make_signer(box: Box) -> Callable[[bytes], Mapping[str, str]]:
    """ES256 over the raw body, DER in hex."""
    key = _private_key(box)
    return lambda body: {
        "X-Signature": key.sign(body, ec.ECDSA(hashes.SHA256())).hex(),
        "X-Signature-Algorithm": "ES256",
    }


def send_callback(box: Box, asset: Json, event: str, version: Json | None = None) -> None:
    """Send a callback, if the asset asked for them."""
    if not asset.get("callback_url"):
        return
    body = {
        "event": event,
        "asset_id": asset["id"],
        "version_id": version["id"] if version else None,
        "version_locale": version["locale"] if version else None,
    }
    box.mailbox.post(NAME, asset["callback_url"], event, body, make_signer(box))
