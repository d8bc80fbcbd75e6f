"""An account that can't pay for all of its languages: who dubs them instead, and what is refused, in figures."""

from __future__ import annotations

import pytest

from polyreel.errors import PolyreelError
from polyreel.job import Job
from polyreel.outcome import Problem
from polyreel.planning.balances import find_moves, is_account_short
from polyreel.planning.quote import Quote, offers_of, quote_languages
from polyreel.plans import LanguagePlan, Plan, Way

DUBFORMER, OTHER = "https://app.dubformer.ai#1", "https://app.dubformer.ai#2"
LACKS = Problem(code="missing_script", message="no script", remedy="Give one.")


def make_plan(alone: tuple[str, ...] = ()) -> Plan:
    """Three languages at Dubformer, behind it another account of it and this machine; ``alone`` have only the first."""
    locales = ("fr-FR", "de-DE", "it-IT")
    dubformer = {"provider": "dubformer", "credentials": "one"}
    job = Job.model_validate(
        {
            "name": "reel",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": locales,
            "dubbing": dubformer,
            "fallback": [{**dubformer, "credentials": "two"}, {"provider": "embedded"}],
        }
    )

    def ways(locale: str) -> tuple[Way, ...]:
        problem = LACKS if locale in alone else None
        first = Way(identity=DUBFORMER, works_here=False)
        return (first, Way(identity=OTHER, works_here=False, problem=problem), Way(problem=problem))

    return Plan(job=job, languages=tuple(LanguagePlan(job=job, locale=each, ways=ways(each)) for each in locales))


def quote_plan(plan: Plan) -> Quote:
    return quote_languages(offers_of(plan.languages, 120), {})  # type: ignore[arg-type]


def test_what_the_account_can_not_pay_for_is_given_to_the_next_in_figures() -> None:
    """The job's order decides who stays: two minutes are enough for the first language alone."""
    plan = make_plan()
    quote = quote_plan(plan)
    assert is_account_short(quote, {DUBFORMER: 5.9})
    moves = find_moves(plan, quote, {DUBFORMER: 2})
    assert [(each.locale, each.choice) for each in moves] == [("de-DE", 1), ("it-IT", 1)]
    assert moves[0].note == (
        "Given to Dubformer: Dubformer's account has 2 minutes, and the dubs there cost 6 minutes."
    )
    assert not is_account_short(quote, {DUBFORMER: 6})
    assert find_moves(plan, quote, {DUBFORMER: 6}) == ()
    assert find_moves(plan, quote, {OTHER: 0}) == ()  # who does not tell is asked


def test_who_has_no_other_provider_stays_before_those_who_have() -> None:
    """Else the first language would take the minutes of the last one, which nobody else can dub."""
    plan = make_plan(alone=("it-IT",))
    moves = find_moves(plan, quote_plan(plan), {DUBFORMER: 3})
    assert [each.locale for each in moves] == ["fr-FR", "de-DE"]


def test_where_nobody_else_can_dub_it_is_refused_before_spending() -> None:
    """In figures; with a fallback that can't do enough of the languages, that is said too."""
    for alone, told in (
        (("fr-FR", "de-DE", "it-IT"), ""),
        (("de-DE", "it-IT"), ", nor can a fallback dub enough of them"),
    ):
        plan = make_plan(alone)
        with pytest.raises(PolyreelError) as refused:
            find_moves(plan, quote_plan(plan), {DUBFORMER: 3.5})
        assert (refused.value.code, refused.value.where) == ("balance_too_small", "Dubformer")
        assert refused.value.message == f"the dubs cost 6 minutes, and the account has 3.5 minutes{told}"
        assert "Nothing was spent" in refused.value.remedy


def test_what_may_have_been_bought_is_neither_counted_nor_given_away() -> None:
    """Its intent is open, and the minutes that are missing may be its own: the run looks for it first."""
    plan = make_plan()
    assert find_moves(plan, quote_plan(plan), {DUBFORMER: 4}, {"fr-FR"}) == ()
    moves = find_moves(plan, quote_plan(plan), {DUBFORMER: 2}, {"fr-FR"})
    assert [each.locale for each in moves] == ["it-IT"]
    assert find_moves(make_plan(("fr-FR",)), quote_plan(plan), {DUBFORMER: 4}, {"fr-FR"}) == ()
