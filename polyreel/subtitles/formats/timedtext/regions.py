"""TTML's regions as WebVTT's cue settings, and back. Both say where a box is and to which of its edges text clings.

``{origin 10% 10%, extent 80% 80%, displayAlign after, textAlign center}`` is where subtitles usually are: no settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

Settings = tuple[tuple[str, str], ...]

_LENGTH = re.compile(r"([+-]?\d{1,6}(?:\.\d{1,9})?)(%|px|c|rw|rh)")
_CLINGS = {"before": "start", "center": "center", "after": "end", "justify": "start"}
_ALIGNED = {"left": "left", "start": "start", "center": "center", "end": "end", "right": "right", "justify": "center"}
_AT = {"left": "line-left", "start": "line-left", "center": "center", "end": "line-right", "right": "line-right"}
_VERTICAL = {"tbrl": "rl", "tb": "rl", "tblr": "lr"}


@dataclass(frozen=True, slots=True)
class Box:
    """A region in per cent of the picture, and where in it text stands."""

    x: float = 10.0
    y: float = 10.0
    width: float = 80.0
    height: float = 80.0
    display: str = "after"
    align: str = "center"
    mode: str = "lrtb"

    @property
    def is_usual(self) -> bool:
        """Whether text is at the bottom and centred in a box that players' own margins would give."""
        return self == Box()


def read_box(
    styles: Mapping[str, str], root: tuple[float, float] | None, cells: tuple[int, int], align: str
) -> Box | None:
    """The box of a region's styles; None where a length can't be known (pixels without the root's extent)."""
    origin = _read_pair(styles.get("origin") or styles.get("position") or "0% 0%", root, cells)
    extent = _read_pair(styles.get("extent", "100% 100%"), root, cells)
    if styles.get("origin") == "auto":
        origin = (0.0, 0.0)
    if styles.get("extent") == "auto":
        extent = (100.0, 100.0)
    if origin is None or extent is None:
        return None
    mode = styles.get("writingMode", "lrtb")
    return Box(*origin, *extent, styles.get("displayAlign", "before"), _ALIGNED.get(align, "start"), mode)


def _read_pair(value: str, root: tuple[float, float] | None, cells: tuple[int, int]) -> tuple[float, float] | None:
    parts = value.split()
    if len(parts) != 2:
        return None
    across, down = (_per_cent(part, axis, root, cells) for axis, part in enumerate(parts))
    return None if across is None or down is None else (across, down)


def _per_cent(length: str, axis: int, root: tuple[float, float] | None, cells: tuple[int, int]) -> float | None:
    found = _LENGTH.fullmatch(length)
    if not found:
        return None
    amount, unit = float(found[1]), found[2]
    if unit == "px":
        return None if root is None or not root[axis] else round(amount * 100 / root[axis], 3)
    return round(amount * 100 / cells[axis], 3) if unit == "c" else amount


def settings_of(box: Box) -> Settings:
    """The cue settings that put text where the box has it; none where it is as usual."""
    if box.is_usual:
        return ()
    vertical = _VERTICAL.get(box.mode)
    align = {"rltb": {"start": "right", "end": "left"}, "rl": {"start": "right", "end": "left"}}.get(box.mode, {}).get(
        box.align, box.align
    )
    settings = [("vertical", vertical)] if vertical else []
    settings.append(("line", _place_line(box, vertical)))
    along, length = (box.y, box.height) if vertical else (box.x, box.width)
    settings += [("position", _place_box(along, length, align)), ("size", _format_percent(length)), ("align", align)]
    return tuple(settings)


def _place_line(box: Box, vertical: str | None) -> str:
    """Where text clings: ``90%,end`` is a box that ends there and fills up from its end."""
    clings = _CLINGS.get(box.display, "start")
    start, size = (box.x, box.width) if vertical else (box.y, box.height)
    if vertical == "rl" and clings != "center":
        # Lines follow each other from right to left: before is the right edge.
        clings = "end" if clings == "start" else "start"
    at = {"start": start, "center": start + size / 2, "end": start + size}[clings]
    return f"{_format_percent(at)},{clings}"


