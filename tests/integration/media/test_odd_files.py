"""Odd files: what is read all the same, and what is refused in words that say what to do."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from polyreel.errors import MediaError
from polyreel.media.limits import check_sound, check_source
from polyreel.media.probe import probe
from polyreel.media.tracks import note_left_out

BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]


@pytest.mark.parametrize(
    ("name", "still"),
    [("first.mkv", "mjpeg"), ("first.mp4", "mjpeg"), ("first.mov", "png"), ("rare.mkv", "mjpeg")],
)
def test_a_thumbnail_that_does_not_say_so_is_not_the_film(make, picture, name, still):
    """Also a track of thumbnails, one a second, that stands first."""
    cover = make("thumb.png", *picture("64x64"), "-frames:v", 1)
    small = ["-f", "lavfi", "-i", "testsrc2=s=64x64:r=1"] if name == "rare.mkv" else ["-i", cover]
    inputs = [*small, *picture(), *BEEP]
    mapped = ["-map", "0:v", "-map", "1:v", "-map", "2:a", "-c:v:0", still, "-c:v:1", "libx264", "-c:a", "aac"]
    film = make(f"thumb-{name}", *inputs, *mapped, "-t", 2)
    info = probe(film)
    assert (info.video.codec, info.video.width, info.other_pictures) == ("h264", 160, 1)
    check_source(info)


def test_one_picture_under_sound_is_called_that(make, picture):
    cover = make("thumb.png", *picture("64x64"), "-frames:v", 1)
    for name in ("one.mp4", "one.mkv", "one.mov"):
        film = make(name, "-i", cover, *BEEP, "-t", 3, "-c:v", "libx264", "-c:a", "aac")
        with pytest.raises(MediaError, match=r"one picture under 3\.0 s of sound") as refused:
            check_source(probe(film))
        assert "-loop 1" in refused.value.remedy


def test_a_film_that_was_trimmed_to_nothing_is_not_called_a_still_picture(make, reel):
    """Nobody would take its sound alone, or make a video as long as that."""
    film = make("nothing.mov", "-i", reel, "-t", "0.0001", "-c:v", "libx264", "-c:a", "aac")
    with pytest.raises(
        MediaError, match="one picture: it was cut off at its beginning, or trimmed to nothing"
    ) as refused:
        check_source(probe(film))
    assert "still" not in str(refused.value)


def test_sound_that_no_decoder_understands_is_refused_with_a_remedy(make, picture, tmp_path):
    """Damage: every packet of the sound is overwritten, while the picture is whole."""
    film = make("two.mkv", *picture(), *BEEP, "-t", 2, "-c:v", "libx264", "-c:a", "ac3")
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(film.read_bytes().replace(b"\x0b\x77", b"\x55\x55"))
    info = probe(damaged)
    check_source(info)
    with pytest.raises(MediaError, match="can't be decoded") as refused:
        check_sound(info, 0)
    assert "AAC or PCM" in refused.value.remedy
    check_sound(probe(film), 0)


def test_sound_of_an_unknown_kind_is_refused_by_name_and_another_track_is_offered(make, reel, tmp_path):
    film = make("twice.mp4", "-i", reel, "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy")
    content = film.read_bytes()
    at = content.index(b"mp4a")
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(content[:at] + b"xyz4" + content[at + 4 :].replace(b"esds", b"skip", 1))
    info = probe(odd)
    with pytest.raises(MediaError, match="no decoder here knows") as refused:
        check_sound(info, 0)
    assert "`source.audio_track` (1)" in refused.value.remedy
    check_sound(info, 1)


def test_sound_of_no_length_is_refused_by_name(make, reel, tool, tmp_path):
    """A sound track that is announced and never comes, as a recorder leaves it whose microphone was off."""
    for name in ("empty.mp4", "empty.mkv", "empty.ts"):
        film = tmp_path / name
        tool("-i", reel, "-c", "copy", "-bsf:a", "noise=drop=1", film)
        info = probe(film)
        if not info.audio:
            assert refuse(info) == "missing_audio_track"
            continue
        with pytest.raises(MediaError, match="of no length"):
            check_sound(info, 0)


def refuse(info) -> str:
    with pytest.raises(MediaError) as refused:
        check_source(info)
    return refused.value.code


def with_length(film: Path, target: Path) -> Path:
    """The same MP4 whose headers say that it lasts 10^9 seconds."""
    content = bytearray(film.read_bytes())
    for kind, scale_at, size in ((b"mvhd", 16, 4), (b"mdhd", 16, 4)):
        at = -1
        while (at := content.find(kind, at + 1)) >= 0:
            content[at + scale_at : at + scale_at + 4] = struct.pack(">I", 1)
            content[at + scale_at + 4 : at + scale_at + 4 + size] = struct.pack(">I", 1_000_000_000)
    target.write_bytes(content)
    return target


def test_a_film_that_says_it_lasts_for_ever_is_refused_by_name(reel, make, picture, tmp_path):
    with pytest.raises(MediaError, match="says that it lasts") as refused:
        check_source(probe(with_length(reel, tmp_path / "long.mp4")))
    assert "-c copy" in refused.value.remedy
    film = make("plain-long.mkv", *picture(), *BEEP, "-t", 2, "-c:v", "libx264", "-c:a", "aac").read_bytes()
    at = film.index(bytes.fromhex("448988"))
    (tmp_path / "long.mkv").write_bytes(film[: at + 3] + struct.pack(">d", 1e12) + film[at + 11 :])
    with pytest.raises(MediaError, match="says that it lasts"):
        check_source(probe(tmp_path / "long.mkv"))


def ebml(kind: str, content: bytes) -> bytes:
    return bytes.fromhex(kind) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def attach(film: Path, target: Path, each: int, count: int, together: bool) -> None:
    """Put attachments behind a Matroska's tracks, as muxers do, without writing what they hold (sparse)."""
    content = film.read_bytes()
    cluster = content.index(bytes.fromhex("1f43b675"))
    described = b"".join(
        ebml(kind, value) for kind, value in (("466e", b"f.ttf"), ("4660", b"font/ttf"), ("46ae", b"1"))
    )
    head = described + bytes.fromhex("465c") + (each | 1 << 56).to_bytes(8, "big")
    one = bytes.fromhex("61a7") + (len(head) + each | 1 << 56).to_bytes(8, "big") + head
    length = len(one) + each
    with target.open("wb") as file:
        file.write(content[:cluster])
        for place in range(count):
            if not together or place == 0:
                inside = length * (count if together else 1)
                file.write(bytes.fromhex("1941a469") + (inside | 1 << 56).to_bytes(8, "big"))
            file.write(one)
            file.seek(each, 1)
        file.write(content[cluster:])


