"""What holds all languages that go out together: the tracks that packages and masters are made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.outcome import Outcome, Reel, StoredFile
from polyreel.packaging.roles import Rendition, Role
from polyreel.plans import Plan
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.subtitles import read_bytes, write_bytes
from polyreel.subtitles.formats.registry import FORMATS
from tasks.run.values import LanguageResult, LanguageResults, TrackFile

if TYPE_CHECKING:
    from polyreel.packaging.original import Original

_ROLES: dict[str, Role] = {"captions": "captions", "forced": "forced"}


def going_out(languages: LanguageResults, outcome: Outcome) -> list[LanguageResult]:
    """The finished languages that nothing holds back."""
    return [each for each in languages.finished if outcome.languages[each.locale].status == "delivered"]


def content_of(going: Iterable[LanguageResult], original: Original | None) -> list[Any]:
    """What a package's or a master's key says of its tracks: what is in them, and what they are marked as."""
    # Left out where there is none: packages that were made before there were descriptions keep their keys.
    unasked = set() if original and original.description else {"description"}
    tracks: list[Any] = [original.model_dump(mode="json", exclude=unasked)] if original else []
    for each in going:
        further = [[text.kind, text.format, text.file.sha256] for text in _further_texts(each)]
        own = [each.locale, each.video.sha256, each.tracks.files["vtt"].sha256, each.mix, each.is_machine_text]
        own += ["no text"] if each.tracks.is_empty else []
        own += [[role, file.sha256] for role, file in _sounds_beside(each)]
        # The same for further texts: an empty list would make every old package anew.
        tracks.append([*own, further] if further else own)
    return tracks


async def original_of(plan: Plan, reel: Reel) -> Original:
    """The original language's sound, and its script where somebody wrote one or it was heard."""
    from polyreel.packaging.original import take_description, take_original

    # A reel that was cut or encoded holds the sound that is dubbed alone.
    is_source = plan.source is not None and reel.file.sha256 == plan.source.sha256
    tracks = reel.sound if is_source else (0,)
    heard = plan.heard_script or next((each.source_script for each in plan.languages if each.source_script), None)
    script = plan.source_script or heard
    await open_store().fetch_files([reel.file, *([script] if script else [])])
    made = await take_original(
        reel,
        plan.job.source.locale,
        open_store(),
        tracks=tracks[0] if len(tracks) == 1 else (tracks[0], tracks[1]),
        script=script,
        is_machine_made=plan.source_script is None,
    )
    if plan.audio_description is None:
        return made
    return made.model_copy(update={"description": await take_description(plan.audio_description, reel, open_store())})


async def with_descriptions(plan: Plan, reel: Reel, languages: LanguageResults) -> LanguageResults:
    """The same with each language's audio description, where one is given, as a track of the reel's length."""
    from polyreel.packaging.original import take_description

    given = {each.locale: each.audio_description for each in plan.languages if each.audio_description}
    made = [
        each.model_copy(update={"description": await take_description(given[each.locale], reel, open_store())})
        if each.locale in given
        else each
        for each in languages.finished
    ]
    return languages.model_copy(update={"finished": tuple(made)})


def sounds_of(going: Iterable[LanguageResult], original: Original | None, folder: Path) -> list[Rendition]:
    """Every sound, the original first. The links lie in ``folder``: the packager wants a file per track."""
    found = [_original_track(original.audio, original, folder / "original.m4a", "original")] if original else []
    for each in going:
        path = link(folder / f"{each.locale}.m4a", each.audio or each.video)
        role: Role = "voiceover" if each.mix == "voiceover" else "dub"
        # Every provider's voices are synthetic.
        found.append(Rendition(path, each.locale, role=role, is_machine_made=True))
        for beside, file in _sounds_beside(each):
            path = link(folder / f"{each.locale}.{beside}.m4a", file)
            found.append(Rendition(path, each.locale, role=beside, is_machine_made=beside == "voiceover"))
    if original and original.description:
        path = link(folder / "original.description.m4a", original.description)
        found.append(Rendition(path, original.locale, role="description", is_translation=False))
    return found


def _sounds_beside(each: LanguageResult) -> list[tuple[Role, StoredFile]]:
    """What else is heard of a language, each in a track of its own."""
    beside: list[tuple[Role, StoredFile | None]] = [("voiceover", each.voiceover), ("description", each.description)]
    return [(role, file) for role, file in beside if file]


def texts_of(going: Iterable[LanguageResult], original: Original | None, folder: Path) -> list[Rendition]:
    """Every text, the original first."""
    found = []
    if original and original.text:
        found.append(_original_track(original.text, original, folder / "original.vtt", "subtitles"))
    for each in going:
        if not each.tracks.is_empty:
            path = link(folder / f"{each.locale}.vtt", each.tracks.files["vtt"])
            found.append(Rendition(path, each.locale, role="subtitles", is_machine_made=each.is_machine_text))
        for text in _further_texts(each):
            path = _as_webvtt(folder / f"{each.locale}.{text.kind}.vtt", text)
            found.append(Rendition(path, each.locale, role=_ROLES[text.kind], is_machine_made=each.is_machine_text))
    return found


def _further_texts(each: LanguageResult) -> list[TrackFile]:
    """A language's captions and forced lines, each in the format that says most of it; WebVTT first."""
    found: dict[str, TrackFile] = {}
    # Packages hold WebVTT: whatever is in it already is taken as it is.
    for text in sorted(each.tracks.more, key=lambda one: one.format != "vtt"):
        if each.tracks.is_empty and text.kind != "forced":
            continue
        if text.kind in _ROLES and FORMATS[text.format].read:
            found.setdefault(text.kind, text)
    return [found[kind] for kind in _ROLES if kind in found]


def _as_webvtt(path: Path, text: TrackFile) -> Path:
    if text.format == "vtt":
        return link(path, text.file)
    path.write_bytes(write_bytes(read_bytes(path_of(text.file).read_bytes(), text.format).track, "vtt")[0])
    return path


def _original_track(file: StoredFile, original: Original, path: Path, role: Role) -> Rendition:
    is_machine_made = role == "subtitles" and original.is_machine_made
    return Rendition(
        link(path, file), original.locale, role=role, is_machine_made=is_machine_made, is_translation=False
    )


def link(path: Path, file: StoredFile) -> Path:
    """A stored file under a name of its own: two languages may share one script's content."""
    path.symlink_to(path_of(file))
    return path
