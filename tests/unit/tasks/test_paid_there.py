"""Who was paid for a language keeps it: whichever run, or other choice of the job, has paid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import pytest

from polyreel.dubbing.submission import describe_reel
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.ledger.sql import SqlRows
from polyreel.outcome import StoredFile
from polyreel.planning import preview
from polyreel.planning.preview import look_ahead
from polyreel.plans import LanguagePlan, Plan, Way
from polyreel.store.choice import open_store
from polyreel.vendors.errors import PaymentRequired
from tasks import paid as paid_tasks
from tasks.paid import (
    PaidElsewhere,
    buy_alone,
    quote_job,
    stay_where_paid,
)
from tasks.run.choice import ASKED_AS, describe_choice, key_of_choice
from tasks.run.noted import note_choice
from tasks.run.progress import Board
from tests.unit.tasks.offers import at_dubformer, no_balances


async def test_a_language_stays_at_the_fallback_that_was_paid_for_it(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first choice works again when the run is woken: it is not paid too, unless the fallback's dub is lost."""
    source = stored("source")
    ways = (Way(identity="p#1", works_here=False), Way(identity="d#2", works_here=False))
    account, studio = {"provider": "dubformer", "credentials": "d"}, {"provider": "panjaya", "credentials": "p"}

    def begin(**changes: object) -> Plan:
        made = plan("es-ES", **{"dubbing": studio, "fallback": [account], **changes})
        return made.model_copy(
            update={"languages": tuple(each.model_copy(update={"ways": ways}) for each in made.languages)}
        ).with_source(source)

    async def choose(made: Plan) -> LanguagePlan:
        return (await stay_where_paid(made)).language("es-ES")

    await note_choice(begin().with_choice("es-ES", 1, "").language("es-ES"))
    assert (await choose(begin())).choice == 0  # noted, and then nothing was bought
    rows = ledger_rows()
    about = {"job": "reel", "provider": "dubformer", "account": "d#2", "locale": "es-ES"}
    subject = Subject(kind="dub", details=describe_reel(source.sha256, (None, None)), **about)
    rows.change("fallback", steps.record_receipt("fallback", subject, Receipt(id="project")))
    monkeypatch.setattr(paid_tasks, "_read_balances", no_balances)

    async def taken_in(*_: object) -> StoredFile:
        return source

    for name, stand_in in (
        ("ingest", taken_in),
        ("probe", lambda _path: SimpleNamespace(duration=Fraction(60))),
        ("describe_source", lambda *_: ()),
    ):
        monkeypatch.setattr(preview, name, stand_in)
    quoted = (await quote_job(begin(), Fraction(60))).quote
    assert (quoted["paid_minutes"], quoted["languages"]["es-ES"]["provider"]) == (0, "Dubformer")
    shown = await look_ahead(begin(), open_store(), lambda _key: None, None, stay_where_paid)
    assert shown["languages"]["es-ES"]["dubbing"]["provider"] == "Dubformer"
    chosen = await choose(begin())
    assert (chosen.choice, chosen.notes) == (1, ("Dubbed by Dubformer, who was paid for it before.",))
    assert (await choose(begin(trim={"end": 5}))).choice == 0  # another reel
    assert (await choose(begin(dubbing=account, fallback=[studio]))).choice == 0  # asked anew, in another order
    rows.change("fallback", steps.advance_row(State.FAILED))
    assert (await choose(begin())).choice == 0
    rows.close()


async def test_who_was_paid_is_known_without_the_store(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile]
) -> None:
    """The ledger is shared, or has outlived the store, which held the only note: the first choice is not paid too."""
    made = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    language = made.languages[0].model_copy(update={"choice": 1})
    reel = describe_reel(stored("source").sha256, (None, None))
    rows = ledger_rows()

    def claim(key: str, asked_as: str, account: str = "d#2") -> None:
        details = reel | {ASKED_AS: asked_as}
        subject = Subject(kind="dub", job="reel", provider="panjaya", account=account, locale="es-ES", details=details)
        rows.change(key, steps.claim_row(key, subject, "nobody", 0.0))

    async def choose() -> int:
        return (await stay_where_paid(made)).languages[0].choice

    claim("in-another-order", "another order")
    assert await choose() == 0  # the user has changed who is asked first
    claim("of-the-first", key_of_choice(language), account="d#1")
    assert await choose() == 0
    claim("intended", key_of_choice(language))  # a run that died in its purchase: it may have been made
    assert await choose() == 1
    rows.change("intended", steps.record_receipt("intended", Subject(kind="dub"), Receipt(id="v")))
    rows.change("intended", steps.advance_row(State.FAILED))
    assert await choose() == 0
    rows.close()


