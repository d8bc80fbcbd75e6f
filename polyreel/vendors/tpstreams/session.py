"""Logging in, once: the token is reused until the vendor refuses it (WIRE.md "TPStreams")."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from polyreel.errors import InvalidJob
from polyreel.vendors.auth import JUST_NOW, require_key
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.errors import CallError, Forbidden, Garbled, Invalid, NotFound, Unauthorized
from polyreel.vendors.tpstreams.models import Token
from polyreel.vendors.tpstreams.tokens import MemoryTokens, Tokens
from polyreel.vendors.transport import Transport
from polyreel.vendors.wrong_address import as_wrong_address

LOGIN = "/api/auth/login/"
LOGOUT = "/api/auth/logout/"


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs in, and to which organisation. ``repr`` never shows the password."""

    username: str
    password: str
    organization_id: str

    def __repr__(self) -> str:
        return f"Account({self.username!r}, organization_id={self.organization_id!r})"

    @property
    def can_log_in(self) -> bool:
        """Whether user name and password are known; a token alone does without."""
        return bool(self.username and self.password)


class TokenAuth:
    """``Authorization: Token ...``: a given token, the kept one, or a new one from a login, in this order."""

    def __init__(self, account: Account, token: str = "", tokens: Tokens | None = None) -> None:
        if not account.can_log_in and not token.strip():
            raise InvalidJob(
                "Give a token, or user name and password.",
                where="credentials",
                remedy="Save one of both: `polyreel credentials save tpstreams NAME --set token=env:TOKEN`.",
            )
        self.account = account
        self.tokens = tokens or MemoryTokens()
        self.transport: Transport | None = None
        self._token = require_key(token) if token.strip() else ""
        self._lock = asyncio.Lock()
        self._renewed_at = float("-inf")

    @property
    def key(self) -> str:
        """Which account this is, where tokens are kept (`Tokens`)."""
        base = self.transport.base_url if self.transport else ""
        whose = f"{base} {self.account.organization_id} {self.account.username}"
        # With the password, so that a wrong one is noticed; slowly hashed, because the key names a file.
        password = hashlib.scrypt(self.account.password.encode(), salt=whose.encode(), n=2**12, r=8, p=1)
        return f"{whose} {password.hex()}"

    async def make_headers(self) -> Mapping[str, str]:
        """The token's header, after a login if there is no token yet."""
        async with self._lock:
            # Under the lock: calls that begin together would else log in together, and 20 tokens are soon used up.
            token = self._token or await asyncio.to_thread(self.tokens.load_token, self.key)
            self._token = token or (await self.log_in()).token
        return {"Authorization": f"Token {self._token}"}

    async def renew(self, refusal: CallError) -> bool:
        """After a 401: a new login, one for all calls refused together. A 403 is about rights, not about the token."""
        # A new token for every forbidden call would push out the tokens of other machines: an organisation has 20.
        if isinstance(refusal, Forbidden) or not self.account.can_log_in:
            return False
        async with self._lock:
            # All calls that were under way see the old token refused: the first of them logs in for the rest.
            if time.monotonic() - self._renewed_at > JUST_NOW:
                await self.log_in()
                self._renewed_at = time.monotonic()
        return True

    async def log_in(self) -> Token:
        """``POST /api/auth/login/``. A wrong user, password or organisation is `Unauthorized`."""
        if self.transport is None or not self.account.can_log_in:
            raise InvalidJob(
                "A token alone can't log in: give user name and password.",
                where="credentials",
                remedy="Save them: `polyreel credentials save tpstreams NAME --set username=... "
                "--set password=env:PASSWORD`.",
            )
        body = {
            "username": self.account.username,
            "password": self.account.password,
            "organization_id": self.account.organization_id,
        }
        # Each login makes one of the organisation's 20 tokens: it is never repeated by itself.
        call = Call("login", "POST", LOGIN, body=json_body(body), anonymous=True, repeatable=False)
        try:
            token = await self.transport.ask(call, Token)
        except (NotFound, Invalid, Garbled) as refusal:
            failure = as_wrong_address(refusal)
            failure.facts = replace(refusal.facts, body="")
            # DRF answers wrong credentials with 400 and `non_field_errors`, an organisation that is none with 404. As a
            # `NotFound` the latter would be believed of the asset that the login was for.
            if refusal.status == 400 or isinstance(failure, NotFound):
                raise Unauthorized(refusal.message, facts=failure.facts) from None
            raise failure from None
        await self.use_token(token.token)
        return token

    async def use_token(self, token: str) -> None:
        """Use this token from here on, and in later runs; an empty one: forget."""
        self._token = token
        await asyncio.to_thread(self.tokens.save_token, self.key, token)

    def list_secrets(self) -> Iterable[str]:
        """The password and the token."""
        return (self.account.password, self._token)
