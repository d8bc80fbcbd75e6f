"""How `polyreel batch` ends, for whoever called it."""

from __future__ import annotations

import pytest

from deployments.commands.batch import _UNCAUGHT, _exit_code


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["completed"], 0),
        (["completed", "held"], 3),
        (["partial"], 3),
        (["held"], 4),
        (["held", "failed"], 1),
        (["failed"], 1),
        ([], 1),
    ],
)
def test_the_exit_code_says_whether_all_some_or_none_was_delivered(states: list[str], code: int) -> None:
    assert _exit_code(states) == code


def test_what_ended_a_batch_is_said_without_what_the_framework_puts_before_it() -> None:
    said = "Flow run encountered an exception: InvalidJob: --each-of: nomad has no folder x. [vendor_not_found]"
    assert _UNCAUGHT.sub("", said) == "--each-of: nomad has no folder x. [vendor_not_found]"
    assert _UNCAUGHT.sub("", "1 of 2 jobs delivered whole") == "1 of 2 jobs delivered whole"
