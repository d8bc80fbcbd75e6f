"""The one way to a vendor: every client's calls go through a `Transport`.

It adds the credentials (to the vendor's own origin only, never to a signed address, also across redirects), keeps to
the vendor's limits, bounds every call in time and size, repeats what is safe to repeat, and turns what goes wrong into
`polyreel.vendors.errors`. Proxies and certificates come from the arguments, never from the environment
(`trust_env=False`): a stray variable must not send keys elsewhere.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypedDict, TypeVar

import httpx

from polyreel.errors import FetchError, ForbiddenAddress
from polyreel.net.closing import ClosesAfterBlock
from polyreel.net.pace import SLOW_SECONDS, SLOWEST_BYTES
from polyreel.net.patience import retry_after
from polyreel.net.reach import explain_no_way
from polyreel.redaction import excerpt, redact, redact_addresses, redact_logs
from polyreel.vendors.auth import Anonymous, Auth
from polyreel.vendors.calls import Call, ErrorBody, ErrorReader, Reply, error_inside, read_error_body, with_status
from polyreel.vendors.errors import (
    CallError,
    ErrorInside,
    Facts,
    Forbidden,
    Garbled,
    Malformed,
    NoWay,
    RateLimited,
    Unanswered,
    Unauthorized,
    Unreachable,
    kind_of,
)
from polyreel.vendors.leave import require_leave
from polyreel.vendors.limits import Gate, Limits
from polyreel.vendors.redirects import Hop, is_signed, next_hop, origin_of
from polyreel.vendors.retry import RetryPolicy, pause
from polyreel.vendors.sockets import PlainTransport
from polyreel.vendors.strangers import Strangers

T = TypeVar("T")
USER_AGENT = "polyreel/0.1"
# An answer is held in memory as a whole; files come by `downloads`, which writes them as they come.
LARGEST_ANSWER = 64 << 20
MOST_REDIRECTS = 5
SMALL_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two reads or writes, for a free connection; for a call, or transfer, as a whole.

    A download has to bring ``slowest`` bytes a second, taken over each ``slow`` seconds: who drips keeps every other
    limit, and a run for hours.
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    pool: float = 30.0
    total: float = 180.0
    transfer: float = 6 * 3600.0
    slowest: float = SLOWEST_BYTES
    slow: float = SLOW_SECONDS

    def as_httpx(self) -> httpx.Timeout:
        """As httpx takes them."""
        return httpx.Timeout(connect=self.connect, read=self.read, write=self.write, pool=self.pool)


class ClientOptions(TypedDict, total=False):
    """How a client behaves towards its vendor. What is left out, or None, is as usual (the classes' own defaults).

    ``limits``: calls per second, and at once. ``timeouts``: seconds for connecting, for silence, and for a call with
    all its attempts. ``retry``: how often, and after which pauses, what may be repeated is tried again.
    """

    limits: Limits | None
    timeouts: Timeouts | None
    retry: RetryPolicy | None


class Transport(ClosesAfterBlock):
    """Calls to one vendor, by one account. An async context manager; belongs to one event loop.

    ``vendor`` is the name that errors carry, as a job has it; ``base_url`` is what calls' paths are put behind;
    ``auth`` gives each call its headers, for the vendor's own origin alone; ``read_error`` takes message and code out
    of a refusal's body (status, parsed JSON or None).

    Every method raises one of `polyreel.vendors.errors`, whose tree says what may be repeated: a call that is not
    `Call.may_repeat` is sent once, and where its answer is lost the error says so (``maybe_done``).

        async with Transport("panjaya", "https://api.panjaya.ai", auth=KeyAuth("Authorization", key, "Bearer")) as it:
            asset = await it.ask(Call("get asset", "GET", "/v1/assets/a-1"), Asset)
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        auth: Auth | None = None,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        read_error: ErrorReader = read_error_body,
        verify: Any = True,
    ) -> None:
        # Before the first call: the HTTP library's own log has whole addresses in it, signatures included.
        redact_logs()
        self.vendor = vendor
        self.base_url = httpx.URL(base_url.rstrip("/"))
        self.auth: Auth = auth or Anonymous()
        self.timeouts = timeouts or Timeouts()
        self.retry = retry or RetryPolicy()
        self.gate = Gate(limits or Limits())
        self._read_error = read_error
        secure = self.base_url.scheme == "https"
        self._calls = _make_client(self.timeouts, http2=secure, verify=_make_trust(verify, http2=secure))
        # Large bodies go over HTTP/1.1: one stream per connection, no flow-control windows in Python.
        self._transfers = _make_client(self.timeouts, http2=False, verify=_make_trust(verify, http2=False))
        self._strangers = Strangers(self.base_url, lambda guarded: _make_client(self.timeouts, transport=guarded))
        self._base, self._origin = str(self.base_url), origin_of(self.base_url)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._calls.aclose()
        await self._transfers.aclose()
        await self._strangers.aclose()

    async def ask(self, call: Call, shape: type[T]) -> T:
        """Send a call; read the answer as a pydantic model, or a list of them."""
        return await self.send(call, lambda reply: reply.read_as(shape))

    async def fetch_reply(self, call: Call) -> Reply:
        """Send a call; the whole answer, as it came."""
        return await self.send(call, lambda reply: reply)

    async def send(self, call: Call, read: Callable[[Reply], T]) -> T:
        """Send a call until `read` understands the answer, or the policy gives up. Raises `CallError`."""
        return await self.repeat(call, lambda left: self._send_once(call, read, left))

    async def repeat(self, call: Call, once: Callable[[float], Awaitable[T]]) -> T:
        """Attempt after attempt, as the policy decides, within the call's total time."""
        total = call.total or (self.timeouts.total if _is_small(call) else self.timeouts.transfer)
        deadline, attempt, busy, renewed, doubtful = time.monotonic() + total, 1, 0, False, False
        while True:
            try:
                return await once(deadline - time.monotonic())
            except CallError as failure:
                # Once: who refuses a fresh login, too, does not refuse it for its age.
                if not renewed and await self._renew_login(call, failure):
                    renewed = True
                    continue
                # A renewed login is no attempt: what was refused for an old token was not done. Nor is a refusal of a
                # vendor that has too many calls: where one in ten is refused, five attempts may all be.
                is_busy = isinstance(failure, RateLimited)
                busy += is_busy
                decision = self.retry.decide(failure, busy if is_busy else attempt, deadline - time.monotonic())
                if decision is None:
                    raise failure.with_attempts(attempt + busy - is_busy, doubtful=doubtful) from None
                # Of any attempt: when the last one is refused as a duplicate, an earlier one may have done the work.
                doubtful = doubtful or failure.maybe_done
                attempt += not is_busy
            await pause(decision.seconds)

    async def _renew_login(self, call: Call, failure: CallError) -> bool:
        refused = (
            isinstance(failure, (Unauthorized, Forbidden)) and not call.anonymous and self.is_own(self.make_url(call))
        )
        return refused and await self.auth.renew(failure)

    async def _send_once(self, call: Call, read: Callable[[Reply], T], left: float) -> T:
        async with self.open_answer(call, left) as (response, facts):
            body = await self._read_whole_body(response, facts)
            reply = Reply(response.status_code, response.headers, body, facts)
            try:
                return read(reply)
            # Only when the answer does not fit: a body with an `error` field of its own may be what was asked for.
            except Malformed:
                self._raise_error_inside(reply)
                raise

    def _raise_error_inside(self, reply: Reply) -> None:
        """Raise what a body says that is an error under a status of success. A body that is none passes."""
        try:
            body = reply.json()
        except Garbled:
            return
        status = error_inside(body)
        if status is not None:
            said = self._read_error(status, body)
            raise self._make_error(said, "200, and an error inside:", kind_of(status) if status else ErrorInside, reply)

    @asynccontextmanager
    async def open_answer(self, call: Call, left: float) -> AsyncIterator[tuple[httpx.Response, Facts]]:
        """One attempt: the open response, its status a success, within `left` seconds. Errors become `CallError`."""
        url = self.make_url(call)
        facts = self.collect_facts(call, url)
        try:
            async with asyncio.timeout(left), self._open_passage(call, url):
                response = await self._follow_redirects(call, url, facts)
                try:
                    facts = with_status(facts, response)
                    if response.status_code >= 300:
                        raise await self._read_refusal(response, facts)
                    yield response, facts
                finally:
                    await response.aclose()
        except TimeoutError:
            raise Unanswered(f"No whole answer within {left:.0f} s.", facts=facts) from None
        except httpx.HTTPError as error:
            raise _explain_failure(error, facts) from None
        except ForbiddenAddress as error:
            # Of the private network itself, nothing is told but which host the vendor named.
            said = f"The vendor gave an address in a private network: {error.where}."
            raise Malformed(said, code=error.code, facts=facts, remedy=error.remedy) from None
        except FetchError as error:
            kind = NoWay if explain_no_way(error) else Unreachable
            raise kind(f"No connection to {facts.address}: {error.message}.", facts=facts) from None
        except httpx.InvalidURL:
            raise Malformed("The vendor gave an address that is none.", facts=facts) from None

    def _open_passage(self, call: Call, url: httpx.URL) -> AbstractAsyncContextManager[None]:
        # At a signed address answers a storage, not the vendor's API: the account's limits say nothing about it.
        handed_out = call.anonymous and is_whole(call.path)
        if handed_out or is_signed(url) or not self.is_own(url):
            return nullcontext()
        # A large upload to the API itself counts as a call, but must not keep the others out while it lasts.
        return self.gate.open_passage(hold=_is_small(call))

    def make_url(self, call: Call) -> httpx.URL:
        """The whole address of a call, its own query kept."""
        below = f"{self._base}/{call.path.lstrip('/')}"
        url = httpx.URL(call.path if is_whole(call.path) else below)
        return url.copy_merge_params(_drop_nulls(call.params)) if call.params else url

    def follow_link(self, at: str, link: str) -> str:
        """The address that a link in the answer to `at` leads to: whole, or relative as RFC 3986 has it.

        A base URL may have a path of its own (a gateway): a link from the root that leaves that out is meant below it.
        """
        below = f"{self.base_url.path.rstrip('/')}/"
        if link.startswith("/") and not link.startswith(("//", below)):
            return link
        return str(self.make_url(Call("", "GET", at)).join(link))

    def is_own(self, url: httpx.URL) -> bool:
        """Whether the address is at the vendor's own origin, and so may see the credentials."""
        return origin_of(url) == self._origin

    def is_open_to_key(self, call: Call) -> bool:
        """Whether a call goes to the vendor's very origin, and to an address without a permission of its own."""
        url = self.make_url(call)
        return self.is_own(url) and not is_signed(url)

    def collect_facts(self, call: Call, url: httpx.URL) -> Facts:
        """What is known of a call before it is answered."""
        address = redact_addresses(str(url))
        return Facts(self.vendor, call.operation, call.method, address, repeatable=call.may_repeat)

    async def _follow_redirects(self, call: Call, url: httpx.URL, facts: Facts) -> httpx.Response:
        hop = Hop(url, call.method, with_body=call.body is not None)
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._send_hop(call, hop)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            hop = next_hop(hop, response, facts)
        raise Malformed("The vendor redirects in a circle.", facts=facts)

    async def _send_hop(self, call: Call, hop: Hop) -> httpx.Response:
        own = self.is_own(hop.url)
        # A signed address carries its own permission; some storage refuses a second one beside it.
        known = own and not is_signed(hop.url)
        headers = {**call.headers, **(await self._make_credentials(call) if known else {})}
        body = call.body if hop.with_body else None
        if body is not None:
            headers["Content-Length"] = str(body.length)
            if body.content_type:
                headers.setdefault("Content-Type", body.content_type)
        usual = self._calls if _is_small(call) else self._transfers
        client = usual if own else await self._strangers.find_client() or usual
        # Read anew at each hop: a body that was sent once has been used up.
        content = body.read_chunks() if body is not None else None
        request = client.build_request(hop.method, hop.url, headers=headers, content=content)
        # As late as can be: in the queue for a place, or for a login, somebody else may have taken the work over.
        await require_leave(hop.method)
        return await client.send(request, stream=True)

    async def _make_credentials(self, call: Call) -> Mapping[str, str]:
        key = {"Idempotency-Key": call.idempotency_key} if call.idempotency_key else {}
        return {**key, **({} if call.anonymous else await self.auth.make_headers())}

    async def _read_whole_body(self, response: httpx.Response, facts: Facts) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for data in response.aiter_bytes():
            size += len(data)
            if size > LARGEST_ANSWER:
                # Counted as it comes: a length in a header is only what somebody says.
                raise Malformed(f"The answer is larger than {LARGEST_ANSWER >> 20} MiB.", facts=facts)
            parts.append(data)
        return b"".join(parts)

    async def _read_refusal(self, response: httpx.Response, facts: Facts) -> CallError:
        body = await self._read_whole_body(response, facts)
        reply = Reply(response.status_code, response.headers, body, facts)
        try:
            said = self._read_error(response.status_code, reply.json())
        except Garbled:
            said = self._read_error(response.status_code, None)
        words = f"{response.status_code}"
        return self._make_error(said, words, kind_of(response.status_code), reply, response.reason_phrase)

    def _make_error(
        self, said: ErrorBody, words: str, usual: type[CallError], reply: Reply, reason: str = ""
    ) -> CallError:
        secrets = list(self.auth.list_secrets())
        wait = retry_after(reply.headers.get("retry-after"))
        code = redact(said.code, secrets)[:100]
        facts = replace(reply.facts, vendor_code=code, body=excerpt(reply.body, secrets), retry_after=wait)
        message = redact(said.message, secrets)[:300] or reason or code or "refused"
        return (said.kind or usual)(f"{words} {message}", facts=facts)


