"""Signed addresses that run out: vendors hand them over for uploads and downloads, and storage answers them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from polyreel.vendors.errors import LinkExpired, Refused

# S3 says 400 or 403 of a signature that has run out; other storage says 401, or has forgotten the address (404, 410).
_EXPIRED = frozenset({400, 401, 403, 404, 410})


@contextmanager
def ask_for_fresh_link(what: str) -> Iterator[None]:
    """Raise `LinkExpired` where storage refuses a signed address inside the block. ``what`` is a sentence's subject.

    It is told apart from other refusals because the remedy is another: the vendor signs a new address, and the same
    bytes go there. Whatever else is refused (413, 416, ...) is raised as it is.
    """
    try:
        yield
    except Refused as refusal:
        if refusal.status in _EXPIRED:
            raise LinkExpired(f"{what} is no longer taken ({refusal.status}).", facts=refusal.facts) from None
        raise
