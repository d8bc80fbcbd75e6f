"""What is tidied up from time to time: what crashes left behind, and what is not to be kept any longer.

Everything is decided from the ledger's rows, and only what those say is ours is touched. Each chore may be repeated, or
die half-way: a vendor's copy is deleted first and its row written after, and what is gone already counts as deleted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import Field

from polyreel.delivery.places import PLACES, Place
from polyreel.delivery.port import claim_prefix
from polyreel.dubbing.providers import PROVIDERS, Provider
from polyreel.dubbing.staging import MAY_FETCH, STAGED, claim_of_staged, is_needed
from polyreel.dubbing.staging_places import staging_place_at
from polyreel.dubbing.submission import script_key
from polyreel.errors import PolyreelError
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, State
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.rows import Claim, Filter
from polyreel.ledger.waits import WaitingRun
from polyreel.outcome import Value

HOUR_S, DAY_S = 3600.0, 86400.0
STAGED_S = HOUR_S
"""How long what was staged is left alone though no dub of its job is under way: a run may be about to buy."""

FILM_S = DAY_S
"""How long a library may take to fetch a film by its address; who has it takes the film away earlier."""

_PATIENCE_S = {"staged": STAGED_S, "film": FILM_S}

FORGET_AFTER = "forget_after"
"""What a dub's receipt has of the job's own wish, in days."""

ChoreKind = Literal["intent", "staged", "upload", "retention", "link", "claim", "run"]


class Rules(Value):
    """What is done, and after how long."""

    forget_after_days: int | None = Field(
        default=None,
        ge=1,
        description="Delete the vendor's copy of a dub so many days after it was collected; a job may say otherwise.",
    )
    abandoned_after_days: int = Field(default=7, ge=1, description="An upload of ours that nobody went on with.")
    intents_after_hours: int = Field(default=1, ge=1, description="A call that a crash left undecided is told then.")


class Chore(Value):
    """One thing that was seen to, or that somebody should see to (``done`` is false, and ``note`` says how)."""

    kind: ChoreKind
    what: str
    done: bool = True
    planned: bool = Field(default=False, description="Of a dry run: a round would do it; nothing was done.")
    key: str = Field(default="", description="The ledger's row.")
    job: str = ""
    provider: str = ""
    locale: str = ""
    note: str = ""


class Accounts(Protocol):
    """The way to the accounts that rows name."""

    def __call__(self, vendor: str, row: Entry) -> AbstractAsyncContextManager[Any]:
        """An open client of the row's own account. Raises `PolyreelError` where its credentials are gone."""
        ...


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One round of chores."""

    ledger: Ledger
    accounts: Accounts
    rules: Rules
    is_kept: Callable[[str], Awaitable[bool]]
    """Whether what was collected under a key is in the store, whole: nothing else is to be had once it is deleted."""

    async def tidy(self) -> tuple[Chore, ...]:
        """Do what is to be done; every chore, done or not."""
        done = await self._do_chores()
        # Last: what was waited for above may have been a dead run's.
        return (*done, *(_make_claim_chore(each) for each in await self.ledger.sweep_claims()))

    async def _do_chores(self) -> list[Chore]:
        now = await self.ledger.read_clock()
        # All at once: each chore sees the same moment, and asks anew for a row before it touches anything.
        rows = await self.ledger.select()
        steps_ = (self._look_at_intents, self._find_staged, self._cancel_uploads, self._forget_copies)
        return [chore for step in steps_ async for chore in step(rows, now)]

    async def _look_at_intents(self, rows: Sequence[Entry], now: float) -> AsyncIterator[Chore]:
        """Calls that may or may not have been made: only their own job knows how to look."""
        for row in rows:
            left = row.state is State.INTENDED and now - row.attempted_at > self.rules.intents_after_hours * HOUR_S
            if left and not steps.seems_held(row, now):
                # Nothing is left to be bought by it: no run comes to look for what was half staged.
                if row.kind == "staged" and not is_needed(row, _select_purchases(rows)):
                    if chore := await self._clear_leftovers(row):
                        yield chore
                else:
                    yield _make_chore(row, "intent", done=False, note=_suggest_step(row))
            if row.state is State.UNRESOLVED:
                note = f"Look at {row.note or row.provider}; then: polyreel ledger settle {row.key}"
                yield _make_chore(row, "intent", done=False, note=note)

    async def _clear_leftovers(self, row: Entry) -> Chore | None:
        """A run that puts the file there has its claim, and may go on with it (None)."""
        return await self._work_alone(row, partial(self._remove_leftovers, row))

    async def _remove_leftovers(self, row: Entry) -> Chore | None:
        # Asked anew: while its claim was waited for, a run may have put it there, or begun to need it.
        there = await self.ledger.get(row.key)
        is_left = there is not None and there.state is State.INTENDED
        if not is_left or is_needed(row, await self.ledger.select(MAY_FETCH)):
            return None
        try:
            await self.ledger.wait_until_free(row.key)
            async with self.accounts(PLACES[row.provider].block or row.provider, row) as client:
                await staging_place_at(row, client).remove_leftovers(str(row.details.get(STAGED, "")), row.what)
            await self.ledger.settle_not_bought(row.key)
        except PolyreelError as error:
            return _make_chore(row, "staged", done=False, note=str(error))
        return _make_chore(row, "staged", note="It was staged half.")

    async def _find_staged(self, rows: Sequence[Entry], now: float) -> AsyncIterator[Chore]:
        for row in rows:
            there = row.kind in _PATIENCE_S and await self._may_go(row, now)
            if there and (chore := await self._remove_alone(row, now)):
                yield chore

    async def _remove_alone(self, row: Entry, now: float) -> Chore | None:
        return await self._work_alone(row, partial(self._remove_staged, row, now))

    async def _work_alone(self, row: Entry, work: Callable[[], Awaitable[Chore | None]]) -> Chore | None:
        """What ``work`` gives under the file's claim; None where a run has that: it may be bringing a film for hours.

        The next round looks again.
        """
        if await self._is_being_staged(row):
            return None
        return await self.ledger.alone(_claim_of(row), work, what=row.job)

    async def _is_being_staged(self, row: Entry) -> bool:
        return any(each.name == _claim_of(row) for each in await self.ledger.list_claims())

    async def _remove_staged(self, row: Entry, now: float) -> Chore | None:
        """Under the file's claim: no run is given a link to it meanwhile."""
        # Asked anew: while others were removed, or its claim was waited for, a run may have removed it, or need it.
        there = await self.ledger.get(row.key)
        if there is None or not await self._may_go(there, now):
            return None
        return await self._at_account(PLACES[there.provider].block, there, "staged", _remove_staged)

    async def _may_go(self, row: Entry, now: float) -> bool:
        if row.state is not State.COLLECTED or now - row.updated_at <= _PATIENCE_S[row.kind]:
            return False
        return row.kind == "film" or not is_needed(row, await self.ledger.select(MAY_FETCH))

    async def _cancel_uploads(self, rows: Sequence[Entry], now: float) -> AsyncIterator[Chore]:
        """Only uploads of ours: others' may be under way in the same account, by other means."""
        limit = now - self.rules.abandoned_after_days * DAY_S
        for row in rows:
            place = PLACES.get(row.provider)
            if place is None or place.cancel_upload is None or not _is_abandoned(row, limit):
                continue
            # Asked anew: while others were cancelled, a run may have gone on with this one, or be about to.
            there = await self.ledger.get(row.key)
            if there is None or not _is_abandoned(there, limit) or await self._is_delivering(there):
                continue
            if chore := await self._cancel_upload(place, there):
                yield chore

    async def _is_delivering(self, row: Entry) -> bool:
        """Whether a run of the row's job is bringing something to the same kind of place right now."""
        claim = claim_prefix(row.provider)
        claims = await self.ledger.list_unended_claims()
        return any(each.what == row.job and each.name.startswith(claim) for each in claims)

    async def _cancel_upload(self, place: Place, row: Entry) -> Chore | None:
        assert place.cancel_upload is not None  # noqa: S101 - who calls has seen to it
        try:
            async with self.accounts(place.block or row.provider, row) as client:
                if not await place.cancel_upload(client, row):
                    return None
            # This row alone: what was to take the place of an older film has that film's id, and the film is there.
            await self.ledger.advance(row.key, State.FORGOTTEN)
        except PolyreelError as error:
            return _make_chore(row, "upload", done=False, note=str(error))
        return _make_chore(row, "upload")

    async def _forget_copies(self, rows: Sequence[Entry], now: float) -> AsyncIterator[Chore]:
        for row in rows:
            days = row.receipt.get(FORGET_AFTER) or self.rules.forget_after_days
            if days is None or row.kind != "dub" or row.state is not State.COLLECTED:
                continue
            limit = now - int(days) * DAY_S
            if row.collected_at > limit:
                continue
            provider = PROVIDERS.get(row.provider)
            if provider is None or provider.forget is None:
                note = f"{row.provider} deletes nothing by its API: delete {row.vendor_id} there by hand"
                yield _make_chore(row, "retention", done=False, note=note)
            elif chore := await self._forget_copy(provider, row, limit):
                yield chore

    async def _forget_copy(self, provider: Provider, row: Entry, limit: float) -> Chore | None:
        assert provider.forget is not None  # noqa: S101 - who calls has seen to it
        # Asked anew for each: while others were deleted, a run may have put another script in there.
        rows = await self.ledger.select(Filter(provider=row.provider, account=row.account))
        if _is_needed(row, rows, limit):
            return None
        if not await self.is_kept(_result_key(row, rows)):
            note = "The store here does not have it: the vendor's copy is the only one. Run the job again first."
            return _make_chore(row, "retention", done=False, note=note)
        return await self._at_account(provider.block, row, "retention", provider.forget)

    async def _at_account(
        self, block: str | None, row: Entry, kind: ChoreKind, work: Callable[[Any, Entry], Awaitable[None]]
    ) -> Chore:
        try:
            async with self.accounts(block or row.provider, row) as client:
                await work(client, row)
            await self._forget(row)
        except PolyreelError as error:
            return _make_chore(row, kind, done=False, note=str(error))
        return _make_chore(row, kind)

    async def _forget(self, row: Entry) -> None:
        """The vendor's copy is gone: so it is for every row that names it."""
        named = await self.ledger.select(Filter(provider=row.provider, account=row.account, vendor_id=row.vendor_id))
        # Two buckets of one account hold different copies under the same name.
        same = [each for each in named if each.details.get("where") == row.details.get("where")]
        await self.ledger.change_all(
            {each.key: steps.advance_row(State.FORGOTTEN) for each in same if not each.is_open}
        )


