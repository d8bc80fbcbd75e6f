"""How each provider that a job names would dub a language: what it is sent, who trims and separates, why it can't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyreel.dubbing.parting import choose_parting
from polyreel.dubbing.port import Request
from polyreel.dubbing.providers import Provider, provider_of, require_language, require_voice
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.job import Dubbing, Job, Target
from polyreel.outcome import Problem
from polyreel.plans import LanguagePlan, MediaWay, Plan, Way, voices_of

_BY_HTTP = ("http://", "https://")


def ways_of(job: Job, target: Target, accounts: Mapping[str, str]) -> tuple[Way, ...]:
    """One way for the job's dubbing, and one for each fallback.

    ``accounts`` are the names of vendors' accounts by `account_key`, as far as they are known.
    """
    return tuple(_choose_way(job, target, options, accounts) for options in (job.dubbing, *job.fallback))


def _choose_way(job: Job, target: Target, options: Dubbing, accounts: Mapping[str, str]) -> Way:
    provider = provider_of(options)
    try:
        media = media_way(job, provider)
        asked = Request(
            source=job.source.locale, target=target.locale, voices=(*voices_of(target), *_pinned(job, target, provider))
        )
        require_language(options, asked)
        if least := job.quality.min_voice:
            require_voice(options, asked, least)
        _require_script(job, target, provider)
        # Of the job's own dubbing it is said once for all languages, by whoever parts the sound.
        if provider.works_here and options is not job.dubbing:
            choose_parting(job, options)
    except PolyreelError as error:
        # This way alone is out: the job's next provider may do the language.
        return Way(works_here=provider.works_here, problem=Problem.of(error))
    return Way(
        # Part of every key: another voice, or another account, is another dub.
        identity=provider.engine_version(options) or accounts.get(account_key(provider, options), ""),
        media=media,
        works_here=provider.works_here,
        trims=media == "url" and job.trim is not None,
        separates=not provider.works_here,
        writes_script=provider.writes_scripts,
        changes_picture=provider.changes_picture(options),
        gives_way=provider.gives_way(options),
    )


def _pinned(job: Job, target: Target, provider: Provider) -> tuple[str, ...]:
    """The voices that the job's ``speakers`` name in a language: vendors cast by themselves."""
    told = (job.speakers or {}).values() if provider.works_here else ()
    return tuple(voice for each in told if (voice := each.voices.get(target.locale)))


def account_key(provider: Provider, options: Dubbing) -> str:
    """What the account of a provider's saved credentials is known by in ``accounts``."""
    return f"{provider.block}/{options.credentials}"


def media_way(job: Job, provider: Provider) -> MediaWay:
    """How a provider gets a job's reel. Raises `InvalidJob` (``needs_staging``) where there is no way.

    An address that anybody may fetch is given as it is, where the provider can do the trimming; else the reel is cut
    here and uploaded, or staged for a provider that only fetches.
    """
    if provider.works_here:
        return "store"
    if "url" in provider.ways and _is_fetched_whole(job, provider):
        return "url"
    if "upload" in provider.ways:
        return "upload"
    if job.staging is not None:
        return "staged"
    why = "a trimmed reel" if job.source.media.startswith(_BY_HTTP) else "media that is not on the web"
    raise InvalidJob(
        f"{provider.title} fetches by URL, and has no way to {why}",
        code="needs_staging",
        where="staging",
        remedy="Add `staging: {to: s3, credentials: NAME, path: s3://BUCKET/tmp}` (or nomad, or videojungle).",
    )


def require_voiceovers(job: Job, languages: Sequence[LanguagePlan]) -> None:
    """Refuse a voice-over beside a vendor's dub: it would have to be paid as another dub. Raises InvalidJob."""
    elsewhere = [each for each in languages if not each.problem and not each.way.works_here]
    if job.wants_voiceover and elsewhere:
        raise InvalidJob(
            f"a voice-over beside the dub is made on this machine alone, and {elsewhere[0].locale} is dubbed by "
            f"{provider_of(elsewhere[0].dubbing).title}",
            code="voiceover_is_made_here",
            where="packaging.voiceover",
            remedy="Leave `voiceover` out, or dub with `provider: embedded`.",
        )


