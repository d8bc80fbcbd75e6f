"""The same figures for a monitor: Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from polyreel.ledger.entry import Entry
from polyreel.report.overview import STATES, JobRow

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_WHO = ("you", "vendor", "machine", "nobody")
Labels = tuple[tuple[str, str], ...]


def write_metrics(rows: Sequence[JobRow], entries: Sequence[Entry]) -> str:
    """Every figure, one family after the other. No job has a label of its own: names would grow without end."""
    languages = Counter(standing for row in rows for standing in row.languages.values())
    minutes: dict[Labels, float] = {}
    for entry in entries:
        if entry.kind == "dub" and entry.vendor_id:
            by = "vendor" if entry.charged_by == "vendor" else "quote"
            labels = (("provider", entry.provider), ("said_by", by))
            minutes[labels] = minutes.get(labels, 0.0) + entry.minutes
    held = Counter[Labels]((("kind", entry.kind), ("state", str(entry.state))) for entry in entries)
    states, turns = Counter[str](row.state for row in rows), Counter[str](row.who for row in rows)
    failed = sum(row.failures for row in rows)
    families = [
        _write_family("polyreel_jobs", "Jobs by the state of their latest run.", _count_each("state", STATES, states)),
        _write_family("polyreel_jobs_turn", "Jobs by whose turn it is.", _count_each("who", _WHO, turns)),
        _write_family(
            "polyreel_languages", "Languages of the latest runs.", _count_each("standing", sorted(languages), languages)
        ),
        _write_family("polyreel_runs", "Runs that are known of.", {(): sum(row.runs for row in rows)}),
        _write_family("polyreel_runs_failed", "Those that failed, died or were partial.", {(): failed}),
        _write_family("polyreel_dub_minutes", "Minutes bought, and who says how many.", minutes),
        _write_family("polyreel_ledger_rows", "What must happen once, by how far it is.", held),
        _write_family("polyreel_last_end_timestamp_seconds", "When a run last ended.", {(): _last_end(rows)}),
    ]
    return "".join(line for family in families for line in family)


def _count_each(label: str, values: Iterable[str], found: Mapping[str, int]) -> dict[Labels, float]:
    """A figure for every value, 0 included: a series that comes and goes can't be watched."""
    return {((label, value),): found.get(value, 0) for value in values}


def _write_family(name: str, text: str, samples: Mapping[Labels, float]) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    for labels, value in samples.items():
        inside = ",".join(f'{label}="{_escape(text)}"' for label, text in labels)
        yield f"{name}{f'{{{inside}}}' if inside else ''} {value:.15g}\n"


def _escape(text: str) -> str:
    # Backslashes first, or the ones that escape the others would be doubled.
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _last_end(rows: Sequence[JobRow]) -> float:
    return max((row.last_ended for row in rows), default=0.0)
