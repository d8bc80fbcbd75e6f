"""Every error polyreel raises, in one tree.

    PolyreelError                 code, message, remedy, where
     ├─ InvalidJob                the job, or a file it names, can't be used as it is (exit code 2)
     │   ├─ MediaError            the media is not what a dub needs; codes as Panjaya names them
     │   └─ SubtitleError         a subtitle file that can't be read without losing text
     ├─ FetchError                a source that could not be fetched
     │   └─ ForbiddenAddress      a source at an address that polyreel does not talk to
     ├─ ToolError                 ffmpeg (or another tool we start) failed
     │   ├─ ToolTimeout           ... did not end in time
     │   └─ ToolStopped           ... was ended because the run was cancelled
     ├─ EngineError               the embedded dubber could not do its work
     │   └─ NoVoice               no voice speaks this locale
     ├─ StoreError                a stored file is missing, damaged, or could not be kept
     ├─ DeliveryError             the result could not be put where the job wants it
     ├─ LedgerError               the ledger could not be read or written: nothing was bought
     ├─ ReviewRefused             a decision or an edit that does not fit what waits for it: nothing was changed
     │   └─ InvalidEdit           ... or that fits nothing, whatever waits (exit code 2; an InvalidJob too)
     ├─ HeldForPerson             only a person can say how to go on (exit code 4)
     │   ├─ UnresolvedCall        ... whether a call that must happen once was made
     │   └─ StillAtVendor         ... or only the vendor, who is at work; this run does not wait for it
     └─ VendorError               a vendor refused, failed or answered nonsense (see polyreel.vendors.errors)

Every error says what happened (``message``), where (``where``: a file, a field, a line, an address without its
query) and what to do (``remedy``). Errors pickle, so they cross process boundaries whole.
"""

from __future__ import annotations

from typing import Any

# Errors quote what they are about, and that may be a value of a megabyte, from a stranger. In characters.
LONGEST_MESSAGE = 4000
LONGEST_PLACE = 1000


def shorten(text: str, most: int) -> str:
    """A text of at most ``most`` characters: of a longer one the middle is left out, and said to be."""
    if len(text) <= most:
        return text
    room = most - 30
    first = room * 2 // 3
    return f"{text[:first]} … ({len(text) - room} left out) … {text[len(text) - (room - first) :]}"


class PolyreelError(Exception):
    """Something a person has to know about: what, where, and what to do. Each of them is short, whatever it quotes."""

    default_code = "error"
    others: tuple[PolyreelError, ...] = ()
    """What else is wrong, found in the same look (`polyreel.errors.together`)."""
    bought_nothing: bool = False
    """Whether it is known that what failed has cost nothing: whoever else can do the work may be paid for it."""

    def __init__(self, message: str, *, code: str | None = None, remedy: str = "", where: str = "") -> None:
        self.message = shorten(message, LONGEST_MESSAGE)
        self.code = code or self.default_code
        self.remedy = shorten(remedy, LONGEST_PLACE)
        self.where = shorten(where, LONGEST_PLACE)
        super().__init__(self.message)

    def __str__(self) -> str:
        return " Also: ".join(each.describe() for each in self.each())

    def describe(self) -> str:
        """This error alone, in one line."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{as_sentence(self.message, self.remedy, self.code)}"

    def each(self) -> tuple[PolyreelError, ...]:
        """This error, and then what else is wrong."""
        return (self, *self.others)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own way calls cls(*args) and so loses the keyword-only fields.
        return (_rebuilt, (type(self), self.__dict__.copy(), self.args))

    def as_dict(self) -> dict[str, str]:
        """``{"code", "message", "remedy"}``, as the outcome and ``--json`` show an error."""
        message = f"{self.where}: {self.message}" if self.where else self.message
        return {"code": self.code, "message": message, "remedy": self.remedy}


def as_sentence(message: str, remedy: str, code: str) -> str:
    """What happened, what to do, and the code to look it up by: ``no such file. Check the path. [invalid_input]``."""
    stop = "" if message.endswith((".", "!", "?", ":")) else "."
    return " ".join(filter(None, (f"{message}{stop}", remedy, f"[{code}]")))


def _rebuilt(cls: type[PolyreelError], state: dict[str, Any], args: tuple[Any, ...]) -> PolyreelError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidJob(PolyreelError):
    """The job, or a file that it names, can't be used as it is."""

    default_code = "invalid_input"


