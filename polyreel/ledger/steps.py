"""What may happen to a row: pure steps from one `Entry` to the next, whatever keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyreel.ledger.entry import UNDER_WAY, Entry, Receipt, State, Subject
from polyreel.ledger.holder import Sign, may_hold, seems_to_hold
from polyreel.ledger.rows import Edit

_RANK = {State.INTENDED: 0, State.UNRESOLVED: 0, State.SUBMITTED: 1, State.READY: 2, State.FAILED: 2,
         State.COLLECTED: 3, State.FORGOTTEN: 4}  # fmt: skip
_TIMES = {State.SUBMITTED: "submitted_at", State.READY: "ready_at", State.COLLECTED: "collected_at"}


def claim_row(key: str, subject: Subject, holder: str, lease: float, abandoned: Sign | None = None) -> Edit:
    """Write the intent; or take over one that nobody holds any more. A row with a receipt, or held, stays as it is.

    ``abandoned``: what its holder left, as a `HoldWatch` saw it.
    """

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None:
            return _make_intent(key, subject, now).model_copy(
                update={"holder": holder, "lease_until": now + lease, "attempted_at": now, "attempts": 1}
            )
        is_free = not may_hold(entry.holder) or (entry.holder, entry.lease_until) == abandoned
        if not entry.is_open or not is_free:
            return entry
        return _update_row(entry, now, holder=holder, lease_until=now + lease, run_id=subject.run_id or entry.run_id)

    return edit_row


def _make_intent(key: str, subject: Subject, now: float) -> Entry:
    named = subject.model_dump(exclude={"minutes"})
    return Entry(key=key, quoted_minutes=subject.minutes, intended_at=now, updated_at=now, **named)


def seems_held(entry: Entry, now: float) -> bool:
    """Whether somebody seems to make the call, or to look for it, right now. For what is shown: a clock can be set."""
    return seems_to_hold(entry.holder, entry.lease_until, now)


def note_attempt(holder: str, lease: float) -> Edit:
    """Note that the call is made again, after `find` saw that it had not been."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.holder != holder:
            return entry
        return _update_row(
            entry, now, state=State.INTENDED, note="", attempts=entry.attempts + 1, attempted_at=now,
            lease_until=now + lease,
        )  # fmt: skip

    return edit_row


def keep_hold(holder: str, lease: float, *, attempting: bool) -> Edit:
    """A sign of life from the holder. Not a change that anybody waits for."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.holder != holder:
            return entry
        seen = now if attempting else entry.attempted_at
        return entry.model_copy(update={"lease_until": now + lease, "attempted_at": seen})

    return edit_row


def let_go(holder: str, note: str = "") -> Edit:
    """Leave the intent for `find`: it is not known whether the call was made."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.holder != holder:
            return entry
        return _update_row(entry, now, holder="", lease_until=0.0, note=note or entry.note)

    return edit_row


def release_row(holder: str) -> Edit:
    """Remove the intent: the vendor has certainly made nothing."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        return None if entry is not None and entry.holder == holder and entry.is_open else entry

    return edit_row


def hold_for_person(holder: str, note: str) -> Edit:
    """Only a person can tell whether the call was made."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.holder != holder:
            return entry
        return _update_row(entry, now, state=State.UNRESOLVED, note=note, holder="", lease_until=0.0)

    return edit_row


def record_receipt(key: str, subject: Subject, receipt: Receipt) -> Edit:
    """Write the receipt of an open row (or of one that somebody removed). A row that has one already keeps it."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        entry = entry or _make_intent(key, subject, now)
        if not entry.is_open:
            return entry
        # What the vendor says it charged counts; a vendor that says nothing is taken to charge as it quotes.
        charge = receipt.minutes if receipt.minutes is not None else entry.quoted_minutes
        # What was found may be finished already (READY): it has both times, so that no age is counted from nothing.
        times = {"submitted_at": now} | ({_TIMES[receipt.state]: now} if receipt.state in _TIMES else {})
        return _update_row(
            entry, now, state=receipt.state, vendor_id=receipt.id, charged_minutes=charge,
            charged_by="" if charge is None else "quote" if receipt.minutes is None else "vendor",
            receipt=receipt.details, due_at=receipt.due_at or 0.0, note="", holder="", lease_until=0.0, **times,
        )  # fmt: skip

    return edit_row


def advance_row(
    state: State, *, note: str = "", minutes: float | None = None, due_at: float = 0.0,
    details: Mapping[str, Any] | None = None,
) -> Edit:  # fmt: skip
    """Write what was learned of a row with a receipt: never backwards, so that late news can't undo newer ones."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        # READY and FAILED rank alike: of the two, what was seen last counts.
        if entry is None or entry.is_open or _RANK[state] < _RANK[entry.state]:
            return entry
        news: dict[str, Any] = {"state": state, "note": note, "receipt": {**entry.receipt, **(details or {})}}
        if minutes is not None:
            news |= {"charged_minutes": minutes, "charged_by": "vendor"}
        if due_at:
            news["due_at"] = due_at
        if state in _TIMES and not getattr(entry, _TIMES[state]):
            news[_TIMES[state]] = now
        # An edit that says nothing new would wake everybody who waits for the row.
        same = all(getattr(entry, name) == value for name, value in news.items())
        return entry if same else _update_row(entry, now, **news)

    return edit_row


