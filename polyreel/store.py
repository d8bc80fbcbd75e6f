"""Artefacts by their content, and small records by key. A local folder; nothing half-written is ever visible.

::

    store/blobs/ab/abcd...ef.wav        content, named by its SHA-256
    store/records/<stage>/<digest>.json what a piece of work gave, under its key
    scratch/...                         half-made files (see `polyreel.scratch`)

An artefact is named by the address of its file, or, where other machines keep the same store, by its content alone
(``store:<sha256>.wav``): such a name means the same on every machine.

A blob or a record is written beside its place, made durable, and then renamed: after a crash it is there whole, or not
at all. Scratch lies on the store's own disk, so that keeping a file is a rename and not a copy.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from polyreel import home, scratch
from polyreel.errors import StoreError
from polyreel.files import HashingFile, copy_hashed, explained, make_folder, place, replace_durably, sha256_of
from polyreel.outcome import Artefact

_BLOB = re.compile(r"([0-9a-f]{64})((?:\.[\w.-]{1,60})?)", re.ASCII)
PLACELESS = "store"


def path_of(artefact: Artefact) -> Path:
    """The local file that holds an artefact."""
    parts = urlsplit(artefact.uri)
    if parts.scheme == PLACELESS:
        return blob_path(home.store_dir(), parts.path)
    if parts.scheme != "file":
        raise StoreError(f"not a local artefact: {parts.scheme}://", where="store")
    return Path(unquote(parts.path))


def blob_path(root: Path, name: str) -> Path:
    """Where the blob of this name (its SHA-256 and its suffix) lies below a store's root."""
    if not _BLOB.fullmatch(name):
        raise StoreError(f"not a name for an artefact: {name!r}", where="store")
    return root.absolute() / "blobs" / name[:2] / name


def is_here(artefact: Artefact) -> bool:
    """Whether an artefact's bytes are on this machine, at their length."""
    path = path_of(artefact)
    return path.is_file() and path.stat().st_size == artefact.bytes


class Store:
    """A folder of artefacts (``blobs/ab/<sha256><suffix>``) and records (``records/<stage>/<key>.json``)."""

    trouble = ""
    """Why the last `share` could not bring everything up, for a person to see."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home.store_dir()
        self._scratch = root.absolute().parent / "scratch" if root else home.scratch_dir()

    # -- artefacts

    def keep(self, file: Path, suffix: str = "") -> Artefact:
        """Move a finished file into the store and return what names it. The same content is kept once."""
        with explained("keep a file", self.root):
            if self._on_own_disk(file):
                return self.keep_hashed(file, sha256_of(file), suffix)
            with self.scratch() as folder:
                copy = copy_hashed(file, folder / "copy")
                kept = self.keep_hashed(copy.path, copy.sha256, suffix or file.suffix)
            file.unlink()
            return kept

    def keep_hashed(self, file: Path, sha256: str, suffix: str = "") -> Artefact:
        """Keep a file on the store's own disk whose hash is known already: written by a `HashingFile`, say.

        A blob that is there already is replaced all the same: that costs a rename, and heals a damaged one.
        """
        final = self._blob(sha256, suffix or file.suffix)
        with explained("keep a file", self.root):
            size = file.stat().st_size
            place(file, final)
        return Artefact(uri=self._uri_of(final), sha256=sha256, bytes=size)

    def keep_bytes(self, content: bytes, suffix: str) -> Artefact:
        """Keep a small thing that is already in memory."""
        with explained("keep a file", self.root), self.scratch() as folder:
            with HashingFile(folder / "content") as file:
                file.write(content)
            return self.keep_hashed(file.path, file.sha256, suffix)

    def has(self, artefact: Artefact) -> bool:
        """Whether the bytes are still where the artefact says, at their length."""
        return is_here(artefact)

    def verify(self, artefact: Artefact) -> bool:
        """Read an artefact again, on doubt. A damaged blob of the store's own is removed, so that it is made anew."""
        path = path_of(artefact)
        if is_here(artefact) and sha256_of(path) == artefact.sha256:
            return True
        if path.is_relative_to(self.root / "blobs"):
            path.unlink(missing_ok=True)
        return False

    def _blob(self, digest: str, suffix: str) -> Path:
        return blob_path(self.root, digest + suffix)

    def _uri_of(self, final: Path) -> str:
        return final.as_uri()

    def _on_own_disk(self, file: Path) -> bool:
        make_folder(self.root)
        return file.stat().st_dev == self.root.stat().st_dev

    # -- scratch

    @property
    def scratch_root(self) -> Path:
        """Where half-made files lie: beside the store, on its disk."""
        return self._scratch

    def scratch(self) -> AbstractContextManager[Path]:
        """A folder for half-made files on the store's own disk; gone afterwards, whatever happened."""
        return scratch.passing_folder(self.scratch_root)

    def lasting_scratch(self, key: str) -> AbstractAsyncContextManager[Path]:
        """A folder for half-made files that a later run goes on with (see `polyreel.scratch`)."""
        return scratch.lasting_folder(self.scratch_root / f"lasting-{_file_name(key)}")

    # -- records

    def remember(self, key: str, value: Mapping[str, Any]) -> None:
        """Record what a piece of work gave, under its key."""
        content = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
        record = self._record(key)
        with explained("write a record", self.root), self.scratch() as folder:
            make_folder(record.parent)
            part = folder / "record"
            part.write_bytes(content)
            replace_durably(part, record)

    def recall(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key, or None. A damaged record counts as none."""
        try:
            found = json.loads(self._record(key).read_bytes())
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def forget(self, key: str) -> None:
        """Drop a record; its artefacts stay."""
        self._record(key).unlink(missing_ok=True)

    def _record(self, key: str) -> Path:
        stage, _, digest = key.rpartition("-")
        return self.root / "records" / _file_name(stage or "other") / f"{_file_name(digest)}.json"

    # -- other machines: a store that is shared with some has more to do here

    async def ready(self) -> None:
        """See that the store can be used, before anything is begun. Raises `StoreError`."""

    async def bring(self, artefacts: Iterable[Artefact]) -> None:
        """See that artefacts that the store has are on this machine, to be read. Raises `StoreError`."""

    async def present(self, artefacts: Iterable[Artefact]) -> bool:
        """Whether artefacts can be had, here or from other machines."""
        return all(self.has(artefact) for artefact in artefacts)

    async def peek(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key; the artefacts that it names may still be elsewhere. `recall` brings them."""
        return self.recall(key)

    async def look_up(self, name: str) -> bytes | None:
        """A small file that other machines may have put up: ``results/KEY``."""
        return None

    async def offer(self, name: str) -> None:
        """Let other machines have a small file that an earlier run made, with the next `share`, if they lack it."""

    async def share(self, *names: str) -> None:
        """Let other machines have small files, by their names, and all that is recorded."""


def _file_name(text: str) -> str:
    """A text as one file name that can't leave its folder; a long one by its hash."""
    name = quote(text, safe="").replace(".", "%2E")
    return name if 0 < len(name) <= 120 else hashlib.sha256(text.encode()).hexdigest()
