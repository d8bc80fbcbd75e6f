"""Learned separation: the way to the network and back, what is left of the speech, and what a job gets of it."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyreel.dubbing.parting import part_sound, parting_of
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPLEETER
from polyreel.engine.separation import leak as separation_check
from polyreel.engine.separation import spleeter
from polyreel.engine.separation.learned import Learned, write_frames, write_header
from polyreel.engine.separation.port import Ducked, Original, part
from polyreel.engine.separation.spleeter_model import TwoStems
from polyreel.engine.separation.stems import Stems
from polyreel.engine.separation.track import count_pieces, separate_pieces
from polyreel.engine.sound.pcm import WorkingTrack, open_track
from polyreel.engine.sound.resample import resample
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.errors import EngineError, InvalidJob
from polyreel.job import Job
from polyreel.media.probe import probe
from polyreel.plans import Parting
from polyreel.sandbox.sample import make_sample
from polyreel.store.local import LocalStore, path_of

RATE = 48_000
MaskOf = Callable[[np.ndarray], np.ndarray]


# -- there and back


def noise(samples: int, channels: int, seed: int = 5) -> np.ndarray:
    """Noise up to 15 kHz."""
    length = 1 << samples.bit_length()
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((length, channels)).astype(np.float32), axis=0)
    spectrum[length * 15 // 48 :] = 0
    sound = np.fft.irfft(spectrum, length, axis=0)[:samples]
    return (0.3 * sound / np.abs(sound).max(initial=1e-9)).astype(np.float32)


def track_of(folder: Path, frames: np.ndarray, name: str = "original.wav") -> WorkingTrack:
    path = folder / name
    with path.open("wb") as file:
        write_header(file, frames.shape[1], len(frames))
        write_frames(file, frames)
    return open_track(path)


def everything(magnitude: np.ndarray) -> np.ndarray:
    return np.ones_like(magnitude)


def nothing(magnitude: np.ndarray) -> np.ndarray:
    return np.zeros_like(magnitude)


def never() -> None:
    """Nothing stops this work."""


def whole(track: WorkingTrack, mask_of: MaskOf) -> tuple[np.ndarray, np.ndarray]:
    """Mix and speech of a track, its pieces put together; they must follow one another."""
    found = list(separate_pieces(track, mask_of, never))
    ends = np.cumsum([len(piece.mix) for piece in found])
    assert [piece.start for piece in found] == [0, *ends[:-1]]
    assert len(found) <= count_pieces(track.samples)
    return np.concatenate([piece.mix for piece in found]), np.concatenate([piece.speech for piece in found])


def db(one: np.ndarray, other: np.ndarray) -> float:
    return 10 * float(np.log10((np.square(one).sum() + 1e-12) / np.square(other).sum()))


@pytest.mark.parametrize(("samples", "channels"), [(1, 1), (4410, 1), (491_520, 2), (1_180_001, 2), (600_000, 6)])
def test_what_is_all_speech_comes_back_whole_and_to_the_sample(tmp_path: Path, samples: int, channels: int) -> None:
    frames = noise(samples, channels)
    mix, speech = whole(track_of(tmp_path, frames), everything)
    assert mix.shape == speech.shape == frames.shape
    if samples > 1:
        kept = [0, 1, 2] if channels == 6 else list(range(channels))
        assert db(speech[:, kept] - mix[:, kept], mix[:, kept]) < -45


def test_half_a_mask_gives_half_the_sound_without_a_seam_between_patches(tmp_path: Path) -> None:
    mix, speech = whole(track_of(tmp_path, noise(25 * RATE, 2)), lambda magnitude: np.full_like(magnitude, 0.5))
    error = np.abs(speech - mix / 2).reshape(-1, 2400, 2).max(axis=(1, 2))
    assert error[1:-1].max() < 5e-5
    assert error.max() < 5e-3  # noise that begins in the middle of itself rings a little at its edges


def test_neighbours_that_disagree_fade_into_each_other(tmp_path: Path) -> None:
    masks = iter([1.0, 0.0])
    mix, speech = whole(track_of(tmp_path, noise(15 * RATE, 2)), lambda magnitude: np.full_like(magnitude, next(masks)))
    share = [db(s, m) for s, m in zip(np.split(speech, 150), np.split(mix, 150), strict=True)]
    assert max(share[:100]) == pytest.approx(0, abs=0.1)
    assert max(share[122:]) < -60
    assert np.all(np.diff(share[102:120]) < 0.5)
    assert np.diff(share[100:116]).min() > -4


async def test_of_5_1_the_dialogue_goes_and_the_rest_is_not_touched(tmp_path: Path) -> None:
    frames = noise(3 * RATE, 6)
    track = track_of(tmp_path, frames)
    background, notes = await Learned(everything).background(Original(track, tmp_path))
    assert background is not None
    assert notes == ()
    found = open_track(background).read(0, len(frames))
    exact = track.read(0, len(frames))
    assert np.array_equal(found[:, 3:], exact[:, 3:])
    assert db(found[:, :3], exact[:, :3]) < -45


async def test_where_nothing_is_speech_the_background_is_the_original_bit_for_bit(tmp_path: Path) -> None:
    track = track_of(tmp_path, noise(12 * RATE, 2))
    shares: list[float] = []
    background, _ = await Learned(nothing, shares.append).background(Original(track, tmp_path))
    assert background is not None
    assert background.read_bytes() == track.path.read_bytes()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_silence_is_not_shown_to_the_network(tmp_path: Path) -> None:
    def refuse(_: np.ndarray) -> np.ndarray:
        raise AssertionError("there is nothing to hear")

    _, speech = whole(track_of(tmp_path, np.zeros((14 * RATE, 2), np.float32)), refuse)
    assert not speech.any()


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    def peak(seconds: int) -> int:
        track = track_of(tmp_path, np.tile(noise(RATE, 1), (seconds, 1)), f"{seconds}.wav")
        tracemalloc.start()
        for _ in separate_pieces(track, everything, never):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(50) < 1.1 * peak(25)


async def test_a_cancelled_separation_ends_before_the_next_patch(tmp_path: Path) -> None:
    entered, go_on, asked = threading.Event(), threading.Event(), []

    def slow(magnitude: np.ndarray) -> np.ndarray:
        asked.append(1)
        entered.set()
        go_on.wait(20)
        return np.zeros_like(magnitude)

    track = track_of(tmp_path, noise(40 * RATE, 1))
    running = asyncio.ensure_future(Learned(slow).background(Original(track, tmp_path)))
    await asyncio.to_thread(entered.wait, 20)
    running.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(asked) == 1


def test_a_track_beyond_four_gigabytes_has_a_header_that_says_so(tmp_path: Path) -> None:
    samples = 3 * 3600 * RATE
    with (tmp_path / "long.wav").open("wb") as file:
        write_header(file, 6, samples)
    found = open_track(tmp_path / "long.wav")
    assert (found.samples, found.channels) == (samples, 6)


def test_our_headers_are_those_of_everybody_else(tmp_path: Path) -> None:
    track = track_of(tmp_path, noise(1000, 2))
    with wave.open(str(track.path)) as file:
        assert (file.getnframes(), file.getnchannels(), file.getframerate()) == (1000, 2, RATE)


# -- what is left of the speech: a network that takes everything above 2 kHz for speech, so that the truth is known

_FROM = round(2000 / 44_100 * 4096)


def above_2_khz(magnitude: np.ndarray) -> np.ndarray:
    mask = np.zeros_like(magnitude)
    mask[..., _FROM:] = 1
    return mask


def two_sounds(seconds: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Speech (a warble at 3 kHz and above, in phrases) and music (a low chord)."""
    time = np.arange(seconds * RATE) / RATE
    phrases = (time % 3 < 2) * 0.2
    speech = phrases * np.sin(2 * np.pi * (3000 + 300 * np.sin(2 * np.pi * 3 * time)) * time)
    music = 0.1 * np.sin(2 * np.pi * 220 * time) + 0.1 * np.sin(2 * np.pi * 331 * time)
    return np.stack([speech] * 2, axis=1).astype(np.float32), np.stack([music] * 2, axis=1).astype(np.float32)


