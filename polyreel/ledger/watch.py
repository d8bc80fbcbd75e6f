"""One watcher per account asks the vendor for all that is under way, and writes what it learns into the rows.

Of the processes that have a watcher for an account, one leads and asks; the others look on, and the next one leads when
it ends. A callback is a hint: `poke` lets the leader look at once, whichever process it is in.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from polyreel.errors import LedgerError, PolyreelError
from polyreel.ledger import steps
from polyreel.ledger.entry import UNDER_WAY, Entry, State
from polyreel.ledger.hold import finish_work
from polyreel.ledger.holder import new_holder
from polyreel.ledger.late import SURELY_OLD_S
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.pace import Pace
from polyreel.ledger.rows import Edit, Filter
from polyreel.vendors.errors import CallError

log = logging.getLogger("polyreel.ledger.watch")
_TICK_SECONDS = 0.5
_LEAD_SECONDS, _REFRESH_SECONDS = 12.0, 3.0
_MOST_AT_ONCE = 200
"""Rows in one transaction: others want to write between them."""
# In a row. One refusal may pass, as when a key is just being changed there; a fourth look tells no more than the third.
_MOST_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Sighting:
    """How one row stands at the vendor.

    ``state``: `SUBMITTED` (at work, or waiting for a person in the vendor's studio: then ``note`` says so and
    ``waits_for_person`` is true), `READY`, `FAILED` (``note`` says why) or `FORGOTTEN` (it is gone there).
    ``minutes`` is what the vendor says it charged; ``due_at`` its estimated completion, in seconds since 1970.
    ``is_denial``: the vendor says that it has no such thing, which is not believed of what it has just taken.
    """

    key: str
    state: State
    note: str = ""
    minutes: float | None = None
    due_at: float = 0.0
    waits_for_person: bool = False
    is_denial: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


class Observer(Protocol):
    """The vendor's part of a watcher: one account, asked by lists where the vendor has them."""

    async def list_under_way(self, entries: Sequence[Entry]) -> Sequence[Sighting]:
        """How these rows stand; rows of which nothing is known are left out. Raises `VendorError`."""
        ...


@dataclass
class Seen:
    """What a watcher did, for whoever wants to know."""

    looks: int = 0
    failures: int = 0
    news: int = 0
    trouble: str = ""


