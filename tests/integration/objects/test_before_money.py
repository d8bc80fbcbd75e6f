"""Buckets that a job delivers to, or stages at, are asked before anything is bought."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import PolyreelError
from polyreel.job import Job
from tasks.run.looks import require_open
from tests.integration.objects.conftest import TestBucket


def job_to(folder: Path, **places: Any) -> Job:
    """A job over a reel that nobody opens here."""
    asked: dict[str, Any] = {
        "name": "welcome",
        "source": {"media": str(folder / "reel.mp4"), "locale": "en-US"},
        "targets": ["es-ES"],
    }
    return Job.model_validate(asked | {"delivery": [{"to": "folder", "path": str(folder)}]} | places)


async def code_of(job: Job) -> str:
    """What a job is refused for; empty where it is not."""
    try:
        await require_open(job)
    except PolyreelError as error:
        return error.code
    return ""


async def test_a_bucket_that_takes_our_key_is_left_as_it_is(bucket: TestBucket, tmp_path: Path) -> None:
    """Deliveries and staging are asked by reading alone: nothing is put, and no permission to list is needed."""
    to = {"to": "s3", "path": bucket.url("dubs")}
    bucket.s3.answer = lambda asked: ("403 Forbidden", "AccessDenied") if "list-type" in asked.query else None
    assert await code_of(job_to(tmp_path, delivery=[to], staging=to)) == ""
    assert set(bucket.s3.methods()) == {"GET"}
    bucket.s3.reset()
    assert bucket.keys() == []


@pytest.mark.parametrize("place", ["delivery", "staging"])
async def test_a_missing_bucket_is_said_before_it_is_needed(s3: Any, tmp_path: Path, place: str) -> None:
    to = {"to": "s3", "path": "s3://nobodys-bucket/dubs"}
    assert await code_of(job_to(tmp_path, **{place: [to] if place == "delivery" else to})) == "no_such_bucket"


async def test_a_wrong_key_is_said_before_it_is_needed(
    bucket: TestBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE")
    assert await code_of(job_to(tmp_path, delivery=[{"to": "s3", "path": bucket.url()}])) == "access_denied"


async def test_a_store_that_is_away_for_a_moment_is_left_to_the_delivery(bucket: TestBucket, tmp_path: Path) -> None:
    bucket.s3.answer = lambda asked: ("503 Slow Down", "SlowDown")
    assert await code_of(job_to(tmp_path, delivery=[{"to": "s3", "path": bucket.url()}])) == ""
