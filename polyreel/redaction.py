"""Keep keys and signed addresses out of logs, errors and records.

httpx logs every request's whole address at INFO, and a signed address *is* the secret: whoever reads it may fetch the
file. So addresses are shown without user, query and fragment, and a filter on the HTTP libraries' loggers sees to it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

# httpx logs each address at INFO; httpcore's traces hold the Location headers of redirects.
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
_USER = re.compile(r"(?<=//)[^/\s'\"@?#]*@")
_BEHIND = re.compile(r"(//[^\s?#\"'<>\\]*)[?#][^\s\"'<>\\]*")
# A redirect's address may be relative.
_QUERY = re.compile(r"\?[^\s\"'<>\\]+")
_BEARER = re.compile(r"\b(Bearer|Token|ApiKey|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.I)
_FIELD = re.compile(
    r"(?P<name>(?<![\w-])[\"']?[\w-]*(?:password|secret|token|api[_-]?key|authorization|signature|credential|policy)[\w-]*[\"']?\s*[:=]\s*)"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;&}]+)",
    re.I,
)
_HOME = re.compile(r"(?<![\w.~-])(?:/home/[^/\s'\"]+|/Users/[^/\s'\"]+|/root)(?=/|[\s'\"]|$)")
# Enough of an answer to see what it is; the rest of a page of HTML says nothing.
EXCERPT = 500


def strip_address(address: str) -> str:
    """An address of any scheme without credentials, query and fragment."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return address.partition(":")[0] + ":"
    # An asset's address has no host: nomad:ID is told as such, since places look their own assets up by it.
    slashes = "//" if host or not parts.scheme or address.partition(":")[2].startswith("//") else ""
    return f"{parts.scheme}:{slashes}{host}{parts.path}"


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without the users and queries of addresses (``?...``), tokens, password fields and the given secrets."""
    for secret in secrets:
        # A shorter one would black out letters all over the text.
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    text = _BEARER.sub(r"\1 ***", redact_addresses(text))
    return _FIELD.sub(lambda match: f'{match["name"]}"***"', text)


def redact_addresses(text: str) -> str:
    """A text (or an address) with ``?...`` for the query or fragment of every address in it, and without users."""
    return _QUERY.sub("?...", _BEHIND.sub(r"\1?...", _USER.sub("", text)))


def redact_homes(text: str) -> str:
    """A text with ``~`` for everybody's home: outcomes are shown to others than whose machine it is."""
    return _HOME.sub("~", text)


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """The beginning of an answer, at most `EXCERPT` characters, redacted."""
    # Redact before cutting: a secret cut in two would no longer be recognised.
    text = redact(body[: 8 * EXCERPT].decode("utf-8", "replace"), secrets)
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        # In the record itself: every handler, a user's own too, gets it so.
        record.msg, record.args = redact(record.getMessage()), ()
        return True


_redaction = _Redaction()


def redact_logs() -> None:
    """See that the HTTP libraries' own log lines show no secret. May be called again and again."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_redaction)
