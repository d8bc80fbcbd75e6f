"""What every task has in common: its key, its name, its record on the board."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import task
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed
from prefect.utilities.engine import emit_task_run_state_change_event

from polyreel.errors import StillAtVendor
from polyreel.ledger.telling import hear_waiting
from polyreel.plans import step_of_place
from polyreel.store import results as store_results
from polyreel.store.choice import open_store
from polyreel.store.named import find_stored_files
from tasks.run import results
from tasks.run.progress import board

Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")
Key = Callable[[dict[str, Any]], str]

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
CACHED = "Cached"
"""The state of a stage that was done before, as Prefect itself names it."""
WAITING = "Waiting"
"""The state of a stage that ended because its run does not wait for a vendor with its process."""
STAGES: dict[str, Callable[..., Awaitable[Any]]] = {}
"""Every stage by its name, for whoever looks at all of them."""
KEPT_STAGES: set[str] = set()
"""Those whose results are kept under a key."""


class _NotYet:
    """What a stage waits for: an error by nature, but no failure that anybody should be shown."""

    __slots__ = ("error",)

    def __init__(self, error: StillAtVendor) -> None:
        self.error = error


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
    # Longer than any stage takes of a film; without an end, a hung tool would hold its place for ever.
    timeout_s: float = 12 * HOUR_S,
) -> Callable[[Callable[Inputs, Awaitable[Result]]], Callable[Inputs, Awaitable[Result]]]:
    """Make an async function a stage: a Prefect task, kept under its own key, shown on the board.

    ``key`` computes the stage's key from its named parameters; without one the stage runs every time (because it looks
    for itself what is already done). The error of a failed stage is raised as it was. Where machines share a store,
    what others have done is looked for first, what a stage reads is brought here, and what it makes is shared.
    """

    def decorate(function: Callable[Inputs, Awaitable[Result]]) -> Callable[Inputs, Awaitable[Result]]:
        # Once, when the stage is defined: a run of twenty languages calls each stage twenty times.
        signature = inspect.signature(function)

        # One line, as Prefect keeps each task's source and reads it token by token: 25 stages' took a run 30 ms.
        async def work(given: Given) -> Result | State[Result]:
            return await _do_work(function, given)

        # Prefect derives a task's key from its function's qualified name: all stages would share one.
        work.__qualname__ = getattr(function, "__qualname__", name)
        bound: Any = task(
            name=name,
            description=function.__doc__,
            task_run_name=_run_name(name),
            persist_result=False,  # Results are kept by us, under our own keys, tags and versions.
            retries=retries,
            # What is retried here is a fetch, whose client has tried with growing pauses already.
            retry_delay_seconds=2,
            retry_condition_fn=_retry_only(retry_if) if retry_if else None,
            timeout_seconds=timeout_s,
        )(work)

        async def call(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
            locale, shown = _find_locale(args, kwargs), _name_of_step(name, args)
            board().begin(shown, locale)
            given = Given(args, kwargs, locale, *((key(signature.bind(*args, **kwargs).arguments),) if key else ()))
            if given.key:
                # Results of other machines as well, before Prefect is told of a task: one that is done costs one look.
                await store_results.fetch_result(given.key)
                if kept := results.load_result(given.key):
                    await _tell_cached(bound, given)
                    board().end(shown, locale, "cached")
                    return cast("Result", kept[0])
            mine = board()
            with hear_waiting(lambda text: mine.wait(shown, locale, text)):
                state: State[Result] = await bound(given, return_state=True)
            if state.name == WAITING:  # it goes on in another process: on the board it is still running
                raise (await cast("State[Any]", state).aresult()).error
            if given.key and state.is_completed():
                await store_results.share_results(given.key)
            board().end(shown, locale, "done" if state.is_completed() else "failed")
            return await state.aresult()

        call.__doc__ = function.__doc__
        call.__name__ = getattr(function, "__name__", name)
        # The bare function: tests and tables look at what it returns, and Prefect's wrapper says `Any`.
        STAGES[name] = function
        KEPT_STAGES.update({name} if key else ())
        return call

    return decorate


async def _tell_cached(bound: Any, given: Given) -> None:
    """Tell Prefect of a stage that was done before, by the one event that its server and its pages need.

    As a task that only loads what is kept it costs three events and 10 ms of a processor, and a finished job of twenty
    languages has 163 of them.
    """
    if (flow := FlowRunContext.get()) is None:
        return
    run = await bound.create_local_run(client=flow.client, parameters={"given": given})
    run.name = bound.task_run_name({"given": given})
    state: State[Any] = Completed(name=CACHED)
    state.state_details.task_run_id, state.state_details.flow_run_id = run.id, run.flow_run_id
    run.start_time = run.end_time = state.timestamp
    run.state, run.state_id, run.state_type, run.state_name = state, state.id, state.type, state.name
    emit_task_run_state_change_event(run, initial_state=None, validated_state=state)


async def _do_work(function: Callable[..., Awaitable[Result]], given: Given) -> Result | State[Result]:
    """What a stage makes, kept under its key."""
    # After the look at what is kept: a stage that is done needs no files, which may be gigabytes on another machine.
    await open_store().fetch_files(find_stored_files((given.args, given.kwargs)))
    try:
        result = await function(*given.args, **given.kwargs)
    except StillAtVendor as still:
        return Completed(name=WAITING, data=_NotYet(still), message=str(still))
    if given.key:
        # Before Prefect hears that the stage is done: killed in between, the next run finds the work.
        await asyncio.to_thread(results.save_result, given.key, result)
    return result


def _find_locale(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    for value in (*args, *kwargs.values()):
        found = getattr(value, "locale", None)
        if isinstance(found, str):
            return found
    return ""


def _name_of_step(name: str, args: tuple[Any, ...]) -> str:
    """A stage that is done once per place has a step for each, by the place's name (`closing_steps`)."""
    place = getattr(args[0], "to", None) if args else None
    return step_of_place(name, place) if isinstance(place, str) else name


def _run_name(name: str) -> Any:
    def run_name(parameters: dict[str, Any]) -> str:
        from prefect.runtime import flow_run

        job = str(flow_run.get_name() or "")
        return " · ".join(part for part in (job, parameters["given"].locale, name) if part)

    return run_name


def _retry_only(kind: type[Exception]) -> Callable[[Any, Any, State[Any]], Awaitable[bool]]:
    async def condition(_task: Any, _run: Any, state: State[Any]) -> bool:
        try:
            await state.aresult()
        except kind:
            return True
        except Exception:  # noqa: BLE001 - any other failure is simply not one that a retry helps
            return False
        return False

    return condition
