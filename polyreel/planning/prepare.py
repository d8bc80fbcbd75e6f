"""Everything that can be known before anything runs: the job's files, scripts, voices and limits, and what is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from polyreel.delivery.places import place_of, require_apart, require_place, require_reachable
from polyreel.dubbing.casting import ear_of
from polyreel.dubbing.line_hearing import ears_key
from polyreel.dubbing.parting import parting_of
from polyreel.dubbing.plugin_checks import checks_key
from polyreel.dubbing.providers import provider_of, require_provider
from polyreel.engine.transcribe.whisper import listener_here, require_listener, size_identity
from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.errors import EngineError, InvalidJob, MediaError, PolyreelError, SubtitleError
from polyreel.errors.together import Faults
from polyreel.errors.wording import spell_count
from polyreel.intake.jobfile import is_address
from polyreel.intake.series import read_series_pronunciations, with_series
from polyreel.job import Job, Target
from polyreel.job.values import is_embedded
from polyreel.media.info import MediaInfo
from polyreel.media.limits import check_sound, check_source, check_trim
from polyreel.media.probe import probe
from polyreel.media.tracks import SoundChoice, choose_sound
from polyreel.objects.connection import Connection
from polyreel.outcome import ClonedVoice, Problem, StoredFile
from polyreel.planning.clones import keep_asked_clones
from polyreel.planning.marks import require_watermark
from polyreel.planning.memory import keep_memory
from polyreel.planning.named_files import (
    Intake,
    keep_asked_terms,
    keep_script,
    read_asked_glossary,
    read_asked_pronunciations,
    read_asked_script,
    read_audio_description,
    read_background,
    read_forced,
    read_source_script,
    require_file,
)
from polyreel.planning.picture import offer_embedded, require_fonts, require_one_picture, require_packager
from polyreel.planning.pronounced import with_pronunciations
from polyreel.planning.scripts import ScriptRequest
from polyreel.planning.sound import require_picture_where_asked
from polyreel.planning.uploads import require_uploadable_source
from polyreel.planning.ways import add_refusals, require_voiceovers, ways_of
from polyreel.plans import LanguagePlan, Parting, Plan, Way, voices_of
from polyreel.sources.ingest import check_location
from polyreel.sources.local import local_path
from polyreel.sources.port import scheme_of
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_file
from polyreel.subtitles.retime import retiming_from
from polyreel.subtitles.timing import exact_rate

# An error that people read: nothing depends on the exact number.
_MOST_TOLD = 5


async def prepare(
    job: Job,
    store: Store,
    connection: Connection | None = None,
    accounts: Mapping[str, str] | None = None,
    client: Any = None,
) -> Plan:
    """Read and check all that the job names, and decide the rest. Does no media work.

    ``connection`` is the way to the object stores that its ``s3://`` addresses name; by default, the environment's.
    ``accounts`` are the names of the vendors' accounts by `ways.account_key`; without them, nothing is known of what
    was bought. ``client`` is that of the vendor whose asset the source is, for the subtitles inside it.

    Raises `InvalidJob` for what no language could survive, with all that was found (`PolyreelError.others`). A language
    whose own script or voice is at fault gets its ``problem`` instead, so that the others go on.
    """
    from polyreel.dubbing.translation import require_ways
    from polyreel.planning.unused import note_missing_columns, note_unused_rows, note_unused_speakers

    _refuse_what_this_version_lacks(job)
    given, job, faults = job, with_series(job), Faults()
    ways = {target.locale: ways_of(job, target, accounts or {}) for target in job.targets}
    if job.targets and (refusal := _find_refusal(job, ways)):
        faults.add(refusal)
    # Each check on its own: a person is told all that is wrong with a job, and not one fault per attempt.
    with faults.gather(), offer_embedded(job):
        require_ways(job, [target.locale for target in job.targets if _needs_draft(job, target, ways[target.locale])])
    for place in job.delivery:
        with faults.gather():
            require_reachable(place, job.name)
    with faults.gather():
        _require_what_scripts_need(job)
    with faults.gather():
        require_one_picture(job)
    with faults.gather():
        require_packager(job)
    with faults.gather():
        require_watermark(job)
    intake = Intake(store, connection, job.source.media, None, client)
    with faults.gather():
        intake = replace(intake, reel=_look_at_local_source(job))
    source_script = background = described = terms = None
    pronunciations: tuple[Pronunciation, ...] = ()
    cloned: tuple[ClonedVoice, ...] = ()
    with faults.gather():
        source_script = await read_source_script(job, intake)
    with faults.gather():
        background = await read_background(job, intake)
    with faults.gather():
        described = await read_audio_description(job.source.audio_description, "source.audio_description", intake)
    with faults.gather():
        terms = await keep_asked_terms(job, intake)
    with faults.gather():
        pronunciations = await read_asked_pronunciations(job, intake)
    with faults.gather():
        cloned = await keep_asked_clones(job, intake)
    _require_scripts(job, faults)
    faults.require_none()
    # Where nothing is dubbed, nothing has to be parted: the sound is only listened to.
    parting = parting_of(job) if job.targets else Parting()
    read = [_require_reviewable(await _plan_language(job, target, source_script, intake)) for target in job.targets]
    decided = (_decide_way(each, ways[each.locale], background, terms) for each in read)
    shared = read_series_pronunciations(job.series) if job.series else ()
    languages = tuple(
        with_pronunciations(each, pronunciations, shared, store).model_copy(update={"cloned": cloned})
        for each in decided
    )
    require_fonts(job, languages)
    require_voiceovers(job, languages)
    if languages and all(language.problem for language in languages):
        raise _none_can_begin(job, [(language.locale, language.problem) for language in languages if language.problem])
    return Plan(
        job=job,
        languages=languages,
        source_script=source_script,
        background=background,
        audio_description=described,
        parting=parting,
        ear=ear_of(job),
        listener=listener_here(),
        ears=ears_key(),
        expected=_list_expected_words(job, languages),
        transcriber=size_identity(job.transcription.model),
        further_checks=checks_key(),
        notes=(
            *note_unused_rows(pronunciations, languages, shared),
            *note_unused_speakers(given, languages),
            *note_missing_columns(job, languages),
        ),
    )


def _list_expected_words(job: Job, languages: Sequence[LanguagePlan]) -> tuple[str, ...]:
    """The job's own vocabulary, and the source's terms of the glossaries where it asks for them."""
    from polyreel.engine.translate.glossary import read_glossary

    asked = job.transcription
    words = list(asked.vocabulary)
    if asked.glossary:
        for language in languages:
            if language.glossary:
                terms = read_glossary(path_of(language.glossary), job.source.locale, language.locale)
                words += [term.source for term in terms]
    return tuple(dict.fromkeys(words))


def _needs_draft(job: Job, target: Target, ways: tuple[Way, ...]) -> bool:
    """Whether a script must be translated here: no way that can dub the language writes one by itself."""
    able = [way for way in ways if way.problem is None or way.problem.code == "missing_script"]
    # Where no way can dub the language at all, that is what is said of it, and not that a script is missing.
    return target.subtitles is None and bool(able) and not (able[0].writes_script and job.translation is None)


def _require_reviewable(language: LanguagePlan) -> LanguagePlan:
    """A script that whoever dubs writes by itself is there only when it is paid: nobody can review it before."""
    job = language.job
    if "script" not in job.review or language.script or language.problem or job.translation:
        return language
    problem = Problem(
        code="nothing_to_review",
        message=f"{language.locale}: there is no script to review before the dub is bought",
        remedy="Give the target its `subtitles`, let them be drafted (`translation`), or use `review: final`.",
    )
    return language.model_copy(update={"problem": problem})


def _decide_way(
    language: LanguagePlan, ways: tuple[Way, ...], background: StoredFile | None, terms: StoredFile | None
) -> LanguagePlan:
    """The language with its ways: dubbed by the first that can, and told why not by those before it."""
    choice = next((number for number, way in enumerate(ways) if way.problem is None), None)
    first = ways[0].problem if choice is None else None
    problem = language.problem or (first and add_refusals(first, language.job, ways, 0))
    refused = [way.problem.message for way in ways[:choice] if way.problem] if choice else []
    options = (language.job.dubbing, *language.job.fallback)[choice or 0]
    notes = tuple(f"Dubbed by {provider_of(options).title}: {why.rstrip('.')}." for why in refused)
    changed = {"ways": ways, "choice": choice or 0, "problem": problem, "background": background, "terms": terms}
    return language.model_copy(update={**changed, "notes": (*language.notes, *notes)})


def check_reel(info: MediaInfo, job: Job) -> SoundChoice:
    """Refuse media that can't be dubbed and trims outside it; say which sound is dubbed. Raises `MediaError`."""
    from polyreel.packaging.ladder import check_ladder, short_side

    check_source(info)
    require_picture_where_asked(job, has_picture=info.video is not None)
    sound = choose_sound(info, job.source.locale, job.source.audio_track)
    check_sound(info, sound.first)
    check_rate(info, job)
    if job.trim:
        check_trim(info, make_exact(job.trim.start), make_exact(job.trim.end))
    if info.video:
        for package in job.packaging:
            check_ladder(package.ladder, short_side(info.video))
    return sound


