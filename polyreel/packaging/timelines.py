"""A dub's lines as an OpenTimelineIO timeline: what a mixer opens in an editor, every line a clip at its place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from polyreel.outcome import LineFit


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a file on the timeline, in frames from the reel's start. ``about`` is what is said of it."""

    start: int
    end: int
    name: str
    about: LineFit | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a timeline shows. Files are named relative to it; ``rate`` is the picture's, ``start`` its first frame's
    number since midnight."""

    name: str
    rate: Fraction
    frames: int
    start: int
    picture: str | None
    """None: sound alone, and the rate is that of its samples."""
    sounds: Sequence[tuple[str, str]]
    """(name, file): whole tracks, such as the mix and the music and effects."""
    dialogue: str
    lines: Sequence[LineFit]


def write_timeline(sheet: Sheet) -> bytes:
    """The timeline as OTIO's JSON: the picture, the dialogue cut into lines (a track per speaker), the whole tracks."""
    timeline = otio.schema.Timeline(sheet.name, global_start_time=_make_time(sheet.start, sheet))
    whole = [Clip(0, sheet.frames, sheet.name)]
    if sheet.picture:
        timeline.tracks.append(_make_track("picture", "Video", sheet.picture, whole, sheet))
    for speaker, said in clips_of(sheet):
        name = f"dialogue: {speaker}" if speaker else "dialogue"
        timeline.tracks.append(_make_track(name, "Audio", sheet.dialogue, said, sheet))
    for name, file in sheet.sounds:
        timeline.tracks.append(_make_track(name, "Audio", file, whole, sheet))
    return str(timeline.to_json_string(indent=1)).encode() + b"\n"


def clips_of(sheet: Sheet) -> Iterator[tuple[str, list[Clip]]]:
    """Each speaker ("" is the nameless) with a clip for each of their lines, in whole frames."""
    for speaker in dict.fromkeys(line.speaker or "" for line in sheet.lines):
        yield speaker, _make_clips((line for line in sheet.lines if (line.speaker or "") == speaker), sheet)


def _make_clips(lines: Iterable[LineFit], sheet: Sheet) -> list[Clip]:
    """Lines as whole frames around them; where two meet in one frame, the later one begins after it."""
    found: list[Clip] = []
    for line in sorted(lines, key=lambda each: each.start_ms):
        first = math.floor(line.start_ms * sheet.rate / 1000)
        last = min(math.ceil(line.end_ms * sheet.rate / 1000), sheet.frames)
        first = max(first, found[-1].end if found else 0)
        if first < last:
            found.append(Clip(first, last, line.text[:80], line))
    return found


def _make_track(name: str, kind: str, file: str, clips: Sequence[Clip], sheet: Sheet) -> otio.schema.Track:
    track = otio.schema.Track(name, kind=kind)
    position = 0
    for clip in clips:
        if clip.start > position:
            track.append(otio.schema.Gap(source_range=_make_range(0, clip.start - position, sheet)))
        track.append(_cut_clip(clip, file, sheet))
        position = clip.end
    return track


def _cut_clip(clip: Clip, file: str, sheet: Sheet) -> otio.schema.Clip:
    media = otio.schema.ExternalReference(
        target_url=file, available_range=_make_range(sheet.start, sheet.frames, sheet)
    )
    cut = otio.schema.Clip(clip.name, media, _make_range(sheet.start + clip.start, clip.end - clip.start, sheet))
    # `reused` tells of one run, and not of the line: a timeline made again would differ by it.
    if clip.about:
        cut.metadata["polyreel"] = clip.about.model_dump(mode="json", exclude={"reused"})
    return cut


def _make_range(start: int, length: int, sheet: Sheet) -> TimeRange:
    return TimeRange(_make_time(start, sheet), _make_time(length, sheet))


def _make_time(frame: int, sheet: Sheet) -> RationalTime:
    return RationalTime(frame, float(sheet.rate))
