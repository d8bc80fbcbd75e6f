"""Putting picture, sound and subtitles into one MP4. The picture is copied, sound is encoded at most once.

Every track carries its locale twice: as ISO 639-2 (``spa``), which every player reads, and as the full BCP-47 tag
(``es-ES``) in an extended language box. Tracks start at the picture's own zero (see ``probe``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyreel import locales
from polyreel.errors import MediaError
from polyreel.media import mp4
from polyreel.media.audio import RATE, aac_options, sound_of
from polyreel.media.codecs import MP4_VIDEO, describe_encoding, encode_picture, mp4_tag
from polyreel.media.command import DEFAULT, Limits, Stream, local_input, local_output, repeat_option, run
from polyreel.media.info import AudioStream, MediaInfo
from polyreel.media.probe import probe

_SUBTITLE_FORMATS = {".srt": "srt", ".vtt": "webvtt"}
# AAC comes in padded frames of some 20 ms, so that equal lengths are never exactly equal.
_LENGTH_SLACK_S = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """A sound track to put in. AAC is copied, all else encoded. ``track`` counts sound tracks inside the file."""

    path: Path
    locale: str
    title: str = ""
    default: bool = False
    track: int = 0
    disposition: str = ""
    """What it is beside, in ffmpeg's words: ``original``, ``dub``."""


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """A subtitle file (UTF-8 SRT or WebVTT) to put in."""

    path: Path
    locale: str
    title: str = ""
    default: bool = False
    disposition: str = ""
    """``forced``, ``captions+hearing_impaired``."""


@dataclass(frozen=True, slots=True)
class MuxResult:
    """What was done. ``reencoded`` says why the picture could not be copied, "" where it was."""

    duration: Fraction
    reencoded: str = ""


