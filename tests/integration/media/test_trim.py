"""Trimming is exact to the picture and to the sample, and copies what it can."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest

from polyreel.errors import MediaError
from polyreel.media.h264 import NotJoinable, ParameterSets
from polyreel.media.probe import probe
from polyreel.media.trim import trim

BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]


def times(path) -> list[Fraction]:
    """When each picture is shown, in order, from the file's zero."""
    with av.open(str(path)) as container:
        zero = Fraction(container.start_time or 0, av.time_base)
        packets = container.demux(container.streams.video[0])
        return sorted(one.pts * one.time_base - zero for one in packets if one.pts is not None)


async def cut(source, target, start, end):
    start, end = (None if one is None else Fraction(one) for one in (start, end))
    return await trim(source, target, probe(source), start, end)


@pytest.fixture
def compared(frames):
    """How far each kept picture is from its source's (mean absolute difference), after checking number and times."""

    def compare(source, target, result, *, time_slack=Fraction(1, 100_000)) -> np.ndarray:
        video, out = probe(source).video, probe(target).video
        shown = times(source)
        kept = [n for n, one in enumerate(shown) if result.start - time_slack <= one < result.end - time_slack]
        before = frames(source, video.width, video.height, "-noautorotate")[kept]
        after = frames(target, out.width, out.height, "-noautorotate")[:, : video.height, : video.width]
        assert len(after) == len(kept)
        moved = [abs(new - (shown[n] - result.start)) for new, n in zip(times(target), kept, strict=True)]
        assert max(moved) <= time_slack
        return np.abs(after.astype(int) - before.astype(int)).mean(axis=(1, 2))

    return compare


@pytest.mark.parametrize(
    ("span", "encoded"),
    [
        (("1", "5"), 2.0),  # both ends lie between key pictures
        (("1.3", "7.5"), 2.2),
        (("2", None), 0.0),  # the start is a key picture
        (("2", "6"), 0.0),  # both ends are
        ((None, "4.44"), 0.44),
        (("0.04", "7.96"), None),
        (("1.999", "6.001"), None),
    ],
)
async def test_pictures_are_exact_and_only_the_edges_are_encoded(reel, tmp_path, compared, span, encoded):
    target = tmp_path / "trimmed.mp4"
    result = await cut(reel, target, *span)
    apart = compared(reel, target, result)
    assert apart.max() < 2
    anew = round(result.reencoded_s * 25)
    assert np.count_nonzero(apart) <= anew < len(apart)
    assert np.count_nonzero(apart == 0) >= len(apart) - anew
    assert encoded is None or abs(result.reencoded_s - encoded) < 1e-6
    assert result.reason == ""
    assert probe(target).duration == result.duration


async def test_a_cut_inside_one_group_of_pictures_is_encoded_and_says_so(reel, tmp_path, compared):
    target = tmp_path / "trimmed.mp4"
    result = await cut(reel, target, "2.3", "3.1")
    assert (result.start, result.end) == (Fraction(58, 25), Fraction(78, 25))
    assert compared(reel, target, result).max() < 2
    assert result.reencoded_s == float(result.duration)
    assert "copying could begin" in result.reason


async def test_sound_is_exact_to_the_sample(make, picture, clicks, sound, tmp_path):
    options = ["-c:v", "libx264", "-g", 50, "-c:a", "flac", "-strict", -2]
    source = make("clicks.mp4", *picture(), *clicks, "-t", 6, *options)
    result = await cut(source, tmp_path / "trimmed.mp4", "1.52", "4.6")
    heard = sound(tmp_path / "trimmed.mp4")[:, 0]
    assert len(heard) == round(result.duration * 48000)
    expected = [round((second - result.start) * 48000) for second in (2, 3, 4)]
    for place in expected:
        near = heard[place - 2000 : place + 2000]
        assert abs(int(np.abs(near).argmax()) - 2000) <= 1


async def test_every_sound_track_and_its_language_come_along(make, reel, sound, tmp_path):
    two = make("both.mp4", "-i", reel, *BEEP, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-t", 8, "-c:v", "copy",
               "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu")  # fmt: skip
    target = tmp_path / "trimmed.mp4"
    result = await cut(two, target, "1", "3")
    assert [one.language for one in probe(target).audio] == ["eng", "deu"]
    assert len(sound(target, track=1)) == round(result.duration * 48000)


