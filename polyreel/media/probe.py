"""What is in a media file, asked in process (PyAV) and carefully: the file may be hostile.

Only demuxers that read one file are tried (``command.FORMATS``), only the ``file`` protocol, with bounded analysis and
a pixel limit; at most one picture is decoded. Times are exact fractions of a second on the file's own timeline, whose
zero is the earliest stream's start, as players and ffmpeg have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import av.container
import av.error
import av.stream

from polyreel.errors import MediaError
from polyreel.media.command import FORMATS, MAX_PIXELS

_PACKETS_LOOKED_AT = 250
_TAIL_S = 20
_STREAMS = 64
_OWN_ZERO = frozenset({"mpegts", "mpeg", "ogg"})
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"<?xml", b"<MPD", b"[playlist]")


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The moving picture. ``start`` is seconds on the file's timeline; ``rotation`` is degrees counter-clockwise."""

    index: int
    codec: str
    profile: str
    width: int
    height: int
    pixel_format: str
    frame_rate: Fraction
    time_base: Fraction
    start: Fraction
    duration: Fraction
    is_vfr: bool
    frames: int | None
    rotation: int


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One sound track. ``start`` and ``duration`` are seconds, ``language`` is as the file says it ("" if not)."""

    index: int
    codec: str
    profile: str
    channels: int
    layout: str
    sample_rate: int
    start: Fraction
    duration: Fraction
    language: str
    title: str


@dataclass(frozen=True, slots=True)
class SubtitleStream:
    """One subtitle track inside the file."""

    index: int
    codec: str
    language: str


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A file as it is. ``duration`` is where the picture ends (the sound, where there is no picture), in seconds."""

    path: Path
    container: str
    duration: Fraction
    video: VideoStream | None
    audio: tuple[AudioStream, ...]
    subtitles: tuple[SubtitleStream, ...]

    @property
    def is_indexed(self) -> bool:
        """Whether a seek is sure to land before its goal, at a key picture."""
        return self.container.startswith(("mov,", "matroska,"))

    def shift(self, stream: VideoStream | AudioStream) -> Fraction:
        """What brings a stream that ffmpeg reads alone back onto the file's timeline, in seconds.

        ffmpeg lets MPEG streams and Ogg begin with the streams it uses, not with the earliest one.
        """
        return stream.start if self.container in _OWN_ZERO else Fraction(0)

    def samples(self, rate: int) -> int:
        """How many samples at ``rate`` per second a sound track as long as this file has."""
        return round(self.duration * rate)


class UndecodableVideo(ValueError):
    """Packets of pictures, but no picture."""


def probe(path: Path) -> MediaInfo:
    """Look into a local file. Raises MediaError (``unsupported_media``) for what is not sound or moving picture."""
    _refuse_empty(path)
    with opened(path) as container:
        zero = Fraction(container.start_time or 0, av.time_base)
        video = _video(path, container, zero)
        audio = tuple(_audio(container, stream, zero) for stream in container.streams.audio)
        if video is None and not audio:
            raise _unsupported(path, "holds neither a moving picture nor sound.")
        return MediaInfo(
            path=path,
            container=container.format.name,
            duration=video.start + video.duration if video else _container_duration(container),
            video=video,
            audio=audio,
            subtitles=tuple(_subtitle(stream) for stream in container.streams.subtitles),
        )


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """A file opened under the guards above. What goes wrong inside is raised as MediaError."""
    try:
        with av.open(
            f"file:{path}",
            options={"max_pixels": str(MAX_PIXELS), "threads": "1"},
            container_options={
                "protocol_whitelist": "file",
                "format_whitelist": FORMATS,
                "max_streams": str(_STREAMS),
                "probesize": "10000000",
                "analyzeduration": "10000000",
            },
        ) as container:
            yield container
    except FileNotFoundError as error:
        raise MediaError("no such file.", code="invalid_input", where=str(path), remedy="Check the path.") from error
    except UndecodableVideo as error:
        raise _unsupported(path, "holds pictures, but none that can be decoded.") from error
    except (av.error.FFmpegError, UnicodeError, OSError) as error:
        raise _unsupported(path, _what_it_looks_like(path)) from error


