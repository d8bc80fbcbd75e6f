"""Holds stages of a served run where a test wants them held: found by Python itself, through ``PYTHONPATH``.

``HOLD/JOB/LOCALE-STAGE`` holds that stage of that job: with ``before`` in it when its work begins, with ``after`` when
its work is done and not yet recorded. Each process that gets there leaves its number in ``LOCALE-STAGE.reached``, and
goes on when the file is gone.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

HOLD = Path(os.environ.get("POLYREEL_TESTS_HOLD", os.devnull))


def _job_of(value: Any) -> str:
    """The name of the job that a stage was given, as the job, as a plan of it, or as the parcel that it makes."""
    job = getattr(value, "job", value)
    return str(job.name) if hasattr(job, "targets") or (hasattr(value, "items") and hasattr(value, "asked")) else ""


async def held(stage: str, values: tuple[Any, ...], moment: str) -> None:
    """Wait here, when a test wants it."""
    name = next(filter(None, map(_job_of, values)))
    locale = next((each.locale for each in values if isinstance(getattr(each, "locale", None), str)), "")
    place = HOLD / name / f"{locale}-{stage}"
    if place.exists() and place.read_text() == moment:
        with place.with_name(f"{place.name}.reached").open("a") as reached:
            reached.write(f"{os.getpid()}\n")
        while place.exists():  # noqa: ASYNC110 - another process removes it
            await asyncio.sleep(0.05)


def holding(stage: Any) -> Any:
    """`tasks.run.stage.stage`, whose functions are held."""

    def made(name: str, **options: Any) -> Any:
        def decorate(function: Any) -> Any:
            @functools.wraps(function)
            async def work(*args: Any, **kwargs: Any) -> Any:
                values = (*args, *kwargs.values())
                await held(name, values, "before")
                result = await function(*args, **kwargs)
                await held(name, values, "after")
                return result

            return stage(name, **options)(work)

        return decorate

    return made


class Finder:
    """Puts `holding` around the stages as their module is imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != "tasks.run.stage":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_and_wrap(module: ModuleType) -> None:
            load(module)
            vars(module)["stage"] = holding(module.stage)

        vars(spec.loader)["exec_module"] = load_and_wrap
        return spec


if "POLYREEL_TESTS_HOLD" in os.environ:
    sys.meta_path.insert(0, Finder())
