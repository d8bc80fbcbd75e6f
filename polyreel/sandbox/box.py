"""Everything a vendor's endpoint may reach for, in one bundle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from polyreel.sandbox.clock import Clock
from polyreel.sandbox.faults import Faults
from polyreel.sandbox.files import Files
from polyreel.sandbox.jobs import Job, Jobs
from polyreel.sandbox.mailbox import Mailbox
from polyreel.sandbox.money import Purse
from polyreel.sandbox.settings import Settings
from polyreel.sandbox.state import Documents, Json, State
from polyreel.sandbox.wire import Refusal
from polyreel.sandbox.work.port import Studio


@dataclass(frozen=True)
class Box:
    """One running sandbox."""

    settings: Settings
    state: State
    clock: Clock
    purse: Purse
    files: Files
    jobs: Jobs
    faults: Faults
    mailbox: Mailbox
    studio: Studio

    def documents(self, vendor: str) -> Documents:
        """One vendor's documents."""
        return Documents(self.state, vendor)


Step = Callable[[Box, Job], Awaitable[None]]


@dataclass(frozen=True)
class Vendor:
    """One vendor's API: its paths, how it refuses, and what its jobs do."""

    name: str
    routes: list[BaseRoute]
    refuse: Callable[[Refusal], Response]
    steps: Mapping[str, Step] = field(default_factory=dict)
    redirects_slashes: bool = False


def box_of(request: Request) -> Box:
    """The sandbox that serves a request."""
    box: Box = request.app.state.box
    return box


def require_document(request: Request, vendor: str, kind: str, param: str, missing: str) -> Json:
    """The document of a vendor that a path names by ``param``; a 404 with the vendor's words where there is none."""
    found = box_of(request).documents(vendor).get(kind, request.path_params[param])
    if found is None:
        raise Refusal(404, missing)
    return found
