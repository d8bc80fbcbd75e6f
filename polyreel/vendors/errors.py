"""What can go wrong between us and a vendor: one class per kind, so that a flow can act and a person can read.

    VendorError                    (polyreel.errors) anything a vendor's client raises
     ├─ UnsupportedLocale          this vendor can't dub from, or into, this locale; raised before any call
     ├─ JobFailed                  the vendor took the work and failed at it; `vendor_code` says at what
     ├─ ForgedCallback             a callback whose signature, or token, is not the vendor's
     ├─ StillWorking               the vendor was not done within our patience; nothing is lost
     └─ CallError                  one call went wrong; `facts` says which, where and how far it got
         ├─ Unreachable            no connection: the request was never sent
         │   └─ NoWay              ... as the system says at once: nobody listens, no route, no such name
         ├─ Unanswered             sent, and no (whole) answer came: the work may have been done
         ├─ Malformed              an answer that is not what the vendor documents
         │   └─ Garbled            ... and not even in its format
         ├─ ErrorInside            a success by its status, and an error by what it says
         ├─ Dripping               a file that came too slowly for too long
         ├─ Damaged                a file that arrived short, long or with another hash
         ├─ LinkExpired            a signed address that no longer opens
         ├─ ServerError            5xx: the work may have been done
         └─ Refused                4xx: the vendor says no, and has done nothing
             ├─ Invalid            400, 405, 406, 415, 422, 451
             ├─ Unauthorized       401: the key, or token, is not accepted
             ├─ PaymentRequired    402: the balance is too small
             ├─ Forbidden          403: this account may not
             │   └─ AccountLimit   ... because a limit of the account is reached
             ├─ NotFound           404, 410
             ├─ WrongAddress       what answers at the address is not the vendor's API
             ├─ Conflict           409, 412, 423: it is there already, or in a state that does not allow this
             ├─ TooLarge           413: a file or body above the vendor's limit
             └─ RateLimited        429: `retry_after` seconds, where the vendor says so

Every `CallError` tells two things that a flow needs: `transient` (asking again later may well succeed) and
`safe_to_repeat` (asking again can't do the work twice). All of them pickle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from polyreel.errors import VendorError


@dataclass(frozen=True, slots=True)
class Facts:
    """The circumstances of a failed call. Nothing here holds a key or the query of an address."""

    vendor: str = ""
    operation: str = ""
    method: str = ""
    address: str = ""
    status: int = 0
    request_id: str = ""
    vendor_code: str = ""
    body: str = ""
    retry_after: float | None = None
    attempts: int = 1
    repeatable: bool = False
    doubtful: bool = False
    """Whether an earlier attempt of the same call may have done the work."""


class CallError(VendorError):
    """One call to a vendor went wrong. `facts` has the circumstances; the properties are shortcuts into it."""

    default_code = "vendor_failed"
    default_remedy: ClassVar[str] = ""
    transient: bool = False
    maybe_done: bool = False

    def __init__(self, message: str, *, facts: Facts | None = None, **rest: Any) -> None:
        self.facts = facts or Facts()
        rest.setdefault("where", f"{self.facts.vendor} {self.facts.operation}".strip())
        rest.setdefault("remedy", self.default_remedy)
        super().__init__(message, **rest)

    def describe(self) -> str:
        """This error alone, in one line."""
        trace = f" (request {self.facts.request_id})" if self.facts.request_id else ""
        return super().describe() + trace

    @property
    def vendor(self) -> str:
        """The vendor's name, as in the job file."""
        return self.facts.vendor

    @property
    def operation(self) -> str:
        """What was asked for, in the vendor page's words."""
        return self.facts.operation

    @property
    def status(self) -> int:
        """The HTTP status; 0 when no answer came."""
        return self.facts.status

    @property
    def request_id(self) -> str:
        """The vendor's name for this call, for its support desk; empty when it gave none."""
        return self.facts.request_id

    @property
    def vendor_code(self) -> str:
        """The vendor's own word for the failure; empty when it has none."""
        return self.facts.vendor_code

    @property
    def body(self) -> str:
        """The beginning of the answer, without secrets."""
        return self.facts.body

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asks us to wait, unclamped; None when it does not say."""
        return self.facts.retry_after

    @property
    def safe_to_repeat(self) -> bool:
        """Whether the same call again can't do, or charge, the work twice."""
        return self.facts.repeatable or not self.maybe_done

    @property
    def made_nothing(self) -> bool:
        """Whether the vendor has certainly done, and charged, nothing: by this attempt or an earlier one."""
        return not (self.maybe_done or self.facts.doubtful)

    def with_attempts(self, attempts: int, *, doubtful: bool = False) -> CallError:
        """The same error, knowing how many attempts were made, and whether an earlier one may have done the work."""
        self.facts = replace(self.facts, attempts=attempts, doubtful=doubtful)
        return self


