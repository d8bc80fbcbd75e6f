"""Files made so that a crash leaves them whole or not there at all; hashed while they are written; errors explained."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from polyreel.errors import StoreError
from polyreel.errors.full_disk import as_full_disk
from polyreel.machine import home

_CHUNK = 1 << 20
# A bound so that a wrong file is not read whole into memory; nothing depends on its exact value.
_MOST_NOTE_BYTES = 32 << 20
_ROOM_FOR_A_DATABASE = 4 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_whole(path: Path, most: int) -> bytes:
    """A small file's bytes. Raises OSError, also for what is no file, and `TooManyBytes` beyond ``most``.

    Devices and pipes have no end that a size would tell, and a pipe may never begin: both are refused before reading.
    What this process was handed open (``/dev/stdin``, ``/dev/fd/63`` of a shell's ``<(...)``) is read, within ``most``.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if _is_handed_over(path) else os.O_NONBLOCK))
    try:
        facts = os.fstat(handle)
        wrong = _KINDS.get(stat.S_IFMT(facts.st_mode))
        if wrong and not (_is_handed_over(path) and stat.S_ISFIFO(facts.st_mode)):
            raise OSError(errno.EINVAL, f"it is {wrong}, not a file", str(path))
        if facts.st_size > most:
            raise TooManyBytes(facts.st_size, most)
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(handle)
    # Once more by what came: devices and files that grow tell another length than they have.
    if len(content) > most:
        raise TooManyBytes(len(content), most)
    return content


def read_note(path: Path) -> dict[str, Any] | None:
    """What a small JSON file says: an object, or None where there is no file, or nothing that can be believed.

    For what only remembers work (notes, records, addresses): a damaged one costs that work again, and nothing more.
    """
    try:
        return parse_note(read_whole(path, _MOST_NOTE_BYTES))
    except (OSError, TooManyBytes):
        return None


def parse_note(content: bytes) -> dict[str, Any] | None:
    """Bytes as a JSON object; None for whatever else they are."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # nested so deeply that reading it would need a stack without end
        return None
    return found if isinstance(found, dict) else None


class TooManyBytes(ValueError):
    """A file that is larger than what is read whole. ``bytes``: how many there are, or were read."""

    def __init__(self, found: int, most: int) -> None:
        self.bytes, self.most = found, most
        super().__init__(f"larger than {most:,} bytes")


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _is_handed_over(path: Path) -> bool:
    return str(path) == "/dev/stdin" or path.parent.as_posix() in {"/dev/fd", "/proc/self/fd"}


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


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems can't, and keep names without it; a disk that fails is another matter.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
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
    make_folder(final.parent)
    replace_durably(part, final)


def write_atomically(final: Path, content: bytes, mode: int = 0o666) -> None:
    """Write a small file so that it is there whole or not at all. ``mode``: who may use it, less the process's mask."""
    make_folder(final.parent)
    part = final.with_name(f".{uuid.uuid4().hex[:12]}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        replace_durably(part, final)
    finally:
        part.unlink(missing_ok=True)


def create_atomically(final: Path, content: bytes) -> bool:
    """Write a small file whole under a name that has none. False where the name is taken: nothing is changed then."""
    make_folder(final.parent)
    part = final.with_name(f".{uuid.uuid4().hex[:12]}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, final)  # unlike a rename, it fails where somebody was first
        sync_folder(final.parent)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


def make_folder(folder: Path) -> None:
    """Make a folder, durably, with those above it where they are missing too."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def prepare_output(path: Path) -> None:
    """Make the folder of a file that a command was asked for, before anything is done for it. Raises StoreError."""
    with explain_errors("write a file", path):
        make_folder(path.absolute().parent)


def write_output(path: Path, content: bytes) -> None:
    """Write a file that a command was asked for, with its folders where they are missing. Raises StoreError.

    What is no file of a disk (``/dev/stdout``, a pipe) is written to: to replace it would be to remove it.
    """
    with explain_errors("write a file", path):
        if _is_handed_over(path) or path.parts[:2] in {("/", "dev"), ("/", "proc")} or path.is_fifo():
            path.write_bytes(content)
        else:
            write_atomically(path.absolute(), content)


@contextmanager
def explain_errors(doing: str, where: Path | str) -> Iterator[None]:
    """Turn an operating system's error into one that says what to do about it."""
    try:
        yield
    except OSError as error:
        if full := as_full_disk(error, doing, where):
            raise full from error
        raise StoreError(
            f"could not {doing}: {error.strerror or error}",
            where=str(where),
            remedy="See that the folder exists and can be written (POLYREEL_HOME says where), then run again: "
            "finished work is kept.",
        ) from error


def require_free_disk(doing: str = "start a server") -> None:
    """See that it is not a full disk that keeps a child from working, which can't say so itself. Raises StoreError."""
    folder = home.home()
    if folder.exists() and shutil.disk_usage(folder).free < _ROOM_FOR_A_DATABASE:
        with explain_errors(doing, folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
