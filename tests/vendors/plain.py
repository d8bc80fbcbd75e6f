"""Requests that no client of ours would send, or before there is one."""

from __future__ import annotations

import time
from typing import Any

import httpx

MOST_TRIES = 5
START_SECONDS = 60


def post_plainly(at: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """The answer to one POST. Any server may say "too many calls" first (429), and when to come again (WIRE.md)."""
    for _ in range(MOST_TRIES):
        response = httpx.post(at, json=body, headers=headers, trust_env=False, timeout=START_SECONDS)
        if response.status_code != 429:
            break
        time.sleep(min(10.0, float(response.headers.get("retry-after", "1"))))
    return response
