"""``s3://bucket/key``: read strictly, so that a name never becomes a part of a host or leaves its prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyreel.errors import InvalidJob

SCHEME = "s3"
# AWS, "Bucket naming rules"; MinIO and others keep to them.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
# S3's own limit, in bytes of UTF-8.
_LONGEST_KEY = 1024


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    """A bucket and a key in it; as a prefix, the key has no slash at its end, and may be empty."""

    bucket: str
    key: str = ""

    def __str__(self) -> str:
        return f"{SCHEME}://{self.bucket}/{self.key}" if self.key else f"{SCHEME}://{self.bucket}"

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    def join_path(self, path: str) -> ObjectAddress:
        """What lies below this address. Raises `InvalidJob` for a path that would leave it."""
        return ObjectAddress(self.bucket, _check_key(f"{self.key}/{path}" if self.key else path, str(self)))


def is_object(place: str) -> bool:
    """Whether a place is an object's address."""
    return place[: len(SCHEME) + 1].lower() == f"{SCHEME}:"


def object_address(place: str) -> ObjectAddress:
    """The address of one object. Raises `InvalidJob`."""
    found = prefix_address(place)
    if not found.key or place.endswith("/"):
        raise _no_address("it names no object", place)
    return found


def prefix_address(place: str) -> ObjectAddress:
    """The address of a prefix, or of a whole bucket. Raises `InvalidJob`."""
    scheme, _, rest = place.strip().partition("://")
    bucket, _, key = rest.partition("/")
    if scheme.lower() != SCHEME or not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise _no_address("its bucket has no proper name", place)
    return ObjectAddress(bucket, _check_key(key.rstrip("/"), place) if key.rstrip("/") else "")


def _check_key(key: str, place: str) -> str:
    # A key is a name, not a path: what a client or a server might resolve is refused.
    if any(step in ("", ".", "..") for step in key.split("/")):
        raise _no_address("a part of its key is empty, '.' or '..'", place)
    if len(key.encode()) > _LONGEST_KEY or any(ord(each) < 32 or ord(each) == 127 for each in key):
        raise _no_address("its key is too long or holds control characters", place)
    return key


def _no_address(why: str, place: str) -> InvalidJob:
    remedy = "Write s3://bucket/folder/name, the key as it is, without %-escapes, ? or user."
    return InvalidJob(f"not the address of an object: {why}", where=place[:200], remedy=remedy)
