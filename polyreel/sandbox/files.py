"""Files the sandbox holds, and the signed links under which it hands them out or takes them in.

A link's signature covers the method, the name, the moment it expires and the name to save under; nothing else opens it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from polyreel.sandbox.clock import Clock
from polyreel.sandbox.faults import Faults
from polyreel.sandbox.state import State

# Signed addresses run out "typically within 15 minutes" (WIRE.md "All").
LINK_SECONDS = 900
_NAME = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]{1,8})?")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class Expired(Exception):
    """The link was good once."""


class Forged(Exception):
    """The link was never good."""


class Files:
    """A folder of files under names that nobody can guess or choose."""

    def __init__(self, root: Path, state: State, clock: Clock, faults: Faults) -> None:
        self.root = root
        self.base_url = ""
        self._clock = clock
        self._faults = faults
        # Kept, so that links still open after a restart.
        self._secret = bytes.fromhex(state.fact("link-secret", lambda: secrets.token_hex(32)))
        root.mkdir(parents=True, exist_ok=True)

    # -- files

    def new(self, suffix: str = "") -> Path:
        """A path for a new file. An odd suffix is dropped: names are the sandbox's own."""
        suffix = suffix.lower()
        return self.root / (uuid.uuid4().hex + (suffix if _SUFFIX.fullmatch(suffix) else ""))

    def new_folder(self) -> Path:
        """A folder for several files that belong together."""
        folder = self.root / uuid.uuid4().hex
        folder.mkdir()
        return folder

    def path(self, name: str) -> Path:
        """Where a file or a folder of this name is; `Forged` for anything that is not one of our names."""
        if not _NAME.fullmatch(name):
            raise Forged(name[:40])
        return self.root / name

    def remove(self, *names: str | None) -> None:
        """Delete files and folders that are no longer anybody's."""
        for name in filter(None, names):
            path = self.path(name)
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    # -- links

    def link(self, name: str, *, vendor: str, seconds: float = LINK_SECONDS, save_as: str = "") -> str:
        """A link that gives the file, for a while."""
        return f"{self.base_url}/files/{name}?{self._make_query('GET', name, vendor, seconds, save_as)}"

    def upload_link(self, name: str, *, vendor: str, seconds: float = LINK_SECONDS) -> str:
        """A link that takes the file, for a while."""
        return f"{self.base_url}/files/{name}?{self._make_query('PUT', name, vendor, seconds, '')}"

    def play_link(self, name: str, entry: str, *, vendor: str, seconds: float | None) -> str:
        """A link to a folder's playlist: for good, or for a while (then every file in it asks for the signature)."""
        plain = f"{self.base_url}/play/{name}/{entry}"
        return plain if seconds is None else f"{plain}?{self._make_query('PLAY', name, vendor, seconds, '')}"

    def allow(self, method: str, name: str, query: Mapping[str, str]) -> None:
        """Let a request pass, or raise `Forged` or `Expired`."""
        expires, save_as = query.get("Expires", ""), query.get("filename", "")
        # Compared as bytes, as text beyond ASCII would raise; and in constant time.
        right = self._sign_link(method, name, expires, save_as)
        if not hmac.compare_digest(right.encode(), query.get("Signature", "").encode()):
            raise Forged(name)
        # Only behind the signature: the moment itself comes from the request.
        if float(expires) < self._clock.now():
            raise Expired(name)

    def token(self, *parts: str) -> str:
        """A short signature over a few words, for cookies and upload forms."""
        return hmac.new(self._secret, "\n".join(parts).encode(), hashlib.sha256).hexdigest()

    def _make_query(self, method: str, name: str, vendor: str, seconds: float, save_as: str) -> str:
        if self._faults.take("expired_urls", vendor) is not None:
            seconds = -1
        expires = str(int(self._clock.now() + seconds))
        fields = {"Expires": expires, "Signature": self._sign_link(method, name, expires, save_as)}
        return urlencode({**fields, "filename": save_as} if save_as else fields)

    def _sign_link(self, method: str, name: str, expires: str, save_as: str) -> str:
        return self.token(method, name, expires, save_as)
