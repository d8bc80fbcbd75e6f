"""Where a cut falls among a video's pictures, and what of it can be copied.

Pictures are stored in decoding order, which is not the order they are shown in. Copying may begin only at a key picture
that nothing before it is needed for, and none after it is shown before it; it may end where everything stored so far is
everything that is shown so far. The pictures between such places and the cut are encoded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import av.container
import av.error

from polyreel.media import h264
from polyreel.media.info import MediaInfo
from polyreel.media.probe import open_media

# A cut given as a decimal number still means the picture whose time is a fraction.
_TOLERANCE = Fraction(1, 2000)
_REORDERED = 40  # pictures that may be stored between a picture's place and its turn


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture: when it is shown and decoded (ticks of the stream), and whether copying may begin with it."""

    shown: int
    decoded: int | None
    is_key: bool
    is_entry: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Pictures to encode anew: when each is shown and the last one ends (ticks), two moments (seconds) that part them
    from their neighbours, and how long before its turn the stream decodes a picture."""

    shown: tuple[int, ...]
    stop: int
    after: Fraction
    before: Fraction
    delay: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What is kept, in seconds on the file's timeline; which part is copied; which pieces are encoded anew.

    ``offset`` is the start in ticks of the stream. ``copy_from`` and ``copy_until`` are when the first picture that is
    copied and the first one stored behind the last are shown (ticks; None: to the file's end). Without ``copy_from``
    everything is encoded anew, and ``reason`` says why.
    """

    start: Fraction
    end: Fraction
    offset: int
    head: Piece | None = None
    tail: Piece | None = None
    copy_from: int | None = None
    copy_until: int | None = None
    reason: str = ""

    @property
    def copies(self) -> bool:
        """Whether some of the video is copied as it is."""
        return self.copy_from is not None


@dataclass(frozen=True, slots=True)
class _Edge:
    """When the first picture behind an end of the cut is shown (None: there is none), and the pictures around it."""

    moment: int | None
    pictures: list[Picture]


class _Scan:
    """One open file, read around the two ends of the cut."""

    def __init__(self, container: av.container.InputContainer, info: MediaInfo, again: ExitStack) -> None:
        if info.video is None:
            raise ValueError("there is no video to cut")
        self.container, self.path, self.video, self._again = container, info.path, info.video, again
        self.stream: Any = container.streams[info.video.index]
        self.zero = Fraction(container.start_time or 0, av.time_base)

    def ticks(self, seconds: Fraction) -> Fraction:
        return (seconds + self.zero) / self.video.time_base

    def seconds(self, ticks: int | Fraction) -> Fraction:
        return ticks * self.video.time_base - self.zero

    def around(self, moment: Fraction, behind: Callable[[Picture], bool]) -> list[Picture]:
        """Pictures from an entry at or before ``moment`` (ticks) to some way behind the first that is ``behind`` it."""
        back = Fraction(0)
        while True:
            is_whole = not self._seek(int(moment - back))
            found = _mark_entries(_fill_decoding_times(list(self._some_way_behind(behind))))
            if is_whole or back > moment or any(one.is_entry and one.shown <= moment for one in found):
                return found
            # Further each time: most files have an entry within seconds, some have none for minutes.
            back = back * 2 + 5 / self.video.time_base

    def _seek(self, ticks: int) -> bool:
        """Go to before a moment; where the file can't be searched, back to its beginning, and False."""
        try:
            self.container.seek(ticks, stream=self.stream, backward=True)
        except av.error.FFmpegError:
            self._again.close()
            self.container = self._again.enter_context(open_media(self.path))
            self.stream = self.container.streams[self.video.index]
            return False
        return True

    def _some_way_behind(self, behind: Callable[[Picture], bool]) -> Iterator[Picture]:
        left, is_behind = _REORDERED, False
        for packet in self.container.demux(self.stream):
            # PyAV ends a stream with an empty packet.
            if packet.pts is None:
                continue
            picture = Picture(packet.pts, packet.dts, bool(packet.is_keyframe), self._needs_nothing_before(packet))
            yield picture
            is_behind = is_behind or behind(picture)
            left -= is_behind
            if left <= 0:
                return

    def opening(self, start: Fraction | None) -> _Edge:
        """The first picture that is kept."""
        moment = self.ticks((start or Fraction(0)) - _TOLERANCE)
        found = self.around(moment, lambda one: one.is_key and one.shown > moment)
        return _Edge(min((one.shown for one in found if one.shown >= moment), default=None), found)

    def closing(self, end: Fraction | None, duration: Fraction) -> _Edge:
        """The first picture that is no longer kept."""
        if end is None or end >= duration:
            return _Edge(None, [])
        moment = self.ticks(end - _TOLERANCE)
        found = self.around(moment, lambda one: one.shown > moment)
        return _Edge(min((one.shown for one in found if one.shown >= moment), default=None), found)

    def _needs_nothing_before(self, packet: Any) -> bool:
        if not packet.is_keyframe:
            return False
        # H.264 also marks recovery points as key pictures, which may need earlier ones; an IDR picture never does.
        return self.video.codec != "h264" or h264.is_idr(bytes(packet))


