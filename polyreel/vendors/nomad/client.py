"""The whole client of a Nomad-style asset manager. Method names are the page's words, `@endpoint` names the section."""

from __future__ import annotations

from typing import Self, Unpack

from polyreel.vendors.auth import Auth, KeyAuth
from polyreel.vendors.limits import Limits
from polyreel.vendors.nomad.ads import Ads
from polyreel.vendors.nomad.assets import Creating, Editing, Keeping, Reading
from polyreel.vendors.nomad.batch import Batches
from polyreel.vendors.nomad.delivery import Queue, Streaming
from polyreel.vendors.nomad.resource import Routes, problem
from polyreel.vendors.nomad.session import LoginAuth, Session
from polyreel.vendors.nomad.uploads import Spelling, Uploads
from polyreel.vendors.nomad.words import Annotations, Transcripts
from polyreel.vendors.transport import Manners, Transport

LIMITS = Limits(per_second=50.0, burst=100, at_once=16)
"""No limit is documented; an upload confirms every part, and at 10 a second that alone would be its pace."""


class Options(Manners, total=False):
    """What an installation may differ in."""

    prefix: str
    routes: Routes
    spelling: Spelling
    parallel: int


class NomadClient(
    Session, Uploads, Creating, Reading, Editing, Keeping, Batches, Annotations, Transcripts, Ads, Queue, Streaming
):
    """One account at one asset manager. An async context manager; use `with_login` or `with_api_key`."""

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        **options: Unpack[Options],
    ) -> None:
        # Published clients put /api before every path, the vendor's page doesn't.
        address = f"{base_url.rstrip('/')}/{options.get('prefix', '/api').strip('/')}"
        transport = Transport(
            "nomad",
            address,
            auth=auth,
            limits=options.get("limits") or LIMITS,
            timeouts=options.get("timeouts"),
            retry=options.get("retry"),
            problem=problem,
        )
        if isinstance(auth, LoginAuth):
            auth.transport = transport
        super().__init__(
            transport,
            routes=options.get("routes", "admin"),
            spelling=options.get("spelling", "published"),
            parallel=options.get("parallel", 4),
        )

    @classmethod
    def with_login(cls, base_url: str, username: str, password: str, **options: Unpack[Options]) -> Self:
        """By user name and password: logs in before the first call."""
        return cls(base_url, LoginAuth(username, password), **options)

    @classmethod
    def with_api_key(cls, base_url: str, api_key: str, **options: Unpack[Options]) -> Self:
        """By API key (``Authorization: ApiKey ...``)."""
        return cls(base_url, KeyAuth("Authorization", api_key, "ApiKey"), **options)
