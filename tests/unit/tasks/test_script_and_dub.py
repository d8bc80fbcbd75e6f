"""Scripts on their way to a dubber: cut with the trim, told apart by language, drafted only where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from polyreel.dubbing import casting
from polyreel.dubbing.casting import name_speakers
from polyreel.engine.separation.stems import Stems
from polyreel.engine.speakers import diarise
from polyreel.engine.speakers.diarise import Ear
from polyreel.engine.speakers.named import Turn
from polyreel.engine.speech.choices import SpokenChoice
from polyreel.engine.transcribe.words import Heard, Phrase, Word
from polyreel.errors import EngineError, InvalidJob, SubtitleError
from polyreel.outcome import Problem, Reel, StoredFile
from polyreel.planning.scripts import require_language
from polyreel.plans import MadeScript, Plan, Way
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import read_bytes, read_file, write
from polyreel.subtitles.model import Cue, Track
from tasks import script
from tasks.dub import _cut_to_reel, _require_choosable, needs_sound, several_speak
from tasks.finish import ScriptFiles, _write_heard_script, _write_tracks
from tasks.run.stage import STAGES
from tasks.run.values import LanguageResults, Listening
from tasks.script import _keep_inside, with_script, with_source_script, write_scripts

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
        _keep_inside(TRACK, outside, plan("es-ES", trim={"start": 20}).languages[0])
    assert (refused.value.code, refused.value.where) == ("empty_transcript", "es-ES")


def test_comments_of_the_source_are_not_carried_into_a_draft(
    plan: MakePlan, stored: Callable[[str], StoredFile]
) -> None:
    noted = Track(TRACK.cues, comments=("made by Ada",), comments_before=(0,))
    inside = _keep_inside(noted, trimmed(stored, "0", "10"), plan("es-ES").languages[0])
    assert (len(inside.cues), inside.comments) == (2, ())


def test_a_script_in_another_language_is_refused_by_its_name() -> None:
    spanish = Track((Cue(0, 3000, "Esta pequeña película la hizo un programa hace un rato."),) * 3)
    require_language(spanish, "es-MX")
    with pytest.raises(SubtitleError, match="Spanish") as refused:
        require_language(spanish, "fr-FR")
    assert refused.value.code == "wrong_language"


@pytest.mark.parametrize(("speakers", "several"), [(None, False), (1, False), (2, True), ("auto", True)])
def test_who_says_that_several_speak_is_the_job(plan: MakePlan, speakers: int | str | None, several: bool) -> None:
    source = {"media": "reel.mp4", "locale": "en-US", "speakers": speakers}
    assert several_speak(plan("es-ES", source=source).languages[0]) is several


@pytest.mark.parametrize(("prosody", "needed"), [("own", False), ("follow", True)])
def test_the_sound_is_parted_first_where_the_tone_is_to_be_followed(plan: MakePlan, prosody: str, needed: bool) -> None:
    assert needs_sound(plan("es-ES", dubbing={"provider": "embedded", "prosody": prosody}).languages[0]) is needed


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


async def unparted() -> Stems:
    raise AssertionError("nothing is to be heard")


async def test_a_format_that_is_named_twice_is_one_file(plan: MakePlan, reel: Reel) -> None:
    """Two files of one name would be refused where they are delivered."""
    heard = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHello\n", ".vtt")
    asked = plan("es-ES", scripts=["srt", "srt", "vtt"]).model_copy(update={"heard_script": heard})
    made = await write_scripts(asked, reel, LanguageResults(), unparted)
    assert [item.path for item in made.items] == ["en-US/reel.en-US.script.srt", "en-US/reel.en-US.script.vtt"]


async def test_a_script_alone_has_its_speakers_by_ear_where_it_names_nobody(
    plan: MakePlan, reel: Reel, stems: Stems, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transcription alone is no dub: nobody is cast, and yet who speaks is said."""
    monkeypatch.setattr(casting.shelf, "is_here", lambda *_: True)
    turns = (Turn(0, 400, "Speaker 1"), Turn(500, 900, "Speaker 2"))
    monkeypatch.setattr(diarise, "hear_speakers", lambda *_: Ear(turns, {}))

    async def parted() -> Stems:
        return stems

    text = b"WEBVTT\n\n00:00.000 --> 00:00.400\nHello.\n\n00:00.500 --> 00:00.900\nHi.\n"
    heard = open_store().keep_bytes(text, ".vtt")
    asked = plan("es-ES", scripts=["json"], source={"media": "reel.mp4", "locale": "en-US", "speakers": "auto"})
    made = await write_scripts(asked.model_copy(update={"heard_script": heard}), reel, LanguageResults(), parted)
    written = json.loads(path_of(made.items[0].stored_file).read_text())
    assert [cue["speaker"] for cue in written["cues"]] == ["Speaker 1", "Speaker 2"]
    assert made.notes[0].startswith("Told apart by ear")


