"""The picture as it was: what is copied, and what an encoded picture keeps of its source."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from polyreel.media.binaries import ffmpeg
from polyreel.media.mux import AudioTrack, mux
from polyreel.media.probe import probe
from polyreel.media.trim import trim

SECOND = Fraction(1)
BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
PQ = "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc:range=tv"
HLG = PQ.replace("smpte2084", "arib-std-b67")
INTERLACED = "scroll=horizontal=0.02,tinterlace=interleave_top,setfield=tff"
DEEP = "yuv420p10le(tv, bt2020nc/bt2020/"
FINE = DEEP.replace("420", "422")
AV1 = ["-c:v", "libsvtav1", "-preset", "12", "-g", "25"]


def describe(tool, path) -> str:
    """ffmpeg's own line about a file's picture."""
    printed = subprocess.run(
        [str(ffmpeg()), "-hide_banner", "-i", path], capture_output=True, text=True, check=False
    ).stderr
    return next(line for line in printed.splitlines() if "Video:" in line)


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("av1.mkv", [*AV1, "-c:a", "libopus"], "av1"),
        ("av1.mp4", [*AV1, "-pix_fmt", "yuv420p10le", "-c:a", "aac"], "av1"),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"], "vp9"),
    ],
)
async def test_a_codec_is_known_by_its_own_name_and_copied(make, picture, frames, tmp_path, name, options, codec):
    film = make(f"named-{name}", *picture(), *BEEP, "-t", 2, *options)
    assert probe(film).video.codec == codec
    done = await trim(film, tmp_path / "whole.mp4", probe(film), None, None)
    assert (done.reason, done.reencoded_s) == ("", 0.0)
    made = await mux(film, [AudioTrack(film, "es-ES")], [], tmp_path / "muxed.mp4")
    assert made.reencoded == ""
    for copy in ("whole.mp4", "muxed.mp4"):
        assert np.array_equal(frames(tmp_path / copy, 160, 120), frames(film, 160, 120))


@pytest.mark.parametrize(
    ("name", "curve", "options", "expected"),
    [
        ("pq.mp4", PQ, ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"], DEEP + "smpte2084"),
        ("hlg.mov", HLG, ["-c:v", "prores_ks", "-profile:v", "3", "-pix_fmt", "yuv422p10le"], FINE + "arib"),
        ("av1.mp4", PQ, [*AV1, "-pix_fmt", "yuv420p10le"], DEEP + "smpte2084"),
        ("ten.mkv", "null", ["-c:v", "ffv1", "-pix_fmt", "yuv420p10le"], "yuv420p10le"),
    ],
)  # fmt: skip
async def test_ten_bits_stay_ten_and_tags_stay_true(make, tool, picture, tmp_path, name, curve, options, expected):
    film = make(f"deep-{name}", *picture("320x180"), *BEEP, "-t", 2, "-vf", curve, *options, "-c:a", "aac")
    done = await trim(film, tmp_path / "part.mp4", probe(film), SECOND / 2, 3 * SECOND / 2)
    assert done.reason
    assert done.encoding.startswith("as 10-bit HEVC")
    line = describe(tool, tmp_path / "part.mp4")
    assert "Video: hevc" in line
    assert expected in line
    made = probe(tmp_path / "part.mp4").video
    assert (made.frames, made.hdr) == (25, probe(film).video.hdr)


async def test_what_eight_bits_lose_of_colour_is_said(make, picture, tmp_path):
    film = make("fine.mkv", *picture(), *BEEP, "-t", 1, "-c:v", "ffv1", "-pix_fmt", "yuv422p", "-c:a", "aac")
    done = await trim(film, tmp_path / "part.mp4", probe(film), None, None)
    assert "4:2:2 became 4:2:0" in done.encoding
    assert probe(tmp_path / "part.mp4").video.pixel_format == "yuv420p"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fields.mpg", ["-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-c:a", "mp2"]),
        ("fields.mxf", ["-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-pix_fmt", "yuv422p", "-c:a", "pcm_s16le"]),
        ("fields.mov", ["-c:v", "mjpeg", "-q:v", "3", "-field_order", "tt", "-c:a", "pcm_s16le"]),
    ],
)
async def test_interlaced_pictures_that_are_encoded_are_made_progressive(make, tool, picture, tmp_path, name, options):
    film = make(name, *picture("720x576", 50), *BEEP, "-t", 1, "-vf", INTERLACED, *options)
    assert probe(film).video.fields
    done = await trim(film, tmp_path / "whole.mp4", probe(film), None, None)
    assert "made progressive" in done.encoding
    assert "progressive" in describe(tool, tmp_path / "whole.mp4")
    seen, before = combing(tool, tmp_path / "whole.mp4"), combing(tool, film)
    assert seen < before / 2


def combing(tool, path) -> float:
    """How much neighbouring lines differ beyond what lines two apart do: the teeth of two moments in one picture."""
    raw = tool("-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    shown = np.frombuffer(raw, np.uint8).reshape(-1, 576, 720).astype(np.float32)
    near = np.abs(np.diff(shown, axis=1)).mean()
    far = np.abs(shown[:, 2:] - shown[:, :-2]).mean()
    return float(near / far)


async def test_the_edges_of_an_interlaced_film_are_interlaced_as_its_middle_is(make, tool, picture, tmp_path):
    coded = ["-c:v", "libx264", "-flags", "+ilme+ildct", "-g", "6", "-bf", "0", "-c:a", "aac"]
    film = make("fields.mp4", *picture("320x240"), *BEEP, "-t", 3, "-vf", INTERLACED, *coded)
    done = await trim(film, tmp_path / "part.mp4", probe(film), Fraction(3, 10), Fraction(5, 2))
    assert 0 < done.reencoded_s < float(done.duration)
    raw = tool("-i", tmp_path / "part.mp4", "-vf", "showinfo", "-f", "null", "-")
    assert raw == b""
    assert interlaced_pictures(tmp_path / "part.mp4") == probe(tmp_path / "part.mp4").video.frames


def interlaced_pictures(path) -> int:
    with av.open(str(path)) as container:
        return sum(frame.interlaced_frame for frame in container.decode(video=0))


async def test_a_film_without_an_index_is_cut_where_it_was_asked(make, picture, tmp_path):
    """FLV as a stream leaves it can't be searched: length, cut and sound come from reading it through."""
    sound = ["-f", "lavfi", "-i", "sine=f=440:r=44100"]
    coded = ["-c:v", "libx264", "-g", "12", "-flvflags", "no_duration_filesize+no_metadata", "-c:a", "aac"]
    old = ["-c:v", "flv", "-flvflags", "no_duration_filesize", "-c:a", "libmp3lame"]
    for name, options in (("stream.flv", coded), ("old.flv", old)):
        film = make(name, *picture(), *sound, "-t", 3, *options)
        info = probe(film)
        assert abs(info.video.duration - 3) <= Fraction(1, 25)
        done = await trim(film, tmp_path / f"{name}.mp4", info, SECOND, 2 * SECOND)
        made = probe(tmp_path / f"{name}.mp4")
        assert (made.video.frames, done.duration) == (25, 1)
        assert abs(made.audio[0].duration - 1) < Fraction(1, 20)