# A rate as a container tells it is a mean; nobody says 25 for 24 by a thousandth.
_RATES_AGREE = Fraction(1, 2000)


def check_rate(info: MediaInfo, job: Job) -> None:
    """Refuse a frame rate that is not the video's: scripts would drift, and nobody would see why.

    Raises `MediaError`, and `InvalidJob` for a timecode that the rate can't count.
    """
    asked, found = job.source.frame_rate, info.video.frame_rate if info.video else None
    if asked and found and abs(exact_rate(asked) / found - 1) > _RATES_AGREE:
        raise MediaError(
            f"the video runs at {float(found):.5g} frames per second, not at {asked}",
            code="frame_rate_mismatch",
            where="source.frame_rate",
            remedy="Leave it out, or give `source: {rate: ...}` where only the script was timed at another rate.",
        )
    if job.source.timecode:
        retiming_from(job.source.timecode, exact_rate(asked) if asked else found)


def make_exact(seconds: float | None) -> Fraction | None:
    """A number of seconds as the user wrote it: the decimal fraction, not the float nearest to it."""
    return None if seconds is None else Fraction(str(seconds))


# -- what the job names


def _refuse_what_this_version_lacks(job: Job) -> None:
    faults = Faults()
    for options in (job.dubbing, *job.fallback):
        with faults.gather():
            require_provider(options)
    for place in job.delivery:
        with faults.gather():
            require_place(place)
    with faults.gather():
        require_apart(job.name, job.delivery)
    faults.require_none()


