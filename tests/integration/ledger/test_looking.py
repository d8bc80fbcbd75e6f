"""Before another provider is paid, the ledger looks whether the first one was: nothing is made by that, or lost."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from textwrap import dedent

import pytest
import sqlalchemy as sa

from polyreel.errors import UnresolvedCall
from polyreel.ledger.entry import NOT_BOUGHT, CantTell, Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.late import LISTED_LATE_S
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.sql import SqlRows
from polyreel.vendors.errors import CallError, ServerError

SUBJECT = Subject(kind="dub", provider="panjaya", account="a", what="welcome", locale="es-ES", minutes=1.0)
AT_ONCE = Timing(lease=0.5, quiet=0)
Find = Callable[[Entry], Awaitable[Finding]]


def open_ledger(folder: Path, timing: Timing = AT_ONCE) -> Ledger:
    return Ledger(SqlRows(sa.URL.create("sqlite", database=str(folder / "ledger.db"))), timing=timing, every=0.05)


def make_find(what: Finding) -> Find:
    async def find(_entry: Entry) -> Finding:
        return what

    return find


async def never_made() -> Receipt:
    raise AssertionError("this would have been bought")


async def leave_in_doubt(ledger: Ledger) -> None:
    async def call() -> Receipt:
        raise ServerError("500 after who knows what")

    with pytest.raises(ServerError):
        await ledger.once("k", call, make_find(NotThere()), subject=SUBJECT)


async def test_what_was_taken_is_found(tmp_path: Path) -> None:
    """It is a purchase like any other, and stays one."""
    async with open_ledger(tmp_path) as ledger:
        await leave_in_doubt(ledger)
        entry = await ledger.to_look().once("k", never_made, make_find(Found(Receipt(id="v1"))), subject=SUBJECT)
        assert (entry.state, entry.vendor_id) == (State.SUBMITTED, "v1")


async def test_what_a_list_shows_late_is_waited_for_before_somebody_else_is_paid(tmp_path: Path) -> None:
    """A list that lags for longer than a request travels: the language would be bought at two vendors."""
    async with open_ledger(tmp_path, Timing(lease=5, quiet=1.0)) as ledger:
        await leave_in_doubt(ledger)
        listed_at = time.monotonic() + 0.5

        async def find(_entry: Entry) -> Finding:
            return Found(Receipt(id="v1")) if time.monotonic() > listed_at else NotThere()

        entry = await ledger.to_look().once("k", never_made, find, subject=SUBJECT)
        assert entry.vendor_id == "v1"


def test_a_vendor_that_shows_nothing_is_believed_as_late_by_everybody() -> None:
    """Whoever is paid then, the same vendor or another: the list may lag as long."""
    assert Timing().quiet == LISTED_LATE_S >= 20.0


@pytest.mark.parametrize("doubtful", [True, False])
async def test_what_was_not_taken_leaves_no_intent(tmp_path: Path, doubtful: bool) -> None:
    """Whoever is paid instead is not kept from it by a row that nobody settles."""
    async with open_ledger(tmp_path) as ledger:
        if doubtful:
            await leave_in_doubt(ledger)
        with pytest.raises(CallError) as raised:
            await ledger.to_look().once("k", never_made, make_find(NotThere()), subject=SUBJECT)
        assert (raised.value.code, raised.value.bought_nothing) == (NOT_BOUGHT, True)
        assert await ledger.get("k") is None


async def test_what_came_with_something_else_is_found_without_an_intent(tmp_path: Path) -> None:
    """Of an asset that was made with a language in it, that language has no row yet."""
    async with open_ledger(tmp_path) as ledger:
        entry = await ledger.to_look().once("k", never_made, make_find(Found(Receipt(id="v1"))), subject=SUBJECT)
        assert entry.vendor_id == "v1"


async def test_what_only_a_person_can_tell_is_held(tmp_path: Path) -> None:
    """Nobody else is paid meanwhile."""
    async with open_ledger(tmp_path) as ledger:
        await leave_in_doubt(ledger)
        with pytest.raises(UnresolvedCall):
            await ledger.to_look().once("k", never_made, make_find(CantTell("the studio")), subject=SUBJECT)
        entry = await ledger.get("k")
        assert entry is not None
        assert entry.is_open


@pytest.mark.parametrize("moment", ["while it looks", "when it has seen nothing"])
async def test_a_look_that_is_killed_loses_nothing(tmp_path: Path, moment: str) -> None:
    """By SIGKILL: the intent is there, or is known to be of nothing; what the vendor has is found by the next one."""
    async with open_ledger(tmp_path) as ledger:
        await leave_in_doubt(ledger)
    program = dedent(f"""
        import asyncio, os, pathlib, signal
        from polyreel.ledger.entry import NotThere
        from tests.integration.ledger.test_looking import SUBJECT, never_made, open_ledger

        async def find(entry):
            if {moment!r} == "while it looks":
                os.kill(os.getpid(), signal.SIGKILL)
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGKILL)
            return NotThere()

        async def main():
            async with open_ledger(pathlib.Path({str(tmp_path)!r})) as ledger:
                await ledger.to_look().once("k", never_made, find, subject=SUBJECT)

        asyncio.run(main())
    """)
    argv = [sys.executable, "-c", program]
    done = await asyncio.to_thread(subprocess.run, argv, check=False, timeout=60, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    async with open_ledger(tmp_path) as ledger:
        entry = await ledger.get("k")
        assert entry is not None
        assert entry.is_open
        found = await ledger.once("k", never_made, make_find(Found(Receipt(id="v1"))), subject=SUBJECT)
        assert found.vendor_id == "v1"
