"""Login tokens, kept from run to run: an organisation has at most 20 of them (WIRE.md "TPStreams")."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Protocol

from polyreel.machine.files import read_note, write_atomically


class Tokens(Protocol):
    """Where the token of an account is kept."""

    def load_token(self, account: str) -> str:
        """The token of this account; empty when there is none."""
        ...

    def save_token(self, account: str, token: str) -> None:
        """Keep a token; an empty one forgets."""
        ...


class MemoryTokens:
    """For this process only."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def load_token(self, account: str) -> str:
        """The token of this account; empty when there is none."""
        return self._kept.get(account, "")

    def save_token(self, account: str, token: str) -> None:
        """Keep a token; an empty one forgets."""
        self._kept[account] = token


class FileTokens:
    """In a folder that only its owner may read: one small file per account, named by a hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load_token(self, account: str) -> str:
        """The token of this account; empty when there is none, or its file is damaged."""
        token = (read_note(self._locate_file(account)) or {}).get("token", "")
        return token if isinstance(token, str) else ""

    def save_token(self, account: str, token: str) -> None:
        """Keep a token; an empty one forgets. Written whole or not at all."""
        file = self._locate_file(account)
        if not token:
            file.unlink(missing_ok=True)
            return
        # A token opens the whole organisation, as the password does: nobody else on this machine may read it.
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(file, json.dumps({"token": token}).encode(), mode=0o600)

    def _locate_file(self, account: str) -> Path:
        return self.folder / f"{hashlib.sha256(account.encode()).hexdigest()[:32]}.json"
