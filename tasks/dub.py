"""Dubbing one language: the script cut to the reel, submitted once, waited for, collected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from polyreel.dubbing.casting import assign_clones, cast_script, name_speakers
from polyreel.dubbing.choice import loudness_limits
from polyreel.dubbing.port import Dubbed, Dubber, DubRequest, Means, Receipt
from polyreel.dubbing.providers import loudness_of, make_dubber, provider_of
from polyreel.engine.separation.stems import Stems
from polyreel.errors import HeldForPerson, MediaError, PolyreelError
from polyreel.job.packaging import LOSSLESS
from polyreel.ledger.entry import NOT_BOUGHT
from polyreel.outcome import Reel, StoredFile
from polyreel.planning.scripts import ScriptRequest, refuse_empty, require_inside, require_language
from polyreel.plans import VERSIONS, LanguagePlan, asks_for_watermark
from polyreel.store.choice import open_store
from polyreel.store.local import is_here, path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Track
from polyreel.vendors.errors import CallError, RateLimited
from tasks.paid import buy_alone, is_paid
from tasks.run.accounts import staging_of
from tasks.run.connections import books_of_run, client_of
from tasks.run.deployed import suspends
from tasks.run.noted import note_purchase, subject_of
from tasks.run.progress import board, reporter
from tasks.run.slots import at_work
from tasks.run.stage import DAY_S, key_of, stage

if TYPE_CHECKING:
    from polyreel.engine.speech.choices import SpokenChoice

T = TypeVar("T")
BUSY_PAUSES_S = (2.0, 10.0)
LONGEST_PAUSE_S = 60.0
"""Whatever a busy vendor asks for: a language must not look stuck for longer."""
PATIENCE_S = 2.0
"""How long a run that may be suspended waits for a vendor with its process: shorter waits are not worth another one."""


def several_speak(language: LanguagePlan) -> bool:
    """Whether several people may speak by the job's word, and it is for us to tell them apart."""
    return language.way.works_here and language.job.source.several_may_speak


def needs_sound(language: LanguagePlan) -> bool:
    """Whether the original has to be heard before the language is spoken: who speaks, or in which tone."""
    return several_speak(language) or language.follows_tone


@stage("script", key=key_of("script"))
async def request_dub(language: LanguagePlan, reel: Reel, stems: Stems | None) -> DubRequest:
    """What is asked of the dubber: the scripts, moved and cut with the trim, and every option of the job.

    ``stems`` are there where the language `needs_sound`.
    """
    from polyreel.dubbing.chosen_lines import resolve_choices
    from polyreel.subtitles.choices import without_choices

    job, store = language.job, open_store()
    whole = [
        name_speakers(track, job)
        # Whole, and not cut: who speaks outside of a trim keeps their voice, so that two trims of a film are cast
        # alike.
        for track in (_read_script(language.source_script), _read_script(language.script))
        if track
    ]
    # Viewers get the script as it was written; the voices get the one whose labels were read as speakers.
    shown = _read_script(language.script)
    source = _cut_to_reel(whole[0], reel) if language.source_script else None
    script = _cut_to_reel(whole[-1], reel) if shown else None
    outside = _refuse_cues_outside(language, reel, shown, whole[0] if language.source_script else None) if shown else ()
    if script is None and language.script is None and language.way.writes_script:
        return _without_script(language, reel, source)
    if script is None or shown is None:
        raise refuse_empty(job, "the script", language.locale)
    choices, unsaid = resolve_choices(shown_here := _cut_to_reel(shown, reel) or shown)
    _require_choosable(language, choices)
    # Before anything is bought: the wrong file under a target's name is dubbed as willingly as the right one.
    if not job.subtitles.accept_repairs:
        await asyncio.to_thread(require_language, script, language.locale)
    heard = _cut_to_reel(read_file(path_of(language.tone_script)).track, reel) if language.tone_script else None
    casting = await cast_script(script, source, whole=whole, job=job, locale=language.locale, stems=stems, store=store)
    lufs, peak = loudness_limits(loudness_of(language.dubbing, has_picture=reel.has_picture))
    cloned = assign_clones(language.clones, casting.roster, language.voice, casting.pinned)
    return DubRequest(
        **_of_the_reel(language, reel),
        script=_keep_track(without_choices(casting.script), store),
        shown=_keep_track(without_choices(shown_here), store),
        source_script=_keep_track(source, store) if source else None,
        tone_script=_keep_track(heard, store) if heard else None,
        machine_draft=language.machine_draft,
        voices=cloned.voices,
        roster=casting.roster,
        pinned=cloned.pinned,
        genders=casting.genders,
        # A vendor has no place for them, and they would change its key: the same dub bought once more.
        pronunciations=language.pronunciations if language.way.works_here else None,
        follows_tone=language.follows_tone,
        choices=choices,
        clones=language.clones,
        stems=stems,
        target_lufs=lufs,
        peak_dbtp=peak,
        notes=(*outside, *casting.notes, *cloned.notes, *unsaid),
        revises=await asyncio.to_thread(_earlier_editions, language, reel, store),
    )


