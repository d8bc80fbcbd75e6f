"""Small pictures for looking for a place: sheets of JPEGs, as a track of DASH and as WebVTT for players of HLS.

DASH-IF's guidelines (6.2.6) name the track; hls.js and others take the WebVTT with a region of a sheet per cue.
"""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import dataclass
from pathlib import Path

import av

from polyreel.media.command import DEFAULT, Limits, local_input, local_output, run
from polyreel.media.info import MediaInfo

EVERY_S = 10
"""Seconds between two of them."""
_SIDE = 5  # thumbnails beside and below each other on a sheet
_HEIGHT = 90
_TILES = "http://dashif.org/guidelines/thumbnail_tile"


@dataclass(frozen=True, slots=True)
class Sheets:
    """Sheets of thumbnails in a folder: ``thumbnails_1.jpg``, ... Sizes are of one thumbnail, in pixels."""

    count: int
    width: int
    height: int
    seconds: float
    bytes: int


async def make_sheets(info: MediaInfo, folder: Path, *, limits: Limits = DEFAULT) -> Sheets:
    """Write the sheets of a film, from its key pictures alone. Raises as `run` does."""
    if info.video is None:
        raise ValueError("there is no picture to make thumbnails of")
    shown = local_input(info.path, skip_frame="nokey", an=None, sn=None, dn=None)[str(info.video.index)]
    sheets = (
        shown.filter("fps", f"1/{EVERY_S}", start_time=0, round="up")
        .filter("scale", -2, _HEIGHT)
        .filter("tile", f"{_SIDE}x{_SIDE}")
    )
    pattern = folder / "thumbnails_%d.jpg"
    await run(local_output(sheets, path=pattern, format="image2", start_number=1, **{"q:v": 4}), limits=limits)
    return await asyncio.to_thread(_measure_sheets, folder, float(info.duration))


def _measure_sheets(folder: Path, seconds: float) -> Sheets:
    made = list(folder.glob("thumbnails_*.jpg"))
    with av.open(str(made[0])) as first:
        width, height = first.streams.video[0].width // _SIDE, first.streams.video[0].height // _SIDE
    return Sheets(len(made), width, height, seconds, sum(each.stat().st_size for each in made))


def write_regions(sheets: Sheets, target: Path) -> None:
    """The thumbnails as WebVTT: when each counts, and which part of which sheet it is."""
    cues = []
    for number in range(math.ceil(sheets.seconds / EVERY_S)):
        sheet, place = divmod(number, _SIDE * _SIDE)
        if sheet >= sheets.count:
            break
        row, column = divmod(place, _SIDE)
        region = f"{column * sheets.width},{row * sheets.height},{sheets.width},{sheets.height}"
        start, end = number * EVERY_S, min((number + 1) * EVERY_S, sheets.seconds)
        cues.append(f"{_format_clock(start)} --> {_format_clock(end)}\nthumbnails_{sheet + 1}.jpg#xywh={region}\n")
    target.write_text("\n".join(["WEBVTT\n", *cues]), "utf-8")


def add_image_track(manifest: Path, sheets: Sheets) -> None:
    """Name the sheets, which lie beside a DASH manifest, in it as a track of pictures."""
    text = manifest.read_text("utf-8")
    number = 1 + max(map(int, re.findall(r'<AdaptationSet id="(\d+)"', text)), default=-1)
    rate = math.ceil(8 * sheets.bytes / max(sheets.seconds, 1))
    length, width, height = EVERY_S * _SIDE * _SIDE, sheets.width * _SIDE, sheets.height * _SIDE
    track = f"""    <AdaptationSet id="{number}" contentType="image" mimeType="image/jpeg">
      <SegmentTemplate timescale="1" duration="{length}" media="thumbnails_$Number$.jpg" startNumber="1"/>
      <Representation id="thumbnails" bandwidth="{rate}" width="{width}" height="{height}">
        <EssentialProperty schemeIdUri="{_TILES}" value="{_SIDE}x{_SIDE}"/>
      </Representation>
    </AdaptationSet>
  </Period>"""
    manifest.write_text(text.replace("  </Period>", track, 1), "utf-8")


def _format_clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
