"""Every check of a finished dub, each shown its own defect in a real one: planted in the sound, measured again, found.

A dub is made by the engine, damaged as the table says, and judged as a job's stages judge it. Whole, it passes.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.backchecks import check_heard
from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.choice import voice_for
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.hearing import listen_to_dub
from polyreel.dubbing.line_hearing import Ears, Given, hear_lines
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.sound_checks import check_sound, limits_of
from polyreel.dubbing.voice_checks import check_voices, voice_limits_of
from polyreel.engine.backcheck.quality import speech_judge
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPEECH_QUALITY, VOICE_PRINTS, WHISPER_BASE
from polyreel.engine.separation.leak import with_speech_left
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import read_stem
from polyreel.engine.speakers.voiceprint import encoder
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Voice
from polyreel.job import LoudnessTarget, SubtitleProfile
from polyreel.media.audio import measure_loudness
from polyreel.media.binaries import ffmpeg
from polyreel.media.probe import probe
from polyreel.outcome import Check, StoredFile
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Track

SECONDS = 64
LINES = (
    (2, 6, "Cuando llegue el momento, diré una palabra."),
    (10, 14, "Este es un vídeo de ejemplo para todos."),
    (30, 34, "Puede usar esta voz para cualquier cosa."),
    (50, 54, "Hasta luego, y muchas gracias."),
)
SPEAKS = "+".join(f"between(t,{start},{end})" for start, end, _ in LINES)
MUSIC = f"sine=f=330:d={SECONDS},volume=-14dB,tremolo=f=0.5:d=0.3"
TALK = f"anoisesrc=d={SECONDS}:a=0.3:seed=3,bandpass=f=3000:w=800,volume='{SPEAKS}':eval=frame"


@dataclass(frozen=True)
class Made:
    """A dub, what it was asked for, and where a test may put its own."""

    dubbed: Dubbed
    request: DubRequest
    folder: Path
    store: LocalStore


def sound(path: Path, *graphs: str) -> Path:
    """Sound from ffmpeg's own generators, mixed."""
    inputs = [word for graph in graphs for word in ("-f", "lavfi", "-i", graph)]
    mixed = f"amix=inputs={len(graphs)}:normalize=0,aformat=channel_layouts=stereo:sample_rates=48000"
    subprocess.run([ffmpeg(), "-v", "error", "-y", *inputs, "-filter_complex", mixed, path], check=True)
    return path


def srt(lines: tuple[tuple[int, int, str], ...]) -> bytes:
    cues = (f"{n}\n00:00:{a:02d},000 --> 00:00:{b:02d},000\n{text}\n" for n, (a, b, text) in enumerate(lines, 1))
    return "\n".join(cues).encode()


def request_of(store: LocalStore, stems: object, lines: tuple[tuple[int, int, str], ...], **more: object) -> DubRequest:
    return DubRequest.model_validate(
        {
            "locale": "es-ES",
            "source_locale": "en-US",
            "reel": StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1),
            "duration": str(SECONDS),
            "script": store.keep_bytes(srt(lines), ".srt"),
            "source_script": store.keep_bytes(srt(LINES), ".srt"),
            "stems": stems,
            **more,
        }
    )


async def dub(request: DubRequest, store: LocalStore, voice: Voice) -> Dubbed:
    dubber = EmbeddedDubber(store, voice)
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    return await dubber.collect(request, receipt)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("dub")
    store = LocalStore(folder / "store")
    reel = sound(folder / "reel.wav", MUSIC, TALK)
    stems = asyncio.run(part(reel, store, Ducked(), duration=Fraction(SECONDS)))
    request = request_of(store, stems, LINES)
    return Made(asyncio.run(dub(request, store, EspeakVoice())), request, folder, store)


# -- defects: each takes a good dub and gives a bad one


Defect = Callable[[Made], Dubbed]


