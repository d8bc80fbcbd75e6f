"""The example package, installed as its page says: everything that it brings is used, by the real command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a polyreel that has the package beside it."""
    site = tmp_path_factory.mktemp("site")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, "-m", "pip", "install", *quiet, "--target", site, EXAMPLE], check=True)
    return {"PYTHONPATH": str(site)}


def test_its_voice_and_its_format_are_there(polyreel: Any, installed: dict[str, str], tmp_path: Path) -> None:
    found = polyreel("voices", "es-ES", "--json", **installed).json
    assert [each["name"] for each in found[:2]] == ["whistle:high", "whistle:low"]
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,500\nHola,\nmundo.\n", encoding="utf-8")
    for one, other in (("a.srt", "b.lines"), ("b.lines", "c.vtt")):
        assert polyreel("subtitles", "convert", one, other, cwd=tmp_path, **installed).code == 0
    assert (tmp_path / "b.lines").read_text() == "1000\t2500\tHola, / mundo.\n"
    assert "Hola,\nmundo." in (tmp_path / "c.vtt").read_text()


def test_its_provider_its_check_and_its_place_do_a_job(
    polyreel: Any, installed: dict[str, str], narrated: Path, tmp_path: Path
) -> None:
    job = {
        "name": "whistled",
        "source": {"media": str(narrated / "narrated.mp4"), "locale": "en-US"},
        "trim": {"end": 5},
        "targets": [{"locale": "es-ES", "subtitles": str(narrated / "narrated.es-ES.srt")}],
        "dubbing": {"provider": "plugin", "name": "whistler", "options": {"pitch": "low"}, "mix": "speech_only"},
        "delivery": [
            {"to": "folder", "path": str(tmp_path / "out")},
            {"to": "plugin", "name": "listing", "options": {"path": str(tmp_path / "list.txt")}},
        ],
    }
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    done = polyreel("run", tmp_path / "job.yaml", "--json", **installed)
    assert done.code == 0, (done.stderr, done.stdout)
    language = done.json["languages"]["es-ES"]
    assert next(each for each in language["checks"] if each["name"] == "silence")["status"] == "pass"
    assert "whistled, not spoken." in " ".join(language["notes"])
    assert "es-ES/whistled.es-ES.mp4" in (tmp_path / "list.txt").read_text()

    wrong = {**job, "dubbing": {"provider": "plugin", "name": "whistler", "options": {"pitch": "deep"}}}
    (tmp_path / "wrong.yaml").write_text(json.dumps(wrong))
    refused = polyreel("plan", tmp_path / "wrong.yaml", **installed)
    assert refused.code == 2
    assert "pitch" in refused.stderr
