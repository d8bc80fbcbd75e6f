"""A run that sleeps until people have decided: every decision wakes it, whoever dies between, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from polyreel.ledger.entry import Wait
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.waits import ask_to_wait, list_due
from polyreel.outcome import StoredFile
from polyreel.review import waits
from polyreel.review.decisions import Reviewer, approve, ask, comment, mark, note_delivered, reject
from polyreel.review.events import Event, ReviewKey, Shown, format_now
from polyreel.review.log import ReviewLog, Step
from polyreel.review.state import Review
from polyreel.store.local import LocalStore

KEY = ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
ANA = Reviewer("Ana")
RUN = "run-1"


def stored(name: str) -> StoredFile:
    return StoredFile(uri=f"file:///{name}", sha256=name * 64, bytes=1)


def ask_final() -> Step:
    script = stored("a")
    return ask("final", "dub", made=script, script=script, reason="", shown=Shown())


def edit(script: StoredFile, of: StoredFile, at: str = "") -> Step:
    event = Event(kind="edited", by="Ana", at=at or format_now(), subject=of.sha256, script=script, changed=(1,))
    return lambda _review: event


@pytest.fixture
async def ledger(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    rows = MemoryRows()
    monkeypatch.setattr(waits, "Ledger", lambda: Ledger(rows))
    async with Ledger(rows) as made:
        yield made


@pytest.fixture
def reviews(polyreel_home: Path) -> ReviewLog:
    return ReviewLog(LocalStore())


async def fall_asleep(ledger: Ledger, review: Review) -> None:
    key, seen = await waits.expect_decision(ledger, review, "welcome es-ES: the dub waits")
    assert await ask_to_wait(ledger, RUN, "welcome", [Wait(key=key, seen=seen, what="es-ES")])


async def is_woken(ledger: Ledger) -> bool:
    return [run.run_id for run in await list_due(ledger)] == [RUN]


@pytest.mark.parametrize("step", [approve(ANA), reject(ANA, "too formal")])
async def test_a_decision_wakes_the_run(ledger: Ledger, reviews: ReviewLog, step: Step) -> None:
    await fall_asleep(ledger, await reviews.write(KEY, ask_final()))
    assert not await is_woken(ledger)
    assert await waits.announce_decision(await reviews.write(KEY, step))
    assert await is_woken(ledger)


async def test_a_decision_whose_author_died_before_telling_is_found(ledger: Ledger, reviews: ReviewLog) -> None:
    await fall_asleep(ledger, await reviews.write(KEY, ask_final()))
    await reviews.write(KEY, approve(ANA))
    assert not await is_woken(ledger)
    await waits.follow_store(ledger, reviews)
    assert await is_woken(ledger)


async def test_a_decision_made_while_the_run_was_at_work_is_not_slept_through(
    ledger: Ledger, reviews: ReviewLog
) -> None:
    """It comes after the run has looked, before the run sleeps; and once more, before the row was there at all."""
    seen = await reviews.write(KEY, ask_final())
    assert not await waits.announce_decision(await reviews.write(KEY, approve(ANA)))
    await fall_asleep(ledger, seen)
    await waits.follow_store(ledger, reviews)
    assert await is_woken(ledger)
    again = await reviews.read(KEY)
    await fall_asleep(ledger, again)
    assert not await is_woken(ledger)
    later = await reviews.write(KEY, edit(stored("b"), stored("a"), "2020-01-01T00:00:00+00:00"))
    assert await waits.announce_decision(later)
    await fall_asleep(ledger, again)
    assert await is_woken(ledger)


async def test_the_same_decision_twice_and_late_news_of_it_change_nothing(ledger: Ledger, reviews: ReviewLog) -> None:
    asked = await reviews.write(KEY, ask_final())
    await fall_asleep(ledger, asked)
    approved = await reviews.write(KEY, approve(ANA))
    await waits.announce_decision(approved)
    row = await ledger.get(waits.row_key(KEY))
    await waits.announce_decision(await reviews.write(KEY, approve(Reviewer("Luis"))))
    await waits.announce_decision(asked)  # a process that was held up, with what it knew
    assert await ledger.get(waits.row_key(KEY)) == row
    rejected = await reviews.write(ReviewKey(**{**KEY.model_dump(), "locale": "fr-FR"}), ask_final())
    first = await reviews.write(rejected.key, reject(ANA, "too formal"))
    assert (await reviews.write(rejected.key, reject(ANA, "too formal"))).revision == first.revision


async def test_comments_marks_and_edits_that_nobody_has_approved_let_it_sleep(
    ledger: Ledger, reviews: ReviewLog
) -> None:
    script = stored("a")
    asked = await reviews.write(KEY, ask("script", script.sha256, made=script, script=script, reason="", shown=Shown()))
    await fall_asleep(ledger, asked)
    for step in (comment(ANA, "long"), mark(ANA, 1, done=True), edit(stored("b"), script)):
        await waits.announce_decision(await reviews.write(KEY, step))
    assert not await is_woken(ledger)
    await waits.announce_decision(await reviews.write(KEY, approve(ANA)))
    assert await is_woken(ledger)


async def test_edits_of_a_dub_let_its_run_go_on_once_they_have_ceased(
    ledger: Ledger, reviews: ReviewLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fall_asleep(ledger, await reviews.write(KEY, ask_final()))
    await waits.announce_decision(await reviews.write(KEY, edit(stored("b"), stored("a"))))
    await waits.follow_store(ledger, reviews)
    assert not await is_woken(ledger)
    monkeypatch.setattr(waits, "QUIET_S", 0.0)
    await waits.follow_store(ledger, reviews)
    assert await is_woken(ledger)


async def test_what_went_out_by_another_run_lets_it_look(ledger: Ledger, reviews: ReviewLog) -> None:
    await fall_asleep(ledger, await reviews.write(KEY, ask_final()))
    script = stored("a")
    sent: Any = await reviews.write(KEY, note_delivered("dub", made=script, script=script, shown=Shown()))
    await waits.forget_review(ledger, sent)
    assert await is_woken(ledger)


async def test_a_damaged_review_keeps_no_other_from_being_seen(ledger: Ledger, reviews: ReviewLog) -> None:
    other = ReviewKey(**{**KEY.model_dump(), "locale": "de-DE"})
    damaged = await reviews.write(other, ask_final())
    await waits.expect_decision(ledger, damaged, "welcome de-DE")
    await fall_asleep(ledger, await reviews.write(KEY, ask_final()))
    store = LocalStore()
    await store.create_file(f"{other.folder}/000002.json", b"{")
    await reviews.write(KEY, approve(ANA))
    await waits.follow_store(ledger, reviews)
    assert await is_woken(ledger)
