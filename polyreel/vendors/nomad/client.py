"""The whole client of a Nomad-style asset manager. Method names are the page's words, `@endpoint` names the section."""

from __future__ import annotations

from typing import Self, Unpack

from polyreel.vendors.auth import Auth, KeyAuth
from polyreel.vendors.limits import Limits
from polyreel.vendors.nomad.ads import Ads
from polyreel.vendors.nomad.assets import Creating, Editing, Keeping, Reading
from polyreel.vendors.nomad.batch import Batches, Deleting
from polyreel.vendors.nomad.delivery import Queue, Streaming
from polyreel.vendors.nomad.resource import Routes, read_error
from polyreel.vendors.nomad.session import LoginAuth, Session
from polyreel.vendors.nomad.uploads import Spelling, Uploads
from polyreel.vendors.nomad.words import Annotations, Transcripts
from polyreel.vendors.transport import ClientOptions, Transport

LIMITS = Limits(per_second=50.0, burst=100, at_once=16)
"""No limit is documented; an upload confirms every part, and at 10 a second that alone would be its pace."""


class NomadOptions(ClientOptions, total=False):
    """What an installation may differ in.

    ``prefix``: what stands before every path (``/api``). ``routes``: which of an operation's two addresses is used.
    ``spelling``: whether bodies are spelled as published clients do, or as the page has it. ``parallel``: parts of an
    upload that are under way at once.
    """

    prefix: str
    routes: Routes
    spelling: Spelling
    parallel: int


class NomadClient(
    Session,
    Uploads,
    Creating,
    Deleting,
    Reading,
    Editing,
    Keeping,
    Batches,
    Annotations,
    Transcripts,
    Ads,
    Queue,
    Streaming,
):
    """One account at one asset manager. An async context manager; use `with_login` or `with_api_key`.

    Ids are UUIDs as text, sizes bytes; timecodes are ``HH:MM:SS:FF`` (`polyreel.vendors.nomad.timecodes`). Answers are
    read whatever their capitals are. Methods raise `polyreel.vendors.errors.VendorError`.

        async with NomadClient.with_api_key("https://media.example.com", key) as client:
            done = await client.upload(Path("reel.mp4"), name="reel.mp4", parent_id=folder_id)
            asset = await client.wait_until_usable(done.asset_id)
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        **options: Unpack[NomadOptions],
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
            read_error=read_error,
        )
        # Logging in is a call, too, over the same transport.
        if isinstance(auth, LoginAuth):
            auth.transport = transport
        super().__init__(
            transport,
            routes=options.get("routes", "admin"),
            spelling=options.get("spelling", "published"),
            parallel=options.get("parallel", 4),
        )

    @classmethod
    def with_login(cls, base_url: str, username: str, password: str, **options: Unpack[NomadOptions]) -> Self:
        """By user name and password: logs in before the first call."""
        return cls(base_url, LoginAuth(username, password), **options)

    @classmethod
    def with_api_key(cls, base_url: str, api_key: str, **options: Unpack[NomadOptions]) -> Self:
        """By API key (``Authorization: ApiKey ...``)."""
        return cls(base_url, KeyAuth("Authorization", api_key, "ApiKey"), **options)
