"""Who has ended, as far as can be seen from here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyreel.ledger import holder
from polyreel.ledger.holder import is_alive, is_dead, is_own, new_holder

NAME = "from polyreel.ledger.holder import new_holder; print(new_holder())"


def test_a_process_that_has_ended_is_dead_and_this_one_is_not() -> None:
    ended = subprocess.run([sys.executable, "-c", NAME], check=True, capture_output=True, text=True).stdout.strip()
    assert (is_dead(ended), is_alive(ended)) == (True, False)
    assert (is_dead(new_holder()), is_alive(new_holder())) == (False, True)


def test_of_a_process_that_is_hidden_from_this_user_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ``/proc`` is mounted with ``hidepid``, another user's looks as if there were none: it is waited for."""
    hidden = subprocess.run([sys.executable, "-c", NAME], check=True, capture_output=True, text=True).stdout.strip()

    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert (is_dead(hidden), is_alive(hidden)) == (False, False)


@pytest.mark.parametrize("differs", ["name", "card"])
def test_of_a_machine_that_was_cloned_while_it_ran_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, differs: str
) -> None:
    """It has the boot's id, and numbers of processes that are others here, or none: its buyer lives, and was robbed."""

    def be_machine(name: str, card: str) -> None:
        (tmp_path / "eth0" / "device").mkdir(parents=True, exist_ok=True)
        (tmp_path / "eth0" / "address").write_text(card)
        here = os.uname()
        monkeypatch.setattr(os, "uname", lambda: os.uname_result((here.sysname, name, *here[2:])))

    monkeypatch.setattr(holder, "_NETWORK", tmp_path)
    be_machine("one", "02:00:00:00:00:01")
    theirs = new_holder()
    ended = ":".join((theirs.split(":")[0], "999999999", "1", "x"))
    assert (is_own(theirs), is_alive(theirs), is_dead(ended)) == (True, True, True)
    be_machine("two" if differs == "name" else "one", "02:00:00:00:00:02" if differs == "card" else "02:00:00:00:00:01")
    assert (is_own(theirs), is_alive(theirs), is_dead(theirs), is_dead(ended)) == (False,) * 4
