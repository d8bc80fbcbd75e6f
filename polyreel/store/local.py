"""Stored files by their content, and small records by key. A local folder; nothing half-written is ever visible.

::

    store/blobs/ab/abcd...ef.wav        content, named by its SHA-256
    store/records/<stage>/<digest>.json what a piece of work gave, under its key
    scratch/...                         half-made files (see `polyreel.store.scratch`)

A stored file is named by the address of its file, or, where other machines keep the same store, by its content alone
(``store:<sha256>.wav``): such a name means the same on every machine.

A blob or a record is written beside its place, made durable, and then renamed: after a crash it is there whole, or not
at all. Scratch lies on the store's own disk, so that keeping a file is a rename and not a copy.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from polyreel.errors import StoreError
from polyreel.machine import home
from polyreel.machine.files import (
    HashingFile,
    copy_hashed,
    create_atomically,
    explain_errors,
    make_folder,
    parse_note,
    place,
    replace_durably,
    sha256_of,
)
from polyreel.outcome import StoredFile
from polyreel.store import scratch
from polyreel.store.outbox import content_of

# ASCII: `\w` would let letters into a name that another machine's file system writes otherwise.
_BLOB = re.compile(r"([0-9a-f]{64})((?:\.[\w.-]{1,60})?)", re.ASCII)
PLACELESS = "store"


def path_of(stored_file: StoredFile) -> Path:
    """The local file that holds a stored file."""
    parts = urlsplit(stored_file.uri)
    if parts.scheme == PLACELESS:
        return blob_path(home.store_dir(), parts.path)
    if parts.scheme != "file":
        raise StoreError(
            f"this file is not in the store on this machine: {parts.scheme}://",
            where="store",
            remedy="Take the outcome's paths as they are; this one names no file of the store here.",
        )
    return Path(unquote(parts.path))


def blob_path(root: Path, name: str) -> Path:
    """Where the blob of this name (its SHA-256 and its suffix) lies below a store's root."""
    if not _BLOB.fullmatch(name):
        raise StoreError(
            f"not a name for a stored file: {name!r}",
            where="store",
            remedy="Give the suffix with its dot, such as `.vtt`.",
        )
    return root.absolute() / "blobs" / name[:2] / name


def is_here(stored_file: StoredFile) -> bool:
    """Whether a stored file's bytes are on this machine, at their length."""
    path = path_of(stored_file)
    return path.is_file() and path.stat().st_size == stored_file.bytes


