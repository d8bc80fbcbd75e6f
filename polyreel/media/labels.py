"""What a file says of itself: names, languages, chapters, a timecode, a cover; words from outside, kept short."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import av.container
from av.stream import Discard, Disposition

from polyreel.media.info import Chapter, CoverPicture


def read_tags(container: av.container.InputContainer) -> tuple[tuple[str, str], ...]:
    """Title, artist and the like, by ffmpeg's names in lower case. Ogg says it of the track, all others of the file."""
    found = dict(container.metadata)
    if container.format.name == "ogg" and container.streams.audio:
        found = {**container.streams.audio[0].metadata, **found}
    return tuple((name.lower(), clean_text(value)) for name, value in sorted(found.items()) if value.strip())


def find_cover(container: av.container.InputContainer) -> CoverPicture | None:
    """The picture that players show with sound; None where there is none."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic and stream.codec_context:
            context = stream.codec_context
            return CoverPicture(stream.index, context.codec.canonical_name, context.width, context.height)
    return None


def read_chapters(container: av.container.InputContainer, zero: Fraction) -> tuple[Chapter, ...]:
    """The chapters, on a timeline that begins at ``zero`` of the container's own."""
    return tuple(
        Chapter(
            start=as_seconds(one["start"], one["time_base"]) - zero,
            end=as_seconds(one["end"], one["time_base"]) - zero,
            title=clean_text(one["metadata"].get("title", "")),
        )
        for one in container.chapters()
    )


def read_timecode(container: av.container.InputContainer) -> str:
    """The timecode of the first picture, from whichever place holds it."""
    named = [container.metadata, *(stream.metadata for stream in container.streams)]
    return next((clean_text(one["timecode"]) for one in named if one.get("timecode")), "")


def has_timecode(stream: Any) -> bool:
    """Whether a track is a timecode's."""
    return "timecode" in stream.metadata


def holds_chapters(stream: Any) -> bool:
    """Whether a track holds the chapters' names (QuickTime's): libavformat reads it as `chapters`, and discards it."""
    return bool(stream.discard == Discard.all)


def read_language(stream: Any) -> str:
    """A track's language tag; "" where it has none."""
    found = clean_text(stream.metadata.get("language", ""))
    # `und` is ISO 639-2 for "undetermined".
    return "" if found == "und" else found


def clean_text(text: str) -> str:
    """A file's words as one short line."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)[:200]


def as_seconds(ticks: int | None, time_base: Fraction | None) -> Fraction:
    """Ticks of a time base as exact seconds; 0 where either is missing."""
    return ticks * time_base if ticks and time_base else Fraction(0)