def check_source(
    info: MediaInfo,
    *,
    max_bytes: int | None = None,
    max_duration_s: float | None = None,
    size: int | None = None,
) -> None:
    """Refuse what can't be dubbed, in Panjaya's words. ``size`` is the file's length in bytes, looked up if None."""
    where = str(info.path)
    if info.video is None:
        raise _unsupported(info.path, "is sound only, or sound with a cover picture.")
    if info.video.duration <= 0:
        raise _unsupported(info.path, "holds a still picture, or a video that breaks off before it begins.")
    if info.video.width * info.video.height > MAX_PIXELS:
        raise _unsupported(info.path, f"has pictures of {info.video.width} x {info.video.height}: too large.")
    if not info.audio:
        raise MediaError(
            "the video has no sound track.",
            code="missing_audio_track",
            where=where,
            remedy="A dub needs the spoken original; export the video with its sound.",
        )
    _check_limits(info, where, max_bytes, max_duration_s, info.path.stat().st_size if size is None else size)


def _check_limits(info: MediaInfo, where: str, max_bytes: int | None, max_duration_s: float | None, size: int) -> None:
    if max_bytes is not None and size > max_bytes:
        raise MediaError(
            f"the video is {size} bytes; at most {max_bytes} are taken.",
            code="video_size_limit_reached",
            where=where,
            remedy="Encode it at a lower bitrate, or cut it into parts.",
        )
    if max_duration_s is not None and info.duration > max_duration_s:
        raise MediaError(
            f"the video is {float(info.duration):.1f} s long; at most {max_duration_s:g} s are taken.",
            code="video_duration_limit_reached",
            where=where,
            remedy="Trim it, or cut it into parts.",
        )


def check_trim(info: MediaInfo, start: Fraction | None, end: Fraction | None) -> None:
    """Refuse a trim outside the video, or one that keeps nothing. Seconds."""
    first, last = start or Fraction(0), info.duration if end is None else end
    if not 0 <= first < last or first >= info.duration or last > info.duration + Fraction(1, 2):
        raise MediaError(
            f"a trim from {float(first):g} to {float(last):g} s is not inside the video.",
            code="time_out_of_range",
            where=str(info.path),
            remedy=f"The video lasts {float(info.duration):.3f} s; start must come before end.",
        )


def _refuse_empty(path: Path) -> None:
    if not path.is_file():
        raise MediaError("no such file.", code="invalid_input", where=str(path), remedy="Check the path.")
    if path.stat().st_size == 0:
        raise _unsupported(path, "is empty.")


def _unsupported(path: Path, reason: str) -> MediaError:
    return MediaError(
        f"this file {reason}",
        code="unsupported_media",
        where=str(path),
        remedy="Give a video file with sound, such as MP4, MOV, MKV or WebM.",
    )


