"""What every task has in common: its key, its name, its record on the board."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from prefect import task
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext

from polyreel import results
from polyreel.outcome import artefacts_in
from polyreel.results import drop_if_unusable
from polyreel.stores import open_store
from tasks.progress import board

Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")
Key = Callable[[dict[str, Any]], str]

HOUR_S = 3600.0


class Given:
    """What a stage was called with, and its key.

    A plain object, so that Prefect takes it as it is: it looks for futures in every corner of plans and models, twice a
    task (a fifth of what it costs), and there are none.
    """

    __slots__ = ("args", "key", "kwargs", "locale")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], locale: str, key: str = "") -> None:
        self.args, self.kwargs, self.locale, self.key = args, kwargs, locale, key


def key_of(name: str) -> Key:
    """The key that the plan gave this stage of a language."""
    return lambda given: str(given["language"].stage_keys[name])


def stage(
    name: str,
    *,
    key: Key | None = None,
    retries: int = 0,
    retry_if: type[Exception] | None = None,
    timeout_s: float = 12 * HOUR_S,
) -> Callable[[Callable[Inputs, Awaitable[Result]]], Callable[Inputs, Awaitable[Result]]]:
    """Make an async function a stage: a Prefect task, kept under its own key, shown on the board.

    ``key`` computes the stage's key from its named parameters; without one the stage runs every time (because it looks
    for itself what is already done). The error of a failed stage is raised as it was. Where machines share a store,
    what others have done is looked for first, what a stage reads is brought here, and what it makes is shared.
    """

    def decorate(function: Callable[Inputs, Awaitable[Result]]) -> Callable[Inputs, Awaitable[Result]]:
        signature = inspect.signature(function)

        async def work(given: Given) -> Result:
            await open_store().bring(artefacts_in((given.args, given.kwargs)))
            return await function(*given.args, **given.kwargs)

        work.__qualname__ = getattr(function, "__qualname__", name)  # of what Prefect calls a task's key
        bound: Any = task(
            name=name,
            description=function.__doc__,
            task_run_name=_run_name(name),
            cache_key_fn=_cache_key if key else None,
            persist_result=key is not None,
            result_serializer="json",
            retries=retries,
            retry_delay_seconds=2,
            retry_condition_fn=_only(retry_if) if retry_if else None,
            timeout_seconds=timeout_s,
        )(work)

        async def call(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
            locale = _locale(args, kwargs)
            board().begin(name, locale)
            keys = (key(signature.bind(*args, **kwargs).arguments),) if key else ()
            for each in keys:
                await results.fetch(each)
            state: State[Result] = await bound(Given(args, kwargs, locale, *keys), return_state=True)
            await results.share(*(keys if _word(state) == "done" else ()))
            board().end(name, locale, _word(state))
            return await state.aresult()

        call.__doc__ = function.__doc__
        call.__name__ = getattr(function, "__name__", name)
        return call

    return decorate


def _word(state: State[Any]) -> Any:
    if not state.is_completed():
        return "failed"
    return "cached" if state.name == "Cached" else "done"


def _locale(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    for value in (*args, *kwargs.values()):
        found = getattr(value, "locale", None)
        if isinstance(found, str):
            return found
    return ""


def _run_name(name: str) -> Any:
    def run_name(parameters: dict[str, Any]) -> str:
        from prefect.runtime import flow_run

        job = str(flow_run.get_name() or "")
        return " · ".join(part for part in (job, parameters["given"].locale, name) if part)

    return run_name


def _only(kind: type[Exception]) -> Callable[[Any, Any, State[Any]], Awaitable[bool]]:
    async def condition(_task: Any, _run: Any, state: State[Any]) -> bool:
        try:
            await state.aresult()
        except kind:
            return True
        except Exception:  # noqa: BLE001 - any other failure is simply not one that a retry helps
            return False
        return False

    return condition


def _cache_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    given: Given = parameters["given"]
    drop_if_unusable(given.key)
    return given.key