class DryRun(Upkeep):
    """What a round would do: the same rows are chosen, but nothing is removed or written, and no vendor is asked."""

    async def tidy(self) -> tuple[Chore, ...]:
        """Every chore: ``planned`` where a round would do it, else for a person as ever."""
        found = await self._do_chores()
        return (*found, *(plan_chore(_make_claim_chore(each)) for each in await self.ledger.list_dead_claims()))

    async def _clear_leftovers(self, row: Entry) -> Chore | None:
        if await self._is_being_staged(row):
            return None
        return await self._plan_at_account(PLACES[row.provider].block, row, "staged")

    async def _remove_alone(self, row: Entry, now: float) -> Chore | None:
        # Without the claim: it would be written.
        return None if await self._is_being_staged(row) else await self._remove_staged(row, now)

    async def _cancel_upload(self, place: Place, row: Entry) -> Chore | None:
        chore = await self._plan_at_account(place.block, row, "upload")
        # The vendor alone knows how much of it came.
        return chore.model_copy(update={"note": "unless all of it came"}) if chore.planned else chore

    async def _at_account(
        self, block: str | None, row: Entry, kind: ChoreKind, work: Callable[[Any, Entry], Awaitable[None]]
    ) -> Chore:
        return await self._plan_at_account(block, row, kind)

    async def _plan_at_account(self, block: str | None, row: Entry, kind: ChoreKind) -> Chore:
        try:
            async with self.accounts(block or row.provider, row):
                return plan_chore(_make_chore(row, kind))
        except PolyreelError as error:
            return _make_chore(row, kind, done=False, note=str(error))


