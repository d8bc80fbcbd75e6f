"""What a purchase is known by: everything that changes what a vendor makes, and nothing else.

A purchase outlives our own versions: a stage that is done anew here must not buy anything anew there. So scripts count
by what they say and when, files by their content before we touched them, accounts by their names.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from polyreel.dubbing.port import DubRequest, Means, Receipt
from polyreel.errors import PolyreelError
from polyreel.keys import submission_key
from polyreel.ledger.entry import Entry, State
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles import plain_text, read_file

Buy = Callable[[DubRequest, str], Awaitable[Entry]]
"""What buys a dub under a key, once: the row with its receipt."""


async def submit_once(request: DubRequest, provider: str, means: Means, buy: Buy) -> tuple[Receipt, Entry]:
    """The receipt of this dub, and its row: bought before, or an earlier edition of it, or bought now by ``buy``.

    Where an earlier edition was bought, ``details["revision"]`` is the key under which it is changed to this script.
    Raises what ``buy`` raises.
    """
    key = await asyncio.to_thread(key_of_dub, request, provider, means.subject.account)
    entry = await means.at_hand().get(key)
    details = {}
    if entry is None and (earlier := await find_bought(request, provider, means)):
        asked, entry = earlier
        key = entry.key
        details = {"revision": await asyncio.to_thread(key_of_revision, request, key)}
        if entry.is_open:
            entry = await _buy_or_doubt(asked, key, means, buy)
    elif entry is None or entry.is_open:
        entry = await _buy_or_doubt(request, key, means, buy)
    receipt = Receipt(
        provider=provider, id=entry.vendor_id, key=key, locale=request.locale, minutes=entry.minutes, details=details
    )
    return receipt, entry


async def _buy_or_doubt(request: DubRequest, key: str, means: Means, buy: Buy) -> Entry:
    try:
        return await buy(request, key)
    except PolyreelError as error:
        # An intent that is still there may be of a purchase, however harmless what failed just now was.
        if error.bought_nothing and (entry := await means.at_hand().get(key)):
            error.bought_nothing = not entry.is_open
        raise


def key_of_dub(request: DubRequest, provider: str, account: str, *, revision: int = 0) -> str:
    """The key of one language's dub. Reads the scripts; blocks."""
    own = {
        "mix": request.mix,
        "source_script": digest_words(request.source_script) or None,
        "terms": request.terms.sha256 if request.terms else None,
        "voices": list(request.voices) or None,
    }
    return submission_key(
        provider=provider,
        account=account,
        source_sha256=request.source_sha256,
        trim=request.trim,
        locale=request.locale,
        script_sha256=digest_words(request.script),
        options=_of_reel(request) | own,
        revision=revision,
    )


def key_of_revision(request: DubRequest, bought: str) -> str:
    """The key of changing a dub that was bought (under the key ``bought``) to another script. Reads it; blocks."""
    return f"{bought}~script-{digest_words(request.script)[:16]}"


def script_key(key: str) -> str:
    """The key under which a script was put in first: each further time has a number behind it."""
    return key.partition("#")[0]


async def find_bought(request: DubRequest, provider: str, means: Means) -> tuple[DubRequest, Entry] | None:
    """The purchase of this dub with an earlier edition of its script, newest first, and as what it was asked for.

    An edition whose purchase is not settled counts: it may have been bought, and buying another would be a second one.
    """
    for script in request.revises:
        asked = request.model_copy(update={"script": script, "revises": ()})
        key = await asyncio.to_thread(key_of_dub, asked, provider, means.subject.account)
        entry = await means.at_hand().get(key)
        if entry is not None and entry.state is not State.FORGOTTEN:
            return asked, entry
    return None


def key_of_reel(request: DubRequest, provider: str, account: str, *, number: int = 0) -> str:
    """The key of what all languages of one reel and options share at a vendor: its asset, or its further ones."""
    return submission_key(
        provider=provider,
        account=account,
        source_sha256=request.source_sha256,
        trim=request.trim,
        options=_of_reel(request),
        revision=number,
    )


def describe_purchase(request: DubRequest) -> dict[str, Any]:
    """What a purchase's row says of what was asked for: the reel, and the order, by which a quote knows it again."""
    return describe_reel(request.source_sha256, request.trim) | ({"order": request.order} if request.order else {})


def describe_reel(source_sha256: str, trim: tuple[float | None, float | None]) -> dict[str, Any]:
    """What a purchase's row says of the reel, so that a quote can tell it from other reels of the same job's name."""
    start, end = trim
    return {"source": source_sha256, "trim": [float(start or 0), None if end is None else float(end)]}


def _of_reel(request: DubRequest) -> dict[str, Any]:
    return {
        **request.options,
        "source_locale": request.source_locale,
        "background": request.background.sha256 if request.background else None,
        "speakers": request.speakers,
    }


def digest_words(script: StoredFile | None) -> str:
    """A digest of what a script says and when; empty without one."""
    if script is None:
        return ""
    cues = [[cue.start_ms, cue.end_ms, plain_text(cue.text)] for cue in read_file(path_of(script)).track.cues]
    return hashlib.sha256(json.dumps(cues, ensure_ascii=False).encode()).hexdigest()
