"""Object stores: signatures as AWS publishes them, and one bucket over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.vendors import errors
from polyreel.vendors.objects.client import ObjectStoreClient
from polyreel.vendors.objects.signing import Keys, signed_url

Answers = Callable[..., bytes]
LISTING = (
    b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Contents><Key>%s</Key><Size>7</Size><ETag>&quot;e&quot;</ETag></Contents>%s</ListBucketResult>"
)


def test_the_signature_is_the_one_aws_publishes() -> None:
    """The worked example of "Authenticating Requests: Using Query Parameters"."""
    keys = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    moment = datetime(2013, 5, 24, tzinfo=UTC)
    url = signed_url("GET", "https://examplebucket.s3.amazonaws.com/test.txt", keys, seconds=86400, now=moment)
    assert url.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


@pytest.fixture
def bucket(peer: Any) -> ObjectStoreClient:
    """A bucket at the scripted peer."""
    return ObjectStoreClient(Keys("id", "hush-hush"), endpoint_url=peer.url, bucket="films")


async def test_a_file_is_put_under_a_signed_address(
    peer: Any, bucket: ObjectStoreClient, make_answer: Answers, tmp_path: Path
) -> None:
    """Streamed with its length; the secret itself is sent nowhere."""
    (tmp_path / "a.mp4").write_bytes(b"seven b")
    peer.will(make_answer(200, b"", etag='"e"'))
    async with bucket:
        stored = await bucket.put("reel/a b.mp4", tmp_path / "a.mp4")
    assert (stored.bytes, stored.etag) == (7, '"e"')
    assert peer.seen[0].target.startswith("/films/reel/a%20b.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert peer.seen[0].body == b"seven b"
    assert "hush" not in repr(peer.seen)


async def test_a_listing_goes_on_page_after_page(peer: Any, bucket: ObjectStoreClient, make_answer: Answers) -> None:
    """As long as there is a continuation token."""
    more = b"<NextContinuationToken>t/1=</NextContinuationToken>"
    peer.will(make_answer(200, LISTING % (b"one", more)), make_answer(200, LISTING % (b"two", b"")))
    async with bucket:
        assert [(each.key, each.bytes) async for each in bucket.list("o")] == [("one", 7), ("two", 7)]
    assert "continuation-token=t%2F1%3D" in peer.seen[1].target


async def test_what_is_not_there_is_none(peer: Any, bucket: ObjectStoreClient, make_answer: Answers) -> None:
    """Looking is no error."""
    peer.will(make_answer(404, b""))
    async with bucket:
        assert await bucket.look("missing") is None


ENTITY = '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'


@pytest.mark.parametrize(
    "body",
    [
        b"<html",
        ENTITY.encode(),
        f"<!--{' ' * 2000}-->{ENTITY}".encode(),
        f'<?xml version="1.0" encoding="utf-16"?>{ENTITY}'.encode("utf-16"),
        (LISTING % (b"one", b"")).replace(b"<Size>7", b"<Size>many"),
    ],
)
async def test_a_hostile_listing_is_refused(
    peer: Any, bucket: ObjectStoreClient, make_answer: Answers, body: bytes
) -> None:
    """Entities are never expanded."""
    peer.will(make_answer(200, body))
    async with bucket:
        with pytest.raises(errors.Garbled):
            await anext(bucket.list())


@pytest.mark.parametrize("key", ["", "../up", "a//b", "/a", "a/./b"])
async def test_a_key_is_a_name_and_not_a_path(bucket: ObjectStoreClient, key: str) -> None:
    """It can't lead out of the bucket."""
    async with bucket:
        with pytest.raises(InvalidJob):
            bucket.link(key)
