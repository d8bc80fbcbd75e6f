"""What a person sees while models are pulled: a bar per model on stderr; off a terminal, a line per model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from polyreel.engine.models.pull import Step


@contextmanager
def show_progress() -> Iterator[Callable[[Step], None]]:
    """Something to tell steps to while the block runs."""
    console = Console(stderr=True, highlight=False)
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        # In a log of CI every step of a bar would be a line.
        disable=not console.is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def report_step(step: Step) -> None:
        name = step.model.name
        if step.said:
            console.print(f"{name}: {step.said}", soft_wrap=True)
            return
        # Sent once a model is checked, which may be long after its last byte.
        if step.done == step.total == 1:
            console.print(f"{name}: pulled and checked")
            if name in tasks:
                bars.remove_task(tasks.pop(name))
            return
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=step.total)
        bars.update(tasks[name], completed=step.done, total=step.total)

    with bars:
        yield report_step
