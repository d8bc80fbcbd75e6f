"""Runs that wait without a process: what each waits for, whether that has come, and how one is woken.

A run that has nothing left to do but wait writes a row of kind ``wait`` and ends its process. Whoever looks after runs
(`list_due`) wakes it when a row that it waits for stands otherwise than the run saw it, when its time has come, or when
somebody asked for it (`wake`). Everything is decided by what stands in the ledger now, never by a message that could be
lost: a wake that comes before the run has gone to sleep is still there when it wants to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from polyreel.ledger.entry import UNDER_WAY, Entry, State, Wait, describe_entry_standing
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.rows import Edit, Filter

KIND = "wait"
log = logging.getLogger("polyreel.waits")
# A quarter of an hour in all, each pause twice the last: a server that restarts is back by then. What still fails
# needs a person.
_FIRST_PAUSE, _MOST_RESTARTS = 30.0, 5
_ASLEEP, _WOKEN, _AT_WORK = State.SUBMITTED, State.READY, State.COLLECTED
_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that waits, since when (seconds since 1970), and for what. ``woken``: somebody asked for it."""

    run_id: str
    job: str
    waits: tuple[Wait, ...]
    since: float
    deployment: str
    asleep: bool
    woken: bool
    form: dict[str, Any] | None = None
    """The form that it may be resumed with, as whoever made it writes one down."""


async def begin_pass(ledger: Ledger, run_id: str) -> None:
    """Note that a run is at work: a wake from before is answered by that.

    Called before the run reads anything, so that whatever changes from now on counts as news.
    """
    await _change_wait(ledger, run_id, _be_at_work)


async def ask_to_wait(
    ledger: Ledger,
    run_id: str,
    job: str,
    waits: Sequence[Wait],
    deployment: str = "",
    form: dict[str, Any] | None = None,
) -> bool:
    """Write down that a run waits, and for what. False when it was woken meanwhile: then it has to look again first.

    Durable when this returns; only then may the run end its process.
    """
    entry = await _change_wait(ledger, run_id, _fall_asleep(run_id, job, waits, deployment, form))
    return entry is not None and entry.state is _ASLEEP


async def wake_run(ledger: Ledger, run_id: str) -> None:
    """Ask for a run to go on, whatever it waits for. Durable when this returns, and repeatable.

    A run that is at work (about to wait, perhaps) looks once more before it waits.
    """
    await _change_wait(ledger, run_id, _be_woken(run_id))


async def forget_run(ledger: Ledger, run_id: str) -> None:
    """The run is over: it waits for nothing any more."""
    await _change_wait(ledger, run_id, lambda _entry, _now: None)


async def claim_restart(ledger: Ledger, run_id: str) -> Literal["mine", "not now", "never"]:
    """Whether a run that died may be begun again, now and by whoever asks: one asker gets ``mine``.

    Each time is later than the one before; ``never`` once it has died as often as a run may, without getting to work.
    """
    # Of all who ask at once one makes the change, and so sees another row after it than before.
    change = await asyncio.to_thread(ledger.rows.change, _make_key(run_id), _begin_again)
    if change.after is None:
        return "not now"
    if change.after is not change.before:
        return "mine"
    is_over = _count_restarts(change.after) >= _MOST_RESTARTS
    return "never" if is_over and await _may_begin(change.after, ledger) else "not now"


async def _may_begin(row: Entry, ledger: Ledger) -> bool:
    return _may_restart(row, await ledger.read_clock())


def _may_restart(row: Entry, now: float) -> bool:
    return _has_come(float(row.receipt.get("restart_at", 0.0)), now, most=_FIRST_PAUSE * 2**_MOST_RESTARTS)


async def find_waiting(ledger: Ledger, run_id: str) -> WaitingRun | None:
    """What a run waits for, or waited for last; None for one that never did."""
    entry = await ledger.get(_make_key(run_id))
    return _as_run(entry) if entry else None


async def list_waiting(ledger: Ledger) -> list[WaitingRun]:
    """Every run that waits or was woken, with what it waits for; the longest wait first."""
    runs = [_read_run(row) for row in await ledger.select(Filter(kind=KIND))]
    return [run for run in runs if run]


async def list_due(ledger: Ledger) -> list[WaitingRun]:
    """The runs that should go on now. Looks at what stands in the ledger: whoever asks again gets the same answer."""
    waiting = [run for run in await list_waiting(ledger) if run.asleep or run.woken]
    if not waiting:
        return []
    now = await ledger.read_clock()
    # Most runs wait for rows that are under way: one question for all of those, one more for each of the others.
    standings = {row.key: describe_entry_standing(row) for row in await ledger.select(Filter(states=UNDER_WAY))}
    for key in {wait.key for run in waiting for wait in run.waits if wait.key} - standings.keys():
        standings[key] = describe_entry_standing(await ledger.get(key))
    return [run for run in waiting if run.woken or any(_is_due(wait, standings, now) for wait in run.waits)]