class MediaError(InvalidJob):
    """The media is not what a dub needs.

    ``code`` is one of Panjaya's words (vendor page "Asset processing failures"): ``unsupported_media``,
    ``missing_audio_track``, ``time_out_of_range``, ``empty_transcript``, ``video_size_limit_reached``,
    ``video_duration_limit_reached``, ``invalid_input``.
    """

    default_code = "unsupported_media"


class SubtitleError(InvalidJob):
    """A subtitle file that can't be read without losing text. ``line`` counts from 1; 0 is the whole file."""

    default_code = "invalid_subtitles"

    def __init__(self, message: str, *, line: int = 0, **rest: str) -> None:
        self.line = line
        super().__init__(message, **rest)


class FetchError(PolyreelError):
    """A source that could not be fetched."""

    default_code = "fetch_failed"


class ForbiddenAddress(FetchError):
    """A source at an address that polyreel does not talk to (see ``POLYREEL_ALLOW_NETWORKS``)."""

    default_code = "forbidden_address"


class ToolError(PolyreelError):
    """A tool we started failed. ``message`` ends in the last lines it printed."""

    default_code = "tool_failed"


class ToolTimeout(ToolError):
    """A tool we started did not end in time, and was ended."""

    default_code = "tool_timeout"


class ToolStopped(ToolError):
    """A tool we started was ended because the run was cancelled."""

    default_code = "tool_stopped"


class EngineError(PolyreelError):
    """The embedded dubber could not do its work."""

    default_code = "engine_failed"


class NoVoice(EngineError):
    """No voice speaks this locale."""

    default_code = "no_voice"


class StoreError(PolyreelError):
    """A stored file is missing, damaged, or could not be kept."""

    default_code = "store_failed"


class DeliveryError(PolyreelError):
    """The result could not be put where the job wants it."""

    default_code = "delivery_failed"


class LedgerError(PolyreelError):
    """The ledger could not be read or written. Without it nothing is bought."""

    default_code = "ledger_failed"


class ReviewRefused(PolyreelError):
    """A decision or an edit of a reviewer that does not fit what is there now. Nothing was changed."""

    default_code = "review_refused"


class InvalidEdit(ReviewRefused, InvalidJob):
    """What is asked of a line can't be had by anybody: bad input, like a file that can't be used."""

    default_code = "bad_line"


class HeldForPerson(PolyreelError):
    """Only a person can say how to go on; nothing is lost meanwhile, and what did not need the answer goes on.

    ``key`` is the ledger's row whose change may be the answer, and ``seen`` how it stood
    (`polyreel.ledger.waits.standing`; empty: it is not there yet). Without a key nothing tells when it is over.
    ``place`` is where a person decides: an address or a command.
    """

    default_code = "held"

    def __init__(self, message: str, *, key: str = "", seen: str = "", place: str = "", **rest: str) -> None:
        self.key = key
        self.seen = seen
        self.place = place
        self.until = 0.0
        """When to look again though nothing has changed, in seconds since 1970; 0: no such time."""
        super().__init__(message, **rest)


class UnresolvedCall(HeldForPerson):
    """A call that must happen once may or may not have been made, and the vendor can't tell us. ``key`` is its row."""

    default_code = "unresolved_call"


class StillAtVendor(HeldForPerson):
    """The vendor is at work on it, and this run does not stay to wait: the next one collects it."""

    default_code = "still_at_vendor"


class VendorError(PolyreelError):
    """A vendor refused, failed or answered nonsense; `polyreel.vendors.errors` has the finer tree."""

    default_code = "vendor_failed"
