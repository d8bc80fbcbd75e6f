"""The whole client of a Nomad-style asset manager. Method names are the page's words; each docstring's endpoint says where."""

from __future__ import annotations

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
from polyreel.vendors.retry import RetryPolicy
from polyreel.vendors.transport import Timeouts, Transport


class NomadClient(
    Session, Uploads, Creating, Reading, Editing, Keeping, Batches, Annotations, Transcripts, Ads, Queue, Streaming
):
    """One account at one asset manager. An async context manager; use `with_login` or `with_api_key`."""

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        prefix: str = "/api",
        routes: Routes = "admin",
        spelling: Spelling = "published",
        parallel: int = 4,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        # Published clients put /api before every path, the vendor's page doesn't.
        address = f"{base_url.rstrip('/')}/{prefix.strip('/')}"
        transport = Transport(
            "nomad", address, auth=auth, limits=limits, timeouts=timeouts, retry=retry, problem=problem
        )
        if isinstance(auth, LoginAuth):
            auth.transport = transport
        super().__init__(transport, routes=routes, spelling=spelling, parallel=parallel)

    @classmethod
    def with_login(cls, base_url: str, username: str, password: str, **rest: object) -> NomadClient:
        """By user name and password: logs in before the first call."""
        return cls(base_url, LoginAuth(username, password), **rest)  # type: ignore[arg-type]  # as __init__ has them

    @classmethod
    def with_api_key(cls, base_url: str, api_key: str, **rest: object) -> NomadClient:
        """By API key (``Authorization: ApiKey ...``)."""
        return cls(base_url, KeyAuth("Authorization", api_key, "ApiKey"), **rest)  # type: ignore[arg-type]  # ditto
