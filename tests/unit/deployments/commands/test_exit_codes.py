"""A job ends the same way here and through a server: with the same exit code, and the same words for programs."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from deployments.commands.batch import _exit_code
from deployments.commands.errors import exit_code, report_errors
from deployments.commands.job_run import EXIT_CODES
from deployments.commands.submit import find_exit_code
from polyreel.errors import FetchError, HeldForPerson, InvalidJob, MediaError, PolyreelError, UnresolvedCall
from polyreel.errors.together import join_errors
from polyreel.outcome import Outcome

_INVALID = InvalidJob("no such file", code="file_not_found", where="source.media", remedy="Correct the path.")
_AWAY = FetchError("nobody listens there", where="films.example", remedy="Try later.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_INVALID, 2),
        (_AWAY, 1),
        (PolyreelError("no voice", code="no_voice"), 1),
        (join_errors(_AWAY, _INVALID), 2),
        (HeldForPerson("its script waits to be approved", code="review_script"), 4),
        (UnresolvedCall("it is not known whether it was taken", key="a-key"), 4),
        (MediaError("no picture", code="unsupported_media"), exit_code(MediaError("no picture"))),
    ],
)
def test_a_job_that_could_not_run_ends_alike(error: PolyreelError, code: int) -> None:
    """`polyreel run` and `polyreel submit --wait`, with and without JSON."""
    there = json.loads(Outcome.of_failure("welcome", error).model_dump_json())
    assert (exit_code(error), find_exit_code(there)) == (code, code)

    @click.command()
    def run() -> None:
        with report_errors(True, job="welcome", status="failed"):
            raise error

    here = CliRunner().invoke(run)
    told = json.loads(here.stdout)
    assert here.exit_code == code
    names = ("job", "status", "error", "errors", "invalid")
    assert {**{"errors": []}, **told} == {name: there[name] for name in names}


@pytest.mark.parametrize("status", ["completed", "failed", "partial", "held"])
def test_every_outcome_ends_alike(status: str) -> None:
    """As docs/jobs.md has it."""
    promised = {"completed": 0, "failed": 1, "partial": 3, "held": 4}[status]
    there = Outcome(job="welcome", status=status).model_dump(mode="json")  # type: ignore[arg-type]
    assert (EXIT_CODES[status], find_exit_code(there)) == (promised, promised)  # type: ignore[index]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ({"completed"}, 0),
        ({"completed", "failed"}, 3),
        ({"completed", "held"}, 3),
        ({"partial"}, 3),
        ({"held"}, 4),
        ({"failed"}, 1),
    ],
)
def test_a_batch_ends_as_its_page_says(states: set[str], code: int) -> None:
    """0 all, 3 some, 4 all wait for a person, 1 none (docs/deployments.md)."""
    assert _exit_code(states) == code
