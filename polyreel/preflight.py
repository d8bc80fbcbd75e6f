"""Everything that can be known before anything runs: the job's files, scripts, voices and limits, and what is done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyreel import results
from polyreel.dubbing.casting import ear_of
from polyreel.dubbing.choice import dubber_for, require_voices, voices_asked, voicing
from polyreel.dubbing.parting import parting_of
from polyreel.dubbing.translation import check_glossary, require_ways
from polyreel.engine.transcribe.whisper import listener_here
from polyreel.errors import InvalidJob, MediaError, PolyreelError, SubtitleError
from polyreel.job import Job, Target
from polyreel.jobfile import is_address
from polyreel.media.probe import MediaInfo, check_source, check_trim, probe
from polyreel.objects.connection import Connection
from polyreel.outcome import Artefact, Problem
from polyreel.plan import LANGUAGE_STAGES, LanguagePlan, MadeScript, Plan, voices_of
from polyreel.sources.ingest import ingest
from polyreel.store import Store, path_of
from polyreel.stores import open_store
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Reading


@dataclass(frozen=True, slots=True)
class _Intake:
    """How small files that a job names come in: into the store, over the way that the job's credentials open."""

    store: Store
    connection: Connection | None

    async def file(self, place: str) -> Artefact:
        """A file that is read now, and so is on this machine."""
        found = await ingest(place, self.store, connection=self.connection)
        await self.store.bring((found,))
        return found


async def prepare(job: Job, store: Store, connection: Connection | None = None) -> Plan:
    """Read and check all that the job names, and decide the rest. Does no media work.

    ``connection`` is the way to the object stores that its ``s3://`` addresses name; by default, the environment's.

    Raises `InvalidJob` for what no language could survive. A language whose own script or voice is at fault gets its
    ``problem`` instead, so that the others go on.
    """
    _refuse_what_this_version_lacks(job)
    require_ways(job)
    _look_at_local_source(job)
    intake = _Intake(store, connection)
    source_script = await _source_script(job, intake)
    background = await _background(job, intake)
    parting = parting_of(job)
    languages = tuple([await _language(job, target, source_script, intake) for target in job.targets])
    if all(language.problem for language in languages):
        raise _none_can_begin(job, languages)
    return Plan(
        job=job,
        languages=languages,
        source_script=source_script,
        background=background,
        parting=parting,
        ear=ear_of(job),
        listener=listener_here(),
    )


def check_reel(info: MediaInfo, job: Job) -> None:
    """Refuse media that can't be dubbed and trims outside it. Raises `MediaError`."""
    check_source(info)
    if job.trim:
        check_trim(info, exact(job.trim.start), exact(job.trim.end))


async def look_ahead(plan: Plan, store: Store) -> dict[str, Any]:
    """What a run would do: stages ``done``, ``to do``, ``can't`` (or ``unknown`` while the source is not here)."""
    source = await ingest(plan.job.source.media, store) if not is_address(plan.job.source.media) else None
    minutes = _minutes(plan, source)
    known = await _with_what_is_made(plan.bound(source)) if source else plan
    own = ("trim", "separate", "transcribe") if plan.needs_transcript else ("trim", "separate")
    return {
        "job": plan.job.name,
        "source": {"media": plan.job.source.media, "sha256": source.sha256 if source else None},
        "separation": plan.separation,
        "quote": {"minutes": minutes, "paid_minutes": 0, "sentence": _quote(plan, minutes)},
        "stages": {
            "ingest": "done" if source else "unknown",
            **{stage: _state(known, stage) for stage in own},
            **({"package": "to do"} if plan.job.packaging else {}),
            "deliver": "to do",
        },
        "languages": {each.locale: _language_ahead(each) for each in known.languages},
        "delivers_to": [str(Path(folder) / plan.job.name) for folder in plan.folders],
    }


def _language_ahead(language: LanguagePlan) -> dict[str, Any]:
    made = ("translate",) if language.needs_draft or language.machine_draft else ()
    stages = {stage: "can't" if language.problem else _state(language, stage) for stage in (*made, *LANGUAGE_STAGES)}
    return {"stages": stages, "error": language.problem.model_dump() if language.problem else None}


def _state(plan: Plan | LanguagePlan, stage: str) -> str:
    """Keys are there once the source is."""
    key = plan.stage_keys.get(stage)
    if key is None:
        return "unknown"
    return "done" if results.is_done(key) else "to do"


async def _with_what_is_made(plan: Plan) -> Plan:
    """A bound plan with all that is known of its results, on this machine and on those that share its store."""
    await _fetch_results(plan)
    known = _with_made_scripts(plan)
    await _fetch_results(known)
    return known


async def _fetch_results(plan: Plan) -> None:
    keys = {*plan.stage_keys.values(), *(key for each in plan.languages for key in each.stage_keys.values())}
    await asyncio.gather(*map(results.fetch, keys))


def _with_made_scripts(plan: Plan) -> Plan:
    """A bound plan with the scripts that earlier runs have heard and drafted: later stages are kept under them."""
    if plan.needs_transcript and (heard := _made(plan.stage_keys["transcribe"])):
        plan = plan.transcribed(heard)
    return plan.model_copy(update={"languages": tuple(map(_with_draft, plan.languages))})


def _with_draft(language: LanguagePlan) -> LanguagePlan:
    made = _made(language.stage_keys["translate"]) if language.needs_draft else None
    return language.drafted(made) if made else language


def _made(key: str) -> MadeScript | None:
    found = results.value_of(key)
    return MadeScript.model_validate(found) if found else None


