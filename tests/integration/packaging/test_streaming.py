"""HLS and DASH of every language: named, tagged, playable."""

from __future__ import annotations

import asyncio
import re
import resource
import xml.etree.ElementTree as ET
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from polyreel.errors import InvalidJob
from polyreel.packaging import fragments
from polyreel.packaging.playlists import read_attributes
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import package

VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nHola\n\n00:06.500 --> 00:07.500\nAdi\u00f3s\n"
DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture
def tracks(reel, tool, tmp_path):
    """Two languages' sound and text, each in files of its own."""
    sounds, texts = [], []
    for locale in ("es-ES", "zh-Hans-CN"):
        tool("-i", reel, "-vn", "-c:a", "aac", tmp_path / f"{locale}.m4a")
        (tmp_path / f"{locale}.vtt").write_text(VTT, "utf-8")
        sounds.append(Rendition(tmp_path / f"{locale}.m4a", locale))
        texts.append(Rendition(tmp_path / f"{locale}.vtt", locale, role="subtitles"))
    return sounds, texts


async def test_both_kinds_name_and_tag_every_language_and_play(reel, tracks, tool, tmp_path):
    folder = tmp_path / "welcome"
    written = await package([reel], *tracks, folder, ["hls", "dash"])
    assert {folder / "hls" / "main.m3u8", folder / "dash" / "main.mpd"} <= set(written)
    assert sorted(one.name for one in folder.iterdir()) == ["dash", "hls"]
    master = (folder / "hls" / "main.m3u8").read_text("utf-8")
    for locale, name in (("es-ES", "espa\u00f1ol"), ("zh-Hans-CN", "\u4e2d\u6587")):
        assert master.count(f'LANGUAGE="{locale}",NAME="{name}') == 2
    manifest = ET.parse(folder / "dash" / "main.mpd")
    tagged = [(one.get("contentType"), one.get("lang")) for one in manifest.iter(f"{DASH}AdaptationSet")]
    assert sorted(tagged, key=str) == sorted(
        [("video", None), ("audio", "es-ES"), ("audio", "zh-Hans-CN"), ("text", "es-ES"), ("text", "zh-Hans-CN")],
        key=str,
    )
    addresses = [str(one.text) for one in manifest.iter(f"{DASH}BaseURL")]
    assert len(addresses) == len(tagged)
    assert all((folder / "dash" / address).resolve().is_file() for address in addresses)
    assert str(tmp_path) not in master + (folder / "dash" / "main.mpd").read_text("utf-8")
    for path, options in ((folder / "hls/main.m3u8", []), (folder / "dash/main.mpd", ["-allowed_extensions", "ALL"])):
        raw = tool(
            *options, "-i", path, "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"
        )
        assert len(raw) == 200 * 160 * 120


@pytest.mark.parametrize("kind", ["hls", "dash"])
async def test_one_kind_stands_alone(reel, tracks, tmp_path, kind):
    written = await package([reel], *tracks, tmp_path / "out", [kind])
    assert {one.parent.name for one in written} == {kind}
    assert [one.name for one in (tmp_path / "out").iterdir()] == [kind]


async def test_packaging_again_replaces_what_was_there(reel, tracks, tmp_path):
    folder = tmp_path / "out"
    await package([reel], *tracks, folder, ["hls"])
    sounds, texts = tracks
    written = await package([reel], sounds[:1], texts[:1], folder, ["hls"])
    assert not [one for one in (folder / "hls").iterdir() if "zh-Hans" in one.name]
    assert sorted(written) == sorted((folder / "hls").iterdir())


async def test_titles_cannot_add_fields_of_their_own(reel, tracks, tmp_path):
    sounds, _ = tracks
    hostile = Rendition(sounds[0].path, "es-ES", title='x,output=/tmp/evil.mp4,"\n#EXT-X-KEY')
    await package([reel], [hostile], [], tmp_path / "out", ["hls"])
    lines = (tmp_path / "out/hls/main.m3u8").read_text("utf-8").splitlines()
    assert not [line for line in lines if line.startswith("#EXT-X-KEY")]
    assert not [line for line in lines if "evil" in line and "NAME=" not in line]


