"""What `polyreel run` prints at its end."""

from __future__ import annotations

import pytest

from deployments.commands.run_display import print_summary
from polyreel.job import FolderDelivery, Job, NomadDelivery
from polyreel.outcome import DeliveryOutcome, LanguageOutcome, Outcome, Problem
from polyreel.plans import closing_steps
from tasks.run.stage import _name_of_step


def test_every_note_is_printed_and_a_shared_one_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What was left out, or chosen for the user, is said where the user looks."""
    unheard = "Back-transcription skipped: no Whisper weights."
    languages = {
        "es-ES": LanguageOutcome(status="delivered", notes=(unheard, "1 cue is not spoken: [music].")),
        "fr-FR": LanguageOutcome(status="delivered", notes=(unheard,)),
    }
    print_summary(Outcome(job="welcome", status="completed", languages=languages, notes=("Track 1 of 2 was taken.",)))
    printed = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("note ")]
    assert printed == [
        "note      Track 1 of 2 was taken.",
        f"note      es-ES, fr-FR: {unheard}",
        "note      es-ES: 1 cue is not spoken: [music].",
    ]


def test_the_end_of_a_run_says_where_its_films_play(capsys: pytest.CaptureFixture[str]) -> None:
    """A library's receipts are in the report and the manifest; who sits at the terminal sees them too."""
    languages = {
        locale: LanguageOutcome(status="delivered", video=f"/out/welcome/{locale}.mp4") for locale in ("es-ES", "fr-FR")
    }
    full = Problem(code="disk_full", message="the disk is full")
    deliveries = (
        DeliveryOutcome(to="folder", status="delivered", location="/out/welcome"),
        DeliveryOutcome(
            to="tpstreams", status="delivered", location="TPStreams", ids={"es-ES": "a1", "fr-FR": "a2"},
            urls={"es-ES": "https://films.test/a1.m3u8"},
        ),
        DeliveryOutcome(to="nomad", status="failed", location="Nomad", error=full),
    )  # fmt: skip
    print_summary(Outcome(job="welcome", status="partial", languages=languages, deliveries=deliveries))
    lines = capsys.readouterr().out.splitlines()
    begin = lines.index("tpstreams TPStreams")
    assert lines[begin : begin + 4] == [
        "tpstreams TPStreams",
        "          es-ES      https://films.test/a1.m3u8",
        "          fr-FR      a2",
        f"nomad     {full}",
    ]
    assert not any(line.startswith("folder") for line in lines), "its films stand with the languages"


def test_each_place_that_a_job_is_delivered_to_has_a_step_of_its_own() -> None:
    """Side by side, one that is done must not stand for one that is still under way, or has failed."""
    places = [FolderDelivery(path="/a"), NomadDelivery(to="nomad", credentials="library"), FolderDelivery(path="/b")]
    job = Job.model_validate({"name": "welcome", "source": {"media": "a.mp4", "locale": "en"}, "targets": ["es-ES"]})
    job = job.model_copy(update={"delivery": tuple(places)})
    assert closing_steps(job)[-2:] == ("deliver folder", "deliver nomad")
    assert _name_of_step("deliver", (places[1], "parcel")) == "deliver nomad"
    assert _name_of_step("mux", ("es-ES",)) == "mux"
