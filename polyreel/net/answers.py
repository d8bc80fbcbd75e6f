"""What a server's answer means for a download: RFC 9110's conditional and range requests, read strictly."""

from __future__ import annotations

import re
from enum import Enum, auto

import httpx

from polyreel.net.part import Part

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)
_LATER = {408, 425, 429, 500, 502, 503, 504}


class Cut(Exception):
    """This attempt is over and the next one may succeed, after a pause that the server may have asked for."""

    def __init__(self, message: str, wait_seconds: float = 0.0) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(message)


class Kind(Enum):
    """What an answer is good for."""

    UNCHANGED = auto()
    WHOLE = auto()
    REST = auto()
    OTHER = auto()
    LATER = auto()
    REFUSED = auto()


def kind_of(response: httpx.Response, part: Part) -> Kind:
    """What to do with an answer, given what is there already."""
    status = response.status_code
    if status == 304 and not part.resumable:
        return Kind.UNCHANGED
    if status == 200:
        return Kind.WHOLE
    if status == 206 and continues(response, part):
        return Kind.REST
    if status in {206, 304, 416} and part.resumable:
        return Kind.OTHER
    return Kind.LATER if status in _LATER else Kind.REFUSED


def continues(response: httpx.Response, part: Part) -> bool:
    """Whether a 206 is the very rest of what is there: same thing, same length, from the next byte on."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if found is None or not part.resumable or int(found[1]) != part.size or int(found[2]) < part.size:
        return False
    if part.total is not None and found[3] not in {"*", str(part.total)}:
        return False
    return not _is_another(response, part)


def _is_another(response: httpx.Response, part: Part) -> bool:
    name = "etag" if part.validator.startswith('"') else "last-modified"
    return str(response.headers.get(name, part.validator)) != part.validator


def validator_of(response: httpx.Response) -> str:
    """What a later If-Range may name: a strong ETag, else Last-Modified, else nothing (RFC 9110, 13.1.5)."""
    etag = str(response.headers.get("etag", ""))
    return etag if etag.startswith('"') else str(response.headers.get("last-modified", ""))


def total_of(response: httpx.Response) -> int | None:
    """The length that a whole answer declares, in bytes."""
    declared = str(response.headers.get("content-length", ""))
    return int(declared) if declared.isascii() and declared.isdigit() else None
