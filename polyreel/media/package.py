"""HLS and DASH of all languages together, by Shaka Packager: every sound and text track named and tagged.

The media lies once, in ``hls`` (or ``dash`` where only that is asked for); a DASH manifest beside HLS refers to it
there.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from polyreel import locales
from polyreel.errors import InvalidJob
from polyreel.media import binaries
from polyreel.media.command import DEFAULT, Limits
from polyreel.media.process import execute

Kind: TypeAlias = Literal["hls", "dash"]
_SEGMENT_S = 6
_KINDS: tuple[Kind, ...] = ("hls", "dash")


@dataclass(frozen=True, slots=True)
class Rendition:
    """A language's sound (a file with AAC) or text (a WebVTT file). The first of a list is the default one."""

    path: Path
    locale: str
    title: str = ""


async def package(
    video: Path,
    audios: Sequence[Rendition],
    subtitles: Sequence[Rendition],
    folder: Path,
    kinds: Sequence[Kind],
    *,
    limits: Limits = DEFAULT,
) -> list[Path]:
    """Write ``folder/hls/main.m3u8`` and/or ``folder/dash/main.mpd`` and their media; return every file written.

    ``video`` is an MP4, of which only the picture is taken; every track is a file of its own. What stood in those two
    folders is replaced as a whole. Raises InvalidJob for tracks that can't be packaged, ToolError where the packager
    can't run or fails.
    """
    _check(video, audios, subtitles, kinds)
    with _scratch(folder) as scratch:
        media = scratch / (kinds[0] if len(kinds) == 1 else "hls")
        await execute(_command(video, audios, subtitles, media, kinds), limits=limits)
        if len(kinds) > 1:
            _move_manifest(media / "main.mpd", scratch / "dash" / "main.mpd")
        return await asyncio.to_thread(_adopt, scratch, folder, kinds)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".package.", dir=folder) as scratch:
        for kind in _KINDS:
            Path(scratch, kind).mkdir()
        yield Path(scratch)


def _check(video: Path, audios: Sequence[Rendition], subtitles: Sequence[Rendition], kinds: Sequence[Kind]) -> None:
    paths = [video, *(one.path for one in (*audios, *subtitles))]
    if len(set(paths[1:])) < len(paths) - 1:
        raise InvalidJob("two tracks share one file.", where="packaging", remedy="Give every language its own file.")
    if not kinds or not audios:
        raise InvalidJob("packaging needs a format (hls, dash) and at least one sound track.", where="packaging")
    for one in subtitles:
        if one.path.suffix.lower() != ".vtt":
            raise InvalidJob("only WebVTT can be packaged.", where=str(one.path), remedy="Convert the subtitles first.")
    for path in paths:
        # Shaka's stream descriptors part their fields by commas and can't quote them.
        if "," in str(path) or "\n" in str(path):
            raise InvalidJob("a path with a comma can't be packaged.", where=str(path), remedy="Use another folder.")


def _command(
    video: Path, audios: Sequence[Rendition], subtitles: Sequence[Rendition], media: Path, kinds: Sequence[Kind]
) -> list[str]:
    hls, dash = "hls" in kinds, "dash" in kinds
    command = [str(binaries.packager()), f"in={video},stream=video,output={media}/video.mp4,playlist_name=video.m3u8"]
    command += _descriptors(audios, "audio", "mp4", media)
    command += _descriptors(subtitles, "text", "vtt", media)
    command += [f"--segment_duration={_SEGMENT_S}", f"--default_language={locales.canonical(audios[0].locale)}"]
    command += [f"--hls_master_playlist_output={media}/main.m3u8", "--hls_playlist_type=VOD"] if hls else []
    command += [f"--mpd_output={media}/main.mpd"] if dash else []
    return [*command, f"--temp_dir={media.parent}", "--quiet"]


def _descriptors(tracks: Sequence[Rendition], stream: str, suffix: str, media: Path) -> Iterator[str]:
    for one in tracks:
        tag = locales.canonical(one.locale)
        title = (one.title or locales.own_name(tag)).replace(",", " ").replace('"', "'").replace("\n", " ")
        name = f"{stream}_{tag}"
        yield (
            f"in={one.path},stream={stream},output={media}/{name}.{suffix},language={tag},"
            f"hls_group_id={stream},hls_name={title},playlist_name={name}.m3u8,dash_label={title}"
        )


def _move_manifest(written: Path, final: Path) -> None:
    """Take the DASH manifest out of HLS's folder. The packager's own way (--base_urls) would escape the slashes, and
    one address for the whole manifest is not understood by every player (ffmpeg among them)."""
    manifest = written.read_text("utf-8")
    final.write_text(manifest.replace("<BaseURL>", "<BaseURL>../hls/"), "utf-8")
    written.unlink()


def _adopt(scratch: Path, folder: Path, kinds: Sequence[Kind]) -> list[Path]:
    """Put the finished folders in place of the old ones; a manifest is never seen without its media."""
    for kind in kinds:
        final, old = folder / kind, scratch / f"old-{kind}"
        if final.exists():
            final.rename(old)
        (scratch / kind).rename(final)
        shutil.rmtree(old, ignore_errors=True)
    return sorted(path for kind in kinds for path in (folder / kind).rglob("*") if path.is_file())