async def test_what_cannot_be_packaged_is_named(reel, tracks, tmp_path):
    sounds, texts = tracks
    refused = [
        ([], [], ["hls"]),
        (sounds, [], []),
        (sounds, [Rendition(tmp_path / "a.srt", "es-ES")], ["hls"]),
        ([sounds[0], sounds[0]], texts, ["hls"]),
    ]
    for given in refused:
        with pytest.raises(InvalidJob):
            await package([reel], given[0], given[1], tmp_path / "out", given[2])
    assert not (tmp_path / "out").exists()


async def test_no_caption_is_shown_that_nobody_asked_for(reel, tracks, tmp_path):
    await package([reel], *tracks, tmp_path / "out", ["hls", "dash"])
    lines = (tmp_path / "out/hls/main.m3u8").read_text("utf-8").splitlines()
    captions = [line for line in lines if "TYPE=SUBTITLES" in line]
    assert len(captions) == 2
    assert all("DEFAULT=NO" in line and "FORCED=YES" not in line for line in captions)
    assert [("DEFAULT=YES" in line) for line in lines if "TYPE=AUDIO" in line] == [True, False]
    manifest = ET.parse(tmp_path / "out/dash/main.mpd")
    roles = [
        [role.get("value") for role in one.iter(f"{DASH}Role")]
        for one in manifest.iter(f"{DASH}AdaptationSet")
        if one.get("contentType") == "text"
    ]
    assert roles == [["subtitle"], ["subtitle"]]


async def test_commas_in_paths_are_no_trouble(reel, tracks, tmp_path):
    sounds, texts = tracks
    odd = tmp_path / "a, b"
    odd.mkdir()
    moved = [Rendition(one.path.rename(odd / f"{one.locale},1{one.path.suffix}"), one.locale) for one in sounds]
    written = await package([reel], moved, texts, odd / "out", ["hls", "dash"])
    assert (odd / "out" / "hls" / "main.m3u8") in written
    assert not [one for one in odd.rglob("*") if one.is_symlink()]