def _claim_of(row: Entry) -> str:
    return claim_of_staged(row.account, str(row.details.get(STAGED, "")))


def plan_chore(chore: Chore) -> Chore:
    """The chore as one that a round would do, and nobody has done."""
    return chore.model_copy(update={"done": False, "planned": True})


_BEGUN = (State.SUBMITTED, State.READY)


def _is_abandoned(row: Entry, limit: float) -> bool:
    """Whether a delivery was begun, its bytes may not have come whole, and nobody went on with it since ``limit``."""
    came = row.receipt.get("uploaded") or row.receipt.get("fetched")
    return row.kind == "delivery" and row.state in _BEGUN and not came and row.updated_at < limit


def _is_needed(row: Entry, rows: Sequence[Entry], limit: float) -> bool:
    """Whether a script that was put in later, at the same thing there, is not collected yet, or since ``limit``."""
    done = (State.COLLECTED, State.FAILED, State.FORGOTTEN)
    # A script that is put in later has its purchase's key, and a tail.
    same = [each for each in rows if each.key.startswith(row.key)]
    return any(each.state not in done or each.collected_at > limit for each in same)


def _result_key(row: Entry, rows: Sequence[Entry]) -> str:
    """The key under which what the vendor shows now was kept: the purchase's, or that of a script put in later."""
    later = [each for each in rows if each.key.startswith(f"{row.key}~script-") and each.state is State.COLLECTED]
    return script_key(max(later, key=lambda each: each.collected_at).key) if later else row.key


