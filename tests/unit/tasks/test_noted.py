"""A ledger that was lost, beside a store that was not: what was bought is known all the same, and bought no more."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from polyreel.dubbing.port import DubRequest
from polyreel.dubbing.port import Receipt as Submitted
from polyreel.dubbing.submission import describe_reel
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.outcome import StoredFile
from polyreel.plans import LanguagePlan, Plan, Way
from tasks.paid import quote_job, stay_where_paid
from tasks.run.choice import describe_choice
from tasks.run.noted import note_choice, note_purchase, restore_purchases

Stored = Callable[[str], StoredFile]
STUDIO = {"provider": "panjaya", "credentials": "studio"}
ACCOUNT = {"provider": "dubformer", "credentials": "d"}


@pytest.fixture
def made(plan: Callable[..., Plan], stored: Stored) -> Plan:
    """A language at Panjaya, with Dubformer behind it."""
    made = plan("es-ES", dubbing=STUDIO, fallback=[ACCOUNT])
    ways = (Way(identity="p#1", works_here=False), Way(identity="d#2", works_here=False))
    languages = tuple(each.model_copy(update={"ways": ways}) for each in made.languages)
    return made.model_copy(update={"languages": languages}).with_source(stored("source"))


@pytest.fixture
def request_(stored: Stored) -> DubRequest:
    source = stored("source")
    return DubRequest(
        locale="es-ES", source_locale="en-US", reel=source, duration="60", source_sha256=source.sha256, title="reel"
    )


def receipt_of(language: LanguagePlan, key: str = "k") -> Submitted:
    details = {"asset_id": "a1"}
    return Submitted(provider=language.dubbing.provider, id="v1", key=key, locale="es-ES", minutes=1, details=details)


def buy(language: LanguagePlan, key: str = "k") -> None:
    assert language.source
    details = describe_reel(language.source.sha256, (None, None)) | describe_choice(language)
    about = {"provider": language.dubbing.provider, "account": language.way.identity, "locale": "es-ES", "minutes": 1}
    subject = Subject(kind="dub", job="reel", details=details, **about)
    ledger_rows().change(key, steps.record_receipt(key, subject, Receipt(id="v1", details={"asset_id": "a1"})))


def lose_ledger() -> None:
    rows = ledger_rows()
    for key in ("k", "k~v1"):
        rows.change(key, steps.remove_row())


def read(key: str = "k") -> Entry | None:
    return ledger_rows().get(key)


async def test_what_was_bought_is_written_into_the_ledger_again_before_anything_is_asked_of_it(
    made: Plan, request_: DubRequest
) -> None:
    """A quote would count it once more, and a fallback be paid where the account is empty by now."""
    language = made.languages[0]
    buy(language)
    before = read()
    await note_purchase(language, request_, receipt_of(language))
    lose_ledger()
    assert (await quote_job(made, Fraction(60), ask=False)).quote["paid_minutes"] == 1
    await restore_purchases(made)
    assert before is not None
    assert read() == before.model_copy(update={"updated_at": (read() or before).updated_at})
    assert (await quote_job(made, Fraction(60), ask=False)).quote["paid_minutes"] == 0


async def test_a_language_stays_at_the_fallback_that_a_lost_ledger_says_nothing_of(
    made: Plan, request_: DubRequest
) -> None:
    language = made.with_choice("es-ES", 1, "").languages[0]
    await note_choice(language)
    buy(language)
    await note_purchase(language, request_, receipt_of(language))
    lose_ledger()
    await restore_purchases(made)
    assert (await stay_where_paid(made)).languages[0].choice == 1


async def test_a_receipt_that_a_stage_has_kept_is_enough(made: Plan, request_: DubRequest) -> None:
    """Of a store from before rows were noted: each run ended at a row that is not there."""
    language = made.languages[0]
    await note_purchase(language, request_, receipt_of(language))
    row = read()
    assert row is not None
    assert (row.state, row.vendor_id, row.account, row.receipt) == (State.SUBMITTED, "v1", "p#1", {"asset_id": "a1"})
    assert (row.charged_minutes, row.charged_by, row.details["source"]) == (1, "quote", request_.source_sha256)
    assert row.submitted_at > 0


@pytest.mark.parametrize("by", ["note", "receipt"])
async def test_what_a_person_has_settled_away_does_not_come_back(made: Plan, request_: DubRequest, by: str) -> None:
    language = made.languages[0]
    buy(language)
    await note_purchase(language, request_, receipt_of(language))
    async with Ledger() as ledger:
        await ledger.advance("k", State.FAILED)
        await ledger.settle_not_bought("k")
    if by == "note":
        await restore_purchases(made)
    else:
        await note_purchase(language, request_, receipt_of(language))
    assert read() is None


async def test_a_note_that_no_row_can_be_read_from_stops_nothing(made: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a later version; or of one that wrote whom it was given to alone."""
    from tasks.run import noted

    async def load_note(_language: LanguagePlan) -> dict[str, Any]:
        return {"choice": 1, "row": {"key": "k", "later": True}}

    monkeypatch.setattr(noted, "_load_note", load_note)
    await restore_purchases(made)
    assert read() is None
