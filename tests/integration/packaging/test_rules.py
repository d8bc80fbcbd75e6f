"""Packages against the rules of those who wrote the formats.

Apple's "HLS Authoring Specification", as far as it binds a package on demand; of DASH (ISO/IEC 23009-1) what its schema
demands of a static manifest: which elements stand where, with which attributes, in which order.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest

from polyreel.packaging.playlists import read_attributes
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import locale_of, package

VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nHola\n"
MPD = "{urn:mpeg:dash:schema:mpd:2011}"
# The order of an element's children, by the schema; what is not named here has none of its own that we write.
CHILDREN = {
    "MPD": ["ProgramInformation", "BaseURL", "Period"],
    "Period": ["BaseURL", "AdaptationSet"],
    "AdaptationSet": [
        *("AudioChannelConfiguration", "ContentProtection", "EssentialProperty", "SupplementalProperty"),
        *("Label", "Accessibility", "Role", "Rating", "Viewpoint", "BaseURL", "SegmentBase", "SegmentTemplate"),
        "Representation",
    ],
    "Representation": [
        *("AudioChannelConfiguration", "EssentialProperty", "SupplementalProperty", "Label", "BaseURL"),
        *("SubRepresentation", "SegmentBase", "SegmentList", "SegmentTemplate"),
    ],
    "SegmentBase": ["Initialization"],
}
REQUIRED = {
    "MPD": {"profiles", "minBufferTime", "type", "mediaPresentationDuration"},
    "Representation": {"id", "bandwidth"},
    "Role": {"schemeIdUri", "value"},
    "Accessibility": {"schemeIdUri", "value"},
}


@pytest.fixture
async def made(reel, tool, tmp_path):
    """A package with two sizes, the original and a dub."""
    for rung in (120, 60):
        keys = ["-force_key_frames", "expr:gte(t,n_forced*2)"]
        tool("-i", reel, "-an", "-vf", f"scale=-2:{rung}", "-c:v", "libx264", *keys, tmp_path / f"{rung}.mp4")
    sounds, texts = [], []
    for locale, role in (("en-US", "original"), ("es-ES", "dub")):
        tool("-i", reel, "-vn", "-c:a", "aac", tmp_path / f"{locale}.m4a")
        (tmp_path / f"{locale}.vtt").write_text(VTT)
        sounds.append(Rendition(tmp_path / f"{locale}.m4a", locale, role=role))
        texts.append(Rendition(tmp_path / f"{locale}.vtt", locale, role="subtitles"))
    pictures = [tmp_path / "120.mp4", tmp_path / "60.mp4"]
    await package(pictures, sounds, texts, tmp_path / "out", ["hls", "dash"])
    return tmp_path / "out"


async def test_the_multivariant_playlist_keeps_apples_rules(made):
    lines = (made / "hls/main.m3u8").read_text("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert "#EXT-X-INDEPENDENT-SEGMENTS" in lines
    variants = [read_attributes(line) for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    media = [read_attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA:")]
    pictures = [read_attributes(line) for line in lines if line.startswith("#EXT-X-I-FRAME-STREAM-INF")]
    groups = {(one["TYPE"], one["GROUP-ID"]) for one in media}
    assert len(variants) == 2
    for one in variants:
        assert {"BANDWIDTH", "AVERAGE-BANDWIDTH", "CODECS", "RESOLUTION", "FRAME-RATE"} <= one.keys()
        assert int(one["AVERAGE-BANDWIDTH"]) <= int(one["BANDWIDTH"])
        assert re.fullmatch(r'"avc1\.[0-9a-f]{6},mp4a\.40\.2(,wvtt)?"', one["CODECS"])
        assert {("AUDIO", one["AUDIO"]), ("SUBTITLES", one["SUBTITLES"])} <= groups
    # 6.16: an I-frame playlist for looking for a place; of each size here.
    assert {one["RESOLUTION"] for one in pictures} == {one["RESOLUTION"] for one in variants}
    for group in groups:
        mine = [one for one in media if (one["TYPE"], one["GROUP-ID"]) == group]
        assert sum(one["DEFAULT"] == "YES" for one in mine) == (group[0] == "AUDIO")
        assert all(one["AUTOSELECT"] == "YES" for one in mine if one["DEFAULT"] == "YES")
        assert len({one["NAME"] for one in mine}) == len(mine)
        assert all({"LANGUAGE", "NAME", "URI"} <= one.keys() for one in mine)
    assert all((made / "hls" / one["URI"].strip('"')).is_file() for one in [*media, *pictures])


async def test_every_media_playlist_keeps_apples_rules(made):
    playlists = [path for path in (made / "hls").glob("*.m3u8") if path.name != "main.m3u8"]
    assert len(playlists) == 2 + 2 + 2 + 2
    for path in playlists:
        lines = path.read_text("utf-8").splitlines()
        assert lines[0] == "#EXTM3U"
        assert "#EXT-X-PLAYLIST-TYPE:VOD" in lines
        assert lines[-1] == "#EXT-X-ENDLIST"
        longest = int(next(line for line in lines if "TARGETDURATION" in line).partition(":")[2])
        lengths = [Fraction(line.partition(":")[2].partition(",")[0]) for line in lines if line.startswith("#EXTINF")]
        assert all(round(length) <= longest for length in lengths)
        assert float(sum(lengths)) == pytest.approx(8, abs=0.1) or path.name.startswith("text")
        assert all((made / "hls" / line).is_file() for line in lines if line and not line.startswith("#"))


async def test_the_dash_manifest_keeps_its_schema(made):
    root = ET.parse(made / "dash/main.mpd").getroot()
    assert root.tag == f"{MPD}MPD"
    assert re.fullmatch(r"PT(\d+H)?(\d+M)?[\d.]+S", root.get("mediaPresentationDuration", ""))
    for element in root.iter():
        name = element.tag.removeprefix(MPD)
        assert REQUIRED.get(name, set()) <= set(element.keys()), name
        if name in CHILDREN:
            order = [CHILDREN[name].index(child.tag.removeprefix(MPD)) for child in element]
            assert order == sorted(order), name
    ids = [one.get("id") for one in root.iter(f"{MPD}Representation")]
    assert len(set(ids)) == len(ids) == 6


async def test_files_for_hosts_without_ranges_and_thumbnails_keep_the_rules_too(reel, tool, tmp_path):
    """Every file that a manifest names is there; HLS names no range but where its key pictures lie."""
    tool("-i", reel, "-an", "-c:v", "copy", tmp_path / "picture.mp4")
    tool("-i", reel, "-vn", "-c:a", "aac", tmp_path / "a.m4a")
    (tmp_path / "t.vtt").write_text(VTT)
    sounds, texts = [Rendition(tmp_path / "a.m4a", "en-US", role="original")], [Rendition(tmp_path / "t.vtt", "en-US")]
    pictures, out = [tmp_path / "picture.mp4"], tmp_path / "out"
    made = await package(pictures, sounds, texts, out, ["hls", "dash"], segments="files", thumbnails=True)
    assert {locale_of(file, sounds) for file in made if file.name.startswith("audio_")} == {"en-US"}
    for path in (out / "hls").glob("*.m3u8"):
        lines = path.read_text("utf-8").splitlines()
        assert any("BYTERANGE" in line for line in lines) == path.name.endswith("_keyframes.m3u8")
        assert all((out / "hls" / line).is_file() for line in lines if line and not line.startswith("#"))
    root = ET.parse(out / "dash/main.mpd").getroot()
    templates = list(root.iter(f"{MPD}SegmentTemplate"))
    assert len(templates) == 4
    for one in templates:
        assert (out / "dash" / one.get("media", "").replace("$Number$", "1")).is_file()
        assert (out / "dash" / one.get("initialization", "main.mpd")).is_file()
    images = next(one for one in root.iter(f"{MPD}AdaptationSet") if one.get("contentType") == "image")
    shown = images.find(f"{MPD}Representation")
    assert shown is not None
    assert (shown.get("width"), shown.get("height")) == ("600", "450")
    regions = (out / "hls/thumbnails.vtt").read_text("utf-8")
    assert "00:00:00.000 --> 00:00:08.000\nthumbnails_1.jpg#xywh=0,0,120,90" in regions