async def test_five_point_one_stays_five_point_one(make, picture, tmp_path):
    source = make("surround8.mp4", *picture(), "-f", "lavfi", "-i", "anullsrc=cl=5.1:r=48000", "-t", 4, "-c:a", "aac")
    await cut(source, tmp_path / "trimmed.mp4", "1", "2")
    assert probe(tmp_path / "trimmed.mp4").audio[0].channels == 6


async def test_uneven_times_survive(make, picture, tmp_path, compared):
    uneven = ["-vf", "select='mod(n,3)'", "-fps_mode", "vfr", "-c:v", "libx264", "-g", 30]
    source = make("vfr8.mp4", *picture(), *BEEP, "-t", 8, *uneven)
    target = tmp_path / "trimmed.mp4"
    result = await cut(source, target, "1.1", "6.3")
    assert compared(source, target, result).max() < 2
    assert 0 < result.reencoded_s < float(result.duration)


async def test_an_open_group_of_pictures_is_never_copied_into(make, picture, tmp_path, compared):
    options = ["-c:v", "libx264", "-g", 25, "-bf", 3, "-x264-params", "open-gop=1:scenecut=0"]
    source = make("open.mp4", *picture(), *BEEP, "-t", 8, *options)
    target = tmp_path / "trimmed.mp4"
    result = await cut(source, target, "1.4", "6.2")
    assert compared(source, target, result).max() < 3


@pytest.mark.parametrize(
    "kind",
    [
        ("vp8.webm", ["-c:v", "libvpx", "-b:v", "1M", "-g", 50, "-c:a", "libopus"]),
        (
            "vp9.webm",
            ["-c:v", "libvpx-vp9", "-b:v", "1M", "-g", 50, "-deadline", "realtime", "-cpu-used", 8, "-c:a", "libopus"],
        ),
        ("mpeg4.avi", ["-c:v", "mpeg4", "-q:v", 3, "-g", 50, "-c:a", "libmp3lame"]),
        ("hevc.mp4", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-c:a", "aac"]),
        ("avc.mkv", ["-c:v", "libx264", "-g", 50, "-c:a", "aac"]),
        ("avc.ts", ["-c:v", "libx264", "-g", 50, "-c:a", "aac"]),
        ("ten.mp4", ["-c:v", "libx264", "-g", 50, "-pix_fmt", "yuv420p10le", "-c:a", "aac"]),
        ("odd.mp4", ["-vf", "scale=161:121", "-c:v", "libx264", "-pix_fmt", "yuv444p", "-g", 50, "-c:a", "aac"]),
        ("baseline.mp4", ["-c:v", "libx264", "-profile:v", "baseline", "-g", 50, "-c:a", "libmp3lame"]),
    ],
)
async def test_other_kinds_of_video_are_as_exact(make, picture, tmp_path, compared, kind):
    name, options = kind
    source = make(f"kind-{name}", *picture(), *BEEP, "-t", 6, *options)
    target = tmp_path / "trimmed.mp4"
    result = await cut(source, target, "1.2", "4.7")
    assert compared(source, target, result, time_slack=Fraction(1, 500)).max() < 6
    assert result.reencoded_s > 0
    assert probe(target).audio[0].duration == result.duration


async def test_a_turned_film_is_joined_turned(make, reel, tmp_path, compared):
    source = make("turned8.mp4", "-display_rotation", 90, "-i", reel, "-c", "copy")
    target = tmp_path / "trimmed.mp4"
    result = await cut(source, target, "1", "5")
    assert probe(target).video.rotation == 90
    assert compared(source, target, result).max() < 2


async def test_a_trim_that_keeps_no_picture_is_refused(reel, tmp_path):
    with pytest.raises(MediaError) as caught:
        await cut(reel, tmp_path / "trimmed.mp4", "1.01", "1.02")
    assert caught.value.code == "time_out_of_range"
    assert not list(tmp_path.iterdir())


async def test_cancelling_leaves_nothing(reel, tmp_path):
    task = asyncio.create_task(cut(reel, tmp_path / "trimmed.mp4", "1.3", "7.5"))
    await asyncio.sleep(0.15)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("record", [b"", b"\x00\x00\x00\x01g", b"\x01d\x00\x0d\xff\xe1\x00\x50g", b"\x01" * 40])
def test_parameter_sets_in_another_shape_are_not_joined_to(record):
    with pytest.raises(NotJoinable):
        ParameterSets.parse(record)
