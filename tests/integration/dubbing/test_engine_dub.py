"""The embedded dub, end to end: real sound in, a measured track out."""

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.checks import check_dub
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.limits import SoundLimits
from polyreel.dubbing.outlines import load_power
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.separation.port import Ducked, Given, part
from polyreel.engine.separation.stems import Stems
from polyreel.engine.sound.meter import Meter, loudness
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Speech
from polyreel.errors import EngineError, InvalidJob, NoVoice
from polyreel.media.audio import measure_loudness
from polyreel.media.binaries import ffmpeg
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore, path_of

SECONDS = 12
SCRIPT = """1
00:00:01,000 --> 00:00:02,500
Cuando llegue el momento,

2
00:00:02,600 --> 00:00:04,500
diré una palabra.

3
00:00:08,000 --> 00:00:10,000
Hasta luego.
"""
SOURCE = SCRIPT.replace("Cuando llegue el momento,", "When the time comes,").replace("00:00:02,600", "00:00:02,500")
MUSIC = "sine=f=330:d=12,volume=-12dB"
TALK = "anoisesrc=d=12:a=0.3:seed=3,bandpass=f=1000:w=800,volume='between(t,1,4.5)+between(t,8,10)':eval=frame"


class CountingVoice(EspeakVoice):
    """espeak-ng, and a list of what it was asked to say at its own pace."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        if speed == 1.0:
            self.said.append(text)
        return super().speak(text, voice_id, speed)


def made(folder: Path, name: str, *inputs: str, channels: str = "stereo") -> Path:
    """Sound from ffmpeg's own generators, mixed."""
    sources = [part for graph in inputs for part in ("-f", "lavfi", "-i", graph)]
    mixed = f"amix=inputs={len(inputs)}:normalize=0,aformat=channel_layouts={channels}"
    path = folder / name
    subprocess.run([ffmpeg(), "-v", "error", "-y", *sources, "-filter_complex", mixed, path], check=True)
    return path


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("reel"), "reel.m4a", MUSIC, TALK)


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("background"), "music.wav", MUSIC)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


async def stems_of(reel: Path, store: LocalStore, background: Path | None = None) -> Stems:
    separator = Given(background) if background else Ducked()
    return await part(reel, store, separator, duration=Fraction(SECONDS))


def request(store: LocalStore, reel: Path, stems: Stems, script: str = SCRIPT, **more: object) -> DubRequest:
    return DubRequest.model_validate(
        {
            "locale": "es-ES",
            "source_locale": "en-US",
            "reel": StoredFile(uri=reel.as_uri(), sha256="0" * 64, bytes=reel.stat().st_size),
            "duration": str(SECONDS),
            "script": store.keep_bytes(script.encode(), ".srt"),
            "source_script": store.keep_bytes(SOURCE.encode(), ".srt"),
            "stems": stems,
            **more,
        }
    )


async def dub(dubber: EmbeddedDubber, asked: DubRequest) -> Dubbed:
    receipt = await dubber.submit(asked)
    await dubber.wait(asked, receipt)
    return await dubber.collect(asked, receipt)


