"""The port that every store stands behind: files by their content, small records by key, and what machines exchange.

Two stand behind it, and either can take the other's place: `polyreel.store.local` (a folder) and
`polyreel.store.shared` (an object store that several machines keep, of which the folder is a working copy).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from polyreel.outcome import StoredFile


class Store(Protocol):
    """Where everything is kept. Plain methods block for the disk, ``async`` ones may wait for the network.

    A ``key`` is ``STAGE-DIGEST`` (`polyreel.keys.stage_key`); a ``name`` is a path of small files below the store, such
    as ``results/KEY``. A `StoredFile` names bytes by their SHA-256, and is all that stages hand on.

        with store.scratch() as folder:
            write_something(folder / "reel.mp4")
            reel = store.keep(folder / "reel.mp4")
        store.remember(key, {"reel": reel.model_dump()})

    Every method raises `StoreError` (what, where, remedy) where the disk or the object store fails it.
    """

    root: Path
    trouble: str
    """Why the last `share_files` could not bring everything up, for a person to see; empty when it could."""

    # -- files

    def keep_file(self, file: Path, suffix: str = "") -> StoredFile:
        """Move a finished file into the store and return what names it. The same content is kept once."""
        ...

    def keep_hashed(self, file: Path, sha256: str, suffix: str = "") -> StoredFile:
        """`keep_file`, for a file on the store's own disk whose SHA-256 (lower-case hex) is known already."""
        ...

    def keep_bytes(self, content: bytes, suffix: str) -> StoredFile:
        """Keep a small thing that is already in memory; ``suffix`` with its dot."""
        ...

    def has(self, stored_file: StoredFile) -> bool:
        """Whether the bytes are here, or known to be where `fetch_files` gets them from."""
        ...

    def verify(self, stored_file: StoredFile) -> bool:
        """Read a stored file again, on doubt: whether it is what its hash says. A damaged one of ours is removed."""
        ...

    async def present(self, stored_files: Iterable[StoredFile]) -> bool:
        """Whether all of them can be had, here or from other machines."""
        ...

    async def fetch_files(self, stored_files: Iterable[StoredFile]) -> None:
        """See that all of them are on this machine, to be read. `StoreError` for one that can't be had."""
        ...

    # -- half-made files

    @property
    def scratch_root(self) -> Path:
        """Where half-made files lie: beside the store, on its disk."""
        ...

    def open_scratch(self) -> AbstractContextManager[Path]:
        """A folder for half-made files; gone afterwards, whatever happened."""
        ...

    def lasting_scratch(self, key: str) -> AbstractAsyncContextManager[Path]:
        """A folder for half-made files that a later run goes on with."""
        ...

    # -- records

    def save_record(self, key: str, value: Mapping[str, Any]) -> None:
        """Record what a piece of work gave, under its key."""
        ...

    def load_record(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key, with every file that it names on this machine; None where that can't be."""
        ...

    async def peek_at_record(self, key: str) -> dict[str, Any] | None:
        """What was recorded under a key; the files that it names may still be elsewhere."""
        ...

    def drop_record(self, key: str) -> None:
        """Drop a record; its files stay."""
        ...

    # -- small files that are written once, by whoever is first

    async def create_file(self, name: str, content: bytes) -> bool:
        """Keep a small file under a name that has none, durably; False where it is taken, and nothing is changed.

        Of any number who try, on any machine, one succeeds. The stored files that it names go before it.
        """
        ...

    async def read_file(self, name: str) -> bytes | None:
        """A small file that was created under this name, on any machine."""
        ...

    async def names_below(self, folder: str) -> list[str]:
        """The names of files and folders right below a folder of created files, on any machine, in their order."""
        ...

    # -- other machines

    async def check_usable(self) -> None:
        """See that the store can be used, before anything is begun."""
        ...

    async def look_up(self, name: str) -> bytes | None:
        """A small file by its name (``results/KEY``), from wherever it can be had."""
        ...

    async def offer_file(self, name: str) -> None:
        """Let other machines have a small file of an earlier run, with the next `share_files`, if they lack it."""
        ...

    async def share_files(self, *names: str) -> None:
        """Let other machines have small files, by their names, and all that is recorded. Raises nothing: `trouble`."""
        ...