@pytest.mark.parametrize("together", [True, False])
def test_attachments_of_two_gigabytes_take_no_memory(make, picture, tmp_path, together):
    live = ["-c:v", "libx264", "-c:a", "aac", "-f", "matroska", "-live", "1"]
    film = make("bare.mkv", *picture(), *BEEP, "-t", 2, *live)
    heavy = tmp_path / "heavy.mkv"
    attach(film, heavy, 240 << 20, 8, together)
    code = (
        "import sys; from pathlib import Path; from polyreel.media.probe import probe\n"
        "from polyreel.media.limits import check_source\n"
        "info = probe(Path(sys.argv[1])); check_source(info)\n"
        # Not getrusage: its peak is, after an exec, at least that of the process that forked.
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]\n"
        "print(info.video.codec, float(info.duration), peak)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, heavy], capture_output=True, text=True, check=True)
    codec, seconds, most_kb = done.stdout.split()
    assert codec == "h264"
    assert abs(float(seconds) - 2) < 0.1
    assert int(most_kb) < 400_000


@pytest.mark.parametrize(("name", "options"), [("half.mp4", ["-movflags", "+faststart"]), ("half.mkv", [])])
def test_a_film_that_breaks_off_is_as_long_as_what_is_there(make, picture, tmp_path, name, options):
    """As an upload leaves it that was not finished: its header still promises the rest."""
    film = make(f"whole-{name}", *picture(), *BEEP, "-t", 6, "-c:v", "libx264", "-g", 25, "-c:a", "aac", *options)
    assert note_left_out(probe(film), False) == ()
    half = tmp_path / name
    half.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    info = probe(half)
    assert 1 < info.duration < 5
    (note,) = note_left_out(info, False)
    assert "lasts 6.0 s, but breaks off at" in note