def _place_box(start: float, size: float, align: str) -> str:
    side = _AT.get(align, "center")
    at = {"line-left": start, "center": start + size / 2, "line-right": start + size}[side]
    return f"{_format_percent(at)},{side}"


def _format_percent(value: float) -> str:
    return f"{min(max(value, 0), 100):.3f}".rstrip("0").rstrip(".") + "%"


def box_of(settings: Settings, most_lines: int = 15) -> Box:
    """The box that a cue's settings describe; `settings_of` gives the same settings back."""
    if not settings:
        return Box()
    named = dict(settings)
    vertical = named.get("vertical", "")
    align = named.get("align", "center")
    mode = {"rl": "tbrl", "lr": "tblr"}.get(vertical, "lrtb")
    across = _span_along(named, align)
    down = _span_across(named.get("line", "auto"), vertical, most_lines)
    (y, height), (x, width) = (across, down[:2]) if vertical else (down[:2], across)
    return Box(x, y, width, height, down[2], align, mode)


def _span_along(named: Mapping[str, str], align: str) -> tuple[float, float]:
    """Start and size in the direction of the text."""
    side = _AT.get(align, "center")
    written, _, anchor = named.get("position", "auto").partition(",")
    size = float(named["size"][:-1]) if "size" in named else None
    if written == "auto":
        width = 80.0 if size is None else size
        start = {"line-left": 10.0, "center": (100 - width) / 2, "line-right": 90 - width}[side]
        return max(start, 0.0), width
    side, at = anchor or side, float(written[:-1])
    room = {"line-left": 100 - at, "center": 2 * min(at, 100 - at), "line-right": at}[side]
    width = room if size is None else size
    return {"line-left": at, "center": at - width / 2, "line-right": at - width}[side], width


def _span_across(line: str, vertical: str, most_lines: int) -> tuple[float, float, str]:
    """Start, size and clinging edge in the direction that lines follow each other."""
    written, _, anchor = line.partition(",")
    if written == "auto":
        return 10.0, 80.0, "after"
    if not written.endswith("%"):
        number = float(written)
        at = 10 + 80 * number / most_lines if number >= 0 else 90 + 80 * (number + 1) / most_lines
        return (max(at, 0.0), 90 - at, "before") if number >= 0 else (10.0, max(at - 10, 0.0), "after")
    at, anchor = float(written[:-1]), anchor or "start"
    start, size = {
        "start": (at, 100 - at),
        "center": (at - min(at, 100 - at), 2 * min(at, 100 - at)),
        "end": (0.0, at),
    }[anchor]
    clings = {"start": "before", "center": "center", "end": "after"}[anchor]
    if vertical == "rl" and clings != "center":
        clings = "after" if clings == "before" else "before"
    return start, size, clings


def box_of_region(region: str) -> tuple[str, Box]:
    """A WebVTT region's id and its box: ``id:top width:40% lines:3 regionanchor:0%,100% viewportanchor:10%,90%``."""
    named = dict(pair.partition(":")[::2] for pair in region.split())
    width = float(named.get("width", "100%")[:-1])
    # A line of WebVTT is 5.33 % of the picture's height.
    height = min(int(named.get("lines", "3")) * 16 / 3, 100.0)
    (anchor_x, anchor_y), (at_x, at_y) = (
        _read_anchor(named.get(name, "0%,100%")) for name in ("regionanchor", "viewportanchor")
    )
    x = min(max(at_x - anchor_x * width / 100, 0.0), 100 - width)
    y = min(max(at_y - anchor_y * height / 100, 0.0), 100 - height)
    return named.get("id", ""), Box(round(x, 3), round(y, 3), width, round(height, 3))


def _read_anchor(value: str) -> tuple[float, float]:
    x, _, y = value.partition(",")
    return float(x[:-1]), float(y[:-1])
