"""Packages opened as archives and read as data: one member at a time, by its exact name, of a known size at most."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from polyreel.errors import EngineError

_PIECE = 1 << 20
_UNREADABLE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error),
    # Cut off, absent, or packed in a way that zipfile does not know.
    *(EOFError, KeyError, NotImplementedError),
)


class Archive:
    """A wheel (zip) or a packed npm package (tar). Nothing is ever extracted to where the archive wants it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pieces(self, member: str, most: int) -> Iterator[bytes]:
        """A member's content in pieces. Raises EngineError where it is absent, no file, or above ``most`` bytes."""
        left = most
        with self._open_member(member) as stream:
            while piece := stream.read(_PIECE):
                left -= len(piece)
                # Counted while it is unpacked: the sizes that an archive states may lie.
                if left < 0:
                    raise self._describe_damage(f"'{member}' is larger than it should be")
                yield piece

    @contextmanager
    def _open_member(self, member: str) -> Iterator[IO[bytes]]:
        # By the name that the client gave it: only these two kinds are fetched.
        opener = self._open_in_zip if self._file.suffix == ".whl" else self._open_in_tar
        try:
            with opener(member) as stream:
                yield stream
        except _UNREADABLE as error:
            raise self._describe_damage(f"'{member}' can't be read from it ({type(error).__name__})") from error

    @contextmanager
    def _open_in_zip(self, member: str) -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(self._file) as archive, archive.open(member) as stream:
            yield stream

    @contextmanager
    def _open_in_tar(self, member: str) -> Iterator[IO[bytes]]:
        with tarfile.open(self._file) as archive:
            stream = archive.extractfile(member)  # follows links only inside the archive, and writes nothing
            if stream is None:
                raise KeyError(member)
            with stream:
                yield stream

    def _describe_damage(self, why: str) -> EngineError:
        return EngineError(
            f"this package is not what it should be: {why}.",
            code="model_damaged",
            where=self._file.name,
            remedy="Run the command again; it fetches the package anew.",
        )