def plan_cut(info: MediaInfo, start: Fraction | None, end: Fraction | None, *, joinable: bool) -> Cut:
    """Find what to keep of a video and what of that can be copied.

    ``start`` and ``end`` are seconds; pictures shown at ``start`` or later and before ``end`` are kept. ``joinable``
    says whether copied and newly encoded pictures can stand in one stream.
    """
    with open_media(info.path) as container, ExitStack() as again:
        scan = _Scan(container, info, again)
        opening, closing = scan.opening(start), scan.closing(end, info.duration)
        if opening.moment is None:
            return Cut(start or Fraction(0), start or Fraction(0), 0, reason="no picture is shown after the start")
        begin = scan.seconds(opening.moment) if start else Fraction(0)
        finish = info.duration if closing.moment is None else scan.seconds(closing.moment)
        return _with_copies(scan, Cut(begin, finish, round(scan.ticks(begin))), opening, closing, joinable)


def _with_copies(scan: _Scan, whole: Cut, opening: _Edge, closing: _Edge, joinable: bool) -> Cut:
    first, stop = opening.moment or 0, closing.moment
    entry = next((one for one in opening.pictures if one.is_entry and one.shown >= first), None)
    if entry is None or entry.decoded is None or (stop is not None and entry.shown >= stop):
        return replace(whole, reason="no place was found inside the cut where copying could begin")
    head = None
    if entry.shown > first:
        head = _make_piece(scan, opening.pictures, first, entry.shown, entry.shown - entry.decoded)
    until, tail = _find_ending(scan, closing.pictures, stop) if stop is not None else (None, None)
    if stop is not None and (until is None or until <= entry.shown):
        return replace(whole, reason="nothing lies between the key pictures next to the cut")
    if (head or tail) and not joinable:
        return replace(whole, reason="the cut is not at a key picture, and nothing can be joined to this kind of video")
    return replace(whole, head=head, tail=tail, copy_from=entry.shown, copy_until=until)


def _make_piece(scan: _Scan, pictures: Sequence[Picture], first: int, stop: int, delay: int) -> Piece:
    """The pictures shown from ``first`` up to ``stop``, to be encoded anew."""
    order = sorted({one.shown for one in pictures})
    kept = tuple(one for one in order if first <= one < stop)
    earlier, later = [one for one in order if one < first], [one for one in order if one >= stop]
    step = min((b - a for a, b in pairwise(order)), default=2)
    # Halfway to the neighbours, so that no rounding takes in a picture too many.
    after = Fraction(earlier[-1] + first if earlier else 2 * first - step, 2)
    before = Fraction(kept[-1] + later[0] if later else 2 * kept[-1] + step, 2)
    return Piece(kept, stop, scan.seconds(after), scan.seconds(before), delay)


def _find_ending(scan: _Scan, closing: list[Picture], stop: int) -> tuple[int | None, Piece | None]:
    """At which stored picture, by when it is shown, copying ends (None: no copying), and the piece that follows."""
    kept = [one.shown < stop for one in closing]
    cut_off = kept.index(False)
    if not any(kept[cut_off:]):
        return closing[cut_off].shown, None
    keys = [one for one in closing if one.is_key and one.shown < stop and _is_closed(closing, one)]
    last = max(keys, key=_read_shown, default=None)
    if last is None or last.decoded is None:
        return None, None
    return last.shown, _make_piece(scan, closing, last.shown, stop, last.shown - last.decoded)


def _read_shown(picture: Picture) -> int:
    return picture.shown


def _fill_decoding_times(pictures: list[Picture]) -> list[Picture]:
    """With decoding times also for the first few after a seek, which Matroska's demuxer leaves open."""
    known = next((place for place, one in enumerate(pictures) if one.decoded is not None), 0)
    step = min((b - a for a, b in pairwise(sorted(one.shown for one in pictures))), default=1)
    early = [
        replace(one, decoded=(pictures[known].decoded or 0) - step * (known - n)) for n, one in enumerate(pictures)
    ]
    return early[:known] + pictures[known:]


def _mark_entries(pictures: list[Picture]) -> list[Picture]:
    """Entries are key pictures that need nothing before them and that nothing stored later is shown before."""
    return [Picture(one.shown, one.decoded, one.is_key, one.is_entry and _is_closed(pictures, one)) for one in pictures]


def _is_closed(pictures: Sequence[Picture], key: Picture) -> bool:
    place = pictures.index(key)
    return all(later.shown > key.shown for later in pictures[place + 1 : place + 1 + _REORDERED])
