"""Is a delivery TPStreams'? It carries the secret that the webhook was registered with (WIRE.md "TPStreams")."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from pydantic import ValidationError

from polyreel.vendors.errors import ForgedCallback
from polyreel.vendors.tpstreams.models import Asset

HEADER = "x-streams-token"
# The whole asset is sent, some kilobytes; anybody may send more.
LARGEST = 1 << 20


def verify_webhook(body: bytes, headers: Mapping[str, str], secret_token: str) -> Asset:
    """The asset a delivery is about, once its token is ours: a hint. Fetch the asset again rather than trust the body.

    Raises `ForgedCallback`.
    """
    given = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    # Compared as bytes: `compare_digest` takes no text beyond ASCII, and a forger may send some.
    known = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret_token.encode())
    # An empty secret would be the same as no header.
    if not secret_token or not known:
        raise _make_forgery("does not carry the webhook's secret")
    if len(body) > LARGEST:
        raise _make_forgery("is too large")
    try:
        return Asset.model_validate_json(body)
    except ValidationError:
        raise _make_forgery("carries the secret, but no asset") from None


def _make_forgery(why: str) -> ForgedCallback:
    return ForgedCallback(f"A callback {why}.", where="tpstreams callback", remedy="It was ignored; polling goes on.")
