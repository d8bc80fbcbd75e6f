"""Callbacks are hints: one that is genuine, new and about something under way pokes the account's watcher.

Nothing in a callback is believed but which account to look at. So a lost one costs a slow look, and one that is stale,
doubled, foreign or forged is counted, and costs nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum

from polyreel.errors import InvalidJob
from polyreel.ledger import steps
from polyreel.ledger.entry import UNDER_WAY, Entry
from polyreel.ledger.rows import Filter, Rows
from polyreel.vendors.callbacks import Callback, CallbackVerifier
from polyreel.vendors.errors import ForgedCallback

VENDORS = ("panjaya", "tpstreams")
"""Who calls back."""
DOUBLED_SECONDS = 60.0
"""For as long the same words again say nothing new. A vendor's own words may come again later: a second revision."""
# A bound on memory: a callback that is forgotten only makes the watcher look once more.
_MOST_REMEMBERED = 4096


class Verdict(StrEnum):
    """What a callback was."""

    HINT = "hint"
    DOUBLED = "doubled"
    STALE = "stale"
    FOREIGN = "foreign"
    FORGED = "forged"


class Receiver:
    """Judges callbacks, pokes watchers, counts. `counts` is by vendor and verdict."""

    def __init__(
        self, rows: Rows, verifier: CallbackVerifier, clock: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self.verifier = verifier
        self.counts: Counter[tuple[str, Verdict]] = Counter()
        self._rows = rows
        self._clock = clock
        self._heard: OrderedDict[bytes, float] = OrderedDict()

    async def receive(self, vendor: str, body: bytes, headers: Mapping[str, str]) -> Verdict:
        """Judge one callback, as it came. Raises `LedgerError` where the ledger is away: it may be sent again."""
        verdict = await self._judge_callback(vendor, body, headers)
        self.counts[vendor if vendor in VENDORS else "unknown", verdict] += 1
        return verdict

    async def _judge_callback(self, vendor: str, body: bytes, headers: Mapping[str, str]) -> Verdict:
        try:
            said = self.verifier.verify(vendor, body, headers)
        except ForgedCallback:
            return Verdict.FORGED
        if self._was_heard(vendor, body):
            return Verdict.DOUBLED
        known = await asyncio.to_thread(self._rows_of, said)
        if not known:
            return Verdict.FOREIGN
        due = [row for row in known if row.state in UNDER_WAY]
        if not due:
            return Verdict.STALE
        await asyncio.to_thread(self._rows.change_all, {row.key: steps.hint_row() for row in due})
        for account in {row.account for row in due}:
            await asyncio.to_thread(self._rows.poke, account)
        # Only now: what the ledger could not take may come again.
        self._remember_callback(vendor, body)
        return Verdict.HINT

    def _rows_of(self, said: Callback) -> list[Entry]:
        """The rows that a callback is about; of an asset, those of its languages too."""
        ids = {each for each in (said.job_id, said.version_id) if each}
        named = [row for each in ids for row in self._rows.select(Filter(provider=said.vendor, vendor_id=each))]
        # Panjaya names the asset, and rows are of its languages: those are found by what their receipt says.
        under_way = self._rows.select(Filter(provider=said.vendor, states=UNDER_WAY))
        return [*named, *(row for row in under_way if row.receipt.get("asset_id") in ids)]

    def _was_heard(self, vendor: str, body: bytes) -> bool:
        at = self._heard.get(_digest_callback(vendor, body))
        return at is not None and self._clock() - at < DOUBLED_SECONDS

    def _remember_callback(self, vendor: str, body: bytes) -> None:
        self._heard[_digest_callback(vendor, body)] = self._clock()
        while len(self._heard) > _MOST_REMEMBERED:
            self._heard.popitem(last=False)


def callback_address(vendor: str) -> str | None:
    """The address that a vendor is told to call back at; None where `polyreel up --callbacks` does not listen."""
    public = os.environ.get("POLYREEL_CALLBACKS_URL", "").strip()
    return f"{public.rstrip('/')}/{vendor}" if public and vendor in VENDORS else None


def check_public_address(url: str) -> str:
    """A public address for callbacks as it is used: whole, without a slash at its end. Raises `InvalidJob`."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username:
        raise InvalidJob(
            f"{url!r} is no address that a vendor can call", where="--callbacks",
            remedy="Give the address under which your proxy reaches this machine: https://polyreel.example.com/callbacks.",
        )  # fmt: skip
    return url.strip().rstrip("/")


def _digest_callback(vendor: str, body: bytes) -> bytes:
    return hashlib.sha256(vendor.encode() + b"\0" + body).digest()
