"""SubStation Alpha's overrides (``{\\an8\\i1}``) as WebVTT's tags and settings. Many SubRip files have some left over.

Place, italics, bold, underline, strike-out and the main colour are carried. Drawings (``{\\p1}``) are no words and are
left out. Everything else (fades, fonts, positions in pixels, karaoke times) is lost, and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

Report = Callable[[str, str], None]
Settings = tuple[tuple[str, str], ...]

OVERRIDE = re.compile(r"\{\\([^{}\n]{1,200})\}")
_PARTS = re.compile(r"\\([^\\()]+(?:\([^()]*\))?)")
_STYLE = re.compile(r"([ibus])([01]|[1-9]00)")
_COLOUR = re.compile(r"1?c(?:&?H?([0-9A-Fa-f]{1,8})&?)?")

# {\an1}..{\an9} is a number pad; a left or right alignment brings the WebVTT position with it.
PLACES: dict[str, Settings] = {
    "1": (("align", "left"),),
    "2": (("align", "center"),),
    "3": (("align", "right"),),
    "4": (("line", "50%"), ("align", "left")),
    "5": (("line", "50%"),),
    "6": (("line", "50%"), ("align", "right")),
    "7": (("line", "0"), ("align", "left")),
    "8": (("line", "0"),),
    "9": (("line", "0"), ("align", "right")),
}
# SubStation Alpha 4 counted otherwise: 1 to 3 at the bottom, and 4 more for the top, 8 more for the middle.
_OLD_PLACES = {"1": "1", "2": "2", "3": "3", "5": "7", "6": "8", "7": "9", "9": "4", "10": "5", "11": "6"}
# The eight colour classes that every WebVTT renderer knows (W3C WebVTT, section 5.1).
KNOWN_COLOURS = {
    "ffffff": "white",
    "00ff00": "lime",
    "00ffff": "cyan",
    "ff0000": "red",
    "ffff00": "yellow",
    "ff00ff": "magenta",
    "0000ff": "blue",
    "000000": "black",
}


class _Open(NamedTuple):
    """A tag that an override opened."""

    name: str
    begin: str
    end: str


class Overrides:
    """Translates the overrides of one cue, in order; remembers what is open, so that no end tag is left over."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.settings: Settings = ()
        self.is_drawing = False
        self._open: list[_Open] = []

    def translate(self, body: str) -> str:
        """What an override's body (``an8\\i1``) becomes in WebVTT's cue text."""
        lost: list[str] = []
        written = "".join(self._translate_part(part.strip(), lost) for part in _PARTS.findall("\\" + body))
        if lost:
            self.report("override", f"{{\\{chr(92).join(lost)}}} can't be carried")
        return written

    def close(self) -> str:
        """The end tags of what is still open at the end of the cue."""
        written = "".join(tag.end for tag in reversed(self._open))
        self._open.clear()
        return written

    def _translate_part(self, part: str, lost: list[str]) -> str:
        place = PLACES.get(part[2:]) if part[:2] == "an" else PLACES.get(_OLD_PLACES.get(part[1:], ""))
        if place and part[:1] == "a":
            self.settings = place
            return ""
        if part[:1] == "p" and part[1:].isdecimal():
            self.is_drawing = part[1:] != "0"
            return ""
        if part[:1] == "r":
            return self.close()
        return self._read_style(part, lost)

    def _read_style(self, part: str, lost: list[str]) -> str:
        style, colour = _STYLE.fullmatch(part), _COLOUR.fullmatch(part)
        if style:
            tag = (
                _Open("s", "<c.strike>", "</c>")
                if style[1] == "s"
                else _Open(style[1], f"<{style[1]}>", f"</{style[1]}>")
            )
            return self._end_tag(style[1]) if style[2] == "0" else self._begin_tag(tag)
        if colour:
            begin = f"<c.{colour_class(colour[1])}>" if colour[1] else ""
            return self._end_tag("colour") + (self._begin_tag(_Open("colour", begin, "</c>")) if begin else "")
        lost.append(part)
        return ""

    def _begin_tag(self, tag: _Open) -> str:
        self._open.append(tag)
        return tag.begin

    def _end_tag(self, name: str) -> str:
        """End a tag, also where others were opened inside it: those go on behind it."""
        if all(tag.name != name for tag in self._open):
            return ""
        at = max(place for place, tag in enumerate(self._open) if tag.name == name)
        inside = self._open[at + 1 :]
        ends = "".join(tag.end for tag in reversed(self._open[at:]))
        self._open[at:] = inside
        return ends + "".join(tag.begin for tag in inside)


def colour_class(colour: str) -> str:
    """A colour as SubStation writes it (hexadecimal, blue first, transparency in front) as a WebVTT class."""
    digits = colour.rjust(6, "0")[-6:].lower()
    # ASS writes blue first: &HBBGGRR&.
    colour = digits[4:] + digits[2:4] + digits[:2]
    return KNOWN_COLOURS.get(colour, f"color-hex-{colour}")
