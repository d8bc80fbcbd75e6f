"""A source at an http(s) address: guarded, bounded, resumed after a cut, asked for again only when it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx

from polyreel.errors import FetchError, InvalidJob
from polyreel.files import explained
from polyreel.keys import stage_key
from polyreel.net.guard import GuardedTransport
from polyreel.net.redaction import redact_logs, redacted, shown
from polyreel.outcome import Artefact
from polyreel.part import Part
from polyreel.sources.answers import Cut, Kind, kind_of, retry_after, total_of, validator_of
from polyreel.sources.bounds import Teller, empty, kept_before, require_room, suffix_of, too_large
from polyreel.sources.port import FetchLimits, Order

_PROGRESS_BYTES = 1 << 20


async def from_web(order: Order) -> Artefact:
    """The artefact that an address names; downloaded into the store unless what was downloaded before still holds."""
    redact_logs()
    url = _first_address(order.location)
    key = stage_key("fetch", 1, url=str(url))
    deadline = asyncio.timeout(order.limits.deadline_seconds)
    try:
        async with deadline, order.store.lasting_scratch(key) as folder, _client(order.limits) as client:
            with explained("keep what is fetched", folder), closing(await asyncio.to_thread(Part, folder)) as part:
                known = await order.store.peek(key) or {}
                kept = await kept_before(order, known)
                return await _Fetch(order, url, key, part, client, known if kept else {}, kept).until_done()
    except TimeoutError as error:
        if not deadline.expired():
            raise
        message = f"not fetched within {order.limits.deadline_seconds:g} s"
        raise _failed(url, message, "Run again to go on where this stopped.", code="fetch_timeout") from error


def _client(limits: FetchLimits) -> httpx.AsyncClient:
    timeout = httpx.Timeout(limits.stall_seconds, connect=limits.connect_seconds, pool=None)
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "polyreel"}
    return httpx.AsyncClient(transport=GuardedTransport(), timeout=timeout, headers=headers, trust_env=False)


# -- addresses


def _first_address(location: str) -> httpx.URL:
    try:
        url = httpx.URL(location.strip()).copy_with(fragment=None)
        reason = _fault_of(url)
    except (httpx.InvalidURL, UnicodeError):
        reason = "not an address"
    if reason:
        remedy = "Give an address of the form https://host/path, without user name and password."
        raise InvalidJob(reason, where=shown(location), remedy=remedy)
    return url


def _fault_of(url: httpx.URL) -> str:
    if url.scheme not in {"http", "https"}:
        return f"not an http(s) address: {url.scheme or 'none'}:"
    if not url.host or b"%" in url.raw_host or not 0 < (url.port or 1) < 65_536:
        return "the address names no host, or a port that there can't be"
    return "the address holds a user name or password" if url.userinfo else ""


def _next_address(url: httpx.URL, location: str) -> httpx.URL:
    try:
        following = url.join(location).copy_with(fragment=None)
        reason = _fault_of(following)
    except (httpx.InvalidURL, UnicodeError):
        raise _failed(url, "redirects to something that is no address") from None
    if url.scheme == "https" and following.scheme == "http":
        reason = "it gives up encryption (https to http)"
    if reason:
        raise _failed(
            url, f"the redirect to {shown(str(following))} was not followed: {reason}", code="redirect_refused"
        )
    return following


def _failed(url: httpx.URL, message: str, remedy: str = "", code: str | None = None) -> FetchError:
    remedy = remedy or "Open the address in a browser to see what it gives, then correct it."
    return FetchError(message, code=code, where=shown(str(url)), remedy=remedy)


@asynccontextmanager
async def _answer(
    client: httpx.AsyncClient, url: httpx.URL, headers: dict[str, str], most: int
) -> AsyncIterator[httpx.Response]:
    """The last answer behind at most so many redirects, its body unread. Each address is judged by the transport."""
    for _ in range(most + 1):
        response = await client.send(client.build_request("GET", url, headers=headers), stream=True)
        try:
            if not response.has_redirect_location:
                yield response
                return
            url = _next_address(url, response.headers["location"])
        finally:
            await response.aclose()
    raise _failed(url, f"more than {most} redirects", code="too_many_redirects")


# -- one download


class _Fetch:
    """One source's download: attempts, each going on where the last was cut."""

    def __init__(
        self,
        order: Order,
        url: httpx.URL,
        key: str,
        part: Part,
        client: httpx.AsyncClient,
        known: Mapping[str, Any],
        kept: Artefact | None,
    ) -> None:
        self.order, self.url, self.key, self.part, self.client = order, url, key, part, client
        self.known, self.kept = known, kept
        self.teller = Teller(order)

    async def until_done(self) -> Artefact:
        """Try until it is done or has been in vain too often; an attempt that brought a megabyte was not in vain."""
        vain = 0
        while True:
            before = self.part.size
            try:
                return await self._once()
            except httpx.TransportError as error:
                cut = self._cut_by(error)
            except Cut as error:
                cut = error
            self.part.flush()
            vain = 1 if self.part.size - before >= _PROGRESS_BYTES else vain + 1
            if vain >= self.order.limits.attempts:
                raise _failed(self.url, f"{cut} ({vain} attempts)", "Run again to go on where this stopped.")
            await asyncio.sleep(self._pause(vain, cut))

    def _pause(self, vain: int, cut: Cut) -> float:
        limits = self.order.limits
        backoff: float = limits.backoff_seconds * 2 ** max(0, vain - 1)
        return min(max(backoff, cut.wait_seconds), limits.longest_wait_seconds)

    def _cut_by(self, error: httpx.TransportError) -> Cut:
        # The libraries between wrap the TLS error several times over: its text is what reaches this far for certain.
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            remedy = "If the server uses your own authority, name its certificate in SSL_CERT_FILE."
            raise _failed(self.url, f"the server's certificate is not trusted: {redacted(str(error))}", remedy)
        return Cut(f"the connection failed: {redacted(str(error)) or type(error).__name__}")

    async def _once(self) -> Artefact:
        async with _answer(self.client, self.url, self._asking(), self.order.limits.redirects) as response:
            match kind_of(response, self.part):
                case Kind.UNCHANGED:
                    return self._kept_before()
                case Kind.WHOLE:
                    self.part.begin(validator_of(response), total_of(response))
                case Kind.REST:
                    pass
                case Kind.OTHER:
                    self.part.begin()
                    raise Cut("the server's partial answer does not continue what was fetched before")
                case Kind.LATER:
                    raise Cut(f"the server answered {response.status_code}", retry_after(response))
                case Kind.REFUSED:
                    raise _failed(self.url, f"the server answered {response.status_code} {response.reason_phrase}")
            await self._take(response)
            return await self._finish(response)

    def _asking(self) -> dict[str, str]:
        if self.part.resumable:
            return {"Range": f"bytes={self.part.size}-", "If-Range": self.part.validator}
        asked = {"If-None-Match": self.known.get("etag"), "If-Modified-Since": self.known.get("last_modified")}
        return {name: str(value) for name, value in asked.items() if value}

    def _kept_before(self) -> Artefact:
        if self.kept is None:
            raise _failed(self.url, "the server says that nothing has changed, though nothing was asked for")
        self.teller.tell(1, 1)
        return self.kept

    async def _take(self, response: httpx.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise _failed(
                self.url,
                "the server compresses although it was asked not to",
                "Use an address that gives the file itself.",
            )
        self._see_that_it_fits()
        async for piece in response.aiter_raw():
            self.part.write(piece)
            if self.part.size > self.order.limits.max_bytes:
                self._too_big()
            self.teller.tell(self.part.size, self.part.total)

    def _see_that_it_fits(self) -> None:
        expected = self.part.total or 0
        if expected > self.order.limits.max_bytes:
            self._too_big()
        require_room(self.order, expected - self.part.size)

    def _too_big(self) -> None:
        self.part.begin()
        raise too_large(self.order, shown(str(self.url)))

    async def _finish(self, response: httpx.Response) -> Artefact:
        if not self.part.complete:
            raise Cut(f"{self.part.size} of {self.part.total} bytes came")
        if not self.part.size:
            raise empty(shown(str(self.url)))
        artefact = await asyncio.to_thread(self.part.keep, self.order.store, suffix_of(self.url.path))
        self.order.store.remember(self.key, self._record(artefact, response))
        self.teller.tell(1, 1)
        return artefact

    def _record(self, artefact: Artefact, response: httpx.Response) -> dict[str, object]:
        return {
            "artefact": artefact.model_dump(mode="json"),
            "etag": response.headers.get("etag"),
            "last_modified": response.headers.get("last-modified"),
            "from": shown(str(self.url)),
        }
