"""All that can be made of one job beside its dubs, by the real command line: packages, masters, marks of origin."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aaf2

from polyreel.media.binaries import ffmpeg
from polyreel.media.probe import probe
from polyreel.packaging.playlists import read_attributes
from polyreel.packaging.provenance import c2pa


def test_one_job_gives_packages_masters_and_signed_films_and_again_from_what_is_kept(
    work: Callable[..., Path], polyreel: Any
) -> None:
    asked = work(
        "es-ES",
        trim={"start": 5, "end": 17},
        dubbing={"provider": "embedded", "voices": "basic"},
        packaging=[{"kind": kind, "ladder": [360, 180], "voiceover": True} for kind in ("hls", "dash")],
        targets=[{"locale": "es-ES", "subtitles": "narrated.es-ES.srt", "audio_description": "narrated.mp4"}],
        masters=["mp4", "mkv", "wav", "stems", "otio", "aaf"],
        provenance={},
        quality={"mend": True},
    )
    done = polyreel("run", asked, "--json")
    assert done.code == 0, (done.stderr, done.stdout)
    assert any("TEST KEY" in note for note in done.json["notes"])
    assert done.json["error"] is None
    manifest = Path(done.json["manifest"])
    said = json.loads(manifest.read_text("utf-8"))
    roles = {each["path"]: (each["role"], each["locale"]) for each in said["files"]}
    assert roles["masters/narrated.mkv"] == ("master", None)
    assert roles["es-ES/narrated.es-ES.mix.wav"] == ("mix", "es-ES")
    assert roles["es-ES/narrated.es-ES.otio"] == ("timeline", "es-ES")
    assert roles["es-ES/narrated.es-ES.mix.json"] == ("loudness", "es-ES")
    with aaf2.open(str(manifest.parent / "es-ES" / "narrated.es-ES.aaf")) as lines:
        assert [slot.name for slot in next(iter(lines.content.toplevel())).slots] == ["timecode", "dialogue"]
    assert roles["hls/audio_en-US.mp4"] == ("hls", "en-US")
    assert roles["hls/text_es-ES.vtt"] == ("hls", "es-ES")
    assert [each["dubs"][0]["locale"] for each in said["provenance"]] == ["es-ES"] * len(said["provenance"])
    media = [
        read_attributes(line)
        for line in (manifest.parent / "hls" / "main.m3u8").read_text("utf-8").splitlines()
        if line.startswith("#EXT-X-MEDIA")
    ]
    assert [(one["TYPE"], one["LANGUAGE"], one["DEFAULT"]) for one in media] == [
        ("AUDIO", '"en-US"', "YES"),
        ("AUDIO", '"es-ES"', "NO"),
        ("AUDIO", '"es-ES"', "NO"),
        ("AUDIO", '"es-ES"', "NO"),
        ("SUBTITLES", '"en-US"', "NO"),
        ("SUBTITLES", '"es-ES"', "NO"),
    ]
    sounds = {one["NAME"]: one["CHARACTERISTICS"] for one in media if one["TYPE"] == "AUDIO"}
    assert "public.translation.voice-over" in sounds['"español (España) (VO)"']
    assert sounds['"español (España) (AD)"'] == '"public.accessibility.describes-video"'
    manifest_of_dash = (manifest.parent / "dash" / "main.mpd").read_text("utf-8")
    assert '<Accessibility schemeIdUri="urn:tva:metadata:cs:AudioPurposeCS:2007" value="1"/>' in manifest_of_dash
    lengths = [probe(file).duration for file in sorted((manifest.parent / "hls").glob("audio_*.mp4"))]
    assert all(abs(length - 12) < 0.1 for length in lengths)
    assert len(lengths) == 4
    for path in (done.json["languages"]["es-ES"]["video"], manifest.parent / "masters" / "narrated.mp4"):
        found = c2pa.read(Path(path))
        assert found
        assert found.is_whole
        subprocess.run([str(ffmpeg()), "-v", "error", "-xerror", "-i", path, "-f", "null", "-"], check=True)
    told = polyreel("provenance", done.json["languages"]["es-ES"]["video"])
    assert (told.code, "translated from en-US into es-ES" in told.stdout) == (0, True)
    made = done.json["languages"]["es-ES"]
    assert made["mending"]["checked"] == len(Path(made["subtitles"]["srt"]).read_text("utf-8").strip().split("\n\n"))
    assert made["stages"]["mend"] == "done"
    again = polyreel("run", asked, "--json")
    assert again.code == 0
    assert again.json["languages"]["es-ES"]["stages"]["mend"] == "cached"
    assert again.json["languages"]["es-ES"]["mending"] == made["mending"]
    # No two signatures are alike: the same files were kept.
    assert json.loads(manifest.read_text("utf-8"))["files"] == said["files"]


def test_a_ladder_above_the_source_is_refused_before_any_work(work: Callable[..., Path], polyreel: Any) -> None:
    done = polyreel("plan", work("es-ES", packaging=[{"kind": "hls", "ladder": [2160]}]), "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "ladder_above_source"
