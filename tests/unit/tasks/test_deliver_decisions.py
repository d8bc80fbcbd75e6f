"""What may go out: each language's checks, the job's rule, and what the outcome says of it all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.places import make_delivery
from polyreel.delivery.port import Access, Delivered, Item, Parcel
from polyreel.engine.separation.stems import Stems
from polyreel.job import Delivery, Job
from polyreel.outcome import Outcome, Problem, Reel
from polyreel.plans import Plan, Way
from polyreel.store.choice import open_store
from tasks.decide import decide
from tasks.deliver import deliver
from tasks.run.progress import Board
from tasks.run.values import LanguageResult, LanguageResults, Packaged, Tracks

MakePlan = Callable[..., Plan]
MakeFinished = Callable[..., LanguageResult]


@pytest.mark.parametrize(
    ("rule", "check", "language", "job"),
    [
        ("deliver", "pass", "delivered", "completed"),
        ("deliver", "fail", "delivered", "completed"),
        ("hold", "warn", "delivered", "completed"),
        ("hold", "fail", "held", "held"),
        ("fail", "pass", "delivered", "completed"),
        ("fail", "fail", "failed", "failed"),
    ],
)
def test_a_check_that_fails_does_what_the_job_says_and_a_warning_does_nothing(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems, rule: str, check: str, language: str, job: str
) -> None:
    made = LanguageResults(finished=(finished("es-ES", ("fit", check), ("loudness", "pass")),))
    outcome = decide(plan("es-ES", quality={"on_fail": rule}), stems, reel, made)
    found = outcome.languages["es-ES"]
    assert (found.status, outcome.status) == (language, job)
    assert (found.error is None) == (language == "delivered")
    if found.error:
        assert found.error.code == "quality"
        assert "fit" in found.error.message
        assert "loudness" not in found.error.message


def test_a_language_that_was_not_made_says_why_and_the_others_go_out(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems
) -> None:
    unspoken = Problem(code="no_voice", message="no voice speaks it", remedy="Leave it out.")
    made = LanguageResults(finished=(finished("es-ES"),), problems={"zu-ZA": unspoken})
    outcome = decide(plan("es-ES", "zu-ZA"), stems, reel, made)
    assert outcome.status == "partial"
    assert outcome.languages["zu-ZA"].error == unspoken
    assert list(outcome.languages) == ["es-ES", "zu-ZA"]


def test_what_the_whole_job_says_is_not_said_once_more_by_each_language(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems
) -> None:
    made = LanguageResults(
        finished=(finished("es-ES", notes=("No weights to part it with.", "One line is short.", "One line is short.")),)
    )
    outcome = decide(plan("es-ES"), stems, reel, made)
    assert outcome.notes == ("The whole picture was encoded.", "No weights to part it with.")
    assert outcome.languages["es-ES"].notes == ("One line is short.",)
    assert outcome.separation == "ducked"


def test_who_parted_the_sound_is_said_of_who_really_did(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems
) -> None:
    """One language came to this machine after all: its notes say how it was parted, and the vendor's do not."""
    vendor, ways = {"provider": "panjaya", "credentials": "p"}, (Way(works_here=False), Way())
    made = plan("es-ES", "fr-FR", dubbing=vendor, fallback=[{"provider": "embedded"}])
    asked = [each.model_copy(update={"ways": ways}) for each in made.languages]
    made = made.model_copy(update={"languages": tuple(asked)})

    def outcome_of(*choices: int) -> Outcome:
        dubbed = [each.model_copy(update={"choice": choice}) for each, choice in zip(asked, choices, strict=True)]
        done = [finished(each.locale).model_copy(update={"language": each}) for each in dubbed]
        return decide(made, stems if any(choices) else None, reel, LanguageResults(finished=tuple(done)))

    both, mixed, neither = outcome_of(1, 1), outcome_of(0, 1), outcome_of(0, 0)
    assert (both.separation, mixed.separation, neither.separation) == ("ducked", "panjaya, ducked", "panjaya")
    note = "No weights to part it with."
    assert [note in each.notes for each in (both, mixed, neither)] == [True, False, False]
    assert [note in each.notes for each in mixed.languages.values()] == [False, True]


def test_who_spoke_with_which_voice_can_be_copied_into_the_job(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems
) -> None:
    made = LanguageResults(
        finished=(finished("es-ES", Ben="em_alex", Ada="ef_dora"), finished("fr-FR", Ada="ff_siwis"))
    )
    outcome = decide(plan("es-ES", "fr-FR"), stems, reel, made)
    cast = {name: each.voices for name, each in outcome.speakers.items()}
    assert cast == {"Ada": {"es-ES": "ef_dora", "fr-FR": "ff_siwis"}, "Ben": {"es-ES": "em_alex"}}
    again = plan("es-ES", speakers={name: {"voices": voices} for name, voices in cast.items()}).job
    assert again.speakers["Ben"].voices == {"es-ES": "em_alex"}