def filtered(*filters: str) -> Defect:
    """The finished track through ffmpeg's filters, encoded and measured again."""

    def damage(made: Made) -> Dubbed:
        assert made.dubbed.audio
        path = made.folder / "damaged.m4a"
        command = [ffmpeg(), "-v", "error", "-y", "-i", path_of(made.dubbed.audio), "-af", ",".join(filters), path]
        subprocess.run(command, check=True)
        return asyncio.run(measured(made.dubbed, path, made.store))

    return damage


async def measured(dubbed: Dubbed, path: Path, store: LocalStore) -> Dubbed:
    found = await measure_loudness(path)
    return dubbed.model_copy(
        update={
            "lufs": found.integrated_lufs,
            "true_peak_dbtp": found.true_peak_dbtp,
            "range_lu": found.range_lu,
            "seconds": str((await asyncio.to_thread(probe, path)).duration),
            "audio": store.keep(path, ".m4a"),
        }
    )


def said_beside(milliseconds: int) -> Defect:
    """The speech stem with a hum where no line is due."""

    def damage(made: Made) -> Dubbed:
        assert made.dubbed.speech
        stem = np.fromfile(path_of(made.dubbed.speech), "<i2")
        start, count = 20 * 48_000, milliseconds * 48
        stem[start : start + count] = (8000 * np.sin(np.arange(count) / 20)).astype("<i2")
        return made.dubbed.model_copy(update={"speech": made.store.keep_bytes(stem.tobytes(), ".s16")})

    return damage


def line_lost(place: int) -> Defect:
    """The speech stem without one line."""
    return _without_sound(place, lambda _stem, _start, end: end)


