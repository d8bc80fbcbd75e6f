"""What is known of every run on this machine: one small JSON file each, below ``POLYREEL_HOME/jobs/NAME/``.

A record is written when a run begins and again when it ends, so that jobs can be listed without a server, and a run
whose process died is told from one that works. The last 50 of a job are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Literal

from pydantic import Field, ValidationError

from polyreel.ledger.holder import is_alive, new_holder
from polyreel.machine import home
from polyreel.machine.files import write_atomically
from polyreel.outcome import LanguageOutcome, Outcome, Problem, Value

State = Literal["running", "waiting", "stopped", "died", "completed", "partial", "held", "failed"]
KEPT_RUNS = 50
# A process notes a run seconds after the server has it running, and the server may be another machine.
_CLOCKS_APART_S = 120.0
_STOPPED = "stopped"
_REPORT = "report.html"


class RunRecord(Value):
    """One run. Times are seconds since 1970; 0 is not yet."""

    job: str
    run: str = Field(default="", description="The server's id of the run, where a server keeps it.")
    locales: tuple[str, ...] = ()
    began: float
    ended: float = 0.0
    holder: str = Field(default="", description="Which process runs it, on which machine.")
    held_since: float = Field(default=0.0, description="Since when that process does; 0 in earlier versions' records.")
    waiting: bool = Field(default=False, description="It was put aside until something changes; no process holds it.")
    outcome: Outcome | None = None

    @property
    def state(self) -> State:
        """How the run stands, or how it ended."""
        if self.outcome is None or (self.waiting and self.outcome.status != "held"):
            return "waiting" if self.waiting else "running" if is_alive(self.holder) else "died"
        stopped = self.outcome.error is not None and self.outcome.error.code == _STOPPED
        return "stopped" if stopped else self.outcome.status

    @property
    def path(self) -> Path:
        """Where the record is kept."""
        return home.jobs_dir() / self.job / f"{round(self.began * 1000)}-{self.holder.rpartition(':')[2]}.json"


def begin_record(job: str, locales: tuple[str, ...], run: str = "") -> RunRecord:
    """Note that a run of this process begins, or goes on after it was put aside. Raises `StoreError`, OSError."""
    woken = next((each for each in _of_job(job) if run and each.run == run and each.waiting), None)
    now = time.time()
    record = RunRecord(job=job, run=run, locales=locales, began=now, holder=new_holder(), held_since=now)
    if woken:
        woken.path.unlink(missing_ok=True)
        record = record.model_copy(update={"began": woken.began})
    _write(record)
    for old in sorted(record.path.parent.glob("*.json"))[:-KEPT_RUNS]:
        old.unlink(missing_ok=True)
    return record


def end_record(record: RunRecord, outcome: Outcome) -> None:
    """Note what came of a run. Raises `StoreError`, OSError."""
    own = home.jobs_dir() / record.job / _REPORT
    if outcome.report != str(own):
        own.unlink(missing_ok=True)  # an earlier run's, which delivered nothing
    _write(record.model_copy(update={"ended": time.time(), "outcome": outcome, "waiting": False}))


def put_aside(record: RunRecord, outcome: Outcome | None = None) -> None:
    """Note that a run waits without a process; ``outcome``: what has come of it, where a person has to do something."""
    _write(record.model_copy(update={"waiting": True, "outcome": outcome}))


def make_stopped_outcome(job: str) -> Outcome:
    """What came of a run that was ended from outside."""
    problem = Problem(code=_STOPPED, message="the run was stopped", remedy="Run it again: finished work is kept.")
    return Outcome(job=job, status="failed", error=problem)


def write_failure(outcome: Outcome) -> Outcome:
    """The outcome of a job that could not begin, with a report of it beside its records."""
    from polyreel.report.details import ReportDetails
    from polyreel.report.page import render_report

    target = home.jobs_dir() / outcome.job / _REPORT
    write_atomically(target, render_report(outcome, ReportDetails()).encode())
    return outcome.model_copy(update={"report": str(target)})


def read_records() -> Iterator[RunRecord]:
    """Every run's record in short (`_shorten`), the latest first.

    What is no record (another version's, a damaged file) is left out.
    """
    files = list(home.jobs_dir().glob("*/*.json"))
    _read_before.forget_others(files)
    return _read_all(files)


def find_process_of_run(run: str, began_at: float) -> str:
    """Who holds a run of the server's that is not over (`polyreel.ledger.holder`); empty where this home knows none.

    ``began_at``: when the server has it running since. Long after the process took it, that is another process's, on
    another machine, which this home knows nothing of.
    """
    latest = next((each for each in read_records() if each.run == run), None)
    if latest is None or latest.outcome is not None or latest.waiting:
        return ""
    return latest.holder if began_at <= (latest.held_since or latest.began) + _CLOCKS_APART_S else ""


def _of_job(job: str) -> Iterator[RunRecord]:
    return _read_all(home.jobs_dir().glob(f"{job}/*.json"))


def _read_all(files: Iterable[Path]) -> Iterator[RunRecord]:
    # By the time in the name, so that no file has to be opened for its place.
    for file in sorted(files, key=lambda path: path.name.partition("-")[0].zfill(16), reverse=True):
        try:
            yield _read_before.read(file)
        except (OSError, ValidationError):
            # Another run may have cleared it away meanwhile, or a newer polyreel written it: the others are shown all
            # the same.
            continue


class _ReadRecords:
    """Records that were read before, as long as their files are the same: a monitor asks for all of them each time.

    A record is written whole, into a new file of its name. So many bytes are kept, in short; more is read anew.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: dict[Path, tuple[tuple[int, int, int], RunRecord, int]] = {}
        self._lock = Lock()

    def read(self, file: Path) -> RunRecord:
        """A file's record. Raises OSError, ValidationError."""
        stat = file.stat()
        # With the inode: a file of the same length, replaced within a tick of the clock, is another one.
        mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        with self._lock:
            if (known := self._kept.get(file)) and known[0] == mark:
                return known[1]
        # Outside the lock, so that one slow read holds up nobody else.
        record = _shorten(RunRecord.model_validate_json(file.read_bytes()))
        self._remember_record(file, mark, record)
        return record

    def forget_others(self, files: Iterable[Path]) -> None:
        """Make room: files that are gone are wanted by nobody."""
        with self._lock:
            for gone in self._kept.keys() - set(files):
                self._drop(gone)

    def _remember_record(self, file: Path, mark: tuple[int, int, int], record: RunRecord) -> None:
        length = len(record.model_dump_json())
        with self._lock:
            self._drop(file)
            if self._bytes + length <= self._most_bytes:
                self._kept[file] = (mark, record, length)
                self._bytes += length

    def _drop(self, file: Path) -> None:
        if old := self._kept.pop(file, None):
            self._bytes -= old[2]


def _shorten(record: RunRecord) -> RunRecord:
    """What lists of runs need of a record: of its languages the status, the error and the checks that failed.

    A language's files, notes and passed checks are most of a record's bytes, and are in the run's own outcome.
    """
    outcome = record.outcome
    if outcome is None:
        return record
    languages = {
        locale: LanguageOutcome(
            status=each.status, error=each.error, checks=tuple(check for check in each.checks if check.status == "fail")
        )
        for locale, each in outcome.languages.items()
    }
    short = outcome.model_copy(update={"languages": languages, "deliveries": (), "notes": (), "scripts": {}})
    return record.model_copy(update={"outcome": short})


_read_before = _ReadRecords(64 << 20)


def _write(record: RunRecord) -> None:
    write_atomically(record.path, record.model_dump_json().encode())
