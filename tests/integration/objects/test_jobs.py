"""Whole jobs through the real command line: sources in an object store, and one store for two machines."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.sandbox.sample import make_sample

EXAMPLES = Path(__file__).parents[3] / "examples"
Polyreel = Callable[..., Any]


@pytest.fixture
def job(bucket: Any, narrated: Path, tmp_path: Path) -> Path:
    """A job whose every file is in the bucket; only its delivery is here."""
    for name in ("narrated.mp4", "narrated.en-US.srt", "narrated.es-ES.srt"):
        bucket.put(f"reels/{name}", narrated / name)
    asked = {
        "name": "narrated",
        "source": {
            "media": bucket.url("reels/narrated.mp4"),
            "locale": "en-US",
            "subtitles": bucket.url("reels/narrated.en-US.srt"),
        },
        "trim": {"start": 0, "end": 8},
        "targets": [{"locale": "es-ES", "subtitles": bucket.url("reels/narrated.es-ES.srt")}],
        "dubbing": {"provider": "embedded", "voices": "basic"},
        "delivery": [{"to": "folder", "path": "out"}],
    }
    (tmp_path / "job.yaml").write_text(json.dumps(asked))
    return tmp_path / "job.yaml"


def delivered(folder: Path) -> dict[str, str]:
    """Content by file, of everything that a run must give again exactly."""
    manifest = json.loads((folder / "narrated" / "manifest.json").read_bytes())
    return {each["path"]: each["sha256"] for each in manifest["files"] if each["role"] != "report"}


def states(ended: Any) -> set[str]:
    """How the stages with a key of their own went, of the job and of its language."""
    stages = {**ended.json["stages"], **ended.json["languages"]["es-ES"]["stages"]}
    return {state for stage, state in stages.items() if stage not in ("prepare", "ingest", "deliver")}


def test_two_machines_with_one_store_do_the_work_once(
    polyreel: Polyreel, job: Path, bucket: Any, tmp_path: Path, secret: str
) -> None:
    """The second run is all cached, fetches what it delivers, and delivers the same bytes. No secret is left behind."""
    shared = {"POLYREEL_STORE": bucket.url("team")}
    first = polyreel("run", job, "--json", "--out", tmp_path / "one", POLYREEL_HOME=str(tmp_path / "home1"), **shared)
    assert (first.code, first.stderr) == (0, "")
    assert states(first) == {"done"}
    bucket.s3.asked.clear()
    second = polyreel("run", job, "--json", "--out", tmp_path / "two", POLYREEL_HOME=str(tmp_path / "home2"), **shared)
    assert (second.code, second.stderr) == (0, "")
    assert states(second) == {"cached"}
    assert delivered(tmp_path / "two") == delivered(tmp_path / "one")
    assert "GET" not in bucket.s3.methods("reels/narrated.mp4")  # nobody read it, and so nobody fetched it
    assert not list((tmp_path / "home1" / "store" / "outbox").iterdir())
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if secret.encode() in path.read_bytes()]
    assert not [key for key in bucket.keys("team") if secret.encode() in bucket.get(key)]


def test_saved_credentials_open_a_jobs_sources(
    polyreel: Polyreel, job: Path, bucket: Any, tmp_path: Path, secret: str
) -> None:
    """The environment knows no way in; the job names a block; its secret is in no parameter, log or result."""
    saved = [f"access_key_id={'POLYREELTESTKEY'}", "secret_access_key=env:THE_SECRET", f"bucket={bucket.name}"]
    saved += [f"base_url={bucket.s3.url}"]
    options = [option for setting in saved for option in ("--set", setting)]
    closed = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    asked = json.loads(job.read_text())
    refused = polyreel("run", job, "--json", **closed)
    assert refused.json["error"]["code"] == "no_credentials"
    assert polyreel("credentials", "save", "s3", "films", *options, THE_SECRET=secret).code == 0
    asked["source"]["credentials"] = "films"
    job.write_text(json.dumps(asked))
    planned = polyreel("plan", job, "--json", **closed)
    assert (planned.code, planned.stderr) == (0, "")
    done = polyreel("run", job, "--json", "-v", **closed)
    assert done.code == 0
    assert secret not in done.stdout + done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_a_store_that_is_down_is_said_in_one_line(polyreel: Polyreel, job: Path, s3: Any, narrated: Path) -> None:
    """Before anything is begun, with what to do."""
    asked = json.loads(job.read_text())
    for name in ("narrated.mp4", "narrated.en-US.srt", "narrated.es-ES.srt"):
        shutil.copyfile(narrated / name, job.parent / name)
    asked["source"] |= {"media": "narrated.mp4", "subtitles": "narrated.en-US.srt"}
    asked["targets"][0]["subtitles"] = "narrated.es-ES.srt"
    job.write_text(json.dumps(asked))
    ended = polyreel("run", job, "--json", POLYREEL_STORE="s3://films/team", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert ended.code == 1
    assert ended.json["error"]["code"] == "object_store_unreachable"
    assert "POLYREEL_STORE" in ended.json["error"]["remedy"]


def test_the_example_runs_as_it_stands(polyreel: Polyreel, bucket: Any, tmp_path: Path, secret: str) -> None:
    """examples/object-store.yaml: reel, script and background come from the bucket, results go there."""
    shutil.copyfile(EXAMPLES / "object-store.yaml", tmp_path / "object-store.yaml")
    made = asyncio.run(make_sample(tmp_path / "sample", 8))
    bucket.client.create_bucket(Bucket="reels")
    for path in (made.video, made.script, made.background, made.translations["es-ES"]):
        bucket.client.upload_file(str(path), "reels", f"sample/{path.name}")
    done = polyreel("run", tmp_path / "object-store.yaml", "--json")
    assert done.code == 0, done.stderr
    assert done.json["languages"]["es-ES"]["status"] == "delivered"
    assert done.json["separation"] == "given"
    assert [each["status"] for each in done.json["deliveries"]] == ["delivered", "delivered"]
    delivered_keys = bucket.client.list_objects_v2(Bucket="reels", Prefix="dubs/object-store/")["Contents"]
    assert "dubs/object-store/manifest.json" in {each["Key"] for each in delivered_keys}
    assert secret not in done.stdout + done.stderr