def decoded(dubbed: Dubbed, channels: int = 2) -> np.ndarray:
    assert dubbed.audio
    raw = subprocess.run(
        [ffmpeg(), "-v", "error", "-i", path_of(dubbed.audio), "-f", "f32le", "-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


def level(sound: np.ndarray, spans: Sequence[tuple[float, float]]) -> float:
    """Loudness of some seconds of a track, ungated."""
    meter = Meter(sound.shape[1])
    for start, end in spans:
        meter.feed(sound[round(start * 48_000) : round(end * 48_000)])
    return loudness(float(meter.power().sum(axis=1).mean()))


async def test_a_dub_is_as_long_and_as_loud_as_its_reel_and_its_peaks_are_held(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    dubbed = await dub(EmbeddedDubber(store, EspeakVoice()), request(store, reel, stems))
    assert len(decoded(dubbed)) == SECONDS * 48_000
    assert dubbed.audio
    found = await measure_loudness(path_of(dubbed.audio))
    assert stems.lufs == pytest.approx(found.integrated_lufs, abs=0.5)
    assert found.true_peak_dbtp <= -1
    # Kept with the dub, so that no check decodes the track for it again.
    assert dubbed.power
    kept = await load_power(dubbed.model_copy(update={"audio": None}))
    measured = await load_power(dubbed.model_copy(update={"power": None}))
    np.testing.assert_array_equal(kept, measured)
    assert {check.name: check.status for check in check_dub(dubbed, Fraction(SECONDS), SoundLimits())} == {
        "duration": "pass",
        "fit": "pass",
        "loudness": "pass",
        "true_peak": "pass",
    }


async def test_without_a_background_the_original_is_gone_wherever_its_script_speaks(
    reel: Path, store: LocalStore
) -> None:
    stems = await stems_of(reel, store)
    dubbed = await dub(EmbeddedDubber(store, EspeakVoice()), request(store, reel, stems))
    sound = decoded(dubbed)
    last = dubbed.lines[-1]
    silent = (last.end_ms / 1000 + 0.05, last.cue_end_ms / 1000)  # the cue goes on, the new voice is done
    assert silent[1] - silent[0] > 0.4
    assert level(sound, [silent]) < level(sound, [(5.5, 7.5)]) - 20
    assert (stems.kind, dubbed.separation) == ("ducked", "ducked")


async def test_a_given_background_goes_on_under_speech_that_stands_well_above_it(
    reel: Path, background: Path, store: LocalStore
) -> None:
    stems = await stems_of(reel, store, background)
    dubbed = await dub(EmbeddedDubber(store, EspeakVoice()), request(store, reel, stems))
    assert dubbed.separation == "given"
    assert dubbed.dialogue_over_bed_lu is not None
    assert dubbed.dialogue_over_bed_lu >= 10
    music = level(decoded(dubbed), [(5.5, 7.5)])
    assert level(decoded(dubbed), [(line.start_ms / 1000, line.end_ms / 1000) for line in dubbed.lines]) > music - 10


async def test_voiceover_keeps_the_original_and_enters_a_beat_later(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    dubbed = await dub(EmbeddedDubber(store, EspeakVoice()), request(store, reel, stems, mix="voiceover"))
    assert dubbed.lines[-1].start_ms == dubbed.lines[-1].cue_start_ms + 400
    assert dubbed.dialogue_over_bed_lu is not None
    assert dubbed.dialogue_over_bed_lu >= 10
    assert level(decoded(dubbed), [(8.0, 8.2)]) > -40


async def test_speech_only_is_silent_between_the_lines(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    dubbed = await dub(EmbeddedDubber(store, EspeakVoice()), request(store, reel, stems, mix="speech_only"))
    assert level(decoded(dubbed), [(5.5, 7.5)]) < -70


async def test_changing_one_cue_speaks_that_sentence_only(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    voice = CountingVoice()
    dubber = EmbeddedDubber(store, voice)
    first = await dub(dubber, request(store, reel, stems))
    # Side by side: either may be said first.
    assert sorted(voice.said) == ["Cuando llegue el momento, diré una palabra.", "Hasta luego."]
    voice.said.clear()
    second = await dub(dubber, request(store, reel, stems, SCRIPT.replace("Hasta luego", "Hasta la vista")))
    assert voice.said == ["Hasta la vista."]
    assert [line.reused for line in first.lines] == [False, False, False]
    assert [line.reused for line in second.lines] == [True, True, False]


async def test_a_finished_dub_is_taken_from_the_store(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    asked = request(store, reel, stems)
    first = await dub(EmbeddedDubber(store, EspeakVoice()), asked)
    voice = CountingVoice()
    assert await dub(EmbeddedDubber(store, voice), asked) == first
    assert voice.said == []


async def test_what_was_spoken_and_is_gone_from_the_store_is_spoken_again(reel: Path, store: LocalStore) -> None:
    """That a language was spoken is recorded; the store may lose what that gave all the same."""
    dubber, asked = EmbeddedDubber(store, EspeakVoice()), request(store, reel, await stems_of(reel, store))
    receipt = await dubber.submit(asked)
    await dubber.wait(asked, receipt)
    shutil.rmtree(store.root / "records")
    dubbed = await dubber.collect(asked, receipt)
    assert dubbed.audio
    assert store.has(dubbed.audio)


async def test_a_cancelled_dub_stops_and_goes_on_where_it_was(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    voice = CountingVoice()
    dubber = EmbeddedDubber(store, voice)
    lines = "\n".join(
        f"{n + 1}\n00:00:{n // 2:02d},{n % 2 * 500:03d} --> 00:00:{n // 2:02d},{n % 2 * 500 + 450}\nNúmero {n}.\n"
        for n in range(24)
    )
    asked = request(store, reel, stems, lines)
    receipt = await dubber.submit(asked)
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    waiting = asyncio.ensure_future(dubber.wait(asked, receipt, lambda _: loop.call_soon_threadsafe(begun.set)))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    done = len(voice.said)
    await asyncio.sleep(0.05)
    assert len(voice.said) == done < 24
    await dubber.wait(asked, receipt)
    assert [text for text in voice.said if text == "Número 0."] == ["Número 0."]


async def test_surround_keeps_its_layout_and_speech_comes_from_the_centre(tmp_path: Path, store: LocalStore) -> None:
    wide = made(tmp_path, "wide.wav", MUSIC, TALK, channels="5.1")
    stems = await part(wide, store, Ducked())
    assert stems.channels == 6
    dubbed = await dub(EmbeddedDubber(store, EspeakVoice()), request(store, wide, stems, mix="speech_only"))
    power = np.square(decoded(dubbed, 6)).mean(axis=0)
    assert np.argmax(power) == 2
    assert power[2] > 100 * np.delete(power, 2).max()


async def test_a_reel_without_a_voice_or_a_script_is_refused_before_any_work(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    dubber = EmbeddedDubber(store, EspeakVoice())
    with pytest.raises(NoVoice, match="mn-MN"):
        await dubber.submit(request(store, reel, stems, locale="mn-MN"))
    with pytest.raises(InvalidJob, match="no script"):
        await dubber.submit(request(store, reel, stems, script=SCRIPT).model_copy(update={"script": None}))


async def test_a_script_without_words_is_named_so(reel: Path, store: LocalStore) -> None:
    stems = await stems_of(reel, store)
    dubber = EmbeddedDubber(store, EspeakVoice())
    asked = request(store, reel, stems, "1\n00:00:01,000 --> 00:00:02,000\n[music]\n")
    receipt = await dubber.submit(asked)
    with pytest.raises(EngineError) as caught:
        await dubber.wait(asked, receipt)
    assert caught.value.code == "empty_transcript"


@pytest.mark.parametrize("channels", ["stereo", "5.1"])
async def test_stems_add_up_to_the_mix_that_was_delivered(store: LocalStore, tmp_path: Path, channels: str) -> None:
    """24 bits, the reel's length, its timecode; what was spoken is not spoken again for them."""
    film = made(tmp_path, "film.wav", MUSIC, TALK, channels=channels)
    music = made(tmp_path, "clean.wav", MUSIC, channels=channels)
    stems = await stems_of(film, store, music)
    voice = CountingVoice()
    asked = request(store, film, stems)
    await dub(EmbeddedDubber(store, voice), asked)
    said = list(voice.said)
    start = 3600 * 48_000
    dubbed = await dub(EmbeddedDubber(store, voice), asked.model_copy(update={"lossless_from": start}))
    assert voice.said == said
    assert dubbed.lossless
    assert dubbed.lossless.dialogue
    assert dubbed.lossless.effects
    files = [path_of(each) for each in (dubbed.lossless.mix, dubbed.lossless.dialogue, dubbed.lossless.effects)]
    for file in files:
        head = file.read_bytes()[:2048]
        at = head.index(b"bext") + 8
        assert int.from_bytes(head[at + 338 : at + 346], "little") == start
        assert head[head.index(b"fmt ") + 22 : head.index(b"fmt ") + 24] == (24).to_bytes(2, "little")
    count = 6 if channels == "5.1" else 2
    mix, dialogue, effects = (sound_of(file, count) for file in files)
    assert len(mix) == len(dialogue) == len(effects) == SECONDS * 48_000
    off = np.abs(mix - dialogue - effects)
    assert np.quantile(off, 0.98) < 1e-4  # but for the limiter
    assert np.abs(dialogue[round(5.5 * 48_000) : 7 * 48_000]).max() == 0
    delivered = decoded(dubbed, count)
    assert 20 * np.log10(np.sqrt(np.mean((mix - delivered) ** 2) / np.mean(mix**2))) < -20


async def test_stems_that_would_be_beyond_full_scale_are_softer_both_alike_and_say_so(
    store: LocalStore, tmp_path: Path
) -> None:
    """A loud target is reached by the mix's limiter; stems are before it."""
    film, music = made(tmp_path, "film.wav", MUSIC, TALK), made(tmp_path, "clean.wav", MUSIC)
    stems = await stems_of(film, store, music)
    dubber = EmbeddedDubber(store, EspeakVoice())
    asked = request(store, film, stems).model_copy(update={"lossless_from": 0})
    usual = await dub(dubber, asked)
    loud = await dub(dubber, asked.model_copy(update={"target_lufs": -6.0}))
    assert usual.lossless
    assert usual.lossless.stems_db == 0
    assert loud.lossless
    assert loud.lossless.stems_db < 0
    assert any(f"{-loud.lossless.stems_db:.1f} dB softer" in note for note in loud.notes)
    files = (loud.lossless.mix, loud.lossless.dialogue, loud.lossless.effects)
    mix, dialogue, effects = (sound_of(path_of(file), 2) for file in files if file)
    assert max(np.abs(dialogue).max(), np.abs(effects).max()) == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    # Between the lines the limiter has nothing to do: there they add up to the mix, raised by what the note says.
    quiet = slice(round(5.7 * 48_000), round(6.9 * 48_000))
    raised = (dialogue + effects)[quiet] * 10 ** (-loud.lossless.stems_db / 20)
    assert np.quantile(np.abs(mix[quiet] - raised), 0.9) < 0.01 * np.abs(mix[quiet]).max()


def sound_of(file: Path, channels: int) -> np.ndarray:
    raw = subprocess.run([ffmpeg(), "-v", "error", "-i", file, "-f", "f32le", "-"], capture_output=True, check=True)
    return np.frombuffer(raw.stdout, "<f4").reshape(-1, channels)
