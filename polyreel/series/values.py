"""A series' own settings, and a job with them: what the job says itself always counts first."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

from polyreel.job import Job
from polyreel.job.source import Speaker
from polyreel.job.values import Asked, SubtitleProfile

Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\t\r\n\x00]+$")]


class Series(Asked):
    """``series.yaml``: what every job of a series begins with."""

    cast: dict[str, Speaker] = Field(default_factory=dict, description="Voices by speaker, as a job's `speakers`.")
    do_not_translate: Annotated[tuple[Word, ...], Strict(False)] = Field(
        default=(), max_length=2000, description="Names and words that stay as they are."
    )
    profile: SubtitleProfile | None = Field(default=None, description="Whose subtitle limits the house follows.")


def apply_series(job: Job, series: Series) -> Job:
    """The job with the series' cast and profile where it says nothing itself. Applying twice changes nothing."""
    changed: dict[str, object] = {}
    if series.cast:
        changed["speakers"] = _merge_cast(job, series)
    if series.profile and "profile" not in job.subtitles.model_fields_set:
        changed["subtitles"] = job.subtitles.model_copy(update={"profile": series.profile})
    return job.model_copy(update=changed)


def _merge_cast(job: Job, series: Series) -> dict[str, Speaker]:
    """Everybody that the job names, and then the series' others: who is cast first by name gets the first voice."""
    locales = {target.locale for target in job.targets}
    own = job.speakers or {}
    merged = {}
    for name in dict.fromkeys([*own, *series.cast]):
        mine, theirs = own.get(name, Speaker()), series.cast.get(name, Speaker())
        shared = {locale: voice for locale, voice in theirs.voices.items() if locale in locales}
        merged[name] = Speaker(gender=mine.gender or theirs.gender, voices={**shared, **mine.voices})
    return merged
