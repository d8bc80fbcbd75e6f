"""Artefacts by their content, and small records by key. A local folder; nothing half-written is ever visible.

::

    store/blobs/ab/abcd...ef.wav        content, named by its SHA-256
    store/records/<stage>/<digest>.json what a piece of work gave, under its key
    scratch/<boot>-<random>             half-made files, with their owner's lock beside them (``.lock``)
    scratch/lasting-<key>               half-made files that a later run goes on with

An artefact is named by the address of its file, or, where other machines keep the same store, by its content alone
(``store:<sha256>.wav``): such a name means the same on every machine.

A blob or a record is written beside its place, made durable, and then renamed: after a crash it is there whole, or not
at all. Scratch lies on the store's own disk, so that keeping a file is a rename and not a copy.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from polyreel import home
from polyreel.errors import StoreError
from polyreel.locks import locked, open_locked
from polyreel.outcome import Artefact

_CHUNK = 1 << 20
_BLOB = re.compile(r"([0-9a-f]{64})((?:\.[\w.-]{1,60})?)", re.ASCII)
PLACELESS = "store"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_ELSEWHERE_KEPT_SECONDS = 2 * 86_400
_LASTING_KEPT_SECONDS = 7 * 86_400


# -- files


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class HashingFile:
    """A new file that is hashed while it is written, so that nobody has to read it again to name it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self._hash = hashlib.sha256()
        self._file = path.open("wb")

    @property
    def sha256(self) -> str:
        """The hash of everything written so far, lower-case hex."""
        return self._hash.hexdigest()

    def write(self, content: bytes | memoryview) -> int:
        """Append a piece."""
        self._hash.update(content)
        self.bytes += len(content)
        return self._file.write(content)

    def __enter__(self) -> HashingFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def copy_hashed(source: Path, copy: Path) -> HashingFile:
    """Copy a file and hash it in the one pass; what comes back is closed and knows ``sha256`` and ``bytes``."""
    with source.open("rb") as file, HashingFile(copy) as hashed:
        while piece := file.read(_CHUNK):
            hashed.write(piece)
    return hashed


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


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_durably(part: Path, final: Path) -> None:
    """Move a finished file to its name: content first, then the name, so that a crash leaves one or the other."""
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(final)
    sync_folder(final.parent)


def place(part: Path, final: Path) -> None:
    """Move a finished file to its name, in a folder that is made where there is none."""
    _make_folder(final.parent)
    replace_durably(part, final)


def write_atomically(final: Path, content: bytes) -> None:
    """Write a small file so that it is there whole or not at all."""
    _make_folder(final.parent)
    part = final.with_name(f".{uuid.uuid4().hex[:12]}.part")
    try:
        part.write_bytes(content)
        replace_durably(part, final)
    finally:
        part.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


@contextmanager
def explained(doing: str, where: Path | str) -> Iterator[None]:
    """Turn an operating system's error into one that says what to do about it."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        remedy = "Free some space on that disk" if full else "See that the folder exists and can be written"
        raise StoreError(
            f"could not {doing}: {'the disk is full' if full else error.strerror or error}",
            code="disk_full" if full else None,
            where=str(where),
            remedy=f"{remedy} (POLYREEL_HOME says where), then run again: finished work is kept.",
        ) from error


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
        _make_folder(self.root)
        return file.stat().st_dev == self.root.stat().st_dev

    # -- scratch

    @property
    def scratch_root(self) -> Path:
        """Where half-made files lie: beside the store, on its disk."""
        return self._scratch

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for half-made files on the store's own disk; gone afterwards, whatever happened."""
        folder, lock = _claim_scratch(self.scratch_root)
        try:
            yield folder
        finally:
            _drop(folder, lock)

    @asynccontextmanager
    async def lasting_scratch(self, key: str) -> AsyncIterator[Path]:
        """A folder for half-made files that a later run goes on with; one user at a time, the others wait.

        It stays as long as something is in it; `clear_scratch` removes it when nobody has touched it for a week.
        """
        folder = self.scratch_root / f"lasting-{_file_name(key)}"
        with explained("make a folder for half-made files", folder):
            _make_folder(self.scratch_root)
        async with locked(_lock_of(folder)):
            folder.mkdir(exist_ok=True)
            try:
                yield folder
            finally:
                if not any(folder.iterdir()):
                    folder.rmdir()
                    _lock_of(folder).unlink(missing_ok=True)

    # -- records

    def remember(self, key: str, value: Mapping[str, Any]) -> None:
        """Record what a piece of work gave, under its key."""
        content = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
        record = self._record(key)
        with explained("write a record", self.root), self.scratch() as folder:
            _make_folder(record.parent)
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


# -- whose scratch is whose


def boot_id() -> str:
    """This start of this machine, in 8 characters: what runs on another machine, or ran before, has another one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _claim_scratch(base: Path) -> tuple[Path, int]:
    with explained("make a folder for half-made files", base):
        base.mkdir(parents=True, exist_ok=True)
        while True:
            folder = base / f"{boot_id()}-{uuid.uuid4().hex[:12]}"
            if (lock := open_locked(_lock_of(folder))) is not None:
                folder.mkdir()
                return folder, lock


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _drop(folder: Path, lock: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)
    os.close(lock)


def clear_scratch(root: Path | None = None) -> None:
    """Remove half-made files of processes that are gone (a run that was killed leaves some).

    A process holds its folder's lock as long as it lives, so a reused process number deceives nobody. Locks are not
    seen from machine to machine on every shared disk: another machine's folder goes only when it has long been still.
    """
    base = root or home.scratch_dir()
    for name in {entry.name.removesuffix(".lock") for entry in base.glob("*-*")}:
        folder = base / name
        if time.time() - _last_touched(folder) < _kept_seconds(name):
            continue
        if (lock := open_locked(_lock_of(folder))) is not None:
            _drop(folder, lock)


def _kept_seconds(name: str) -> float:
    if name.startswith("lasting-"):
        return _LASTING_KEPT_SECONDS
    return 0 if name.startswith(f"{boot_id()}-") else _ELSEWHERE_KEPT_SECONDS


def _last_touched(folder: Path) -> float:
    times = [0.0]
    for path in [_lock_of(folder), folder, *folder.rglob("*")]:
        try:
            times.append(path.lstat().st_mtime)
        except FileNotFoundError:
            continue  # Its owner is at work, and has just removed it.
    return max(times)
