"""Addresses as they may be shown. A signed address's query is a key: it never reaches a log, an error or a record."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlsplit

# httpx logs each address at INFO; httpcore's traces hold the Location headers of redirects.
_CHATTY = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")
_QUERY = re.compile(r"\?[^\s'\"<>]*")
_USER = re.compile(r"(?<=//)[^/\s'\"@]*@")


def shown(address: str) -> str:
    """An address without credentials, query and fragment."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return address.partition(":")[0] + ":"
    return f"{parts.scheme}://{host}{parts.path}"


def redacted(text: str) -> str:
    """A text with the query and the credentials of every address in it left out."""
    return _USER.sub("", _QUERY.sub("?...", text))


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(record.getMessage()), ()
        return True


_redaction = _Redaction()


def redact_logs() -> None:
    """See that the HTTP library's own log lines name no query. May be called again and again."""
    for name in _CHATTY:
        logging.getLogger(name).addFilter(_redaction)
