"""Scripts on their way to a dubber: cut with the trim, told apart by language, drafted only where there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from polyreel.engine.separation.port import Stems
from polyreel.errors import EngineError, SubtitleError
from polyreel.outcome import Reel, StoredFile
from polyreel.planning.scripts import require_language
from polyreel.plans import MadeScript, Plan
from polyreel.store.choice import open_store
from polyreel.subtitles.model import Cue, Track
from tasks import script
from tasks.dub import _cut_to_reel, several_speak
from tasks.run.values import LanguageResults
from tasks.script import _inside, with_script, with_source_script, write_scripts

MakePlan = Callable[..., Plan]
TRACK = Track((Cue(0, 900, "Hello."), Cue(5000, 9000, "A longer line."), Cue(40_000, 41_000, "Apricot.")))
LIBRE = {"provider": "libretranslate", "base_url": "http://127.0.0.1:1"}


def trimmed(stored: Callable[[str], StoredFile], start: str, seconds: str) -> Reel:
    return Reel(file=stored("reel"), start=start, duration=seconds)


def test_a_script_is_cut_to_the_reel_and_counts_from_its_zero(stored: Callable[[str], StoredFile]) -> None:
    """From 9/2 s, exact: a cue that straddles an end keeps what is inside."""
    cut = _cut_to_reel(TRACK, trimmed(stored, "9/2", "4"))
    assert cut is not None
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in cut.cues] == [(500, 4000, "A longer line.")]


def test_of_a_script_outside_the_trim_nothing_is_left(plan: MakePlan, stored: Callable[[str], StoredFile]) -> None:
    outside = trimmed(stored, "20", "10")
    assert _cut_to_reel(TRACK, outside) is None
    with pytest.raises(SubtitleError, match="inside the trim") as refused:
        _inside(TRACK, outside, plan("es-ES", trim={"start": 20}).languages[0])
    assert (refused.value.code, refused.value.where) == ("empty_transcript", "es-ES")


def test_comments_of_the_source_are_not_carried_into_a_draft(
    plan: MakePlan, stored: Callable[[str], StoredFile]
) -> None:
    noted = Track(TRACK.cues, comments=("made by Ada",), comments_before=(0,))
    inside = _inside(noted, trimmed(stored, "0", "10"), plan("es-ES").languages[0])
    assert (len(inside.cues), inside.comments) == (2, ())


def test_a_script_in_another_language_is_refused_by_its_name() -> None:
    spanish = Track((Cue(0, 3000, "Esta pequeña película la hizo un programa hace un rato."),) * 3)
    require_language(spanish, "es-MX")
    with pytest.raises(SubtitleError, match="Spanish") as refused:
        require_language(spanish, "fr-FR")
    assert refused.value.code == "wrong_language"


@pytest.mark.parametrize(("speakers", "several"), [(None, False), (1, False), (2, True)])
def test_who_says_that_several_speak_is_the_job(plan: MakePlan, speakers: int | None, several: bool) -> None:
    source = {"media": "reel.mp4", "locale": "en-US", "speakers": speakers}
    assert several_speak(plan("es-ES", source=source).languages[0]) is several


async def test_a_source_that_nobody_understood_stops_those_who_need_it_and_no_other(
    plan: MakePlan, reel: Reel, stems: Stems, stored: Callable[[str], StoredFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody is left who can begin, its own error is the job's."""

    async def fail(*_: object) -> MadeScript:
        raise EngineError("nobody speaks in this film", code="empty_transcript")

    monkeypatch.setattr(script, "transcribe", fail)
    drafted = plan("es-ES", "fr-FR", translation=LIBRE)
    given = drafted.languages[0].model_copy(update={"script": stored("es.srt")})
    found = await with_source_script(
        drafted.model_copy(update={"languages": (given, drafted.languages[1])}), reel, stems
    )
    assert [each.problem and each.problem.code for each in found.languages] == [None, "empty_transcript"]
    with pytest.raises(EngineError, match="nobody speaks"):
        await with_source_script(drafted, reel, stems)


async def test_what_has_its_script_is_neither_heard_nor_drafted(
    plan: MakePlan, reel: Reel, stems: Stems, stored: Callable[[str], StoredFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> MadeScript:
        raise AssertionError("asked for a script that is there")

    monkeypatch.setattr(script, "transcribe", never)
    monkeypatch.setattr(script, "translate", never)
    asked = plan("es-ES")
    given = asked.model_copy(update={"languages": (asked.languages[0].model_copy(update={"script": stored("s")}),)})
    assert await with_source_script(given, reel, stems) is given
    assert await with_script(given.languages[0], reel) is given.languages[0]


async def test_a_format_that_is_named_twice_is_one_file(plan: MakePlan, reel: Reel) -> None:
    """Two files of one name would be refused where they are delivered."""
    heard = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHello\n", ".vtt")
    asked = plan("es-ES", scripts=["srt", "srt", "vtt"]).model_copy(update={"heard_script": heard})
    made = await write_scripts(asked, reel, LanguageResults())
    assert [item.path for item in made] == ["en-US/reel.en-US.script.srt", "en-US/reel.en-US.script.vtt"]
