"""Before a request that changes something goes out, whoever it is sent for is asked: somebody else may do it by now."""

from __future__ import annotations

import pytest

from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.leave import ask_before_sending
from polyreel.vendors.transport import Transport
from tests.unit.vendors.conftest import Peer, answer

BUY = Call("buy", "POST", "/dubs", body=json_body({}), idempotency_key="k")


class Lost(Exception):
    """Somebody else has it."""


async def test_what_has_no_leave_is_not_sent_and_what_only_reads_needs_none(peer: Peer, transport: Transport) -> None:
    asked: list[str] = []

    async def refuse() -> None:
        asked.append("refused")
        raise Lost

    peer.will(answer(body={}))
    with ask_before_sending(refuse):
        await transport.fetch_reply(Call("look", "GET", "/dubs"))
        with pytest.raises(Lost):
            await transport.fetch_reply(BUY)
    assert ([each.method for each in peer.seen], asked) == (["GET"], ["refused"])
    await transport.fetch_reply(BUY)
    assert len(peer.seen) == 2


async def test_each_attempt_is_asked_for_by_all_who_stand_behind_it(peer: Peer, transport: Transport) -> None:
    """A claim, and a row inside it; between two attempts there is a pause, in which a process may be stopped."""
    asked: list[str] = []

    async def allow(name: str) -> None:
        asked.append(name)

    peer.will(answer(503), answer(body={}))
    with ask_before_sending(lambda: allow("claim")), ask_before_sending(lambda: allow("row")):
        await transport.fetch_reply(BUY)
    assert asked == ["claim", "row"] * 2
