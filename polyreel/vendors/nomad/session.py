"""Who we are to the asset manager: a login kept fresh, or an API key (WIRE.md "Asset management").

The vendor answers an expired token with 401 or 403 and a wrong password with 404. So after either refusal the token is
refreshed once; what is refused again is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

from polyreel.errors import InvalidJob
from polyreel.vendors.auth import JUST_NOW
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import CallError, Garbled, Invalid, NotFound, Refused, Unauthorized, WrongAddress
from polyreel.vendors.nomad.models import Login
from polyreel.vendors.nomad.resource import WIRE, Resource
from polyreel.vendors.transport import Transport
from polyreel.vendors.wrong_address import as_wrong_address


class LoginAuth:
    """Logs in before the first call, and refreshes the token once when it is refused."""

    def __init__(self, username: str, password: str) -> None:
        if not username.strip() or not password:
            raise InvalidJob(
                "The user name or the password is empty.",
                where="credentials",
                remedy="Save both: `polyreel credentials save nomad NAME --set username=... --set "
                "password=env:PASSWORD`.",
            )
        self._username, self._password = username.strip(), password
        self._lock = asyncio.Lock()
        self._renewed_at = float("-inf")
        self.transport: Transport | None = None
        self.login: Login | None = None

    async def make_headers(self) -> Mapping[str, str]:
        """``Authorization: Bearer ...``, after a login if there was none yet."""
        async with self._lock:
            login = self.login or await self.log_in()
        return {"Authorization": f"Bearer {login.token}"}

    async def renew(self, refusal: CallError) -> bool:
        """A refreshed token, or a new login when the refresh token has expired too."""
        async with self._lock:
            # All calls that were under way see the old token refused: the first of them renews it for the rest.
            if time.monotonic() - self._renewed_at > JUST_NOW:
                await self._refresh_or_log_in()
                self._renewed_at = time.monotonic()
        return True

    async def _refresh_or_log_in(self) -> None:
        try:
            await self.refresh_login()
        except Refused:
            await self.log_in()

    async def log_in(self) -> Login:
        """``POST account/login``. A wrong user or password is `Unauthorized`, though the vendor says 404."""
        body = {"userName": self._username, "password": self._password}
        try:
            self.login = await self._ask_for_login("login", "/account/login", body)
        except (NotFound, Invalid, Garbled) as refusal:
            failure = as_wrong_address(refusal)
            # The refusal may quote what was sent, and that was a password.
            failure.facts = replace(refusal.facts, body="")
            if isinstance(failure, (WrongAddress, Garbled)):
                raise failure from None
            raise Unauthorized("The user name or the password is not accepted.", facts=failure.facts) from None
        return self.login

    async def refresh_login(self) -> Login:
        """``POST account/refresh-token``. The answer may leave out a new refresh token: then the old one stays."""
        token = self.login.refresh_token if self.login else ""
        if not token:
            return await self.log_in()
        fresh = await self._ask_for_login("refresh token", "/account/refresh-token", {"refreshToken": token})
        self.login = fresh if fresh.refresh_token else fresh.model_copy(update={"refresh_token": token})
        return self.login

    def list_secrets(self) -> Iterable[str]:
        """The password and both tokens."""
        tokens = (self.login.token, self.login.refresh_token) if self.login else ()
        return (self._password, *tokens)

    async def _ask_for_login(self, operation: str, path: str, body: Mapping[str, str]) -> Login:
        if self.transport is None:
            raise RuntimeError("LoginAuth has no transport yet")
        # Logging in twice makes a second token and nothing else, so a lost answer may be asked for again.
        call = Call(operation, "POST", path, body=json_body(body), anonymous=True, repeatable=True)
        return await self.transport.ask(call, Login)


class Session(Resource):
    """Logging in and out."""

    @endpoint("POST", "/account/login", page=WIRE, section="Asset management")
    async def login(self) -> Login:
        """Log in now, and use the new token from here on. Calls log in by themselves when there is no token."""
        return await self._login_auth().log_in()

    @endpoint("POST", "/account/refresh-token", page=WIRE, section="Asset management")
    async def refresh_token(self) -> Login:
        """Trade the refresh token for a new token now. Refused calls do it by themselves, once."""
        return await self._login_auth().refresh_login()

    @endpoint("POST", "/account/logout", page=WIRE, section="Asset management")
    async def logout(self) -> None:
        """End the session at the vendor. The next call logs in again."""
        auth = self._login_auth()
        session = {"userSessionId": auth.login.user_session_id} if auth.login else {}
        await self._require_success("log out", "POST", "/account/logout", json=session)
        auth.login = None

    def _login_auth(self) -> LoginAuth:
        if not isinstance(self.transport.auth, LoginAuth):
            raise InvalidJob(
                "This account uses an API key: there is nothing to log in or out of.",
                where="credentials",
                remedy="Leave the call out: an API key needs no login.",
            )
        return self.transport.auth
