"""What a job names at vendors, looked at by calls that cost and change nothing: keys, assets, buckets, folders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prefect.logging import get_logger

from polyreel.delivery.places import PLACES, require_apart
from polyreel.dubbing.port import Request
from polyreel.dubbing.providers import provider_of, require_language
from polyreel.errors import FetchError, InvalidJob, PolyreelError, VendorError
from polyreel.errors.together import Faults
from polyreel.job import Dubbing, Job
from polyreel.objects.connection import Connection
from polyreel.plans import Plan, voices_of
from polyreel.sources.port import scheme_of
from polyreel.vendors.errors import AccountLimit, Malformed, NotFound, Unauthorized, WrongAddress
from tasks.run.connections import account_of, client_of, connection_of, load_saved

log = get_logger("polyreel.looks")
SECONDS = 8.0
"""How long one look may take. What has not answered by then is left to the run, which has more patience."""
# One lost packet should not make a note; more would outlast SECONDS.
_ATTEMPTS = 2
_SURE = (InvalidJob, Unauthorized, AccountLimit, NotFound, Malformed, WrongAddress)
"""What no waiting mends. A vendor that is away, busy or at fault may do when it is needed; a right that this look
needs may be another than that of the work."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at. ``what`` is for people; ``dubs``: the place of the job's provider that needs it."""

    what: str
    ask: Callable[[], Awaitable[None]]
    dubs: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What looking gave: what is surely wrong, and notes of what could not be told."""

    faults: tuple[PolyreelError, ...] = ()
    notes: tuple[str, ...] = ()


async def require_open(job: Job) -> None:
    """See that the accounts that a job dubs, delivers and stages with take their keys, and have what it names.

    Asked before something is bought. Raises what is wrong, all of it.
    """
    faults = Faults()
    faults.add(*(await look_at_vendors(job)).faults)
    faults.require_none()


async def look_at_vendors(job: Job, *, source: bool = False) -> Seen:
    """Look at everything that a job names at vendors, all at the same time; with ``source``, at its source too.

    What is wrong with a provider is a note where another of the job's providers is well: that one dubs then.
    """
    from polyreel.vendors.retry import attempts_limited

    looks = [*_of_providers(job), *_of_places(job), *(_of_source(job) if source else ())]
    with attempts_limited(_ATTEMPTS):
        answers, languages = await asyncio.gather(asyncio.gather(*map(_look, looks)), _look_at_languages(job))
    found = list(zip(looks, answers, strict=True))
    sure = [(look, error) for look, error in found if isinstance(error, _SURE)]
    refused = {look.dubs for look, _ in sure} - {None}
    # At least one of the job's providers is left, and dubs.
    spared = len(refused) <= len(job.fallback)
    notes = [
        f"{look.what} was not looked at: {error.describe()}"
        for look, error in found
        if error and (look, error) not in sure
    ]
    notes += [
        f"{look.what} can't be used: {error.describe()}" for look, error in sure if spared and look.dubs is not None
    ]
    faults = (error for look, error in sure if look.dubs is None or not spared)
    return Seen((*faults, *languages.faults), (*dict.fromkeys(notes), *languages.notes))


def list_looks(job: Job) -> tuple[str, ...]:
    """What `look_at_vendors` would look at, for people."""
    looks = [*_of_providers(job), *_of_places(job), *_of_source(job)]
    return tuple(dict.fromkeys(look.what for look in looks))


async def _look(look: Look) -> PolyreelError | None:
    try:
        async with asyncio.timeout(SECONDS):
            await look.ask()
    except TimeoutError:
        return VendorError(f"no answer within {SECONDS:g} s", code="vendor_still_working", where=look.what)
    except PolyreelError as error:
        return error
    return None


async def _look_at_languages(job: Job) -> Seen:
    """What providers lack by their own lists: wrong where nobody dubs any language of the job, else a note for each."""
    asked = [Request(job.source.locale, target.locale, voices_of(target)) for target in job.targets]
    able, lacking, notes = set[str](), dict[str, PolyreelError](), list[str]()
    behind = list[str]()
    for options in (job.dubbing, *job.fallback):
        taken = [each for each in asked if _takes(options, each)]
        try:
            refused = await _ask_for_languages(options, taken) if taken else {}
        except PolyreelError as error:
            refused = {}
            if not isinstance(error, _SURE):  # else the look at its account has told
                notes.append(f"{provider_of(options).title}'s languages were not looked at: {error.describe()}")
        # Who comes after somebody that can has only to step in; before it, the language goes on.
        behind += [_name_lack(options, error) for locale, error in refused.items() if locale in able]
        lacking = {locale: error for locale, error in refused.items() if locale not in able} | lacking
        able |= {each.target for each in taken} - refused.keys()
    if not able:
        return Seen(
            tuple(
                InvalidJob(each.message.rstrip("."), code=each.code, where=locale, remedy=each.remedy)
                for locale, each in lacking.items()
            ),
            tuple(notes),
        )
    notes += [
        f"{locale} {'goes to the next provider' if locale in able else 'will fail'}: {each.describe()}"
        for locale, each in lacking.items()
    ]
    return Seen(notes=(*notes, *behind))


def _name_lack(options: Dubbing, lack: PolyreelError) -> str:
    return f"The fallback {provider_of(options).title} can't take over: {lack.describe()}"


async def find_refused(plan: Plan, locales: Collection[str]) -> dict[str, PolyreelError]:
    """Of these languages those that the provider who is to dub them lacks, by its own lists: none is bought there."""
    from polyreel.vendors.retry import attempts_limited

    asked: dict[str, tuple[Dubbing, list[Request]]] = {}
    voices = {each.locale: voices_of(each) for each in plan.job.targets}
    for each in plan.runnable():
        if each.locale in locales:
            _, requests = asked.setdefault(each.dubbing.model_dump_json(), (each.dubbing, []))
            requests.append(Request(plan.job.source.locale, each.locale, voices.get(each.locale, ())))
    refused = dict[str, PolyreelError]()
    with attempts_limited(_ATTEMPTS):
        for options, requests in asked.values():
            try:
                refused |= await _ask_for_languages(options, requests)
            except PolyreelError as error:
                log.debug("%s's languages were not looked at: %s", provider_of(options).title, error)
    return refused


def _takes(options: Dubbing, asked: Request) -> bool:
    """Whether a provider takes a language as far as is known without asking it."""
    try:
        require_language(options, asked)
    except PolyreelError:
        return False
    return True


async def _ask_for_languages(options: Dubbing, asked: Sequence[Request]) -> dict[str, PolyreelError]:
    """Which languages a provider lacks by its own lists. Raises `PolyreelError`."""
    provider = provider_of(options)
    if provider.find_unoffered is None or not options.credentials:
        return {}
    try:
        async with asyncio.timeout(SECONDS), client_of(provider.block, options.credentials) as client:
            return await provider.find_unoffered(client, asked)
    except TimeoutError:
        raise VendorError(f"no answer within {SECONDS:g} s", code="vendor_still_working") from None


def _of_providers(job: Job) -> Iterator[Look]:
    for place, options in enumerate((job.dubbing, *job.fallback)):
        block = provider_of(options).block
        if block and options.credentials:
            yield Look(f"{block}/{options.credentials}", _checking(block, options.credentials), place)


def _of_places(job: Job) -> Iterator[Look]:
    """Each account once, and each thing that is named there once."""
    accounts: set[tuple[str, str]] = set()
    named: set[str] = set()
    for block, name, options in list_places(job):
        what = f"{block}/{name}" if name else options.path
        if name and (block, name) not in accounts:
            accounts.add((block, name))
            yield Look(what, _checking(block, name))
        if PLACES[options.to].require and options.model_dump_json() not in named:
            named.add(options.model_dump_json())
            yield Look(what, _requiring(block, name, options))
    if len(accounts) > len({block for block, _ in accounts}):
        yield Look("whether two names of saved credentials are one account", _requiring_apart(job))


def _of_source(job: Job) -> Iterator[Look]:
    source = job.source
    if source.vendor and source.credentials:
        yield Look(source.media, _finding_asset(source.vendor, source.credentials, source.media))
    elif scheme_of(source.media) == "s3":
        yield Look(source.media, _finding_object(job))


def list_places(job: Job) -> Sequence[tuple[str, str | None, Any]]:
    """Block, its saved name (None: the environment's) and options of each delivery and of staging."""
    asked = [*job.delivery, *([job.staging] if job.staging else [])]
    rows = [(PLACES[each.to].block, each) for each in asked if each.to in PLACES]
    return [(block, getattr(each, "credentials", None), each) for block, each in rows if block]


# -- what is asked


def _checking(block: str, name: str) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        from blocks.credentials import refusals_explained

        saved = await load_saved(block, name)
        with refusals_explained(saved, name, asked_for_nothing=True):
            await saved.check()

    return check


def _requiring(block: str, name: str | None, options: Any) -> Callable[[], Awaitable[None]]:
    async def require() -> None:
        ask = PLACES[options.to].require
        assert ask is not None  # noqa: S101 - `_of_places` has seen to it
        async with client_of(block, name) as client:
            await ask(options, client)

    return require


def _requiring_apart(job: Job) -> Callable[[], Awaitable[None]]:
    async def require() -> None:
        named = {(block, name) for block, name, _ in list_places(job) if name}
        accounts = {f"{block}/{name}": await account_of(block, name) for block, name in sorted(named)}
        require_apart(job.name, job.delivery, accounts)

    return require


def _finding_asset(vendor: str, name: str, location: str) -> Callable[[], Awaitable[None]]:
    async def find() -> None:
        from polyreel.sources.assets import require_asset

        async with client_of(vendor, name) as client:
            await require_asset(location, client)

    return find


def _finding_object(job: Job) -> Callable[[], Awaitable[None]]:
    from polyreel.objects.problems import AWAY

    async def find() -> None:
        from polyreel.sources.objects import require_object

        try:
            await require_object(job.source.media, await connection_of(job) or Connection())
        except FetchError as error:
            if error.code in AWAY:
                raise
            raise InvalidJob(error.message, code=error.code, where=error.where, remedy=error.remedy) from None

    return find
