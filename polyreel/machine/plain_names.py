"""Other names for files: for tools that read paths by a grammar of their own, and can't quote them, or in several ways.

Shaka's stream descriptors part their fields by commas, its templates know ``$``; ffmpeg's filters take ``'``, ``:`` and
``\\`` for signs, at two levels. A link without any of that is the same file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9/_.][A-Za-z0-9/_.-]*")
_PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - a folder of our own is made there, under a name that is free


class PlainNames:
    """Links to files and folders, in a folder whose path is plain too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, path: Path) -> Path:
        """Another name for a file or a folder, with the same suffix."""
        suffix = path.suffix if _PLAIN.fullmatch(path.suffix) else ""
        link = self.folder / f"{len(list(self.folder.iterdir()))}{suffix}"
        link.symlink_to(path.absolute())
        return link


@contextmanager
def plain_names(near: Path) -> Iterator[PlainNames]:
    """Names for as long as the block lasts: in a folder within ``near`` where that has a plain path itself."""
    places = (str(near.absolute()), tempfile.gettempdir(), *_PLACES)
    where = next((place for place in places if _PLAIN.fullmatch(place) and Path(place).is_dir()), None)
    with tempfile.TemporaryDirectory(prefix="polyreel-names-", dir=where) as folder:
        yield PlainNames(Path(folder))
