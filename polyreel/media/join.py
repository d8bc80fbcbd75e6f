"""A video put together from newly encoded edges and a copied middle, packet by packet, in one H.264 stream.

The edges carry parameter sets with a number of their own, so that one ``avcC`` record serves both encodings; every
picture keeps the time it had in the source.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import av
import av.container
import av.error

from polyreel.errors import ToolError
from polyreel.media.cut import Cut, Piece
from polyreel.media.h264 import NotJoinable, ParameterSets
from polyreel.media.info import MediaInfo
from polyreel.media.probe import open_media

_OTHER_TRIM = "Move the trim's ends by a second, or export the source anew."


@dataclass(frozen=True, slots=True)
class Sets:
    """What an edge has to be encoded with to fit the source: the number its parameter sets take."""

    source: ParameterSets
    number: int


def sets_of(info: MediaInfo) -> Sets | None:
    """What joining to this video takes; None where it can't be joined to."""
    if info.video is None or info.video.codec != "h264" or info.video.rotation % 90:
        return None
    with open_media(info.path) as container:
        record = container.streams[info.video.index].codec_context.extradata or b""
    try:
        found = ParameterSets.parse(record)
        return Sets(found, found.free_number())
    except NotJoinable:
        return None


@dataclass(frozen=True, slots=True)
class Edges:
    """Newly encoded pieces, as files; None where the cut has none."""

    head: Path | None
    tail: Path | None


def join(info: MediaInfo, cut: Cut, edges: Edges, target: Path, stop: threading.Event) -> None:
    """Write the video of a cut (no sound) into an MP4. Ends early, leaving a part, when ``stop`` is set."""
    if info.video is None:
        raise ValueError("there is no video to join")
    with open_media(info.path) as source, av.open(str(target), "w", format="mp4") as output:
        stream: Any = source.streams[info.video.index]
        # As it is, whatever encoders there are: an AV1 decoder named `libdav1d` has none of its name.
        written = output.add_stream_from_template(stream, opaque=info.video.codec not in ("h264", "hevc"))
        record = _join_records(stream.codec_context.extradata, edges)
        if record:
            written.codec_context.extradata = record
        pieces = (_read_edge(edges.head, cut.head), _read_middle(source, stream, cut), _read_edge(edges.tail, cut.tail))
        for packet in chain.from_iterable(pieces):
            if stop.is_set():
                return
            # The cut's first picture is the new file's zero, as it is the sound's.
            packet.pts, packet.dts = packet.pts - cut.offset, packet.dts - cut.offset
            packet.time_base, packet.stream = stream.time_base, written
            output.mux(packet)


def _join_records(source: bytes | None, edges: Edges) -> bytes | None:
    edge = edges.head or edges.tail
    if source is None or edge is None:
        return None
    with open_media(edge) as container:
        record = container.streams.video[0].codec_context.extradata or b""
    return ParameterSets.parse(source).join(ParameterSets.parse(record))


def _read_edge(path: Path | None, piece: Piece | None) -> Iterator[Any]:
    """An encoded edge's packets, each with the time of the source's picture. Edges have no reordered pictures."""
    if path is None or piece is None:
        return
    with open_media(path) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.pts is not None]
        if len(packets) != len(piece.shown):
            raise ToolError(
                "an edge of the trimmed video came out with another number of pictures.",
                where="ffmpeg",
                remedy=_OTHER_TRIM,
            )
        for packet, (shown, following) in zip(packets, pairwise((*piece.shown, piece.stop)), strict=True):
            packet.pts, packet.dts = shown, shown - piece.delay
            packet.duration = following - shown
            yield packet


def _read_middle(source: av.container.InputContainer, stream: Any, cut: Cut) -> Iterator[Any]:
    """The source's packets from the entry on, as they are, up to the one where copying ends."""
    if cut.copy_from is None:
        return
    # From a little before, so that the demuxer knows decoding times when the entry comes.
    with suppress(av.error.FFmpegError):  # what can't be searched is read from its beginning, where it stands
        source.seek(cut.copy_from - 1, stream=stream, backward=True)
    undated: list[Any] = []
    begun = False
    for packet in source.demux(stream):
        # By its time too: the seek may have landed at an earlier key picture.
        begun = begun or (packet.is_keyframe and packet.pts == cut.copy_from)
        if packet.pts is None or not begun:
            continue
        if packet.pts == cut.copy_until:
            break
        if packet.dts is None:
            undated.append(packet)
            continue
        yield from _date_packets(undated, packet)
        undated.clear()
        yield packet
    if undated:
        raise ToolError("the video's decoding times have gaps.", where="ffmpeg", remedy=_OTHER_TRIM)


def _date_packets(packets: list[Any], following: Any) -> Iterator[Any]:
    """Packets without decoding times (the first of a Matroska file), with some just before the following one's."""
    shown = sorted(packet.pts for packet in (*packets, following))
    step = min((b - a for a, b in pairwise(shown)), default=1)
    for place, packet in enumerate(packets):
        packet.dts = following.dts - step * (len(packets) - place)
        yield packet
