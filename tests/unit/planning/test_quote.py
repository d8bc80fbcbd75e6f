"""The quote: what a run would spend, beside what was bought before; refused before spending, with figures."""

from __future__ import annotations

from typing import Any

import pytest

from polyreel.dubbing.submission import describe_reel
from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.ledger.entry import Entry, State
from polyreel.outcome import StoredFile
from polyreel.planning.quote import (
    Offer,
    Quote,
    count_otherwise,
    describe,
    describe_order,
    quote_languages,
    require_budget,
    rows_by_place,
)
from polyreel.plans import EditedScript, LanguagePlan, Plan
from polyreel.store.choice import open_store

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


def planned(words: str = "Bonjour.", **options: Any) -> Plan:
    """A plan of one language with a script, and with options of its vendor."""
    script = open_store().keep_bytes(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{words}\n".encode(), ".vtt")
    job = Job.model_validate(
        {
            "name": "autumn",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": [{"locale": "fr-FR", "subtitles": "fr.vtt"}],
            "dubbing": {"provider": "panjaya", "credentials": "studio", **options},
            "delivery": [{"to": "folder", "path": "out"}],
        }
    )
    reel = StoredFile(uri="file:///r", sha256="1" * 64, bytes=1)
    return Plan(job=job, languages=(LanguagePlan(job=job, locale="fr-FR", script=script),), source=reel)


def bought(plan: Plan, minutes: float = 4) -> Entry:
    """The row of what that plan's language cost."""
    details = describe_reel("1" * 64, (None, None)) | {"order": describe_order(plan.languages[0])}
    known = {"job": "autumn", "locale": "fr-FR", "account": PANJAYA, "details": details, "charged_minutes": minutes}
    return row(details["order"][:8], State.COLLECTED).model_copy(update=known)


def test_what_was_asked_for_otherwise_was_not_bought_and_was_paid_of_the_same_budget() -> None:
    """Another script or option is another purchase: a budget that took it for bought would not be kept."""
    first, other_words, other_lips = planned(), planned("Bonsoir."), planned(lips_model="real_face")
    rows = [bought(first)]
    assert rows_by_place(rows, first)
    assert rows_by_place(rows, planned())
    assert not rows_by_place(rows, other_words)
    assert not rows_by_place(rows, other_lips)
    assert count_otherwise(rows, first, rows) == 0
    assert count_otherwise(rows, other_words, []) == 4
    quote = quote_languages(OFFERS[:1], {}, count_otherwise(rows, other_words, []))
    whole = quote.to_spend + 4
    with pytest.raises(InvalidJob, match="4 minutes of them paid before"):
        require_budget(quote, whole - 1)
    require_budget(quote, whole)


def test_an_order_is_the_same_before_and_after_people_worked_on_its_script() -> None:
    """A dub that was bought is changed to what they wrote, and costs nothing more."""
    plan = planned()
    language = plan.languages[0]
    assert language.script
    edited = EditedScript(script=planned("Salut.").languages[0].script or language.script, made=language.script)
    assert describe_order(language.with_edited_script(edited)) == describe_order(language)
    drafted = language.model_copy(update={"job": of_job("autumn").job, "script": None})
    assert describe_order(drafted) == describe_order(drafted.model_copy(update={"script": language.script}))
