"""A vendor that has too many calls is asked again by the stage, since its client repeats no purchase by itself."""

from __future__ import annotations

import pytest

from polyreel.vendors.errors import CallError, Facts, RateLimited, ServerError, Unanswered
from tasks.dub import ask_busy_vendor


class Vendor:
    """Refuses so many times, then takes the purchase."""

    def __init__(self, *refusals: CallError) -> None:
        self.refusals = list(refusals)
        self.asked = 0

    async def buy(self) -> str:
        self.asked += 1
        if self.refusals:
            raise self.refusals.pop(0)
        return "bought"


async def test_a_busy_vendor_is_asked_again() -> None:
    """A single 429 in a busy minute costs a pause and not a language."""
    vendor = Vendor(RateLimited("busy", facts=Facts(retry_after=0.01)), RateLimited("busy"))
    assert await ask_busy_vendor(vendor.buy, (0.0, 0.0)) == "bought"
    assert vendor.asked == 3


async def test_a_vendor_that_stays_busy_is_left_alone() -> None:
    """With its own word, after the last pause."""
    vendor = Vendor(*[RateLimited("busy")] * 4)
    with pytest.raises(RateLimited):
        await ask_busy_vendor(vendor.buy, (0.0, 0.0))
    assert vendor.asked == 3


@pytest.mark.parametrize(
    "failure",
    [ServerError("500"), Unanswered("lost"), RateLimited("busy", facts=Facts(doubtful=True))],
    ids=["500", "lost", "busy after a lost answer"],
)
async def test_what_may_have_been_bought_is_not_asked_for_again(failure: CallError) -> None:
    """It is the next run's to look for it first."""
    vendor = Vendor(failure)
    with pytest.raises(CallError):
        await ask_busy_vendor(vendor.buy, (0.0, 0.0))
    assert vendor.asked == 1
