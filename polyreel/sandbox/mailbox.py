"""Callbacks: signed, sent to loopback only, tried a few times, written down; and every way they go astray."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace

import httpx

from polyreel.net.guard import tls_context
from polyreel.sandbox import fetch
from polyreel.sandbox.clock import Clock
from polyreel.sandbox.faults import Faults
from polyreel.sandbox.settings import Pace
from polyreel.sandbox.state import Json, State

log = logging.getLogger("polyreel.sandbox.callbacks")
TRIES = 3
_PAUSE = 5.0
_TIMEOUT = 10.0
_REORDER_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Letter:
    """One callback to be sent. ``sign`` gives the headers for a body."""

    vendor: str
    url: str
    event: str
    body: bytes
    sign: Callable[[bytes], Mapping[str, str]]
    note: str = ""


class Mailbox:
    """Sends callbacks in the background, one after another per address."""

    def __init__(self, state: State, clock: Clock, pace: Pace, faults: Faults) -> None:
        self._state = state
        self._clock = clock
        self._pace = pace
        self._faults = faults
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: dict[str, asyncio.Lock] = {}

    def post(self, vendor: str, url: str, event: str, body: Json, sign: Callable[[bytes], Mapping[str, str]]) -> None:
        """Send a callback, in whatever weather is armed."""
        letter = Letter(vendor, url, event, json.dumps(body).encode(), sign)
        if self._faults.take("callback_lost", vendor, event):
            self._write_down(letter, "lost (rehearsed)")
            return
        for copy, delay in self._list_copies(letter):
            self._spawn_delivery(self._deliver_letter(copy, delay))

    def recent(self, limit: int = 100) -> list[Json]:
        """The newest callbacks with what became of them."""
        return [dict(row) for row in self._state.rows("SELECT * FROM callbacks ORDER BY seq DESC LIMIT ?", limit)]

    async def close(self) -> None:
        """Stop sending."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _list_copies(self, letter: Letter) -> list[tuple[Letter, float]]:
        take = self._faults.take
        delay = 0.0
        if late := take("callback_late", letter.vendor, letter.event):
            delay, letter = late.seconds, replace(letter, note=" late")
        if take("callback_reordered", letter.vendor, letter.event):
            delay, letter = delay + _REORDER_SECONDS, replace(letter, note=" out of order")
        copies = [(letter, delay)]
        if take("callback_doubled", letter.vendor, letter.event):
            copies.append((replace(letter, note=" again"), delay))
        if take("callback_forged", letter.vendor, letter.event):
            copies.append((replace(letter, sign=_forge_signature(letter.sign), note=" forged"), delay))
        return copies

    def _spawn_delivery(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        # asyncio holds its tasks weakly: unheld, one could vanish half done.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_letter(self, letter: Letter, delay: float) -> None:
        await asyncio.sleep(delay)
        # Late letters leave their lane, so that the next ones overtake them.
        async with self._lanes.setdefault(letter.url, asyncio.Lock()):
            for attempt in range(1, TRIES + 1):
                outcome, final = await self._try_delivery(letter)
                self._write_down(letter, f"{outcome}{letter.note}" + (f" (try {attempt})" if attempt > 1 else ""))
                if final:
                    return
                await asyncio.sleep(self._pace.wait(_PAUSE * attempt))

    async def _try_delivery(self, letter: Letter) -> tuple[str, bool]:
        """What the receiver said, and whether that settles it."""
        headers = {"content-type": "application/json", **letter.sign(letter.body)}
        try:
            # An address for callbacks comes with a request: a rehearsal
            # must not knock at machines it was merely told of.
            target = await fetch.pin_loopback(letter.url)
            # No proxy of the environment's: callbacks of a rehearsal stay on this machine.
            async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, verify=tls_context()) as client:
                answer = await client.post(target.url, content=letter.body, headers={**headers, "host": target.host})
        except fetch.NotLoopback as refused:
            return str(refused), True
        except httpx.HTTPError as error:
            return type(error).__name__, False
        return str(answer.status_code), answer.is_success

    def _write_down(self, letter: Letter, outcome: str) -> None:
        self._state.run(
            "INSERT INTO callbacks (vendor, url, event, body, outcome, at) VALUES (?, ?, ?, ?, ?, ?)",
            *(letter.vendor, letter.url, letter.event, letter.body.decode(), outcome, self._clock.now()),
        )


def _forge_signature(sign: Callable[[bytes], Mapping[str, str]]) -> Callable[[bytes], Mapping[str, str]]:
    """The right form over the wrong words: what somebody without the key could send."""
    return lambda body: {
        name: value if name.lower().endswith("algorithm") else value[::-1] for name, value in sign(body).items()
    }
