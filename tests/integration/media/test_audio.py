"""Working tracks and loudness: exact to the sample, flat in memory."""

from __future__ import annotations

import math
from contextlib import aclosing
from fractions import Fraction

import numpy as np
import pytest

from polyreel.errors import MediaError
from polyreel.media.audio import (
    RATE,
    aac_options,
    adjust_level,
    extract,
    measure_and_read,
    measure_loudness,
    read_blocks,
)
from polyreel.media.command import local_input, local_output, run
from polyreel.media.probe import probe

BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]


async def heard_in(path) -> np.ndarray:
    """A mono file's samples."""
    async with aclosing(read_blocks(path, channels=1)) as pieces:
        return np.concatenate([piece async for piece in pieces])[:, 0]


async def test_a_working_track_is_as_long_as_the_picture(reel, sound, tmp_path):
    samples = await extract(reel, tmp_path / "track.wav", probe(reel))
    assert samples == 8 * RATE
    assert len(sound(tmp_path / "track.wav")) == samples
    assert [one.name for one in tmp_path.iterdir()] == ["track.wav"]


@pytest.mark.parametrize("suffix", ["wav", "flac"])
async def test_a_piece_starts_and_ends_to_the_sample(make, reel, clicks, tmp_path, suffix):
    source = make(
        "clicks6.mov", "-i", reel, *clicks, "-map", "0:v", "-map", "1:a", "-t", 6, "-c:v", "copy", "-c:a", "pcm_s16le"
    )
    target = tmp_path / f"piece.{suffix}"
    samples = await extract(source, target, probe(source), start=Fraction(37, 10), end=Fraction(56, 10))
    heard = np.flatnonzero(await heard_in(target) > 0.5)
    assert samples == round(1.9 * RATE)
    assert list(heard) == [round(0.3 * RATE), round(1.3 * RATE)]


@pytest.mark.parametrize("name", ["late.mkv", "late.ts", "late.mp4"])
async def test_a_late_track_begins_with_silence_as_long(make, reel, clicks, tmp_path, name):
    codec = ["-c:a", "flac", "-strict", -2] if name != "late.ts" else ["-c:a", "mp2", "-b:a", "384k"]
    source = make(f"clicks-{name}", "-i", reel, "-itsoffset", 1.5, *clicks, "-map", "0:v", "-map", "1:a",
                  "-t", 6, "-c:v", "copy", *codec)  # fmt: skip
    info = probe(source)
    await extract(source, tmp_path / "track.wav", info)
    heard = await heard_in(tmp_path / "track.wav")
    assert len(heard) == info.samples(RATE)
    zero = float(info.video.start)
    for second in (2, 3):
        place = round((second + 0.5 + zero) * RATE)
        near = np.abs(heard[place - 4000 : place + 4000])
        assert abs(int(near.argmax()) - 4000) <= (48 if name == "late.mkv" else 1200 if name == "late.ts" else 2)


async def test_five_point_one_stays_unless_a_downmix_is_asked_for(make, picture, tmp_path):
    tones = "|".join(f"0.1*sin({200 * n}*t)" for n in range(1, 7))
    source = make(
        "six.mkv", *picture(), "-f", "lavfi", "-i", f"aevalsrc={tones}:s=48000:c=5.1", "-t", 1, "-c:a", "flac"
    )
    for channels, found in ((None, 6), (2, 2), (1, 1)):
        target = tmp_path / f"{found}.wav"
        await extract(source, target, probe(source), channels=channels)
        assert probe(target).audio[0].channels == found


async def test_other_rates_and_mp3_become_48_khz(make, picture, sound, tmp_path):
    source = make("mp3.mp4", *picture(), "-f", "lavfi", "-i", "sine=f=440:r=22050", "-t", 2, "-c:a", "libmp3lame")
    samples = await extract(source, tmp_path / "track.wav", probe(source))
    assert samples == probe(source).samples(RATE) == len(sound(tmp_path / "track.wav"))


