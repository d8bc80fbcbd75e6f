"""The list of jobs as a page: a plain form filters it, and it reloads by and by while nobody uses it."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

import jinja2

from polyreel.report import figures
from polyreel.report.overview import STATES, JobRow, Wanted

REFRESH_S = 20
_TURNS = {"you": "your turn", "vendor": "a vendor's", "machine": "at work", "nobody": ""}


def render_jobs(rows: Sequence[JobRow], wanted: Wanted, since: str, link: Callable[[JobRow], str]) -> str:
    """The page as HTML. ``link`` gives a job's report as this server serves it; empty where it does not."""
    style, script = (files("polyreel.report").joinpath(name).read_text("utf-8") for name in ("page.css", "jobs.js"))
    return _template().render(
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
        policy=f"default-src 'none'; style-src {_hash_source(style)}; script-src {_hash_source(script)}; "
        "base-uri 'none'; form-action 'self'",
    )


def _hash_source(text: str) -> str:
    """A style or script as a content security policy allows it: by its hash, and nothing else."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _format_moment(seconds: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(seconds)) if seconds else ""


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(clock=figures.format_clock, number=figures.format_number, moment=_format_moment)
    return environment.from_string(files("polyreel.report").joinpath("jobs.html.j2").read_text("utf-8"))
