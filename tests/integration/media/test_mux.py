"""One MP4 per language: picture untouched, sound as long, every track labelled."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import av
import pytest

from polyreel.errors import MediaError
from polyreel.media.audio import extract
from polyreel.media.mp4 import track_tags
from polyreel.media.mux import AudioTrack, SubtitleTrack, mux
from polyreel.media.probe import probe

BEEP = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\nHola <i>mundo</i>\n\n"
    "2\n00:00:03,000 --> 00:00:04,500\n\u0645\u0631\u062d\u0628\u0627\n"
)


@pytest.fixture
def dub(reel, make):
    """A working track of the reel's length."""
    return make("dub.wav", *BEEP, "-t", 8)


def picture_times(path) -> list[Fraction]:
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return sorted(one.pts * one.time_base for one in packets if one.pts is not None)


def streamhash(tool, path) -> bytes:
    return tool("-i", path, "-map", "0:v:0", "-c", "copy", "-f", "streamhash", "-")


async def test_the_picture_is_bit_for_bit_the_source_and_every_track_is_labelled(reel, dub, tool, tmp_path):
    (tmp_path / "es.srt").write_text(SRT, "utf-8")
    target = tmp_path / "out.mp4"
    result = await mux(
        reel,
        [AudioTrack(dub, "es-419"), AudioTrack(reel, "en-US", title="Original")],
        [SubtitleTrack(tmp_path / "es.srt", "zh-Hant-TW")],
        target,
    )
    assert result.reencoded == ""
    assert streamhash(tool, target) == streamhash(tool, reel)
    assert track_tags(target) == [
        ("vide", "und", ""),
        ("soun", "spa", "es-419"),
        ("soun", "eng", "en-US"),
        ("sbtl", "zho", "zh-Hant-TW"),
    ]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["es.srt", "out.mp4"]


async def test_the_index_stands_in_front_and_every_packet_where_it_says(reel, dub, tool, tmp_path):
    target = tmp_path / "out.mp4"
    await mux(reel, [AudioTrack(dub, "es-ES")], [], target)
    content = target.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content
    assert tool("-i", target, "-map", "0:v", "-map", "0:a", "-f", "null", "-xerror", "-") == b""


async def test_sound_is_as_long_as_the_picture_whatever_its_own_length(reel, make, tmp_path):
    for length in (5, 12):
        target = tmp_path / f"{length}.mp4"
        await mux(reel, [AudioTrack(make(f"dub{length}.wav", *BEEP, "-t", length), "es-ES")], [], target)
        assert abs(probe(target).audio[0].duration - 8) <= Fraction(1, 25)
        assert probe(target).duration == 8


async def test_aac_is_copied_not_encoded_again(reel, dub, tool, tmp_path):
    tool("-i", dub, "-c:a", "aac", tmp_path / "dub.m4a")
    await mux(reel, [AudioTrack(tmp_path / "dub.m4a", "es-ES")], [], tmp_path / "out.mp4")
    sums = [
        tool("-i", tmp_path / name, "-map", "0:a", "-c", "copy", "-f", "streamhash", "-")
        for name in ("dub.m4a", "out.mp4")
    ]
    assert sums[0].split(b"=")[1] == sums[1].split(b"=")[1]


async def test_a_picture_that_starts_late_stays_late(make, reel, dub, tmp_path):
    late = make(
        "late-picture.mkv", "-itsoffset", 0.52, "-i", reel, *BEEP, "-map", "0:v", "-map", "1:a", "-t", 8, "-c:v", "copy"
    )
    start = probe(late).video.start
    assert abs(start - Fraction(52, 100)) < Fraction(3, 100)
    await mux(late, [AudioTrack(dub, "es-ES")], [], tmp_path / "out.mp4")
    assert abs(probe(tmp_path / "out.mp4").video.start - start) < Fraction(1, 500)


async def test_uneven_times_and_turned_pictures_survive(make, picture, reel, dub, tmp_path):
    uneven = make("vfr-mux.mp4", *picture(), *BEEP, "-t", 8, "-vf", "select='mod(n,3)'", "-fps_mode", "vfr")
    await mux(uneven, [AudioTrack(dub, "es-ES")], [], tmp_path / "vfr.mp4")
    assert picture_times(tmp_path / "vfr.mp4") == picture_times(uneven)
    turned = make("turned-mux.mp4", "-display_rotation", 90, "-i", reel, "-c", "copy")
    await mux(turned, [AudioTrack(dub, "es-ES")], [], tmp_path / "turned.mp4")
    assert probe(tmp_path / "turned.mp4").video.rotation == 90


