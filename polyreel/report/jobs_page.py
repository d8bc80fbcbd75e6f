"""The list of jobs as a page: a plain form filters it, and it reloads by and by while nobody uses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import jinja2

from polyreel.report import figures
from polyreel.report.overview import STATES, JobRow, Wanted
from polyreel.report.templates import format_moment, hash_source, load_template, read_file

REFRESH_S = 20
_TURNS = {"you": "your turn", "vendor": "a vendor's", "machine": "at work", "nobody": ""}


def render_jobs(rows: Sequence[JobRow], wanted: Wanted, since: str, link: Callable[[JobRow], str]) -> str:
    """The page as HTML. ``link`` gives a job's report as this server serves it; empty where it does not."""
    style, script = (read_file(name) for name in ("page.css", "jobs.js"))
    return _load_page().render(
        rows=[row for row in rows if wanted.matches(row)],
        all=len(rows),
        yours=sum(row.who == "you" for row in rows),
        wanted=wanted,
        since=since,
        states=STATES,
        turns=_TURNS,
        link=link,
        refresh=REFRESH_S,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {hash_source(style)}; script-src {hash_source(script)}; "
        "base-uri 'none'; form-action 'self'",
    )


@cache
def _load_page() -> jinja2.Template:
    return load_template("jobs.html.j2", clock=figures.format_clock, number=figures.format_number, moment=format_moment)