# -- both languages in one file


SPANISH = b"WEBVTT\n\n00:00.000 --> 00:00.900\nHola\n\n00:05.000 --> 00:09.000\nUna\n"
ENGLISH = b"WEBVTT\n\n00:10.000 --> 00:10.900\nHello.\n\n00:15.000 --> 00:19.000\nOne.\n"


def _both(plan: MakePlan, reel: Reel, source_of: str, english: bytes = ENGLISH) -> tuple[list[str], tuple[str, ...]]:
    """The texts of the bilingual file, and the notes, where the source's lines come from so and so."""
    said, lines = (open_store().keep_bytes(content, ".vtt") for content in (SPANISH, english))
    language = plan("es-ES", subtitles={"bilingual": True}).languages[0]
    dubbed = lines if source_of == "vendor" else None
    if source_of in {"source_script", "heard_source"}:
        language = language.model_copy(update={source_of: lines})
    tracks = _write_tracks(language, ScriptFiles(said, said, dubbed), (), reel, None)
    made = {each.format: each.file for each in tracks.more if each.kind == "bilingual"}
    return [cue.text for cue in read_file(path_of(made["srt"])).track.cues] if made else [], tracks.notes


@pytest.mark.parametrize(("source_of", "begins"), [("source_script", "10"), ("heard_source", "10"), ("vendor", "0")])
def test_a_bilingual_file_has_the_lines_that_were_heard_in_the_source(
    plan: MakePlan, source_of: str, begins: str
) -> None:
    """By us on the source's own times, by who dubbed it on the reel's."""
    english = ENGLISH if source_of != "vendor" else ENGLISH.replace(b"00:1", b"00:0")
    reel = Reel(file=StoredFile(uri="file:///r", sha256="0" * 64, bytes=1), start=begins, duration="10")
    texts, notes = _both(plan, reel, source_of, english)
    assert texts == ["Hola\n<i>Hello.</i>", "Una\n<i>One.</i>"]
    assert any("as they were heard" in note for note in notes)


@pytest.mark.parametrize(
    ("source_of", "said"), [("nobody", "polyreel models pull whisper-base"), ("heard_source", "inside the reel")]
)
def test_a_bilingual_file_without_lines_of_the_source_is_not_made_and_says_why(
    plan: MakePlan, source_of: str, said: str
) -> None:
    reel = Reel(file=StoredFile(uri="file:///r", sha256="0" * 64, bytes=1), start="30", duration="10")
    texts, notes = _both(plan, reel, source_of)
    assert texts == []
    assert any("No bilingual subtitles" in note and said in note for note in notes)


def test_a_source_is_heard_for_bilingual_files_where_it_can_be(
    plan: MakePlan, stored: Callable[[str], StoredFile]
) -> None:
    asked = plan("es-ES", "fr-FR", subtitles={"bilingual": True})
    given = [each.model_copy(update={"script": stored("s")}) for each in asked.languages]
    here = asked.model_copy(update={"languages": tuple(given), "listener": "whisper-base"})
    assert here.needs_transcript
    assert not here.model_copy(update={"listener": ""}).needs_transcript
    assert not here.model_copy(update={"source_script": stored("en")}).needs_transcript
    told = here.without_source_script(Problem(code="empty_transcript", message="nobody speaks"))
    assert [(each.problem, each.notes) for each in told.languages] == [
        (None, ("The source's lines could not be heard: nobody speaks",))
    ] * 2


def test_what_was_heard_to_be_shown_orders_nothing_anew(plan: MakePlan, stored: Callable[[str], StoredFile]) -> None:
    """A dub that was bought before the source could be heard is the same dub: only its files of text are made again."""
    made = plan("es-ES", subtitles={"bilingual": True})
    given = (made.languages[0].model_copy(update={"script": stored("s")}),)
    asked = made.model_copy(update={"languages": given}).with_source(stored("reel"))
    heard = asked.with_source_script(MadeScript(script=stored("heard")))
    changed = {
        stage for stage, key in heard.languages[0].stage_keys.items() if key != asked.languages[0].stage_keys[stage]
    }
    assert changed == {"subtitles", "mux", "check"}


@pytest.mark.parametrize(("prosody", "follows"), [("own", False), ("follow", True)])
def test_the_originals_pace_is_heard_where_nobody_gave_its_script(
    plan: MakePlan, stored: Callable[[str], StoredFile], prosody: str, follows: bool
) -> None:
    """Only where it is followed, and where there is something to listen with."""
    made = plan("es-ES", dubbing={"provider": "embedded", "prosody": prosody})
    given = made.languages[0].model_copy(update={"script": stored("s")})
    asked = made.model_copy(update={"languages": (given,), "listener": "whisper"}).with_source(stored("reel"))
    assert asked.needs_transcript is follows
    assert not asked.model_copy(update={"listener": ""}).needs_transcript
    heard = asked.with_source_script(MadeScript(script=stored("heard")))
    assert (heard.languages[0].tone_script == stored("heard")) is follows
    same = heard.languages[0].stage_keys["script"] == asked.languages[0].stage_keys["script"]
    assert same is not follows


