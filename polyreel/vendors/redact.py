"""Keep keys and signed addresses out of logs and errors.

httpx logs every request's whole address at INFO, and a signed address *is* the secret: whoever reads it may fetch the
file. So addresses are shown without query and fragment, and a filter on httpx's and httpcore's loggers does the same.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:[^\s/?#@\"'<>]*@)?(?P<rest>[^\s?#\"'<>\\]*)(?P<query>[?#][^\s\"'<>\\]*)?", re.I
)
_BEARER = re.compile(r"\b(Bearer|Token|ApiKey|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.I)
_FIELD = re.compile(
    r"(?P<name>\"?[\w-]*(?:password|secret|token|api[_-]?key|authorization|signature|credential|policy)[\w-]*\"?\s*[:=]\s*)"
    r"(?P<value>\"[^\"]*\"|[^\s,;&}]+)",
    re.I,
)
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
EXCERPT = 500


def redact_url(url: object) -> str:
    """The address without user, query and fragment; ``?...`` shows that there was one."""
    return _ADDRESS.sub(_shortened, str(url))


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Text without the queries of addresses, tokens, password fields and the given secrets."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    text = _BEARER.sub(r"\1 ***", _ADDRESS.sub(_shortened, text))
    return _FIELD.sub(lambda match: f'{match["name"]}"***"', text)


def excerpt(body: bytes, secrets: Iterable[str] = ()) -> str:
    """The beginning of an answer, at most `EXCERPT` characters, redacted."""
    # Redact before cutting: a secret cut in two would no longer be recognised.
    text = redact_text(body[: 8 * EXCERPT].decode("utf-8", "replace"), secrets)
    return text if len(text) <= EXCERPT else text[:EXCERPT] + "…"


def _shortened(match: re.Match[str]) -> str:
    return f"{match['scheme']}://{match['rest']}" + ("?..." if match["query"] else "")


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact_text(record.getMessage()), ()
        return True


_redacting = _Redacting()


def quiet_loggers() -> None:
    """Make httpx's and httpcore's loggers show no secrets. May be called any number of times."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_redacting)
