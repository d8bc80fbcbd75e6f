"""Whatever characters a path has: packages, films with every track, burned-in texts and marks of origin come out."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from polyreel.media.mux import AudioTrack, SubtitleTrack, mux
from polyreel.media.probe import probe
from polyreel.media.trim import trim
from polyreel.packaging import fonts
from polyreel.packaging.burned import write_burned
from polyreel.packaging.films import Film, write_mkv, write_mp4
from polyreel.packaging.provenance import c2pa
from polyreel.packaging.provenance.manifest import Dub, Story
from polyreel.packaging.provenance.signer import make_test_key
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import package

VTT = "WEBVTT\n\n00:01.000 --> 00:03.000\nHola\n"
NAMES = [
    "a, b; c",
    'it\'s "so"',
    "100% #1 (a) [b] {c} & $d",
    "-dash ünï 字幕 שלום",
    "a=b:c|d\\e*?~`!@^+",
    "%d %05d file:x",
]


@pytest.fixture(params=NAMES)
def odd(request, tmp_path) -> Path:
    """A folder with such a name; the files in it are called so too."""
    folder = tmp_path / request.param
    folder.mkdir()
    return folder


@pytest.fixture
def parts(odd, reel, tool, tmp_path):
    """A film, its sound and its text, each by an odd name."""
    film, sound, text = (odd / f"{odd.name} {kind}" for kind in ("film.mp4", "sound.m4a", "text.vtt"))
    shutil.copyfile(reel, film)
    tool("-i", reel, "-vn", "-c:a", "copy", tmp_path / "plain.m4a")
    (tmp_path / "plain.m4a").rename(sound)
    text.write_text(VTT, "utf-8")
    return film, sound, text


async def test_a_package_of_both_kinds(odd, parts, tool):
    film, sound, text = parts
    sounds, texts = [Rendition(sound, "es-ES")], [Rendition(text, "es-ES", role="subtitles")]
    written = await package([film], sounds, texts, odd / "out", ["hls", "dash"])
    main = odd / "out" / "hls" / "main.m3u8"
    assert {main, odd / "out" / "dash" / "main.mpd"} <= set(written)
    # As a player would: by the names that stand in the playlists, wherever the folder is put.
    moved = shutil.copytree(odd / "out" / "hls", odd.parent / "served")
    tool("-i", moved / "main.m3u8", "-map", "0:v:0", "-map", "0:a:0", "-f", "null", "-")
    assert all(path.stat().st_size for path in moved.rglob("*") if path.is_file())


async def test_films_with_every_track_and_a_trim(odd, parts):
    film, sound, text = parts
    cut = odd / f"{odd.name} cut.mp4"
    await trim(film, cut, probe(film), Fraction(1), Fraction(5))
    assert float(probe(cut).duration) == pytest.approx(4, abs=0.1)
    await mux(film, [AudioTrack(sound, "es-ES")], [SubtitleTrack(text, "es-ES")], odd / f"{odd.name} dubbed.mp4")
    assert len(probe(odd / f"{odd.name} dubbed.mp4").subtitles) == 1
    whole = Film(film, [Rendition(sound, "es-ES")], [Rendition(text, "es-ES", role="subtitles")], [])
    for write, ending in ((write_mp4, "mp4"), (write_mkv, "mkv")):
        target = odd / f"{odd.name} master.{ending}"
        await write(whole, target)
        assert [one.language for one in probe(target).audio] == ["spa"]


async def test_a_text_in_the_picture_in_a_font_of_the_users(odd, parts, frames, monkeypatch):
    """The filter that draws it has a grammar of its own, in which commas, quotes and colons are signs."""
    film, _, text = parts
    some = fonts.font_files()
    if not some:
        pytest.skip("needs a font on this machine")
    monkeypatch.setenv("POLYREEL_HOME", str(odd))
    (odd / "fonts").mkdir()
    shutil.copyfile(some[0], odd / "fonts" / f"{odd.name}{some[0].suffix}")
    target = odd / f"{odd.name} burned.mp4"
    await write_burned(film, text, "es-ES", target)
    plain, burned = (frames(path, 160, 120).astype(int) for path in (film, target))
    drawn = abs(burned - plain).max(axis=(1, 2))
    assert drawn[50] > 90, "it is shown"
    assert drawn[150] < 90, "it is over"


def test_marks_of_origin(odd, parts):
    film, _, _ = parts
    dub = Dub("es-ES", "x", (), is_trained=False, is_machine_text=False)
    story = Story(film.name, "en-US", film.name, "ab" * 32, (dub,), is_test=True)
    target = odd / f"{odd.name} signed.mp4"
    c2pa.sign(film, target, film, story, make_test_key())
    found = c2pa.read(target)
    assert found
    assert found.is_whole
    assert found.title == film.name
