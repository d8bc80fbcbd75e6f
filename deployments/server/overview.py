"""The whole in sight, beside the API and on its port: ``/jobs`` and ``/ledger`` (pages), ``/jobs.json``, ``/metrics``.

``/jobs/NAME/report.html`` is the report of a job of which nothing was delivered into a folder. Where the API wants a
password, so do these.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import os
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response

from deployments.server.delivered import PREFIX, App, Scope, file_of
from polyreel.errors import PolyreelError
from polyreel.machine import home

_SANDBOX = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox allow-scripts"}
_PLACES = ("/jobs", "/jobs.json", "/ledger", "/metrics")
_LEDGER_FILTERS = ("job", "provider", "state", "kind")


def with_overview(app: App) -> App:
    """The same application, with the list of jobs beside it."""

    async def route_request(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not (scope["path"] in _PLACES or scope["path"].startswith("/jobs/")):
            await app(scope, receive, send)
            return
        refused = _refuse_without_password(Headers(scope=scope))
        response: Response = refused if refused is not None else await asyncio.to_thread(_answer_request, scope)
        await response(scope, receive, send)

    return route_request


def _refuse_without_password(headers: Headers) -> Response | None:
    """The same password as the API's, as a browser or a monitor sends it."""
    wanted = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    if not wanted:
        return None
    given = headers.get("authorization", "")
    if hmac.compare_digest(given.encode(), b"Basic " + base64.b64encode(wanted.encode())):
        return None
    return PlainTextResponse("This wants the API's password.", 401, {"WWW-Authenticate": 'Basic realm="polyreel"'})


def _answer_request(scope: Scope) -> Response:
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("Only to be read.", status_code=405)
    if scope["path"].startswith("/jobs/"):
        return _serve_report(scope["path"].removeprefix("/jobs/"))
    try:
        return _list_rows(scope["path"], QueryParams(scope["query_string"]))
    except PolyreelError as error:
        # The ledger may be another machine's database: away, it says nothing of what was asked for.
        return PlainTextResponse(str(error), status_code=503)


def _list_rows(path: str, asked: QueryParams) -> Response:
    from polyreel.ledger.address import ledger_rows
    from polyreel.ledger.rows import Filter
    from polyreel.report.jobs_page import render_jobs
    from polyreel.report.ledger_page import render_ledger
    from polyreel.report.metrics import CONTENT_TYPE, write_metrics
    from polyreel.report.overview import Wanted, list_jobs, parse_since
    from polyreel.report.records import read_records
    from polyreel.review.approved import find_approved

    entries = ledger_rows().select(Filter())
    if path == "/ledger":
        return HTMLResponse(render_ledger(entries, **{each: asked.get(each, "") for each in _LEDGER_FILTERS}))
    runs = list(read_records())
    rows = list_jobs(entries, runs, asyncio.run(find_approved(runs)))
    if path == "/metrics":
        return Response(write_metrics(rows, entries), media_type=CONTENT_TYPE)
    since = asked.get("since", "")
    try:
        begin = parse_since(since) if since else 0.0
    except (ValueError, OverflowError):
        return PlainTextResponse("since: say 90m, 24h, 7d or a day such as 2026-11-28.", status_code=400)
    states = frozenset(filter(None, asked.getlist("state")))
    wanted = Wanted(states, asked.get("job", ""), asked.get("who", ""), begin)
    if path == "/jobs.json":
        return JSONResponse({"jobs": [row.model_dump(mode="json") for row in rows if wanted.matches(row)]})
    return HTMLResponse(render_jobs(rows, wanted, since, lambda row: _make_link(row.job, row.run)))


def _make_link(job: str, run: str) -> str:
    """Where a job's report is served: with what its run delivered, or beside its records."""
    # A link carries no password, so where one is wanted nothing is served below /delivered.
    if run and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING") and file_of(run, "report.html"):
        return f"{PREFIX}{run}/report.html"
    return f"/jobs/{job}/report.html" if _report_file(job).is_file() else ""


def _serve_report(name: str) -> Response:
    job, _, file = name.partition("/")
    found = _report_file(job)
    try:
        ours = found.resolve().is_relative_to(home.jobs_dir().resolve()) and found.is_file()
    except (OSError, ValueError):
        ours = False  # a name that no file can have: too long, or with a zero byte
    if file != "report.html" or not ours:
        return PlainTextResponse("There is no such report.", status_code=404)
    return FileResponse(found, headers=_SANDBOX)


def _report_file(job: str) -> Path:
    return home.jobs_dir() / job / "report.html"
