"""Keys: what a piece of work depends on, in one short name. Equal inputs give equal keys, on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def stage_key(stage: str, version: int, /, **inputs: Any) -> str:
    """A key that names the stage, its version and everything the result depends on: ``trim-v1-<24 hex>``."""
    canonical = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return f"{stage}-v{version}-{hashlib.sha256(canonical.encode()).hexdigest()[:24]}"


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"a key can't depend on a {type(value).__name__}")
    return dump(mode="json")