def _is_due(wait: Wait, standings: dict[str, str], now: float) -> bool:
    changed = bool(wait.key) and standings[wait.key] != wait.seen
    return changed or (wait.again_at > 0 and _has_come(wait.again_at, now, most=_DAY))


def _has_come(time: float, now: float, *, most: float) -> bool:
    """Whether a time has come that was at most so many seconds ahead when it was set."""
    # Further ahead than that, the clock was set back since: waiting for it could take years.
    return not now < time <= now + most


def _read_run(row: Entry) -> WaitingRun | None:
    """A row as a run; one that can't be read is no reason to leave the others asleep."""
    try:
        return _as_run(row)
    except (ValidationError, ValueError, TypeError) as error:
        if row.key not in _unread:
            log.warning("What run %s waits for can't be read: %s", row.run_id or row.key, type(error).__name__)
            _unread.add(row.key)
        return None


_unread: set[str] = set()
"""Rows that were complained of: once is enough, they are looked at every few seconds."""


def _as_run(row: Entry) -> WaitingRun:
    return WaitingRun(
        run_id=row.run_id,
        job=row.job,
        waits=tuple(Wait.model_validate(each) for each in row.receipt.get("waits", ())),
        since=float(row.receipt.get("since", 0.0)),
        deployment=str(row.receipt.get("deployment", "")),
        asleep=row.state is _ASLEEP,
        woken=row.state is _WOKEN,
        form=row.receipt.get("form"),
    )


# -- the rows


def _be_at_work(entry: Entry | None, now: float) -> Entry | None:
    return entry and entry.model_copy(update={"state": _AT_WORK, "updated_at": now})


def _fall_asleep(run_id: str, job: str, waits: Sequence[Wait], deployment: str, form: dict[str, Any] | None) -> Edit:
    def edit_wait(entry: Entry | None, now: float) -> Entry:
        # The wake came while the run was on its way to sleep: it stays awake, or what it was woken for would be
        # missed.
        if entry is not None and entry.state is _WOKEN:
            return entry
        since = entry.receipt.get("since", now) if entry else now
        # How long it has waited so far decides how soon it looks again, over all its passes: `since` is of the first
        # one.
        timed = [wait.model_copy(update={"again_at": _look_again_at(wait, now, since)}) for wait in waits]
        told = {"waits": [wait.model_dump() for wait in timed], "since": since, "deployment": deployment, "form": form}
        note = "; ".join(wait.what for wait in waits if wait.what)
        return _make_row(entry, run_id, now, state=_ASLEEP, job=job, receipt=told, note=note)

    return edit_wait


def _count_restarts(row: Entry) -> int:
    return int(row.receipt.get("restarts", 0))


def _begin_again(entry: Entry | None, now: float) -> Entry | None:
    if entry is None or _count_restarts(entry) >= _MOST_RESTARTS or not _may_restart(entry, now):
        return entry
    # A run that falls asleep again has got to work, and writes its row anew: it counts from the beginning.
    times = _count_restarts(entry) + 1
    told = {"restarts": times, "restart_at": now + _FIRST_PAUSE * 2 ** (times - 1)}
    return entry.model_copy(update={"receipt": {**entry.receipt, **told}})


def _look_again_at(wait: Wait, now: float, since: float) -> float:
    usual = now + _find_pause(wait, now - since)
    # A second at least: a clock that is behind must not make a run go round and round.
    return min(usual, max(wait.until, now + 1.0)) if wait.until else usual


def _find_pause(wait: Wait, waited: float) -> float:
    """Seconds until a run looks again by itself.

    A day at most: that nobody writes rows any more (no watcher, a key that was revoked) is found out by looking.
    """
    return min(max(waited / 10, 60.0), _HOUR) if wait.retries else _DAY


def _be_woken(run_id: str) -> Edit:
    return lambda entry, now: _make_row(entry, run_id, now, state=_WOKEN)


def _make_row(entry: Entry | None, run_id: str, now: float, **news: Any) -> Entry:
    row = entry or Entry(key=_make_key(run_id), kind=KIND, run_id=run_id, intended_at=now)
    return row.model_copy(update={**news, "updated_at": now})


def _make_key(run_id: str) -> str:
    return f"wait-{run_id}"


async def _change_wait(ledger: Ledger, run_id: str, edit: Edit) -> Entry | None:
    key = _make_key(run_id)
    await ledger.change_all({key: edit})
    return await ledger.get(key)
