"""What an object store's refusal means, in our words. Its own words never go further: they may quote a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore import exceptions

from polyreel.errors import PolyreelError
from polyreel.objects.connection import no_credentials

_CODE = re.compile(r"<Code>(\w{1,80})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_HERE = "Check AWS_ENDPOINT_URL and AWS_REGION (or the saved credentials' endpoint and region)."

# What a store says -> (our code, what happened, what to do). AWS, "Error responses: list of error codes".
_REFUSALS: dict[str, tuple[str, str, str]] = {
    "NoSuchBucket": ("no_such_bucket", "there is no such bucket", f"Check the bucket's name. {_HERE}"),
    "NoSuchKey": ("no_such_object", "there is no such object", "Check the key: it is taken letter by letter."),
    "AccessDenied": (
        "access_denied",
        "the object store does not allow this",
        "Give these credentials the permissions that docs/object-storage.md lists.",
    ),
    "InvalidAccessKeyId": ("access_denied", "the object store does not know this access key", _HERE),
    "SignatureDoesNotMatch": (
        "access_denied",
        "the secret key is not the one of this access key",
        "Correct AWS_SECRET_ACCESS_KEY, or the saved credentials.",
    ),
    "ExpiredToken": ("access_denied", "the credentials have expired", "Renew them, then run again."),
    "InvalidToken": ("access_denied", "the session token is not valid", "Renew the credentials, then run again."),
    "RequestTimeTooSkewed": ("access_denied", "this machine's clock is wrong", "Set the clock, then run again."),
    "AuthorizationHeaderMalformed": ("wrong_region", "the bucket is in another region", _HERE),
    "PermanentRedirect": ("wrong_region", "the bucket is in another region", _HERE),
}
AWAY = frozenset({"object_store_unreachable", "object_store_failed"})
"""Our codes of what a moment may mend."""
_BY_STATUS = {"403": "AccessDenied", "401": "AccessDenied", "404": "NoSuchKey", "301": "PermanentRedirect"}


class Missing(Exception):
    """There is no such object (or no such bucket: only an answer with a body says which)."""


class Changed(Exception):
    """The object is not the one that was looked at before."""


class Taken(Exception):
    """Somebody has put an object there already."""


@contextmanager
def translate_refusals(error: type[PolyreelError], where: str) -> Iterator[None]:
    """Turn the client's errors into ours: `Missing`, `Changed` and `Taken` for the caller, ``error`` for a person."""
    try:
        yield
    except FileNotFoundError as reason:
        raise Missing(_code_of(str(reason))) from None
    except exceptions.AlreadyExistsError:
        raise Taken from None
    except exceptions.PreconditionError:
        raise Changed from None
    except (exceptions.BaseError, ValueError) as reason:
        raise explain_refusal(error, str(reason), where) from None


def explain_refusal(error: type[PolyreelError], said: str, where: str) -> PolyreelError:
    """The error for what a store (or the way to it) said."""
    code = _code_of(said)
    if code in _REFUSALS:
        ours, message, remedy = _REFUSALS[code]
        return error(message, code=ours, where=where, remedy=remedy)
    if "169.254.169.254" in said or "metadata" in said:
        return error(**no_credentials(), where=where)
    if status := _STATUS.search(said):
        message = f"the object store answered {status[1]} {code}".rstrip()
        return error(message, code="object_store_failed", where=where, remedy=f"Run again later. {_HERE}")
    return _make_unreachable(error, said, where)


def not_there(error: type[PolyreelError], missing: Missing, where: str) -> PolyreelError:
    """The error for what was needed and is not there."""
    return explain_refusal(error, f"<Code>{missing if str(missing) in _REFUSALS else 'NoSuchKey'}</Code>", where)


def _code_of(said: str) -> str:
    if found := _CODE.search(said):
        return found[1]
    if "redirect without LOCATION" in said:
        return "PermanentRedirect"
    status = _STATUS.search(said)
    return _BY_STATUS.get(status[1], "") if status else ""


def _make_unreachable(error: type[PolyreelError], said: str, where: str) -> PolyreelError:
    what = "does not answer in time" if "Timeout" in said or "timed out" in said else "can't be reached"
    if "certificate" in said.lower():
        what = "has a certificate that is not trusted (name your authority in AWS_CA_BUNDLE)"
    return error(
        f"the object store {what}",
        code="object_store_unreachable",
        where=where,
        remedy=f"See that it runs and that this machine's network reaches it. {_HERE}",
    )
