"""Models are loaded beside the imports where a job is surely new, and only there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from polyreel.dubbing import loading
from polyreel.job import Job
from polyreel.planning.prepare import prepare
from polyreel.plans import MadeScript
from polyreel.sources.ingest import ingest
from polyreel.sources.local import is_known
from polyreel.store.choice import open_store
from tasks.run import models, results
from tasks.run.values import Listening


@pytest.fixture
async def plan(narrated: Path) -> Any:
    """A job's plan, before its source was taken in."""
    targets = [{"locale": "es-ES", "subtitles": str(narrated / "narrated.es-ES.srt")}]
    return await prepare(Job.model_validate(_job(narrated, targets=targets)), open_store())


def _job(narrated: Path, **more: Any) -> dict[str, Any]:
    source = {
        "media": str(narrated / "narrated.mp4"),
        "locale": "en-US",
        "subtitles": str(narrated / "narrated.en-US.srt"),
    }
    return {"name": "new", "source": source, "delivery": [{"to": "folder", "path": str(narrated / "out")}], **more}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """For which locales models were asked for."""
    asked: list[list[str]] = []
    monkeypatch.setattr(loading, "load_models", lambda _, locales: asked.append(list(locales)))
    return asked


async def test_a_source_never_seen_is_loaded_for(plan: Any, loaded: list[list[str]]) -> None:
    """Nothing of it can be done yet."""
    models.load_early(plan)
    assert loaded == [["es-ES"]]


async def test_of_a_source_seen_before_only_what_is_undone_is_loaded_for(plan: Any, loaded: list[list[str]]) -> None:
    """One changed cue leaves work for models; a finished job loads nothing when it is run again."""
    media = plan.job.source.media
    assert not is_known(media, open_store())
    bound = plan.with_source(await ingest(media, open_store()))
    assert is_known(media, open_store())
    await asyncio.to_thread(models.load_early, plan)
    assert loaded == [["es-ES"]]
    results.save_result(bound.language("es-ES").stage_keys["listen"], Listening())
    await asyncio.to_thread(models.load_early, plan)
    assert loaded == [["es-ES"]]


async def test_what_is_elsewhere_is_left_to_the_run(
    plan: Any, loaded: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine may have done it; and an address tells nothing before it is asked."""
    far = plan.model_copy(update={"job": plan.job.model_copy(update={"source": _at("https://example.com/reel.mp4")})})
    models.load_early(far)
    monkeypatch.setenv("POLYREEL_STORE", "s3://bucket/store")
    models.load_early(plan)
    assert loaded == []


async def test_a_draft_that_is_to_be_made_is_loaded_for_and_one_that_is_made_is_not(
    narrated: Path, loaded: list[list[str]]
) -> None:
    """Its lines are said while they are drafted. What follows a draft has no key before it: a rerun loads nothing."""
    translation = {"provider": "libretranslate", "base_url": "http://127.0.0.1:1"}
    job = Job.model_validate(_job(narrated, targets=["es-ES", "fr-FR"], translation=translation))
    store = open_store()
    plan = await prepare(job, store)
    models.load_early(plan)
    bound = plan.with_source(await ingest(job.source.media, store))
    await models.load_models_ahead(bound)
    assert loaded == [["es-ES", "fr-FR"]] * 2
    made = MadeScript(script=store.keep_bytes(b"WEBVTT", ".vtt"))
    for language in bound.languages:
        results.save_result(language.stage_keys["translate"], made)
    await models.load_models_ahead(bound)
    assert loaded == [["es-ES", "fr-FR"]] * 2


def _at(address: str) -> Any:
    return type("Source", (), {"media": address})()