def _select_purchases(rows: Sequence[Entry]) -> list[Entry]:
    """Those whose vendor may still fetch what was staged for them."""
    return [each for each in rows if MAY_FETCH.matches(each)]


def _suggest_step(row: Entry) -> str:
    again = f"submit --again {row.run_id}" if row.run_id else "run JOB.yaml"
    return f"Run the job again, which looks first: polyreel {again}"


async def _remove_staged(client: Any, row: Entry) -> None:
    await staging_place_at(row, client).remove(row.vendor_id)


def _make_chore(row: Entry, kind: ChoreKind, *, done: bool = True, note: str = "") -> Chore:
    what = " ".join(filter(None, (row.what or row.kind, row.locale)))
    return Chore(
        kind=kind, what=what, done=done, key=row.key, job=row.job, provider=row.provider, locale=row.locale, note=note
    )


def _make_claim_chore(claim: Claim) -> Chore:
    return Chore(kind="claim", what=claim.what or claim.name, note=claim.name)


def make_run_chore(run: WaitingRun) -> Chore:
    """A suspended run that is to go on, and for what it waited."""
    return Chore(kind="run", what=run.job, job=run.job, note="; ".join(wait.what for wait in run.waits))


def drop_dead_links(folder: Path) -> tuple[Chore, ...]:
    """Forget links to deliveries that are gone: one file per run, which names the delivery's folder."""
    found = _find_dead_links(folder)
    for link, _ in found:
        link.unlink(missing_ok=True)
    return tuple(chore for _, chore in found)


def list_dead_links(folder: Path) -> tuple[Chore, ...]:
    """What `drop_dead_links` would forget."""
    return tuple(plan_chore(chore) for _, chore in _find_dead_links(folder))


def _find_dead_links(folder: Path) -> list[tuple[Path, Chore]]:
    found = []
    for link in sorted(folder.glob("[!.]*")):  # what begins with a dot is being written by a run
        target = Path(link.read_text("utf-8").strip())
        if not (target / "manifest.json").exists():
            found.append((link, Chore(kind="link", what=str(target), note=f"run {link.name}")))
    return found


def summarise(chores: Collection[Chore]) -> str:
    """``2 staged, 1 upload seen to; 1 intent for a person``; ``nothing to do``."""
    done = _count_chores([each for each in chores if each.done])
    planned = _count_chores([each for each in chores if each.planned])
    left = _count_chores([each for each in chores if not each.done and not each.planned])
    parts = [f"{done} seen to"] if done else [f"{planned} would be seen to"] if planned else []
    return "; ".join([*parts, *([f"{left} for a person"] if left else [])]) or "nothing to do"


def _count_chores(chores: Sequence[Chore]) -> str:
    kinds = sorted({each.kind for each in chores})
    return ", ".join(f"{sum(each.kind == kind for each in chores)} {kind}" for kind in kinds)
