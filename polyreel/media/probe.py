"""What is in a media file, asked in process (PyAV) and carefully: the file may be hostile.

Only demuxers that read one file are tried (``command.FORMATS``), only the ``file`` protocol, with bounded analysis and
a pixel limit; at most one picture is decoded. Times are exact fractions of a second on the file's own timeline, whose
zero is the earliest stream's start, as players and ffmpeg have it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import av.stream
from av.sidedata.sidedata import Type as SideData

from polyreel.errors import MediaError
from polyreel.media.command import FORMATS, MAX_PIXELS
from polyreel.media.info import AudioStream, Fields, Hdr, MediaInfo, SubtitleStream, VideoStream
from polyreel.media.labels import (
    as_seconds,
    clean_text,
    find_cover,
    has_timecode,
    holds_chapters,
    read_chapters,
    read_language,
    read_tags,
    read_timecode,
)
from polyreel.media.matroska import TooLargeHeader, open_without_attachments

__all__ = ["open_media", "probe", "refuse_media"]

_PACKETS_LOOKED_AT = 250
_TAIL_S = 20
# So much may be missing at the end: lengths in headers are rounded, and last pictures have none.
_MISSING_S = Fraction(1)
# Every stream costs memory to open, and a hostile file may claim thousands.
_STREAMS = 64
# A demuxer of these would open whatever files and addresses the text names.
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"[playlist]")
# libavutil's numbers for what makes a picture HDR (AVColorTransferCharacteristic).
_HDR: dict[int, Hdr] = {16: "PQ", 18: "HLG"}
# libavcodec's AVFieldOrder: by which field is shown first.
_FIELDS: dict[int, Fields] = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}
# Their pictures say whether they are interlaced; a container that says so of all of them may exaggerate.
_SAY_THEMSELVES = frozenset({"h264", "hevc", "mpeg2video", "mpeg1video", "vc1", "dvvideo", "prores"})
# Most files say in a track's name alone that it is no original.
_ASIDE = re.compile(
    r"comment(?:ary|aire|o\b)|comentario|comentário|kommentar|"
    r"audio.?descri|descriptive|audiodeskription|hörfassung|visually impaired|\bDVS\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(\d{1,3}):(\d\d):(\d\d(?:\.\d{1,9})?)")
# An MP4's matrix counts in 65,536ths (16.16 fixed point).
_UPRIGHT = (1 << 16, 0, 0, 0, 1 << 16, 0)
_ROUGHLY_S = Fraction(1, 10)
# Demuxers of bare sound: their length is a guess, made of the bitrate of what was looked at.
_UNINDEXED_SOUND = frozenset({"mp3", "aac", "ac3", "eac3"})
_TEXT = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "microdvd", "subviewer", "ttml"})


class UndecodableVideo(ValueError):
    """Packets of pictures, but no picture."""


def probe(path: Path) -> MediaInfo:
    """Look into a local file. Raises MediaError (``unsupported_media``) for what is not sound or moving picture."""
    _refuse_empty(path)
    with open_media(path) as container:
        zero = Fraction(container.start_time or 0, av.time_base)
        video = _describe_video(path, container, zero)
        audio = tuple(_describe_audio(container, stream, zero) for stream in container.streams.audio)
        if video is None and not audio:
            raise refuse_media(path, "holds neither a moving picture nor sound.")
        length = video.start + video.duration if video else _sound_duration(path, container, zero)
        if video is None and container.format.name in _UNINDEXED_SOUND:
            audio = (replace(audio[0], duration=length), *audio[1:])
        return MediaInfo(
            path=path,
            container=container.format.name,
            duration=length,
            video=video,
            audio=audio,
            subtitles=tuple(_describe_subtitle(stream) for stream in container.streams.subtitles),
            # ID3 counts chapters from the file's beginning, not from behind the encoder's delay.
            chapters=read_chapters(container, Fraction(0) if container.format.name == "mp3" else zero),
            brand=container.metadata.get("major_brand", "").strip(),
            timecode=read_timecode(container),
            other_pictures=len(container.streams.video) - (video is not None),
            attachments=sum(stream.type == "attachment" for stream in container.streams),
            data_tracks=sum(
                stream.type == "data" and not has_timecode(stream) and not holds_chapters(stream)
                for stream in container.streams
            ),
            stated=_read_stated_length(container, video),
            tags=read_tags(container),
            cover=find_cover(container),
        )


@contextmanager
def open_media(path: Path) -> Iterator[av.container.InputContainer]:
    """A file opened under the guards above. What goes wrong inside is raised as MediaError."""
    try:
        with open_without_attachments(path) as masked, _open_container(path, masked) as container:
            yield container
    except FileNotFoundError as error:
        raise MediaError("no such file.", code="invalid_input", where=str(path), remedy="Check the path.") from error
    except UndecodableVideo as error:
        raise refuse_media(path, "holds pictures, but none that can be decoded.") from error
    except TooLargeHeader as error:
        raise refuse_media(path, f"is no film: {error}.") from error
    except (av.error.FFmpegError, UnicodeError, OSError) as error:
        raise refuse_media(path, _what_it_looks_like(path)) from error


def _open_container(path: Path, masked: Any) -> av.container.InputContainer:
    return av.open(
        masked or f"file:{path}",
        options={"max_pixels": str(MAX_PIXELS), "threads": "1"},
        container_options={
            "protocol_whitelist": "file",
            "format_whitelist": FORMATS,
            "max_streams": str(_STREAMS),
            "probesize": "10000000",
            "analyzeduration": "10000000",
        },
    )


def _refuse_empty(path: Path) -> None:
    if not path.is_file():
        raise MediaError("no such file.", code="invalid_input", where=str(path), remedy="Check the path.")
    if path.stat().st_size == 0:
        raise refuse_media(path, "is empty.")


def refuse_media(path: Path, reason: str, remedy: str = "") -> MediaError:
    """The error for a file that can't be dubbed. ``reason`` goes on from "this file"."""
    return MediaError(
        f"this file {reason}",
        code="unsupported_media",
        where=str(path),
        remedy=remedy or "Give a video with sound (MP4, MOV, MKV, WebM) or sound alone (M4A, MP3, WAV, FLAC, Ogg).",
    )


