"""What is in a file, and what is refused by name."""

from __future__ import annotations

import os
import resource
import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path

import pytest

from polyreel.errors import MediaError
from polyreel.media.limits import check_source, check_trim
from polyreel.media.probe import probe

BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]


def refusal(path: Path, **limits: object) -> str:
    with pytest.raises(MediaError) as caught:
        check_source(probe(path), **limits)
    assert caught.value.remedy
    assert caught.value.where
    return caught.value.code


def test_a_reel_is_described_exactly(reel):
    info = probe(reel)
    assert info.duration == 8
    assert (info.video.codec, info.video.width, info.video.height) == ("h264", 160, 120)
    assert (info.video.frame_rate, info.video.frames, info.video.is_vfr) == (25, 200, False)
    assert (info.audio[0].codec, info.audio[0].channels, info.audio[0].sample_rate) == ("aac", 1, 48000)
    assert info.samples(48000) == 384000
    check_source(info)


def test_sound_alone_is_a_reel_too(make):
    found = probe(make("only.m4a", *BEEP, "-t", 1))
    check_source(found)
    assert (found.video, found.duration, found.cover) == (None, 1, None)


def test_a_cover_picture_is_no_film(make, tool, picture):
    cover = make("cover.png", *picture(), "-frames:v", 1)
    song = make(
        "song.m4a", *BEEP, "-i", cover, "-map", 0, "-map", 1, "-t", 1, "-c:v", "png", "-disposition:v", "attached_pic"
    )
    found = probe(song)
    check_source(found)
    assert found.video is None
    assert found.cover
    assert (found.cover.codec, found.cover.width) == ("png", 160)


def test_a_silent_film_is_refused(make, picture):
    assert refusal(make("silent.mp4", *picture(), "-t", 1)) == "missing_audio_track"


def test_a_film_over_the_limits_is_refused(reel):
    assert refusal(reel, max_bytes=1000) == "video_size_limit_reached"
    assert refusal(reel, size=10, max_bytes=9) == "video_size_limit_reached"
    assert refusal(reel, max_duration_s=7.5) == "video_duration_limit_reached"


@pytest.mark.parametrize(
    ("start", "end"),
    [(Fraction(9), None), (None, Fraction(0)), (Fraction(3), Fraction(2)), (Fraction(-1), None), (None, Fraction(99))],
)
def test_a_trim_outside_the_film_is_refused(reel, start, end):
    with pytest.raises(MediaError) as caught:
        check_trim(probe(reel), start, end)
    assert caught.value.code == "time_out_of_range"


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif"])
def test_a_picture_renamed_is_refused(make, picture, tmp_path, suffix):
    still = make(f"still.{suffix}", *picture(), "-frames:v", 1)
    renamed = tmp_path / "upload.mp4"
    renamed.write_bytes(still.read_bytes())
    assert refusal(renamed) == "unsupported_media"


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:8,\nfile:{path}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{path}'\n",
        '<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{path}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
    ],
)
def test_a_playlist_renamed_is_refused_and_not_followed(reel, tmp_path, playlist):
    secret = tmp_path / "other-job.mp4"
    secret.write_bytes(reel.read_bytes())
    os.utime(secret, (1, 1))
    upload = tmp_path / "upload.mp4"
    upload.write_text(playlist.format(path=secret))
    assert refusal(upload) == "unsupported_media"
    with pytest.raises(MediaError, match="playlist"):
        probe(upload)
    assert secret.stat().st_atime == 1


@pytest.mark.parametrize("content", [b"", b"just text\n" * 50, b"\0" * 5000, bytes(range(256)) * 40])
def test_what_is_not_media_is_refused(tmp_path, content):
    upload = tmp_path / "upload.mp4"
    upload.write_bytes(content)
    assert refusal(upload) == "unsupported_media"


def test_a_missing_file_says_so(tmp_path):
    assert refusal(tmp_path / "nowhere.mp4") == "invalid_input"


