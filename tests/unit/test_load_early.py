"""Models are loaded beside the imports where a job is surely new, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyreel.job import Job
from polyreel.preflight import prepare
from polyreel.sources.ingest import ingest
from polyreel.sources.local import is_known
from polyreel.stores import open_store
from tasks import models


@pytest.fixture
async def plan(narrated: Path) -> Any:
    """A job's plan, before its source was taken in."""
    job = Job.model_validate(
        {
            "name": "new",
            "source": {"media": str(narrated / "narrated.mp4"), "locale": "en-US"},
            "targets": [{"locale": "es-ES", "subtitles": str(narrated / "narrated.es-ES.srt")}],
            "delivery": [{"to": "folder", "path": "/dev/null"}],
        }
    )
    return await prepare(job, open_store())


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """For which locales models were asked for."""
    asked: list[list[str]] = []
    monkeypatch.setattr(models, "load_models", lambda _, locales: asked.append(list(locales)))
    return asked


async def test_a_source_never_seen_is_loaded_for(plan: Any, loaded: list[list[str]]) -> None:
    """Nothing of it can be done yet."""
    models.load_early(plan)
    assert loaded == [["es-ES"]]


async def test_a_source_seen_before_waits_until_it_is_known_what_is_done(plan: Any, loaded: list[list[str]]) -> None:
    """A finished job loads nothing when it is run again."""
    media = plan.job.source.media
    assert not is_known(media, open_store())
    await ingest(media, open_store())
    assert is_known(media, open_store())
    models.load_early(plan)
    assert loaded == []


async def test_what_is_elsewhere_is_left_to_the_run(
    plan: Any, loaded: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine may have done it; and an address tells nothing before it is asked."""
    far = plan.model_copy(update={"job": plan.job.model_copy(update={"source": _at("https://example.com/reel.mp4")})})
    models.load_early(far)
    monkeypatch.setenv("POLYREEL_STORE", "s3://bucket/store")
    models.load_early(plan)
    assert loaded == []


def _at(address: str) -> Any:
    return type("Source", (), {"media": address})()
