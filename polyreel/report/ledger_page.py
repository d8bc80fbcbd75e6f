"""The ledger as a page: what was bought, uploaded and delivered, newest first. Nothing in it runs."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import jinja2

from polyreel.ledger.entry import Entry, State
from polyreel.report.purchases import format_minutes, shorten_key, sum_by_vendor

_SHOWN = 500
_BADGES = {
    "collected": "delivered",
    "unresolved": "held",
    "intended": "running",
    "submitted": "running",
    "ready": "running",
    "failed": "failed",
}


def render_ledger(entries: Sequence[Entry], *, job: str, provider: str, state: str, kind: str) -> str:
    """The page as HTML. ``entries`` are all rows, oldest first; the others are what the form asks for, "" for any."""
    style = files("polyreel.report").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    wanted = {"job": job, "provider": provider, "state": state, "kind": kind}
    found = [entry for entry in reversed(entries) if all(not v or getattr(entry, n) == v for n, v in wanted.items())]
    return _load_template().render(
        rows=found[:_SHOWN],
        more=max(0, len(found) - _SHOWN),
        all=len(entries),
        sums=sum_by_vendor(found),
        wanted=wanted,
        states=[str(each) for each in State],
        providers=sorted({entry.provider for entry in entries if entry.provider}),
        kinds=sorted({entry.kind for entry in entries}),
        badges=_BADGES,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'",
    )


def _format_moment(seconds: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(seconds)) if seconds else ""


@cache
def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(short=shorten_key, minutes=format_minutes, moment=_format_moment)
    return environment.from_string(files("polyreel.report").joinpath("ledger.html.j2").read_text("utf-8"))
