"""Two runs of one job at once: a language that one of them gives to a fallback is bought once, whoever is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from flows.languages import Handover, each_language
from polyreel.dubbing.submission import describe_reel
from polyreel.job import Job
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, Receipt, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Filter
from polyreel.outcome import StoredFile
from polyreel.plans import LanguagePlan, Plan, Way
from polyreel.vendors.errors import CallError, PaymentRequired
from tasks.paid import buy_alone, may_be_bought, stay_where_paid
from tasks.run.progress import Board, use
from tasks.run.values import LanguageResult, LanguageResults, Tracks

SOURCE = StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1)
Call = Callable[[str], Awaitable[None]]
"""What a vendor does when it is asked for the dub; it notes what it took in a file by its name."""


def begin() -> Plan:
    job = Job.model_validate(
        {
            "name": "reel",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": ["es-ES"],
            "dubbing": {"provider": "panjaya", "credentials": "studio"},
            "fallback": [{"provider": "dubformer", "credentials": "account"}],
        }
    )
    ways = (Way(identity="p#1", works_here=False), Way(identity="d#2", works_here=False))
    return Plan(job=job, languages=(LanguagePlan(job=job, locale="es-ES", ways=ways),)).with_source(SOURCE)


async def admit_all(_plan: Plan) -> None:
    """There is no budget."""


def note(folder: Path, name: str) -> None:
    with (folder / name).open("a") as file:
        file.write("x")


def count(folder: Path, name: str) -> int:
    return len((folder / name).read_text()) if (folder / name).exists() else 0


async def run(
    folder: Path,
    call: Call,
    admit: Callable[[Plan], Awaitable[None]] = admit_all,
    not_before: Path | None = None,
) -> LanguageResults:
    """One run of the job: its language is bought by the ledger, at who dubs it then."""
    use(Board())

    async def buy(language: LanguagePlan) -> Entry:
        provider = language.dubbing.provider

        async def make() -> Receipt:
            await call(provider)
            note(folder, provider)
            return Receipt(id=provider)

        async def find(_entry: Entry) -> Finding:
            return Found(Receipt(id=provider)) if count(folder, provider) else NotThere()

        about = {"provider": provider, "account": language.way.identity, "locale": language.locale}
        details = describe_reel(SOURCE.sha256, (None, None))
        async with Ledger(timing=Timing(lease=0.5, quiet=0)) as ledger:
            return await ledger.once(
                provider, make, find, subject=Subject(kind="dub", job="reel", details=details, **about)
            )

    async def chain(language: LanguagePlan) -> LanguageResult:
        if not_before:
            await wait_for_file(not_before)
        await buy_alone(language, lambda: buy(language))
        return LanguageResult(locale=language.locale, video=SOURCE, tracks=Tracks(files={}, script=SOURCE))

    return await each_language(await stay_where_paid(begin()), chain, Handover(may_be_bought, admit))


async def take(_provider: str) -> None:
    """It works."""


async def wait_for_file(path: Path) -> None:
    async with asyncio.timeout(30):
        while not path.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)


async def test_who_waited_for_the_first_choice_follows_to_the_fallback(tmp_path: Path) -> None:
    """The first run is refused there, and pays the fallback; by then the first choice works again."""

    async def refuse_first(provider: str) -> None:
        if provider == "panjaya":
            (tmp_path / "begun").touch()
            await asyncio.sleep(0.5)
            raise PaymentRequired("no minutes left")

    async def rival() -> LanguageResults:
        await wait_for_file(tmp_path / "begun")
        return await run(tmp_path, take)

    first, second = await asyncio.gather(run(tmp_path, refuse_first), rival())
    assert [len(each.finished) for each in (first, second)] == [1, 1]
    assert count(tmp_path, "panjaya") + count(tmp_path, "dubformer") == 1


async def test_who_was_refused_comes_back_to_what_the_other_run_has_bought(tmp_path: Path) -> None:
    """The other run was let in at the first choice before the fallback was asked."""

    async def refuse_first(provider: str) -> None:
        assert provider == "panjaya"
        (tmp_path / "begun").touch()
        await asyncio.sleep(0.5)
        raise PaymentRequired("no minutes left")

    async def rival() -> LanguageResults:
        await wait_for_file(tmp_path / "begun")
        return await run(tmp_path, take)

    async def admit_late(_plan: Plan) -> None:
        await wait_for_file(tmp_path / "panjaya")

    first, second = await asyncio.gather(run(tmp_path, refuse_first, admit_late), rival())
    assert [len(each.finished) for each in (first, second)] == [1, 1]
    assert (count(tmp_path, "panjaya"), count(tmp_path, "dubformer")) == (1, 0)


async def die_at_the_fallback(folder: Path) -> None:
    """What a run does that is killed when the fallback has taken the dub, and has not answered."""

    async def call(provider: str) -> None:
        if provider == "panjaya":
            (folder / "begun").touch()
            await wait_for_file(folder / "rival-began")
            raise PaymentRequired("no minutes left")
        note(folder, provider)
        os.kill(os.getpid(), signal.SIGKILL)

    await run(folder, call)


async def test_a_run_that_is_killed_at_the_fallback_leaves_it_paid(tmp_path: Path) -> None:
    """By SIGKILL: who waited finds what was bought at the fallback, and pays nobody."""
    program = (
        "import asyncio, pathlib; from tests.integration.flows.test_rival_runs import die_at_the_fallback; "
        f"asyncio.run(die_at_the_fallback(pathlib.Path({str(tmp_path)!r})))"
    )
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await wait_for_file(tmp_path / "begun")
    # It has looked who was paid before the fallback was, and asks its first choice after that.
    waiting = asyncio.create_task(run(tmp_path, take, not_before=tmp_path / "dubformer"))
    await asyncio.sleep(0.5)
    (tmp_path / "rival-began").touch()
    async with asyncio.timeout(60):
        assert await dying.wait() == -signal.SIGKILL
        done = await waiting
    assert len(done.finished) == 1
    assert (count(tmp_path, "panjaya"), count(tmp_path, "dubformer")) == (0, 1)
    async with Ledger() as ledger:
        rows = await ledger.select(Filter(kind="dub"))
    assert [(row.provider, row.is_open) for row in rows] == [("dubformer", False)]


async def test_two_runs_that_are_both_refused_everywhere_end(tmp_path: Path) -> None:
    """Nobody waits for the other for ever, and no claim stays."""

    async def refuse(provider: str) -> None:
        raise PaymentRequired(f"no minutes left at {provider}")

    async with asyncio.timeout(60):
        both = await asyncio.gather(run(tmp_path, refuse), run(tmp_path, refuse))
    assert [each.problems["es-ES"].code for each in both] == ["balance_too_small"] * 2
    async with Ledger() as ledger:
        assert await ledger.list_claims() == []


async def test_a_run_that_is_cancelled_in_its_turn_lets_the_other_one_buy(tmp_path: Path) -> None:
    """Its intent is looked for first, and its claim is nobody's."""

    async def hang(_provider: str) -> None:
        (tmp_path / "begun").touch()
        await asyncio.sleep(600)
        raise CallError("never")

    first = asyncio.create_task(run(tmp_path, hang))
    await wait_for_file(tmp_path / "begun")
    second = asyncio.create_task(run(tmp_path, take))
    await asyncio.sleep(0.3)
    first.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await first
        assert len((await second).finished) == 1
    assert (count(tmp_path, "panjaya"), count(tmp_path, "dubformer")) == (1, 0)
