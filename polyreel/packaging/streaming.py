"""HLS and DASH of all languages together, by Shaka Packager: every sound and text track named and tagged.

The media lies once, in ``hls`` (or ``dash`` where only that is asked for); a DASH manifest beside HLS refers to it
there.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from polyreel import locales
from polyreel.errors import InvalidJob
from polyreel.job.packaging import PackageKind as Kind
from polyreel.job.packaging import Segments
from polyreel.machine.plain_names import PlainNames, plain_names
from polyreel.media import binaries
from polyreel.media.command import DEFAULT, Limits
from polyreel.media.probe import probe
from polyreel.media.process import execute
from polyreel.packaging.fragments import divide_long_sounds
from polyreel.packaging.playlists import add_sound_variant, describe_renditions, order_labels
from polyreel.packaging.roles import Rendition
from polyreel.packaging.thumbnails import add_image_track, make_sheets, write_regions

# Apple's HLS authoring specification asks for segments of six seconds.
_SEGMENT_S = 6
_SEGMENT = re.compile(r"_(?:init|\d+)$")
_ADDRESS = re.compile(r'(<BaseURL>| media="| initialization=")')
# The packager keeps a cache for each file that it reads or writes, 32 MB by default: a gigabyte for ten languages.
_CACHE_BYTES = 1 << 20
_KINDS: tuple[Kind, ...] = ("hls", "dash")


async def package(
    pictures: Sequence[Path],
    audios: Sequence[Rendition],
    subtitles: Sequence[Rendition],
    folder: Path,
    kinds: Sequence[Kind],
    *,
    segments: Segments = "byterange",
    thumbnails: bool = False,
    limits: Limits = DEFAULT,
) -> list[Path]:
    """Write ``folder/hls/main.m3u8`` and/or ``folder/dash/main.mpd`` and their media; return every file written.

    ``pictures`` are MP4s of which only the picture is taken: one, or the rungs of a ladder, named by their sizes
    (``720.mp4``); none, where there is sound alone. Every track is a file of its own. What stood in those two folders
    is replaced as a whole. ``thumbnails``: of the smallest picture. Raises InvalidJob for tracks that can't be
    packaged, ToolError where the packager can't run or fails.
    """
    _check_tracks(audios, subtitles, kinds)
    # In the packager's arguments a comma begins another field and a dollar a pattern: it is given plain names alone.
    with _make_scratch(folder) as scratch, plain_names(scratch) as names:
        media = scratch / (kinds[0] if len(kinds) == 1 else "hls")
        seen = {_picture_name(one, pictures): names.of(one) for one in pictures}
        form = _Form(names.of(media), tuple(kinds), segments)
        sounds = await divide_long_sounds(audios, scratch, limits)
        await execute(
            _build_command(seen, _rename_tracks(names, sounds), _rename_tracks(names, subtitles), form), limits=limits
        )
        if "hls" in kinds:
            await asyncio.to_thread(describe_renditions, media / "main.m3u8", audios)
            if not pictures:
                await asyncio.to_thread(add_sound_variant, media / "main.m3u8", audios, bool(subtitles))
        if "dash" in kinds:
            await asyncio.to_thread(order_labels, media / "main.mpd")
        if thumbnails and pictures:
            await _add_thumbnails(pictures[-1], media, kinds, limits)
        # HLS and DASH share one set of segments, which lies in HLS's folder; DASH alone has its own.
        if len(kinds) > 1:
            _move_manifest(media / "main.mpd", scratch / "dash" / "main.mpd")
        return await asyncio.to_thread(_adopt_folders, scratch, folder, kinds)


async def _add_thumbnails(picture: Path, media: Path, kinds: Sequence[Kind], limits: Limits) -> None:
    sheets = await make_sheets(await asyncio.to_thread(probe, picture), media, limits=limits)
    if "dash" in kinds:
        await asyncio.to_thread(add_image_track, media / "main.mpd", sheets)
    if "hls" in kinds:
        await asyncio.to_thread(write_regions, sheets, media / "thumbnails.vtt")


def locale_of(file: Path, tracks: Sequence[Rendition]) -> str | None:
    """The language of a file of a package; None for one that all share."""
    stems = {f"{stream}_{one.file_name}": one.locale for one in tracks for stream in ("audio", "text")}
    return stems.get(_SEGMENT.sub("", file.stem))


@contextmanager
def _make_scratch(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    # Beside the final folders, on their disk: finished ones are put in place by renaming.
    with tempfile.TemporaryDirectory(prefix=".package.", dir=folder) as scratch:
        for kind in _KINDS:
            Path(scratch, kind).mkdir()
        yield Path(scratch)


def _rename_tracks(names: PlainNames, tracks: Sequence[Rendition]) -> list[Rendition]:
    """The same tracks under plain names."""
    return [replace(one, path=names.of(one.path)) for one in tracks]


def _check_tracks(audios: Sequence[Rendition], subtitles: Sequence[Rendition], kinds: Sequence[Kind]) -> None:
    paths = [one.path for one in (*audios, *subtitles)]
    if len(set(paths)) < len(paths):
        raise InvalidJob("two tracks share one file.", where="packaging", remedy="Give every language its own file.")
    if not kinds or not audios:
        raise InvalidJob(
            "packaging needs a format (hls, dash) and at least one sound track.",
            where="packaging",
            remedy="Set `packaging: [hls]`, and at least one target.",
        )
    for one in subtitles:
        if one.path.suffix.lower() != ".vtt":
            raise InvalidJob("only WebVTT can be packaged.", where=str(one.path), remedy="Convert the subtitles first.")


def _picture_name(picture: Path, pictures: Sequence[Path]) -> str:
    return "video" if len(pictures) == 1 else f"video_{picture.stem}"


@dataclass(frozen=True, slots=True)
class _Form:
    """Where the media goes, for which kinds of package, and in what pieces."""

    folder: Path
    kinds: tuple[Kind, ...]
    segments: Segments

    def outputs(self, name: str, stream: str) -> dict[str, str]:
        """The packager's fields for a track's files. Text needs nothing to begin with."""
        path, suffix = f"{self.folder}/{name}", "vtt" if stream == "text" else "mp4"
        if self.segments == "byterange":
            return {"output": f"{path}.{suffix}"}
        begin = {} if stream == "text" else {"init_segment": f"{path}_init.mp4"}
        return {**begin, "segment_template": f"{path}_$Number$.{'vtt' if stream == 'text' else 'm4s'}"}


def _build_command(
    pictures: Mapping[str, Path], audios: Sequence[Rendition], subtitles: Sequence[Rendition], form: _Form
) -> list[str]:
    hls, dash, media = "hls" in form.kinds, "dash" in form.kinds, form.folder
    command = [str(binaries.packager())]
    for name, path in pictures.items():
        fields = {"in": str(path), "stream": "video", **form.outputs(name, "video"), "playlist_name": f"{name}.m3u8"}
        fields |= {"iframe_playlist_name": f"{name}_keyframes.m3u8"} if hls else {}
        command.append(",".join(f"{field}={value}" for field, value in fields.items()))
    command += _list_descriptors(audios, "audio", form)
    command += _list_descriptors(subtitles, "text", form)
    command += [f"--segment_duration={_SEGMENT_S}", f"--default_language={locales.canonical(audios[0].locale)}"]
    command += [f"--hls_master_playlist_output={media}/main.m3u8", "--hls_playlist_type=VOD"] if hls else []
    command += [f"--mpd_output={media}/main.mpd"] if dash else []
    # Media in numbered files is a live stream to the packager, and a live manifest says no end.
    command += ["--generate_static_live_mpd"] if dash and form.segments == "files" else []
    command += [f"--io_cache_size={_CACHE_BYTES}"]
    return [*command, f"--temp_dir={media.parent}", "--quiet"]


def _list_descriptors(tracks: Sequence[Rendition], stream: str, form: _Form) -> Iterator[str]:
    for one in tracks:
        name = f"{stream}_{one.file_name}"
        # A comma would begin another field, and a quote would end the playlist's attribute.
        title = one.name.replace(",", " ").replace('"', "'").replace("\n", " ")
        fields = {
            "in": str(one.path),
            "stream": stream,
            **form.outputs(name, stream),
            "language": locales.canonical(one.locale),
            "hls_group_id": stream,
            "hls_name": title,
            "playlist_name": f"{name}.m3u8",
            "dash_label": title,
            "hls_characteristics": ";".join(one.characteristics),
            "dash_roles": "" if one.role == "forced" else one.dash_role,
            "dash_accessibilities": one.accessibility,
            "forced_subtitle": "1" if one.role == "forced" else "",
        }
        yield ",".join(f"{field}={value}" for field, value in fields.items() if value)


def _move_manifest(written: Path, final: Path) -> None:
    """Take the DASH manifest out of HLS's folder. The packager's own way (--base_urls) would escape the slashes, and
    one address for the whole manifest is not understood by every player (ffmpeg among them)."""
    manifest = written.read_text("utf-8")
    final.write_text(_ADDRESS.sub(r"\1../hls/", manifest), "utf-8")
    written.unlink()


def _adopt_folders(scratch: Path, folder: Path, kinds: Sequence[Kind]) -> list[Path]:
    """Put the finished folders in place of the old ones; a manifest is never seen without its media."""
    for kind in kinds:
        final, old = folder / kind, scratch / f"old-{kind}"
        if final.exists():
            final.rename(old)
        (scratch / kind).rename(final)
        # What can't be removed lies in the scratch folder, whose end removes it.
        shutil.rmtree(old, ignore_errors=True)
    return sorted(path for kind in kinds for path in (folder / kind).rglob("*") if path.is_file())
