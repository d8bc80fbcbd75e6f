"""Waiting for a vendor: for the ledger's row, which the account's watcher writes what it learns into."""

from __future__ import annotations

import asyncio

from polyreel.dubbing.port import Means, Progress
from polyreel.errors import HeldForPerson, StillAtVendor
from polyreel.ledger.entry import Entry, State, describe_entry_standing
from polyreel.ledger.pace import Pace
from polyreel.ledger.watch import Observer, Watcher
from polyreel.vendors.errors import JobFailed

PACE = Pace()
UNHEARD_S = 24 * 3600.0
"""A row that nobody wrote for so long: the vendor is asked here, so that a refusal is heard."""


async def wait_until_ready(means: Means, key: str, observer: Observer, on_progress: Progress | None = None) -> Entry:
    """The row, once the vendor is done with it.

    Raises `JobFailed` where the vendor failed, with what it said; `HeldForPerson` where it waits for somebody;
    `StillAtVendor` where ``means`` has less patience than the vendor needs time; and `VendorError` where the vendor
    refuses to be asked.
    """
    if means.watchers is None:
        raise ValueError("a vendor's dubber was made without watchers")
    async with means.watchers.watch(means.subject.account, observer, PACE) as watcher:
        before = await means.at_hand().get(key)
        if before and before.receipt.get("waits_for_person"):
            # An earlier run was told to wait for somebody, who may have been there meanwhile.
            await watcher.look([before])
        entry = await _wait_patiently(means, key, observer, watcher)
    if on_progress:
        on_progress(1.0)
    return entry


async def _wait_patiently(means: Means, key: str, observer: Observer, watcher: Watcher) -> Entry:
    try:
        async with asyncio.timeout(means.patience_s):
            return await watcher.wait_for(key, _is_over)
    except TimeoutError:
        entry = await means.at_hand().get(key)
        if entry is None or _is_over(entry):  # in the last moment
            return await watcher.wait_for(key, _is_over)
        # Runs that don't stay see no watcher fail: a revoked key would leave them waiting, woken once a day, for
        # ever.
        if await means.at_hand().read_clock() - entry.updated_at > UNHEARD_S:
            await observer.list_under_way([entry])
        raise StillAtVendor(
            f"{entry.provider} is at work on it",
            key=key,
            seen=describe_entry_standing(entry),
            where=entry.locale,
            remedy="It was paid: run the job again later, and it is collected.",
        ) from None


def _is_over(entry: Entry) -> bool:
    if entry.state is State.FAILED:
        raise _explain_failure(entry)
    if entry.state is State.FORGOTTEN:
        raise _explain_forgotten(entry)
    if entry.receipt.get("waits_for_person"):
        raise _make_hold(entry)
    return entry.state in (State.READY, State.COLLECTED)


def _explain_failure(entry: Entry) -> JobFailed:
    advice = str(entry.receipt.get("remedy") or "Look at it there.")
    again = f"To buy it again after that: `polyreel ledger settle {entry.key} --not-bought`."
    return JobFailed(
        entry.note or f"{entry.provider} failed at it and does not say why",
        vendor=entry.provider,
        job_id=entry.vendor_id,
        code=str(entry.receipt.get("code") or "") or None,
        remedy=f"{advice} {again}",
    )


def _explain_forgotten(entry: Entry) -> HeldForPerson:
    return HeldForPerson(
        f"{entry.provider}'s copy was deleted after it had been collected, and the one here is gone too",
        code="forgotten",
        key=entry.key,
        seen=describe_entry_standing(entry),
        where=entry.locale,
        remedy=f"Put the store back; or, to buy it again: `polyreel ledger settle {entry.key} --not-bought`.",
    )


def _make_hold(entry: Entry) -> HeldForPerson:
    link = str(entry.receipt.get("studio_url") or "")
    what = f" ({entry.what})" if entry.kind == "revision" else ""
    return HeldForPerson(
        (entry.note or f"{entry.provider} waits for a person") + what,
        code="waits_in_studio",
        key=entry.key,
        seen=describe_entry_standing(entry),
        where=entry.locale,
        remedy=f"Finish it there{f': {link}' if link else ''}; then run the job again. It was paid, and is not bought "
        "again.",
    )