async def test_a_track_that_is_not_there_is_named(reel, tmp_path):
    with pytest.raises(MediaError) as caught:
        await extract(reel, tmp_path / "track.wav", probe(reel), track=1)
    assert caught.value.code == "missing_audio_track"


async def test_loudness_is_what_the_standard_says(make):
    # EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS peak is -23 LUFS.
    tone = f"aevalsrc={10 ** (-23 / 20)}*sin(2*PI*1000*t)|{10 ** (-23 / 20)}*sin(2*PI*1000*t):s=48000:c=stereo"
    found = await measure_loudness(make("tone.wav", "-f", "lavfi", "-i", tone, "-t", 20, "-c:a", "pcm_s24le"))
    assert abs(found.integrated_lufs + 23) <= 0.1
    assert abs(found.true_peak_dbtp + 23) <= 0.2
    assert found.range_lu == 0


async def test_a_track_is_measured_and_read_from_one_decoding(make):
    sound = make("tone.m4a", "-f", "lavfi", "-i", "aevalsrc=.2*sin(2000*t)|.1*sin(3000*t):s=48000", "-t", 5)
    pieces = []

    async def take(piece):
        pieces.append(piece)

    integrated, spread = await measure_and_read(sound, take, channels=2, block=24_000)
    apart = [piece async for piece in read_blocks(sound, channels=2, block=24_000)]
    whole = await measure_loudness(sound)
    assert (integrated, spread) == (whole.integrated_lufs, whole.range_lu)
    assert [len(piece) for piece in pieces] == [len(piece) for piece in apart]
    assert np.abs(np.concatenate(pieces) - np.concatenate(apart)).max() < 1e-4


async def test_true_peaks_between_samples_are_seen(make):
    # A quarter-rate sine between its samples: sample peak -3 dB, true peak 0 dB.
    tone = "aevalsrc=sin(2*PI*12000*t+PI/4):s=48000"
    found = await measure_loudness(make("between.wav", "-f", "lavfi", "-i", tone, "-t", 2, "-c:a", "pcm_f32le"))
    assert found.true_peak_dbtp > -0.6


async def test_silence_has_no_loudness(make):
    found = await measure_loudness(make("silence.wav", "-f", "lavfi", "-i", "anullsrc=r=48000", "-t", 2))
    assert found.integrated_lufs == -math.inf
    assert found.true_peak_dbtp == -math.inf


async def test_blocks_are_the_sound_in_order(make, sound):
    path = make("beep.wav", *BEEP, "-t", 3.3)
    async with aclosing(read_blocks(path, channels=1, block=10_000)) as pieces:
        found = [piece async for piece in pieces]
    assert {len(one) for one in found[:-1]} == {10_000}
    assert np.array_equal(np.concatenate(found), sound(path))


async def test_blocks_can_be_left_early(make):
    path = make("long.wav", *BEEP, "-t", 600)
    async with aclosing(read_blocks(path)) as pieces:
        first = await anext(pieces)
    assert first.shape == (RATE, 2)


async def test_gain_and_ceiling_hold(make, tmp_path):
    source = make("loud.wav", "-f", "lavfi", "-i", "aevalsrc=0.25*sin(2*PI*440*t):s=48000", "-t", 3)
    before = await measure_loudness(source)
    for name, gain_db, peak_db in (("louder.m4a", 6, None), ("held.m4a", 20, -2)):
        sound = adjust_level(local_input(source).audio, gain_db, peak_db)
        await run(local_output(sound, path=tmp_path / name, format="ipod", **aac_options(2)))
    louder = await measure_loudness(tmp_path / "louder.m4a")
    assert abs(louder.integrated_lufs - before.integrated_lufs - 6) < 0.3
    assert (await measure_loudness(tmp_path / "held.m4a")).true_peak_dbtp <= -1.0
