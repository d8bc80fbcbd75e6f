"""`polyreel up` with a shared store and an inbox on a prefix: a job left there is done, and comes back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.servers


def test_a_job_left_on_a_prefix_is_done_and_comes_back(
    start_up: Callable[..., Any], bucket: Any, narrated: Path, tmp_path: Path, secret: str
) -> None:
    """Its files are seen from the prefix; what its stages made is in the shared store; no secret is anywhere."""
    options = ("--inbox", bucket.url("in"), "--inbox-every", "2")
    start_up(tmp_path / "served", *options, POLYREEL_STORE=bucket.url("team"))
    for name in ("narrated.mp4", "narrated.en-US.srt", "narrated.es-ES.srt"):
        bucket.put(f"in/reels/{name}", narrated / name)
    job = {
        "name": "narrated",
        "source": {"media": "reels/narrated.mp4", "locale": "en-US", "subtitles": "reels/narrated.en-US.srt"},
        "trim": {"start": 0, "end": 5},
        "targets": [{"locale": "es-ES", "subtitles": "reels/narrated.es-ES.srt"}],
        "dubbing": {"provider": "embedded", "voices": "basic"},
        "delivery": [{"to": "folder", "path": str(tmp_path / "out")}],
    }
    bucket.put("in/welcome.json", json.dumps(job).encode())
    deadline = time.monotonic() + 240
    while "in/done/welcome.json" not in bucket.keys("in/done/"):
        assert time.monotonic() < deadline, bucket.keys("in/")
        time.sleep(0.5)
    outcome = json.loads(bucket.get("in/done/welcome.outcome.json"))
    assert outcome["status"] == "completed", outcome
    assert not [note for note in outcome["notes"] if "shared" in note]
    assert (tmp_path / "out" / "narrated" / "manifest.json").exists()
    assert bucket.keys("in/running/") == []
    stages = {key.split("/")[2].split("-")[0] for key in bucket.keys("team/results/")}
    assert {"trim", "separate", "script", "dub", "collect", "mux", "check"} <= stages
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if secret.encode() in path.read_bytes()]
