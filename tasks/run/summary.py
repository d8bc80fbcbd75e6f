"""A run's outcome as a page of Markdown: what was delivered, what the checks say, what to do about the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from prefect.runtime import flow_run

from polyreel.locales import english_name
from polyreel.outcome import Check, LanguageOutcome, Outcome, Problem
from polyreel.report.markdown import as_text
from tasks.run.deployed import is_by_hand, name_rerun

_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}


def summary(outcome: Outcome, served_at: str = "") -> str:
    """The whole page. ``served_at`` is the address of the delivery's folder; without one, files are named by path."""
    link = _make_linker(outcome, served_at)
    done = sum(language.status == "delivered" for language in outcome.languages.values())
    parts = [
        f"# {outcome.job}: {_count_made(outcome, done)} delivered",
        _write_problem(outcome.error),
        _list_files(outcome, link),
        *(_describe_language(locale, language, link) for locale, language in outcome.languages.items()),
        _list_places(outcome),
        *(f"- {as_text(note)}" for note in outcome.notes),
        _say_what_is_next(outcome),
    ]
    return "\n\n".join(part for part in parts if part)


def _count_made(outcome: Outcome, done: int) -> str:
    if outcome.languages:
        return f"{done} of {len(outcome.languages)}"
    return f"{len(outcome.scripts)} script files" if outcome.scripts else "nothing"


def _make_linker(outcome: Outcome, served_at: str) -> Callable[[str], str]:
    folder = Path(outcome.manifest).absolute().parent if outcome.manifest else None

    def link(place: str) -> str:
        if "://" in place:
            return f"[{as_text(place)}]({place})"
        file = Path(place).absolute()
        if served_at and folder and file.is_relative_to(folder):
            return f"[{as_text(file.name)}]({served_at}/{quote(file.relative_to(folder).as_posix())})"
        # A browser opens no file:// link of a page that came by http.
        return f"`{str(file).replace('`', '')}`"

    return link


def _list_files(outcome: Outcome, link: Callable[[str], str]) -> str:
    places = [("Report", outcome.report), ("Manifest", outcome.manifest)]
    places += [("Script", path) for path in outcome.scripts.values()]
    return "\n".join(f"- {name}: {link(place)}" for name, place in places if place)


def _list_places(outcome: Outcome) -> str:
    """What libraries and stores made of it: their ids, with links where it can be played."""
    lines = []
    for place in (each for each in outcome.deliveries if each.ids or each.error):
        trouble = f": {as_text(str(place.error))}" if place.error else ""
        lines.append(f"- {as_text(place.location)}, {place.status}{trouble}")
        lines += [f"    - {_write_receipt(name, value, place.urls.get(name, ''))}" for name, value in place.ids.items()]
    return "\n".join(["## Deliveries", "", *lines]) if lines else ""


def _write_receipt(name: str, value: str, url: str) -> str:
    # The address is a vendor's word: signs that end Markdown's link would let it write into the page.
    playable = url.startswith(("https://", "http://")) and not set(url) & set(" <>()`")
    return f"{f'[{as_text(name)}]({url})' if playable else as_text(name)}: {as_text(value)}"


def _describe_language(locale: str, language: LanguageOutcome, link: Callable[[str], str]) -> str:
    lines = [f"## {locale} · {english_name(locale)} · {language.status}"]
    lines += [_write_problem(language.error)] if language.error else []
    lines += [f"[Review it]({language.review_page})"] if language.review_page else []
    if language.dub:
        files = [language.dub, *language.subtitles.values()]
        lines.append(" · ".join(link(file) for file in files))
    if language.checks:
        lines.append("| check | | value | limit | |\n|---|---|---|---|---|")
        lines[-1] += "".join(f"\n{_write_row(check)}" for check in language.checks)
    return "\n\n".join(lines)


def _write_problem(problem: Problem | None) -> str:
    return f"**{as_text(problem.message)}** {as_text(problem.remedy)} {as_text(f'[{problem.code}]')}" if problem else ""


def _write_row(check: Check) -> str:
    cells = [
        check.name,
        _MARKS[check.status],
        _join_unit(check.value, check.unit),
        _join_unit(check.limit, check.unit),
        " → ".join(filter(None, (check.detail, check.remedy))),
    ]
    # A pipe in a vendor's message would open a column of its own.
    return "| " + " | ".join(as_text(str(cell)) for cell in cells) + " |"


def _join_unit(value: object, unit: str) -> str:
    return "" if value is None else f"{value} {unit}".strip()


def _say_what_is_next(outcome: Outcome) -> str:
    if outcome.status == "completed":
        return ""
    words = "Correct what is named above, then go on from what is finished:"
    run = flow_run.get_id()
    if not run:
        return words
    command = f"{words}\n\n```\n{name_rerun(run)}\n```"
    if is_by_hand():
        return command  # it reads the file anew
    changed = "That is the job as it was. A job file that you changed is handed in as such: `polyreel submit FILE`."
    return f"{command}\n\n{changed}"
