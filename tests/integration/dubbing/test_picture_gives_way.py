"""`fit: {picture: true}` on a real reel: slides that flash and beep every second, and lines too long for them."""

from __future__ import annotations

import asyncio
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.picture import OwnPicture, let_picture_yield
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.separation.port import Given, part
from polyreel.engine.separation.speech import original_speech
from polyreel.engine.separation.stems import Stems
from polyreel.engine.sound.pcm import open_track
from polyreel.engine.sound.stem import RATE
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.media.probe import probe
from polyreel.media.shots import find_shots
from polyreel.outcome import Reel, ReelChapter
from polyreel.retiming import sum_added_ms
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file

SECONDS, CUT_S = 14, 6
SCRIPT = """WEBVTT

00:00.500 --> 00:02.000
Haga clic en el botón de guardar de la esquina.

00:02.500 --> 00:04.000
Muy bien.

00:04.500 --> 00:06.500
Pulse el botón de imprimir y espere con mucha paciencia a que salga la página.

00:07.000 --> 00:09.000
Listo.
"""


@dataclass(frozen=True)
class Made:
    store: LocalStore
    reel: Reel
    request: DubRequest
    stems: Stems
    own: OwnPicture
    dubbed: Dubbed


def write_wav(path: Path, sound: NDArray[np.float32]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def beep() -> NDArray[np.float32]:
    """A frame of 2 kHz at every whole second but the first."""
    sound = np.zeros(SECONDS * RATE, np.float32)
    once = 0.4 * np.sin(2 * np.pi * 2000 * np.arange(RATE // 25) / RATE)
    for second in range(1, SECONDS):
        sound[second * RATE : second * RATE + len(once)] = once
    return sound


@pytest.fixture(scope="module")
def made(tool, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("course")
    speech = np.zeros(SECONDS * RATE, np.float32)
    speech[RATE // 2 : 2 * RATE] = 0.1 * np.sin(2 * np.pi * 300 * np.arange(3 * RATE // 2) / RATE)
    bed = write_wav(folder / "bed.wav", beep())
    whole = write_wav(folder / "whole.wav", speech + beep())
    flash = r"drawbox=x=150:y=80:w=24:h=20:color=white:t=fill:enable=not(mod(n\,25))*gt(n\,0)"
    slides = f"color=c=navy:s=320x180:r=25:d={CUT_S}[a];color=c=gray:s=320x180:r=25:d={SECONDS - CUT_S}[b]"
    graph = f"{slides};[a][b]concat=n=2:v=1:a=0,{flash}[v]"
    film = folder / "course.mp4"
    coded = ("-c:v", "libx264", "-bf", 3, "-c:a", "aac")
    tool("-i", whole, "-filter_complex", graph, "-map", "[v]", "-map", "0:a", *coded, film)
    return asyncio.run(dub(folder, film, bed))


async def dub(folder: Path, film: Path, bed: Path) -> Made:
    store, info = LocalStore(folder / "store"), probe(film)
    stems = await part(film, store, Given(bed))
    script = store.keep_bytes(SCRIPT.encode(), ".vtt")
    reel = Reel(
        file=store.keep_file(film, ".mp4"),
        duration=str(info.duration),
        frame_rate="25",
        chapters=(ReelChapter(start_ms=0, end_ms=6000), ReelChapter(start_ms=6000, end_ms=14_000, title="Print")),
    )
    request = DubRequest(
        locale="es-ES",
        source_locale="en-US",
        reel=reel.file,
        duration=reel.duration,
        script=script,
        shown=script,
        source_script=script,
        stems=stems,
    )
    voice = EspeakVoice()
    shots = await find_shots(path_of(reel.file), info)
    own = await let_picture_yield(
        reel, request, stems, shots, voice=voice, store=store, on_progress=lambda _share: None
    )
    dubber = EmbeddedDubber(store, voice)
    asked = own.request.model_copy(update={"stems": own.stems})
    return Made(store, reel, request, stems, own, await dubber.collect(asked, await dubber.submit(asked)))


def times_of_flashes(path: Path) -> list[float]:
    found = []
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            if frame.to_ndarray(format="gray")[84:96, 154:170].mean() > 200:
                found.append(float(frame.pts * frame.time_base))
    return found


def time_of_beep(track: NDArray[np.float32], near: float) -> float:
    """When the 2 kHz are strongest, within 0.3 s of a time."""
    length = RATE // 25
    tone = np.exp(-2j * np.pi * 2000 * np.arange(length) / RATE)
    starts = np.arange(int((near - 0.3) * RATE), int((near + 0.3) * RATE), 48)
    heard = [abs(track[at : at + length] @ tone[: len(track[at : at + length])]) for at in starts]
    return float(starts[int(np.argmax(heard))]) / RATE


def test_the_dub_fits_where_it_did_not_and_no_line_is_hurried(made: Made) -> None:
    plain = EmbeddedDubber(made.store, EspeakVoice())

    async def without() -> Dubbed:
        return await plain.collect(made.request, await plain.submit(made.request))

    assert max(line.ratio for line in asyncio.run(without()).lines) > 1.15
    assert max(line.ratio for line in made.dubbed.lines) <= 1.15
    assert not any(line.too_long for line in made.dubbed.lines)
    assert any("gives way to lines in 2 places" in note for note in made.dubbed.notes)


def test_picture_and_sound_stay_together_everywhere(made: Made) -> None:
    """Every flash has its beep within 20 ms, but where the picture is held: there within the hold."""
    flashes = times_of_flashes(path_of(made.own.reel.file))
    assert len(flashes) == SECONDS - 1
    assert made.own.stems.background
    bed = open_track(path_of(made.own.stems.background.audio))
    track = bed.read(0, bed.samples)[:, 0]
    off = [abs(time_of_beep(track, at) - at) for at in flashes]
    held = [each for each in made.own.reel.yields if each.hold_ms]
    assert sorted(off)[-1 - len(held)] < 0.02
    assert flashes[-1] == pytest.approx(SECONDS - 1 + sum_added_ms(made.own.reel.yields) / 1000, abs=0.002)


def test_the_dub_is_as_long_as_its_picture_and_so_is_all_its_sound(made: Made) -> None:
    length = probe(path_of(made.own.reel.file)).duration
    assert float(length) == pytest.approx(SECONDS + sum_added_ms(made.own.reel.yields) / 1000, abs=0.005)
    assert float(made.dubbed.seconds.partition("/")[0]) > 0
    assert abs(float(length) - made.own.stems.samples / RATE) < 0.001
    assert made.own.reel.duration == str(length)


def test_what_the_original_says_can_still_be_told_from_its_background(made: Made) -> None:
    """Both were stretched by the same samples: what is left between them is the speech, without a beep."""
    speech = original_speech(made.own.stems)(0, made.own.reel.duration_ms)
    around = speech[int(0.5 * RATE) : int(1.5 * RATE)]
    after = speech[int(4 * RATE) :]
    assert np.sqrt(np.square(around).mean()) > 0.05
    assert np.abs(after).max() < 0.02


def test_scripts_and_chapters_have_moved_along(made: Made) -> None:
    later = sum_added_ms(made.own.reel.yields)
    for script in (made.own.request.script, made.own.request.shown, made.own.request.source_script):
        assert script
        cues = read_file(path_of(script)).track.cues
        assert (cues[0].start_ms, cues[-1].start_ms) == (500, 7000 + later)
    first, second = made.own.reel.chapters
    flashes = times_of_flashes(path_of(made.own.reel.file))
    assert second.start_ms == pytest.approx(1000 * flashes[CUT_S - 1], abs=2)
    assert (first.start_ms, second.title) == (0, "Print")


def test_the_held_picture_is_the_last_of_its_shot(made: Made) -> None:
    held = [each for each in made.own.reel.yields if each.hold_ms]
    assert held
    assert held[0].hold_at_ms == CUT_S * 1000 - 5


async def test_a_reel_whose_lines_fit_keeps_its_own_picture(made: Made) -> None:
    short = made.store.keep_bytes(b"WEBVTT\n\n00:00.500 --> 00:03.000\nListo.\n", ".vtt")
    request = made.request.model_copy(update={"script": short, "shown": short})
    own = await let_picture_yield(
        made.reel, request, made.stems, (), voice=EspeakVoice(), store=made.store, on_progress=lambda _share: None
    )
    assert own == OwnPicture(reel=made.reel, request=request, stems=made.stems)
