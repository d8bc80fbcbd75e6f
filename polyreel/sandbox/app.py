"""The sandbox as one ASGI application: five vendors, the file store, the control endpoint, the page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ExceptionHandler, Lifespan

from polyreel.sandbox import control, page, storage
from polyreel.sandbox.box import Box, Vendor
from polyreel.sandbox.clock import Clock
from polyreel.sandbox.dialect import Dialect
from polyreel.sandbox.dubformer import api as dubformer_api
from polyreel.sandbox.faults import Faults
from polyreel.sandbox.files import Files
from polyreel.sandbox.jobs import Jobs
from polyreel.sandbox.mailbox import Mailbox
from polyreel.sandbox.money import Purse
from polyreel.sandbox.nomad import api as nomad_api
from polyreel.sandbox.panjaya import api as panjaya_api
from polyreel.sandbox.repeat import forget_unfinished
from polyreel.sandbox.settings import Settings
from polyreel.sandbox.state import Gone, State
from polyreel.sandbox.storm import Storm
from polyreel.sandbox.tpstreams import api as tpstreams_api
from polyreel.sandbox.videojungle import api as videojungle_api
from polyreel.sandbox.wire import Refusal, WholeBody
from polyreel.sandbox.work.instant import InstantStudio
from polyreel.sandbox.work.port import Studio
from polyreel.store.local import LocalStore

log = logging.getLogger("polyreel.sandbox")


def list_vendors() -> list[Vendor]:
    """Everybody who is rehearsed."""
    return [
        nomad_api.make_vendor(),
        panjaya_api.make_vendor(),
        dubformer_api.make_vendor(),
        tpstreams_api.make_vendor(),
        videojungle_api.make_vendor(),
    ]


def unpack_box(settings: Settings) -> Box:
    """Open the state folder and put everything in its place."""
    state = State(settings.data / "sandbox.db")
    faults, clock = Faults(settings.profile), Clock(state)
    return Box(
        settings=settings,
        state=state,
        clock=clock,
        purse=Purse(state),
        files=Files(settings.data / "files", state, clock, faults),
        jobs=Jobs(state, settings.pace, faults),
        faults=faults,
        mailbox=Mailbox(state, clock, settings.pace, faults),
        studio=_choose_studio(settings),
    )


def _choose_studio(settings: Settings) -> Studio:
    """Who dubs: the engine, or the stand-in. The engine is imported only when it is wanted: it is heavy."""
    if settings.engine == "instant":
        return InstantStudio()
    from polyreel.sandbox.work.embedded import EmbeddedStudio

    return EmbeddedStudio(LocalStore(settings.data / "store"))


def make_application(box: Box) -> Starlette:
    """The whole sandbox around one box."""
    everybody = list_vendors()
    for vendor in everybody:
        for step, handler in vendor.steps.items():
            box.jobs.handle(vendor.name, step, partial(handler, box))
    names = frozenset(vendor.name for vendor in everybody)
    layers = [Middleware(Storm, faults=box.faults, vendors=names)]
    if box.settings.shapes == "other":
        # Storm is outermost: it breaks answers as they go out, in whichever words they are.
        layers.append(Middleware(Dialect, vendors=names))
    layers.append(Middleware(WholeBody))
    app = Starlette(
        routes=[
            Route("/", page.show_page, methods=["GET"]),
            *control.list_routes(),
            *storage.list_routes(),
            *(Mount(f"/{vendor.name}", app=_vendor_app(vendor, box)) for vendor in everybody),
        ],
        middleware=layers,
        exception_handlers={Refusal: control.answer_error},
        lifespan=_make_lifespan(box),
    )
    app.state.box = box
    return app


def _make_lifespan(box: Box) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def run_jobs(_app: Starlette) -> AsyncIterator[None]:
        # A key of a request that the last process never answered would be refused for ever.
        forget_unfinished(box.state)
        box.jobs.resume()
        yield
        await box.jobs.close()
        await box.mailbox.close()
        box.state.close()

    return run_jobs


def _vendor_app(vendor: Vendor, box: Box) -> Starlette:
    """One vendor with its own way of saying no, also to unknown paths and methods."""

    async def refuse_request(_request: Request, error: Exception) -> Response:
        return vendor.refuse(_as_refusal(error))

    # Our own faults too: a vendor's client never sees another format than its vendor's.
    handlers: dict[object, ExceptionHandler] = {
        Refusal: refuse_request,
        HTTPException: refuse_request,
        Gone: refuse_request,
        Exception: refuse_request,
    }
    app = Starlette(routes=vendor.routes, exception_handlers=handlers)
    # Panjaya answers a missing slash with a 307, TPStreams with a 404 (WIRE.md): a client has to hold with either.
    app.router.redirect_slashes = vendor.redirects_slashes
    app.state.box = box
    return app


def _as_refusal(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, HTTPException):
        return Refusal(error.status_code, error.detail, headers=error.headers)
    if isinstance(error, Gone):
        return Refusal(404, "Not Found")
    log.error("the sandbox itself failed", exc_info=error)
    return Refusal(500, "Internal server error")
