"""What is known of a source's picture and tracks before anything runs: what is encoded, left out, or can't be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from polyreel.dubbing.providers import provider_of
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.job import Job
from polyreel.job.packaging import FILMS
from polyreel.job.values import is_embedded
from polyreel.media import binaries
from polyreel.media.info import MediaInfo
from polyreel.media.probe import probe
from polyreel.media.tracks import choose_sound, list_subtitles, note_left_out
from polyreel.planning.sound import container_of, describe_sound
from polyreel.plans import LanguagePlan
from polyreel.store.local import path_of


def describe_source(info: MediaInfo, job: Job) -> tuple[str, ...]:
    """Everything that a person should know of a source before it is dubbed, a sentence each."""
    from polyreel.media.sound_file import note_not_carried

    sound = choose_sound(info, job.source.locale, job.source.audio_track).notes
    left_out = note_left_out(info, is_embedded(job.source.subtitles or ""))
    kept = () if info.video or not job.targets else note_not_carried(info, container_of(info, job))
    return (*sound, *describe_sound(info, job), *_describe_picture(info, job), *left_out, *kept)


def _describe_picture(info: MediaInfo, job: Job) -> tuple[str, ...]:
    from polyreel.media.codecs import MP4_VIDEO, describe_encoding
    from polyreel.packaging.picture import explain_encoding

    video = info.video
    if video is None:
        return ()
    if video.codec not in MP4_VIDEO:
        made = describe_encoding(video)
        return (f"The picture will be encoded {made}: an MP4 can't hold {video.codec}.",)
    # The rungs of a ladder are encoded in any case, so that only a copied picture has to suit players.
    is_copied = any(not each.ladder for each in job.packaging)
    reason = explain_encoding(video) if is_copied else ""
    return (f"The streaming packages will have a picture of their own: {reason}.",) if reason else ()


@contextmanager
def offer_embedded(job: Job) -> Iterator[None]:
    """Where no script is at hand, say also which subtitles lie inside a video that is on this machine."""
    try:
        yield
    except PolyreelError as error:
        error.remedy = f"{error.remedy}{_find_offer(job)}"
        raise


def _find_offer(job: Job) -> str:
    try:
        info = probe(Path(job.source.media))
    except PolyreelError:
        return ""  # far away, or refused by name where it is looked at
    # Pictures of text (PGS, DVB) can't be taken as a script.
    if not any(one.is_text for one in info.subtitles):
        return ""
    return f" The video holds subtitles: {list_subtitles(info)}; `subtitles: embedded` takes them as a script."


def require_one_picture(job: Job) -> None:
    """Refuse what shows one picture with every language, where each language may have its own. Raises InvalidJob."""
    # A picture that waits is longer in one language than in another.
    waits = any(provider_of(options).gives_way(options) for options in (job.dubbing, *job.fallback))
    packages = [("packaging", each.kind) for each in job.packaging]
    shared = [*packages, *(("masters", each) for each in job.masters if each in FILMS)]
    if waits and shared:
        where, what = shared[0]
        raise InvalidJob(
            f"with `fit: {{picture: true}}` each language has a picture of its own, and {where} ({what}) shows one "
            "picture with all of them",
            code="several_pictures",
            where=where,
            remedy=f"Leave `{what}` out of `{where}`, or `fit` out of `dubbing`.",
        )


def require_packager(job: Job) -> None:
    """See that packages can be made on this machine, before anything else is. Raises ToolError."""
    if job.packaging:
        binaries.packager()


def require_fonts(job: Job, languages: Iterable[LanguagePlan]) -> None:
    """See that every script that is to be burned into the picture can be drawn here. Raises InvalidJob."""
    if "burned" in job.masters:
        from polyreel.packaging.burned import font_for

        for each in languages:
            if each.script and each.problem is None:
                font_for(path_of(each.script), each.locale)