class Unreachable(CallError):
    """No connection could be made: nothing was sent."""

    default_code = "vendor_unreachable"
    default_remedy = "Check the base URL and the network, then run the job again."
    transient = True


class NoWay(Unreachable):
    """The system says at once that nothing can be reached there: tried less often, as waiting rarely mends it."""


class Unanswered(CallError):
    """The request was sent, and no whole answer came back: the work may have been done."""

    default_code = "vendor_unanswered"
    default_remedy = "Look at the vendor whether the work was done before asking for it again."
    transient = True
    maybe_done = True


class Malformed(CallError):
    """The vendor answered, but not with what it documents."""

    default_code = "vendor_malformed"
    default_remedy = "Check the base URL, or try again later; if it stays, tell the vendor the request's id."
    maybe_done = True


class Garbled(Malformed):
    """An answer that is not even in the right format (HTML, broken JSON): often a proxy's passing trouble."""

    transient = True
    is_page = False
    """Whether it is a page for people: then it may not be the vendor's API that answers there."""


class ErrorInside(CallError):
    """The status says success, the body says what went wrong: the vendor's own words are the message."""

    default_remedy = "Correct what the vendor names, or try again later."
    maybe_done = True


class Damaged(CallError):
    """A file arrived short, long, or with another hash than it should have."""

    default_code = "transfer_damaged"
    default_remedy = "Transfer it again."
    transient = True


class Dripping(CallError):
    """A storage that sends too little for too long. What came is kept, and gone on from."""

    default_code = "transfer_too_slow"
    default_remedy = "Run the job again to go on where this stopped."


class LinkExpired(CallError):
    """A signed address that no longer opens. Ask the vendor for a fresh one."""

    default_code = "link_expired"
    default_remedy = "Ask the vendor for a fresh link."


class ServerError(CallError):
    """5xx: the vendor failed, perhaps after doing the work."""

    default_code = "vendor_server_error"
    default_remedy = "Try again later."
    transient = True
    maybe_done = True


class Refused(CallError):
    """4xx: the vendor says no, and has done nothing."""

    default_code = "vendor_refused"


class Invalid(Refused):
    """The vendor finds the request invalid."""

    default_code = "vendor_invalid"
    default_remedy = "Correct what the vendor names."


class Unauthorized(Refused):
    """The key, password or token is not accepted."""

    default_code = "vendor_unauthorized"
    default_remedy = "Save the right ones (`polyreel credentials save`); `polyreel credentials check` tries them."


class PaymentRequired(Refused):
    """The account's balance is too small for this."""

    default_code = "balance_too_small"
    default_remedy = "Top the account up, or dub fewer minutes."


class Forbidden(Refused):
    """This account may not do this."""

    default_code = "vendor_forbidden"
    default_remedy = "Ask the account's owner for this right, or use another account."


class AccountLimit(Forbidden):
    """A limit of the account is reached."""

    default_code = "account_limit"
    default_remedy = "Ask the vendor to raise the limit, or use another account."