def _require_choosable(language: LanguagePlan, choices: Sequence[SpokenChoice]) -> None:
    """Refuse, before anything is bought, what only a voice of this machine can do. Raises `InvalidJob`."""
    from polyreel.dubbing.chosen_lines import refuse_choices

    if choices and not language.way.works_here:
        lines = [each.cue + 1 for each in choices]
        raise refuse_choices(provider_of(language.dubbing).title, language.locale, lines)


def _earlier_editions(language: LanguagePlan, reel: Reel, store: Store) -> tuple[StoredFile | None, ...]:
    """What the script was before people edited it, brought onto the reel as the script itself is."""
    from polyreel.subtitles.choices import without_choices

    earlier = language.edited.earlier if language.edited else ()

    def one(script: StoredFile | None) -> StoredFile | None:
        track = _read_script(script)
        cut = _cut_to_reel(name_speakers(track, language.job), reel) if track else None
        return _keep_track(without_choices(cut), store) if cut else None

    return tuple(one(each) for each in earlier)


def _refuse_cues_outside(language: LanguagePlan, reel: Reel, script: Track, reference: Track | None) -> tuple[str, ...]:
    """Refuse cues that are outside a reel that nobody trimmed; notes, where the job accepts that."""
    job = language.job
    target = next(each for each in job.targets if each.locale == language.locale)
    # Cues outside of a trim were cut away on purpose, and a drafted script is timed to what was heard.
    if job.trim or not target.subtitles:
        return ()
    return require_inside(script, ScriptRequest.of_target(job, target), reel, reference)


def _without_script(language: LanguagePlan, reel: Reel, source: Track | None) -> DubRequest:
    """What is asked of a provider that writes the script itself."""
    told = _keep_track(source, open_store()) if source else None
    return DubRequest(**_of_the_reel(language, reel), source_script=told, voices=language.voice)


def _of_the_reel(language: LanguagePlan, reel: Reel) -> dict[str, Any]:
    """What a request says of the reel; and, to a provider that works elsewhere, of how it gets there."""
    from polyreel.planning.quote import describe_order

    job, way = language.job, language.way
    known = {
        "locale": language.locale,
        "source_locale": job.source.locale,
        "reel": reel.file,
        "duration": reel.duration,
        "speakers": job.source.people,
        "mix": language.dubbing.mix,
    }
    if way.works_here:
        return known
    # Only what the vendor can reach by itself is given as an address; everything else is uploaded or staged.
    by_url = way.media == "url"
    return known | {
        "source_sha256": language.source.sha256 if language.source else "",
        "trim": (job.trim.start, job.trim.end) if job.trim else (None, None),
        "reel_start": reel.start,
        "trims_there": way.trims,
        "media_url": job.source.media if by_url else None,
        "background": language.background,
        "background_url": job.source.background if by_url else None,
        "terms": language.terms,
        "title": job.name,
        "order": describe_order(language),
        "options": language.dubbing.model_dump(mode="json", exclude={"provider", "credentials", "mix", "glossary"}),
    }


def _read_script(script: StoredFile | None) -> Track | None:
    return read_file(path_of(script)).track if script else None


