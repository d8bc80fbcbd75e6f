"""Masters: one film with every sound and text, each labelled, its picture copied."""

from __future__ import annotations

import re

import av
import pytest
from av.stream import Disposition

from polyreel.media.mp4 import Mark, track_tags
from polyreel.media.mux import mux
from polyreel.media.probe import probe
from polyreel.packaging.films import Film, write_mkv, write_mp4
from polyreel.packaging.roles import Rendition

VTT = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ana>Hola\n\n00:02.000 --> 00:04.000\n<v Luis>¿Qué tal?\n"
CHAPTERS = [Mark(0, "Uno"), Mark(4000, "Dos")]


@pytest.fixture
async def film(reel, tool, tmp_path):
    """An English original, a Spanish dub, Spanish subtitles and forced lines; two chapters."""
    await mux(reel, [], [], tmp_path / "film.mp4", chapters=CHAPTERS)
    sounds = []
    for locale, role, pitch in (("en-US", "original", 440), ("es-ES", "dub", 880)):
        path = tmp_path / f"{locale}.m4a"
        tool("-f", "lavfi", "-i", f"sine=f={pitch}:r=48000:d=8", "-c:a", "aac", path)
        sounds.append(Rendition(path, locale, role=role))
    texts = []
    for role in ("subtitles", "forced"):
        (tmp_path / f"{role}.vtt").write_text(VTT, "utf-8")
        texts.append(Rendition(tmp_path / f"{role}.vtt", "es-ES", role=role))
    return Film(tmp_path / "film.mp4", sounds, texts, CHAPTERS)


def purposes(film):
    """Per track of an MP4: what its ``kind`` boxes say by DASH's scheme, read by hand."""
    traks = film.read_bytes().partition(b"moov")[2].split(b"trak")[1:]
    said = re.compile(rb"kind\0{4}urn:mpeg:dash:role:2011\0([a-z-]+)\0")
    return [[each.decode() for each in said.findall(trak)] for trak in traks]


@pytest.mark.parametrize(("write", "name"), [(write_mp4, "master.mp4"), (write_mkv, "master.mkv")])
async def test_a_master_holds_every_track_with_its_language_name_and_purpose(film, reel, frames, tmp_path, write, name):
    target = tmp_path / name
    await write(film, target)
    info = probe(target)
    assert [(one.language, one.is_default) for one in info.audio] == [("eng", True), ("spa", False)]
    assert [(one.language, one.is_default, one.is_forced) for one in info.subtitles] == [
        ("spa", False, False),
        ("spa", False, True),
    ]
    assert [(one.title, round(one.start)) for one in info.chapters] == [("Uno", 0), ("Dos", 4)]
    assert (frames(target, 160, 120) == frames(reel, 160, 120)).all()
    with av.open(str(target)) as opened:
        # MP4 has no title per track: its name is the handler's.
        names = [one.metadata.get("title") or one.metadata["handler_name"] for one in opened.streams.audio]
        original = "English (United States)" + " (Original)" * name.endswith("mp4")
        assert names == [original, "español (España)"]
        marks = [one.disposition for one in [*opened.streams.audio, *opened.streams.subtitles]]
        if name.endswith("mkv"):
            assert [bool(mark & Disposition.original) for mark in marks[:2]] == [True, False]
        else:
            assert bool(marks[1] & Disposition.dub)
            # The display flags of each text: some samples are forced, all are.
            assert [entry[8] >> 6 for entry in target.read_bytes().split(b"tx3g")[1:]] == [0, 3]
            assert purposes(target) == [[], ["main"], ["dub"], [], ["forced-subtitle"]]
        assert bool(marks[3] & Disposition.forced)


async def test_masters_keep_what_is_said_at_once(film, tool, tmp_path):
    """Matroska shows two cues at a time; an MP4's track shows one, so both texts stand in it."""
    await write_mkv(film, tmp_path / "m.mkv")
    await write_mp4(film, tmp_path / "m.mp4")
    assert {tag for _, _, tag in track_tags(tmp_path / "m.mp4")} == {"", "en-US", "es-ES"}
    for name in ("m.mkv", "m.mp4"):
        text = tool("-i", tmp_path / name, "-map", "0:s:0", "-f", "srt", "-").decode()
        assert "Hola" in text
        assert "¿Qué tal?" in text