class NotFound(Refused):
    """The vendor does not know this, or not any more."""

    default_code = "vendor_not_found"
    default_remedy = "Check the id, and that it belongs to this account."

    def require_word_of_api(self) -> None:
        """Raise `Unanswered` where a web page says so: a proxy's, which knows nothing of what the vendor has.

        Asked wherever something is bought, made or given up because the vendor has it not.
        """
        if self.body.lstrip().startswith("<"):
            raise Unanswered(
                f"{self.facts.address} answered {self.status} with a web page, which is not the API's own answer",
                facts=self.facts,
                remedy="Run the job again; if it stays, look what stands between this machine and the vendor.",
            )


@contextmanager
def suppress_gone() -> Iterator[None]:
    """What is gone at the vendor is as good as removed; a web page that says so is raised (`Unanswered`)."""
    try:
        yield
    except NotFound as missing:
        missing.require_word_of_api()


@contextmanager
def take_refused_ids_as_unknown() -> Iterator[None]:
    """Around a question for an id: one that the vendor refuses by its form (400, 405, 422) is nobody's there."""
    try:
        yield
    except Invalid as refused:
        raise NotFound(refused.message, facts=refused.facts) from refused


class WrongAddress(Refused):
    """What answers at the address is not the vendor's API.

    No `NotFound`: whoever asks whether a thing is gone would take a login at a web page for a yes.
    """

    default_code = "wrong_address"
    default_remedy = "Correct the address of the API in the saved credentials."


class Conflict(Refused):
    """It is there already, or in a state that does not allow this."""

    @property
    def made_nothing(self) -> bool:
        """Never certain: an earlier call may have made what this one meets."""
        return False

    default_code = "vendor_conflict"
    default_remedy = "Look at its state at the vendor first."


class TooLarge(Refused):
    """A file, or the request, is above the vendor's limit."""

    default_code = "too_large"
    default_remedy = "Trim or compress the media, or give a URL instead of uploading it."


class RateLimited(Refused):
    """Too many calls. `retry_after` says when to come back, where the vendor does."""

    default_code = "rate_limited"
    default_remedy = "Wait, and lower the rate in the credentials block."
    transient = True


class UnsupportedLocale(VendorError):
    """This vendor can't dub from, or into, this locale. Raised before any call, so nothing was spent."""

    default_code = "unsupported_locale"

    def __init__(self, message: str, *, vendor: str, locale: str, role: str, **rest: Any) -> None:
        self.vendor, self.locale, self.role = vendor, locale, role
        super().__init__(message, **rest)


class JobFailed(VendorError):
    """The vendor took the work and failed at it. `vendor_code` is its own word, `job_id` its own id."""

    default_code = "vendor_job_failed"

    def __init__(self, message: str, *, vendor: str, job_id: str, vendor_code: str = "", **rest: Any) -> None:
        self.vendor, self.job_id, self.vendor_code = vendor, job_id, vendor_code
        super().__init__(message, **rest)


class ForgedCallback(VendorError):
    """A callback that did not come from the vendor, or was changed on its way."""

    default_code = "forged_callback"


class StillWorking(VendorError):
    """The vendor was not done within our patience. Nothing is lost: look again later."""

    default_code = "vendor_still_working"


_BY_STATUS: dict[int, type[CallError]] = {
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    # A time-out in between says nothing of what was done behind it.
    408: Unanswered,
    409: Conflict,
    410: NotFound,
    412: Conflict,
    413: TooLarge,
    423: Conflict,
    # Too early is a wish to be asked again, as too many is.
    425: RateLimited,
    429: RateLimited,
}


def kind_of(status: int) -> type[CallError]:
    """The error class of an HTTP status that is not a success."""
    if status >= 500:
        return ServerError
    if status < 400:
        return Malformed
    return _BY_STATUS.get(status, Invalid)
