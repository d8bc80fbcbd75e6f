"""What a job has to teach its series: whose voice was whose, and the lines that people wrote or approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyreel.errors import InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.intake.jobfile import is_address
from polyreel.intake.series import diff_series, read_memory, read_series, remember_units, write_series
from polyreel.job import Job
from polyreel.job.source import Speaker
from polyreel.job.values import is_embedded
from polyreel.outcome import CastSpeaker
from polyreel.series.memory import Unit, merge_units
from polyreel.series.pairing import pair_scripts
from polyreel.series.values import Series
from polyreel.subtitles import read_file
from polyreel.subtitles.model import Track


@dataclass(frozen=True, slots=True)
class Lesson:
    """What would be written back. ``diff``: of the settings; ``units``: lines that say something new."""

    place: str
    settings: Series
    diff: str
    units: tuple[Unit, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the series knows all of it."""
        return not self.diff and not self.units


def prepare_lesson(
    job: Job, cast: Mapping[str, CastSpeaker], edited: Mapping[str, Path], heard: Path | None = None
) -> Lesson:
    """What a job teaches: its cast, and the pairs of its source's script with each target's.

    ``cast`` is the outcome's ``speakers``. ``edited`` are scripts by locale that a person approved; for other targets,
    the ``subtitles`` that the job names. ``heard`` is what they stood beside, where the source has no script of its
    own. Raises `InvalidJob`.
    """
    if job.series is None:
        raise InvalidJob("the job is of no series", where="series", remedy="Name one in the job: `series: NAME`.")
    unknown = sorted(set(edited) - {target.locale for target in job.targets})
    if unknown:
        raise InvalidJob(f"the job has no target {unknown[0]}", where="LOCALE=FILE", remedy="Give one of its targets.")
    held = read_series(job.series)
    settings = held.model_copy(update={"cast": _merge_cast(held.cast, cast)})
    units, notes = _pair_units(job, edited, heard)
    _, added = merge_units(read_memory(job.series), units)
    return Lesson(job.series, settings, diff_series(job.series, settings), tuple(added), tuple(notes))


def write_lesson(lesson: Lesson) -> None:
    """Write it back. Raises `StoreError`, `InvalidJob`."""
    if lesson.diff:
        write_series(lesson.place, lesson.settings)
    remember_units(lesson.place, lesson.units)


def _merge_cast(held: Mapping[str, Speaker], cast: Mapping[str, CastSpeaker]) -> dict[str, Speaker]:
    merged = dict(held)
    for name, speaker in cast.items():
        known = held.get(name, Speaker())
        # Languages that this job did not have keep the voice that they had.
        merged[name] = Speaker(gender=known.gender, voices={**known.voices, **speaker.voices})
    return merged


def _pair_units(job: Job, edited: Mapping[str, Path], heard: Path | None) -> tuple[list[Unit], list[str]]:
    own = _read_track(job.source.subtitles, "source.subtitles")
    source = own or _read_track(str(heard) if heard else None, "source")
    if source is None:
        return [], ["No lines were learned: the job's source has no script of its own (`source.subtitles`)."]
    units, notes = [], []
    for target in job.targets:
        asked = str(edited[target.locale]) if target.locale in edited else target.subtitles
        track = _read_track(asked, target.locale)
        if track is None:
            notes.append(f"{target.locale}: no script that a person wrote; give one as {target.locale}=FILE.")
            continue
        found = pair_scripts(source, track, job.source.locale, target.locale)
        units += found
        if len(found) < len(source.cues):
            notes.append(
                f"{target.locale}: {len(found)} of {spell_count(len(source.cues), 'line')} beside their translation."
            )
    return units, notes


def _read_track(place: str | None, field: str) -> Track | None:
    if place is None or is_embedded(place) or is_address(place):
        return None
    if not Path(place).is_file():
        raise InvalidJob("no such file", where=f"{field}: {place}", remedy="Check the path.")
    return read_file(Path(place)).track
