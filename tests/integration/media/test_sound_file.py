"""Dubs without a picture as files: M4A, MP3 and Broadcast Wave, with what the source says of itself."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from polyreel.errors import MediaError
from polyreel.media.audio import measure_loudness
from polyreel.media.binaries import ffmpeg
from polyreel.media.limits import check_source
from polyreel.media.mp4 import Mark, track_tags
from polyreel.media.probe import probe
from polyreel.media.sound_file import (
    SOUND_CONTAINERS,
    SoundLabel,
    container_like,
    cut_sound,
    note_not_carried,
    write_sound_file,
)
from polyreel.media.tracks import note_left_out

LABELS = """;FFMETADATA1
title=Harbour\\; one\\=two
artist=Ana
album=The Sea
lyrics=la la
[CHAPTER]
TIMEBASE=1/1000
START=0
END=4000
title=Intro
[CHAPTER]
TIMEBASE=1/1000
START=4000
END=10000
title=Der große Rest
"""
CHAPTERS = [Mark(0, "Intro"), Mark(4000, "Der große Rest; zwei=2")]


def tool(*arguments: object) -> None:
    subprocess.run([str(ffmpeg()), "-v", "error", "-y", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP3 of 10 s with tags, a cover and two chapters; beside it a dub as AAC and as PCM."""
    folder = tmp_path_factory.mktemp("episode")
    (folder / "labels").write_text(LABELS, "utf-8")
    tool("-f", "lavfi", "-i", "color=red:s=300x300", "-frames:v", 1, folder / "cover.jpg")
    inputs = ("-f", "lavfi", "-i", "sine=f=300:r=44100:d=10", "-i", folder / "cover.jpg", "-i", folder / "labels")
    maps = (
        "-map",
        0,
        "-map",
        1,
        "-map_metadata",
        2,
        "-map_chapters",
        2,
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    )
    tool(*inputs, *maps, "-c:a", "libmp3lame", "-b:a", "64k", folder / "episode.mp3")
    for name, codec in (("dub.m4a", "aac"), ("dub.wav", "pcm_s24le")):
        tool("-f", "lavfi", "-i", "sine=f=500:r=48000:d=10", "-c:a", codec, folder / name)
    return folder / "episode.mp3"


@pytest.mark.parametrize("container", SOUND_CONTAINERS)
async def test_a_dub_says_what_its_source_says(episode: Path, tmp_path: Path, container: str) -> None:
    """As much of it as the container holds; what it does not hold is named before."""
    source = probe(episode)
    check_source(source)
    target = tmp_path / f"dub.{container}"
    label = SoundLabel("es-ES", 10_000, source, CHAPTERS, start_samples=48_000 * 3600)
    await write_sound_file(episode.with_name("dub.m4a"), episode.with_name("dub.wav"), target, label)
    made = probe(target)
    tags, kept = dict(made.tags), container != "wav"
    assert made.video is None
    assert abs(made.duration - 10) < Fraction(1, 1000)
    assert {name: tags[name] for name in ("title", "artist", "album")} == {
        "title": "Harbour; one=two",
        "artist": "Ana",
        "album": "The Sea",
    }
    assert "lyrics" not in tags
    assert [(each.start, each.title) for each in made.chapters] == (
        [(Fraction(0), "Intro"), (Fraction(4), "Der große Rest; zwei=2")] if kept else []
    )
    assert (made.cover is not None) == kept
    # The track of QuickTime's chapters is theirs, and not one that a dub of this file would leave out.
    assert note_left_out(made, script_is_embedded=False) == ()
    assert any("lyrics" in note for note in note_not_carried(source, container))
    assert len(note_not_carried(source, container)) == (1 if kept else 3)
    if container == "m4a":
        assert track_tags(target)[0] == ("soun", "spa", "es-ES")
    else:
        assert tags["language"] == "spa"
    if container == "wav":
        assert made.audio[0].codec == "pcm_s24le"
        assert tags["time_reference"] == str(48_000 * 3600)


@pytest.mark.parametrize("channels", ["mono|FC=c0", "stereo|FL=c0|FR=c0", "5.1|FC=c0|FL=0.1*c0|FR=0.1*c0"])
async def test_an_mp3_is_as_loud_as_its_mix(episode: Path, tmp_path: Path, channels: str) -> None:
    """Of 5.1, where the voice is in the centre, too; and LAME's own softening is made up for."""
    mix = tmp_path / "mix.wav"
    spread = f"volume=12dB,aformat=channel_layouts=mono,pan={channels}"
    tool("-f", "lavfi", "-i", "sine=f=500:r=48000:d=10", "-af", spread, "-c:a", "pcm_s24le", mix)
    label = SoundLabel("es-ES", 10_000, probe(episode), CHAPTERS)
    await write_sound_file(mix, mix, tmp_path / "dub.mp3", label)
    wanted, made = await measure_loudness(mix), await measure_loudness(tmp_path / "dub.mp3")
    assert abs(made.integrated_lufs - wanted.integrated_lufs) <= 0.1
    assert made.true_peak_dbtp <= -1


def test_a_default_container_is_like_the_source(episode: Path, tmp_path: Path) -> None:
    found = {}
    for name, codec in {"a.flac": "flac", "a.ogg": "libopus", "a.aiff": "pcm_s16be", "a.m4a": "aac"}.items():
        tool("-i", episode, "-vn", "-c:a", codec, tmp_path / name)
        check_source(probe(tmp_path / name))
        found[name] = container_like(probe(tmp_path / name))
    assert found == {"a.flac": "wav", "a.ogg": "m4a", "a.aiff": "wav", "a.m4a": "m4a"}
    assert container_like(probe(episode)) == "mp3"


def test_a_download_that_broke_off_is_as_long_as_what_is_there(episode: Path, tmp_path: Path) -> None:
    """An MP3's header says how long it was meant to be; its bitrate alone says anything."""
    whole = episode.read_bytes()
    (tmp_path / "half.mp3").write_bytes(whole[: len(whole) // 2])
    found = probe(tmp_path / "half.mp3")
    assert 3 < found.duration < 7
    assert found.audio[0].duration == found.duration


async def test_sound_is_cut_to_the_sample(episode: Path, tmp_path: Path) -> None:
    info = probe(episode)
    await cut_sound(info, tmp_path / "cut.m4a", 0, Fraction(5, 2), Fraction(6))
    assert probe(tmp_path / "cut.m4a").duration == Fraction(7, 2)
    with pytest.raises(MediaError, match="not inside"):
        await cut_sound(info, tmp_path / "cut.m4a", 0, Fraction(20), None)


def test_sound_of_no_length_is_refused(episode: Path) -> None:
    with pytest.raises(MediaError, match="no length"):
        check_source(replace(probe(episode), duration=Fraction(0)))