def test_a_truncated_film_without_its_index_is_refused(reel, tmp_path):
    upload = tmp_path / "upload.mp4"
    upload.write_bytes(reel.read_bytes()[:20000])
    assert refusal(upload) == "unsupported_media"


def huge_picture(path: Path) -> None:
    """A PNG of 60000 x 60000 black pixels in a few KB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = zlib.compress(bytes(60001) * 200, 9)
    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b""))


def test_a_huge_picture_takes_no_memory(tmp_path):
    upload = tmp_path / "upload.mp4"
    huge_picture(upload)
    code = (
        "import resource, sys; from pathlib import Path; from polyreel.media.probe import probe\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: probe(Path(sys.argv[1]))\n"
        "except Exception as error: print(error.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, upload], capture_output=True, text=True, check=True)
    reason, grown_kb = done.stdout.split()
    assert reason == "unsupported_media"
    assert int(grown_kb) < 50_000


def test_a_huge_picture_inside_a_film_takes_no_memory_either(make, picture, tmp_path):
    film = make("png.mkv", *picture(), *BEEP, "-t", 1, "-c:v", "png")
    upload = tmp_path / "upload.mkv"
    small, huge = (b"IHDR" + struct.pack(">II", *size) for size in ((160, 120), (60000, 60000)))
    assert small in film.read_bytes()
    upload.write_bytes(film.read_bytes().replace(small, huge))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(upload) == "unsupported_media"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_sound_in_five_point_one_is_seen(make, picture):
    film = make("surround.mp4", *picture(), "-f", "lavfi", "-i", "anullsrc=cl=5.1:r=48000", "-t", 1, "-c:a", "aac")
    assert (probe(film).audio[0].channels, probe(film).audio[0].layout) == (6, "5.1")


def test_uneven_frame_times_are_seen(make, picture):
    uneven = ["-vf", "select='mod(n,3)'", "-fps_mode", "vfr"]
    film = make("vfr.mp4", *picture(), *BEEP, "-t", 3, *uneven)
    assert probe(film).video.is_vfr


@pytest.mark.parametrize("name", ["plain.webm", "plain.mkv", "plain.avi", "plain.ts", "plain.mov", "plain.flv"])
def test_usual_containers_are_read_to_their_length(make, picture, name):
    codecs = ["-c:v", "libvpx", "-c:a", "libopus"] if name.endswith("webm") else ["-c:v", "libx264", "-c:a", "aac"]
    info = probe(make(name, *picture(), *BEEP, "-t", 2, *codecs))
    assert abs(info.duration - 2) <= Fraction(1, 25)
    check_source(info)


def test_mp3_in_mp4_and_odd_sizes_are_read(make, picture):
    film = make(
        "odd.mp4", *picture(), *BEEP, "-t", 1, "-vf", "scale=321:241", "-pix_fmt", "yuv444p", "-c:a", "libmp3lame"
    )
    info = probe(film)
    assert (info.video.width, info.video.height, info.audio[0].codec) == (321, 241, "mp3")


def test_a_turned_picture_is_seen(make, reel):
    assert probe(make("turned.mp4", "-display_rotation", 90, "-i", reel, "-c", "copy")).video.rotation == 90


def test_a_late_sound_track_and_its_language_are_seen(make, reel):
    film = make(
        "late.mkv",
        "-i",
        reel,
        "-itsoffset",
        1.5,
        "-i",
        reel,
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
        "-metadata:s:a:0",
        "language=spa",
    )
    audio = probe(film).audio[0]
    assert abs(audio.start - Fraction(3, 2)) < Fraction(1, 20)
    assert audio.language == "spa"


def test_two_sound_tracks_are_seen_in_order(make, reel):
    film = make(
        "two.mp4",
        "-i",
        reel,
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-map",
        "0:a",
        "-c",
        "copy",
        "-metadata:s:a:1",
        "language=deu",
    )
    assert [one.language for one in probe(film).audio] == ["", "deu"]
