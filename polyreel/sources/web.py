"""A source at an http(s) address: guarded, bounded, resumed after a cut, asked for again only when it has changed."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Any

import httpx

from polyreel.errors import FetchError, InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.keys import stage_key
from polyreel.machine.files import explain_errors
from polyreel.net.answers import Cut, Kind, kind_of, total_of, validator_of
from polyreel.net.guard import Address, GuardedTransport, judge_host
from polyreel.net.pace import Pace, TooSlow
from polyreel.net.part import Part, open_part
from polyreel.net.patience import retry_after
from polyreel.net.reach import explain_no_way
from polyreel.outcome import StoredFile
from polyreel.redaction import redact, redact_logs, strip_address
from polyreel.sources.bounds import Teller, keep_part, load_earlier, make_empty_error, require_room, too_large
from polyreel.sources.port import FetchLimits, Order

_PROGRESS_BYTES = 1 << 20
_HEAD_SECONDS = 90.0


async def from_web(order: Order) -> StoredFile:
    """The stored file that an address names; downloaded unless what was downloaded before still holds."""
    redact_logs()
    url = _first_address(order.location)
    key = stage_key("fetch", 1, url=str(url))
    deadline = asyncio.timeout(order.limits.deadline_seconds)
    try:
        async with deadline, order.store.lasting_scratch(key) as folder, _open_client(order.limits) as client:
            with explain_errors("keep what is fetched", folder):
                async with open_part(folder) as part:
                    known = await order.store.peek_at_record(key) or {}
                    kept = await load_earlier(order, known)
                    return await _Fetch(order, url, key, part, client, known if kept else {}, kept).until_done()
    except TimeoutError as error:
        if not deadline.expired():
            raise
        message = f"not fetched within {order.limits.deadline_seconds:g} s"
        raise _fetch_error(url, message, "Run again to go on where this stopped.", code="fetch_timeout") from error


def _open_client(limits: FetchLimits) -> httpx.AsyncClient:
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
        raise InvalidJob(reason, where=strip_address(location), remedy=remedy)
    return url


_OLD_NUMBERS = re.compile(r"(?:0[xX])?[0-9a-fA-F]+(?:\.(?:0[xX])?[0-9a-fA-F]+){0,3}")


def check_address(location: str) -> None:
    """See that an address is one to fetch from: its form, and its network where it is in numbers. Raises InvalidJob,
    ForbiddenAddress."""
    url = _first_address(location)
    if address := _in_numbers(url.host):
        judge_host(url.host, [address])


def _in_numbers(host: str) -> Address | None:
    with suppress(ValueError):
        return ip_address("127.0.0.1" if host.rstrip(".").lower() == "localhost" else host)
    if not _OLD_NUMBERS.fullmatch(host):
        return None
    try:
        # As the system reads them when it is asked for such a name: 2130706433, 0x7f.1 and 127.1 are 127.0.0.1.
        return ip_address(socket.inet_aton(host))
    except OSError:
        return None


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
        raise _fetch_error(url, "redirects to something that is no address") from None
    if url.scheme == "https" and following.scheme == "http":
        reason = "it gives up encryption (https to http)"
    if reason:
        raise _fetch_error(
            url, f"the redirect to {strip_address(str(following))} was not followed: {reason}", code="redirect_refused"
        )
    return following


def _fetch_error(url: httpx.URL, message: str, remedy: str = "", code: str | None = None) -> FetchError:
    remedy = remedy or "Open the address in a browser to see what it gives, then correct it."
    return FetchError(message, code=code, where=strip_address(str(url)), remedy=remedy)


async def _send_request(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    try:
        # Between two reads of a head that drips there is no pause that a timeout could see.
        async with asyncio.timeout(_HEAD_SECONDS) as head:
            return await client.send(request, stream=True)
    except (httpx.InvalidURL, httpx.RemoteProtocolError) as error:
        # httpx reads every Location, also where it doesn't follow: `data:` and its kin have no host, `http://[::1` no
        # end; of the latter it says that the server broke the protocol.
        if isinstance(error, httpx.RemoteProtocolError) and "location header" not in str(error):
            raise
        raise _fetch_error(
            request.url, "redirects to something that is no http(s) address", code="redirect_refused"
        ) from None
    except TimeoutError:
        if not head.expired():
            raise
        raise Cut(f"no answer within {_HEAD_SECONDS:g} s") from None


@asynccontextmanager
async def _follow_redirects(
    client: httpx.AsyncClient, url: httpx.URL, headers: dict[str, str], most: int
) -> AsyncIterator[httpx.Response]:
    """The last answer behind at most so many redirects, its body unread. Each address is judged by the transport."""
    for _ in range(most + 1):
        response = await _send_request(client, client.build_request("GET", url, headers=headers))
        try:
            if not response.has_redirect_location:
                yield response
                return
            url = _next_address(url, response.headers["location"])
        finally:
            await response.aclose()
    raise _fetch_error(url, f"more than {most} redirects", code="too_many_redirects")


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
        kept: StoredFile | None,
    ) -> None:
        self.order, self.url, self.key, self.part, self.client = order, url, key, part, client
        self.known, self.kept = known, kept
        self.teller = Teller(order)

    async def until_done(self) -> StoredFile:
        """Try until it is done or has been in vain too often; an attempt that brought a megabyte was not in vain."""
        vain = slow = 0
        while True:
            before, no_way = self.part.size, ""
            try:
                return await self._fetch_once()
            except httpx.TransportError as error:
                cut = self._cut_by(error)
                no_way = "" if self.part.size else explain_no_way(error)  # said at once: no reason to wait longer
                if no_way and vain + 1 >= self.order.limits.refusals:
                    remedy = "Check the host, the port and this machine's network, or run again when the server is up."
                    raise _fetch_error(self.url, f"{no_way} ({spell_count(vain + 1, 'attempt')})", remedy) from None
            except TooSlow as error:
                cut, slow = Cut(str(error)), slow + 1
            except Cut as error:
                cut = error
            vain = 1 if self.part.size - before >= _PROGRESS_BYTES else vain + 1
            if vain >= self.order.limits.attempts or slow >= self.order.limits.slow_attempts:
                raise _fetch_error(
                    self.url, f"{cut} ({spell_count(vain, 'attempt')})", "Run again to go on where this stopped."
                )
            await asyncio.sleep(self._choose_pause(1 if no_way else vain, cut))

    def _choose_pause(self, vain: int, cut: Cut) -> float:
        limits = self.order.limits
        backoff: float = limits.backoff_seconds * 2 ** max(0, vain - 1)
        return min(max(backoff, cut.wait_seconds), limits.longest_wait_seconds)

    def _cut_by(self, error: httpx.TransportError) -> Cut:
        # The libraries between wrap the TLS error several times over: its text is what reaches this far for certain.
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            remedy = "If the server uses your own authority, name its certificate in SSL_CERT_FILE."
            raise _fetch_error(self.url, f"the server's certificate is not trusted: {redact(str(error))}", remedy)
        return Cut(f"the connection failed: {redact(str(error)) or type(error).__name__}")

    async def _fetch_once(self) -> StoredFile:
        async with _follow_redirects(
            self.client, self.url, self._make_headers(), self.order.limits.redirects
        ) as response:
            match kind_of(response, self.part):
                case Kind.UNCHANGED:
                    return self._require_kept()
                case Kind.WHOLE:
                    self.part.begin_anew(validator_of(response), total_of(response))
                case Kind.REST:
                    pass
                case Kind.OTHER:
                    self.part.begin_anew()
                    raise Cut("the server's partial answer does not continue what was fetched before")
                case Kind.LATER:
                    wait = retry_after(response.headers.get("retry-after")) or 0.0
                    raise Cut(f"the server answered {response.status_code}", wait)
                case Kind.REFUSED:
                    raise _fetch_error(self.url, f"the server answered {response.status_code} {response.reason_phrase}")
            await self._take_body(response)
            return await self._keep_file(response)

    def _make_headers(self) -> dict[str, str]:
        if self.part.resumable:
            return {"Range": f"bytes={self.part.size}-", "If-Range": self.part.validator}
        asked = {"If-None-Match": self.known.get("etag"), "If-Modified-Since": self.known.get("last_modified")}
        return {name: str(value) for name, value in asked.items() if value}

    def _require_kept(self) -> StoredFile:
        if self.kept is None:
            raise _fetch_error(self.url, "the server says that nothing has changed, though nothing was asked for")
        self.teller.report(1, 1)
        return self.kept

    async def _take_body(self, response: httpx.Response) -> None:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise _fetch_error(
                self.url,
                "the server compresses although it was asked not to",
                "Use an address that gives the file itself.",
            )
        self._see_that_it_fits()
        pace = Pace(self.order.limits.slowest_bytes, self.order.limits.slow_seconds)
        async for piece in response.aiter_raw():
            self.part.write(piece)
            pace.count_bytes(len(piece))
            if self.part.size > self.order.limits.max_bytes:
                self._too_big()
            self.teller.report(self.part.size, self.part.total)

    def _see_that_it_fits(self) -> None:
        expected = self.part.total or 0
        if expected > self.order.limits.max_bytes:
            self._too_big()
        require_room(self.order, expected - self.part.size)

    def _too_big(self) -> None:
        self.part.begin_anew()
        raise too_large(self.order, strip_address(str(self.url)))

    async def _keep_file(self, response: httpx.Response) -> StoredFile:
        if not self.part.complete:
            raise Cut(f"{self.part.size} of {self.part.total} bytes came")
        if not self.part.size:
            raise make_empty_error(strip_address(str(self.url)))
        stored_file = await asyncio.to_thread(keep_part, self.order, self.part, self.url.path)
        self.order.store.save_record(self.key, self._make_record(stored_file, response))
        self.teller.report(1, 1)
        return stored_file

    def _make_record(self, stored_file: StoredFile, response: httpx.Response) -> dict[str, object]:
        return {
            "stored_file": stored_file.model_dump(mode="json"),
            "etag": response.headers.get("etag"),
            "last_modified": response.headers.get("last-modified"),
            "from": strip_address(str(self.url)),
        }
