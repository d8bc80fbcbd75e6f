"""Files below one folder, reached step by step from its handle: no link on the way is followed, so none leads out."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PART = ".polyreel-part"


class Tree:
    """A parcel's folder. Paths are below it, with forward slashes, and have been checked."""

    def __init__(self, handle: int, location: Path) -> None:
        self.handle = handle
        self.location = location

    @contextmanager
    def _open_folder(self, parent: PurePosixPath, make: bool = False) -> Iterator[int]:
        handle = os.dup(self.handle)
        try:
            for name in parent.parts:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, dir_fd=handle)
                inner = os.open(name, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def find_facts(self, path: str) -> os.stat_result | None:
        """What is there under a path (a link is a link), or None."""
        try:
            with self._open_folder(PurePosixPath(path).parent) as folder:
                return os.stat(PurePosixPath(path).name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, path: str) -> int:
        """A handle to read a file by."""
        with self._open_folder(PurePosixPath(path).parent) as folder:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(PurePosixPath(path).name, flags, dir_fd=folder)

    def create(self, path: str) -> int:
        """A handle to write a new file by; its folders are made."""
        with self._open_folder(PurePosixPath(path).parent, make=True) as folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(PurePosixPath(path).name, flags, 0o666, dir_fd=folder)

    def rename(self, path: str, to: str) -> None:
        """Give a file another name in its own folder, replacing what had it."""
        with self._open_folder(PurePosixPath(path).parent) as folder:
            os.replace(PurePosixPath(path).name, PurePosixPath(to).name, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, path: str) -> None:
        """Remove a file if it is there."""
        with suppress(FileNotFoundError), self._open_folder(PurePosixPath(path).parent) as folder:
            os.unlink(PurePosixPath(path).name, dir_fd=folder)

    def sync_folders(self, parents: set[str]) -> None:
        """Make the names in these folders durable."""
        for parent in parents:
            with self._open_folder(PurePosixPath(parent)) as folder:
                os.fsync(folder)

    def clear_parts(self, parents: set[str]) -> None:
        """Remove the parts that a run which was killed left in these folders."""
        for parent in parents:
            with suppress(FileNotFoundError), self._open_folder(PurePosixPath(parent)) as folder:
                names = os.listdir(folder)  # noqa: PTH208 - a Path can't list by handle
                for name in names:
                    if name.startswith(".") and name.endswith(_PART):
                        os.unlink(name, dir_fd=folder)

    def prune_folders(self, parents: set[str]) -> None:
        """Remove these folders, and those around them, where they are empty."""
        for parent in sorted(
            {*parents, *(str(outer) for path in parents for outer in PurePosixPath(path).parents)}, reverse=True
        ):
            if parent != ".":
                self._remove_if_empty(PurePosixPath(parent))

    def _remove_if_empty(self, path: PurePosixPath) -> None:
        try:
            with self._open_folder(path.parent) as folder:
                os.rmdir(path.name, dir_fd=folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                raise


def part_of(path: str) -> str:
    """Where a file is written before it gets its name: beside it, hidden."""
    return str(PurePosixPath(path).with_name(f".{os.urandom(8).hex()}{_PART}"))


def parent_of(path: str) -> str:
    """The folder of a path: ``.`` for the parcel's own."""
    return str(PurePosixPath(path).parent)


@contextmanager
def open_tree(folder: Path, name: str) -> Iterator[Tree]:
    """The parcel's folder, made where it is missing. ``folder`` may be reached by links: that is the user's choice."""
    folder.mkdir(parents=True, exist_ok=True)
    outer = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=outer)
        handle = os.open(name, _FOLDER, dir_fd=outer)
    finally:
        os.close(outer)
    try:
        yield Tree(handle, folder.absolute() / name)
    finally:
        os.close(handle)
