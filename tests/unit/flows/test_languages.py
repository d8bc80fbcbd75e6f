"""Languages side by side: all that wait at once, each failure its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from flows.languages import Handover, each_language, run_alongside
from polyreel.errors import EngineError, HeldForPerson, LedgerError, MediaError, PolyreelError, StoreError
from polyreel.job import EmbeddedDubbing, Job
from polyreel.outcome import Problem, StoredFile
from polyreel.plans import LanguagePlan, Plan, Way
from polyreel.vendors.errors import JobFailed, PaymentRequired, ServerError, Unanswered, Unreachable
from tasks.run.progress import Board, board, use
from tasks.run.values import LanguageResult, Tracks

LOCALES = ("ar-SA", "bg-BG", "cs-CZ", "da-DK", "de-DE", "el-GR", "es-ES", "et-EE", "fi-FI", "fr-FR")
LOCALES += ("hi-IN", "hu-HU", "it-IT", "ja-JP", "ko-KR", "lt-LT", "lv-LV", "nl-NL", "pl-PL", "pt-BR")
NOTHING = StoredFile(uri="file:///nothing", sha256="0" * 64, bytes=0)


def planned() -> Plan:
    job = Job.model_validate(
        {
            "name": "reel",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": [{"locale": locale, "subtitles": "reel.vtt"} for locale in LOCALES],
        }
    )
    return Plan(job=job, languages=tuple(LanguagePlan(job=job, locale=locale) for locale in LOCALES))


def finished(language: LanguagePlan) -> LanguageResult:
    return LanguageResult(locale=language.locale, video=NOTHING, tracks=Tracks(files={}, script=NOTHING))


def with_fallback() -> Plan:
    dubbing = {"provider": "panjaya", "credentials": "studio"}
    job = Job.model_validate(
        {
            "name": "reel",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": ["es-ES"],
            "dubbing": dubbing,
            "fallback": [{"provider": "dubformer", "credentials": "account"}],
        }
    )
    ways = (Way(identity="p#1", works_here=False), Way(identity="d#2", works_here=False))
    language = LanguagePlan(job=job, locale="es-ES", ways=ways)
    return Plan(job=job, languages=(language,)).with_source(NOTHING)


FAILED = JobFailed("it failed", vendor="panjaya", job_id="1")


@pytest.mark.parametrize(
    ("error", "bought", "asked"),
    [
        (FAILED, True, ["panjaya", "dubformer"]),
        (MediaError("it is silent", code="vendor_rubbish"), True, ["panjaya", "dubformer"]),
        (PaymentRequired("no minutes left"), False, ["panjaya", "dubformer"]),
        (Unreachable("no connection"), False, ["panjaya", "dubformer"]),
        (Unreachable("no connection"), True, ["panjaya"]),
        (Unanswered("no answer"), False, ["panjaya"]),
        (HeldForPerson("it waits in the studio"), True, ["panjaya"]),
        (KeyError("a defect"), False, ["panjaya"]),
    ],
)
async def test_another_provider_is_paid_only_where_the_first_can_give_nothing_any_more(
    error: Exception, bought: bool, asked: list[str]
) -> None:
    """What was bought and will come is waited for; what may have been bought is not bought again elsewhere."""
    use(Board())
    seen = []

    async def chain(language: LanguagePlan) -> LanguageResult:
        seen.append(language.dubbing.provider)
        if len(seen) > 1:
            return finished(language)
        if bought:
            board().begin("submit", "es-ES")
            board().end("submit", "es-ES", "done")
        raise error

    done = await each_language(with_fallback(), chain)
    assert seen == asked
    assert bool(done.finished) == (len(asked) == 2)
    assert bool(done.held) == isinstance(error, HeldForPerson)


async def test_twenty_languages_that_wait_wait_together() -> None:
    """No chain waits for another one's vendor: all twenty are under way before the first one ends."""
    everybody = asyncio.Barrier(len(LOCALES))

    async def chain(language: LanguagePlan) -> LanguageResult:
        async with asyncio.timeout(10):
            await everybody.wait()
        return finished(language)

    done = await each_language(planned(), chain)
    assert [each.locale for each in done.finished] == list(LOCALES)
    assert not done.problems