def hint_row() -> Edit:
    """Note that the vendor has told of something: the row is due now, and its watcher looks at it before others."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        # Of what is over a callback says nothing that anybody waits for.
        return entry if entry is None or entry.state not in UNDER_WAY else _update_row(entry, now, due_at=now)

    return edit_row


def make_reservation(place: str, key: str) -> dict[str, Any]:
    """What a receipt says of a place on the thing that was made: which purchase it is for."""
    return {"taken": {place: key}}


def reserve_place(place: str, key: str) -> Edit:
    """Keep a place on a thing that was made for one purchase; whoever was first keeps it."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or find_reservation(entry, place):
            return entry
        taken = make_reservation(place, key)["taken"]
        return _update_row(entry, now, receipt={**entry.receipt, "taken": {**entry.receipt.get("taken", {}), **taken}})

    return edit_row


def find_reservation(entry: Entry, place: str) -> str:
    """The purchase that a place is kept for; empty where it is free."""
    return str(entry.receipt.get("taken", {}).get(place, ""))


def supersede_row(note: str) -> Edit:
    """What was asked for is not shown at the vendor any more, as something else took its place there."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        # What was collected is in our own store: what takes its place at the vendor takes nothing from it.
        if entry is None or _RANK[entry.state] >= _RANK[State.COLLECTED]:
            return entry
        return _update_row(entry, now, state=State.FORGOTTEN, note=note, holder="", lease_until=0.0)

    return edit_row


def note_fact(name: str, value: Any) -> Edit:
    """Keep a fact beside the receipt of a row that has one, however far the row is; None takes it away."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.is_open or entry.receipt.get(name) == value:
            return entry
        others = {each: kept for each, kept in entry.receipt.items() if each != name}
        return _update_row(entry, now, receipt=others if value is None else {**others, name: value})

    return edit_row


def note_detail(name: str, value: Any) -> Edit:
    """Note what an intent asks for otherwise than was meant; before it is asked for."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.details.get(name) == value:
            return entry
        return _update_row(entry, now, details={**entry.details, name: value})

    return edit_row


def announce_purchase(key: str, subject: Subject) -> Edit:
    """Write the intent of what is bought together with something else, before that is asked for. Nobody holds it."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        return entry or _make_intent(key, subject, now)

    return edit_row


def withdraw_purchase() -> Edit:
    """Remove such an intent: what it was to be bought with was certainly not made."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        # One that was tried by itself, too, is settled by a look of its own.
        is_announced = entry is not None and entry.state is State.INTENDED and not entry.attempts
        return None if entry is not None and is_announced and not may_hold(entry.holder) else entry

    return edit_row


def complete_intent(name: str, value: Any) -> Edit:
    """Note in an intent what was not known when it was announced."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or not entry.is_open or name in entry.details:
            return entry
        return _update_row(entry, now, details={**entry.details, name: value})

    return edit_row


def wait_as(run_id: str) -> Edit:
    """Note which run waits for the row."""

    def edit_row(entry: Entry | None, now: float) -> Entry | None:
        if entry is None or entry.run_id == run_id:
            return entry
        return _update_row(entry, now, run_id=run_id)

    return edit_row


def copy_as(key: str, entry: Entry) -> Edit:
    """Keep a row under another key, where there is none yet."""

    def edit_row(there: Entry | None, now: float) -> Entry | None:
        return there or _update_row(entry, now, key=key)

    return edit_row


def remove_row() -> Edit:
    """Remove a row. Only where the transaction has seen that it is the one that was meant (`Rows.change_all`)."""
    return lambda _entry, _now: None


def _update_row(entry: Entry, now: float, **news: Any) -> Entry:
    return entry.model_copy(update={**news, "updated_at": now})
