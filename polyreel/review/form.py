"""What stands above a form in which somebody decides: the lines to be looked at, as Markdown of a bounded length."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from polyreel.errors import PolyreelError
from polyreel.errors.wording import spell_count
from polyreel.locales import english_name
from polyreel.report.markdown import as_text
from polyreel.review.edits import lines_of, script_of
from polyreel.review.state import Review
from polyreel.store.port import Store
from polyreel.subtitles.checks import check

MOST_LETTERS = 24_000
"""Of all lines together: a form is read at once. The review page and `polyreel review` show every line."""
# A few lines of each language at least; a cue of more letters than that is no cue.
_LEAST_LETTERS, _MOST_WORDS, _MOST_LANGUAGES = 400, 240, 40


async def describe_form(store: Store, reviews: Sequence[Review], pages: dict[str, str], faults: Sequence[str]) -> str:
    """The whole text: what was wrong with the last answer, then each language that waits, with its lines.

    ``pages``: by locale, the address of its review page; empty where none is served.
    """
    parts = [_describe_faults(faults)] if faults else []
    # Room is shared out, so that the first languages don't push out the last.
    each_has = max(_LEAST_LETTERS, MOST_LETTERS // max(1, len(reviews)))
    for review in reviews[:_MOST_LANGUAGES]:
        lines = await _draw_lines(store, review, each_has)
        parts.append("\n\n".join([_describe_asking(review), _where_else(review, pages), lines]))
    if more := [each.key.locale for each in reviews[_MOST_LANGUAGES:]]:
        parts.append(f"And {', '.join(more)}, whose lines `polyreel review` shows.")
    return "\n\n".join(parts)


def _describe_faults(faults: Sequence[str]) -> str:
    return "\n".join(["**The last answer did not count:**", "", *(f"- {as_text(each)[:1000]}" for each in faults)])


def _describe_asking(review: Review) -> str:
    asking = review.asking()
    if asking is None:
        return f"## {_name_language(review)}"
    what = {"script": "its script waits to be approved", "final": "the dub waits to be approved"}[asking.stage]
    if asking.decision and asking.standing == "rejected":
        what = f"rejected by {as_text(asking.decision.by)}: {as_text(asking.decision.reason)}"
    why = f" ({as_text(asking.asked.reason)})" if asking.asked.reason else ""
    who = f" It is for {as_text(' or '.join(review.reviewers))}." if review.reviewers else ""
    return f"## {_name_language(review)}\n\n{what[0].upper()}{what[1:]}{why}.{who}"


def _name_language(review: Review) -> str:
    return f"{review.key.locale} · {english_name(review.key.locale)}"


def _where_else(review: Review, pages: dict[str, str]) -> str:
    command = f"`polyreel review {review.key.job} {review.key.locale}`"
    page = pages.get(review.key.locale, "")
    return (
        f"With players and every line: [the review page]({page}), or {command}." if page else f"All of it: {command}."
    )


async def _draw_lines(store: Store, review: Review, letters: int) -> str:
    try:
        lines = await lines_of(store, review)
        remarks = await asyncio.to_thread(_find_remarks, await script_of(store, review), review)
    except PolyreelError as error:
        return f"Its lines can't be shown: {as_text(str(error))}"
    # Where not all have room, those that somebody has to look at come first.
    first = sorted(lines, key=lambda line: line["number"] not in remarks)
    shown, length = [], 0
    for line in first:
        row = _draw_line(line, remarks.get(line["number"], ""))
        length += len(row)
        if length > letters:
            break
        shown.append((line["number"], row))
    rows = [row for _, row in sorted(shown)]
    left = len(lines) - len(rows)
    return "\n".join(rows) + (f"\n\nNot shown here: {spell_count(left, 'more line')}." if left else "")


def _find_remarks(track: Any, review: Review) -> dict[int, str]:
    profile = next((each.shown.profile for each in reversed(review.events) if each.shown), "none")
    found: dict[int, list[str]] = {}
    for finding in check(track, profile, review.key.locale):
        found.setdefault(finding.cue, []).append(finding.message)
    return {number: "; ".join(messages) for number, messages in found.items()}


def _draw_line(line: dict[str, Any], remark: str) -> str:
    """A line as an item of a list: the form is narrower than a table of this would be."""
    who = f", {_shorten_text(line['speaker'])}" if line["speaker"] else ""
    rows = [f"- **{line['number']}** · {line['at']}{who}: {_shorten_text(line['text'])}"]
    rows += [f"    - source: {_shorten_text(line['source'])}"] if line["source"] else []
    rows += [f"    - {_describe_choice(line['choice'])}"] if line["choice"] else []
    rows += [f"    - **check**: {_shorten_text(remark)}"] if remark else []
    return "\n".join(rows)


def _describe_choice(choice: dict[str, Any]) -> str:
    recording = choice["recording"]
    told = [f"recorded by {recording['by']}"] if recording else []
    told += [f"voice {choice['voice']}"] if choice["voice"] else []
    told += [f"pace {choice['pace']:g}"] if choice["pace"] != 1.0 else []
    return f"said otherwise: {_shorten_text(', '.join(told))}"


def _shorten_text(text: str) -> str:
    words = " / ".join(text.splitlines())
    return as_text(words if len(words) <= _MOST_WORDS else f"{words[:_MOST_WORDS]}…")
