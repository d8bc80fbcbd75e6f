"""How `polyreel batch` ends, for whoever called it."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.commands.batch import _UNCAUGHT
from deployments.commands.submit import find_batch_code
from flows.batch import Batch, make_batch_state


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["completed"], 0),
        (["completed", "held"], 3),
        (["partial"], 3),
        (["held"], 4),
        (["held", "failed"], 1),
        (["failed"], 1),
        ([], 0),
    ],
)
def test_the_exit_code_says_whether_all_some_or_none_was_delivered(states: list[str], code: int) -> None:
    assert find_batch_code(states) == code


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"each_of": "nomad:an-id", "jobs": ("pattern.yaml",)}, "Nothing to do: no video lies right in nomad:an-id."),
        ({"catalogue": "reels.csv"}, "Nothing to do: no job is named."),
    ],
)
def test_nothing_to_do_is_no_error_and_is_said(asked: dict[str, Any], told: str) -> None:
    """A folder that is looked at each night is empty on some: neither a failure, nor ``0 of 0 delivered``."""
    state = make_batch_state({"counts": {}, "jobs": {}}, Batch(**asked))
    assert (state.is_completed(), state.message) == (True, told)
    some = {"counts": {"failed": 1}, "jobs": {"a": {}}}
    assert make_batch_state(some, Batch(**asked)).is_failed()


def test_what_ended_a_batch_is_said_without_what_the_framework_puts_before_it() -> None:
    said = "Flow run encountered an exception: InvalidJob: --each-of: nomad has no folder x. [vendor_not_found]"
    assert _UNCAUGHT.sub("", said) == "--each-of: nomad has no folder x. [vendor_not_found]"
    assert _UNCAUGHT.sub("", "1 of 2 jobs delivered whole") == "1 of 2 jobs delivered whole"
