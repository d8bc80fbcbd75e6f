"""A picture with new times: every picture is there, unchanged, and shown when it is due."""

from __future__ import annotations

import av
import numpy as np
import pytest

from polyreel.media.probe import probe
from polyreel.media.retime import retime_picture
from polyreel.outcome import PictureYield
from polyreel.retiming import picture_at, sum_added_ms

PQ = "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc:range=tv"
YIELDS = (
    PictureYield(start_ms=400, end_ms=1200, slow_ms=200, hold_at_ms=1200, line_ms=400),
    PictureYield(start_ms=2000, end_ms=3000, slow_ms=250, hold_ms=500, hold_at_ms=2595, line_ms=2000),
    PictureYield(start_ms=3500, end_ms=4000, hold_ms=300, hold_at_ms=3595, line_ms=3500),
)


def shown(path) -> list[float]:
    """When each picture is shown, in seconds."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        return sorted(float(packet.pts * stream.time_base) for packet in film.demux(stream) if packet.pts is not None)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("b-frames.mp4", ["-c:v", "libx264", "-bf", "3", "-g", "50"], "yuv420p"),
        ("deep.mkv", ["-vf", PQ, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"], "yuv420p10le"),
        ("ntsc.mov", ["-c:v", "libx264", "-r", "30000/1001"], "yuv420p"),
    ],
)
async def test_pictures_are_copied_and_shown_when_they_are_due(make, picture, frames, tmp_path, name, options, says):
    film = make(f"retimed-{name}", *picture("320x180"), "-t", 4, *options)
    await retime_picture(film, tmp_path / "slow.mp4", YIELDS)
    before, after = shown(film), shown(tmp_path / "slow.mp4")
    at = picture_at(YIELDS)
    assert len(after) == len(before)
    expected = [at(round(1000 * each)) / 1000 for each in before]
    assert np.abs(np.subtract(after, expected)).max() < 0.002
    assert max(np.diff(after)) == pytest.approx(0.5 + max(np.diff(before)) * 1.25, abs=0.011)
    assert np.array_equal(frames(tmp_path / "slow.mp4", 160, 90), frames(film, 160, 90))
    info, made = probe(film), probe(tmp_path / "slow.mp4")
    assert float(made.duration - info.duration) == pytest.approx(sum_added_ms(YIELDS) / 1000, abs=0.045)
    with av.open(str(film)) as one, av.open(str(tmp_path / "slow.mp4")) as other:
        assert says in other.streams.video[0].format.name
        assert one.streams.video[0].codec_context.color_trc == other.streams.video[0].codec_context.color_trc
