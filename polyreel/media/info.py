"""What a media file holds, as values: its picture, its sound tracks, its subtitles, and what else lies in it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, TypeAlias

Fields = Literal["", "tff", "bff", "auto"]
Hdr = Literal["", "PQ", "HLG"]
Tracks: TypeAlias = int | tuple[int, int]
"""A sound track's number, or two mono tracks' that are the left and the right of one."""


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The moving picture. ``start`` is seconds on the file's timeline; ``rotation`` is degrees counter-clockwise.

    ``codec`` is the format's name (``av1``), not the decoder's (``libdav1d``). ``fields`` is empty for a progressive
    picture, else which field comes first, as ffmpeg's deinterlacers take it (``auto``: every picture says so itself).
    ``is_turned``: a player has to turn or mirror the stored picture to show it upright.
    """

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
    is_turned: bool = False
    fields: Fields = ""
    hdr: Hdr = ""

    @property
    def depth(self) -> int:
        """Bits per sample of the stored picture."""
        if not self.pixel_format:
            return 8
        import av

        return max((one.bits for one in av.VideoFormat(self.pixel_format).components), default=8)

    @property
    def is_transparent(self) -> bool:
        """Whether the stored picture has an alpha channel."""
        import av

        return bool(self.pixel_format) and any(one.is_alpha for one in av.VideoFormat(self.pixel_format).components)

    @property
    def chroma(self) -> Literal["420", "422", "444"]:
        """How finely colour is stored: RGB counts as 444, and 4:1:1 as 420 (both halve twice)."""
        name = self.pixel_format
        if "422" in name or name.startswith(("yuyv", "uyvy", "yvyu", "nv16", "nv20", "y21", "p21", "p01")):
            return "422"
        is_fine = "444" in name or "440" in name or name.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "x2"))
        return "444" if is_fine else "420"


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One sound track. ``start`` and ``duration`` are seconds, ``language`` is as the file says it ("" if not).

    ``is_decodable`` is False where no decoder knows the codec; ``is_aside`` marks commentary and audio description.
    """

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
    is_default: bool = False
    is_aside: bool = False
    is_decodable: bool = True


@dataclass(frozen=True, slots=True)
class SubtitleStream:
    """One subtitle track inside the file. ``is_text`` is False for pictures of text (DVD, Blu-ray, DVB)."""

    index: int
    codec: str
    language: str
    title: str = ""
    is_default: bool = False
    is_forced: bool = False
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch of a film. Seconds on the file's timeline."""

    start: Fraction
    end: Fraction
    title: str


@dataclass(frozen=True, slots=True)
class CoverPicture:
    """A still picture that goes with sound: an album's cover."""

    index: int
    codec: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A file as it is. ``duration`` is where the picture ends (the sound, where there is no picture), in seconds.

    ``stated`` is where its header says that the picture ends (0 where it doesn't); a file that breaks off has less.
    ``other_pictures``, ``attachments`` and ``data_tracks`` count what a dubbed video has no place for; ``timecode`` is
    the one that the file begins with ("" if it has none). ``tags`` are what the file says of itself (title, artist), by
    ffmpeg's names, in lower case; ``cover`` is the picture that players show with sound alone.
    """

    path: Path
    container: str
    duration: Fraction
    video: VideoStream | None
    audio: tuple[AudioStream, ...]
    subtitles: tuple[SubtitleStream, ...]
    chapters: tuple[Chapter, ...] = ()
    brand: str = ""
    timecode: str = ""
    other_pictures: int = 0
    attachments: int = 0
    data_tracks: int = 0
    stated: Fraction = Fraction(0)
    tags: tuple[tuple[str, str], ...] = ()
    cover: CoverPicture | None = None

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


_OWN_ZERO = frozenset({"mpegts", "mpeg", "ogg"})