def _cut_to_reel(track: Track, reel: Reel) -> Track | None:
    """A script with the reel's own zero; None where nothing of it is left."""
    from polyreel.subtitles.reel_times import cut_to_reel

    cut = cut_to_reel(track, reel)
    return cut if cut.cues else None


def _keep_track(track: Track, store: Store) -> StoredFile:
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")


async def submit_dub(language: LanguagePlan, request: DubRequest) -> Receipt:
    """Commit to the work, once; the run's board remembers what it stands on, also where it was bought before."""

    async def buy() -> Receipt:
        await _require_audible(language, request)
        return await buy_dub(language, request)

    receipt = await buy_alone(language, buy)
    await note_purchase(language, request, receipt)
    board().bought.add(receipt.key)
    return receipt


async def _require_audible(language: LanguagePlan, request: DubRequest) -> None:
    """Refuse to pay for a reel that nobody speaks in, which vendors find out when it is bought.

    Raises MediaError (``empty_transcript``). What may have been bought before is not kept from being collected.
    """
    # A film that another machine took in is not fetched for a look.
    if language.way.works_here or not is_here(request.reel) or await is_paid(language):
        return
    from polyreel.media.audio import is_silent

    if not await is_silent(path_of(request.reel)):
        return
    silent = MediaError(
        "the reel is silent from its beginning to its end: nothing was bought",
        code="empty_transcript",
        where="source.media",
        remedy="Choose the sound that is spoken (`source.audio_track`), or another `trim`.",
    )
    # A fallback on this machine speaks the scripts that it is given, whatever the reel sounds like.
    silent.bought_nothing = True
    raise silent


@stage("submit", key=key_of("submit"))
async def buy_dub(language: LanguagePlan, request: DubRequest) -> Receipt:
    """Commit to the work. Retried for a busy vendor alone: what else failed is looked for by the next run, first."""
    async with _open_dubber(language) as dubber:
        try:
            return await ask_busy_vendor(lambda: dubber.submit(request))
        except CallError as failure:
            if not is_worth_a_look(language, failure):
                raise
            doubtful = failure
    return await look_for_purchase(language, request, doubtful)


def is_worth_a_look(language: LanguagePlan, failure: CallError) -> bool:
    """Whether it has to be known now what became of a purchase: another provider may have to be paid instead."""
    known = failure.bought_nothing or failure.made_nothing
    return not known and language.next_choice(language.choice) is not None


async def look_for_purchase(language: LanguagePlan, request: DubRequest, failure: CallError) -> Receipt:
    """The receipt of a purchase whose answer was lost, where the vendor has it: it is waited for as any other.

    Where the vendor has not, its intent goes, and ``failure`` is raised with ``bought_nothing``. Where the vendor can't
    be asked, it is raised as it is: nobody else may be paid. Raises `UnresolvedCall` where only a person can tell.
    """
    try:
        async with _open_dubber(language, is_to_buy=False) as dubber:
            return await dubber.submit(request)
    except HeldForPerson:
        raise
    except PolyreelError as found:
        failure.bought_nothing = found.code == NOT_BOUGHT and found.bought_nothing
    raise failure


async def ask_busy_vendor(ask: Callable[[], Awaitable[T]], pauses_s: Sequence[float] = BUSY_PAUSES_S) -> T:
    """What is answered, where a vendor that had too many calls (429) is asked again after each pause, in seconds.

    A vendor's client repeats by itself only what can't be done twice. Raises what the last try raises, and at once
    whatever is not a refusal that has certainly made nothing.
    """
    for pause in pauses_s:
        try:
            return await ask()
        except RateLimited as busy:
            if not busy.made_nothing:
                raise
            wanted = busy.retry_after or 0.0
        await asyncio.sleep(max(pause, min(wanted, LONGEST_PAUSE_S)))
    return await ask()