def _what_it_looks_like(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(_PLAYLISTS):
        return "is a playlist, which names other files; polyreel follows none."
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")) and head[8:12] not in (b"AVI ", b"WAVE"):
        return "is a picture."
    return "is neither a video nor a sound that can be read: of another kind, or damaged."


def _describe_video(path: Path, container: av.container.InputContainer, zero: Fraction) -> VideoStream | None:
    stream = _moving_picture(path, container)
    if stream is None or stream.time_base is None or not stream.codec_context or not stream.width:
        return None
    context = stream.codec_context
    times = _first_times(container, stream)
    start = (times[0] if times else as_seconds(stream.start_time, stream.time_base)) - zero
    found = VideoStream(
        index=stream.index,
        codec=context.codec.canonical_name,
        profile=str(context.profile or ""),
        width=context.width,
        height=context.height,
        pixel_format=str(context.pix_fmt or ""),
        frame_rate=stream.average_rate or stream.guessed_rate or Fraction(0),
        time_base=stream.time_base,
        start=start,
        duration=_video_duration(path, container, stream, times, start + zero),
        is_vfr=_is_vfr(times, stream.time_base),
        frames=stream.frames or (1 if len(times) == 1 else None),
        rotation=0,
        fields=_read_field_order(context),
        hdr=_HDR.get(int(context.color_trc or 0), ""),
    )
    return _with_first_picture(path, found)


def _moving_picture(path: Path, container: av.container.InputContainer) -> Any:
    """The stream that is the film: a thumbnail may stand first, and not say that it is one."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if len(streams) < 2:
        return streams[0] if streams else None
    pictures: Counter[int] = Counter()
    # Opened anew, as not every demuxer finds back to its beginning.
    with open_media(path) as other:
        for packet in islice(other.demux([other.streams[stream.index] for stream in streams]), _PACKETS_LOOKED_AT):
            pictures[packet.stream.index] += packet.pts is not None
    most = max(pictures.values(), default=0)
    # A thumbnail has a picture or two; of two films the first one counts.
    return next(stream for stream in streams if pictures[stream.index] * 2 >= most)


def _is_cover(stream: Any) -> bool:
    marks = av.stream.Disposition
    return bool(stream.disposition & (marks.attached_pic | marks.timed_thumbnails | marks.still_image))


def _read_field_order(context: Any) -> Fields:
    declared = _FIELDS.get(int(context.field_order or 0), "")
    return "auto" if declared and context.codec.canonical_name in _SAY_THEMSELVES else declared


def _first_times(container: av.container.InputContainer, stream: Any) -> list[Fraction]:
    """When the first pictures are shown, in order, in the container's own seconds."""
    packets = islice(container.demux(stream), _PACKETS_LOOKED_AT)
    return sorted(
        packet.pts * packet.time_base for packet in packets if packet.pts is not None and not packet.is_discard
    )


def _is_vfr(times: list[Fraction], time_base: Fraction) -> bool:
    """Whether pictures come unevenly: by more than the rounding of the time base, in what was looked at.

    The last few are left out, as pictures between them may lie beyond the part that was read.
    """
    gaps = [later - earlier for earlier, later in pairwise(times[:-16] if len(times) > 32 else times)]
    return bool(gaps) and max(gaps) - min(gaps) > 2 * time_base


def _video_duration(
    path: Path, container: av.container.InputContainer, stream: Any, times: list[Fraction], start: Fraction
) -> Fraction:
    if len(times) <= 1 and not stream.duration:
        return Fraction(0)
    if not stream.duration:
        return _last_picture_end(path, container, stream) - start
    stated = as_seconds(stream.duration, stream.time_base)
    return stated if _reaches(container, stream, start + stated) else _last_picture_end(path, container, stream) - start


def _read_stated_length(container: av.container.InputContainer, video: VideoStream | None) -> Fraction:
    """How long the picture should last by its track's header; of files that state it nowhere, as it does."""
    if video is None:
        return Fraction(0)
    stream = container.streams[video.index]
    if stream.duration:
        return video.start + as_seconds(stream.duration, stream.time_base)
    # Matroska has it as a tag, where whoever wrote the file came to its end.
    found = _CLOCK.fullmatch(stream.metadata.get("DURATION", ""))
    return (
        sum((Fraction(part) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True)), Fraction(0))
        if found
        else Fraction(0)
    )


