"""Login tokens, kept from run to run: an organisation has at most 20 of them (WIRE.md "TPStreams")."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Protocol


class Tokens(Protocol):
    """Where the token of an account is kept."""

    def get(self, account: str) -> str:
        """The token of this account; empty when there is none."""
        ...

    def put(self, account: str, token: str) -> None:
        """Keep a token; an empty one forgets."""
        ...


class MemoryTokens:
    """For this process only."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, account: str) -> str:
        """The token of this account; empty when there is none."""
        return self._kept.get(account, "")

    def put(self, account: str, token: str) -> None:
        """Keep a token; an empty one forgets."""
        self._kept[account] = token


class FileTokens:
    """In a folder that only its owner may read: one small file per account, named by a hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, account: str) -> str:
        """The token of this account; empty when there is none, or its file is damaged."""
        try:
            kept = json.loads(self._file(account).read_text())
        except (OSError, ValueError):
            return ""
        token = kept.get("token", "") if isinstance(kept, dict) else ""
        return token if isinstance(token, str) else ""

    def put(self, account: str, token: str) -> None:
        """Keep a token; an empty one forgets. Written whole or not at all."""
        file = self._file(account)
        if not token:
            file.unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump({"token": token}, out)
        half.replace(file)

    def _file(self, account: str) -> Path:
        return self.folder / f"{hashlib.sha256(account.encode()).hexdigest()[:32]}.json"
