"""What tests of dubs by vendors share."""

from __future__ import annotations

import httpx

SCRIPT = "WEBVTT\n\n00:00.200 --> 00:02.400\nUn pez grande vive en el mar.\n"


async def charges(controls: httpx.AsyncClient, vendor: str) -> float:
    """The minutes that the account has spent."""
    account = (await controls.get("/sandbox")).json()["accounts"][vendor]
    return 10_000 - float(account["minutes"])
