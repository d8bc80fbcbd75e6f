"""Which runs of this machine are alive: each holds a lock, which the kernel takes back when its process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from deployments.process import address
from polyreel.machine.locks import open_locked


@contextmanager
def hold_run(run: str) -> Iterator[None]:
    """Be this run's process. The mark goes away at an orderly end only; a killed process leaves it behind, unlocked."""
    folder = _locate_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run}.lock"
    handle = open_locked(path)
    try:
        yield
    finally:
        if handle is not None:
            path.unlink(missing_ok=True)
            os.close(handle)


def dead_runs() -> list[UUID]:
    """Runs whose process is gone without having said goodbye."""
    found = []
    # Runs are named by UUIDs; other locks in there are none of ours to judge.
    for path in sorted(_locate_folder().glob("*-*-*-*-*.lock")):
        if (handle := open_locked(path)) is not None:
            os.close(handle)
            # The mark stays until the server knows (`forget`): a server that does not answer now is told in the next
            # round.
            found.append(UUID(path.stem))
    return found


def forget_run(run: UUID) -> None:
    """This run's death has been dealt with."""
    (_locate_folder() / f"{run}.lock").unlink(missing_ok=True)


def _locate_folder() -> Path:
    return address.find_folder() / "runs"