@stage("dub", key=key_of("dub"), timeout_s=30 * DAY_S)
async def wait_for_dub(language: LanguagePlan, request: DubRequest, receipt: Receipt) -> None:
    """Wait until it is done; here that means doing it. What is already spoken is not spoken again."""
    async with _at_work_or_waiting(language, "dub"), _open_dubber(language) as dubber:
        # Waiting may change the dub, too: to a script of its own, or to an edited one.
        await ask_busy_vendor(lambda: dubber.wait(request, receipt, reporter("dub", language.locale)))


@stage("collect", key=key_of("collect"))
async def collect_dub(
    language: LanguagePlan, reel: Reel, request: DubRequest, receipt: Receipt, stems: Stems | None
) -> Dubbed:
    """The finished dub, in the store: here the speech is laid over what the sound was parted into."""
    request = await with_sound(language, reel, request, stems)
    async with _at_work_or_waiting(language, "collect"), _open_dubber(language) as dubber:
        return await dubber.collect(request, receipt, reporter("collect", language.locale))


async def voiceover_beside(
    language: LanguagePlan, reel: Reel, request: DubRequest, stems: Stems | None
) -> StoredFile | None:
    """A voice-over of the same script, where packages want one beside the dub and it can be made here."""
    if not language.job.wants_voiceover or not language.way.works_here:
        return None
    return (await make_voiceover(language, reel, request, stems)).audio


def _voiceover_key(given: dict[str, Any]) -> str:
    request: DubRequest = given["request"]
    return request.key("voiceover", VERSIONS["voiceover"], of=given["language"].stage_keys["collect"])


@stage("voiceover", key=_voiceover_key)
async def make_voiceover(language: LanguagePlan, reel: Reel, request: DubRequest, stems: Stems | None) -> Dubbed:
    """The sentences that the dub is made of, each a beat after the original's begins, over the lowered original."""
    asked = (await with_sound(language, reel, request, stems)).model_copy(
        update={"mix": "voiceover", "lossless_from": None}
    )
    async with at_work("voiceover", language.locale), _open_dubber(language) as dubber:
        receipt = await dubber.submit(asked)
        await dubber.wait(asked, receipt)
        return await dubber.collect(asked, receipt, reporter("voiceover", language.locale))


async def with_sound(language: LanguagePlan, reel: Reel, request: DubRequest, stems: Stems | None) -> DubRequest:
    """The request as a dub is mixed from it.

    It is kept without the stems, so that a language can be submitted while the sound is still being parted.
    """
    from polyreel.packaging.start import start_of

    request = request.model_copy(update={"stems": stems}) if stems else request
    # What is not AAC is made of better than AAC.
    if LOSSLESS & set(language.job.masters) or reel.container in ("mp3", "wav"):
        start = await asyncio.to_thread(start_of, language.source, reel, language.job.source)
        request = request.model_copy(update={"lossless_from": start.samples})
    if asks_for_watermark(language.job) and language.way.works_here:
        request = request.model_copy(update={"watermark": True})
    return request


@asynccontextmanager
async def _open_dubber(language: LanguagePlan, *, is_to_buy: bool = True) -> AsyncIterator[Dubber]:
    """Who dubs this language, with the saved credentials that the job names; or who only finds what it has bought."""
    from polyreel.ledger.receiver import callback_address

    options, provider = language.dubbing, provider_of(language.dubbing)
    if provider.block is None:
        yield make_dubber(options, Means(open_store()))
        return
    async with (
        client_of(provider.block, options.credentials) as client,
        books_of_run() as books,
        staging_of(language.job, books.ledger) as staging,
    ):
        # None where nobody listens: the vendor would call in vain.
        address = callback_address(provider.name) if provider.calls_back else None
        # None: this run's process is all that there is, so it waits for as long as the vendor takes.
        patience = PATIENCE_S if suspends(language.job) else None
        ledger = books.ledger if is_to_buy else books.ledger.to_look()
        means = Means(open_store(), client, ledger, subject_of(language), books.watchers, staging, address, patience)
        yield make_dubber(options, means)


def _at_work_or_waiting(language: LanguagePlan, name: str) -> AbstractAsyncContextManager[None]:
    """A place on this machine where the dubber works on it; a vendor is waited for without one."""
    return at_work(name, language.locale) if language.way.works_here else nullcontext()