@pytest.mark.parametrize(
    ("name", "codec", "copied"),
    [
        ("vp8.webm", "libvpx", False),
        ("vp9.webm", "libvpx-vp9", True),
        ("xvid.avi", "mpeg4", True),
        ("h265.mkv", "libx265", True),
    ],
)
async def test_other_codecs_are_copied_where_an_mp4_may_hold_them(make, picture, tool, tmp_path, name, codec, copied):
    quick = (
        ["-deadline", "realtime", "-cpu-used", 8] if "vpx" in codec else ["-preset", "ultrafast"] * (codec == "libx265")
    )
    film = make(f"mux-{name}", *picture(), *BEEP, "-t", 2, "-c:v", codec, *quick)
    target = tmp_path / "out.mp4"
    result = await mux(film, [AudioTrack(film, "en-US")], [], target)
    assert (result.reencoded == "") is copied
    assert len(picture_times(target)) == 50
    if not copied:
        assert probe(target).video.codec == "h264"


async def test_an_odd_sized_vp8_becomes_an_even_h264(make, picture, dub, tmp_path):
    film = make(
        "odd.webm", *picture(), *BEEP, "-t", 1, "-vf", "scale=321:241", "-c:v", "libvpx", "-deadline", "realtime"
    )
    await mux(film, [AudioTrack(dub, "es-ES")], [], tmp_path / "out.mp4")
    assert (probe(tmp_path / "out.mp4").video.width, probe(tmp_path / "out.mp4").video.height) == (322, 242)


async def test_subtitles_do_not_show_unasked(reel, dub, tmp_path):
    (tmp_path / "es.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHola\n")
    for default in (False, True):
        target = tmp_path / f"{default}.mp4"
        await mux(
            reel, [AudioTrack(dub, "es-ES")], [SubtitleTrack(tmp_path / "es.vtt", "es-ES", default=default)], target
        )
        with av.open(str(target)) as container:
            assert bool(container.streams.subtitles[0].disposition & av.stream.Disposition.default) is default


async def test_hostile_titles_stay_titles(reel, dub, tmp_path):
    title = "a=b;[0:v]null\x00\x1f-y /etc/passwd\n"
    await mux(reel, [AudioTrack(dub, "es-ES", title=title)], [], tmp_path / "out.mp4")
    assert len(probe(tmp_path / "out.mp4").audio) == 1


async def test_what_cannot_be_put_in_is_named(make, reel, dub, tmp_path):
    for video, tracks, texts in (
        (dub, [AudioTrack(dub, "es-ES")], []),
        (reel, [AudioTrack(dub, "es-ES", track=1)], []),
        (reel, [AudioTrack(dub, "es-ES")], [SubtitleTrack(tmp_path / "x.ass", "es-ES")]),
    ):
        with pytest.raises(MediaError):
            await mux(video, tracks, texts, tmp_path / "out.mp4")
    assert not list(tmp_path.iterdir())


async def test_cancelling_leaves_nothing(make, picture, reel, tmp_path):
    long = make("long-dub.wav", *BEEP, "-t", 900)
    film = make("long.mp4", "-stream_loop", 100, "-i", reel, "-map", "0:v", "-c", "copy")
    task = asyncio.create_task(mux(film, [AudioTrack(long, "es-ES")], [], tmp_path / "out.mp4"))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list(tmp_path.iterdir())


async def test_a_delayed_original_becomes_a_track_in_time(make, reel, tmp_path):
    film = make(
        "delayed.mkv", "-i", reel, "-itsoffset", 1.5, "-i", reel, "-map", "0:v", "-map", "1:a", "-t", 8, "-c", "copy"
    )
    await mux(film, [AudioTrack(film, "en-US")], [], tmp_path / "out.mp4")
    await extract(tmp_path / "out.mp4", tmp_path / "out.wav", probe(tmp_path / "out.mp4"))
    assert probe(tmp_path / "out.mp4").audio[0].start == 0
    assert abs(probe(tmp_path / "out.wav").duration - 8) < Fraction(1, 10)