def _reaches(container: av.container.InputContainer, stream: Any, end: Fraction) -> bool:
    """Whether there are pictures up to where the header says that there are: an upload may have broken off before."""
    frame = 1 / (stream.average_rate or stream.guessed_rate or Fraction(25))
    try:
        container.seek(int(max(Fraction(0), end - 1) * av.time_base), backward=True)
        found = _latest_end(container, stream, frame)
    except av.error.FFmpegError:
        return False
    return found is not None and found >= end - max(_MISSING_S, end / 50)


def _last_picture_end(path: Path, container: av.container.InputContainer, stream: Any) -> Fraction:
    """Where the last picture ends, read from the file's tail: Matroska and others state it nowhere."""
    end = _container_duration(container) + Fraction(container.start_time or 0, av.time_base)
    frame = 1 / (stream.average_rate or stream.guessed_rate or Fraction(25))
    with suppress(av.error.FFmpegError):
        container.seek(int(max(Fraction(0), end - _TAIL_S) * av.time_base), backward=True)
        if (found := _latest_end(container, stream, frame)) is not None:
            return found
    # A file without an index (FLV as streams leave it) has to come by as a whole; one number is kept of it.
    with open_media(path) as whole:
        found = _latest_end(whole, whole.streams[stream.index], frame)
    return end if found is None else found


def _latest_end(container: av.container.InputContainer, stream: Any, frame: Fraction) -> Fraction | None:
    return max(
        (
            packet.pts * packet.time_base + (packet.duration * packet.time_base if packet.duration else frame)
            for packet in container.demux(stream)
            if packet.pts is not None
        ),
        default=None,
    )


