"""What it means that something answers at a vendor's address which is not the vendor's API: a web page, another server.

Told where an account is first used (a login, `credentials check`, the look before anything is bought): what is at fault
there is the address, and neither the key nor the work.
"""

from __future__ import annotations

import json

from polyreel.vendors.errors import CallError, Garbled, Malformed, Unauthorized, WrongAddress

APIS = {
    "panjaya": "Panjaya's API",
    "dubformer": "Dubformer's API",
    "tpstreams": "TPStreams' API",
    "nomad": "an asset manager's API",
    "videojungle": "Video Jungle's API",
}
_NOT_THERE = (404, 405, 410, 501)


def as_wrong_address(failure: CallError, *, asked_for_nothing: bool = False) -> CallError:
    """What a first call's failure really says: a `WrongAddress` where no API answers; else the failure itself.

    ``asked_for_nothing``: the call names nothing that may be missing, so that what is not found is the API.
    """
    # A login that was refused has been judged where it was made: its status may be 404, and it is about the password.
    if isinstance(failure, (WrongAddress, Unauthorized)) or not (answer := _name_answer(failure, asked_for_nothing)):
        return failure
    facts, api = failure.facts, APIS.get(failure.vendor, "the API")
    return WrongAddress(
        f"{facts.address} is not {api}: it answered with {answer}.",
        facts=facts,
        remedy="Correct the address (`base_url`) in the saved credentials: that of the API, not of the web site.",
    )


def _name_answer(failure: CallError, asked_for_nothing: bool) -> str:
    """What such an answer was; empty where an API of the kind that is meant may have given it."""
    status = failure.status
    if isinstance(failure, Garbled):
        return f"a web page ({status})" if failure.is_page else ""
    if isinstance(failure, Malformed) or status not in _NOT_THERE:
        return ""
    if failure.body.lstrip().startswith("<"):
        return f"a web page ({status})"
    # The method and the path are the API's own: whoever has them, but another method there, is another server.
    if status in (405, 501):
        return f"{status}"
    # TPStreams says so of an organisation that it does not have.
    if failure.vendor == "tpstreams" and failure.body and not _is_document(failure.body):
        return ""
    # A login's 404 may be about the password: then it is explained as APIs do.
    return f"{status}" if asked_for_nothing or not _is_document(failure.body) else ""


def _is_document(body: str) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        # An excerpt may end before the document does.
        return body.lstrip().startswith("{")
