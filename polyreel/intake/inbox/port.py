"""The port that every kind of inbox stands behind: a folder, a prefix of an object store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import PurePosixPath
from typing import Any, Protocol

from polyreel.job import Job

# Anything else in an inbox (media, scripts beside the job) is left alone.
SUFFIXES = (".yaml", ".yml", ".json")


class Claim(Protocol):
    """A job file that was taken. Every method may be repeated: whoever takes it up after a crash goes on from there.

    Methods raise `StoreError` where the place can't be reached or written.
    """

    @property
    def name(self) -> str:
        """The file's own name, as it was left in the inbox."""

    @property
    def key(self) -> str:
        """What makes this claim one: the same for every attempt to start it."""

    async def read_job(self) -> Job:
        """The job in it, its relative paths seen from the inbox. Raises `InvalidJob` for what is no job."""

    async def remember_run(self, run: str) -> None:
        """Remember the run that it became (its id on the server)."""

    async def put_aside(self, outcome: dict[str, Any]) -> str:
        """Put the job file aside with its outcome beside it; the outcome is there first. Says where the outcome is."""


class Inbox(Protocol):
    """Where job files are left. What others take at the same time is theirs.

    One round of a scheduler, whose ``owner`` is a word of its own that stays:

        async with inbox.hold_alone(owner):
            await inbox.claim_files(owner)
            for claim in await inbox.list_claims(owner):
                run = await start(await claim.read_job(), claim.key)
                await claim.remember_run(run)

    Methods raise `StoreError` where the place can't be reached or written.
    """

    def hold_alone(self, owner: str) -> AbstractAsyncContextManager[None]:
        """Be the only one of an owner's schedulers on this machine who looks at it now."""

    async def claim_files(self, owner: str) -> int:
        """Take every job file that is complete, for ``owner``; how many."""

    async def list_claims(self, owner: str) -> Sequence[Claim]:
        """Job files that ``owner`` has taken and that are not done."""


def is_job_name(name: str) -> bool:
    """Whether a file of this name is meant as a job; what begins with a dot or a tilde is somebody's half-made file."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not name.startswith((".", "~"))
