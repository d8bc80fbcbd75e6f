"""Podcasts and radio: reels without a picture, from the real command line, in every container."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from polyreel.media.binaries import ffmpeg
from polyreel.media.probe import probe
from polyreel.packaging.provenance import c2pa


def tool(*arguments: object) -> None:
    subprocess.run([str(ffmpeg()), "-v", "error", "-y", *map(str, arguments)], check=True)


def test_a_podcast_is_dubbed_with_all_that_goes_with_it(work: Any, polyreel: Any) -> None:
    """MP3 in, MP3 out: tags and chapters, loudness, packages of sound alone, masters, marks of origin, a report."""
    asked = work(
        "es-ES",
        source={"media": "episode.mp3", "locale": "en-US", "subtitles": "narrated.en-US.srt"},
        dubbing={"provider": "embedded", "voices": "basic"},
        packaging=["hls", "dash"],
        masters=["wav", "stems", "otio"],
        provenance={},
    )
    said = ("-metadata", "title=Episode 7", "-metadata", "lyrics=none")
    tool("-i", asked.parent / "narrated.mp4", "-vn", "-map_metadata", -1, *said, asked.parent / "episode.mp3")
    done = polyreel("run", asked, "--json")
    assert done.code == 0, (done.stderr, done.stdout)
    language = done.json["languages"]["es-ES"]
    assert (language["video"], Path(language["audio"]).name) == (None, "narrated.es-ES.mp3")
    made = probe(Path(language["audio"]))
    assert dict(made.tags)["title"] == "Episode 7"
    assert abs(float(made.duration) - 42.4) < 0.05
    checks = {each["name"]: each for each in language["checks"]}
    assert checks["loudness"]["limit"] == -16.0
    assert {checks[name]["status"] for name in ("loudness", "true_peak", "duration", "fit")} == {"pass"}
    assert any("lyrics" in note for note in done.json["notes"])
    found = c2pa.read(Path(language["audio"]))
    assert found
    assert found.is_whole
    root = Path(done.json["manifest"]).parent
    roles = {each["path"]: each["role"] for each in json.loads((root / "manifest.json").read_text("utf-8"))["files"]}
    assert roles["es-ES/narrated.es-ES.mp3"] == "audio"
    assert roles["es-ES/narrated.es-ES.dialogue.wav"] == "dialogue"
    playlist = (root / "hls" / "main.m3u8").read_text("utf-8").splitlines()
    variant = playlist.index("audio_en-US.m3u8")
    assert playlist[variant - 1].startswith("#EXT-X-STREAM-INF:BANDWIDTH=")
    assert 'CODECS="mp4a.40.2",AUDIO="audio",SUBTITLES="text"' in playlist[variant - 1]
    assert '<audio class="dub"' in (root / "report.html").read_text("utf-8")
    again = polyreel("run", asked, "--json")
    assert (again.code, again.json["languages"]["es-ES"]["stages"]["mux"]) == (0, "cached")
    edited = asked.parent / "edited.srt"
    edited.write_text((asked.parent / "narrated.es-ES.srt").read_text("utf-8").replace("Hola", "Buenas"), "utf-8")
    revised = polyreel("revise", asked, "es-ES", edited, "--json")
    assert (revised.code, Path(revised.json["languages"]["es-ES"]["audio"])) == (0, Path(language["audio"]))


def test_radio_is_cut_and_delivered_in_what_the_job_asks_for(work: Any, polyreel: Any) -> None:
    """Sound in an MP4 without a picture, trimmed; out as Broadcast Wave."""
    asked = work(
        "es-ES",
        source={"media": "radio.mp4", "locale": "en-US"},
        dubbing={"provider": "embedded", "voices": "basic", "loudness": "ebu"},
        trim={"start": 5, "end": 17},
        output="wav",
    )
    tool("-i", asked.parent / "narrated.mp4", "-vn", "-c:a", "copy", asked.parent / "radio.mp4")
    done = polyreel("run", asked, "--json")
    assert done.code == 0, (done.stderr, done.stdout)
    language = done.json["languages"]["es-ES"]
    made = probe(Path(language["audio"]))
    assert (made.container, made.audio[0].codec, made.duration) == ("wav", "pcm_s24le", 12)
    assert {each["name"]: each for each in language["checks"]}["loudness"]["limit"] == -23.0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"masters": ["burned"]}, "needs_picture"),
        ({"packaging": [{"kind": "hls", "ladder": [360]}]}, "needs_picture"),
        ({"source": {"media": "narrated.mp4", "locale": "en-US"}, "output": "mp3"}, "output_is_for_sound"),
    ],
)
def test_what_needs_a_picture_is_refused_at_plan(
    work: Any, polyreel: Any, odd_media: Path, change: dict[str, Any], code: str
) -> None:
    asked = work("es-ES", **{"source": {"media": str(odd_media / "speech.wav"), "locale": "en-US"}, **change})
    done = polyreel("plan", asked, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, code)
    assert done.json["error"]["remedy"]
