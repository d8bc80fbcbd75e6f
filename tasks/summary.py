"""A run's outcome as a page of Markdown: what was delivered, what the checks say, what to do about the rest."""

from __future__ import annotations

from pathlib import Path

from prefect.runtime import flow_run

from polyreel.locales import english_name
from polyreel.outcome import Check, LanguageOutcome, Outcome

_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}


def summary(outcome: Outcome) -> str:
    """The whole page."""
    done = sum(language.status == "delivered" for language in outcome.languages.values())
    parts = [
        f"# {outcome.job}: {done} of {len(outcome.languages)} delivered",
        _files(outcome),
        *(_language(locale, language) for locale, language in outcome.languages.items()),
        *(f"- {_plain(note)}" for note in outcome.notes),
        _next(outcome),
    ]
    return "\n\n".join(part for part in parts if part)


def _files(outcome: Outcome) -> str:
    places = [("Report", outcome.report), ("Manifest", outcome.manifest)]
    return "\n".join(f"- {name}: {_link(place)}" for name, place in places if place)


def _language(locale: str, language: LanguageOutcome) -> str:
    lines = [f"## {locale} · {english_name(locale)} · {language.status}"]
    if language.error:
        lines.append(f"**{_plain(language.error.message)}** {_plain(language.error.remedy)}")
    if language.video:
        files = [language.video, *language.subtitles.values()]
        lines.append(" · ".join(_link(file) for file in files))
    if language.checks:
        lines.append("| check | | value | limit | |\n|---|---|---|---|---|")
        lines[-1] += "".join(f"\n{_row(check)}" for check in language.checks)
    return "\n\n".join(lines)


def _row(check: Check) -> str:
    cells = [
        check.name,
        _MARKS[check.status],
        _with(check.value, check.unit),
        _with(check.limit, check.unit),
        check.detail,
    ]
    return "| " + " | ".join(_plain(str(cell)) for cell in cells) + " |"


def _with(value: object, unit: str) -> str:
    return "" if value is None else f"{value} {unit}".strip()


def _next(outcome: Outcome) -> str:
    if outcome.status == "completed":
        return ""
    words = "Correct what is named above, then go on from what is finished:"
    run = flow_run.get_id()
    return f"{words}\n\n```\npolyreel submit --again {run}\n```" if run else words


def _link(place: str) -> str:
    if "://" in place:
        return f"[{_plain(place)}]({place})"
    return f"[{_plain(Path(place).name)}]({Path(place).absolute().as_uri()})"


def _plain(text: str) -> str:
    """Text that came from outside, so that it is text and not Markdown or HTML."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
    return " ".join(escaped.split())
