"""A language whose picture gives way to its lines: its own reel, and the request for a dub of that.

What is asked of the dubber afterwards is an ordinary dub of a longer reel: scripts, sound and picture have moved
together, so that fitting finds the room that it lacked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from polyreel.dubbing.port import DubRequest, Progress
from polyreel.engine.separation.stems import Stems
from polyreel.engine.threads import in_thread
from polyreel.errors.wording import spell_count
from polyreel.outcome import PictureYield, Reel, ReelChapter, StoredFile, Value
from polyreel.retiming import picture_at, sum_added_ms
from polyreel.store.local import path_of
from polyreel.store.port import Store

if TYPE_CHECKING:
    from polyreel.engine.speech.yielding import Pressed
    from polyreel.engine.voice.port import Voice

# A note that people read: nothing depends on the exact number.
_MOST_NAMED = 20
_SHARE_SAID, _SHARE_SHOWN = 0.6, 0.2


class OwnPicture(Value):
    """What a language is dubbed from: its reel, the request and the parted sound, all at the picture's new pace.

    Where no line needs it they are what they were, and the reel has no ``yields``.
    """

    reel: Reel
    request: DubRequest
    stems: Stems


async def let_picture_yield(
    reel: Reel,
    request: DubRequest,
    stems: Stems,
    shots_ms: Sequence[int],
    *,
    voice: Voice,
    store: Store,
    on_progress: Progress,
) -> OwnPicture:
    """Slow or hold the picture where a line can't be said in time. Raises NoVoice, EngineError, ToolError, StoreError.

    Every sentence is spoken once for it; the dub takes what was said from the store.
    """
    from polyreel.dubbing.embedded import rehearse
    from polyreel.engine.separation.retimed import retime_stems
    from polyreel.engine.sound.stem import samples_in
    from polyreel.engine.speech.yielding import find_pressed, plan_yields

    lines = await in_thread(
        lambda go_on: rehearse(request, voice, store, lambda share: on_progress(_SHARE_SAID * share), go_on)
    )
    frame_ms = float(1000 / Fraction(reel.frame_rate or 25))
    yields = plan_yields(lines, reel.duration_ms, shots_ms=shots_ms, frame_ms=frame_ms)
    pressed = describe_pressed(find_pressed(lines, reel.duration_ms, yields))
    request = request.model_copy(update={"notes": (*request.notes, *pressed)})
    if not yields:
        return OwnPicture(reel=reel, request=request, stems=stems)
    own = await _slow_reel(reel, yields, store, lambda share: on_progress(_SHARE_SAID + _SHARE_SHOWN * share))
    samples = samples_in(Fraction(own.duration))
    sound = await in_thread(lambda go_on: retime_stems(stems, yields, samples, store, go_on))
    asked = await asyncio.to_thread(_retime_request, request, own, sound, store)
    on_progress(1.0)
    return OwnPicture(reel=own, request=asked, stems=sound)


async def _slow_reel(reel: Reel, yields: tuple[PictureYield, ...], store: Store, on_progress: Progress) -> Reel:
    from polyreel.media.probe import probe
    from polyreel.media.retime import retime_picture

    with store.open_scratch() as folder:
        target = folder / "picture.mp4"
        await retime_picture(path_of(reel.file), target, yields, on_progress=on_progress)
        length = (await asyncio.to_thread(probe, target)).duration
        file = await asyncio.to_thread(store.keep_file, target, ".mp4")
    at = picture_at(yields)
    # Measured, as the last picture's time may round past what was planned.
    end = round(length * 1000)
    chapters = tuple(
        ReelChapter(start_ms=at(one.start_ms), end_ms=min(at(one.end_ms), end), title=one.title)
        for one in reel.chapters
    )
    changed = {"file": file, "duration": str(length), "chapters": chapters, "yields": yields}
    return reel.model_copy(update=changed)


def _retime_request(request: DubRequest, own: Reel, sound: Stems, store: Store) -> DubRequest:
    from polyreel.subtitles import read_file, write
    from polyreel.subtitles.reel_times import retime

    def move_script(script: StoredFile | None) -> StoredFile | None:
        if script is None:
            return None
        track = retime(read_file(path_of(script)).track, own.yields)
        return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")

    return request.model_copy(
        update={
            "reel": own.file,
            "duration": own.duration,
            "script": move_script(request.script),
            "shown": move_script(request.shown),
            "source_script": move_script(request.source_script),
            "tone_script": move_script(request.tone_script),
            "stems": sound if request.stems else None,
            "notes": (*request.notes, *describe_yields(own.yields)),
        }
    )


def describe_yields(yields: Sequence[PictureYield]) -> tuple[str, ...]:
    """Where the picture gives way and by how much, in a sentence for a person."""
    from polyreel.engine.speech.yielding import LIMITS

    if not yields:
        return ()
    told = "; ".join(map(_describe, yields[:_MOST_NAMED]))
    more = f"; and {len(yields) - _MOST_NAMED} more" if len(yields) > _MOST_NAMED else ""
    places = spell_count(len(yields), "place")
    bounds = f"at most {LIMITS.slowest:.2f} times slower, held {LIMITS.longest_hold_ms / 1000:.0f} s"
    return (
        f"The picture is this language's own: it gives way to lines in {places} and is "
        f"{sum_added_ms(yields) / 1000:.1f} s longer ({bounds}). In the reel's own time: {told}{more}.",
    )


def describe_pressed(pressed: Sequence[Pressed]) -> tuple[str, ...]:
    """Which lines are hurried though the picture gives way, and what kept it from giving more."""
    if not pressed:
        return ()
    told = "; ".join(map(_describe_pressed, pressed[:_MOST_NAMED]))
    more = f"; and {len(pressed) - _MOST_NAMED} more" if len(pressed) > _MOST_NAMED else ""
    return (f"Still faster than 1.15 though the picture gives way: {told}{more}.",)


def _describe_pressed(each: Pressed) -> str:
    from polyreel.engine.speech.yielding import LIMITS

    line = f"the line at {each.start_ms / 1000:.1f} s ({each.ratio:.2f})"
    if each.is_at_bounds:
        return f"{line}, for which the picture is held {LIMITS.longest_hold_ms / 1000:.0f} s, the most"
    if each.granted is None:
        return f"{line}, for which no part of the picture was left to slow"
    return f"{line}, where no more of the reel was left to be stretched"


def _describe(each: PictureYield) -> str:
    slower = 1 + each.slow_ms / (each.end_ms - each.start_ms)
    span = f"{each.start_ms / 1000:.1f} to {each.end_ms / 1000:.1f} s {slower:.2f} times slower"
    return f"{span}, held {each.hold_ms / 1000:.1f} s at {each.hold_at_ms / 1000:.1f} s" if each.hold_ms else span
