"""A run's own record, for whoever lists jobs without asking a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from prefect.logging import get_logger
from prefect.runtime import flow_run

from polyreel.errors import PolyreelError
from polyreel.job import Job
from polyreel.outcome import Outcome
from polyreel.report import records

T = TypeVar("T")
log = get_logger("polyreel.records")


class Kept:
    """A run's record while it runs: set ``outcome`` when it is known."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.so_far: Outcome | None = None
        """What has come of it where it is suspended until a person does something."""


@contextmanager
def keep_record(job: Job) -> Iterator[Kept]:
    """Record that a run began, and what came of it. A disk that takes no record fails no job: it is logged."""
    run, locales = str(flow_run.get_id() or ""), tuple(target.locale for target in job.targets)
    begun = _try_work(lambda: records.begin_record(job.name, locales, run))
    kept = Kept()
    try:
        yield kept
    except asyncio.CancelledError:
        # Not an Exception: without its own branch a stopped run would look as if it were still at work.
        kept.outcome = records.make_stopped_outcome(job.name)
        raise
    except Exception as error:
        failed = Outcome.of_failure(job.name, error)
        kept.outcome = _try_work(lambda: records.write_failure(failed)) or failed
        raise
    finally:
        if begun:
            _try_work(lambda: _close(begun, kept))


def _close(begun: records.RunRecord, kept: Kept) -> None:
    # Without an outcome or an error, Prefect has suspended the run.
    if kept.outcome is None:
        records.put_aside(begun, kept.so_far)
    else:
        records.end_record(begun, kept.outcome)


def _try_work(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except (OSError, PolyreelError) as error:
        log.warning("The run's record could not be written: %s", error)
        return None