def _what_it_looks_like(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(_PLAYLISTS):
        return "is a playlist, which names other files; polyreel follows none."
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")) and head[8:12] not in (b"AVI ", b"WAVE"):
        return "is a picture."
    return "is not a video that can be read: of another kind, or damaged."


def _video(path: Path, container: av.container.InputContainer, zero: Fraction) -> VideoStream | None:
    moving = [stream for stream in container.streams.video if not _is_cover(stream)]
    time_base = moving[0].time_base if moving else None
    if time_base is None or not moving[0].width:
        return None
    stream, context = moving[0], moving[0].codec_context
    times = _first_times(container, stream)
    start = (times[0] if times else _seconds(stream.start_time, stream.time_base)) - zero
    return VideoStream(
        index=stream.index,
        codec=context.name,
        profile=str(context.profile or ""),
        width=context.width,
        height=context.height,
        pixel_format=str(context.pix_fmt or ""),
        frame_rate=stream.average_rate or stream.guessed_rate or Fraction(0),
        time_base=time_base,
        start=start,
        duration=_video_duration(container, stream, times, start + zero),
        is_vfr=_varies(times, time_base),
        frames=stream.frames or None,
        rotation=_rotation(path, stream.index),
    )


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _first_times(container: av.container.InputContainer, stream: Any) -> list[Fraction]:
    """When the first pictures are shown, in order, in the container's own seconds."""
    packets = islice(container.demux(stream), _PACKETS_LOOKED_AT)
    return sorted(
        packet.pts * packet.time_base for packet in packets if packet.pts is not None and not packet.is_discard
    )


def _varies(times: list[Fraction], time_base: Fraction) -> bool:
    """Whether pictures come unevenly: by more than the rounding of the time base, in what was looked at.

    The last few are left out, as pictures between them may lie beyond the part that was read.
    """
    gaps = [later - earlier for earlier, later in pairwise(times[:-16] if len(times) > 32 else times)]
    return bool(gaps) and max(gaps) - min(gaps) > 2 * time_base


def _video_duration(
    container: av.container.InputContainer, stream: Any, times: list[Fraction], start: Fraction
) -> Fraction:
    if len(times) <= 1 and not stream.duration:
        return Fraction(0)
    if stream.duration:
        return _seconds(stream.duration, stream.time_base)
    return _last_picture_end(container, stream) - start


def _last_picture_end(container: av.container.InputContainer, stream: Any) -> Fraction:
    """Where the last picture ends, read from the file's tail: Matroska and others state it nowhere."""
    end = _container_duration(container) + Fraction(container.start_time or 0, av.time_base)
    container.seek(int(max(Fraction(0), end - _TAIL_S) * av.time_base), backward=True)
    frame = 1 / (stream.average_rate or stream.guessed_rate or Fraction(25))
    # Where there is no index the whole file may come by: one number is kept of it.
    return max(
        (
            packet.pts * packet.time_base + (packet.duration * packet.time_base if packet.duration else frame)
            for packet in container.demux(stream)
            if packet.pts is not None
        ),
        default=end,
    )


def _container_duration(container: av.container.InputContainer) -> Fraction:
    return Fraction(container.duration or 0, av.time_base)


def _rotation(path: Path, index: int) -> int:
    """Degrees counter-clockwise by which a player turns the picture: known from the first decoded one only.

    Opened anew, as not every demuxer finds back to its beginning.
    """
    failure: Exception = ValueError("no picture")
    with opened(path) as container:
        for packet in islice(container.demux(container.streams[index]), _PACKETS_LOOKED_AT):
            try:
                for frame in packet.decode():
                    return int(getattr(frame, "rotation", 0)) % 360
            except av.error.FFmpegError as error:
                failure = error  # a film may begin with a damaged picture; one that has no other is refused
        raise UndecodableVideo from failure


def _audio(container: av.container.InputContainer, stream: Any, zero: Fraction) -> AudioStream:
    context = stream.codec_context
    return AudioStream(
        index=stream.index,
        codec=context.name,
        profile=str(context.profile or ""),
        channels=context.channels,
        layout=context.layout.name,
        sample_rate=context.sample_rate,
        start=_seconds(stream.start_time, stream.time_base) - zero if stream.start_time is not None else Fraction(0),
        duration=_seconds(stream.duration, stream.time_base) or _container_duration(container),
        language=_language(stream),
        title=_clean(stream.metadata.get("title", "")),
    )


def _subtitle(stream: Any) -> SubtitleStream:
    return SubtitleStream(index=stream.index, codec=stream.codec_context.name, language=_language(stream))


def _language(stream: Any) -> str:
    found = _clean(stream.metadata.get("language", ""))
    return "" if found == "und" else found


def _clean(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)[:200]


def _seconds(ticks: int | None, time_base: Fraction | None) -> Fraction:
    return ticks * time_base if ticks and time_base else Fraction(0)
