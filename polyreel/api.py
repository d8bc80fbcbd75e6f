"""The Python API: `run` and `plan` for programs, `arun` and `aplan` for asynchronous ones.

The core knows no workflow framework. Who runs a job is found among the installed package's entry points (group
``polyreel.api``), and loaded by the first call.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict

from polyreel.errors import PolyreelError
from polyreel.intake import jobfile
from polyreel.job import Job
from polyreel.outcome import Outcome, Problem, Value

_GROUP = "polyreel.api"

StageState = Literal["done", "to do", "can't", "unknown"]
Result = TypeVar("Result")


class LanguagePreview(Value):
    """One language of a preview: the state of each of its stages, and why it can't begin, if it can't."""

    model_config = ConfigDict(extra="allow")

    stages: dict[str, StageState]
    error: Problem | None = None


class Preview(Value):
    """What a run of a job would do, and what is done already; the same as `polyreel plan --json` prints.

    ``quote`` has ``minutes`` (of dubbing, all languages together; None while the length is unknown), ``paid_minutes``
    and a ``sentence``. ``stages`` are those of the whole job; a stage is ``unknown`` while the source is not here.
    """

    model_config = ConfigDict(extra="allow")

    job: str
    source: dict[str, str | None]
    separation: str
    quote: dict[str, Any]
    stages: dict[str, StageState]
    languages: dict[str, LanguagePreview]
    delivers_to: tuple[str, ...] = ()


def load_job(path: str | os.PathLike[str]) -> Job:
    """Read a job file (YAML or JSON). Its relative paths are taken from the file's own folder.

    Raises `InvalidJob`, which names every wrong field.
    """
    return jobfile.load_job(Path(path))


def run(job: Job) -> Outcome:
    """Run a job here and now, and return what came of it. Blocks until everything is delivered or has failed.

    A language that fails is in the outcome, not raised: look at ``outcome.status`` and ``outcome.languages``. Raises
    `InvalidJob` for a job that can't begin, and `PolyreelError` for what stops it as a whole.

        outcome = run(load_job("job.yaml"))
        for locale, language in outcome.languages.items():
            print(locale, language.status, language.dub)

    For programs without an event loop; in a coroutine, await `arun`.
    """
    return _run_to_end(arun, job)


async def arun(job: Job) -> Outcome:
    """As `run`, in a coroutine. In a Prefect flow of your own the job becomes a subflow, on the same server.

    Cancelling it ends every tool that was started; what was finished is kept for the next run, and what was bought is
    not bought again. Raises as `run` does.
    """
    outcome: Outcome = await _entry_point("run")(job)
    return outcome


def plan(job: Job) -> Preview:
    """Check a job with its files and languages, and say what a run would do. Spends nothing, starts nothing.

    Raises `InvalidJob` for a job that can't begin.
    """
    return _run_to_end(aplan, job)


async def aplan(job: Job) -> Preview:
    """As `plan`, in a coroutine, with the same result and errors.

    preview = await aplan(load_job("job.yaml"))
    stuck = {locale: each.error.message for locale, each in preview.languages.items() if each.error}
    """
    return Preview.model_validate(await _entry_point("plan")(job))


def _run_to_end(function: Callable[[Job], Coroutine[Any, Any, Result]], job: Job) -> Result:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(function(job))
    name = function.__name__
    raise PolyreelError(
        f"polyreel.{name[1:]} can't wait inside a running event loop",
        code="in_event_loop",
        remedy=f"Write `await polyreel.{name}(job)` there.",
    )


def _entry_point(name: str) -> Callable[[Job], Awaitable[Any]]:
    for found in entry_points(group=_GROUP, name=name):
        loaded: Callable[[Job], Awaitable[Any]] = found.load()
        return loaded
    raise PolyreelError(
        f"nothing here can {name} jobs: polyreel's sources are on the path, but the package is not installed",
        code="not_installed",
        remedy="Install it: python -m pip install . (or --editable .) in its folder.",
    )
