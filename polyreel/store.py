"""Artefacts by their content, and small records by key. A local folder; nothing half-written is ever visible."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from polyreel import home
from polyreel.errors import StoreError
from polyreel.outcome import Artefact
from polyreel.plan import stage_key  # noqa: F401 - kept here until its callers import it from plan

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_of(artefact: Artefact) -> Path:
    """The local file that holds an artefact."""
    parts = urlsplit(artefact.uri)
    if parts.scheme != "file":
        raise StoreError(f"not a local artefact: {parts.scheme}://", where="store")
    return Path(unquote(parts.path))


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_durably(part: Path, final: Path) -> None:
    """Move a finished file to its name: content first, then the name, so that a crash leaves one or the other."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(final)
    sync_folder(final.parent)


def write_atomically(final: Path, content: bytes) -> None:
    """Write a small file so that it is there whole or not at all."""
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(content)
        replace_durably(part, final)
    finally:
        part.unlink(missing_ok=True)


class Store:
    """A folder of artefacts (``blobs/ab/<sha256><suffix>``) and records (``records/<stage>/<key>.json``)."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or home.store_dir()

    # -- artefacts

    def keep(self, file: Path, suffix: str = "") -> Artefact:
        """Move a finished file into the store and return what names it. The same content is kept once."""
        digest, size = sha256_of(file), file.stat().st_size
        final = self._blob(digest, suffix or file.suffix)
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists() and final.stat().st_size == size:
            file.unlink()
        else:
            self._adopt(file, final)
        return Artefact(uri=final.as_uri(), sha256=digest, bytes=size)

    def keep_bytes(self, content: bytes, suffix: str) -> Artefact:
        """Keep a small thing that is already in memory."""
        with self.scratch() as folder:
            part = folder / f"content{suffix}"
            part.write_bytes(content)
            return self.keep(part, suffix)

    def has(self, artefact: Artefact) -> bool:
        """Whether the bytes are still where the artefact says, at their length."""
        path = path_of(artefact)
        return path.is_file() and path.stat().st_size == artefact.bytes

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for half-made files on the store's own disk; gone afterwards, whatever happened."""
        base = self.root.parent / "scratch"
        base.mkdir(parents=True, exist_ok=True)
        folder = base / f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _blob(self, digest: str, suffix: str) -> Path:
        return self.root / "blobs" / digest[:2] / f"{digest}{suffix}"

    def _adopt(self, file: Path, final: Path) -> None:
        if file.stat().st_dev == final.parent.stat().st_dev:
            replace_durably(file, final)
            return
        part = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            shutil.copyfile(file, part)
            replace_durably(part, final)
        finally:
            part.unlink(missing_ok=True)
        file.unlink()

    # -- records

    def remember(self, key: str, value: Mapping[str, Any]) -> None:
        """Record what a piece of work gave, under its key."""
        write_atomically(self._record(key), json.dumps(value, ensure_ascii=False, sort_keys=True).encode())

    def recall(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key, or None. A damaged record counts as none."""
        try:
            found = json.loads(self._record(key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def forget(self, key: str) -> None:
        """Drop a record; its artefacts stay."""
        self._record(key).unlink(missing_ok=True)

    def _record(self, key: str) -> Path:
        stage, _, digest = key.rpartition("-")
        return self.root / "records" / (stage or "other") / f"{digest}.json"


def clear_scratch(root: Path | None = None) -> None:
    """Remove half-made files of processes that are gone (a run that was killed leaves some)."""
    base = root or home.scratch_dir()
    for folder in base.glob("*-*"):
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)