async def test_the_words_that_were_heard_are_asked_for_by_their_pace_alone(
    plan: MakePlan, reel: Reel, stems: Stems, stored: Callable[[str], StoredFile]
) -> None:
    """In the reel's own time, and never as the source's script: that would be what a person gave."""
    made = plan("es-ES", dubbing={"provider": "embedded", "prosody": "follow"})
    spanish = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.900\nHola, amigos\n", ".vtt")
    english = open_store().keep_bytes(b"WEBVTT\n\n00:00.000 --> 00:00.800\nHello, friends\n", ".vtt")
    given = made.languages[0].model_copy(update={"script": spanish, "heard_source": english})
    planned = made.model_copy(update={"languages": (given,)}).with_source(stored("reel"))
    asked = await STAGES["script"](planned.languages[0], reel, stems)
    assert asked.tone_script
    assert b"Hello, friends" in path_of(asked.tone_script).read_bytes()
    assert asked.source_script is None


def test_a_dub_whose_words_nobody_gives_and_nobody_hears_has_no_text(plan: Callable[..., Plan]) -> None:
    """Panjaya gives no script; without weights nobody listens. What is said then names both ways out."""
    language = plan("es-ES", dubbing={"provider": "panjaya", "credentials": "studio"}).language("es-ES")
    request: Any = SimpleNamespace(seconds=60)
    _, notes, is_empty = _write_heard_script(language, request, None, open_store())
    assert is_empty
    assert "Give the target its `subtitles`" in notes[0]
    heard = Heard(phrases=(Phrase(words=(Word(text=" Hola.", start_ms=0, end_ms=900),)),))
    script, _, is_empty = _write_heard_script(language, request, Listening(heard=heard), open_store())
    assert not is_empty
    assert b"Hola." in path_of(script).read_bytes()


@pytest.mark.parametrize(
    ("written", "who"),
    [
        ("ANA: Hello there.", "ANA"),
        (">> ANA: Hello there.", "ANA"),
        ("<i>ANA:</i> Hello there.", "ANA"),
        ("ANA (quietly): Hello there.", "ANA"),
        ("[ANA]: Hello there.", "ANA"),
    ],
)
def test_subrip_keeps_the_labels_that_it_had_and_webvtt_says_them_by_its_own_means(
    plan: MakePlan, stored: Callable[[str], StoredFile], written: str, who: str
) -> None:
    other = "2\n00:00:03,000 --> 00:00:04,000\nLUIS: No.\n\n3\n00:00:05,000 --> 00:00:06,000\nANA: Yes.\n"
    shown = read_bytes(f"1\n00:00:01,000 --> 00:00:02,000\n{written}\n\n{other}".encode(), "srt").track
    language = plan("es-ES", source={"media": "reel.mp4", "locale": "en-US", "speakers": 2}).languages[0]
    said = name_speakers(shown, language.job)
    files = [open_store().keep_bytes(write(each, "vtt").text.encode(), ".vtt") for each in (said, shown)]
    tracks = _write_tracks(language, ScriptFiles(*files), (), trimmed(stored, "0", "10"), None)
    srt, vtt = (path_of(tracks.files[wanted]).read_text("utf-8") for wanted in ("srt", "vtt"))
    label = written.partition(" Hello")[0].removeprefix(">> ").replace("<i>", "").replace("</i>", "")
    assert label in srt.replace("<i>", "").replace("</i>", "")
    assert "LUIS: No." in srt
    assert f"<v {who}>" in vtt
    assert "<v LUIS>No." in vtt
    assert "ANA:" not in vtt
    assert "Hello there." in vtt


def test_a_vendor_is_not_asked_for_what_it_can_not_take(plan: MakePlan) -> None:
    """Nothing is bought for a script with choices; this machine takes them, and a script without is anybody's."""
    (here,) = plan("es-ES").languages
    there = here.model_copy(update={"ways": (Way(works_here=False),)})
    choices = (SpokenChoice(cue=2, pace=1.1), SpokenChoice(cue=4, voice="f2"))
    with pytest.raises(InvalidJob, match="lines 3, 5 have one") as refused:
        _require_choosable(there, choices)
    assert (refused.value.code, refused.value.where) == ("line_choices", "es-ES")
    _require_choosable(here, choices)
    _require_choosable(there, ())