def add_refusals(problem: Problem, job: Job, ways: Sequence[Way], after: int) -> Problem:
    """The problem of one way, and why none of those behind it can dub the language either."""
    behind = zip((job.dubbing, *job.fallback)[after + 1 :], ways[after + 1 :], strict=False)  # a plan may have none yet
    others = [_name_refusal(options, way.problem.message.rstrip(".")) for options, way in behind if way.problem]
    if not others:
        return problem
    return problem.model_copy(update={"remedy": f"{problem.remedy} Nor can the fallback: {'; '.join(others)}.".strip()})


def _name_refusal(options: Dubbing, message: str) -> str:
    title = provider_of(options).title
    return message if title in message else f"{title}: {message}"


def note_useless_fallbacks(plan: Plan) -> tuple[str, ...]:
    """Which fallbacks could take over no language, or not these, and why: said before one is needed."""
    asked = (plan.job.dubbing, *plan.job.fallback)
    refused: dict[tuple[str, str], list[str]] = {}
    for language in plan.runnable():
        for options, way in list(zip(asked, language.ways, strict=False))[language.choice + 1 :]:
            if way.problem:
                refused.setdefault((provider_of(options).title, str(way.problem)), []).append(language.locale)
    return tuple(
        f"The fallback {title} can't dub {', '.join(locales)}: {why}" for (title, why), locales in refused.items()
    )


_SENT: dict[MediaWay, str] = {
    "store": "here",
    "url": "fetched from its address",
    "upload": "uploaded",
    "staged": "staged",
}


def describe_way(language: LanguagePlan) -> dict[str, str]:
    """Who dubs a language, how the reel gets there, who trims and who separates, in words."""
    way, title = language.way, provider_of(language.dubbing).title
    there, here = title, "this machine"
    trimmed = there if way.trims else here
    return (
        _voice_of(language)
        | _tone_of(language)
        | ({"pace": _describe_pace()} if way.gives_way else {})
        | {
            "provider": title,
            "media": _SENT[way.media],
            "trim": trimmed if language.job.trim else "none",
            "separation": there if way.separates else here,
            "script": "given" if language.script else there if way.writes_script and not language.needs_draft else here,
            "picture": f"{there} (lips)" if way.changes_picture else here if way.gives_way else "the source's own",
        }
    )


def _tone_of(language: LanguagePlan) -> dict[str, str]:
    """Said only where the job asks for it."""
    if not language.follows_tone:
        return {}
    from polyreel.engine.speech.tone import LIMITS

    reach = f"loudness within {LIMITS.level_db:.0f} dB, pace within {LIMITS.slowest:.2f} to {LIMITS.fastest:.2f}"
    return {"tone": f"the original's ({reach})"}


def _describe_pace() -> str:
    from polyreel.engine.speech.yielding import LIMITS

    return (
        f"its own, up to {LIMITS.slowest:.2f} times slower where a line is too long, "
        f"and held up to {LIMITS.longest_hold_ms / 1000:.0f} s"
    )


def _voice_of(language: LanguagePlan) -> dict[str, str]:
    """Whose voice it is, where that is known, and how well it was understood."""
    asked = Request(source=language.job.source.locale, target=language.locale, voices=language.voice)
    spoken = None if language.problem else provider_of(language.dubbing).spoken_by(language.dubbing, asked)
    return {"voice": spoken.voice, "understood": spoken.describe()} if spoken else {}


def _is_fetched_whole(job: Job, provider: Provider) -> bool:
    """Whether everything it needs can be had from public addresses."""
    background = job.source.background
    reachable = background is None or not provider.takes_background or background.startswith(_BY_HTTP)
    return job.source.media.startswith(_BY_HTTP) and reachable and (job.trim is None or provider.trims)


def _require_script(job: Job, target: Target, provider: Provider) -> None:
    if target.subtitles is None and job.translation is None and not provider.writes_scripts:
        from polyreel.dubbing.translation import SCRIPT_REMEDY

        raise InvalidJob(
            f"no script for {target.locale}, and {provider.title} writes none",
            code="missing_script",
            where=target.locale,
            remedy=SCRIPT_REMEDY,
        )
    if target.subtitles is not None and not provider.takes_scripts:
        # Else the script would be read, checked and delivered beside a dub that says something else.
        raise InvalidJob(
            f"{provider.title} takes no script, and {target.locale} has one",
            code="script_not_taken",
            where=target.locale,
            remedy="Leave the target's `subtitles` out, or dub with another provider.",
        )