def _sound_duration(path: Path, container: av.container.InputContainer, zero: Fraction) -> Fraction:
    """How long sound without a picture lasts. What comes without an index states it roughly (an MP3's bitrate), or
    falsely (a download that broke off): such a file has to come by as a whole; one number is kept of it."""
    if container.format.name not in _UNINDEXED_SOUND:
        return _container_duration(container)
    with open_media(path) as whole:
        ends = (
            (packet.pts + (packet.duration or 0)) * packet.time_base
            for packet in whole.demux(whole.streams.audio[0])
            if packet.pts is not None and packet.time_base is not None
        )
        found = max(ends, default=zero) - zero
    stated = _container_duration(container)
    # A header that is right says it better: it knows what of the last packet is not to be heard.
    return stated if abs(stated - found) < _ROUGHLY_S else found


def _container_duration(container: av.container.InputContainer) -> Fraction:
    return Fraction(container.duration or 0, av.time_base)


def _with_first_picture(path: Path, video: VideoStream) -> VideoStream:
    """With what only a decoded picture says: how a player turns it, whether it is interlaced, and its HDR curve."""
    frame = _first_picture(path, video.index)
    return replace(
        video,
        rotation=int(getattr(frame, "rotation", 0)) % 360,
        is_turned=_read_matrix(frame) != _UPRIGHT,
        fields="auto" if frame.interlaced_frame else video.fields,
        hdr=video.hdr or _HDR.get(int(frame.color_trc or 0), ""),
        pixel_format=video.pixel_format or frame.format.name,
    )


def _read_matrix(frame: Any) -> tuple[int, ...]:
    """What a player multiplies places by to show the picture: without the places it is moved to (ISO/IEC 14496-12)."""
    side = frame.side_data.get(SideData.DISPLAYMATRIX)
    if side is None:
        return _UPRIGHT
    numbers = [int.from_bytes(bytes(side)[at : at + 4], "little", signed=True) for at in range(0, 36, 4)]
    a, b, u, c, d, v = numbers[:6]
    return (a, b, u, c, d, v)


def _first_picture(path: Path, index: int) -> Any:
    """Opened anew, as not every demuxer finds back to its beginning."""
    failure: Exception = ValueError("no picture")
    with open_media(path) as container:
        for packet in islice(container.demux(container.streams[index]), _PACKETS_LOOKED_AT):
            try:
                for frame in packet.decode():
                    return frame
            except av.error.FFmpegError as error:
                failure = error  # a film may begin with a damaged picture; one that has no other is refused
        raise UndecodableVideo from failure


def _describe_audio(container: av.container.InputContainer, stream: Any, zero: Fraction) -> AudioStream:
    marks, context = av.stream.Disposition, stream.codec_context
    return AudioStream(
        index=stream.index,
        codec=context.codec.canonical_name if context else "unknown",
        profile=str(context.profile or "") if context else "",
        channels=context.channels if context else 0,
        layout=context.layout.name if context else "",
        sample_rate=context.sample_rate if context else 0,
        start=as_seconds(stream.start_time, stream.time_base) - zero if stream.start_time is not None else Fraction(0),
        duration=as_seconds(stream.duration, stream.time_base) or _container_duration(container),
        language=read_language(stream),
        title=clean_text(stream.metadata.get("title", "")),
        is_default=bool(stream.disposition & marks.default),
        is_aside=bool(stream.disposition & (marks.comment | marks.visual_impaired | marks.descriptions))
        or _ASIDE.search(stream.metadata.get("title", "")[:200]) is not None,
        is_decodable=context is not None,
    )


def _describe_subtitle(stream: Any) -> SubtitleStream:
    marks, context = av.stream.Disposition, stream.codec_context
    codec = context.codec.canonical_name if context else "unknown"
    return SubtitleStream(
        index=stream.index,
        codec=codec,
        language=read_language(stream),
        title=clean_text(stream.metadata.get("title", "")),
        is_default=bool(stream.disposition & marks.default),
        is_forced=bool(stream.disposition & marks.forced),
        is_text=codec in _TEXT,
    )