def saved(folder: Path, frames: np.ndarray, name: str) -> Path:
    return track_of(folder, frames, name).path


@pytest.mark.parametrize("planted", [-30, -12, 0])
async def test_speech_that_a_given_background_holds_is_measured(tmp_path: Path, planted: int) -> None:
    speech, music = two_sounds()
    reel = saved(tmp_path, speech + music, "reel.wav")
    background = saved(tmp_path, music + speech * np.float32(10 ** (planted / 20)), "music.wav")
    sound = await part_sound(
        reel, LocalStore(), Parting(kind="given"), start=Fraction(0), duration=Fraction(12), background=background
    )
    assert "was not measured" in sound.notes[-1]  # there are no weights on this shelf
    measured = await separation_check.with_speech_left(sound, above_2_khz)
    assert measured.speech_left_db == pytest.approx(planted, abs=1)


@pytest.mark.parametrize(("taken", "expected"), [(1.0, -34), (0.9, -20), (0.5, -6)])
async def test_what_a_network_leaves_behind_is_measured_with_its_own_finds(
    tmp_path: Path, taken: float, expected: float
) -> None:
    speech, music = two_sounds()
    stems = await part(
        saved(tmp_path, speech + music, "reel.wav"), LocalStore(), Learned(lambda m: above_2_khz(m) * taken)
    )
    found = (await separation_check.with_speech_left(stems, lambda m: above_2_khz(m) * taken)).speech_left_db
    assert found is not None
    assert found == pytest.approx(expected, abs=4)


