"""Who can leave its process while it waits, and what a held language waits for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from polyreel.errors import HeldForPerson
from polyreel.job import Job
from tasks.run import deployed
from tasks.run.deployed import find_deployed_run, name_rerun, suspends, wait_for, waiting_note

ASKED = {"name": "reel", "source": {"media": "reel.mp4", "locale": "en-US"}, "targets": ["es-ES"]}


def test_a_run_by_hand_holds_its_process_and_says_so_where_the_job_asked_otherwise() -> None:
    job = Job.model_validate({**ASKED, "wait": "suspend"})
    assert find_deployed_run() is None
    assert not suspends(job)
    assert "polyreel submit" in waiting_note(job)[0]
    assert waiting_note(Job.model_validate(ASKED)) == ()


def test_a_held_language_waits_for_its_row_and_for_a_person_where_one_has_a_place_to_decide() -> None:
    """Without a row nothing tells when it is over."""
    vendor = wait_for("es-ES", HeldForPerson("it waits in the studio", key="buy-1", seen="submitted"))
    person = wait_for("es-ES", HeldForPerson("it waits for Ana", key="review-1", place="polyreel review reel es-ES"))
    assert vendor is not None
    assert person is not None
    assert (vendor.key, vendor.seen, vendor.for_person) == ("buy-1", "submitted", False)
    assert (person.for_person, person.what) == (True, "es-ES: it waits for Ana (polyreel review reel es-ES)")
    assert wait_for("es-ES", HeldForPerson("look at it")) is None


@pytest.mark.parametrize(
    ("deployment", "said"), [(None, "polyreel run JOB.yaml"), ("d-1", "polyreel submit --again r-1")]
)
def test_a_job_goes_on_in_the_way_that_it_was_begun(
    monkeypatch: pytest.MonkeyPatch, deployment: str | None, said: str
) -> None:
    """`polyreel run` beside a server that is up: its run is on that server, and of no deployment."""
    context = SimpleNamespace(flow_run=SimpleNamespace(deployment_id=deployment))
    monkeypatch.setattr(deployed, "FlowRunContext", SimpleNamespace(get=lambda: context))
    assert name_rerun("r-1") == said