def line_cut(place: int) -> Defect:
    """The speech stem with a line that begins where it is loudest, with no fade."""

    def loudest(stem: np.ndarray, start: int, end: int) -> int:
        beginning = np.abs(stem[start : start + (end - start) * 2 // 5].astype(int))
        return start + int(beginning.argmax())

    return _without_sound(place, loudest)


def _without_sound(place: int, until: Callable[[np.ndarray, int, int], int]) -> Defect:
    def damage(made: Made) -> Dubbed:
        assert made.dubbed.speech
        stem = np.fromfile(path_of(made.dubbed.speech), "<i2")
        line = made.dubbed.lines[place]
        start, end = (line.start_ms - 50) * 48, (line.end_ms + 50) * 48
        stem[start : until(stem, start, end)] = 0
        return made.dubbed.model_copy(update={"speech": made.store.keep_bytes(stem.tobytes(), ".s16")})

    return damage


def too_much_to_say(*places: int) -> Defect:
    """The script with lines that have far too little time."""

    def damage(made: Made) -> Dubbed:
        long = "Esta es una frase demasiado larga para el tiempo que tiene, " * 2
        crowded = tuple(
            (start, start + 1, long) if place in places else (start, end, text)
            for place, (start, end, text) in enumerate(LINES)
        )
        beside = tuple((start + 2, end, "Y otra más.") for start, end, _ in (LINES[place] for place in places))
        asked = request_of(made.store, made.request.stems, tuple(sorted(crowded + beside)))
        return asyncio.run(dub(asked, made.store, EspeakVoice()))

    return damage


def original_left_at(gain_db: float) -> Defect:
    """A background in which the original's speech is still to be heard: what a separator that failed would give."""

    def damage(made: Made) -> Dubbed:
        stems = made.request.stems
        assert stems is not None
        track = sound(made.folder / "left.wav", MUSIC, f"{TALK},volume={gain_db}dB")
        left = asyncio.run(part(track, made.store, Ducked(), duration=Fraction(SECONDS)))
        failed = stems.model_copy(update={"kind": "given", "background": left.original})
        checked = asyncio.run(with_speech_left(failed, above_2_khz))
        return made.dubbed.model_copy(update={"separation": "given", "speech_left_db": checked.speech_left_db})

    return damage


def above_2_khz(magnitude: np.ndarray) -> np.ndarray:
    """A network that takes everything above 2 kHz for speech: here that is the truth."""
    mask = np.zeros_like(magnitude)
    mask[..., round(2000 / 44_100 * 4096) :] = 1
    return mask


CLICK = "aeval='if(between(t,20,20.0002),1.4,val(0))|if(between(t,20,20.0002),1.4,val(1))':c=same"
TABLE: list[tuple[str, str, LoudnessTarget, Defect]] = [
    ("loudness", "warn", "source", filtered("volume=1.6dB")),
    ("loudness", "fail", "source", filtered("volume=-3dB")),
    ("true_peak", "fail", "source", filtered(CLICK)),
    ("loudness_range", "warn", "web", filtered("volume='if(lt(mod(t,16),8),0.13,1)':eval=frame")),
    ("loudness_range", "fail", "web", filtered("volume='if(lt(mod(t,16),8),0.08,1)':eval=frame")),
    ("duration", "fail", "source", filtered("atrim=end=63.9")),
    ("duration", "fail", "source", filtered("apad=pad_dur=0.1")),
    ("fit", "warn", "source", too_much_to_say(1)),
    ("fit", "fail", "source", too_much_to_say(0, 1, 2)),
    ("silent_lines", "fail", "source", line_lost(1)),
    ("clipped_speech", "fail", "source", line_cut(1)),
    ("speech_window", "warn", "source", said_beside(300)),
    ("speech_window", "fail", "source", said_beside(2000)),
    ("background_speech", "warn", "source", original_left_at(-16)),
    ("background_speech", "fail", "source", original_left_at(0)),
]


def judged(dubbed: Dubbed, target: LoudnessTarget) -> dict[str, Check]:
    checks = (*check_dub(dubbed, Fraction(SECONDS)), *check_sound(dubbed, SECONDS * 1000, limits_of(target)))
    return {check.name: check for check in checks}


@pytest.mark.parametrize("target", ["source", "web"])
def test_the_dub_as_it_was_made_passes_every_check(made: Made, target: LoudnessTarget) -> None:
    found = judged(made.dubbed, target)
    assert {check.status for check in found.values()} == {"pass"}, found
    assert set(found) == {name for name, *_ in TABLE}


@pytest.mark.parametrize(
    ("name", "status", "target", "defect"),
    TABLE,
    ids=[f"{name} {status} {number}" for number, (name, status, *_) in enumerate(TABLE)],
)
def test_a_planted_defect_is_found(made: Made, name: str, status: str, target: LoudnessTarget, defect: Defect) -> None:
    found = judged(defect(made), target)[name]
    assert (found.name, found.status) == (name, status), found
    assert found.detail
    assert found.limit is not None


# -- what only a listener can find, with real voices and a real listener


@dataclass(frozen=True)
class Neural:
    """The narrated video in Spanish and in French, by real voices, as sound that a test may cut and paste."""

    spanish: np.ndarray
    french: np.ndarray
    english: np.ndarray
    made: Made


@pytest.fixture(scope="module")
def neural(weights: Callable[..., Path], narrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Neural:
    shelf = weights(KOKORO, KOKORO_VOICES, WHISPER_BASE, VOICE_PRINTS, SPEECH_QUALITY)
    folder = tmp_path_factory.mktemp("neural")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLYREEL_HOME", str(folder))
        (folder / "models").symlink_to(shelf)
        store = LocalStore(folder / "store")
        stems = asyncio.run(part(narrated / "narrated.mp4", store, Ducked(), duration=Fraction("42.4")))
        asked = {
            locale: request_of(store, stems, ()).model_copy(
                update={
                    "locale": locale,
                    "duration": "42.4",
                    "mix": "speech_only",
                    "script": _sentences(narrated / f"narrated.{locale}.srt", store),
                }
            )
            for locale in ("es-ES", "fr-FR")
        }
        made = {locale: asyncio.run(dub(asked[locale], store, voice_for("neural"))) for locale in asked}
        spanish, french = (decoded(path_of(audio)) for each in made.values() if (audio := each.audio))
        return Neural(
            spanish, french, decoded(narrated / "narrated.mp4"), Made(made["es-ES"], asked["es-ES"], folder, store)
        )


def _sentences(script: Path, store: LocalStore) -> StoredFile:
    """A script without its lone words: of a single word even a good listener makes another."""
    cues = read_file(script).track.cues
    said = Track(tuple(cue for cue in cues if len(cue.text.split()) > 2))
    return store.keep_bytes(write(said, "srt").text.encode(), ".srt")


def decoded(path: Path) -> np.ndarray:
    raw = subprocess.run(
        [ffmpeg(), "-v", "error", "-i", path, "-vn", "-ac", "1", "-ar", "48000", "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    ).stdout
    return np.frombuffer(raw, "<f4")


def heard_checks(
    neural: Neural, track: np.ndarray, monkeypatch: pytest.MonkeyPatch, profile: SubtitleProfile = "netflix"
) -> dict[str, Check]:
    """A track listened to as the job's stage does, against the Spanish script."""
    made = neural.made
    monkeypatch.setenv("POLYREEL_HOME", str(made.folder))
    path = made.folder / "track.m4a"
    command = [ffmpeg(), "-v", "error", "-y", "-f", "f32le", "-ar", "48000", "-ac", "1", "-i", "-", path]
    subprocess.run(command, input=track.astype("<f4").tobytes(), check=True)
    dubbed = made.dubbed.model_copy(update={"audio": made.store.keep(path, ".m4a")})
    heard = asyncio.run(listen_to_dub(dubbed, made.request, usual_listener(), lambda _: None))
    assert heard is not None
    return {check.name: check for check in check_heard(heard, dubbed.lines, "es-ES", profile)}


def test_a_real_dub_is_understood(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard_checks(neural, neural.spanish, monkeypatch)
    assert {name: check.status for name, check in found.items()} == {"back_transcription": "pass", "language": "pass"}
    value = found["back_transcription"].value
    assert isinstance(value, float)
    assert value <= 0.10


def test_a_line_that_was_lost_is_missed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    line = neural.made.dubbed.lines[2]
    track = neural.spanish.copy()
    track[line.start_ms * 48 : line.end_ms * 48] = 0
    found = heard_checks(neural, track, monkeypatch)["back_transcription"]
    assert found.status == "fail"
    assert f"1 lines not heard ({line.cue_start_ms / 1000:.1f} s" in found.detail


def test_speech_that_no_line_has_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line said once more in a pause of the film."""
    line = neural.made.dubbed.lines[2]
    said = neural.spanish[line.start_ms * 48 : line.end_ms * 48]
    track = neural.spanish.copy()
    track[26 * 48_000 : 26 * 48_000 + len(said)] = said
    found = heard_checks(neural, track, monkeypatch)["back_transcription"]
    assert found.status == "fail"
    assert "heard without a line: 2" in found.detail


def test_another_language_in_its_place_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard_checks(neural, neural.french, monkeypatch)
    assert (found["language"].status, found["back_transcription"].status) == ("fail", "fail")
    assert "heard as 'fr'" in found["language"].detail


def test_the_source_left_at_full_level_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """The narrator goes on speaking English beneath the new voice, as loud as she is."""
    length = min(len(neural.spanish), len(neural.english))
    found = heard_checks(neural, neural.spanish[:length] + 1.5 * neural.english[:length], monkeypatch)
    assert "fail" in {found["back_transcription"].status, found["language"].status}, found


def test_a_garbled_voice_is_judged_by_the_profile(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise that drowns half the words."""
    noise = np.random.default_rng(1).standard_normal(len(neural.spanish)).astype(np.float32)
    level = float(np.sqrt(np.square(neural.spanish[neural.spanish != 0]).mean()))
    found = heard_checks(neural, neural.spanish + 2.5 * level * noise, monkeypatch, "none")["back_transcription"]
    assert found.status in {"warn", "fail"}


# -- what is heard line by line: an accent, a stranger's voice, speech that is not clean


def line_checks(
    neural: Neural, stem: np.ndarray, monkeypatch: pytest.MonkeyPatch, profile: SubtitleProfile = "netflix"
) -> dict[str, Check]:
    """A speech stem judged as the job's stages do it. Speakers: as the stem's script names them, nobody."""
    made = neural.made
    monkeypatch.setenv("POLYREEL_HOME", str(made.folder))
    speech = made.store.keep_bytes((np.clip(stem, -1, 1) * 32767).astype("<i2").tobytes(), ".s16")
    dubbed = made.dubbed.model_copy(update={"speech": speech})
    ears = Ears(usual_listener(), encoder, speech_judge)
    heard = asyncio.run(hear_lines(Given(dubbed, made.request, made.request.stems), ears, made.store))
    assert heard is not None
    return {check.name: check for check in check_voices(heard, "es-ES", voice_limits_of(profile))}


def spanish_stem(neural: Neural) -> np.ndarray:
    speech = neural.made.dubbed.speech
    assert speech
    return read_stem(path_of(speech), 0, speech.bytes // 2).copy()


def with_line_said_by(neural: Neural, place: int, voice: str, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """The Spanish stem with one line said by another voice, in the phonemes of that voice's language."""
    monkeypatch.setenv("POLYREEL_HOME", str(neural.made.folder))
    line, stem = neural.made.dubbed.lines[place], spanish_stem(neural)
    said = voice_for("neural").speak(line.text, voice, 1.0)
    sound = resample(said.samples, said.rate, 48_000)[: (line.end_ms - line.start_ms) * 48]
    start, end = line.start_ms * 48, line.end_ms * 48
    level = np.abs(stem[start:end]).max() / np.abs(sound).max()
    stem[start:end] = 0
    stem[start : start + len(sound)] = sound * level
    return stem


def test_a_real_dub_has_no_accent_one_voice_and_clean_speech(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    found = line_checks(neural, spanish_stem(neural), monkeypatch)
    assert {name: check.status for name, check in found.items()} == dict.fromkeys(
        ("accent", "one_voice", "speech_quality"), "pass"
    ), found


def test_a_line_in_a_foreign_accent_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spanish words read as an English voice would read them: the dub as a whole is Spanish all the same."""
    stem = with_line_said_by(neural, 2, "kokoro:af_heart@en-US", monkeypatch)
    found = line_checks(neural, stem, monkeypatch)["accent"]
    assert (found.status, found.value) == ("fail", 1), found  # one of four: more than a fifth
    assert f"{neural.made.dubbed.lines[2].start_ms / 1000:.1f} s as 'en'" in found.detail


def test_a_line_in_a_strangers_voice_is_noticed(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = with_line_said_by(neural, 2, "kokoro:em_alex@es-ES", monkeypatch)
    found = line_checks(neural, stem, monkeypatch)
    assert (found["one_voice"].status, found["one_voice"].value) == ("fail", 1), found
    assert f"{neural.made.dubbed.lines[2].start_ms / 1000:.1f} s" in found["one_voice"].detail
    assert found["accent"].status == "pass", "he speaks Spanish as well as she does"


@pytest.mark.parametrize("defect", ["noise", "clipping", "drop-outs"])
def test_speech_that_is_not_clean_is_noticed(neural: Neural, defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stem = spanish_stem(neural)
    level = float(np.sqrt(np.square(stem[stem != 0]).mean()))
    noise = np.random.default_rng(1).standard_normal(len(stem)).astype(np.float32)
    damaged = {
        "noise": stem + 0.3 * level * noise,
        "clipping": np.clip(stem * 20 / np.abs(stem).max(), -0.5, 0.5),
        "drop-outs": stem * (np.arange(len(stem)) % 9600 > 2400),
    }[defect]
    found = line_checks(neural, damaged, monkeypatch)["speech_quality"]
    assert found.status in {"warn", "fail"}, found
    assert isinstance(found.value, float)
    assert found.value < 2.6  # of the undamaged one it is 3.4
