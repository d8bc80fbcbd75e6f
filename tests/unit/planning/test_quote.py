"""The quote: what a run would spend, beside what was bought before; refused before spending, with figures."""

from __future__ import annotations

import pytest

from polyreel.dubbing.submission import describe_reel
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.job import Job
from polyreel.ledger.entry import Entry, State
from polyreel.outcome import StoredFile
from polyreel.planning.quote import (
    Offer,
    Quote,
    describe,
    quote_languages,
    require_balance,
    require_budget,
    rows_by_place,
)
from polyreel.plans import Plan

PANJAYA, DUBFORMER = "https://api.panjaya.ai#1", "https://app.dubformer.ai#2"
OFFERS = (
    Offer(locale="fr-FR", provider="Panjaya", account=PANJAYA, minutes=3, key="fr"),
    Offer(locale="de-DE", provider="Panjaya", account=PANJAYA, minutes=3, key="de"),
    Offer(locale="it-IT", provider="Dubformer", account=DUBFORMER, minutes=4, key="it"),
    Offer(locale="hi-IN", provider="this machine", minutes=0),
)


def row(key: str, state: State, **more: float) -> Entry:
    return Entry(key=key, kind="dub", state=state, quoted_minutes=3, **more)  # type: ignore[arg-type]


def quoted(*rows: Entry) -> Quote:
    return quote_languages(OFFERS, {each.key: each for each in rows})


def test_what_was_never_bought_is_spent() -> None:
    quote = quoted()
    assert (quote.to_spend, quote.bought) == (10, 0)
    assert quote.by_account() == {PANJAYA: 6, DUBFORMER: 4}
    assert describe(quote, {DUBFORMER: 90}) == (
        "10 minutes to spend; Panjaya: fr-FR 3, de-DE 3; Dubformer: it-IT 4; Dubformer has 90 minutes left."
    )


@pytest.mark.parametrize("state", [State.SUBMITTED, State.READY, State.COLLECTED, State.FAILED, State.FORGOTTEN])
def test_what_has_a_receipt_is_not_spent_again_and_counts_as_it_was_charged(state: State) -> None:
    quote = quoted(row("fr", state, charged_minutes=2))
    assert (quote.to_spend, quote.bought) == (7, 2)
    assert "2 minutes were bought before" in describe(quote)


@pytest.mark.parametrize("state", [State.INTENDED, State.UNRESOLVED])
def test_what_may_not_have_been_bought_counts_as_something_to_spend(state: State) -> None:
    assert quoted(row("fr", state)).to_spend == 10


def test_everything_bought_leaves_nothing_to_spend() -> None:
    quote = quoted(*(row(key, State.COLLECTED, charged_minutes=3) for key in ("fr", "de", "it")))
    assert describe(quote) == "Nothing more to spend; 9 minutes were bought before."
    require_budget(quote, 1)  # it was paid; refusing now would save nothing
    assert describe(quote_languages(OFFERS[3:], {})) == "Nothing is charged."


def test_a_budget_refuses_before_spending_with_figures() -> None:
    require_budget(quoted(), None)
    require_budget(quoted(), 10)
    with pytest.raises(InvalidJob) as refused:
        require_budget(quoted(), 9.5)
    assert refused.value.code == "over_budget"
    assert refused.value.message == "the dubs of 4 languages cost 10 minutes, and the budget is 9.5 minutes"
    with pytest.raises(InvalidJob, match="cost 12 minutes, 5 minutes of them paid before, and the budget is 11"):
        require_budget(quoted(row("fr", State.COLLECTED, charged_minutes=5)), 11)


def test_a_balance_that_is_too_small_is_said_before_spending() -> None:
    require_balance(quoted(), {DUBFORMER: 4})
    require_balance(quoted(), {})  # Panjaya does not tell
    with pytest.raises(PolyreelError, match="the dubs cost 4 minutes, and the account has 1 minute") as refused:
        require_balance(quoted(), {DUBFORMER: 1, PANJAYA: 100})
    assert (refused.value.code, refused.value.where) == ("balance_too_small", "Dubformer")
    require_balance(quoted(row("it", State.SUBMITTED)), {DUBFORMER: 0})


def of_job(name: str, source: str = "", trim: tuple[float, float] | None = None) -> Plan:
    job = Job.model_validate(
        {
            "name": name,
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": ["fr-FR"],
            "dubbing": {"provider": "panjaya", "credentials": "studio"},
            "delivery": [{"to": "folder", "path": "out"}],
            "trim": {"start": trim[0], "end": trim[1]} if trim else None,
        }
    )
    return Plan(job=job, languages=(), source=StoredFile(uri="file:///r", sha256=source, bytes=1) if source else None)


def test_a_jobs_rows_stand_beside_its_languages_by_account() -> None:
    rows = [
        row("a", State.COLLECTED).model_copy(update={"locale": "fr-FR", "account": PANJAYA}),
        row("b", State.UNRESOLVED).model_copy(update={"locale": "de-DE", "account": PANJAYA}),
        row("c", State.COLLECTED).model_copy(update={"locale": "it-IT", "account": DUBFORMER, "kind": "asset"}),
    ]
    named = [each.model_copy(update={"job": "autumn"}) for each in rows]
    assert set(rows_by_place(named, of_job("autumn"))) == {f"fr-FR@{PANJAYA}"}
    assert not rows_by_place(named, of_job("winter"))


@pytest.mark.parametrize(
    ("plan", "counts"),
    [
        (of_job("autumn", "1" * 64), True),
        (of_job("of-another-name", "1" * 64), True),
        (of_job("autumn", "2" * 64), False),
        (of_job("autumn", "1" * 64, (0, 30)), False),
    ],
    ids=["the same", "under another name", "another reel", "another part of it"],
)
def test_another_reel_of_the_same_jobs_name_was_not_bought(plan: Plan, counts: bool) -> None:
    """Else a budget would be believed to be kept that is not."""
    known = {"job": "autumn", "locale": "fr-FR", "account": PANJAYA, "details": describe_reel("1" * 64, (None, None))}
    found = rows_by_place([row("a", State.COLLECTED).model_copy(update=known)], plan)
    assert bool(found) is counts
