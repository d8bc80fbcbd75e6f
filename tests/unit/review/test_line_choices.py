"""Another voice, pace or recording for a line: edits like others, merged with others', refused where they can't be."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from deployments.commands.errors import exit_code
from polyreel.dubbing.chosen_lines import resolve_choices
from polyreel.engine.speech.booth import wav_bytes
from polyreel.engine.voice.port import Speech
from polyreel.errors import InvalidJob, MediaError, PolyreelError, ReviewRefused
from polyreel.media.audio import RATE
from polyreel.outcome import Reel
from polyreel.review.decisions import Reviewer, approve, ask, note_delivered
from polyreel.review.edits import Edit, edit_script, from_file, from_lines, lines_of, script_of
from polyreel.review.events import ReviewKey, Shown
from polyreel.review.line_choices import Wish, combine_changes, from_wishes
from polyreel.review.log import ReviewLog
from polyreel.review.recordings import take_in_recording
from polyreel.review.state import Review
from polyreel.review.versions import compare_versions, go_back
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import write, write_bytes
from polyreel.subtitles.choices import Recording, read_choices
from polyreel.subtitles.model import Cue, Track

KEY = ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
LINES = Track((Cue(0, 2000, "Hola a todos."), Cue(2500, 5000, "Hoy hablamos de reglas."), Cue(6000, 9000, "[risas]")))
ANA, LUIS = Reviewer("Ana"), Reviewer("Luis")


@pytest.fixture
def store() -> LocalStore:
    return LocalStore()


@pytest.fixture
def review(store: LocalStore) -> Review:
    return ask_for(store)


def ask_for(store: LocalStore, **facts: object) -> Review:
    script = store.keep_bytes(write(LINES, "vtt").text.encode(), ".vtt")
    shown = Shown.model_validate({"reel": Reel(file=script, duration="10"), **facts})
    step = ask("script", script.sha256, made=script, script=script, reason="", shown=shown)
    return asyncio.run(ReviewLog(store).write(KEY, step))


def choose(store: LocalStore, who: Reviewer, wishes: Mapping[int, Wish]) -> Review:
    return asyncio.run(edit_script(store, KEY, Edit(who, from_wishes(wishes))))


def edit_text(store: LocalStore, who: Reviewer, texts: Mapping[int, str]) -> Review:
    return asyncio.run(edit_script(store, KEY, Edit(who, from_lines(texts))))


def script(store: LocalStore, review: Review) -> Track:
    return asyncio.run(script_of(store, review))


def sound_file(folder: Path, seconds: float = 1.0, silence: float = 0.0) -> Path:
    quiet = np.zeros(int(silence * RATE), np.float32)
    tone = 0.3 * np.sin(np.arange(int(seconds * RATE), dtype=np.float32) / 20)
    file = folder / "take.wav"
    file.write_bytes(wav_bytes(Speech(np.concatenate([quiet, tone, quiet]), RATE)))
    return file


def take(store: LocalStore, file: Path, reel: Reel | None = None) -> Recording:
    return asyncio.run(take_in_recording(store, file, "Ana", reel))


def test_a_choice_is_an_edit_of_its_line_and_has_to_be_approved(store: LocalStore, review: Review) -> None:
    """It is part of what an approval belongs to; the same again changes nothing, and it can be taken back."""
    asyncio.run(ReviewLog(store).write(KEY, approve(ANA)))
    chosen = choose(store, ANA, {1: Wish(voice="espeak-ng:f2", pace=1.1)})
    assert chosen.events[-1].changed == (1,)
    standing = chosen.asking()
    assert standing is not None
    assert standing.standing == "waiting"
    assert asyncio.run(lines_of(store, chosen))[0]["choice"] == {
        "voice": "espeak-ng:f2",
        "pace": 1.1,
        "recording": None,
    }
    assert choose(store, ANA, {1: Wish(voice="espeak-ng:f2")}).revision == chosen.revision
    back = choose(store, ANA, {1: Wish(voice="", pace=1.0)})
    assert back.script() == review.script()


def test_a_recording_is_cut_to_what_is_heard_and_goes_with_its_script(
    store: LocalStore, review: Review, tmp_path: Path
) -> None:
    """48 kHz, mono, without the silence around it; the event names it, so that it is kept and shared."""
    recording = take(store, sound_file(tmp_path, 1.0, silence=1.5))
    assert recording.ms == pytest.approx(1080, abs=15)
    with wave.open(str(path_of(recording.stored_file))) as kept:
        assert (kept.getnchannels(), kept.getsampwidth(), kept.getframerate()) == (1, 2, RATE)
    found = choose(store, ANA, {2: Wish(recording=recording)})
    assert [each.sha256 for each in found.events[-1].recordings] == [recording.sha256]
    (spoken,), notes = resolve_choices(script(store, found))
    assert (spoken.cue, spoken.recorded_by, notes) == (1, "Ana", ())


def test_versions_that_differ_in_a_choice_alone_are_not_said_to_be_the_same(store: LocalStore, review: Review) -> None:
    """And going back takes the choice back."""
    shown = review.events[0].shown
    assert shown is not None

    def deliver(now: Review) -> None:
        made, script_now = review.script(), now.script()
        assert made is not None
        assert script_now is not None
        step = note_delivered(script_now.sha256, made=made, script=script_now, shown=shown)
        asyncio.run(ReviewLog(store).write(KEY, step))

    deliver(review)
    deliver(choose(store, ANA, {1: Wish(voice="f2", pace=1.1)}))
    now = asyncio.run(ReviewLog(store).read(KEY))
    (difference,) = asyncio.run(compare_versions(store, now, 1, 2))
    assert (difference.before, difference.after) == ("Hola a todos.", "Hola a todos.")
    assert (difference.chosen_before, difference.chosen_after) == ("", "voice f2, pace 1.1")
    back = asyncio.run(go_back(store, KEY, LUIS, 1))
    assert read_choices(script(store, back)) == {}


def test_new_words_put_a_recording_aside_until_it_is_taken_for_them(
    store: LocalStore, review: Review, tmp_path: Path
) -> None:
    """A voice says the new words and a note says so; nothing is lost, and the voice chosen before counts meanwhile."""
    choose(store, ANA, {2: Wish(voice="espeak-ng:f2", recording=take(store, sound_file(tmp_path)))})
    edited = edit_text(store, ANA, {2: "Hoy no hablamos."})
    (spoken,), (note,) = resolve_choices(script(store, edited))
    assert (spoken.recording, spoken.voice) == (None, "espeak-ng:f2")
    assert "edited after Ana had recorded it" in note
    choice = asyncio.run(lines_of(store, edited))[1]["choice"]
    assert choice["recording"]["counts"] is False
    kept = choose(store, ANA, {2: Wish(recording="keep")})
    (spoken,), notes = resolve_choices(script(store, kept))
    assert (bool(spoken.recording), notes) == (True, ())
    (spoken,), _ = resolve_choices(script(store, choose(store, ANA, {2: Wish(recording="drop")})))
    assert spoken.recording is None


def test_words_and_a_recording_of_them_come_in_one_edit(store: LocalStore, review: Review, tmp_path: Path) -> None:
    both = combine_changes(
        from_lines({2: "Otra cosa."}), from_wishes({2: Wish(recording=take(store, sound_file(tmp_path)))})
    )
    assert both is not None
    found = asyncio.run(edit_script(store, KEY, Edit(ANA, both)))
    (spoken,), notes = resolve_choices(script(store, found))
    assert (spoken.cue, notes) == (1, ())


def test_two_people_choose_for_other_lines_and_both_hold(store: LocalStore, review: Review, tmp_path: Path) -> None:
    """In the same line the second is told who changed it: also where one wrote words and the other brought a voice."""
    seen = review.revision
    edit_text(store, ANA, {1: "Buenas."})
    both = choose(store, Reviewer("Luis", seen), {2: Wish(pace=0.9)})
    assert [cue.text for cue in script(store, both).cues][:1] == ["Buenas."]
    assert read_choices(script(store, both))[1].pace == 0.9
    recording = take(store, sound_file(tmp_path))
    with pytest.raises(ReviewRefused, match="line 1 changed on both sides: Luis edited line 2") as refused:
        choose(store, Reviewer("Eva", seen), {1: Wish(recording=recording)})
    assert refused.value.code == "changed_meanwhile"
    assert asyncio.run(ReviewLog(store).read(KEY)).revision == both.revision


def test_a_file_that_knows_nothing_of_choices_keeps_them(store: LocalStore, review: Review, tmp_path: Path) -> None:
    """What `polyreel revise` is given: SubRip, with one line in other words."""
    chosen = choose(store, ANA, {1: Wish(pace=1.2), 2: Wish(voice="espeak-ng:f2")})
    edited = tmp_path / "edited.srt"
    plain = write_bytes(script(store, chosen), "srt")[0].decode()
    edited.write_text(plain.replace("Hola a todos.", "Buenas a todos."), "utf-8")
    found = asyncio.run(edit_script(store, KEY, Edit(ANA, from_file(edited, "es-ES"))))
    assert found.events[-1].changed == (1,)
    assert {place: (each.pace, each.voice) for place, each in read_choices(script(store, found)).items()} == {
        0: (1.2, ""),
        1: (1.0, "espeak-ng:f2"),
    }


@pytest.mark.parametrize(
    ("wish", "line", "why"),
    [
        (Wish(pace=9), 1, "a pace is from 0.5 to 2"),
        (Wish(pace=float("nan")), 1, "a pace is from 0.5 to 2"),
        (Wish(voice="nobody"), 1, "line 1: .*no voice 'nobody'"),
        (Wish(voice="piper:/etc/x.onnx"), 1, "no voice's name"),
        (Wish(voice="a\x07"), 1, "no voice's name"),
        (Wish(recording="keep"), 1, "line 1 has no recording"),
        (Wish(pace=1.1), 3, "line 3 is not spoken"),
        (Wish(pace=1.1), 9, "there is no line 9"),
        (Wish(recording=Recording(sha256="0" * 64, bytes=5, ms=9, by="Ana")), 1, "not in the store"),
    ],
)
def test_what_can_not_be_had_is_refused_and_nothing_is_changed(
    store: LocalStore, review: Review, wish: Wish, line: int, why: str
) -> None:
    with pytest.raises((ReviewRefused, InvalidJob), match=why) as refused:
        choose(store, ANA, {line: wish})
    assert "\n" not in str(refused.value)
    assert exit_code(refused.value) == (1 if refused.value.code == "recording_missing" else 2)
    assert asyncio.run(ReviewLog(store).read(KEY)).revision == review.revision


@pytest.mark.parametrize(
    ("reel", "line"),
    [({"duration": "2"}, 2), ({"start": "2", "duration": "8"}, 1), ({"start": "5/2", "duration": "8"}, 1)],
)
def test_a_line_that_the_trim_leaves_out_takes_none(store: LocalStore, reel: dict[str, str], line: int) -> None:
    """Its recording would be kept, and never heard."""
    asked = ask_for(store, reel=Reel(file=store.keep_bytes(b"reel", ".mp4"), **reel))
    with pytest.raises(ReviewRefused, match=f"line {line} lies outside the reel"):
        choose(store, ANA, {line: Wish(pace=1.1)})
    assert asyncio.run(ReviewLog(store).read(KEY)).revision == asked.revision
    choose(store, ANA, {3 - line: Wish(pace=1.1)})


def test_a_vendor_takes_none_and_is_named(store: LocalStore) -> None:
    ask_for(store, vendor="Dubformer")
    with pytest.raises(InvalidJob, match="Dubformer takes no voice, pace or recording for single lines") as refused:
        choose(store, ANA, {2: Wish(pace=1.1)})
    assert "embedded" in refused.value.remedy


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"no sound at all", "neither a video nor a sound that can be read"),
        (b"#EXTM3U\n/etc/passwd\n", "playlist"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "picture"),
        (wav_bytes(Speech(np.zeros(RATE, np.float32), RATE)), "nothing is heard in it"),
        (wav_bytes(Speech(np.ones(900, np.float32) * 0.4, RATE)), "shorter than a tenth of a second"),
        pytest.param(
            wav_bytes(Speech(np.ones(4000 * 301, np.float32) * 0.4, 4000)), "longer than 300 s", marks=pytest.mark.slow
        ),
    ],
)
def test_a_file_that_is_no_recording_is_refused_in_one_line(
    store: LocalStore, tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "take"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=why) as refused:
        take(store, file)
    assert (refused.value.code, "\n" in str(refused.value)) == ("bad_recording", False)
    assert file.exists()


@pytest.mark.parametrize("name", ["", "a\x07", "Ana\nLuis", "a" * 101])
def test_a_recording_is_somebodys(store: LocalStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidJob, match="say who recorded it"):
        asyncio.run(take_in_recording(store, sound_file(tmp_path), name, None))


def test_one_that_is_longer_than_the_reel_or_is_not_there_is_refused(store: LocalStore, tmp_path: Path) -> None:
    reel = Reel(file=store.keep_bytes(b"reel", ".mp4"), duration="2")
    with pytest.raises(PolyreelError, match="longer than the whole reel"):
        take(store, sound_file(tmp_path, 4.0), reel)
    with pytest.raises(PolyreelError, match="no such file"):
        take(store, tmp_path / "nowhere.wav")
