"""What a translation service does for us: lines in, as many lines out, in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from polyreel.errors.wording import spell_count
from polyreel.net.entities import decode_entities
from polyreel.vendors.calls import Reply
from polyreel.vendors.errors import Malformed


class Translator(Protocol):
    """A service that translates lines of a script."""

    async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Each line in the target language. `source` and `target` are BCP-47 tags. Raises `VendorError`."""
        ...

    async def check(self) -> str:
        """One harmless call; what the account may do, in a sentence."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


def as_many(lines: Sequence[str], translated: list[str], reply: Reply) -> list[str]:
    """The translated lines, entities decoded, if there are as many as were sent: one too few shifts all that follow."""
    if len(translated) != len(lines):
        message = f"Of {spell_count(len(lines), 'line')} that went out {len(translated)} came back."
        raise Malformed(message, facts=reply.facts)
    # Some services answer in HTML although plain text went in: `&#39;` for an apostrophe would be spoken.
    return [decode_entities(text, line) for line, text in zip(lines, translated, strict=True)]


def split_batches(lines: Sequence[str], most: int) -> list[Sequence[str]]:
    """The lines in pieces of at most `most`."""
    return [lines[start : start + most] for start in range(0, len(lines), most)]
