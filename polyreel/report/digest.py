"""All jobs on one page of Markdown, for a server's UI: who must act, what was made, what it cost, and how it goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from polyreel.errors.wording import spell_count
from polyreel.ledger.entry import Entry
from polyreel.report.figures import format_number
from polyreel.report.markdown import as_text
from polyreel.report.overview import STATES, JobRow
from polyreel.report.records import RunRecord

DAYS = 14
# A message that is read on a telephone: nothing depends on the exact number.
_MOST_TURNS = 50


@dataclass
class _Day:
    """What happened on one day, in UTC."""

    runs: int = 0
    failed: int = 0
    seconds: float = 0.0
    minutes: float = 0.0


def write_digest(rows: Sequence[JobRow], runs: Iterable[RunRecord], entries: Sequence[Entry], now: float) -> str:
    """The page. ``rows`` are the jobs, ``runs`` all that is known of, ``now`` seconds since 1970."""
    yours = [row for row in rows if row.who == "you"]
    parts = [f"# {spell_count(len(rows), 'job')}, {len(yours)} for you"]
    parts += ["\n".join(["## Who must act", "", *_list_turns(yours)])] if yours else []
    parts += [_draw_states(rows), _draw_days(runs, entries, now), _draw_bought(entries)]
    return "\n\n".join(part for part in parts if part)


def _list_turns(yours: Sequence[JobRow]) -> Iterator[str]:
    for row in yours[:_MOST_TURNS]:
        todo = f" → {as_text(row.todo)}" if row.todo else ""
        yield f"- **{as_text(row.job)}**, {row.state}: {as_text(row.why)}{todo}"
    if len(yours) > _MOST_TURNS:
        yield f"- and {len(yours) - _MOST_TURNS} more: `polyreel jobs --who you`"


def _draw_states(rows: Sequence[JobRow]) -> str:
    jobs = Counter[str](row.state for row in rows)
    languages = Counter(standing for row in rows for standing in row.languages.values())
    counted = [*((state, jobs[state], languages.pop(state, 0)) for state in STATES if jobs[state] or languages[state])]
    counted += [(standing, 0, count) for standing, count in sorted(languages.items()) if count]
    return _draw_table("State", ("Jobs", "Languages"), counted)


def _draw_days(runs: Iterable[RunRecord], entries: Sequence[Entry], now: float) -> str:
    """The last days on which anything ran or was bought, the latest first."""
    days: dict[str, _Day] = {}
    for run in runs:
        if now - run.began <= DAYS * 86400:
            day = days.setdefault(_day_of(run.began), _Day())
            day.runs += 1
            day.failed += run.state in ("failed", "partial", "died")
            day.seconds += max(0.0, run.ended - run.began) if run.ended else 0.0
    for entry in _list_dubs(entries):
        if now - entry.intended_at <= DAYS * 86400:
            days.setdefault(_day_of(entry.intended_at), _Day()).minutes += entry.minutes
    rows = [
        (day, each.runs, each.failed, format_number(each.seconds / 3600), format_number(each.minutes))
        for day, each in sorted(days.items(), reverse=True)
    ]
    return _draw_table("Day", ("Runs", "Failed or partial", "Hours of running", "Minutes bought"), rows)


def _draw_bought(entries: Sequence[Entry]) -> str:
    minutes: dict[str, list[float]] = {}
    for entry in _list_dubs(entries):
        # First what the vendor itself has charged, then what was only quoted.
        minutes.setdefault(entry.provider, [0.0, 0.0])[entry.charged_by != "vendor"] += entry.minutes
    rows = [
        (provider, format_number(charged), format_number(quoted))
        for provider, (charged, quoted) in sorted(minutes.items())
    ]
    return _draw_table("Bought from", ("Minutes charged", "Minutes quoted"), rows)


def _list_dubs(entries: Sequence[Entry]) -> Iterator[Entry]:
    # What has no vendor's id was never bought.
    return (entry for entry in entries if entry.kind == "dub" and entry.vendor_id)


def _draw_table(first: str, others: Sequence[str], rows: Sequence[tuple[object, ...]]) -> str:
    if not rows:
        return ""
    lines = [f"| {first} | {' | '.join(others)} |", f"|---|{'---:|' * len(others)}"]
    lines += [f"| {' | '.join(as_text(str(cell)) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _day_of(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