def _require_scripts(job: Job, faults: Faults) -> None:
    """See that each target's own files are there, as far as that is known without reading them."""
    for target in job.targets:
        for place in (target.subtitles, target.audio_description, target.forced):
            if place and not is_embedded(place) and not is_address(place):
                with faults.gather():
                    require_file(place, f"targets {target.locale}")


def _require_what_scripts_need(job: Job) -> None:
    if job.scripts and job.source.subtitles is None:
        require_listener(job.transcription.model)
    _require_place_for_scripts(job)


def _require_place_for_scripts(job: Job) -> None:
    """Scripts are files: a library takes films and their subtitles."""
    if not job.targets and not any(place_of(each).holds_tree for each in job.delivery):
        raise InvalidJob(
            "a job of scripts alone is delivered to a folder or an object store; this one has neither",
            code="no_place_for_scripts",
            where="delivery",
            remedy="Add `{to: folder, path: out}`.",
        )


def _look_at_local_source(job: Job) -> MediaInfo | None:
    media = job.source.media
    if not is_address(media):
        require_file(media, "source.media")
    check_location(media)
    if scheme_of(media) != "file":
        return None
    info = probe(local_path(media, None))
    check_reel(info, job)
    require_uploadable_source(job, info)
    return info


async def _plan_language(job: Job, target: Target, source_script: StoredFile | None, intake: Intake) -> LanguagePlan:
    from polyreel.subtitles.capacity import require_carried

    plan = LanguagePlan(job=job, locale=target.locale, source_script=source_script, voice=voices_of(target))
    try:
        require_carried(job.subtitles.formats, target.locale)
        plan = plan.model_copy(update={"forced": await read_forced(job, target, intake)})
        described = await read_audio_description(target.audio_description, f"targets {target.locale}", intake)
        plan = plan.model_copy(update={"audio_description": described})
    except SubtitleError as error:
        return plan.model_copy(update={"problem": Problem.of(error)})
    if target.subtitles is None:
        drafted = {
            "glossary": await read_asked_glossary(job, target.locale, intake),
            "memory": keep_memory(job, target, intake.store),
        }
        return plan.model_copy(update=drafted)
    try:
        reference = read_file(path_of(source_script)).track if source_script else None
        # A file that is not there is the job's own fault; what is wrong inside a script is its language's alone.
        found = await read_asked_script(
            ScriptRequest.of_target(job, target), f"targets {target.locale}", intake, reference
        )
    except InvalidJob as error:
        if not isinstance(error, SubtitleError):
            raise
        return plan.model_copy(update={"problem": Problem.of(error)})
    except PolyreelError as error:
        return plan.model_copy(update={"problem": Problem.of(error)})
    try:
        require_carried(job.subtitles.formats, target.locale, found.track)
    except SubtitleError as error:
        return plan.model_copy(update={"problem": Problem.of(error)})
    return plan.model_copy(update={"script": keep_script(found, intake), "notes": found.notes})


