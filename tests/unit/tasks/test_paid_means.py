"""What is bought stays within the budget, and within what accounts have."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from polyreel.dubbing.submission import describe_reel
from polyreel.errors import PolyreelError
from polyreel.job import Budget
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.outcome import StoredFile
from polyreel.planning.quote import Quote
from polyreel.plans import Plan, Way
from tasks import paid as paid_tasks
from tasks.paid import (
    quote_job,
    require_budget_left,
)
from tests.unit.tasks.offers import at_dubformer, nothing_refused

SOURCE = StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1)


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


async def test_a_budget_counts_only_what_is_bought_once_accounts_have_been_asked(
    plan: Callable[..., Plan], stored: Callable[[str], StoredFile], balances: dict[str, float]
) -> None:
    """An empty account leaves both languages to this machine, which costs nothing: no budget is too small for that."""
    made = at_dubformer(plan, stored, {"provider": "embedded"})
    job = made.job.model_copy(update={"budget": Budget(minutes=1)})
    languages = tuple(each.model_copy(update={"job": job, "ways": (each.ways[0], Way())}) for each in made.languages)
    made = made.model_copy(update={"job": job, "languages": languages})
    balances["d#1"] = 0
    priced = await quote_job(made, Fraction(60))
    assert ([each.choice for each in priced.plan.languages], priced.quote["paid_minutes"]) == ([1, 1], 0)
    balances["d#1"] = 5
    with pytest.raises(PolyreelError) as refused:
        await quote_job(made, Fraction(60))
    assert refused.value.code == "over_budget"
