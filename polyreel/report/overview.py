"""All jobs at a glance: how each stands, what it cost, and whose turn it is. From run records and the ledger alone."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from polyreel.ledger.entry import Entry, State
from polyreel.outcome import Outcome, Problem, Value
from polyreel.report import records
from polyreel.report.records import RunRecord

Who = Literal["you", "vendor", "machine", "nobody"]
STATES = ("running", "waiting", "held", "partial", "failed", "died", "stopped", "completed")


class JobRow(Value):
    """A job as its latest run left it. Times are seconds since 1970; minutes are those of the ledger."""

    job: str
    state: records.State
    who: Who = Field(description="Whose turn it is: yours, a vendor's, this machine's, nobody's.")
    why: str = Field(default="", description="What keeps it.")
    todo: str = Field(default="", description="What to do about it.")
    languages: dict[str, str] = Field(default_factory=dict, description="How each stands, by locale.")
    began: float
    ended: float = 0.0
    last_ended: float = Field(default=0.0, description="When any of its runs ended last, also while one is under way.")
    seconds: float = 0.0
    runs: int = 1
    failures: int = Field(default=0, description="How many of its runs failed, died or were partial.")
    minutes_charged: float = 0.0
    minutes_quoted: float = Field(default=0.0, description="Bought, but the vendor does not say what it charged.")
    report: str | None = None
    run: str = ""

    @property
    def delivered(self) -> int:
        """How many languages went out."""
        return sum(standing.startswith("delivered") for standing in self.languages.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs; what is left empty matches all. ``since``: seconds since 1970."""

    states: frozenset[str] = frozenset()
    job: str = ""
    who: str = ""
    since: float = 0.0

    def matches(self, row: JobRow) -> bool:
        """Whether a job is wanted."""
        return (
            (not self.states or row.state in self.states)
            and self.job.casefold() in row.job.casefold()
            and self.who in ("", row.who)
            and max(row.began, row.ended) >= self.since
        )


def list_jobs(
    entries: Sequence[Entry], runs: Iterable[RunRecord] | None = None, approved: Collection[tuple[str, str]] = ()
) -> list[JobRow]:
    """Every job with its latest run's state, what has to be done first. ``entries``: the ledger's rows.

    ``approved``: the job and locale of each held language that was approved since its run.
    """
    by_job: dict[str, list[RunRecord]] = {}
    for record in records.read_records() if runs is None else runs:
        by_job.setdefault(record.job, []).append(record)
    bought: dict[str, list[Entry]] = {}
    for entry in entries:
        bought.setdefault(entry.job, []).append(entry)
    rows = [
        _make_row(found, bought.get(job, ()), {locale for name, locale in approved if name == job})
        for job, found in by_job.items()
    ]
    order = ("you", "machine", "vendor", "nobody")
    return sorted(rows, key=lambda row: (order.index(row.who), -max(row.began, row.ended)))


def parse_since(text: str) -> float:
    """``90m``, ``24h``, ``7d`` ago, or a day (``2026-11-28``), as seconds since 1970. Raises ValueError."""
    units = {"m": 60, "h": 3600, "d": 86400}
    if text[-1:] in units:
        return time.time() - float(text[:-1]) * units[text[-1]]
    return time.mktime(time.strptime(text, "%Y-%m-%d"))


def _make_row(runs: list[RunRecord], entries: Sequence[Entry], approved: Collection[str]) -> JobRow:
    latest = max(runs, key=lambda record: record.began)
    who, why, todo = _find_turn(latest, entries, approved)
    dubs = [entry for entry in entries if entry.kind == "dub" and entry.vendor_id]
    outcome = latest.outcome
    return JobRow(
        job=latest.job,
        state=latest.state,
        who=who,
        why=why,
        todo=todo,
        languages=_describe_languages(latest),
        began=latest.began,
        ended=latest.ended,
        last_ended=max(record.ended for record in runs),
        # When a run's process died, nobody noted when.
        seconds=round((latest.ended or time.time()) - latest.began, 1) if latest.state != "died" else 0.0,
        runs=len(runs),
        failures=sum(record.state in ("failed", "partial", "died") for record in runs),
        minutes_charged=round(sum(each.minutes for each in dubs if each.charged_by == "vendor"), 2),
        minutes_quoted=round(sum(each.minutes for each in dubs if each.charged_by != "vendor"), 2),
        report=outcome.report if outcome else None,
        run=latest.run,
    )


def _describe_languages(latest: RunRecord) -> dict[str, str]:
    # A run that has not come so far knows no languages yet: each stands as the run does.
    if latest.outcome is None or not latest.outcome.languages:
        return dict.fromkeys(latest.locales, latest.state)
    return {locale: each.standing for locale, each in latest.outcome.languages.items()}


def _find_turn(latest: RunRecord, entries: Sequence[Entry], approved: Collection[str]) -> tuple[Who, str, str]:
    """Whose turn it is, why, and what to do."""
    for entry in entries:
        # Before all else: until a person settles it, nobody knows whether money was spent, and nothing buys on.
        if entry.state is State.UNRESOLVED:
            key = entry.key.rpartition("-")[2][:10]
            remedy = f"polyreel ledger settle {key} --found ID, or --not-bought"
            return "you", f"{entry.locale} at {entry.provider}: {entry.note}", remedy
    if latest.state == "died":
        return "you", "its process or machine ended before it did", "Run it again: finished work is kept."
    if latest.outcome is None:
        at = sorted({entry.provider for entry in entries if entry.state is State.SUBMITTED and entry.kind == "dub"})
        if at:
            return "vendor", f"under way at {', '.join(at)}", ""
        return ("you", "it was put aside", "Look at its run in the UI.") if latest.waiting else ("machine", "", "")
    why, todo = _find_trouble(latest.outcome, approved)
    return ("you", why, todo) if why else ("nobody", "", "")


def _end_in_code(problem: Problem) -> str:
    """What to do, and the code to look the error up by."""
    return f"{problem.remedy} [{problem.code}]".strip()


def _find_trouble(outcome: Outcome, approved: Collection[str]) -> tuple[str, str]:
    """The first thing that somebody has to look at, and which other languages want somebody."""
    wants = [(locale, language.error) for locale, language in outcome.languages.items() if language.error]
    troubled = [(locale, error) for locale, error in wants if locale not in approved]
    if wants and not troubled:
        return f"{', '.join(locale for locale, _ in wants)}: approved: run the job", "Run the job again."
    if troubled:
        locale, error = troubled[0]
        others = "; also to be looked at: " + ", ".join(each for each, _ in troubled[1:]) if troubled[1:] else ""
        return f"{locale}: {error.message.removeprefix(f'{locale}: ')}{others}", _end_in_code(error)
    if outcome.error:
        return outcome.error.message, _end_in_code(outcome.error)
    # Last, as these went out all the same.
    for locale, language in outcome.languages.items():
        failing = [check.name for check in language.checks if check.status == "fail"]
        if failing and language.status == "delivered":
            return f"{locale}: delivered, with failing checks ({', '.join(failing)})", "Look at its report."
    return "", ""
