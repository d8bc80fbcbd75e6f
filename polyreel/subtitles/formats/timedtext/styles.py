"""TTML's styles: what an element looks like, by the styles it names, its own attributes, and what it inherits.

Of TTML's some fifty style properties the cue model carries the ones below. The others are told once each, by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from polyreel.subtitles.formats.ass_overrides import KNOWN_COLOURS
from polyreel.subtitles.formats.base import Notes
from polyreel.subtitles.formats.timedtext.names import EBU_STYLE, IMSC_STYLING, STYLING, TT, tt, ttp

Styles = Mapping[str, str]
Element = Any

INHERITED = frozenset(
    {"color", "direction", "fontStyle", "fontWeight", "ruby", "textAlign", "textDecoration", "visibility"}
)
_PLACED = frozenset({"displayAlign", "extent", "origin", "position", "writingMode", "display", "forcedDisplay"})
_CARRIED = INHERITED | _PLACED
# What says how a renderer draws and nothing of the text: at these values there is nothing to tell.
_NO_MATTER = {
    "backgroundColor": {"transparent", "#00000000"},
    "opacity": {"1", "1.0"},
    "overflow": {"visible", "hidden"},
    "padding": {"0px", "0%"},
    "showBackground": {"whenActive", "always"},
    "unicodeBidi": {"normal"},
    "wrapOption": {"wrap"},
    "fontSize": {"100%", "1c"},
    "fontFamily": {"default", "proportionalSansSerif", "monospaceSansSerif", "sansSerif"},
    "lineHeight": {"normal", "100%", "125%"},
    "rubyPosition": {"outside", "before", "auto"},
}
_NAMESPACES = {f"{{{STYLING}}}": "tts", f"{{{IMSC_STYLING}}}": "itts", f"{{{EBU_STYLE}}}": "ebutts"}
_COLOUR_NAMES = {name: f"#{code}" for code, name in KNOWN_COLOURS.items()} | {
    "aqua": "#00ffff",
    "fuchsia": "#ff00ff",
    "gray": "#808080",
    "green": "#008000",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "purple": "#800080",
    "silver": "#c0c0c0",
    "teal": "#008080",
}
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*\d{1,3}\s*)?\)")


class StyleSheet:
    """The styles of a document's head; resolves what an element's attributes and references come to."""

    def __init__(self, root: Element, notes: Notes) -> None:
        self.notes = notes
        self._told: set[str] = set()
        self._elements = {each.get(_ID): each for each in root.iterfind(f"{tt('head')}/{tt('styling')}/{tt('style')}")}
        self._resolved: dict[str, Styles] = {}
        self.initial = self._read_initial(root)
        self._nothing: dict[str, str] = {}

    def find_own(self, element: Element) -> Styles:
        """What an element says itself: by the styles it names, then by its own attributes."""
        if not element.attrib:
            return self._nothing
        named = element.get("style")
        found: dict[str, str] = {}
        for name in named.split() if named else ():
            found.update(self._resolve_style(name, element.sourceline or 0))
        self._read_attributes(element, found)
        return found

    def inherit_style(self, parent: Styles, own: Styles) -> Styles:
        """An element's styles below a parent's: what is inherited, and its own."""
        if not own:
            return parent
        found = {**parent, **{name: value for name, value in own.items() if name in INHERITED}}
        if "textDecoration" in own and "textDecoration" in parent:
            found["textDecoration"] = _add_decoration(parent["textDecoration"], own["textDecoration"])
        return found

    def _resolve_style(self, name: str, line: int) -> Styles:
        if name in self._resolved:
            return self._resolved[name]
        element = self._elements.get(name)
        if element is None:
            self.notes.note_loss("style", line, f"no style is called {name[:60]}")
            self._resolved[name] = {}
            return {}
        # A style that names itself, however far around, adds nothing more.
        self._resolved[name] = {}
        self._resolved[name] = self.find_own(element)
        return self._resolved[name]

    def _read_attributes(self, element: Element, found: dict[str, str]) -> None:
        for key, value in element.attrib.items():
            if key[0] != "{":
                continue
            namespace, _, name = key.rpartition("}")
            prefix = _NAMESPACES.get(f"{namespace}}}")
            if prefix is None:
                continue
            if name in _CARRIED:
                found[name] = value.strip()
            else:
                self._tell_attribute(prefix, name, value.strip(), element.sourceline or 0)

    def _tell_attribute(self, prefix: str, name: str, value: str, line: int) -> None:
        if value in _NO_MATTER.get(name, ()) or name in self._told:
            return
        self._told.add(name)
        self.notes.note_loss("style_property", line, f"{prefix}:{name} ({value[:60]}) can't be carried")

    def _read_initial(self, root: Element) -> Styles:
        found: dict[str, str] = {}
        for each in root.iterfind(f"{tt('head')}/{tt('styling')}/{tt('initial')}"):
            self._read_attributes(each, found)
        return found


def _add_decoration(outer: str, inner: str) -> str:
    """An underline inside a strike-out is both; ``noUnderline`` and ``none`` take away."""
    if inner == "none":
        return inner
    found = dict.fromkeys(outer.split())
    for each in inner.split():
        found.pop(each.removeprefix("no").replace("U", "u", 1).replace("L", "l", 1), None)
        if not each.startswith("no"):
            found[each] = None
    return " ".join(found)


_ID = "{http://www.w3.org/XML/1998/namespace}id"


def colour_class_of(value: str) -> str | None:
    """A TTML colour as a WebVTT class: one of the eight known, or ``color-hex-RRGGBB``; None for white, the usual."""
    value = value.strip().lower()
    found = _RGB.fullmatch(value)
    if found:
        code = "".join(f"{min(int(part), 255):02x}" for part in found.groups())
    else:
        code = _COLOUR_NAMES.get(value, value).lstrip("#")[:6]
    if not re.fullmatch(r"[0-9a-f]{6}", code) or code == "ffffff":
        return None
    return KNOWN_COLOURS.get(code, f"color-hex-{code}")


def cells_of(root: Element) -> tuple[int, int]:
    """The columns and rows that ``c`` lengths count (TTML's own: 32 by 15)."""
    found = re.fullmatch(r"\s*(\d{1,4})\s+(\d{1,4})\s*", root.get(ttp("cellResolution"), "32 15"))
    columns, rows = (int(found[1]), int(found[2])) if found else (32, 15)
    return columns or 32, rows or 15


def is_tt(element: Element) -> bool:
    """Whether an element is TTML's own."""
    return isinstance(element.tag, str) and element.tag.startswith(f"{{{TT}}}")
