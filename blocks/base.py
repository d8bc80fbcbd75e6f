"""What every block of ours has: limits, a client, and one harmless call that says what the account may do."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from prefect.blocks.abstract import CredentialsBlock
from pydantic import Field, HttpUrl

from polyreel.ledger.account import account_name, name_account
from polyreel.vendors.limits import Limits


class PolyreelCredentials(CredentialsBlock):
    """A block that holds secrets and makes a client. `get_client` alone unwraps a secret.

    Saved by `polyreel credentials save VENDOR NAME --set field=value`, named in jobs by ``credentials: NAME``.
    """

    vendor: ClassVar[str]
    """What `polyreel credentials save` calls it."""
    ways_in: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Sets of fields of which one is needed beside the required ones, the plainest first."""

    _logo_url = None

    @abstractmethod
    def get_client(self) -> Any:
        """A new client of this account: not connected yet, and open only inside ``async with``. Asks nobody.

        It belongs to one event loop. Raises `InvalidJob` for secrets that can't be used (a key that is no key).
        """

    @abstractmethod
    async def check(self) -> tuple[str, ...]:
        """One harmless call, which costs nothing: what this account may do, a short phrase each ("may list assets").

        Raises `VendorError` with what is wrong with the account: `polyreel credentials check` prints either.
        """


class AccountCredentials(PolyreelCredentials):
    """A block for an account that the ledger has to know again."""

    @property
    def account(self) -> str:
        """The account's name, equal for equal accounts and without a secret: ``https://api.panjaya.ai#3f2a90bc11de``.

        Keys and the ledger know it by that. So what it is made of must stay when a password or a token is changed.
        """
        address, kept = clean_address(getattr(self, "base_url", None)), getattr(self, "known_as", None)
        return name_account(address, kept) if kept else account_name(address, self.identify_account())

    @abstractmethod
    def identify_account(self) -> str:
        """What tells this account from others at its address: its key; or its organisation or user's name.

        Only a slow fingerprint of it is kept (`polyreel.ledger.account`).
        """


class VendorCredentials(AccountCredentials):
    """A block for a vendor's API, with the limits that the account has there."""

    named_by_key: ClassVar[bool] = True
    """Whether a new key, or a new user, can be the same account's: not where the account has a name of its own."""
    calls_per_second: float = Field(
        default=10.0,
        gt=0,
        le=1000,
        title="Calls per second",
        description="How many calls are made per second at most; lower it when the vendor answers 429.",
    )
    calls_at_once: int = Field(
        default=8,
        ge=1,
        le=256,
        title="Calls at once",
        description="How many calls are under way at the same time at most.",
    )
    known_as: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{12}$",
        title="Known as",
        description="Optional: the fingerprint that the ledger knows this account by, where a new key has taken the "
        "place of the one that it was made of. `polyreel credentials save ... --same-account` fills it in.",
        examples=["3f2a90bc11de"],
    )

    @property
    def limits(self) -> Limits:
        """The limits, as clients take them."""
        # Two seconds' worth: a job begins with many small calls, and then waits.
        burst = max(1, round(2 * self.calls_per_second))
        return Limits(per_second=self.calls_per_second, burst=burst, at_once=self.calls_at_once)


def clean_address(url: HttpUrl | None) -> str:
    """An address as clients take it, without the slash that pydantic puts behind a bare host."""
    return str(url or "").rstrip("/")