async def test_one_account_asked_in_several_ways_is_paid_for_one_of_them(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile]
) -> None:
    """The studio with lips, then without: what the first way was paid for is not bought the second way as well."""
    studio = {"provider": "panjaya", "credentials": "studio"}
    lips, anonymous = {**studio, "lips_model": "real_face"}, {**studio, "voice_anonymization": 0.5}
    made = plan("es-ES", "fr-FR", dubbing=lips, fallback=[studio, anonymous])
    ways = (Way(identity="p#1", works_here=False),) * 3
    languages = tuple(each.model_copy(update={"ways": ways}) for each in made.languages)
    made = made.model_copy(update={"languages": languages}).with_source(stored("source"))
    reel, rows = describe_reel(stored("source").sha256, (None, None)), ledger_rows()
    for locale, choice in (("es-ES", 0), ("fr-FR", 1)):
        language = made.language(locale).model_copy(update={"choice": choice})
        about = {"provider": "panjaya", "account": "p#1", "locale": locale}
        subject = Subject(kind="dub", job="reel", details=reel | describe_choice(language), **about)
        rows.change(locale, steps.record_receipt(locale, subject, Receipt(id=f"version of {locale}")))
    rows.close()
    assert [each.choice for each in (await stay_where_paid(made)).languages] == [0, 1]


def buy_at_fallback(made: Plan) -> None:
    """What another run does: it buys the first language from the job's second provider."""
    language, rows = made.languages[0], ledger_rows()
    assert language.source
    about = {"provider": "panjaya", "account": "d#2", "locale": language.locale}
    details = describe_reel(language.source.sha256, (None, None))
    subject = Subject(kind="dub", job="reel", details=details, **about)
    rows.change("theirs", steps.record_receipt("theirs", subject, Receipt(id="their version")))
    rows.close()


async def pay_twice() -> None:
    """Nobody may come to this."""
    raise AssertionError("it was bought elsewhere")


async def test_what_a_rival_bought_is_seen_though_the_clock_was_set_back(
    plan: Callable[..., Plan],
    stored: Callable[[str], StoredFile],
    empty_board: Board,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its row bears a time from before this run began."""
    made = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    assert (await stay_where_paid(made)).languages[0].choice == 0
    read_clock = SqlRows._read_clock
    monkeypatch.setattr(SqlRows, "_read_clock", lambda *args: read_clock(*args) - 3600)
    buy_at_fallback(made)
    with pytest.raises(PaidElsewhere) as paid:
        await buy_alone(made.languages[0], pay_twice)
    assert paid.value.choice == 1


async def test_what_a_rival_bought_while_this_run_stood_still_is_seen(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], empty_board: Board
) -> None:
    """Its turn was over by the time that it woke up: what it did is cancelled, and begun again."""
    made = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    assert (await stay_where_paid(made)).languages[0].choice == 0

    async def stand_still() -> None:
        buy_at_fallback(made)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await buy_alone(made.languages[0], stand_still)
    with pytest.raises(PaidElsewhere):
        await buy_alone(made.languages[0], pay_twice)


async def test_what_a_rival_bought_is_followed_once(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], empty_board: Board
) -> None:
    """Whoever is refused there goes on to another, and is not sent back for ever."""
    made = at_dubformer(
        plan, stored, {"provider": "panjaya", "credentials": "p"}, {"provider": "panjaya", "credentials": "q"}
    )
    await stay_where_paid(made)
    buy_at_fallback(made)
    with pytest.raises(PaidElsewhere):
        await buy_alone(made.languages[0], pay_twice)

    async def refuse() -> None:
        raise PaymentRequired("no minutes left")

    async def buy() -> str:
        return "bought"

    second, third = (made.languages[0].model_copy(update={"choice": number}) for number in (1, 2))
    with pytest.raises(PaymentRequired):
        await buy_alone(second, refuse)
    assert await buy_alone(third, buy) == "bought"
