"""How an error reads: what, where, what to do, and its code at the end, wherever a person meets it."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

import polyreel
from flows.localise import _write_sentence
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.errors.together import Faults
from polyreel.outcome import Check, LanguageOutcome, Outcome, Problem
from polyreel.vendors.errors import Facts, Unauthorized


@pytest.mark.parametrize(
    ("error", "read"),
    [
        (PolyreelError("it broke"), "it broke. [error]"),
        (PolyreelError("it broke.", remedy="Mend it."), "it broke. Mend it. [error]"),
        (InvalidJob("no such file", where="reel.mp4"), "reel.mp4: no such file. [invalid_input]"),
        (PolyreelError("why?", code="asked", remedy="Say so."), "why? Say so. [asked]"),
    ],
)
def test_a_person_reads_the_code_at_the_end(error: PolyreelError, read: str) -> None:
    assert str(error) == read
    assert str(pickle.loads(pickle.dumps(error))) == read


def test_a_problem_reads_as_the_error_did() -> None:
    error = InvalidJob("no such file", where="reel.mp4", remedy="Check the path.")
    assert str(Problem.of(error)) == str(error)


def test_a_language_with_a_failing_check_is_not_like_the_others() -> None:
    """It goes out, and says so: in its standing and in the sentence that the run's state shows."""
    heard = Check(name="back_transcription", value=0.6, status="fail")
    good, doubtful = LanguageOutcome(status="delivered"), LanguageOutcome(status="delivered", checks=(heard,))
    failed = LanguageOutcome(status="failed", error=Problem(code="no_voice", message="no voice"))
    assert (good.standing, doubtful.standing) == ("delivered", "delivered with failing checks")
    outcome = Outcome(job="reel", status="partial", languages={"es-ES": good, "de-DE": doubtful, "ar-SA": failed})
    said = "2 of 3 delivered, 1 with failing checks: de-DE back_transcription; ar-SA: no voice [no_voice]"
    assert _write_sentence(outcome) == said


def test_a_defect_shows_no_secret_no_signed_address_and_nobody_s_home() -> None:
    """Whatever raised it, an outcome is sent on: to a webhook, a report, another machine."""
    said = (
        "GET https://u:pw@films.example/a.mp4?X-Amz-Signature=abc failed with api_key=K-123 at '/home/ana/films/a.mp4'"
    )
    shown = str(Problem.of(RuntimeError(said)))
    assert "https://films.example/a.mp4?..." in shown
    assert "~/films/a.mp4" in shown
    assert not {"pw@", "abc", "K-123", "ana"} & {word for word in ("pw@", "abc", "K-123", "ana") if word in shown}
    assert len(str(Problem.of(RuntimeError("x" * 100_000)))) < 5000


def test_an_error_that_a_note_quotes_keeps_its_remedy_and_its_code() -> None:
    """Quote the error (or its `Problem`), not its message: what a person reads can be looked up."""
    cut_off = re.compile(r"""\bnotes?(?: = |\.append\()f"[^\n]*(?:error|refusal|problem|of\(\w+\))\.message.*""")
    root = Path(polyreel.__file__).parents[1]
    quoting = [
        f"{path.relative_to(root)}: {found[0]}"
        for package in ("polyreel", "tasks", "flows", "deployments")
        for path in (root / package).rglob("*.py")
        for found in cut_off.finditer(path.read_text("utf-8"))
    ]
    assert not quoting


def test_what_is_wrong_is_told_at_once_and_each_thing_once() -> None:
    """Who mends the first should not meet the next; what makes the job invalid decides the exit code."""
    faults = Faults()
    faults.require_none()
    with faults.gather():
        raise Unauthorized("no key", facts=Facts(request_id="r-1"))
    for _ in range(2):
        with faults.gather():
            raise InvalidJob("no such file", where="source.media")
    with pytest.raises(ZeroDivisionError), faults.gather():
        raise ZeroDivisionError
    with pytest.raises(InvalidJob) as caught:
        faults.require_none()
    told = [each.describe() for each in caught.value.each()]
    assert told[0] == "source.media: no such file. [invalid_input]"
    assert told[1].startswith("no key. ")
    assert told[1].endswith("[vendor_unauthorized] (request r-1)")
    assert len(told) == 2
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) == " Also: ".join(told)