class LocalStore:
    """A folder of stored files (``blobs/ab/<sha256><suffix>``) and records (``records/<stage>/<key>.json``)."""

    trouble: str = ""
    """Why the last `share_files` could not bring everything up, for a person to see."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home.store_dir()
        self._scratch = root.absolute().parent / "scratch" if root else home.scratch_dir()

    # -- stored files

    def keep_file(self, file: Path, suffix: str = "") -> StoredFile:
        """Move a finished file into the store and return what names it. The same content is kept once."""
        with explain_errors("keep a file", self.root):
            if self._on_own_disk(file):
                return self.keep_hashed(file, sha256_of(file), suffix)
            with self.open_scratch() as folder:
                copy = copy_hashed(file, folder / "copy")
                kept = self.keep_hashed(copy.path, copy.sha256, suffix or file.suffix)
                # Last: until the copy has its name, a crash must leave the file where it was.
            file.unlink()
            return kept

    def keep_hashed(self, file: Path, sha256: str, suffix: str = "") -> StoredFile:
        """Keep a file on the store's own disk whose hash is known already: written by a `HashingFile`, say.

        A blob that is there already is replaced all the same: that costs a rename, and heals a damaged one.
        """
        final = self._locate_blob(sha256, suffix or file.suffix)
        with explain_errors("keep a file", self.root):
            size = file.stat().st_size
            place(file, final)
        return StoredFile(uri=self._uri_of(final), sha256=sha256, bytes=size)

    def keep_bytes(self, content: bytes, suffix: str) -> StoredFile:
        """Keep a small thing that is already in memory."""
        with explain_errors("keep a file", self.root), self.open_scratch() as folder:
            with HashingFile(folder / "content") as file:
                file.write(content)
            return self.keep_hashed(file.path, file.sha256, suffix)

    def has(self, stored_file: StoredFile) -> bool:
        """Whether the bytes are still where the stored file says, at their length."""
        return is_here(stored_file)

    def verify(self, stored_file: StoredFile) -> bool:
        """Read a stored file again, on doubt. A damaged blob of the store's own is removed, so that it is made anew."""
        path = path_of(stored_file)
        if is_here(stored_file) and sha256_of(path) == stored_file.sha256:
            return True
        # A file of the user's own, which a stored file may name in place, is never removed.
        if path.is_relative_to(self.root / "blobs"):
            path.unlink(missing_ok=True)
        return False

    def _locate_blob(self, digest: str, suffix: str) -> Path:
        return blob_path(self.root, digest + suffix)

    def _uri_of(self, final: Path) -> str:
        return final.as_uri()

    def _on_own_disk(self, file: Path) -> bool:
        make_folder(self.root)
        # Across disks a rename fails, and what shutil does instead is a copy that a crash can halve.
        return file.stat().st_dev == self.root.stat().st_dev

    # -- scratch

    @property
    def scratch_root(self) -> Path:
        """Where half-made files lie: beside the store, on its disk."""
        return self._scratch

    def open_scratch(self) -> AbstractContextManager[Path]:
        """A folder for half-made files on the store's own disk; gone afterwards, whatever happened."""
        return scratch.passing_folder(self.scratch_root)

    def lasting_scratch(self, key: str) -> AbstractAsyncContextManager[Path]:
        """A folder for half-made files that a later run goes on with (see `polyreel.store.scratch`)."""
        return scratch.lasting_folder(self.scratch_root / f"lasting-{_file_name(key)}")

    # -- records

    def save_record(self, key: str, value: Mapping[str, Any]) -> None:
        """Record what a piece of work gave, under its key."""
        # Sorted, so that two machines that record the same write the same bytes.
        content = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
        record = self._locate_record(key)
        with explain_errors("write a record", self.root), self.open_scratch() as folder:
            make_folder(record.parent)
            # Written in scratch and renamed: whoever reads the record sees the old one or the new one, never half.
            part = folder / "record"
            part.write_bytes(content)
            replace_durably(part, record)

    def load_record(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key, or None. A damaged record counts as none."""
        try:
            return parse_note(self._locate_record(key).read_bytes())
        except FileNotFoundError:
            return None

    def drop_record(self, key: str) -> None:
        """Drop a record; its stored files stay."""
        self._locate_record(key).unlink(missing_ok=True)

    def _locate_record(self, key: str) -> Path:
        stage, _, digest = key.rpartition("-")
        return self.root / "records" / _file_name(stage or "other") / f"{_file_name(digest)}.json"

    # -- small files that are written once

    async def create_file(self, name: str, content: bytes) -> bool:
        """Keep a small file under a name that has none, durably; False where it is taken."""
        with explain_errors("write a file", self.root):
            return await asyncio.to_thread(create_atomically, self.file_named(name), content)

    async def read_file(self, name: str) -> bytes | None:
        """A small file that was created; None where there is none."""
        # What is missing reads as nothing, and nothing that is created is empty.
        return await asyncio.to_thread(content_of, self.file_named(name)) or None

    async def names_below(self, folder: str) -> list[str]:
        """What lies right below a folder of created files."""
        found = self.file_named(folder)
        with explain_errors("look into a folder", found):
            names = [each.name for each in found.iterdir()] if found.is_dir() else []
        # Parts of files that are being written begin with a dot.
        return sorted(name for name in names if not name.startswith("."))

    # -- the rest of the port, of which one machine alone has little to do

    async def check_usable(self) -> None:
        """See that the store's folder is there and can be written. Raises `StoreError`."""
        with explain_errors("use the store", self.root):
            await asyncio.to_thread(make_folder, self.root)

    async def fetch_files(self, stored_files: Iterable[StoredFile]) -> None:
        """See that stored files are here. Raises `StoreError` for one that is gone: nobody else has it."""
        for stored_file in stored_files:
            if not self.has(stored_file):
                raise StoreError(
                    "a stored file is gone",
                    code="stored_file_missing",
                    where=str(path_of(stored_file)),
                    remedy="Run again: it is made anew.",
                )

    async def present(self, stored_files: Iterable[StoredFile]) -> bool:
        """Whether all stored files are here."""
        return all(self.has(stored_file) for stored_file in stored_files)

    async def peek_at_record(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key."""
        return self.load_record(key)

    async def look_up(self, name: str) -> bytes | None:
        """A small file of this machine; None where there is none."""
        return content_of(self.file_named(name)) or None

    async def offer_file(self, name: str) -> None:
        """Nobody else asks this store: what is kept is offered already."""

    async def share_files(self, *names: str) -> None:
        """Nobody else asks this store: what is kept is shared already."""

    def file_named(self, name: str) -> Path:
        """Where a small file lies on this machine: ``results/KEY``, or a record by its place below the root."""
        kind, _, rest = name.partition("/")
        return home.results_dir() / rest if kind == "results" else self.root / name


def _file_name(text: str) -> str:
    """A text as one file name that can't leave its folder; a long one by its hash."""
    name = quote(text, safe="").replace(".", "%2E")
    # File systems take 255 bytes for a name, and a suffix and a part's random letters are still to come.
    return name if 0 < len(name) <= 120 else hashlib.sha256(text.encode()).hexdigest()
