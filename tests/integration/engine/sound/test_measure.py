"""A finished track's figures beside those of ffmpeg's own meter, which oversamples all of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from polyreel.engine.sound.measure import measure_track
from polyreel.engine.sound.meter import integrate_loudness
from polyreel.media.audio import aac_options, adjust_level, measure_loudness
from polyreel.media.command import generate_input, local_input, local_output, run


async def encode(source: Path, target: Path, gain_db: float, ceiling_db: float | None, **options: object) -> Path:
    sound = adjust_level(local_input(source)["a:0"], gain_db, ceiling_db)
    await run(local_output(sound, path=target, format="mp4", **{**aac_options(2), **options}))
    return target


@pytest.mark.parametrize(("gain_db", "ceiling_db"), [(0.0, None), (-24.0, None), (12.0, -2.0), (20.0, None)])
@pytest.mark.parametrize("name", ["dialogue.mkv", "wordless.webm", "speech.wav"])
async def test_speech_and_music_are_measured_as_ffmpeg_measures_them(
    name: str, gain_db: float, ceiling_db: float | None, odd_media: Path, tmp_path: Path
) -> None:
    """Soft, loud, held by a limiter, and far beyond full scale; mono, stereo and 5.1."""
    track = await encode(odd_media / name, tmp_path / "track.m4a", gain_db, ceiling_db)
    found, whole = await measure_track(track), await measure_loudness(track)
    assert (found.loudness.integrated_lufs, found.loudness.range_lu) == (whole.integrated_lufs, whole.range_lu)
    assert found.loudness.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=0.11)
    assert integrate_loudness(found.power) == pytest.approx(whole.integrated_lufs, abs=0.15)


async def test_a_layout_that_is_mixed_down_for_its_power_has_its_own_true_peak(tmp_path: Path) -> None:
    """Two front channels that cancel each other out in a mix of all."""
    track = tmp_path / "quad.wav"
    graph = "aevalsrc=.5*sin(2000*t)|-.5*sin(2000*t)|-.5*sin(2000*t)|.5*sin(2000*t):s=48000:c=quad:d=3"
    await run(local_output(generate_input(graph), path=track, format="wav", **{"c:a": "pcm_f32le"}))
    found, whole = await measure_track(track), await measure_loudness(track)
    assert found.loudness == whole
    assert whole.true_peak_dbtp == pytest.approx(-6, abs=0.1)


async def test_silence_has_neither_loudness_nor_peak(tmp_path: Path) -> None:
    track = tmp_path / "silence.m4a"
    silence = generate_input("anullsrc=r=48000:cl=stereo:d=2")
    await run(local_output(silence, path=track, format="mp4", **aac_options(2)))
    found = await measure_track(track)
    assert (found.loudness.integrated_lufs, found.loudness.true_peak_dbtp) == (-math.inf, -math.inf)
    assert not np.any(found.power > 1e-12)
