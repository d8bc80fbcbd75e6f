"""What a run says that it paid: its own purchases, and no other dub of the same job's name."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from polyreel.dubbing.submission import describe_reel
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.machine import home
from polyreel.outcome import StoredFile
from polyreel.plans import Plan, Way
from tasks.paid import (
    may_be_bought,
    note_retention,
    purchases,
    quote_job,
    stay_where_paid,
)
from tasks.run import accounts
from tasks.run.accounts import list_changed_accounts
from tasks.run.choice import describe_choice
from tasks.run.progress import Board
from tests.unit.tasks.offers import DUBFORMER, at_dubformer

SOURCE = StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1)


async def test_only_what_this_run_stands_on_was_paid_for_it(plan: Callable[..., Plan], empty_board: Board) -> None:
    """Last week's reel of the same name is not this run's; what another job bought of this reel is."""
    rows = ledger_rows()
    for key, job, locale in (
        ("mine", "reel", "es-ES"),
        ("last-weeks", "reel", "es-ES"),
        ("anothers", "another-name", "fr-FR"),
    ):
        subject = Subject(kind="dub", job=job, provider="panjaya", account="a", locale=locale, minutes=2)
        rows.change(key, steps.record_receipt(key, subject, Receipt(id=f"version of {key}")))
    rows.close()
    empty_board.bought.update({"mine", "anothers", "never-recorded"})
    paid = await purchases(plan("fr-FR", "es-ES", dubbing={"provider": "panjaya", "credentials": "studio"}))
    assert [(each.id, each.minutes, each.quoted) for each in paid] == [
        ("version of anothers", 2, True),
        ("version of mine", 2, True),
    ]


@pytest.mark.parametrize("offer", [{"dubbing": DUBFORMER}, {"fallback": [DUBFORMER]}])
async def test_a_job_s_wish_to_be_forgotten_is_written_beside_what_it_stands_on(
    offer: dict[str, Any], plan: Callable[..., Plan], empty_board: Board
) -> None:
    """Also where it was bought, and collected, before: days may be changed or taken back without a dub."""
    rows = ledger_rows()
    for key in ("mine", "anothers"):
        subject = Subject(kind="dub", job="reel", provider="dubformer", account="a", locale="es-ES")
        receipt = Receipt(id=key, state=State.COLLECTED, details={"scripts": 2})
        rows.change(key, steps.record_receipt(key, subject, receipt))

    def receipts() -> list[dict[str, object]]:
        return [row.receipt for key in ("mine", "anothers") if (row := rows.get(key))]

    empty_board.bought.update({"mine", "never-recorded"})
    for days, kept in ((30, {"forget_after": 30}), (7, {"forget_after": 7}), (None, {})):
        await note_retention(plan("es-ES", forget_after=days, **offer))
        assert receipts() == [{"scripts": 2, **kept}, {"scripts": 2}]
    rows.close()


async def test_a_job_of_this_machine_alone_opens_no_ledger(plan: Callable[..., Plan], empty_board: Board) -> None:
    """Its dubs have receipts, too, and no rows: a new home has no database of purchases after it."""
    empty_board.bought.add("embedded-dub")
    await note_retention(plan("es-ES", forget_after=30))
    assert not (home.home() / "ledger.db").exists()


async def test_what_was_lost_at_a_vendor_stays_in_what_was_paid(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], empty_board: Board
) -> None:
    """The second run goes to the fallback at once, and asks the first vendor for nothing: its minute is paid still."""
    source = stored("source")
    made = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    rows = ledger_rows()

    def fail(key: str, of: StoredFile = source, **more: Any) -> None:
        about = {"job": "reel", "provider": "dubformer", "account": "d#1", "locale": "es-ES", **more}
        subject = Subject(kind="dub", minutes=1, details=describe_reel(of.sha256, (None, None)), **about)
        rows.change(key, steps.record_receipt(key, subject, Receipt(id=f"project of {key}")))
        rows.change(key, steps.advance_row(State.FAILED))

    fail("lost")
    fail("last-weeks", stored("another reel"))
    fail("anothers", job="another")
    fail("left-out", locale="de-DE")
    rows.close()
    assert [(each.id, each.minutes) for each in await purchases(made)] == [("project of lost", 1)]
    empty_board.bought.add("lost")
    assert len(await purchases(made)) == 1


@pytest.mark.parametrize(("state", "open_"), [(None, True), (State.UNRESOLVED, True), (State.SUBMITTED, False)])
async def test_only_an_open_intent_keeps_a_language_from_others(
    plan: Callable[..., Plan], state: State | None, open_: bool
) -> None:
    """What has a receipt is found by the next try; what has none may be there."""
    studio = {"provider": "panjaya", "credentials": "studio"}
    made = plan("es-ES", dubbing=studio)
    way = Way(identity="p#1", works_here=False)
    language = made.languages[0].model_copy(update={"ways": (way,), "source": SOURCE})
    subject = Subject(
        kind="dub", provider="panjaya", account="p#1", locale="es-ES", details=describe_reel("0" * 64, (None, None))
    )
    rows = ledger_rows()
    rows.change("k", steps.claim_row("k", subject, "nobody", 0.0))
    if state is State.UNRESOLVED:
        rows.change("k", steps.hold_for_person("nobody", "the studio"))
    elif state is State.SUBMITTED:
        rows.change("k", steps.record_receipt("k", subject, Receipt(id="v1")))
    rows.close()
    assert await may_be_bought(language) is open_
    assert not await may_be_bought(language.model_copy(update={"locale": "fr-FR"}))


async def test_a_key_that_was_changed_elsewhere_is_said(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the account that the ledger last knew of the same saved credentials; nothing is said of a new name."""
    job = plan("es-ES", dubbing={"provider": "panjaya", "credentials": "studio"}).job
    now = {"panjaya": "https://p#222222222222"}

    async def account_of(vendor: str, _name: str) -> str:
        return now[vendor]

    monkeypatch.setattr(accounts, "account_of", account_of)
    assert await list_changed_accounts(job) == ()
    rows = ledger_rows()

    def buy(key: str, account: str, name: str) -> None:
        subject = Subject(kind="dub", provider="panjaya", account=account, credentials=name, locale="es-ES")
        rows.change(key, steps.record_receipt(key, subject, Receipt(id=key)))

    buy("others", "https://p#333333333333", "another-name")
    assert await list_changed_accounts(job) == ()
    buy("old", "https://p#111111111111", "studio")
    (told,) = await list_changed_accounts(job)
    assert told.startswith("panjaya/studio was changed since it was last used. ")
    assert "--set known_as=111111111111" in told
    buy("new", "https://p#222222222222", "studio")
    assert await list_changed_accounts(job) == ()
    rows.close()


async def test_what_was_settled_away_is_no_dub_that_the_job_has(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile]
) -> None:
    """It is bought once more, which a budget has to be asked about; and nobody has to stay at who had it."""
    made = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    language, rows = made.languages[0].model_copy(update={"choice": 1}), ledger_rows()
    details = describe_reel(stored("source").sha256, (None, None)) | describe_choice(language)
    about = {"provider": "panjaya", "account": "d#2", "locale": "es-ES", "minutes": 1}
    subject = Subject(kind="dub", job="reel", details=details, **about)
    rows.change("k", steps.record_receipt("k", subject, Receipt(id="v1", state=State.FORGOTTEN)))
    rows.close()
    assert (await stay_where_paid(made)).languages[0].choice == 1
    there = made.with_choice("es-ES", 1, "")
    assert (await quote_job(there, Fraction(60), ask=False)).quote["languages"]["es-ES"]["minutes"] == 0
    async with Ledger() as ledger:
        await ledger.settle_not_bought("k")
    assert (await stay_where_paid(made)).languages[0].choice == 0
    assert (await quote_job(there, Fraction(60), ask=False)).quote["languages"]["es-ES"]["minutes"] == 1