async def test_a_language_that_fails_stops_no_other() -> None:
    """A known failure keeps its code, a defect is called one, and the rest is finished; so is a plan's own problem."""
    plan = planned()
    unspoken = Problem(code="no_voice", message="nobody speaks it", remedy="leave it out")
    languages = [
        each.model_copy(update={"problem": unspoken}) if n == 2 else each for n, each in enumerate(plan.languages)
    ]

    async def chain(language: LanguagePlan) -> LanguageResult:
        if language.locale == LOCALES[0]:
            raise EngineError("the model failed", where="kokoro")
        if language.locale == LOCALES[1]:
            raise KeyError("voice")
        return finished(language)

    done = await each_language(plan.model_copy(update={"languages": tuple(languages)}), chain)
    assert [each.locale for each in done.finished] == list(LOCALES[3:])
    codes = [done.problems[locale].code for locale in LOCALES[:3]]
    assert codes == ["engine_failed", "internal_error", "no_voice"]


async def test_work_goes_on_beside_the_languages() -> None:
    """The block runs while the work does, and gets its result as often as it asks."""
    begun = asyncio.Event()

    async def work() -> str:
        await begun.wait()
        return "parted"

    async with asyncio.timeout(10), run_alongside(work()) as result:
        begun.set()
        assert [await result(), await result()] == ["parted", "parted"]


async def test_when_the_work_beside_fails_the_block_ends_with_its_error() -> None:
    """Nobody goes on speaking for a reel whose sound can't be parted; the error is the work's own."""
    ended = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        raise EngineError("the network failed", where="separation")

    async def block() -> None:
        async with run_alongside(work()):
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

    with pytest.raises(EngineError, match="the network failed"):
        await block()
    assert ended.is_set()


async def test_when_the_block_fails_the_work_beside_ends() -> None:
    """Nothing runs on behind a job that has failed; and the error is the block's own."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def block() -> None:
        async with run_alongside(work()):
            await asyncio.sleep(0)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await block()
    assert ended.is_set()


async def test_who_waits_for_the_work_and_gives_up_does_not_end_it() -> None:
    """One language's cancellation is its own: the others still get the result."""
    gate = asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "parted"

    async with asyncio.timeout(10), run_alongside(work()) as result:
        waiting = asyncio.ensure_future(result())
        await asyncio.sleep(0)
        waiting.cancel()
        gate.set()
        assert await result() == "parted"


def asked_by(plan: Plan, error: Exception) -> tuple[list[str], Callable[[LanguagePlan], Awaitable[LanguageResult]]]:
    """A chain whose first provider fails, and whom it asked."""
    seen: list[str] = []

    async def chain(language: LanguagePlan) -> LanguageResult:
        seen.append(language.dubbing.provider)
        if language.choice == 0:
            raise error
        return finished(language)

    use(Board())
    return seen, chain


def costing_nothing(error: PolyreelError) -> PolyreelError:
    error.bought_nothing = True
    return error


@pytest.mark.parametrize("error", [ServerError("500"), StoreError("it could not be staged")])
async def test_what_is_known_to_have_cost_nothing_is_given_to_the_next(error: PolyreelError) -> None:
    """An upload that ended in a 500, a place for media that was full: somebody else dubs it."""
    seen, chain = asked_by(with_fallback(), costing_nothing(error))
    done = await each_language(with_fallback(), chain)
    assert (seen, len(done.finished)) == (["panjaya", "dubformer"], 1)


@pytest.mark.parametrize("failure", [None, LedgerError("down"), StoreError("no script"), OSError("gone")], ids=str)
async def test_what_an_earlier_run_may_have_bought_is_given_to_nobody(failure: Exception | None) -> None:
    """This run could not even ask; the last one's intent is open. It is said why nobody else dubs it."""
    seen, chain = asked_by(with_fallback(), Unreachable("no connection"))

    async def is_open(_language: LanguagePlan) -> bool:
        if failure:
            raise failure
        return True

    async def admit(_plan: Plan) -> None:
        raise AssertionError("nobody else is asked")

    done = await each_language(with_fallback(), chain, Handover(is_open, admit))
    problem = done.problems["es-ES"]
    assert seen == ["panjaya"]
    assert problem.code == "vendor_unreachable"
    assert "It was not given to Dubformer: Panjaya has, or may have, taken it" in problem.remedy


