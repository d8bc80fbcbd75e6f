"""The small files that a job names, read and checked: scripts, glossaries, pronunciations, a clean background."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.errors import InvalidJob, MediaError, SubtitleError
from polyreel.intake.jobfile import is_address
from polyreel.job import Job, Target
from polyreel.job.values import is_embedded, parse_embedded_number
from polyreel.media.info import MediaInfo
from polyreel.media.probe import probe
from polyreel.media.tracks import choose_subtitles
from polyreel.objects.connection import Connection
from polyreel.outcome import StoredFile
from polyreel.planning.memory import keep_terms
from polyreel.planning.scripts import Script, ScriptRequest, read_script
from polyreel.sources.ingest import ingest
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import write
from polyreel.subtitles.model import Track

_AS_LONG_S = 1
"""How much longer or shorter than the source a mix of the same film may be: encoders add some, editors cut some."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How small files that a job names come in: into the store, over the way that the job's credentials open."""

    store: Store
    connection: Connection | None
    media: str
    reel: MediaInfo | None = None
    client: Any = None

    async def file(self, place: str) -> StoredFile:
        """A file that is read now, and so is on this machine."""
        # The vendor's client opens its own asset, and knows nothing of a file that lies elsewhere.
        client = self.client if place == self.media else None
        found = await ingest(place, self.store, connection=self.connection, client=client)
        await self.store.fetch_files((found,))
        return found

    async def extract_embedded(self, place: str, locale: str) -> StoredFile:
        """The subtitles inside the job's own video as a file. A video that is far away comes in for it."""
        from polyreel.media.subtitles import extract_subtitles

        video = path_of(await self.file(self.media))
        info = await asyncio.to_thread(probe, video)
        stream = choose_subtitles(info, locale, parse_embedded_number(place))
        with self.store.open_scratch() as folder:
            return self.store.keep_file(await extract_subtitles(info, stream, folder))


def require_file(path: str, field: str) -> None:
    """See that a file is there. ``field``: where the job names it. Raises `InvalidJob`."""
    if not Path(path).exists():
        raise InvalidJob(
            "no such file", where=f"{field}: {path}", remedy="Check the path; it is taken from the job file's folder."
        )


async def read_source_script(job: Job, intake: Intake) -> StoredFile | None:
    """The script in the source's language, as it is kept. Raises `InvalidJob`, `SubtitleError` among them."""
    if job.source.subtitles is None:
        return None
    found = await read_asked_script(ScriptRequest.of_source(job), "source.subtitles", intake)
    return keep_script(found, intake)


async def read_background(job: Job, intake: Intake) -> StoredFile | None:
    """The clean background. Raises `InvalidJob`; `MediaError` (``missing_audio_track``) for one that has no sound."""
    if job.source.background is None:
        return None
    if not is_address(job.source.background):
        require_file(job.source.background, "source.background")
    found = await intake.file(job.source.background)
    if not probe(path_of(found)).audio:
        raise MediaError(
            "the background has no sound",
            code="missing_audio_track",
            where="source.background",
            remedy="Give a sound file, or a video that has a sound track, or leave `source.background` out.",
        )
    return found


async def read_audio_description(place: str | None, field: str, intake: Intake) -> StoredFile | None:
    """A sound that describes the picture. Raises `InvalidJob`; `MediaError` where it can't belong to the source."""
    if place is None:
        return None
    if not is_address(place):
        require_file(place, field)
    found = await intake.file(place)
    info = await asyncio.to_thread(probe, path_of(found))
    if not info.audio:
        raise MediaError(
            "the audio description has no sound",
            code="missing_audio_track",
            where=field,
            remedy="Give a sound file, or a video that has a sound track, or leave it out.",
        )
    if intake.reel:
        check_description_length(info.duration, intake.reel.duration, f"{field}: {place}")
    return found


def check_description_length(found: Fraction, source: Fraction, field: str) -> None:
    """See that a sound of ``found`` seconds can belong to a source of so many. Raises MediaError."""
    if abs(found - source) > _AS_LONG_S:
        raise MediaError(
            f"the audio description lasts {float(found):.1f} s, the source {float(source):.1f} s",
            code="audio_description_length",
            where=field,
            remedy="Give the mix that belongs to this source, from its beginning to its end.",
        )


async def read_forced(job: Job, target: Target, intake: Intake) -> StoredFile | None:
    """The file of a target's signs and foreign lines. A file that nobody would read is a slip."""
    if target.forced is None:
        return None
    if "forced" not in job.subtitles.kinds:
        raise SubtitleError(
            "a file of forced subtitles is given, and none are asked for",
            code="forced_not_asked",
            where=f"targets {target.locale}",
            remedy="Set `subtitles: {kinds: [subtitles, forced]}`, or leave `forced` out.",
        )
    asked = replace(ScriptRequest.of_target(job, target), place=target.forced)
    return keep_script(await read_asked_script(asked, f"targets {target.locale}", intake), intake)


async def keep_asked_terms(job: Job, intake: Intake) -> StoredFile | None:
    """The glossary that goes to whoever dubs, of the first that takes one."""
    places = [getattr(options, "glossary", None) for options in (job.dubbing, *job.fallback)]
    place = next((each for each in places if each), None)
    if place is None:
        takes_one = any("glossary" in type(options).model_fields for options in (job.dubbing, *job.fallback))
        return keep_terms(job, intake.store) if takes_one else None
    if not is_address(place):
        require_file(place, "dubbing.glossary")
    return await intake.file(place)


async def read_asked_pronunciations(job: Job, intake: Intake) -> tuple[Pronunciation, ...]:
    """How the job's terms are said, in all languages."""
    from polyreel.engine.voice.pronunciations import read_pronunciations

    if job.pronunciations is None:
        return ()
    if not is_address(job.pronunciations):
        require_file(job.pronunciations, "pronunciations")
    file = await intake.file(job.pronunciations)
    return read_pronunciations(path_of(file), f"pronunciations: {job.pronunciations}")


async def read_asked_glossary(job: Job, locale: str, intake: Intake) -> StoredFile | None:
    """The glossary of a translation into a language: the job's own, else the series'. Raises `InvalidJob`."""
    from polyreel.dubbing.translation import check_glossary

    place = job.translation.glossary if job.translation else None
    if place is None:
        kept = keep_terms(job, intake.store) if job.translation else None
        if kept:
            check_glossary(path_of(kept), job.source.locale, locale, f"series: {job.series}")
        return kept
    if not is_address(place):
        require_file(place, "translation.glossary")
    kept = await intake.file(place)
    check_glossary(path_of(kept), job.source.locale, locale, place)
    return kept


async def read_asked_script(asked: ScriptRequest, field: str, intake: Intake, reference: Track | None = None) -> Script:
    """A script from a file, an address or the video itself. ``reference``: the source's lines, which it is timed to.

    Raises `InvalidJob`; `SubtitleError` names the place as the job does.
    """
    if is_embedded(asked.place):
        file = await intake.extract_embedded(asked.place, asked.locale)
    else:
        if not is_address(asked.place):
            require_file(asked.place, field)
        file = await intake.file(asked.place)
    path = path_of(file)
    try:
        return read_script(path, asked, intake.reel, reference)
    except SubtitleError as error:
        # What is read lies in the store; who wrote the job knows it by another name.
        error.where = error.where.replace(str(path), asked.place)
        raise


def keep_script(script: Script, intake: Intake) -> StoredFile:
    """A script in the store, as WebVTT, which holds all that the cue model does."""
    return intake.store.keep_bytes(write(script.track, "vtt").text.encode(), ".vtt")
