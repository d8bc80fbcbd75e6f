"""Languages side by side: all that wait at once, each failure its own."""

from __future__ import annotations

import asyncio

import pytest

from flows.languages import each_language, run_alongside
from polyreel.errors import EngineError, HeldForPerson, MediaError
from polyreel.job import Job
from polyreel.outcome import Problem, StoredFile
from polyreel.plans import LanguagePlan, Plan, Way
from polyreel.vendors.errors import JobFailed, PaymentRequired, Unanswered, Unreachable
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