def _make_client(timeouts: Timeouts, **way: Any) -> httpx.AsyncClient:
    """An HTTP client that adds nothing of its own; `way` is how it connects (`http2`, `verify`, or a `transport`)."""
    plain = {} if "transport" in way else {"http://": PlainTransport()}
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        timeout=timeouts.as_httpx(),
        # Identity: a packed answer of a megabyte may unpack to more than the memory that there is.
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
        mounts=plain,
        **way,
    )


def _make_trust(verify: Any, *, http2: bool) -> Any:
    return _load_authorities(http2) if verify is True else verify


@cache
def _load_authorities(http2: bool) -> ssl.SSLContext:
    # Reading the authorities takes longer than a call: once per process; by protocol, because ALPN is set in it.
    return httpx.create_ssl_context(trust_env=False)


def _explain_failure(error: httpx.HTTPError, facts: Facts) -> CallError:
    if isinstance(error, httpx.ConnectError) and (reason := explain_no_way(error)):
        return NoWay(f"No connection to {facts.address}: {reason}.", facts=facts)
    # A pool that is full counts among them: our own queue was too long, the vendor heard nothing.
    # Of these nothing was sent, so that whatever the call does may be repeated.
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)):
        return Unreachable(f"No connection to {facts.address}: {_name_kind(error)}.", facts=facts)
    return Unanswered(f"The connection broke before the whole answer was there: {_name_kind(error)}.", facts=facts)


def _name_kind(error: httpx.HTTPError) -> str:
    return f"{type(error).__name__} {redact(str(error))}".strip()


def is_whole(address: str) -> bool:
    """Whether an address names its host, and so was handed out by a vendor rather than made by us."""
    return address[:8].lower().startswith(("http://", "https://"))


def _is_small(call: Call) -> bool:
    return call.body is None or call.body.length <= SMALL_BODY


def _drop_nulls(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
