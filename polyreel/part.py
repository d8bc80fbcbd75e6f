"""A download under way: the bytes so far, their hash, and what says that the rest belongs to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyreel.files import explained, place
from polyreel.outcome import Artefact
from polyreel.scratch import boot_id
from polyreel.store import Store

_PIECE = 1 << 20


class Part:
    """``content.part`` and ``state.json`` in a lasting scratch folder. Bytes are hashed as they are written.

    After a restart of the process the bytes are trusted, and hashed again from the disk; after a restart of the machine
    they are not, because a length may have reached the disk before its content did.
    """

    def __init__(self, folder: Path) -> None:
        self._content = folder / "content.part"
        self._state = folder / "state.json"
        self._hash = hashlib.sha256()
        self.size = 0
        self.validator = ""
        self.total: int | None = None
        self._recover()
        self._file = self._content.open("ab")

    def _recover(self) -> None:
        state = _read(self._state)
        validator, total = state.get("validator"), state.get("total")
        if state.get("boot") != boot_id() or not isinstance(validator, str) or not validator:
            self._content.unlink(missing_ok=True)
            return
        self.validator, self.total = validator, total if isinstance(total, int) else None
        if self._content.exists():
            self._hash_again()

    def _hash_again(self) -> None:
        with self._content.open("rb") as file:
            while piece := file.read(_PIECE):
                self._hash.update(piece)
                self.size += len(piece)

    @property
    def sha256(self) -> str:
        """The hash of everything so far, lower-case hex."""
        return self._hash.hexdigest()

    @property
    def resumable(self) -> bool:
        """Whether there is something to go on from, and a way to see that it is still the same thing."""
        return self.size > 0 and bool(self.validator)

    @property
    def complete(self) -> bool:
        """Whether every byte is there, as far as the other side said how many there are."""
        return self.total is None or self.size == self.total

    def begin(self, validator: str = "", total: int | None = None) -> None:
        """Start from nothing. ``validator`` is a strong ETag or a Last-Modified; without one a cut loses everything."""
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self.size, self.validator, self.total = 0, validator, total
        self._state.write_text(json.dumps({"boot": boot_id(), "validator": validator, "total": total}))

    def write(self, content: bytes) -> None:
        """Append a piece."""
        self._file.write(content)
        self._hash.update(content)
        self.size += len(content)

    def flush(self) -> None:
        """Hand everything to the system, so that the next process finds it."""
        self._file.flush()

    def keep(self, store: Store, suffix: str) -> Artefact:
        """Make the finished download an artefact of the store."""
        self._file.close()
        self._state.unlink(missing_ok=True)
        return store.keep_hashed(self._content, self.sha256, suffix)

    def become(self, final: Path) -> None:
        """Move the finished download to its name."""
        self._file.close()
        self._state.unlink(missing_ok=True)
        with explained("keep what is fetched", final):
            place(self._content, final)

    def discard(self) -> None:
        """Forget everything, on disk too."""
        self._file.close()
        self._content.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the bytes for a later run; what can't be gone on from is removed."""
        with explained("keep what is fetched so far", self._content):
            self._file.close()
        if not self.resumable:
            self.discard()


def _read(state: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(state.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
