"""Whether a machine can be reached at all: what the system says at once, and a moment's waiting rarely mends."""

from __future__ import annotations

import errno
import socket

_SAID = {
    errno.ECONNREFUSED: "nobody listens there",
    errno.EHOSTUNREACH: "no way leads to that host",
    errno.EHOSTDOWN: "no way leads to that host",
    errno.ENETUNREACH: "no network of this machine leads there",
    errno.ENETDOWN: "this machine's network is down",
}
# Not EAI_AGAIN: a resolver that is away for a moment may know the name.
_UNKNOWN = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def explain_no_way(error: BaseException | None) -> str:
    """Why nothing can be reached, in a few words, as the system has said it at once; empty for any other failure.

    Libraries tell it in an error's causes alone; of a host with several addresses, each has to be out of reach.
    """
    while error is not None:
        if isinstance(error, BaseExceptionGroup):
            reasons = [explain_no_way(each) for each in error.exceptions]
            return reasons[0] if all(reasons) else ""
        if isinstance(error, socket.gaierror):
            return "the host's name is unknown" if error.errno in _UNKNOWN else ""
        if isinstance(error, OSError) and error.errno in _SAID:
            return _SAID[error.errno]
        error = error.__cause__ or error.__context__
    return ""
