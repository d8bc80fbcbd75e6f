"""The places for heavy work: bounded, in order, safe to give up, and one set for every event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest

from polyreel.engine.cores import PLACES, Places, usable_cores


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _work(places: Places, name: int, begun: list[int], done: asyncio.Event) -> None:
    async with places.one():
        begun.append(name)
        await done.wait()


async def test_no_more_work_at_once_than_there_are_places_and_in_the_order_they_came() -> None:
    """Of five, two begin; each that ends lets the next one in, first come first served."""
    places, begun = Places(2), list[int]()
    ends = [asyncio.Event() for _ in range(5)]
    tasks = [asyncio.create_task(_work(places, number, begun, ends[number])) for number in range(5)]
    await _settled()
    assert begun == [0, 1]
    for number in (1, 0, 2, 3, 4):
        ends[number].set()
        await _settled()
    assert begun == [0, 1, 2, 3, 4]
    await asyncio.gather(*tasks)


async def test_who_gives_up_waiting_takes_no_place() -> None:
    """A task that is cancelled in the queue is passed over; the one behind it is served."""
    places, begun = Places(1), list[int]()
    ends = [asyncio.Event() for _ in range(3)]
    tasks = [asyncio.create_task(_work(places, number, begun, ends[number])) for number in range(3)]
    await _settled()
    tasks[1].cancel()
    await _settled()
    ends[0].set()
    await _settled()
    assert begun == [0, 2]
    ends[2].set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_place_given_in_the_moment_of_giving_up_is_given_back() -> None:
    """Cancelled after its turn came and before it could notice: the place is free again."""
    places, begun = Places(1), list[int]()
    ends = [asyncio.Event() for _ in range(3)]
    tasks = [asyncio.create_task(_work(places, number, begun, ends[number])) for number in range(2)]
    await _settled()
    places._free_places(1)  # as the holder does at its end: the second one's turn has come, but it has not run since
    tasks[1].cancel()
    await _settled()
    assert begun == [0]
    tasks.append(asyncio.create_task(_work(places, 2, begun, ends[2])))
    await _settled()
    assert begun == [0, 2]
    for end in ends:
        end.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_error_gives_the_place_back() -> None:
    """Whatever way a block ends, the next one can begin."""
    places = Places(1)
    with pytest.raises(ValueError, match="broken"):
        async with places.one():
            raise ValueError("broken")
    async with asyncio.timeout(5), places.one():
        pass


def test_two_event_loops_share_the_places() -> None:
    """Jobs in two threads, each with a loop of its own, are never at work at the same time on one place."""
    places, at_once, most = Places(1), 0, 0

    async def job() -> None:
        nonlocal at_once, most
        for _ in range(50):
            async with places.one():
                at_once += 1
                most = max(most, at_once)
                await asyncio.sleep(0)
                at_once -= 1

    threads = [threading.Thread(target=asyncio.run, args=(job(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1
    assert places._free == 1


def test_a_process_has_places_for_its_cores() -> None:
    """At least two, at most eight, else one per core."""
    assert max(2, min(8, usable_cores())) == PLACES._free


def test_threads_wait_for_their_turn_as_tasks_do() -> None:
    """Threads hold places, too: never more at once than there are, and an error gives its place back."""
    places, at_once, most, lock = Places(2), 0, 0, threading.Lock()

    def run(number: int) -> None:
        nonlocal at_once, most
        with contextlib.suppress(ValueError), places.hold():
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.005)
            with lock:
                at_once -= 1
            if number % 2:
                raise ValueError(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 2
    assert places._free == 2


def test_who_wants_many_places_is_not_overtaken_for_ever() -> None:
    """Large and small wants share the places: never more than there are, in the order in which they were asked for."""
    places, order, held, most, lock = Places(10), list[int](), 0, 0, threading.Lock()
    gate = places._join_queue(10)
    gate.result(5)

    def run(wanted: int) -> None:
        nonlocal held, most
        with places.hold(wanted), lock:
            order.append(wanted)
            held += min(wanted, 10)
            most = max(most, held)
            held -= min(wanted, 10)

    threads = []
    for number, wanted in enumerate((9, 2, 25, 1)):
        threads.append(threading.Thread(target=run, args=(wanted,)))
        threads[-1].start()
        while len(places._waiting) <= number:
            time.sleep(0.001)
    places._free_places(10)
    for thread in threads:
        thread.join(30)
    assert sorted(order) == [1, 2, 9, 25]
    assert order.index(25) > order.index(9)
    assert places._free == 10


def test_a_large_want_waits_beside_a_small_one_that_is_at_work() -> None:
    places, begun = Places(10), threading.Event()

    def run() -> None:
        with places.hold(8):
            begun.set()

    with places.hold(3):
        thread = threading.Thread(target=run)
        thread.start()
        assert not begun.wait(0.1)
    thread.join(30)
    assert begun.is_set()


def test_a_want_that_was_given_up_blocks_nobody() -> None:
    places = Places(2)
    with places.hold(2):
        large = places._join_queue(2)
        small = places._join_queue(1)
        large.cancel()
        places._free_places(0)
        assert not small.done()
    small.result(5)
