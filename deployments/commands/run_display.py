"""What a person sees while a job runs, and at its end: a live table on a terminal, else a line per finished step."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deployments.commands.printing import make_printable
from polyreel.job import Job
from polyreel.locales import english_name
from polyreel.outcome import DeliveryOutcome, LanguageOutcome, Outcome
from polyreel.plans import JOB_STAGES, LANGUAGE_STAGES, closing_steps
from tasks.run.progress import Board, Step

_MARKS = {"done": ("✓", "green"), "cached": ("=", "cyan"), "failed": ("✗", "red")}


@contextmanager
def show_board(board: Board, job: Job, quiet: bool) -> Iterator[None]:
    """Show a board while the block runs. ``quiet`` shows nothing unless a person is watching stderr."""
    console = Console(stderr=True, highlight=False)

    def warn(text: str) -> None:
        console.print(make_printable(f"polyreel: {text}"), markup=False, soft_wrap=True)

    board.warn = None if quiet else warn
    # A dumb terminal can't move its cursor back, which a live table needs.
    if console.is_terminal and os.environ.get("TERM") != "dumb":
        table = _LiveTable(board, job)
        # Four times a second look alive and cost nothing; transient, as the summary says it all again.
        with Live(table, console=console, refresh_per_second=4, transient=True):
            yield
    else:
        if not quiet:
            board.listeners.append(_Lines().print_step)
        yield


class _Lines:
    """A line for each step that is over, or that begins to wait for another run."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], str] = {}

    def print_step(self, step: Step) -> None:
        where, told = f"{step.locale}: " if step.locale else "", self._told.get((step.stage, step.locale))
        if step.state != "running":
            done = f"{where}{step.stage} {step.state} ({step.seconds:.1f} s)"
            print(done, file=sys.stderr)  # noqa: T201 - the display
        elif step.waits and step.waits != told:
            # Its progress is told many times a second; what it waits for is said once.
            self._told[step.stage, step.locale] = step.waits
            print(f"{where}{step.stage} {step.waits}", file=sys.stderr)  # noqa: T201 - the display


class _LiveTable:
    def __init__(self, board: Board, job: Job) -> None:
        self._board = board
        self._locales = [target.locale for target in job.targets]
        self._job = job
        self._width = max(len(LANGUAGE_STAGES), len(closing_steps(job)))

    def __rich__(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
        table.add_column(self._job.name, style="bold")
        for _ in range(self._width):
            table.add_column("")
        table.add_row("", *self._make_cells(JOB_STAGES, ""))
        for locale in self._locales:
            table.add_row(locale, *self._make_cells(LANGUAGE_STAGES, locale))
        table.add_row("", *self._make_cells(closing_steps(self._job), ""))
        return table

    def _make_cells(self, stages: tuple[str, ...], locale: str) -> list[Text]:
        cells = [self._make_cell(stage, self._board.steps.get((stage, locale))) for stage in stages]
        return cells + [Text("")] * (self._width - len(cells))

    @staticmethod
    def _make_cell(stage: str, step: Step | None) -> Text:
        if step is None:
            return Text(f"  {stage}", style="dim")
        if step.state == "running":
            # Who waits for another run is not stuck, and should not look so.
            shown = "waits for another run" if step.waits else f"{step.fraction:4.0%}"
            return Text(f"▸ {stage} {shown}", style="yellow")
        mark, style = _MARKS[step.state]
        return Text(f"{mark} {stage}", style=style)


def print_summary(outcome: Outcome) -> None:
    """The end of a run, in a few lines on stdout."""
    console = Console(highlight=False, soft_wrap=True)
    for locale, language in outcome.languages.items():
        console.print(_language_line(locale, language))
    for path in outcome.scripts.values():
        console.print(make_printable(f"script    {path}"), markup=False)
    for note in _list_notes(outcome):
        console.print(f"note      {make_printable(note)}", style="dim", markup=False)
    if outcome.manifest:
        console.print(make_printable(f"manifest  {outcome.manifest}"), markup=False)
    if outcome.report:
        console.print(make_printable(f"report    {outcome.report}"), markup=False)
    for delivery in outcome.deliveries:
        for line in _delivery_lines(delivery, outcome):
            console.print(make_printable(line), markup=False)
    done = sum(language.status == "delivered" for language in outcome.languages.values())
    failing = sum(language.standing != language.status for language in outcome.languages.values())
    doubts = f", {failing} with failing checks" if failing else ""
    made = f"{done} of {len(outcome.languages)}" if outcome.languages else f"{len(outcome.scripts)} script files"
    console.print(f"{outcome.status}: {made} delivered{doubts} in {outcome.seconds:.1f} s")
    if outcome.error:
        console.print(make_printable(str(outcome.error)), style="red", markup=False)


_STANDINGS = {
    "delivered": ("✓", "green"),
    "delivered with failing checks": ("!", "yellow"),
    "held": ("‖", "yellow"),
    "failed": ("✗", "red"),
    "pending": ("·", ""),
    "running": ("·", ""),
}


def _list_notes(outcome: Outcome) -> Iterator[str]:
    """The job's notes, then the languages': one that several share once, behind their names."""
    yield from outcome.notes
    locales: dict[str, list[str]] = {}
    for locale, language in outcome.languages.items():
        for note in language.notes:
            locales.setdefault(note, []).append(locale)
    for note, named in locales.items():
        # Some notes begin with their locale: it need not be said twice.
        yield note if note.startswith(named[0]) else f"{', '.join(named)}: {note}"


def _delivery_lines(delivery: DeliveryOutcome, outcome: Outcome) -> Iterator[str]:
    """A place and where its films play; those that stand with the languages already are not said twice."""
    films = [each.dub or "" for each in outcome.languages.values()]
    if delivery.error is None and any(film.startswith(f"{delivery.location}/") for film in films):
        return
    yield f"{delivery.to:<9} {delivery.error or delivery.location}"
    for locale in outcome.languages:
        if where := delivery.urls.get(locale) or delivery.ids.get(locale):
            yield f"{'':<9} {locale:<10} {where}"


def _language_line(locale: str, language: LanguageOutcome) -> Text:
    mark, style = _STANDINGS[language.standing]
    line = Text(f"{mark} {locale:<10} {english_name(locale):<26} ", style=style)
    if language.error:
        return line.append(make_printable(str(language.error)))
    # What passed is in the report; a person at the terminal looks for what did not.
    worst = [check for check in language.checks if check.status != "pass"]
    line.append(make_printable(language.dub or ""))
    for check in worst:
        line.append(f"\n    {check.status} {check.name}: {make_printable(check.detail)}", style="yellow")
        if check.remedy:
            line.append(f"\n      → {make_printable(check.remedy)}", style="dim")
    return line
