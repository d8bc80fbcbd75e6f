"""Where local media waits for vendors that fetch by URL: put there once, by a signed address, removed afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from polyreel.dubbing.staging_places import StagingPlace
from polyreel.keys import stage_key
from polyreel.ledger.entry import Entry, Finding, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.named import find_or_make
from polyreel.ledger.rows import Filter
from polyreel.outcome import StoredFile

Result = TypeVar("Result")
STAGED = "staged"
"""What a row's details call the file that is staged, by its sha256: in its own row, and in those of who needs it."""
MAY_FETCH = Filter(kind="dub", states=frozenset({State.INTENDED, State.UNRESOLVED, State.SUBMITTED}))
"""Purchases whose vendor may still fetch what was staged for them."""


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """Files at one place, for one job: `polyreel.dubbing.port.Staging`, and `polyreel.delivery.port.StagingArea`.

    ``purpose`` keeps apart what is put there for others than dubbers: each of them removes its own (`drop`).
    """

    place: StagingPlace
    ledger: Ledger
    subject: Subject
    purpose: str = ""

    async def make_address(self, file: StoredFile, name: str) -> str:
        """A signed address of a file, which is put there where it is not yet."""
        staged = await self._alone(file.sha256, lambda: self._stage_file(file, name))
        return await self.place.link(staged.vendor_id)

    async def _alone(self, sha256: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """Put or remove a file while no other run does: a link must not be given to what is being removed."""
        return await self.ledger.alone(claim_of_staged(self.subject.account, sha256), work, what=self.subject.job)

    async def _stage_file(self, file: StoredFile, name: str) -> Entry:
        for number in range(1000):
            key = self._make_key(file, name, number)
            entry = await self.ledger.get(key)
            if entry is None or entry.state is not State.FORGOTTEN:
                return await self._put(key, file, name)
        raise AssertionError("unreachable")

    def _make_key(self, file: StoredFile, name: str, number: int) -> str:
        known = {"account": self.subject.account, "where": self.place.where, "file": file.sha256, "number": number}
        # Dubbers share one copy, which goes when none of them needs it. Whoever removes its own copy has one of its
        # own, by its name: shared, the first who is done would take it away from the others.
        own = {"purpose": self.purpose, "name": name} if self.purpose else {}
        return stage_key("staged", 1, **known, **own)

    async def _put(self, key: str, file: StoredFile, name: str) -> Entry:
        entry = await self.ledger.get(key)
        if entry is None or entry.is_open:
            # Two files that are staged at once would make the place's folder twice.
            claim = f"shelf {self.subject.account} {self.place.where}"
            await self.ledger.alone(claim, lambda: self.place.prepare(self._find_or_make))

        async def call() -> Receipt:
            return Receipt(id=await self.place.put(file, name), state=State.COLLECTED, minutes=0.0)

        async def find(entry: Entry) -> Finding:
            # Another language's run may have begun to put it there, under its own job's name.
            return await self.place.find(file, entry.what or name)

        about = self.subject.model_copy(
            update={"kind": self._kind, "what": name, "details": {STAGED: file.sha256, "where": self.place.where}}
        )
        return await self.ledger.once(key, call, find, subject=about)

    async def _find_or_make(
        self,
        key: str,
        look: Callable[[], Awaitable[str]],
        make: Callable[[], Awaitable[str]],
        *,
        what: str,
        is_there: Callable[[str], Awaitable[bool]] | None = None,
    ) -> str:
        about = self.subject.model_copy(update={"kind": "folder", "what": what})
        whole = stage_key("shelf", 1, account=self.subject.account, of=key)
        return await find_or_make(self.ledger, whole, look, make, about, is_there)

    @property
    def _kind(self) -> str:
        return "film" if self.purpose else "staged"

    async def drop_file(self, file: StoredFile, name: str) -> None:
        """Remove a file whose one reader has it now, by the name it was put there with. Raises `VendorError`."""
        await self._alone(file.sha256, lambda: self._drop(file, name))

    async def _drop(self, file: StoredFile, name: str) -> None:
        for number in range(1000):
            entry = await self.ledger.get(self._make_key(file, name, number))
            if entry is None:
                return
            if entry.state is State.COLLECTED:
                await self.place.remove(entry.vendor_id)
                await self.ledger.advance(entry.key, State.FORGOTTEN)

    async def clear(self) -> None:
        """Remove what lies here, other jobs' leavings too, unless a vendor may still fetch it. Raises `VendorError`.

        The intent of a purchase is written before its reel is staged, and names it: what none names, nobody needs.
        """
        for entry in await self.ledger.select(Filter(kind="staged", account=self.subject.account)):
            if entry.state is State.COLLECTED and self._is_here(entry):
                await self._alone(str(entry.details.get(STAGED, "")), partial(self._clear, entry.key))

    async def _clear(self, key: str) -> None:
        # Asked anew for each: while others were removed, a run may have begun to buy, or have put it there anew.
        entry = await self.ledger.get(key)
        if entry is None or entry.state is not State.COLLECTED:
            return
        if not is_needed(entry, await self.ledger.select(MAY_FETCH)):
            await self.place.remove(entry.vendor_id)
            await self.ledger.advance(entry.key, State.FORGOTTEN)

    def _is_here(self, entry: Entry) -> bool:
        where = entry.details.get("where")
        return where == self.place.where if where is not None else entry.job == self.subject.job


def claim_of_staged(account: str, sha256: str) -> str:
    """Under what name a staged file is put there, given out and removed, by one run at a time (`Ledger.alone`)."""
    return f"staged {account} {sha256}"


def is_needed(staged: Entry, under_way: Sequence[Entry]) -> bool:
    """Whether a purchase names the file; one that does not say what it needs, needs what its job has staged."""
    return any(
        row.details.get(STAGED, "") == staged.details.get(STAGED, "")
        if "source" in row.details and STAGED in staged.details
        else row.job == staged.job
        for row in under_way
    )
