"""Who has ended, as far as can be seen from here."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from polyreel.ledger.holder import is_alive, is_dead, new_holder

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