class Watcher:
    """Watches one account until it is cancelled.

    ``observer`` is only asked by the leader, never twice at once, and no faster than ``pace`` allows.
    """

    def __init__(self, ledger: Ledger, account: str, observer: Observer, pace: Pace | None = None) -> None:
        self.account = account
        self.seen = Seen()
        self._ledger = ledger
        self._observers = [observer]
        self._asking = asyncio.Lock()
        self._pace = pace or Pace()
        self._holder = new_holder()
        self._hint = asyncio.Event()
        self._entries: list[Entry] = []
        self._leads = False
        self._refreshed_at = self._looked_at = 0.0
        self._looked: dict[str, float] = {}
        self._denied: dict[str, float] = {}
        self._failures_in_a_row = 0
        self._asked_pause = 0.0
        self._broken: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._luck = random.random()  # noqa: S311 - jitter, not secrets

    def poke(self) -> None:
        """There may be news: look as soon as the pace allows."""
        self._hint.set()

    def add(self, observer: Observer) -> None:
        """Somebody else waits too, with an observer (and its open client) of its own."""
        self._observers.append(observer)

    async def remove(self, observer: Observer) -> None:
        """Ask this one no more: its client is about to be closed. Waits for a look that is under way."""
        async with self._asking:
            self._observers.remove(observer)

    def tell_end(self, task: asyncio.Task[None]) -> None:
        """Let those who wait know of a defect that ended the watcher's task."""
        if not task.cancelled() and (error := task.exception()) and not self._broken.done():
            self._broken.set_exception(error)

    async def close(self) -> None:
        """Nobody waits here any more: let the next one lead at once."""
        if self._broken.done():
            self._broken.exception()  # it was told to whoever waited; asyncio need not warn of it
        self._broken.cancel()
        # Else the next one had to wait until our lease has run out.
        if self._leads:
            with contextlib.suppress(LedgerError):  # then its lease runs out
                await asyncio.to_thread(self._ledger.rows.lead, self.account, self._holder, 0.0)

    async def run(self) -> None:
        """Watch."""
        while True:
            with contextlib.suppress(LedgerError):  # the rows stay as they are until the ledger is back
                await self._take_step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._hint.wait()
            if self._hint.is_set():
                await asyncio.sleep(min(_TICK_SECONDS, self._pace.least))  # a storm of hints is one look

    async def _take_step(self) -> None:
        now = await self._ledger.read_clock()
        if now < max(self._refreshed_at, self._looked_at):
            # The clock was set back: everything looked at before would count as just looked at until it has caught up.
            self._refreshed_at = self._looked_at = 0.0
            self._looked.clear()
        if now >= self._refreshed_at + _REFRESH_SECONDS:
            await self._refresh_rows(now)
        if not (self._entries and self._leads):
            self._hint.clear()
        elif now >= self._looked_at + self._find_shortest_pause() and (due := await self._select_due(now)):
            await self.look(due)

    def _find_shortest_pause(self) -> float:
        failures = self._failures_in_a_row
        # A vendor that has too many calls says when it may be asked again; for ever is no answer to that.
        asked = min(self._asked_pause, self._pace.slowest)
        return max(asked, self._pace.back_off(failures, self._luck)) if failures else self._pace.least

    async def _select_due(self, now: float) -> list[Entry]:
        if self._hint.is_set() or await self._was_poked():
            await self._refresh_rows(now)
            told = [] if self._hint.is_set() else [row for row in self._entries if self._is_told(row, now)]
            # A poke without a row (a callback that named only an account) may be about any of them.
            return told or self._entries
        return self._pace.select_due(self._entries, self._looked, now, self._luck)

    def _is_told(self, row: Entry, now: float) -> bool:
        """Whether a callback was about it since the last look: then it is due since then."""
        return row.due_at > 0 and self._looked_at <= row.due_at <= now + _REFRESH_SECONDS

    async def _refresh_rows(self, now: float) -> None:
        wanted = Filter(account=self.account, states=UNDER_WAY)
        self._entries, self._refreshed_at = await self._ledger.select(wanted), now
        self._looked = {row.key: self._looked[row.key] for row in self._entries if row.key in self._looked}
        # Whoever has nothing to wait for leads nobody: the next one may.
        before, self._leads = self._leads, bool(self._entries)
        if not self._entries:
            return
        try:
            # To its end, and taken for ours meanwhile: cancelled now, `close` has something to give back after it.
            lead = asyncio.to_thread(self._ledger.rows.lead, self.account, self._holder, _LEAD_SECONDS)
            self._leads = await finish_work(lead)
        except LedgerError:
            self._leads = before
            raise

    async def _was_poked(self) -> bool:
        poked = await asyncio.to_thread(self._ledger.rows.find_pokes, frozenset({self.account}))
        return poked.get(self.account, 0.0) > self._looked_at

    async def look(self, entries: Sequence[Entry]) -> None:
        """Ask the vendor, once, and write down what is new."""
        self._hint.clear()
        self._looked_at, self._luck = await self._ledger.read_clock(), random.random()  # noqa: S311 - jitter
        self._looked |= dict.fromkeys((entry.key for entry in entries), self._looked_at)
        self.seen.looks += 1
        try:
            async with self._asking:
                sightings = await self._observers[-1].list_under_way(entries)
        except PolyreelError as error:
            self._note_failure(error)
        else:
            self._failures_in_a_row, self.seen.trouble = 0, ""
            await self._write_sightings(entries, self._drop_early_denials(entries, sightings))

    def _drop_early_denials(self, entries: Sequence[Entry], sightings: Sequence[Sighting]) -> list[Sighting]:
        """What may be written down: a vendor that shows late what it has taken has not lost it.

        A denial is believed after a while of denials by a clock of our own: the ledger's may have been set since.
        """
        made_at, now = {entry.key: entry.made_at for entry in entries}, time.monotonic()
        denied = [each.key for each in sightings if each.is_denial]
        # Looked at, and not denied this time: its count begins anew.
        asked = self._denied.keys() & made_at.keys() - set(denied)
        self._denied = {key: since for key, since in self._denied.items() if key not in asked}
        since = {key: self._denied.setdefault(key, now) for key in denied}
        early = {
            key
            for key in denied
            # Of what is old whoever looks once only has to be told.
            if self._looked_at - made_at.get(key, 0.0) < SURELY_OLD_S and now - since[key] < self._ledger.quiet
        }
        return [each for each in sightings if each.key not in early]

    def _note_failure(self, error: PolyreelError) -> None:
        self._failures_in_a_row += 1
        self._asked_pause = (error.retry_after or 0.0) if isinstance(error, CallError) else 0.0
        self.seen.failures += 1
        self.seen.trouble = str(error)
        log.warning("%s could not be asked: %s", self.account, error)
        # A vendor that is away comes back; a key that is refused again and again does not come good by waiting.
        passing = isinstance(error, CallError) and (error.transient or error.maybe_done)
        if not passing and self._failures_in_a_row >= _MOST_REFUSALS and not self._broken.done():
            self._broken.set_exception(error)

    async def wait_until_refused(self) -> None:
        """Wait until the vendor refuses to be asked, again and again: raises its `VendorError`."""
        await asyncio.shield(self._broken)

    async def wait_for(self, key: str, done: Callable[[Entry], bool]) -> Entry:
        """The row, once `done` says so. Raises `VendorError` when the vendor refuses to be asked, again and again."""
        waiting = asyncio.ensure_future(self._ledger.wait_for(key, done))
        try:
            await asyncio.wait({waiting, self._broken}, return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else self._broken.result()
        finally:
            waiting.cancel()

    async def _write_sightings(self, entries: Sequence[Entry], sightings: Sequence[Sighting]) -> None:
        known = {entry.key: entry for entry in entries}
        news = [each for each in sightings if each.key in known and _is_news(known[each.key], each)]
        self.seen.news += len(news)
        for first in range(0, len(news), _MOST_AT_ONCE):
            await self._ledger.change_all(
                {each.key: _edit_with_sighting(each) for each in news[first : first + _MOST_AT_ONCE]}
            )


class Watchers:
    """The watchers of one process and one ledger: one for each account, while anybody waits there.

    ::

        async with watchers.watch(account, observer) as watcher:
            entry = await watcher.wait_for(key, lambda row: row.state is not State.SUBMITTED)
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._running: dict[str, tuple[Watcher, asyncio.Task[None]]] = {}
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def watch(self, account: str, observer: Observer, pace: Pace | None = None) -> AsyncIterator[Watcher]:
        """Have the account watched meanwhile, by the observer of whoever is there."""
        if self._waiting[account]:
            self._running[account][0].add(observer)
        else:
            self._begin_watch(account, Watcher(self._ledger, account, observer, pace))
        self._waiting[account] += 1
        watcher = self._running[account][0]
        try:
            yield watcher
        finally:
            self._waiting[account] -= 1
            if self._waiting[account]:
                await watcher.remove(observer)
            else:
                await self._end_watch(account)

    def _begin_watch(self, account: str, watcher: Watcher) -> None:
        task = asyncio.create_task(watcher.run())
        task.add_done_callback(watcher.tell_end)
        self._running[account] = watcher, task

    async def _end_watch(self, account: str) -> None:
        watcher, task = self._running.pop(account)
        # Again and again: what an observer awaits may take one cancellation for its own, and whoever waits here would
        # wait for ever.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_TICK_SECONDS)
        await watcher.close()


def _edit_with_sighting(seen: Sighting) -> Edit:
    details = {**seen.details, "waits_for_person": seen.waits_for_person}
    return steps.advance_row(seen.state, note=seen.note, minutes=seen.minutes, due_at=seen.due_at, details=details)


def _is_news(entry: Entry, seen: Sighting) -> bool:
    same_person = bool(entry.receipt.get("waits_for_person")) == seen.waits_for_person
    same = (entry.state, entry.note) == (seen.state, seen.note) and seen.due_at in (0.0, entry.due_at)
    return not (same and same_person and seen.minutes in (None, entry.charged_minutes))
