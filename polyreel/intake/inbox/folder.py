"""A folder where job files are left to be done: each is taken once, and put aside with its outcome when it is done.

    INBOX/welcome.yaml                     left by a person or a program
    INBOX/running/welcome~1f0c-9a2b.yaml   taken, by 1f0c; beside it ``.run``: the id of the run it became
    INBOX/done/welcome.yaml                done, with welcome.outcome.json beside it

Taking is a rename, which the file system lets only one of any number of takers do; the name it gives says whose it is
now. Everything else may be done again: a taker that dies between any two steps leaves files from which its next round
goes on. Paths in a job file are taken from the inbox itself.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyreel.errors import InvalidJob
from polyreel.intake.folders import require_path
from polyreel.intake.inbox.port import SUFFIXES, is_job_name
from polyreel.intake.jobfile import anchor_paths, parse_job
from polyreel.intake.text import load_text
from polyreel.job import Job
from polyreel.machine.files import write_atomically
from polyreel.machine.locks import hold_lock

log = logging.getLogger("polyreel.inbox")
# Editors and copies write in bursts; where leases are not to be had this is all that tells.
QUIET_S = 2.0
_MARK = "~"


@dataclass(frozen=True, slots=True)
class FolderClaim:
    """A job file that was taken from a folder."""

    path: Path

    @property
    def name(self) -> str:
        """The file's own name, as it was left in the inbox."""
        stem, _, _ = self.path.stem.rpartition(_MARK)
        return f"{stem}{self.path.suffix}"

    @property
    def key(self) -> str:
        """What makes this claim one: the same for every attempt to start it."""
        return f"inbox-{self.path.stem.rpartition(_MARK)[2]}"

    @property
    def inbox(self) -> Path:
        """The inbox it was left in."""
        return self.path.parent.parent

    async def read_job(self) -> Job:
        """The job in it. Raises `InvalidJob`."""
        name = str(self.inbox / self.name)
        require_path(str(self._content))
        return anchor_paths(parse_job(load_text(self._content, name), name), self.inbox)

    async def remember_run(self, run: str) -> None:
        """Remember the run that it became."""
        write_atomically(self._note, run.encode())

    async def put_aside(self, outcome: dict[str, Any]) -> str:
        """Put the job file aside with its outcome beside it; the outcome is there first. Says where the outcome is."""
        done = self.inbox / "done"
        done.mkdir(exist_ok=True)
        said = json.dumps(outcome, indent=2, ensure_ascii=False)
        stem = self._free_stem(done, said)
        beside = done / f"{stem}.outcome.json"
        # The outcome first: a job file in `done` without one would never be explained.
        write_atomically(beside, said.encode())
        self.path.rename(done / f"{stem}{self.path.suffix}")
        self._note.unlink(missing_ok=True)
        return str(beside)

    def _free_stem(self, done: Path, said: str) -> str:
        """The file's own, unless an earlier job has it: ``welcome.yaml``, where ours is ``welcome.json``."""
        stem = Path(self.name).stem
        beside = done / f"{stem}.outcome.json"
        ours = not beside.exists() or beside.read_text("utf-8") == said  # said before, by who died then
        return stem if ours and not (done / self.name).exists() else self.path.stem

    @property
    def _content(self) -> Path:
        """The file itself, or what it is a link to, as seen from where the link was left."""
        # A relative link meant the inbox, and would lead elsewhere from the folder that it was moved to.
        return self.inbox / self.path.readlink() if self.path.is_symlink() else self.path

    @property
    def _note(self) -> Path:
        return self.path.with_suffix(".run")


class FolderInbox:
    """An inbox on this machine's disks, made where it is not there yet. Raises `InvalidJob` where that can't be."""

    def __init__(self, place: str) -> None:
        self.folder = Path(place).expanduser().absolute()
        for name in ("running", "done"):
            require_path(str(self.folder / name))
        try:
            (self.folder / "running").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidJob(
                f"can't be an inbox: {error.strerror}",
                where=str(self.folder),
                remedy="Name a folder that may be written to.",
            ) from None

    @asynccontextmanager
    async def hold_alone(self, owner: str) -> AsyncIterator[None]:
        """Be the only one of an owner's schedulers on this machine who looks at it now."""
        lock = self.folder / "running" / f".{owner}.lock"
        require_path(str(lock))
        async with hold_lock(lock):
            yield

    async def claim_files(self, owner: str) -> int:
        """Take every job file that is complete, for ``owner``; how many. What others take meanwhile is theirs."""
        return sum(_take(path, self.folder, owner) for path in sorted(self.folder.iterdir()) if _is_complete(path))

    async def list_claims(self, owner: str) -> list[FolderClaim]:
        """Job files that ``owner`` has taken and that are not done."""
        found = sorted((self.folder / "running").glob(f"*{_MARK}{owner}-*"))
        return [FolderClaim(path) for path in found if path.suffix.lower() in SUFFIXES]


def _take(path: Path, folder: Path, owner: str) -> bool:
    # A random part, as the same name may be left again while the first is still at work.
    target = folder / "running" / f"{path.stem}{_MARK}{owner}-{uuid.uuid4().hex[:12]}{path.suffix}"
    try:
        path.rename(target)
    except FileNotFoundError:
        return False
    except OSError as error:  # a name that is too long, a folder that may not be written to: the others go on
        log.warning("%s can't be taken: %s", path, error.strerror)
        return False
    return True


def _is_complete(path: Path) -> bool:
    """Whether a file is a job file that nobody is still writing."""
    if not is_job_name(path.name):
        return False
    try:
        if not path.is_file() or time.time() - path.stat().st_mtime < QUIET_S:
            return False
        return not _has_writer(path)
    except FileNotFoundError:
        return False


def _has_writer(path: Path) -> bool:
    """Whether a process has the file open for writing: then the kernel gives no read lease on it (Linux)."""
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        return False  # It is taken, and comes back with that as the reason.
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # Not our file, or a file system without leases: a quiet file counts as complete.
    finally:
        os.close(handle)
    return False