def _minutes(plan: Plan, source: Artefact | None) -> float | None:
    if source is None:
        return None
    length = probe(path_of(source)).duration
    trim = plan.job.trim
    end = min(length, exact(trim.end) or length) if trim else length
    start = (exact(trim.start) or Fraction(0)) if trim else Fraction(0)
    return round(float(end - start) / 60 * len(plan.runnable()), 2)


def _quote(plan: Plan, minutes: float | None) -> str:
    languages = len(plan.runnable())
    length = "length not known yet" if minutes is None else f"{minutes:g} minutes of dubbing"
    return f"{languages} language{'s' * (languages != 1)}, {length}, on this machine: nothing is charged"


def exact(seconds: float | None) -> Fraction | None:
    """A number of seconds as the user wrote it: the decimal fraction, not the float nearest to it."""
    return None if seconds is None else Fraction(str(seconds))


# -- what the job names


def _refuse_what_this_version_lacks(job: Job) -> None:
    dubber_for(job.dubbing.provider, open_store(), voices_asked(job.dubbing))
    for place in job.delivery:
        if place.to != "folder":
            raise InvalidJob(
                f"this version does not deliver to {place.to}",
                code="not_available",
                where="delivery",
                remedy="Use `{to: folder, path: ...}`.",
            )


def _look_at_local_source(job: Job) -> None:
    media = job.source.media
    if is_address(media):
        return
    _require_file(media, "source.media")
    check_reel(probe(Path(media)), job)


def _require_file(path: str, field: str) -> None:
    if not Path(path).exists():
        raise InvalidJob(
            "no such file", where=f"{field}: {path}", remedy="Check the path; it is taken from the job file's folder."
        )


async def _source_script(job: Job, intake: _Intake) -> Artefact | None:
    if job.source.subtitles is None:
        return None
    _reading, kept = await _script(job, job.source.subtitles, "source.subtitles", intake)
    return kept


async def _background(job: Job, intake: _Intake) -> Artefact | None:
    if job.source.background is None:
        return None
    if not is_address(job.source.background):
        _require_file(job.source.background, "source.background")
    found = await intake.file(job.source.background)
    if not probe(path_of(found)).audio:
        raise MediaError("the background has no sound", code="missing_audio_track", where="source.background")
    return found


async def _language(job: Job, target: Target, source_script: Artefact | None, intake: _Intake) -> LanguagePlan:
    voice = voices_of(target)
    try:
        if target.subtitles is None:
            return await _to_be_drafted(job, target, source_script, intake)
        reading, kept = await _script(job, target.subtitles, f"targets {target.locale}", intake)
        require_voices(target.locale, voice, voices_asked(job.dubbing))
    except InvalidJob as error:
        if not isinstance(error, SubtitleError):
            raise
        return LanguagePlan(job=job, locale=target.locale, voice=voice, problem=Problem(**error.as_dict()))
    except PolyreelError as error:
        return LanguagePlan(job=job, locale=target.locale, voice=voice, problem=Problem(**error.as_dict()))
    notes = tuple(f"line {note.line}: {note.message}" for note in reading.notes)
    return LanguagePlan(
        job=job,
        locale=target.locale,
        script=kept,
        source_script=source_script,
        voice=voice,
        voicing=voicing(job.dubbing),
        notes=notes,
    )


async def _to_be_drafted(job: Job, target: Target, source_script: Artefact | None, intake: _Intake) -> LanguagePlan:
    """A language whose script is translated from the source's."""
    require_voices(target.locale, voices_of(target), voices_asked(job.dubbing))
    return LanguagePlan(
        job=job,
        locale=target.locale,
        source_script=source_script,
        voice=voices_of(target),
        voicing=voicing(job.dubbing),
        glossary=await _glossary(job, target.locale, intake),
    )


async def _glossary(job: Job, locale: str, intake: _Intake) -> Artefact | None:
    place = job.translation.glossary if job.translation else None
    if place is None:
        return None
    if not is_address(place):
        _require_file(place, "translation.glossary")
    kept = await intake.file(place)
    check_glossary(path_of(kept), job.source.locale, locale, place)
    return kept


async def _script(job: Job, place: str, field: str, intake: _Intake) -> tuple[Reading, Artefact]:
    """A script, read whole, and kept as WebVTT (which holds all that the cue model does)."""
    if not is_address(place):
        _require_file(place, field)
    reading = read_file(path_of(await intake.file(place)))
    changed = [note for note in reading.notes if note.kind != "lost"]
    if changed and not job.subtitles.accept_repairs:
        first = changed[0]
        raise SubtitleError(
            f"{first.message} ({len(changed)} such place{'s' * (len(changed) != 1)})",
            line=first.line,
            where=f"{place}, line {first.line}",
            remedy="Correct the file, or set `subtitles: {accept_repairs: true}`.",
        )
    if not reading.track.cues:
        raise SubtitleError(
            "there is no cue in it", code="empty_transcript", where=place, remedy="Give a script with text."
        )
    return reading, intake.store.keep_bytes(write(reading.track, "vtt").text.encode(), ".vtt")


def _none_can_begin(job: Job, languages: tuple[LanguagePlan, ...]) -> InvalidJob:
    problems = [each.problem for each in languages if each.problem]
    return InvalidJob(
        "; ".join(_of_locale(each.locale, each.problem.message) for each in languages if each.problem),
        code=problems[0].code,
        where=job.name,
        remedy=problems[0].remedy,
    )


def _of_locale(locale: str, message: str) -> str:
    """A message that says which language it is about, once."""
    return message if message.startswith(f"{locale}: ") else f"{locale}: {message}"
