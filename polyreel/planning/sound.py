"""Reels without a picture (podcasts, radio): what their dubs are delivered in, and what can't be asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from polyreel.delivery.places import place_of
from polyreel.dubbing.providers import provider_of
from polyreel.errors import InvalidJob, MediaError
from polyreel.job import Job
from polyreel.media.info import MediaInfo

FILM = "mp4"
_OF_FILMS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mxf", ".ts", ".mpg", ".mpeg", ".flv", ".wmv"})
_MASTERS_OF_PICTURES = ("mp4", "mkv", "burned")


def container_of(info: MediaInfo, job: Job) -> str:
    """What a reel's dubs are delivered in: a film is an MP4, sound what the job says or what the source is like."""
    from polyreel.media.sound_file import container_like

    return FILM if info.video else job.output or container_like(info)


def describe_sound(info: MediaInfo, job: Job) -> tuple[str, ...]:
    """What a person should know of a reel that is sound alone."""
    if info.video or not job.targets:
        return ()
    why = "as the job asks" if job.output else "as the source is; `output` says otherwise"
    return (f"The source is sound without a picture: each dub is one {container_of(info, job)} file ({why}).",)


def require_picture_where_asked(job: Job, *, has_picture: bool) -> None:
    """Refuse what only films have, of a reel that is none; and what only sound has, of a film.

    Raises InvalidJob, and MediaError for what is called a film.
    """
    if has_picture:
        if job.output:
            raise InvalidJob(
                f"`output: {job.output}` is for sound without a picture, and the source has one",
                code="output_is_for_sound",
                where="output",
                remedy="Leave `output` out: the dubs of a film are MP4s. `masters: [wav]` gives their sound beside.",
            )
        return
    _refuse_film_without_picture(job)
    for where, asked, remedy in _list_pictures_asked(job):
        raise InvalidJob(
            f"{asked} needs a picture, and the source is sound alone", code="needs_picture", where=where, remedy=remedy
        )


def _refuse_film_without_picture(job: Job) -> None:
    # Behind a film's name a lost picture is likelier than a podcast, and the dubs would be found without it too late.
    name = PurePosixPath(urlsplit(job.source.media).path if "://" in job.source.media else job.source.media)
    if job.targets and not job.output and name.suffix.lower() in _OF_FILMS:
        raise MediaError(
            f"{name.name} is called a film and holds sound without a picture",
            code="unsupported_media",
            where="source.media",
            remedy="Export it with its picture; or say that sound alone is meant: `output: m4a` (or mp3, wav).",
        )


def _list_pictures_asked(job: Job) -> Iterator[tuple[str, str, str]]:
    """Where a picture is asked for: the field, what needs it, and what to do instead."""
    for options in (job.dubbing, *job.fallback):
        if not provider_of(options).takes_sound:
            yield "dubbing", provider_of(options).title, "Dub it on this machine (`dubbing: {provider: embedded}`)."
        if provider_of(options).gives_way(options):
            yield "dubbing", "`fit: {picture: true}`", "Leave it out: where there is no picture, none can wait."
    for place in job.delivery:
        if not place_of(place).takes_sound:
            yield "delivery", place_of(place).title, "Deliver it to a folder or an object store (`folder`, `s3`)."
    for master in job.masters:
        if master in _MASTERS_OF_PICTURES:
            yield "masters", f"the master `{master}`", "Of sound there are `masters: [wav, stems, otio, aaf]`."
    if job.source.audio_description or any(each.audio_description for each in job.targets):
        yield "audio_description", "an audio description", "Leave it out: it says what is seen."
    if any(each.thumbnails for each in job.packaging):
        yield "packaging", "thumbnails", "Leave `thumbnails` out."
    if any(each.ladder for each in job.packaging):
        yield "packaging", "a ladder", "Leave `ladder` out: the package holds the sounds alone."