async def never_open(_language: LanguagePlan) -> bool:
    return False


async def test_a_fallback_that_costs_too_much_is_refused_before_it_is_asked() -> None:
    """In the budget's figures, and with what was in the way of the first one."""
    seen, chain = asked_by(with_fallback(), FAILED)

    async def admit(plan: Plan) -> None:
        assert [each.dubbing.provider for each in plan.languages] == ["dubformer"]
        raise PolyreelError("the dubs cost 2 minutes, and the budget is 1 minute", code="over_budget", remedy="Raise.")

    done = await each_language(with_fallback(), chain, Handover(never_open, admit))
    problem = done.problems["es-ES"]
    assert seen == ["panjaya"]
    assert (problem.code, problem.remedy) == ("over_budget", "Raise.")
    assert problem.message.startswith("the dubs cost 2 minutes, and the budget is 1 minute; ")
    assert problem.message.endswith("because Panjaya failed: it failed")


async def test_who_costs_nothing_dubs_what_is_too_dear_elsewhere() -> None:
    """The fallbacks are tried in their order; this machine needs no budget."""
    job = with_fallback().job.model_copy(
        update={"fallback": (*with_fallback().job.fallback, EmbeddedDubbing(provider="embedded"))}
    )
    ways = (*with_fallback().languages[0].ways, Way(works_here=True))
    plan = Plan(job=job, languages=(LanguagePlan(job=job, locale="es-ES", ways=ways),)).with_source(NOTHING)
    seen, chain = asked_by(plan, FAILED)

    async def admit(_plan: Plan) -> None:
        raise PolyreelError("too dear", code="over_budget")

    done = await each_language(plan, chain, Handover(never_open, admit))
    assert (seen, len(done.finished)) == (["panjaya", "embedded"], 1)


async def test_two_languages_that_go_elsewhere_at_once_are_asked_about_together() -> None:
    """Each alone would fit the budget: the second one is counted beside the first."""
    one = with_fallback()
    both = tuple(one.languages[0].model_copy(update={"locale": locale}) for locale in ("es-ES", "fr-FR"))
    plan = one.model_copy(update={"languages": both})
    _, chain = asked_by(plan, FAILED)

    async def admit(moved: Plan) -> None:
        await asyncio.sleep(0.05)
        if sum(each.choice for each in moved.languages) > 1:
            raise PolyreelError("both cost 2 minutes, and 1 is left", code="over_budget")

    done = await each_language(plan, chain, Handover(never_open, admit))
    assert len(done.finished) == 1
    assert [each.code for each in done.problems.values()] == ["over_budget"]


async def test_where_every_provider_failed_each_one_s_reason_is_said() -> None:
    """Not only the last one's: who tops up the first account has another way out than who mends the second."""
    use(Board())

    async def chain(language: LanguagePlan) -> LanguageResult:
        if language.choice == 0:
            raise PaymentRequired("no minutes are left", remedy="Top up.")
        raise JobFailed("the voice was lost", vendor="dubformer", job_id="2", remedy="Try again.")

    problem = (await each_language(with_fallback(), chain)).problems["es-ES"]
    assert problem.message == "Dubformer: the voice was lost; Panjaya failed before it: no minutes are left"
    assert problem.remedy == "Try again. Panjaya: Top up."


async def test_who_waits_for_a_person_says_who_failed_before() -> None:
    use(Board())

    async def chain(language: LanguagePlan) -> LanguageResult:
        raise FAILED if language.choice == 0 else HeldForPerson("it waits in Dubformer's studio")

    held = (await each_language(with_fallback(), chain)).held["es-ES"]
    assert held.message == "it waits in Dubformer's studio; Panjaya failed before it: it failed"
