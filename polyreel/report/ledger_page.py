"""The ledger as a page: what was bought, uploaded and delivered, newest first. Nothing in it runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import jinja2

from polyreel.ledger.entry import Entry, State
from polyreel.report.purchases import format_minutes, shorten_key, sum_by_vendor
from polyreel.report.templates import format_moment, hash_source, load_template, read_file

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
    style = read_file("page.css")
    wanted = {"job": job, "provider": provider, "state": state, "kind": kind}
    found = [entry for entry in reversed(entries) if all(not v or getattr(entry, n) == v for n, v in wanted.items())]
    return _load_page().render(
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
        policy=f"default-src 'none'; style-src {hash_source(style)}; base-uri 'none'; form-action 'self'",
    )


@cache
def _load_page() -> jinja2.Template:
    return load_template("ledger.html.j2", short=shorten_key, minutes=format_minutes, moment=format_moment)
