"""A run's log, as `polyreel logs` reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from deployments.commands import remote


@dataclass
class _Line:
    message: str
    task_run_id: UUID | None
    timestamp: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class _Named:
    id: UUID
    name: str


@dataclass
class _Run:
    id: UUID


@dataclass
class _Server:
    """One whose recorder of tasks is a moment behind their logs."""

    lines: list[_Line]
    behind: int
    tasks: list[_Named] = field(default_factory=list)

    async def read_flow_run(self, run_id: UUID) -> _Run:
        return _Run(run_id)

    async def read_logs(self, *_: Any, offset: int, **__: Any) -> list[_Line]:
        return self.lines[offset:]

    async def read_task_runs(self, *, offset: int, **_: Any) -> list[_Named]:
        if not offset:
            self.behind -= 1
        return [] if self.behind >= 0 else self.tasks[offset:]


async def test_a_line_has_its_stage_though_the_server_is_a_moment_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TASKS_TOLD_WITHIN_S", 0)
    task = uuid4()
    lines = [_Line("begun", None), _Line("3 lines", task)]
    server = _Server(lines, behind=1, tasks=[_Named(task, "job · es-ES · script")])
    told = [line async for line in remote.log_lines(cast("Any", server), uuid4(), follow=False)]
    assert told == ["03:04:05 begun", "03:04:05 job · es-ES · script: 3 lines"]


async def test_a_task_that_the_server_never_heard_of_keeps_no_line_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "TASKS_TOLD_WITHIN_S", 0)
    server = _Server([_Line("3 lines", uuid4())], behind=9)
    assert [line async for line in remote.log_lines(cast("Any", server), uuid4(), follow=False)] == ["03:04:05 3 lines"]
