"""A picture that gives way: shown more slowly here, held there, and not encoded again.

Only the times change at which pictures are shown, so that 10 bit, HDR and captions inside the picture stay as they
were, and a film takes seconds. The rate of such a film varies: players and packagers go by each picture's own time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from polyreel.errors import MediaError
from polyreel.media.codecs import mp4_tag
from polyreel.media.command import DEFAULT, Limits, local_input, local_output, run
from polyreel.media.probe import probe
from polyreel.outcome import PictureYield
from polyreel.retiming import sum_added_ms


async def retime_picture(
    source: Path,
    target: Path,
    yields: Sequence[PictureYield],
    *,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Write the picture of ``source`` alone, as an MP4, with its new times. Raises MediaError, ToolError.

    The picture has to be one that an MP4 can hold.
    """
    info = await asyncio.to_thread(probe, source)
    if info.video is None:
        raise MediaError("there is no moving picture to slow.", where=str(source), remedy="Give a video file.")
    later = "+".join(_build_term(each) for each in yields)
    # ffmpeg reads times as ticks of TB. Times of decoding move by the same curve, so that none comes after its showing.
    times = [f"{name}=round({name.upper()}+({later.format(t=name.upper())})/TB)" for name in ("pts", "dts")]
    output = local_output(
        local_input(source)[str(info.video.index)],
        path=target,
        format="mp4",
        map_metadata=-1,
        map_chapters=-1,
        **{"c:v": "copy", "bsf:v": f"setts={':'.join(times)}", **mp4_tag(info.video.codec)},
    )
    expected = round(info.duration * 1000) + sum_added_ms(yields)
    await run(output, limits=limits, on_progress=on_progress, expected_ms=expected)


def _build_term(each: PictureYield) -> str:
    """Seconds that are added to a time: ``0.25*clip(PTS*TB-10,0,4)+1.2*gte(PTS*TB,14)``, commas escaped for ffmpeg."""
    span = (each.end_ms - each.start_ms) / 1000
    terms = []
    if each.slow_ms:
        terms.append(f"{each.slow_ms / 1000 / span:.9f}*clip({{t}}*TB-{each.start_ms / 1000:.3f}\\,0\\,{span:.3f})")
    if each.hold_ms:
        terms.append(f"{each.hold_ms / 1000:.3f}*gte({{t}}*TB\\,{each.hold_at_ms / 1000:.3f})")
    return "+".join(terms)
