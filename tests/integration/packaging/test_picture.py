"""The picture of a package: upright, in a codec that players know, and never the reason why a language stays behind."""

from __future__ import annotations

import numpy as np
import pytest

from polyreel.media.probe import probe
from polyreel.packaging.picture import encode_for_package, explain_encoding
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import package

BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
TURNED = ["-display_rotation", "90"]
MIRRORED = ["-display_hflip"]


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("part2.avi", ["-c:v", "mpeg4"], "mpeg4"),
        ("fields.mp4", ["-c:v", "libx264", "-flags", "+ilme+ildct", "-vf", "setfield=tff"], "deinterlace"),
        ("fine.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv444p"], "4:4:4"),
        ("deep.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p10le"], "10-bit H.264"),
    ],
)
async def test_a_picture_that_players_would_not_show_is_encoded_for_the_package(
    make, picture, tmp_path, name, options, reason
):
    film = make(f"package-{name}", *picture(), *BEEP, "-t", 3, *options, "-c:a", "aac")
    assert reason in explain_encoding(probe(film).video)
    await encode_for_package(probe(film), tmp_path / "picture.mp4")
    shown = probe(tmp_path / "picture.mp4").video
    assert explain_encoding(shown) == ""
    assert shown.frames == 75
    await package([tmp_path / "picture.mp4"], [Rendition(film_sound(make, picture), "es-ES")], [], tmp_path, ["hls"])


def film_sound(make, picture):
    return make("sound.m4a", *BEEP, "-t", 3, "-c:a", "aac")


@pytest.mark.parametrize(("how", "size"), [(TURNED, (120, 160)), (MIRRORED, (160, 120))])
async def test_a_turned_or_mirrored_picture_is_upright_in_every_package(make, reel, frames, tmp_path, how, size):
    film = make(f"turned{len(how)}.mp4", *how, "-i", reel, "-c", "copy", "-t", 2)
    assert "can't turn" in explain_encoding(probe(film).video)
    await encode_for_package(probe(film), tmp_path / "picture.mp4")
    sound = Rendition(make("sound.m4a", *BEEP, "-t", 3, "-c:a", "aac"), "es-ES")
    await package([tmp_path / "picture.mp4"], [sound], [], tmp_path, ["hls", "dash"])
    upright = frames(film, *size)
    shown = frames(tmp_path / "hls" / "main.m3u8", *size)
    assert probe(tmp_path / "hls" / "video.mp4").video.width == size[0]
    assert np.abs(shown[:20].astype(int) - upright[:20]).mean() < 8


@pytest.mark.parametrize("codec", [["libx264"], ["libx265", "-pix_fmt", "yuv420p10le"], ["libsvtav1", "-preset", "12"]])
def test_what_players_know_is_taken_as_it_is(make, picture, codec):
    film = make(f"known-{codec[0]}.mp4", *picture(), *BEEP, "-t", 1, "-c:v", *codec, "-c:a", "aac")
    assert explain_encoding(probe(film).video) == ""
