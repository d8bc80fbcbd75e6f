"""A service of lines as a drafter. It knows no context and no glossary: terms are put into what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from polyreel.engine.translate.glossary import pattern_of
from polyreel.engine.translate.port import Line, LineService, Order, Unread
from polyreel.errors import VendorError
from polyreel.errors.wording import spell_count


@dataclass(frozen=True, slots=True)
class ByLines:
    """Drafts with a service that takes lines and gives as many."""

    service: LineService
    name: str

    async def translate(self, order: Order) -> Mapping[int, str]:
        """The lines by number; none of them where the service did not give as many as it got."""
        asked = [_ask_line(line, order) for line in order.lines]
        try:
            said = await self.service.translate(asked, order.source, order.target)
        except VendorError as error:
            # An odd answer is this batch's; a refused key or an empty account is the whole job's.
            if error.code != "vendor_malformed":
                raise
            return Unread(error.message)
        if len(said) != len(asked):
            return Unread(f"{spell_count(len(said), 'line')} for {len(asked)}")
        return {line.number: text for line, text in zip(order.lines, said, strict=True)}

    async def shorten(self, order: Order, drafts: Mapping[int, str]) -> Mapping[int, str]:
        """Nothing: such services translate, they don't rephrase."""
        return {}


def _ask_line(line: Line, order: Order) -> str:
    """The line; where a term was not kept, with its translation in its place: services let foreign words pass."""
    if not order.insist:
        return line.text
    text = line.text
    for term in order.terms:
        text = pattern_of(term.source).sub(term.target.replace("\\", r"\\"), text)
    return text
