"""A film in 5.1, dubbed: the centre speaks the new language, and the other five channels are what they were."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.parting import part_sound
from polyreel.dubbing.port import DubRequest
from polyreel.engine.models.registry import SPLEETER
from polyreel.engine.separation.leak import measure_filtered_share
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.media.binaries import ffmpeg
from polyreel.media.mux import AudioTrack, mux
from polyreel.media.probe import probe
from polyreel.outcome import StoredFile
from polyreel.plans import Parting
from polyreel.store.local import LocalStore, path_of

SECONDS = 18
RATE = 48_000
LEFT, RIGHT, CENTRE, LOW, BACK_LEFT, BACK_RIGHT = range(6)
REST = (LEFT, RIGHT, LOW, BACK_LEFT, BACK_RIGHT)
# The narrator, in the centre alone; music in front, rumble below, rain behind.
LAYERS = (
    "[0:a]aformat=channel_layouts=mono,atrim=end=18,asetpts=N/SR/TB[c]",
    "sine=f=220:d=18,volume=-16dB,tremolo=f=0.7[l]",
    "sine=f=331:d=18,volume=-16dB,tremolo=f=0.9[r]",
    "sine=f=45:d=18,volume=-20dB[low]",
    "anoisesrc=d=18:a=0.02:seed=1,lowpass=f=5000[bl]",
    "anoisesrc=d=18:a=0.02:seed=2,lowpass=f=5000[br]",
    "[l][r][c][low][bl][br]join=inputs=6:channel_layout=5.1:map=0.0-FL|1.0-FR|2.0-FC|3.0-LFE|4.0-BL|5.0-BR,aformat=sample_rates=48000[out]",
)


@pytest.fixture(scope="module")
def film(narrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    video = narrated / "narrated.mp4"
    maps = ["-filter_complex", ";".join(LAYERS), "-map", "0:v", "-map", "[out]"]
    codecs = ["-c:v", "copy", "-c:a", "aac", "-b:a", "448k", "-t", str(SECONDS)]
    subprocess.run([ffmpeg(), "-v", "error", "-y", "-i", video, *maps, *codecs, path], check=True)
    return path


async def dubbed(film: Path, narrated: Path, folder: Path, parting: Parting) -> Path:
    """The film in Spanish, as a file: the picture copied, the sound dubbed."""
    store = LocalStore(folder / "store")
    length = Fraction(SECONDS)
    stems = await part_sound(film, store, parting, start=Fraction(0), duration=length, background=None)
    scripts = {
        each: store.keep_bytes((narrated / f"narrated.{locale}.srt").read_bytes(), ".srt")
        for each, locale in (("script", "es-ES"), ("source_script", "en-US"))
    }
    request = DubRequest(
        locale="es-ES",
        source_locale="en-US",
        reel=StoredFile(uri=film.as_uri(), sha256="0" * 64, bytes=film.stat().st_size),
        duration=str(SECONDS),
        stems=stems,
        **scripts,
    )
    dubber = EmbeddedDubber(store, EspeakVoice())
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    made = await dubber.collect(request, receipt)
    assert made.audio
    target = folder / "dubbed.mp4"
    await mux(film, [AudioTrack(path_of(made.audio), "es-ES", title="Español", default=True)], [], target)
    return target


def sound(path: Path) -> np.ndarray:
    """Every channel as players play it: (samples, 6)."""
    raw = subprocess.run(
        [ffmpeg(), "-v", "error", "-i", path, "-map", "0:a:0", "-ar", str(RATE), "-f", "f32le", "-"],
        capture_output=True,
        check=True,
    ).stdout
    return np.frombuffer(raw, "<f4").reshape(-1, 6)[: SECONDS * RATE]


def level(sound: np.ndarray) -> float:
    """RMS in dBFS."""
    return 10 * float(np.log10(np.square(sound, dtype=np.float64).mean() + 1e-15))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    length = min(len(one), len(other))
    return float(np.corrcoef(one[:length], other[:length])[0, 1])


async def test_the_centre_is_dubbed_and_the_rest_is_kept(film: Path, narrated: Path, tmp_path: Path) -> None:
    out = await dubbed(film, narrated, tmp_path, Parting())
    track = (await asyncio.to_thread(probe, out)).audio[0]
    assert (track.channels, track.language) == (6, "spa")
    before, after = sound(film), sound(out)
    gains = [level(after[:, channel]) - level(before[:, channel]) for channel in REST]
    assert max(gains) - min(gains) < 0.5
    for channel in REST:
        assert likeness(before[:, channel], after[:, channel]) > 0.98, channel
    assert likeness(before[:, CENTRE], after[:, CENTRE]) < 0.1
    old = 10 * np.log10(measure_filtered_share(after[:, CENTRE], before[:, CENTRE], taps=64))
    assert old < -15
    assert level(after[:, CENTRE]) > level(after[:, LEFT])


async def test_with_the_learned_separation_the_old_voice_leaves_the_centre_alone(
    film: Path, narrated: Path, tmp_path: Path, on_the_shelf: Callable[..., None]
) -> None:
    on_the_shelf(SPLEETER)
    out = await dubbed(film, narrated, tmp_path, Parting(kind="learned", model=SPLEETER.fingerprint))
    before, after = sound(film), sound(out)
    assert likeness(before[:, CENTRE], after[:, CENTRE]) < 0.1
    for channel in (LOW, BACK_LEFT, BACK_RIGHT):
        assert likeness(before[:, channel], after[:, channel]) > 0.98, channel
    gains = {channel: round(level(after[:, channel]) - level(before[:, channel]), 1) for channel in REST}
    assert max(gains.values()) - min(gains.values()) < 1.5, gains
