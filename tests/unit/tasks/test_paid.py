"""What a run says that it paid: its own purchases, and no other dub of the same job's name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from polyreel.dubbing.submission import describe_reel
from polyreel.errors import PolyreelError
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.sql import SqlRows
from polyreel.machine import home
from polyreel.outcome import StoredFile
from polyreel.planning import preview
from polyreel.planning.preview import look_ahead
from polyreel.planning.quote import Quote
from polyreel.plans import LanguagePlan, Plan, Way
from polyreel.store.choice import open_store
from polyreel.vendors.errors import PaymentRequired
from tasks import paid as paid_tasks
from tasks.paid import (
    PaidElsewhere,
    buy_alone,
    may_be_bought,
    note_retention,
    purchases,
    quote_job,
    require_budget_left,
    stay_where_paid,
)
from tasks.run import accounts
from tasks.run.accounts import list_changed_accounts
from tasks.run.choice import ASKED_AS, describe_choice, key_of_choice
from tasks.run.noted import note_choice
from tasks.run.progress import Board

SOURCE = StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1)
DUBFORMER = {"provider": "dubformer", "credentials": "d"}


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


async def no_balances(_plan: Plan) -> dict[str, float]:
    """No vendor is asked."""
    return {}


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


async def nothing_refused(_plan: Plan, _locales: set[str]) -> dict[str, PolyreelError]:
    """Every vendor has every language."""
    return {}


async def test_a_budget_counts_what_came_to_nothing_before_another_is_paid(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two minutes lost at Panjaya are two of the job's three: Dubformer's two are refused, with the sum."""
    monkeypatch.setattr(paid_tasks, "find_refused", nothing_refused)
    reel = describe_reel("0" * 64, (None, None))
    studio, account = {"provider": "panjaya", "credentials": "studio"}, {"provider": "dubformer", "credentials": "x"}

    def begin(minutes: float, **more: Any) -> Plan:
        made = plan("es-ES", dubbing=studio, fallback=[account], budget={"minutes": minutes}, **more)
        ways = (Way(identity="p#1", works_here=False), Way(identity="d#2", works_here=False))
        each = made.languages[0].model_copy(update={"ways": ways, "source": SOURCE, "choice": 1})
        return made.model_copy(update={"languages": (each,), "source": SOURCE})

    rows = ledger_rows()
    subject = Subject(
        kind="dub", job="reel", provider="panjaya", account="p#1", locale="es-ES", minutes=2, details=reel
    )
    rows.change("lost", steps.record_receipt("lost", subject, Receipt(id="v1")))
    rows.change("lost", steps.advance_row(State.FAILED))
    rows.close()
    reel_of_two = SimpleNamespace(duration="120")
    with pytest.raises(PolyreelError) as refused:
        await require_budget_left(begin(3), reel_of_two)  # type: ignore[arg-type]
    assert refused.value.code == "over_budget"
    assert "cost 4 minutes, 2 minutes of them paid before, and the budget is 3 minutes" in refused.value.message
    assert "Nothing was spent" not in refused.value.remedy
    await require_budget_left(begin(4), reel_of_two)  # type: ignore[arg-type]


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


def at_dubformer(plan: Callable[..., Plan], stored: Callable[[str], StoredFile], *more: dict[str, Any]) -> Plan:
    """Two languages of a minute each at Dubformer's first account, with what is to stand behind it."""
    made = plan("es-ES", "fr-FR", dubbing=DUBFORMER, fallback=list(more))
    ways = (
        Way(identity="d#1", works_here=False),
        *(Way(identity=f"d#{n + 2}", works_here=False) for n in range(len(more))),
    )
    languages = tuple(each.model_copy(update={"ways": ways}) for each in made.languages)
    return made.model_copy(update={"languages": languages}).with_source(stored("source"))


@pytest.fixture
def balances(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the accounts have; no vendor is asked for anything else."""
    told: dict[str, float] = {}

    async def read_balances(asked: Plan) -> dict[str, float]:
        used = {each.way.identity for each in asked.runnable()}
        return {account: minutes for account, minutes in told.items() if account in used}

    async def is_open(_job: object) -> None:
        return None

    monkeypatch.setattr(paid_tasks, "_read_balances", read_balances)
    monkeypatch.setattr(paid_tasks, "find_refused", nothing_refused)
    monkeypatch.setattr(paid_tasks, "require_open", is_open)
    return told


async def test_a_language_goes_on_to_whose_account_can_pay_for_it(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], balances: dict[str, float]
) -> None:
    """The second account is asked, too; where none of them can, each one's figures are said."""
    second = {"provider": "dubformer", "credentials": "two"}
    balances.update({"d#1": 1, "d#2": 1})
    priced = await quote_job(at_dubformer(plan, stored, second), Fraction(60))
    assert [each.choice for each in priced.plan.languages] == [0, 1]
    assert priced.quote["paid_minutes"] == 2
    balances["d#2"] = 0.5
    with pytest.raises(PolyreelError) as refused:
        await quote_job(at_dubformer(plan, stored, second), Fraction(60))
    assert refused.value.code == "balance_too_small"
    assert "the dubs cost 1 minute, and the account has 0.5 minutes" in refused.value.message
    assert "Dubformer's account has 1 minute, and the dubs there cost 2 minutes" in refused.value.message


async def test_an_empty_account_does_not_keep_a_run_from_what_it_may_have_bought(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], balances: dict[str, float]
) -> None:
    """The last minute went into a purchase whose answer was lost: it is looked for, by nobody else, and not refused."""
    balances["d#1"] = 0
    job = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    reel = describe_reel(stored("source").sha256, (None, None))
    rows = ledger_rows()
    for key, locale in (("1", "es-ES"), ("2", "fr-FR")):
        subject = Subject(kind="dub", provider="dubformer", account="d#1", locale=locale, details=reel)
        rows.change(key, steps.claim_row(key, subject, "nobody", 0.0))
    priced = await quote_job(job, Fraction(60))
    assert [each.choice for each in priced.plan.languages] == [0, 0]
    rows.change("2", steps.hold_for_person("nobody", "the list"))
    assert (await quote_job(job, Fraction(60))).plan.languages[1].choice == 0
    rows.close()


async def test_a_purchase_that_is_answered_while_balances_are_compared_is_made_by_nobody_else(
    plan: Callable[..., Plan],
    stored: Callable[[str], StoredFile],
    balances: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another run has spent the last minutes; its answers come after the ledger was asked, and before it is again."""
    balances["d#1"] = 0
    job = at_dubformer(plan, stored, {"provider": "panjaya", "credentials": "p"})
    reel, rows = describe_reel(stored("source").sha256, (None, None)), ledger_rows()
    subjects = {
        each: Subject(kind="dub", provider="dubformer", account="d#1", locale=each, minutes=1, details=reel)
        for each in ("es-ES", "fr-FR")
    }
    for key, subject in subjects.items():
        rows.change(key, steps.claim_row(key, subject, "another run", 0.0))
    quote_plan, asked = paid_tasks._quote_plan, list[int]()

    async def answer_after_a_look(plan: Plan, seconds: Fraction) -> Quote:
        quote = await quote_plan(plan, seconds)
        asked.append(1)
        if len(asked) == 3:
            for key, subject in subjects.items():
                rows.change(key, steps.record_receipt(key, subject, Receipt(id=f"project of {key}")))
        return quote

    monkeypatch.setattr(paid_tasks, "_quote_plan", answer_after_a_look)
    assert [each.choice for each in (await quote_job(job, Fraction(60))).plan.languages] == [0, 0]
    assert len(asked) >= 3
    rows.close()


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