async def test_every_track_says_what_it_is_for(reel, tracks, tmp_path):
    """The original, a dub by a machine, captions for who does not hear, forced lines: in HLS's words and in DASH's."""
    (spanish, chinese), (text, _) = tracks
    (tmp_path / "cc.vtt").write_text(VTT)
    (tmp_path / "forced.vtt").write_text(VTT)
    sounds = [
        replace(chinese, role="original"),
        replace(spanish, role="dub", is_machine_made=True),
        Rendition(tmp_path / "es-ES.m4a", "es-ES", role="description"),
    ]
    sounds[2] = replace(sounds[2], path=(tmp_path / "ad.m4a"))
    (tmp_path / "ad.m4a").symlink_to(spanish.path)
    texts = [
        replace(text, role="subtitles", is_machine_made=True),
        Rendition(tmp_path / "cc.vtt", "zh-Hans-CN", role="captions", is_translation=False),
        Rendition(tmp_path / "forced.vtt", "es-ES", role="forced"),
    ]
    await package([reel], sounds, texts, tmp_path / "out", ["hls", "dash"])
    lines = (tmp_path / "out/hls/main.m3u8").read_text("utf-8").splitlines()
    media = [read_attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA")]
    said = {one["URI"].strip('"'): one.get("CHARACTERISTICS", "").strip('"') for one in media}
    assert said == {
        "audio_zh-Hans-CN.m3u8": "public.original-content",
        "audio_es-ES.m3u8": "public.translation,public.translation.dubbed,public.machine-generated",
        "audio_es-ES-description.m3u8": "public.accessibility.describes-video",
        "text_es-ES.m3u8": "public.translation,public.machine-generated",
        "text_zh-Hans-CN-captions.m3u8": "public.accessibility.transcribes-spoken-dialog,"
        "public.accessibility.describes-music-and-sound",
        "text_es-ES-forced.m3u8": "public.translation",
    }
    assert [one["URI"].strip('"') for one in media if one["DEFAULT"] == "YES"] == ["audio_zh-Hans-CN.m3u8"]
    assert [one["URI"].strip('"') for one in media if one.get("FORCED") == "YES"] == ["text_es-ES-forced.m3u8"]
    assert all(one["AUTOSELECT"] == "YES" for one in media)
    assert len({(one["TYPE"], one["NAME"]) for one in media}) == len(media)
    manifest = ET.parse(tmp_path / "out/dash/main.mpd")
    roles = {
        next(one.iter(f"{DASH}BaseURL")).text: sorted(str(role.get("value")) for role in one.iter(f"{DASH}Role"))
        for one in manifest.iter(f"{DASH}AdaptationSet")
        if one.get("contentType") != "video"
    }
    assert {Path(str(name)).stem: value for name, value in roles.items()} == {
        "audio_zh-Hans-CN": ["main"],
        "audio_es-ES": ["dub"],
        "audio_es-ES-description": ["description"],
        "text_es-ES": ["subtitle"],
        "text_zh-Hans-CN-captions": ["caption"],
        "text_es-ES-forced": ["forced-subtitle"],
    }
    purposes = [(one.get("schemeIdUri"), one.get("value")) for one in manifest.iter(f"{DASH}Accessibility")]
    assert sorted(purposes) == [("urn:tva:metadata:cs:AudioPurposeCS:2007", value) for value in ("1", "2")]


def test_many_languages_take_no_gigabyte_of_memory(reel, tracks, tmp_path):
    """The packager's own caches would take 32 MB for each file that it reads or writes."""
    sounds, texts = [], []
    for locale in ("de-DE", "en-US", "es-ES", "fr-FR", "hi-IN", "it-IT", "ja-JP", "ko-KR", "pl-PL", "pt-BR"):
        for made, given in ((sounds, tracks[0][0]), (texts, tracks[1][0])):
            path = tmp_path / f"many-{locale}{given.path.suffix}"
            path.hardlink_to(given.path)
            made.append(replace(given, path=path, locale=locale))
    # From a process of its own: this one has started others, and only the largest of all is known.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        assert alone.submit(package_and_weigh, reel, sounds, texts, tmp_path / "many").result() < 600_000


def package_and_weigh(reel: Path, sounds: list[Rendition], texts: list[Rendition], folder: Path) -> int:
    """The memory of the largest program that a package takes, in kilobytes."""
    asyncio.run(package([reel], sounds, texts, folder, ["hls", "dash"]))
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


def test_memory_does_not_grow_with_the_length_of_the_sounds(reel, tracks, tool, tmp_path):
    """Ten languages of an hour took 240 MB, and twice as many tracks or hours twice as much above 90."""
    hour, sounds = tmp_path / "hour.m4a", []
    tool("-stream_loop", "-1", "-i", tracks[0][0].path, "-t", "3600", "-c", "copy", hour)
    for locale in ("de-DE", "en-US", "es-ES", "fr-FR", "hi-IN", "it-IT", "ja-JP", "ko-KR", "pl-PL", "pt-BR"):
        path = tmp_path / f"hour-{locale}.m4a"
        path.hardlink_to(hour)
        sounds.append(replace(tracks[0][0], path=path, locale=locale))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        assert alone.submit(package_fragments_and_weigh, reel, sounds, tmp_path / "hour").result() < 150_000


def package_fragments_and_weigh(reel: Path, sounds: list[Rendition], folder: Path) -> int:
    fragments.LONG_BYTES = 0  # an hour of these test tones is smaller than speech
    return package_and_weigh(reel, sounds, [], folder)


async def test_long_sounds_come_out_as_short_ones_do(reel, tracks, tool, tmp_path, monkeypatch):
    """To the sample, though they went through fragments: the encoder's delay is still taken off."""
    sounds, texts = tracks
    heard = {}
    for bound in (fragments.LONG_BYTES, 0):
        monkeypatch.setattr(fragments, "LONG_BYTES", bound)
        folder = tmp_path / str(bound)
        await package([reel], sounds, texts, folder, ["hls", "dash"])
        name = f"audio_{sounds[0].file_name}"
        lengths = re.findall(r"#EXTINF:([\d.]+)", (folder / "hls" / f"{name}.m3u8").read_text("utf-8"))
        tool("-i", folder / "hls" / f"{name}.mp4", "-f", "s16le", "-ac", "1", pcm := tmp_path / f"{bound}.s16")
        heard[bound] = lengths, pcm.read_bytes()
        assert not list(folder.rglob("sound-*")), "the copies are not a part of the package"
    assert len({repr(lengths) for lengths, _ in heard.values()}) == 1
    assert len({sound for _, sound in heard.values()}) == 1
