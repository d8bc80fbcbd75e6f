"""What can't be dubbed, refused by name: before anything is decoded at length, bought or written."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import av.error

from polyreel.errors import MediaError
from polyreel.media.command import MAX_PIXELS
from polyreel.media.info import AudioStream, MediaInfo, VideoStream
from polyreel.media.probe import open_media, refuse_media

LONGEST_S = 86_400
"""A day: nobody dubs longer, and a file that says so mostly lies."""
# Under a still picture somebody speaks for longer; what is shorter is what a cut has left of a film.
_SHORTEST_FILM = Fraction(1, 2)
# Damage at the beginning does not refuse a file whose sound goes on behind it.
_PACKETS_TRIED = 400


def check_source(
    info: MediaInfo,
    *,
    max_bytes: int | None = None,
    max_duration_s: float | None = None,
    size: int | None = None,
) -> None:
    """Refuse what can't be dubbed, in Panjaya's words. ``size`` is the file's length in bytes, looked up if None."""
    where = str(info.path)
    if info.video:
        _check_picture(info, info.video)
    _check_length(info)
    if not info.audio:
        raise MediaError(
            "the video has no sound track.",
            code="missing_audio_track",
            where=where,
            remedy="A dub needs the spoken original; export the video with its sound.",
        )
    _check_limits(info, where, max_bytes, max_duration_s, info.path.stat().st_size if size is None else size)


def _check_picture(info: MediaInfo, video: VideoStream) -> None:
    longest = max((one.duration for one in info.audio), default=Fraction(0))
    if video.frames == 1 and max(longest, video.duration) < _SHORTEST_FILM:
        length = float(max(longest, video.duration))
        raise refuse_media(
            info.path,
            f"lasts {length:.2f} s, one picture: it was cut off at its beginning, or trimmed to nothing.",
            "Export it again, as long as it is.",
        )
    if video.frames == 1:
        raise refuse_media(
            info.path,
            f"holds one picture under {float(longest):.1f} s of sound: a still picture, not a video.",
            "Give its sound alone (`ffmpeg -i FILE -vn NEW.m4a`), or make a video of it that is as long as its sound "
            "(`ffmpeg -loop 1 -i PICTURE -i SOUND -shortest NEW.mp4`).",
        )
    if video.duration <= 0:
        raise refuse_media(info.path, "holds a still picture, or a video that breaks off before it begins.")
    if video.width * video.height > MAX_PIXELS:
        raise refuse_media(info.path, f"has pictures of {video.width} x {video.height}: too large.")


def _check_length(info: MediaInfo) -> None:
    if info.video is None and info.duration <= 0:
        raise refuse_media(info.path, "holds sound of no length.")
    stated = max(info.duration, max((one.duration for one in info.audio), default=Fraction(0)))
    if stated > LONGEST_S:
        raise refuse_media(
            info.path,
            f"says that it lasts {float(stated):.0f} s; more than {LONGEST_S} s (a day) are not believed.",
            "Copy it into a new file, which states its true length: `ffmpeg -i FILE -map 0 -c copy NEW.mkv`.",
        )


def check_sound(info: MediaInfo, track: int) -> None:
    """Refuse a sound track of which nothing can be decoded, before anything is built on it. Raises MediaError."""
    stream = info.audio[track]
    remedy = _other_sound(info, track)
    if not stream.is_decodable:
        raise refuse_media(info.path, f"has sound (track {track}) in a format that no decoder here knows.", remedy)
    packets, problem = _try_sound(info, stream)
    if not packets:
        raise refuse_media(info.path, f"has a sound track (number {track}, {stream.codec}) of no length.", remedy)
    if problem:
        reason = f"has sound (track {track}, {stream.codec}) that can't be decoded ({problem}): it is damaged."
        raise refuse_media(info.path, reason, remedy)


def _other_sound(info: MediaInfo, track: int) -> str:
    remedy = "Export the video again with AAC or PCM sound"
    others = ", ".join(str(place) for place in range(len(info.audio)) if place != track)
    return f"{remedy}, or choose another track: `source.audio_track` ({others})." if others else f"{remedy}."


def _try_sound(info: MediaInfo, stream: AudioStream) -> tuple[int, str]:
    """How many packets were tried until sound came of them, and why none did ("" where some did)."""
    tried, problem = 0, "no sound comes of it"
    with open_media(info.path) as container:
        for packet in islice(container.demux(container.streams[stream.index]), _PACKETS_TRIED):
            tried += packet.size > 0
            try:
                if packet.decode():
                    return max(tried, 1), ""
            except av.error.FFmpegError as error:
                problem = str(error.strerror).lower()
    return tried, problem


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