def _find_refusal(job: Job, ways: Mapping[str, tuple[Way, ...]]) -> PolyreelError | None:
    """What is to be said where nobody can dub any of the languages, whatever their scripts are."""
    firsts = [(locale, each[0].problem, each) for locale, each in ways.items() if all(way.problem for way in each)]
    if len(firsts) < len(job.targets):
        return None
    return _none_can_begin(
        job, [(locale, add_refusals(first, job, each, 0)) for locale, first, each in firsts if first]
    )


def _none_can_begin(job: Job, refused: Sequence[tuple[str, Problem]]) -> PolyreelError:
    problems = [problem for _, problem in refused]
    if {problem.code for problem in problems} == {"model_missing"}:
        # The job is as it should be; this machine is not.
        return EngineError(problems[0].message, code="model_missing", remedy=problems[0].remedy)
    told = [_of_locale(locale, problem.message.rstrip(".")) for locale, problem in refused]
    more = [f"and {spell_count(len(told) - _MOST_TOLD, 'more language')}"] if len(told) > _MOST_TOLD else []
    return InvalidJob(
        "; ".join([*told[:_MOST_TOLD], *more]),
        code=problems[0].code,
        where=job.name,
        remedy=_join_remedies(refused),
    )


def _join_remedies(refused: Sequence[tuple[str, Problem]]) -> str:
    """What to do: once where it is the same for all languages, else with the languages that it is for."""
    by_remedy: dict[str, list[str]] = {}
    for locale, problem in refused[:_MOST_TOLD]:
        by_remedy.setdefault(problem.remedy, []).append(locale)
    if len(by_remedy) == 1:
        return refused[0][1].remedy
    return " ".join(f"{', '.join(locales)}: {remedy}" for remedy, locales in by_remedy.items() if remedy)


def _of_locale(locale: str, message: str) -> str:
    """A message that says which language it is about, once."""
    return message if message.startswith(f"{locale}: ") else f"{locale}: {message}"
