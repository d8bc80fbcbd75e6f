"""The page at /: accounts, jobs, callbacks, charges, faults. One file, nothing loaded, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.control import ACCOUNTS
from polyreel.sandbox.faults import Fault
from polyreel.sandbox.panjaya.shapes import public_key

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--soft:#667085;--line:#e3e6ec;--back:#f6f7f9;--card:#fff;--ok:#0a7d4b;
--bad:#b42318;--wait:#9a6700}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaf0;--soft:#98a2b3;--line:#2b3140;--back:#12151c;--card:#1a1e28;
--ok:#4ade9a;--bad:#ff8b7e;--wait:#f2c14e}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1100px;margin:0 auto;padding:32px 20px 60px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:32px 0 10px}p{margin:0 0 8px;color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:8px 14px;border-top:1px solid var(--line);
vertical-align:top}tr:first-child th{border-top:0}th{font-size:13px;color:var(--soft);font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
code{font:13px/1.5 ui-monospace,monospace;white-space:nowrap}
pre{margin:0;padding:12px 14px;font:13px/1.5 ui-monospace,monospace;overflow-x:auto}
.done,.ok{color:var(--ok)}.failed,.bad{color:var(--bad)}.waiting,.running,.stuck{color:var(--wait)}
.none{padding:14px;color:var(--soft)}
"""


_NUMBERS = ("Minutes", "Minutes left", "Chance", "Struck")


def _draw_table(heads: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    sides = [' class="n"' if name in _NUMBERS else "" for name in heads]
    body = "".join(
        f"<tr>{''.join(f'<td{side}>{cell}</td>' for side, cell in zip(sides, row, strict=True))}</tr>" for row in rows
    )
    if not body:
        return f'<div class="card"><div class="none">{escape(empty)}</div></div>'
    head = "".join(f"<th{side}>{escape(name)}</th>" for side, name in zip(sides, heads, strict=True))
    return f'<div class="card"><table><tr>{head}</tr>{body}</table></div>'


def _draw_code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _draw_word(kind: str, text: str) -> str:
    return f'<span class="{escape(kind, quote=True)}">{escape(text)}</span>'


def _format_moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M:%S")


def _draw_accounts(box: Box) -> str:
    rows = [
        (
            f"<b>{escape(name)}</b>",
            _draw_code(f"{box.files.base_url}/{name}"),
            "<br>".join(f"{escape(key.replace('_', ' '))} {_draw_code(value)}" for key, value in account.items()),
            f"{box.purse.balance(name):,g}",
        )
        for name, account in ACCOUNTS.items()
    ]
    return _draw_table(("Vendor", "Base URL", "Credentials", "Minutes left"), rows, "")


def _draw_jobs(box: Box) -> str:
    rows = [
        (
            escape(job.vendor),
            escape(job.step),
            _draw_code(job.subject),
            _draw_word(job.state, job.state),
            escape(job.note),
        )
        for job in box.jobs.recent(40)
    ]
    return _draw_table(("Vendor", "Step", "Subject", "State", "Note"), rows, "No job yet.")


def _draw_callbacks(box: Box) -> str:
    rows = [
        (
            escape(_format_moment(letter["at"])),
            escape(letter["vendor"]),
            escape(letter["event"]),
            _draw_code(letter["url"]),
            _draw_word("ok" if letter["outcome"].startswith("2") else "bad", letter["outcome"]),
        )
        for letter in box.mailbox.recent(40)
    ]
    return _draw_table(("When (UTC)", "Vendor", "Event", "To", "Answer"), rows, "No callback sent yet.")


def _draw_charges(box: Box) -> str:
    rows = [
        (
            escape(_format_moment(charge.at)),
            escape(charge.vendor),
            escape(charge.what),
            _draw_code(charge.subject),
            f"{charge.minutes:g}",
        )
        for charge in box.purse.charges()[:40]
    ]
    return _draw_table(("When (UTC)", "Vendor", "For", "Subject", "Minutes"), rows, "Nothing charged yet.")


def _describe_place(fault: Fault) -> str:
    places = [place for place in (fault.method, fault.path) if place != "*"]
    return _draw_code(" ".join(places)) if places else "anywhere"


def _draw_faults(box: Box) -> str:
    rows = [
        (
            escape(armed.fault.kind),
            escape(armed.fault.vendor),
            _describe_place(armed.fault),
            "until cleared" if armed.fault.times == 0 else f"{armed.fault.times} times",
            f"{armed.fault.chance:.0%}",
            str(armed.struck),
        )
        for armed in box.faults.list_armed()
    ]
    return _draw_table(
        ("Fault", "Vendor", "Where", "How often", "Chance", "Struck"), rows, "Fair weather: no fault is armed."
    )


def _describe_speed(box: Box) -> str:
    speed = box.settings.pace.speed
    return "jobs finish at once" if speed == float("inf") else f"jobs run at {speed:g} times their usual speed"


def render_page(box: Box) -> str:
    """The whole page as HTML."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>polyreel sandbox</title><style>{_STYLE}</style><main><h1>polyreel sandbox</h1>"
        f"<p>Five vendors on loopback; {escape(_describe_speed(box))}. "
        "Nothing here costs money or leaves this machine.</p>"
        f"<h2>Accounts</h2>{_draw_accounts(box)}<h2>Jobs</h2>{_draw_jobs(box)}<h2>Callbacks</h2>{_draw_callbacks(box)}"
        f"<h2>Charges</h2>{_draw_charges(box)}<h2>Faults</h2>{_draw_faults(box)}"
        f"<h2>Key that verifies Panjaya callbacks</h2>"
        f'<div class="card"><pre>{escape(public_key(box))}</pre></div></main>'
    )


async def show_page(request: Request) -> Response:
    """The page."""
    # Subjects, events and addresses come from requests: even one that slipped through unescaped could run nothing.
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return HTMLResponse(render_page(box_of(request)), headers=headers)
