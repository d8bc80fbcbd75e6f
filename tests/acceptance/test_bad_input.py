"""What can't be run is refused before any work: exit code 2, one clear message, nothing delivered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyreel.subtitles import read_file, write
from polyreel.subtitles.timing import exact_rate, move


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"name": "../../escape"}, "invalid_input", "name: must be a slug"),
        ({"colour": "blue"}, "invalid_input", "colour: there is no such field"),
        ({"targets": ["es-ES"]}, "missing_script", "no script for es-ES"),
        ({"targets": [{"locale": "es-ES", "subtitles": "nowhere.srt"}]}, "invalid_input", "nowhere.srt"),
        ({"source": {"media": "nowhere.mp4", "locale": "en-US"}}, "invalid_input", "nowhere.mp4"),
        ({"source": {"media": "job.yaml", "locale": "en-US"}}, "unsupported_media", "job.yaml"),
        ({"trim": {"start": 50}}, "time_out_of_range", "42.4"),
        ({"trim": {"start": 1, "end": 500}}, "time_out_of_range", "500"),
        ({"dubbing": {"provider": "panjaya"}}, "missing_credentials", "Panjaya"),
        ({"delivery": [{"to": "s3", "credentials": "store"}]}, "invalid_input", "s3.path"),
        ({"delivery": [{"to": "folder", "path": "narrated.mp4"}]}, "unwritable_folder", "narrated.mp4"),
        (
            {"source": {"media": "narrated.mp4", "locale": "en-US", "audio_description": "narrated.mp4"}},
            "invalid_input",
            "nothing holds it",
        ),
        (
            {
                "source": {"media": "narrated.mp4", "locale": "en-US", "audio_description": "narrated.en-US.srt"},
                "masters": ["mkv"],
            },
            "unsupported_media",
            "narrated.en-US.srt",
        ),
        (
            {
                "packaging": [{"kind": "hls", "voiceover": True}],
                "dubbing": {"provider": "embedded", "mix": "voiceover"},
            },
            "invalid_input",
            "is one already",
        ),
        ({"source": {"media": "http://127.0.0.1:9/a.mp4", "locale": "en-US"}}, "forbidden_address", "127.0.0.1"),
        ({"source": {"media": "gopher://x/a.mp4", "locale": "en-US"}}, "invalid_input", "gopher"),
    ],
)
def test_a_job_that_can_not_be_run(work: Any, polyreel: Any, change: dict[str, Any], code: str, words: str) -> None:
    """The error names the thing, as JSON for programs; nothing is delivered and no server is needed to say so."""
    job = work("es-ES", **change)
    done = polyreel("run", job, "--json")
    assert done.json["error"]["code"] == code
    assert words in done.json["error"]["message"]
    assert done.json["status"] == "failed"
    assert done.json["deliveries"] == done.json["paid"] == []
    assert done.code == (1 if code == "forbidden_address" else 2)
    assert "Traceback" not in done.stderr
    assert not (job.parent / "out").exists()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("mute.mp4", "missing_audio_track"),
        ("dialogue.en-US.vtt", "unsupported_media"),
    ],
)
def test_media_that_can_not_be_dubbed(work: Any, polyreel: Any, odd_media: Path, file: str, code: str) -> None:
    """Files of the wrong kind are refused in the vendors' own words."""
    job = work("es-ES", source={"media": str(odd_media / file), "locale": "en-US"})
    done = polyreel("run", job, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, code)
    assert file in done.json["error"]["message"]
    assert done.json["error"]["remedy"]


def test_the_only_script_being_garbage_is_an_invalid_job(work: Any, polyreel: Any) -> None:
    """When no language can begin the job is invalid, and the file and line are named."""
    job = work("es-ES")
    (job.parent / "narrated.es-ES.srt").write_bytes(b"\x00\x01\x02 nothing here")
    done = polyreel("run", job)
    assert done.code == 2
    assert "narrated.es-ES.srt" in done.stderr
    assert done.stdout == ""


def test_repairs_are_refused_unless_the_job_accepts_them(work: Any, polyreel: Any) -> None:
    """A missing blank line is an error with its line; with accept_repairs it is a note."""
    job = work("es-ES")
    script = job.parent / "narrated.es-ES.srt"
    script.write_text(script.read_text("utf-8").replace("Hola.\n\n", "Hola.\n"), "utf-8")
    refused = polyreel("run", job, "--json")
    assert refused.code == 2
    assert "line 4" in refused.json["error"]["message"]
    assert "accept_repairs" in refused.json["error"]["remedy"]
    asked = json.loads(job.read_text()) | {"subtitles": {"accept_repairs": True}}
    job.write_text(json.dumps(asked))
    accepted = polyreel("run", job, "--json")
    assert accepted.code == 0, accepted.stderr
    assert any("no empty line" in note for note in accepted.json["languages"]["es-ES"]["notes"])


@pytest.mark.parametrize(
    ("made", "runs", "offset"), [("25", "23.976", 0), ("23.976", "25", 0), ("24", "25", 0), ("25", "25", 36_000_000)]
)
def test_a_script_of_another_frame_rate_or_hour_is_refused_and_its_option_is_enough(
    work: Any, polyreel: Any, made: str, runs: str, offset: int
) -> None:
    """Nothing runs before it is mended; with the one option that the remedy spells, the plan takes it."""
    job = work("es-ES")
    script = job.parent / "narrated.es-ES.srt"
    late = move(read_file(script).track, lambda ms: round(ms * exact_rate(runs) / exact_rate(made)) + offset)
    script.write_text(write(late, "srt").text, "utf-8")
    refused = polyreel("run", job, "--json")
    error = refused.json["error"]
    assert (refused.code, error["code"] in {"script_timing", "script_outside_reel"}) == (2, True), error
    option = f"offset: -{offset // 1000}" if offset else f"rate: {made}/{runs}"
    assert f"`targets: [{{locale: es-ES, {option}}}]`" in error["remedy"]
    assert ("constant offset" if offset else "frame-rate drift") in error["message"]
    assert not (job.parent / "out").exists()
    asked = json.loads(job.read_text())
    asked["targets"][0] |= yaml.safe_load(option)
    job.write_text(json.dumps(asked))
    assert polyreel("plan", job).code == 0


def test_a_server_that_is_not_there_is_said_in_one_line(work: Any, polyreel: Any) -> None:
    """PREFECT_API_URL pointing at nothing is an error of one line, not a trace."""
    done = polyreel("run", work("es-ES"), PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.code == 1
    assert "http://127.0.0.1:9/api" in done.stderr
    assert "Traceback" not in done.stderr