async def test_where_nobody_speaks_nothing_is_measured(tmp_path: Path) -> None:
    stems = await part(saved(tmp_path, two_sounds()[1], "reel.wav"), LocalStore(), Learned(above_2_khz))
    assert (await separation_check.with_speech_left(stems, above_2_khz)).speech_left_db is None


# -- what a job gets


def job(**dubbing: str) -> Job:
    background = {"background": "music.wav"} if dubbing.pop("background", None) else {}
    source = {"media": "a.mp4", "locale": "en-US", **background}
    return Job.model_validate(
        {"name": "a", "source": source, "targets": ["es-ES"], "dubbing": {"provider": "embedded", **dubbing}}
    )


@pytest.fixture
def rotten_weights(polyreel_home: Path) -> Path:
    """Files of the right names and sizes, and of nothing but zeros."""
    folder = polyreel_home / "models" / SPLEETER.name
    folder.mkdir(parents=True)
    for file in SPLEETER.files:
        with (folder / file.path).open("wb") as new:
            new.truncate(file.bytes)
    return folder


def test_without_weights_a_job_is_ducked_and_told_what_gets_them() -> None:
    found = parting_of(job())
    assert found.kind == "ducked"
    assert "polyreel models pull spleeter-2stems" in found.why


@pytest.mark.usefixtures("rotten_weights")
def test_a_given_background_comes_before_a_learned_one_and_that_before_ducking() -> None:
    assert parting_of(job(background="yes")).kind == "given"
    assert parting_of(job()) == Parting(kind="learned", model=SPLEETER.fingerprint)
    assert parting_of(job(background="yes", separation="learned")).kind == "learned"
    assert parting_of(job(background="yes", separation="ducked")).kind == "ducked"
    assert parting_of(job(mix="voiceover")).kind == "ducked"


@pytest.mark.usefixtures("rotten_weights")
def test_a_fallback_on_this_machine_parts_the_sound_itself() -> None:
    """As its own `mix` and `separation` ask, and not as the vendor before it, who parts what it dubs."""
    vendor = {"provider": "panjaya", "credentials": "studio"}

    def behind(*fallback: dict[str, Any], background: str | None = None) -> Parting:
        asked = job(**({"background": background} if background else {}))
        changes = {"dubbing": vendor, "fallback": list(fallback)}
        return parting_of(Job.model_validate(asked.model_dump(mode="json", exclude={"dubbing"}) | changes))

    assert behind({"provider": "embedded"}).kind == "learned"
    assert behind({"provider": "embedded", "separation": "ducked"}).kind == "ducked"
    assert behind({"provider": "embedded", "mix": "voiceover"}).kind == "ducked"
    assert behind({"provider": "embedded"}, background="yes").kind == "given"
    # What is asked for and not here: the plan tells that it can dub nothing, and the job goes on.
    assert behind({"provider": "embedded", "separation": "given"}) == Parting()
    assert behind() == Parting()


