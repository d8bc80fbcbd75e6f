"""Trimming: exact to the picture at both ends and to the sample in the sound, encoding anew only what that takes.

The picture between the first and the last key picture inside the cut is copied; the few pictures before and after are
encoded (H.264), and joined to it in one stream. Where that can't be done safely - another codec cut off a key picture,
an open group of pictures, odd packaging - the whole cut is encoded, and the result says why. Sound is encoded once, as
AAC.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyreel.errors import MediaError, ToolError
from polyreel.media.audio import RATE, aac_options, sound_of
from polyreel.media.codecs import MP4_VIDEO, describe_encoding, encode_picture, h264_options, mp4_tag
from polyreel.media.command import DEFAULT, Limits, Stream, local_input, local_output, run
from polyreel.media.cut import Cut, Piece, plan_cut
from polyreel.media.info import MediaInfo, Tracks, VideoStream
from polyreel.media.join import Edges, Sets, join, sets_of
from polyreel.media.limits import check_trim

_EDGE_CRF = 16
_PROFILES = {"Baseline": "baseline", "Constrained Baseline": "baseline", "Main": "main", "High": "high"}


@dataclass(frozen=True, slots=True)
class TrimResult:
    """What was kept, in seconds of the source: the zero of the trimmed file is ``start``.

    ``start`` and ``end`` are where pictures begin and end, so they may differ from what was asked by less than one
    picture; cues and everything else that has a time move by ``start``. ``reencoded_s`` is how much of the picture was
    encoded anew; when it was all of it, ``reason`` says why and ``encoding`` how.
    """

    start: Fraction
    end: Fraction
    reencoded_s: float
    reason: str = ""
    encoding: str = ""

    @property
    def duration(self) -> Fraction:
        """Length of the trimmed file in seconds."""
        return self.end - self.start


async def trim(
    source: Path,
    target: Path,
    info: MediaInfo,
    start: Fraction | None,
    end: Fraction | None,
    *,
    sound: Tracks | None = None,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> TrimResult:
    """Write the part of ``source`` from ``start`` to ``end`` (seconds; None: its own ends) into an MP4.

    Pictures shown at ``start`` or later and before ``end`` are kept, and of every sound track (or of
    ``sound`` alone) exactly as much. Raises MediaError (``time_out_of_range``) for a cut outside the video or without a
    picture, ToolError where ffmpeg fails.
    """
    check_trim(info, start, end)
    sets, cut = await asyncio.to_thread(_plan_cut, replace(info, path=source), start, end)
    if cut.end <= cut.start:
        raise MediaError(
            "the trim keeps no picture.",
            code="time_out_of_range",
            where=str(source),
            remedy="Leave at least one picture between start and end.",
        )
    work = _Work(replace(info, path=source), cut, target, limits, sound)
    if cut.copies:
        try:
            return await _trim_by_copy(work, sets)
        except (ToolError, MediaError) as error:
            # Odd streams show only while they are cut; encoding everything still serves them.
            work = replace(work, cut=_all_anew(cut, f"the copied part could not be joined ({error.message})"))
    return await _trim_by_encoding(work, on_progress)


@dataclass(frozen=True, slots=True)
class _Work:
    """One trim: of what, where, into which file."""

    info: MediaInfo
    cut: Cut
    target: Path
    limits: Limits
    sound: Tracks | None = None

    @property
    def video(self) -> VideoStream:
        if self.info.video is None:
            raise ValueError("there is no video to trim")
        return self.info.video


def _all_anew(cut: Cut, reason: str) -> Cut:
    return Cut(cut.start, cut.end, cut.offset, reason=reason)


def _plan_cut(info: MediaInfo, start: Fraction | None, end: Fraction | None) -> tuple[Sets | None, Cut]:
    sets = sets_of(info)
    cut = plan_cut(info, start, end, joinable=sets is not None)
    if cut.copies and info.video and info.video.codec not in MP4_VIDEO:
        cut = _all_anew(cut, f"an MP4 can't hold {info.video.codec}")
    return sets, cut


async def _trim_by_copy(work: _Work, sets: Sets | None) -> TrimResult:
    cut = work.cut
    with tempfile.TemporaryDirectory(prefix=f".{work.target.stem}.", dir=work.target.parent) as folder:
        head = await _encode_edge(work, cut.head, sets, Path(folder, "head.mp4"))
        tail = await _encode_edge(work, cut.tail, sets, Path(folder, "tail.mp4"))
        joined = Path(folder, "joined.mp4")
        await _join_parts(work, Edges(head, tail), joined)
        copied: dict[str, Any] = {"c:v": "copy", **mp4_tag(work.video.codec)}
        await run(_build_output(work, local_input(joined).video, copied), limits=work.limits)
    encoded = sum(len(piece.shown) for piece in (cut.head, cut.tail) if piece)
    return TrimResult(cut.start, cut.end, float(encoded / (work.video.frame_rate or 25)))


async def _join_parts(work: _Work, edges: Edges, target: Path) -> None:
    stop = threading.Event()
    working = asyncio.ensure_future(asyncio.to_thread(join, work.info, work.cut, edges, target, stop))
    try:
        await asyncio.shield(working)
    finally:
        # A thread can't be cancelled, only asked: wait for it, so that nothing writes into a removed folder.
        stop.set()
        await asyncio.gather(working, return_exceptions=True)


async def _encode_edge(work: _Work, piece: Piece | None, sets: Sets | None, target: Path) -> Path | None:
    if piece is None or sets is None:
        return None
    picture = _cut_pictures(work, piece.after, piece.before, noautorotate=None)
    options = _edge_options(work.video, sets)
    await run(local_output(picture, path=target, format="mp4", **options), limits=work.limits)
    return target


def _edge_options(video: VideoStream, sets: Sets) -> dict[str, Any]:
    """Encoded as the source is, without reordered pictures, and with parameter sets of their own number."""
    options: dict[str, Any] = {**h264_options(_EDGE_CRF), "bf": 0, "pix_fmt": video.pixel_format}
    if video.profile in _PROFILES:
        options["profile:v"] = _PROFILES[video.profile]
    if video.fields:
        options["flags:v"] = "+ildct+ilme"
    return {**options, "x264-params": f"sps-id={sets.number}"}


async def _trim_by_encoding(work: _Work, on_progress: Callable[[float], None] | None) -> TrimResult:
    cut, half = work.cut, work.video.time_base / 2
    picture = _cut_pictures(work, cut.start - half, cut.end - half).filter(
        "setpts", _move_to_zero(work, cut.start - half)
    )
    output = _build_output(work, *encode_picture(picture, work.video))
    length = cut.end - cut.start
    await run(output, limits=work.limits, on_progress=on_progress, expected_ms=round(length * 1000))
    return TrimResult(cut.start, cut.end, float(length), cut.reason, describe_encoding(work.video))


def _cut_pictures(work: _Work, after: Fraction, before: Fraction, **options: Any) -> Stream:
    """The pictures shown between two moments (seconds), decoded, on a timeline that begins at ``_seek_seconds``."""
    skip = _seek_seconds(work, after)
    seek = {"ss": skip} if skip else {}
    node = local_input(work.info.path, **options, **seek)[str(work.video.index)]
    shift = work.info.shift(work.video)
    if shift:
        node = node.filter("setpts", f"PTS+({shift.numerator}/{shift.denominator})/TB")
    return node.filter("trim", start=f"{float(after - skip):.6f}", end=f"{float(before - skip):.6f}")


def _seek_seconds(work: _Work, moment: Fraction) -> int:
    return max(0, math.floor(moment)) if work.info.is_indexed else 0


def _move_to_zero(work: _Work, after: Fraction) -> str:
    back = work.cut.start - _seek_seconds(work, after)
    return f"PTS-({back.numerator}/{back.denominator})/TB"


def _build_output(work: _Work, picture: Stream, options: dict[str, Any]) -> Stream:
    start, samples = work.cut.start, round((work.cut.end - work.cut.start) * RATE)
    tracks: Sequence[Tracks] = range(len(work.info.audio)) if work.sound is None else [work.sound]
    sounds = [sound_of(work.info.path, start=start, samples=samples, track=track, info=work.info) for track in tracks]
    for place, track in enumerate(tracks):
        one = work.info.audio[track if isinstance(track, int) else track[0]]
        channels = one.channels if isinstance(track, int) else len(track)
        options = {**options, **aac_options(channels, _working_bitrate(channels), f"a:{place}")}
        if one.language:
            options[f"metadata:s:a:{place}"] = f"language={one.language}"
    return local_output(picture, *sounds, path=work.target, format="mp4", **options)


def _working_bitrate(channels: int) -> str:
    """Generous, as this sound is worked on and encoded once more."""
    return f"{128 * channels if channels <= 2 else 80 * channels}k"
