"""Keys: what a piece of work depends on, in one short name. Equal inputs give equal keys, on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def stage_key(stage: str, version: int, /, **inputs: Any) -> str:
    """A key that names the stage, its version and everything the result depends on: ``trim-v1-<24 hex>``."""
    return f"{stage}-v{version}-{_digest_inputs(inputs)[:24]}"


def _digest_inputs(inputs: Mapping[str, Any]) -> str:
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_make_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _make_plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"a key can't depend on a {type(value).__name__}")
    return dump(mode="json")


def submission_key(
    *,
    provider: str,
    account: str,
    source_sha256: str,
    trim: tuple[float | None, float | None] | None = None,
    locale: str = "",
    script_sha256: str = "",
    options: Mapping[str, Any] | None = None,
    revision: int = 0,
) -> str:
    """The one key of a purchase, in the stage cache and in the ledger alike: ``buy-v1-<40 hex>``.

    ``account`` is an account's name (`polyreel.ledger.account`), never a secret; ``trim`` is start and end in seconds;
    ``options`` holds every option that changes the result. What is None or left out counts the same, so that an option
    that polyreel learns later does not change the keys of what was bought before. Vendors take it as idempotency key.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    start, end = trim or (None, None)
    kept = [float(start or 0), None if end is None else float(end)]
    inputs = {
        "provider": provider, "account": account, "source": source_sha256, "trim": kept,
        "locale": locale, "script": script_sha256, "options": given, "revision": revision,
    }  # fmt: skip
    return f"buy-v1-{_digest_inputs(inputs)[:40]}"