def test_what_a_job_asks_for_and_nobody_has_is_refused() -> None:
    with pytest.raises(InvalidJob, match="no background is"):
        parting_of(job(separation="given"))
    with pytest.raises(EngineError, match="not on this machine") as caught:
        parting_of(job(separation="learned"))
    assert caught.value.code == "model_missing"
    assert "polyreel models pull spleeter-2stems" in caught.value.remedy


@pytest.mark.usefixtures("rotten_weights")
async def test_swapped_weights_are_found_out_and_leave_nothing_half_made(tmp_path: Path) -> None:
    reel = saved(tmp_path, noise(2 * RATE, 2), "reel.wav")
    with pytest.raises(EngineError, match="is damaged") as caught:
        await part_sound(
            reel, LocalStore(), Parting(kind="learned"), start=Fraction(0), duration=Fraction(2), background=None
        )
    assert caught.value.code == "model_damaged"


# -- the real weights


@pytest.fixture
def real_weights(on_the_shelf: Callable[..., None]) -> None:
    on_the_shelf(SPLEETER, KOKORO, KOKORO_VOICES)


@pytest.fixture
def spoken_over_music(real_weights: None, tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A voice, and the sample's music 8 dB below it. To the network espeak-ng's buzz is no voice."""
    said = KokoroVoice().speak(
        "This little film was made by a program a moment ago. Nobody stood at a microphone for it, "
        "and nobody had to hold a camera. A counter runs in the picture all along.",
        "af_heart@en-US",
        1.0,
    )
    voice = resample(said.samples, said.rate, RATE)[: 11 * RATE]
    made = asyncio.run(make_sample(tmp_path / "sample", 12))
    music = open_track(made.background).read(0, len(voice))
    music *= np.sqrt(np.square(voice).mean() / np.square(music).mean()) * 10 ** (-8 / 20)
    return np.stack([voice, voice], axis=1), music


def test_the_real_network_parts_a_voice_from_music(
    spoken_over_music: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    voice, music = spoken_over_music
    reel = saved(tmp_path, voice + music, "reel.wav")
    network = TwoStems()
    stems: Stems = asyncio.run(part(reel, LocalStore(), Learned(network)))
    assert stems.background is not None
    background = open_track(path_of(stems.background.audio)).read(0, len(voice))
    found = voice + music - background
    truth = voice[:, 0]
    scaled = truth * float(found.mean(axis=1) @ truth / (truth @ truth))
    assert db(scaled, found.mean(axis=1) - scaled) > 14  # SI-SDR
    left = separation_check.measure_filtered_share(background.mean(axis=1), truth)
    assert 10 * np.log10(left) < -20
    measured = asyncio.run(separation_check.with_speech_left(stems, network)).speech_left_db
    assert measured is not None
    assert measured < -20
    assert spleeter.patches_in(len(voice) * 147 // 160) == 1


@pytest.mark.parametrize("name", ["late.ts", "late.ogg", "late.mkv"])
async def test_a_piece_of_a_late_track_is_parted_where_it_sounds(
    make: Callable[..., Path], reel: Path, clicks: list[str], tmp_path: Path, name: str
) -> None:
    """MPEG streams and Ogg can't be searched by time, and their sound begins late: the piece is the right one."""
    codecs = {
        "late.ts": ["-c:v", "copy", "-c:a", "mp2", "-b:a", "384k"],
        "late.ogg": ["-c:v", "libtheora", "-c:a", "flac"],
        "late.mkv": ["-c:v", "copy", "-c:a", "flac", "-strict", "-2"],
    }
    source = make(
        f"parted-{name}", "-i", reel, "-itsoffset", 1.5, *clicks, "-map", "0:v", "-map", "1:a", "-t", 7, *codecs[name]
    )
    zero = float(probe(source).video.start)
    stems = await part(source, LocalStore(tmp_path / "store"), Ducked(), start=Fraction(3), duration=Fraction(3))
    heard = np.abs(open_track(path_of(stems.original.audio)).read(0, stems.samples)[:, 0])
    assert len(heard) == 3 * RATE
    for second in (0.5, 1.5):
        place = round((second + zero) * RATE)
        near = heard[place - 4000 : place + 4000]
        assert abs(int(near.argmax()) - 4000) <= (1200 if name == "late.ts" else 48)
