"""What a TTML file's head says: styles, regions, who the agents are, titles."""

from __future__ import annotations

from typing import Any

from polyreel.subtitles.formats.base import Notes
from polyreel.subtitles.formats.timedtext.names import ID, METADATA, tt, ttm, tts
from polyreel.subtitles.formats.timedtext.regions import Settings, read_box, settings_of
from polyreel.subtitles.formats.timedtext.styles import INHERITED, Styles, StyleSheet, cells_of

_TITLES = {ttm("title"): "title", ttm("desc"): "description", ttm("copyright"): "copyright"}


class Head:
    """The head, and what it makes of regions and agents that the body names."""

    def __init__(self, root: Any, notes: Notes) -> None:
        self.notes = notes
        self.sheet = StyleSheet(root, notes)
        self._cells = cells_of(root)
        self._root_size = _read_pixels(root.get(tts("extent"), ""))
        self._regions = {
            each.get(ID, ""): each for each in root.iterfind(f"{tt('head')}/{tt('layout')}/{tt('region')}")
        }
        self._styles: dict[str, Styles] = {}
        self._settings: dict[tuple[Any, ...], Settings] = {}
        head = root.find(tt("head"))
        self._list_agents = dict(_list_agents(head)) if head is not None else {}
        self.comments = self._read_comments(head)

    def region_styles(self, name: str | None, line: int) -> Styles:
        """What a region says, with the styles that it names and that stand inside it."""
        if name is None:
            return {}
        if name not in self._styles:
            self._styles[name] = self._read_region(name, line)
        return self._styles[name]

    def _read_region(self, name: str, line: int) -> Styles:
        element = self._regions.get(name)
        if element is None:
            self.notes.note_loss("region", line, f"no region is called {name[:60]}")
            return {}
        found = dict(self.sheet.find_own(element))
        for child in element.iterfind(tt("style")):
            found.update(self.sheet.find_own(child))
        if element.get("begin") or element.get("end") or element.find(tt("set")) is not None:
            self.notes.note_loss(
                "animation", element.sourceline or 0, "a region that changes with time can't be carried"
            )
        return found

    def inherit_from(self, name: str | None, line: int) -> Styles:
        """What text in a region inherits from it."""
        return {key: value for key, value in self.region_styles(name, line).items() if key in INHERITED}

    def find_settings(self, element: Any, context: Any) -> Settings:
        """The cue settings for a paragraph: its region's place, and its own alignment."""
        line = element.sourceline or 0
        region = self.region_styles(context.region, line)
        align = context.styles.get("textAlign") or region.get("textAlign", "start")
        direction = context.styles.get("direction") or region.get("direction", "ltr")
        key = (context.region, align, direction)
        if key not in self._settings:
            self._settings[key] = self._make_settings(region, align, line)
        return self._settings[key]

    def _make_settings(self, region: Styles, align: str, line: int) -> Settings:
        if not self._regions or not region:
            # Without regions there is one, the whole picture, and players put text where subtitles usually are.
            return () if align in {"center", "start"} else (("align", align),)
        box = read_box(region, self._root_size, self._cells, align)
        if box is None:
            self.notes.note_loss(
                "region", line, "a region in pixels, in a file that does not say how many the picture has"
            )
            return ()
        return settings_of(box)

    def name_speakers(self, agents: str) -> str | None:
        """The names of agents, by their ids."""
        names = [self._list_agents.get(each, each) for each in agents.split()]
        return " & ".join(dict.fromkeys(names)) or None

    def _read_comments(self, head: Any) -> tuple[str, ...]:
        if head is None:
            return ()
        found = [*head, *(each for meta in head.iterfind(tt("metadata")) for each in meta)]
        told = [(each, _TITLES[each.tag]) for each in found if each.tag in _TITLES and (each.text or "").strip()]
        self._report_other(head)
        return tuple(f"{name}: {' '.join((each.text or '').split())}" for each, name in told)

    def _report_other(self, head: Any) -> None:
        for meta in head.iterfind(tt("metadata")):
            foreign = next((each for each in meta if _says_something(each)), None)
            if foreign is not None:
                name = str(foreign.tag).rpartition("}")[2]
                self.notes.note_loss(
                    "metadata", foreign.sourceline or 0, f"the file's metadata (<{name}>) can't be carried"
                )
                return


def _says_something(element: Any) -> bool:
    """Whether metadata of another namespace says more than which standards a file keeps."""
    if str(element.tag).startswith(f"{{{METADATA}}}"):
        return False
    return any(not str(each.tag).endswith("}conformsToStandard") for each in element) or not len(element)


def _list_agents(head: Any) -> list[tuple[str, str]]:
    found = []
    for agent in head.iter(ttm("agent")):
        names = [" ".join("".join(name.itertext()).split()) for name in agent.iterfind(ttm("name"))]
        found.append((agent.get(ID, ""), next(filter(None, names), agent.get(ID, ""))))
    return found


def _read_pixels(extent: str) -> tuple[float, float] | None:
    parts = [part.removesuffix("px") for part in extent.split()]
    if len(parts) == 2 and all(part.isascii() and part.isdecimal() for part in parts):
        return float(parts[0]), float(parts[1])
    return None