def test_each_languages_stages_stand_with_it_and_the_jobs_with_the_job(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems, empty_board: Board
) -> None:
    empty_board.end("separate", "", "cached")
    empty_board.end("dub", "es-ES", "done")
    outcome = decide(plan("es-ES"), stems, reel, LanguageResults(finished=(finished("es-ES"),)))
    assert outcome.stages == {"separate": "cached"}
    assert outcome.languages["es-ES"].stages == {"dub": "done"}


async def test_where_nothing_may_go_out_nothing_is_written_but_a_report(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems, stored: Any, tmp_path: Any
) -> None:
    """That is when it is read most: beside the job's record."""
    target, vtt = tmp_path / "out", open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHola\n", ".vtt")
    held = plan("es-ES", quality={"on_fail": "hold"}, delivery=[{"to": "folder", "path": str(target)}])
    held = held.model_copy(update={"source": stored("reel")})
    made = finished("es-ES", ("fit", "fail")).model_copy(update={"tracks": Tracks(files={"vtt": vtt}, script=vtt)})
    results = LanguageResults(finished=(made,))
    outcome = decide(held, stems, reel, results)
    done = await deliver(held, reel, results, outcome, Packaged())
    assert done.model_copy(update={"report": None}) == outcome
    assert done.report
    page = Path(done.report).read_text()
    assert "did not pass: fit" in page
    assert "Hola" in page
    assert not target.exists()


async def test_a_library_is_told_its_own_assets_id(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems, stored: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As the job names it: the asset manager hangs dubs beside, and archives, what stands behind ``nomad:``."""
    parcels = []

    async def keep(_asked: Delivery, parcel: Parcel, _job: Job) -> Delivered:
        parcels.append(parcel)
        return Delivered(location="Nomad")

    monkeypatch.setattr("tasks.deliver.bring", keep)
    places = [{"to": "nomad", "credentials": "library"}]
    media = {"media": "nomad:8a41-b2", "locale": "en-US", "credentials": "library"}
    asked = plan("es-ES", delivery=places, source=media).model_copy(update={"source": stored("reel")})
    results = LanguageResults(finished=(finished("es-ES"),))
    await deliver(asked, reel, results, decide(asked, stems, reel, results), Packaged())
    assert [parcel.source_media for parcel in parcels] == ["nomad:8a41-b2"]


async def test_what_holds_all_languages_stays_out_while_only_scripts_go(
    plan: MakePlan, finished: MakeFinished, reel: Reel, stems: Stems, stored: Any, tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Every language is held: the film with all tracks, delivered before, is not removed; libraries are told of."""

    async def without_server(asked: Delivery, parcel: Parcel, _job: Job) -> Delivered:
        return await make_delivery(asked, Access()).deliver(parcel)

    monkeypatch.setattr("tasks.deliver.bring", without_server)
    store, target = open_store(), tmp_path / "out"
    vtt = store.keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHola\n", ".vtt")
    film = store.keep_bytes(b"film", ".mp4")
    both = plan(
        "es-ES",
        quality={"on_fail": "hold"},
        masters=["mkv"],
        delivery=[{"to": "folder", "path": str(target)}, {"to": "tpstreams", "credentials": "x"}],
    ).model_copy(update={"source": stored("reel")})
    one = both.model_copy(update={"job": both.job.model_copy(update={"delivery": both.job.delivery[:1]})})
    shared = Item(path="masters/reel.mkv", stored_file=store.keep_bytes(b"all tracks", ".mkv"), role="master")

    def results(status: str) -> LanguageResults:
        tracks = Tracks(files={"vtt": vtt}, script=vtt)
        made = finished("es-ES", ("fit", status)).model_copy(update={"tracks": tracks, "video": film})
        return LanguageResults(finished=(made,))

    good, bad = results("pass"), results("fail")
    await deliver(one, reel, good, decide(one, stems, reel, good), Packaged(items=(shared,)))
    assert (target / "reel" / shared.path).exists()
    script = Item(path="scripts/reel.en-US.vtt", stored_file=vtt, role="script", locale="en-US")
    done = await deliver(both, reel, bad, decide(both, stems, reel, bad), Packaged(), scripts=(script,))
    assert (target / "reel" / script.path).exists()
    assert (target / "reel" / shared.path).exists()
    assert [note for note in done.notes if "tpstreams" in note]
