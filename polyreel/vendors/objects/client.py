"""One bucket of an S3-compatible object store, over signed addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from polyreel.errors import InvalidJob
from polyreel.vendors.bodies import Body, FileSlice, Watched
from polyreel.vendors.calls import Call, Problem, Reply
from polyreel.vendors.downloads import Downloaded, Expected, Tell, download
from polyreel.vendors.errors import Garbled, NotFound
from polyreel.vendors.limits import Limits
from polyreel.vendors.objects.signing import Keys, signed_url
from polyreel.vendors.resource import Resource
from polyreel.vendors.retry import RetryPolicy
from polyreel.vendors.transport import Timeouts, Transport

LARGEST_PUT = 5 << 30
LINK_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Object:
    """A stored object: key, bytes, and the store's own ETag (with its quotes)."""

    key: str
    bytes: int
    etag: str = ""


class ObjectStoreClient(Resource):
    """One bucket. Addresses are path-style (``ENDPOINT/BUCKET/KEY``), which every compatible store takes."""

    def __init__(
        self,
        keys: Keys,
        *,
        endpoint_url: str,
        bucket: str,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(Transport("s3", endpoint_url, limits=limits, timeouts=timeouts, retry=retry, problem=_problem))
        self._keys, self._root = keys, f"{endpoint_url.rstrip('/')}/{quote(bucket, safe='')}"

    def link(self, key: str, *, method: str = "GET", seconds: int = LINK_SECONDS) -> str:
        """A signed address of an object, good for so many seconds, for a vendor that fetches by URL."""
        return signed_url(method, self._url(key), self._keys, seconds=seconds)

    async def put(self, key: str, file: Path, *, content_type: str = "", tell: Tell | None = None) -> Object:
        """Store a file, streamed. Raises `InvalidJob` above 5 GiB, the largest single PUT."""
        body: Body = FileSlice(file, content_type=content_type or "application/octet-stream")
        if body.length > LARGEST_PUT:
            raise InvalidJob(f"{file.name} is larger than 5 GiB.", code="too_large", remedy="Package it in parts.")
        watched = Watched(body, tell) if tell else body
        reply = await self.transport.reply(Call("put object", "PUT", self.link(key, method="PUT"), body=watched))
        return Object(key, body.length, reply.headers.get("etag", ""))

    async def fetch(
        self, key: str, to: Path, *, expected: Expected | None = None, tell: Tell | None = None
    ) -> Downloaded:
        """Fetch an object into a file; resumed, with a freshly signed address each time."""

        async def link() -> str:
            return self.link(key)

        return await download(self.transport, link, to, operation="fetch object", expected=expected, tell=tell)

    async def look(self, key: str) -> Object | None:
        """What is known of an object; None when there is none."""
        try:
            reply = await self.transport.reply(Call("look at object", "HEAD", self.link(key, method="HEAD")))
        except NotFound:
            return None
        return Object(key, int(reply.headers.get("content-length", "0")), reply.headers.get("etag", ""))

    async def delete(self, key: str) -> None:
        """Delete an object. Deleting what is not there is no error."""
        await self.transport.reply(Call("delete object", "DELETE", self.link(key, method="DELETE")))

    async def list(self, prefix: str = "", *, at_most: int = 1000) -> AsyncIterator[Object]:
        """Every object whose key begins so, in the order of their keys; asked for in pages of `at_most`."""
        params = {"list-type": "2", "prefix": prefix, "max-keys": str(at_most)}
        while True:
            call = Call("list objects", "GET", signed_url("GET", self._root, self._keys, params=params))
            found, token = await self.transport.send(call, _listing)
            for each in found:
                yield each
            if not token:
                return
            params["continuation-token"] = token

    def _url(self, key: str) -> str:
        # A key is a name, not a path: what a server might resolve is refused.
        if not key or any(step in ("", ".", "..") for step in key.split("/")):
            raise InvalidJob(f"{key!r} is no key of an object.", where="object store")
        return f"{self._root}/{quote(key, safe='/')}"


class _NoDocumentType(ElementTree.TreeBuilder):
    """Stops where a document type begins, in whatever encoding: without one there are no entities to unfold."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("a document type")


def _listing(reply: Reply) -> tuple[list[Object], str]:
    try:
        parser = ElementTree.XMLParser(target=_NoDocumentType())  # noqa: S314 - no document type, so no entities
        root = ElementTree.fromstring(reply.body, parser)  # noqa: S314 - as above
        found = [
            Object(_text(each, "Key"), int(_text(each, "Size") or 0), _text(each, "ETag"))
            for each in root.iterfind("{*}Contents")
        ]
    except (ElementTree.ParseError, ValueError):
        raise Garbled("The object store did not answer with a listing.", facts=reply.facts) from None
    return found, _text(root, "NextContinuationToken")


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""


def _problem(_status: int, _body: Any) -> Problem:
    return Problem()
