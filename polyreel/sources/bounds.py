"""What every fetch from a network has in common: what it may cost, how far it is, and what is known from before."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from polyreel.errors import MediaError, StoreError
from polyreel.net.part import Part
from polyreel.outcome import StoredFile
from polyreel.sources.port import Order


async def load_earlier(order: Order, known: Mapping[str, Any]) -> StoredFile | None:
    """The stored file that an earlier fetch gave, where it can still be had."""
    try:
        stored_file = StoredFile.model_validate(known.get("stored_file"))
    except ValidationError:
        return None
    return stored_file if await order.store.present((stored_file,)) else None


def keep_part(order: Order, part: Part, path: str) -> StoredFile:
    """The finished transfer as a stored file, with the suffix of the address's path. Blocks."""
    return order.store.keep_hashed(part.release_content(), part.sha256, suffix_of(path))


def require_room(order: Order, expected: int) -> None:
    """See that so many more bytes fit on the disk. Raises `StoreError`."""
    free = shutil.disk_usage(order.store.scratch_root).free
    if expected > free:
        remedy = f"Free {(expected - free) // 1_000_000 + 1} MB there, or set POLYREEL_HOME elsewhere."
        raise StoreError(
            "the source is larger than the space left",
            code="disk_full",
            where=str(order.store.root),
            remedy=remedy,
        )


def too_large(order: Order, where: str) -> MediaError:
    """The error for a source that is larger than allowed."""
    message = f"the source is larger than {order.limits.max_bytes} bytes"
    remedy = "Give a smaller rendition, or a local file."
    return MediaError(message, code="video_size_limit_reached", where=where, remedy=remedy)


def make_empty_error(where: str) -> MediaError:
    """The error for a source without a byte."""
    return MediaError("the source is empty", code="invalid_input", where=where, remedy="Check what is at that address.")


def suffix_of(path: str) -> str:
    """The suffix of the last part of an address's path, where it is a plain one."""
    suffix = PurePosixPath(path).suffix
    return suffix.lower() if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 9 else ""


class Teller:
    """Tells how far a fetch is, a whole per cent at a time: a listener may do something slow with it."""

    def __init__(self, order: Order) -> None:
        self._listener = order.on_progress
        self._told = -1

    def report(self, done: int, total: int | None) -> None:
        """So many bytes of so many; nothing is said where the length is not known."""
        if self._listener is None or not total:
            return
        share = min(1.0, done / total)
        if int(share * 100) > self._told:
            self._told = int(share * 100)
            self._listener(share)