async def mux(
    video: Path,
    tracks: Sequence[AudioTrack],
    subtitles: Sequence[SubtitleTrack],
    target: Path,
    *,
    info: MediaInfo | None = None,
    chapters: Sequence[mp4.Mark] = (),
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> MuxResult:
    """Write an MP4 with the picture of ``video``, its index in front; ``target`` is a temporary name the caller moves.

    The first track is the default one unless another says so. For the original language give ``video`` itself as a
    later track. Raises MediaError, ToolError; then, and when cancelled, ``target`` does not exist.
    """
    seen: MediaInfo = await asyncio.to_thread(probe, video) if info is None else info
    if seen.video is None:
        raise MediaError("there is no moving picture to put in.", where=str(video), remedy="Give a video file.")
    sounds = [await asyncio.to_thread(probe, track.path) for track in tracks]
    part = target.with_name(f".{target.name}.part.mp4")
    try:
        output = _build_output(seen, tracks, sounds, subtitles, part)
        await run(output, limits=limits, on_progress=on_progress, expected_ms=round(seen.duration * 1000))
        await _finish_file(part, target, _track_labels(tracks, subtitles), chapters)
    except BaseException:
        _discard_file(target)
        raise
    finally:
        _discard_file(part)
    return MuxResult(seen.duration, _explain_encoding(seen))


def _discard_file(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _finish_file(part: Path, target: Path, labels: list[mp4.Label], chapters: Sequence[mp4.Mark]) -> None:
    writing = asyncio.ensure_future(asyncio.to_thread(mp4.write_index_first, part, target, labels, chapters))
    try:
        await asyncio.shield(writing)
    finally:
        # A thread can't be stopped: let it end before its files are removed.
        await asyncio.gather(writing, return_exceptions=True)


def _track_labels(tracks: Sequence[AudioTrack], subtitles: Sequence[SubtitleTrack]) -> list[mp4.Label]:
    sounds = [
        mp4.Label(locales.canonical(one.locale), _is_default(one, tracks), "main" * (one.disposition == "original"))
        for one in tracks
    ]
    texts = [
        mp4.Label(locales.canonical(one.locale), one.default, is_forced="forced" in one.disposition)
        for one in subtitles
    ]
    return [mp4.Label(), *sounds, *texts]


def _explain_encoding(info: MediaInfo) -> str:
    if info.video is None or info.video.codec in MP4_VIDEO:
        return ""
    return f"an MP4 can't hold {info.video.codec}, so the picture was encoded {describe_encoding(info.video)}"


def _build_output(
    info: MediaInfo,
    tracks: Sequence[AudioTrack],
    sounds: Sequence[MediaInfo],
    subtitles: Sequence[SubtitleTrack],
    part: Path,
) -> Stream:
    picture, options = _open_picture(info)
    nodes = [picture]
    for place, (track, sound) in enumerate(zip(tracks, sounds, strict=True)):
        node, coding = _open_sound(track, sound, info, place)
        nodes.append(node)
        options |= coding | _describe_track(f"a:{place}", track, is_default=_is_default(track, tracks))
    for place, text in enumerate(subtitles):
        nodes.append(_open_text(text))
        options |= {f"c:s:{place}": "mov_text"} | _describe_track(f"s:{place}", text, is_default=text.default)
    return local_output(*nodes, path=part, format="mp4", map_metadata=-1, map_chapters=-1, **options)


def _open_picture(info: MediaInfo) -> tuple[Stream, dict[str, Any]]:
    """The picture's node and how it is written. What the file says of itself stays behind: it may tell too much."""
    if info.video is None:
        raise ValueError("there is no picture")
    node = local_input(info.path)[str(info.video.index)]
    if _explain_encoding(info):
        return encode_picture(node, info.video)
    return node, {"c:v": "copy", **mp4_tag(info.video.codec)}


def _open_sound(track: AudioTrack, sound: MediaInfo, info: MediaInfo, place: int) -> tuple[Stream, dict[str, Any]]:
    if track.track >= len(sound.audio):
        raise MediaError(
            "there is no such sound track to put in.",
            code="missing_audio_track",
            where=str(track.path),
            remedy="Name a track that the file has; they are counted from 0.",
        )
    stream = sound.audio[track.track]
    if is_copyable(stream, info):
        return local_input(track.path)[str(stream.index)], {f"c:a:{place}": "copy"}
    node = sound_of(track.path, start=Fraction(0), samples=info.samples(RATE), track=track.track, info=sound)
    return node, aac_options(stream.channels, index=f"a:{place}")


def is_copyable(stream: AudioStream, info: MediaInfo) -> bool:
    """Whether a track can be copied: AAC, there from the start, and as long as the picture."""
    late = abs(stream.start) > Fraction(1, 1000)
    return stream.codec == "aac" and not late and abs(stream.duration - info.duration) <= _LENGTH_SLACK_S


def _is_default(track: AudioTrack, tracks: Sequence[AudioTrack]) -> bool:
    chosen = next((one for one in tracks if one.default), tracks[0])
    return track is chosen


def _describe_track(place: str, track: AudioTrack | SubtitleTrack, *, is_default: bool) -> dict[str, str]:
    title = track.title or locales.own_name(track.locale)
    return {
        f"metadata:s:{place}": repeat_option(
            f"language={locales.iso639_2(track.locale)}", f"title={title}", f"handler_name={title}"
        ),
        # "0" is ffmpeg's word for none; with nothing said, it makes a kind's first track the default one.
        f"disposition:{place}": "+".join(filter(None, ("default" * is_default, track.disposition))) or "0",
    }


def _open_text(track: SubtitleTrack) -> Stream:
    kind = _SUBTITLE_FORMATS.get(track.path.suffix.lower())
    if kind is None:
        raise MediaError(
            "only SRT and WebVTT subtitles can be put into a video.",
            code="invalid_input",
            where=str(track.path),
            remedy="Convert it: `polyreel subtitles convert FILE FILE.srt`.",
        )
    return local_input(track.path, format=kind)["s:0"]
