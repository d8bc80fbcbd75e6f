"""TTML, written: IMSC 1.1, EBU-TT-D, Netflix's, DAPT and plain TTML from one writer (`flavours` has their rows).

The document is put together as text: every value is escaped here, and a film's cues are written in a fifth of the time
that a tree takes. All looks are styles in the head, and no span stands in another: what every profile can read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from polyreel.locales import is_right_to_left
from polyreel.subtitles.formats.base import Notes, WritingOptions, excerpt
from polyreel.subtitles.formats.timedtext.flavours import FLAVOURS, Flavour
from polyreel.subtitles.formats.timedtext.names import METADATA, PARAMETER, STYLING, TT
from polyreel.subtitles.formats.timedtext.regions import Box, box_of, box_of_region
from polyreel.subtitles.formats.timedtext.runs import PLAIN, Look, Run, runs_of
from polyreel.subtitles.kinds import is_forced, unmark_forced
from polyreel.subtitles.model import Cue, Track, Writing
from polyreel.subtitles.timing import clock

# What XML 1.0 can't hold, escaped or not.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TITLE = re.compile(r"(title|description|copyright): (.*)", re.DOTALL)
_TITLES = {"title": "title", "description": "desc", "copyright": "copyright"}
_COORDINATES = frozenset({"X1", "X2", "Y1", "Y2"})


def write_ttml(track: Track, options: WritingOptions) -> Writing:
    """A track as plain TTML 2."""
    return _Writer(FLAVOURS["ttml"], track, options).run()


def write_imsc(track: Track, options: WritingOptions) -> Writing:
    """A track as IMSC 1.1, text profile."""
    return _Writer(FLAVOURS["imsc"], track, options).run()


def write_ebu(track: Track, options: WritingOptions) -> Writing:
    """A track as EBU-TT-D."""
    return _Writer(FLAVOURS["ebu-tt-d"], track, options).run()


def write_netflix(track: Track, options: WritingOptions) -> Writing:
    """A track as Netflix takes it: the picture's frame rate named, places in per cent."""
    return _Writer(FLAVOURS["netflix"], track, options).run()


def write_dapt(track: Track, options: WritingOptions) -> Writing:
    """A track as a DAPT script: an event for each line, with its character."""
    return _Writer(FLAVOURS["dapt"], track, options).run()


def escape(text: str) -> str:
    """Text as XML's character data, also inside quotes."""
    if "&" in text or "<" in text or ">" in text or '"' in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text


class _Writer:
    """Gathers the styles, regions and agents that the cues need; then the head can say them."""

    def __init__(self, flavour: Flavour, track: Track, options: WritingOptions) -> None:
        self.flavour = flavour
        self.track = track
        self.options = options
        self.notes = Notes()
        self.styles: dict[tuple[Look, str], str] = {}
        self.boxes: dict[Box, str] = {Box(): "r0"}
        self.agents: dict[str, str] = {}
        self.regions = dict(map(box_of_region, track.regions))
        self._regions_by_settings: dict[tuple[tuple[str, str], ...], str] = {(): "r0"}

    def run(self) -> Writing:
        for what, name in ((self.track.header, "header"), (self.track.styles, "styles")):
            if what:
                self.notes.note_loss(name, 0, f"{self.flavour.title} has no WebVTT {name}")
        for region in self.track.regions:
            if "scroll:up" in region.split():
                self.notes.note_loss("region", 0, f"the lines of {excerpt(region)} stand still in {self.flavour.title}")
        cues = [self.write_cue(number, cue) for number, cue in enumerate(self.track.cues, 1)]
        return Writing("".join([self.write_root(), self.write_head(), *self.write_body(cues)]), self.notes.by_line())

    # -- around the cues

    def write_root(self) -> str:
        rate = self.options.frame_rate
        named = f' ttp:frameRate="{round(rate)}"' if rate and self.flavour.names_frame_rate else ""
        if named and rate and rate.denominator == 1001:
            named += ' ttp:frameRateMultiplier="1000 1001"'
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<tt xmlns="{TT}" xmlns:ttp="{PARAMETER}" xmlns:tts="{STYLING}"'
            f' xmlns:ttm="{METADATA}"{self.flavour.root} ttp:timeBase="media" ttp:cellResolution="32 15"{named}'
            f'{self.script()} xml:space="preserve" xml:lang="{escape(self.options.locale or "")}">\n'
        )

    def script(self) -> str:
        """What a DAPT script says that it is."""
        if not self.flavour.is_script:
            return ""
        source, locale = self.options.source_locale, self.options.locale
        kind = "translatedTranscript" if source and source != locale else "originalTranscript"
        language = source or locale
        named = f' daptm:langSrc="{escape(language)}"' if language else ""
        return f' daptm:scriptType="{kind}" daptm:scriptRepresents="audio.dialogue"{named}'

    def write_head(self) -> str:
        regions = [self.write_region(name, box) for box, name in self.boxes.items()]
        # A region names its style, so the styles are complete only now.
        styles = [self.write_style(name, look, align) for (look, align), name in self.styles.items()]
        direction = ' tts:direction="rtl"' if is_right_to_left(self.options.locale or "en") else ""
        base = f'<style xml:id="base" tts:fontFamily="proportionalSansSerif" tts:color="white"{direction}/>\n'
        return (
            f"<head>\n{self.write_metadata()}<styling>\n{base}{''.join(styles)}</styling>\n"
            f"<layout>\n{''.join(regions)}</layout>\n</head>\n"
        )

    def write_metadata(self) -> str:
        titles = "".join(map(self.write_title, self.track.comments))
        agents = "".join(
            f'<ttm:agent xml:id="{identifier}" type="character"><ttm:name type="alias">{escape(name)}</ttm:name>'
            "</ttm:agent>\n"
            for name, identifier in self.agents.items()
        )
        inner = f"<metadata>\n{titles}{agents}</metadata>\n" if titles or agents else ""
        return f"{self.flavour.head}\n{inner}" if self.flavour.head else inner

    def write_title(self, comment: str) -> str:
        found = _TITLE.fullmatch(comment)
        name, text = (_TITLES[found[1]], found[2]) if found else ("desc", comment)
        return f"<ttm:{name}>{escape(_NOT_XML.sub(chr(0xFFFD), text))}</ttm:{name}>\n"

    def write_style(self, name: str, look: Look, align: str) -> str:
        decoration = " ".join(
            each for each, is_on in (("underline", look.underline), ("lineThrough", look.strike)) if is_on
        )
        said = {
            "fontStyle": "italic" if look.italic else "",
            "fontWeight": "bold" if look.bold else "",
            "textDecoration": decoration,
            "color": look.colour,
            "textAlign": align,
        }
        attributes = "".join(f' tts:{key}="{escape(value)}"' for key, value in said.items() if value)
        return f'<style xml:id="{name}"{attributes}/>\n'

    def write_region(self, name: str, box: Box) -> str:
        align = self.style_named(PLAIN, box.align)
        mode = f' tts:writingMode="{box.mode}"' if box.mode != "lrtb" else ""
        return (
            f'<region xml:id="{name}" tts:origin="{box.x:.6g}% {box.y:.6g}%" '
            f'tts:extent="{box.width:.6g}% {box.height:.6g}%" tts:displayAlign="{box.display}" '
            f'tts:overflow="visible"{mode} style="{align}"/>\n'
        )

    def write_body(self, cues: list[str]) -> list[str]:
        if self.flavour.is_script:
            return ['<body style="base">\n', *cues, "</body>\n</tt>\n"]
        return ['<body style="base">\n<div>\n', *cues, "</div>\n</body>\n</tt>\n"]

    # -- a cue

    def write_cue(self, number: int, cue: Cue) -> str:
        def note_loss(code: str, message: str) -> None:
            self.notes.note_loss(code, cue.line, message)

        forced = ""
        if "<" in cue.text and is_forced(cue):
            cue = unmark_forced(cue)
            if self.flavour.has_forced:
                forced = ' itts:forcedDisplay="true"'
            else:
                note_loss("forced", f"{self.flavour.title} has no mark for a forced cue; give it a file of its own")
        if cue.identifier and not cue.identifier.isdecimal():
            note_loss("identifier", f"the identifier {excerpt(cue.identifier)} can't be carried")
        text = self.write_text(cue, note_loss)
        agent = f' ttm:agent="{self.agent(cue.speaker)}"' if cue.speaker else ""
        times = f'begin="{clock(cue.start_ms)}" end="{clock(cue.end_ms)}"'
        region = self.region_of(cue, note_loss)
        if self.flavour.is_script:
            represents = "visual.text" if forced else "audio.dialogue"
            return (
                f'<div xml:id="e{number}" {times}{agent} daptm:represents="{represents}">'
                f'<p region="{region}">{text}</p></div>\n'
            )
        return f'<p xml:id="p{number}" region="{region}" {times}{agent}{forced}>{text}</p>\n'

    def write_text(self, cue: Cue, note_loss: Callable[[str, str], None]) -> str:
        text = cue.text
        if _NOT_XML.search(text):
            note_loss("not_xml", "signs that XML can't hold are written as U+FFFD")
            text = _NOT_XML.sub("\ufffd", text)
        if "<" not in text and "&" not in text:
            plain = escape(text).replace("\n", "<br/>")
            return f"<span>{plain}</span>" if self.flavour.needs_spans else plain
        runs = runs_of(text, note_loss)
        pieces = []
        for at, run in enumerate(runs):
            before = runs[at - 1] if at else None
            after = runs[at + 1] if at + 1 < len(runs) else None
            pieces.append(self.run_written(run, before, after, note_loss))
        return "".join(pieces)

    def run_written(
        self, run: Run, before: Run | None, after: Run | None, note_loss: Callable[[str, str], None]
    ) -> str:
        if run.role == "text":
            return self.write_span(run, "")
        if not self.flavour.has_ruby:
            if run.role == "gloss":
                note_loss("ruby", "a ruby gloss is put in brackets")
            return self.write_span(run if run.role == "base" else run._replace(text=f"({run.text})"), "")
        # Runs of one pair stand together; the container goes around all of them, base and gloss around their own.
        piece = self.write_span(run, "")
        role = "base" if run.role == "base" else "text"
        begins = before is None or (before.ruby, before.role) != (run.ruby, run.role)
        ends = after is None or (after.ruby, after.role) != (run.ruby, run.role)
        opens = '<span tts:ruby="container">' if begins and (before is None or before.ruby != run.ruby) else ""
        closes = "</span>" if ends and (after is None or after.ruby != run.ruby) else ""
        return (
            f"{opens}{f'<span tts:ruby={chr(34)}{role}{chr(34)}>' if begins else ''}{piece}"
            f"{'</span>' if ends else ''}{closes}"
        )

    def write_span(self, run: Run, attributes: str) -> str:
        look = run.look
        text = escape(run.text).replace("\n", "<br/>")
        seen = look._replace(language="", speaker="")
        if seen != PLAIN:
            attributes += f' style="{self.style_named(seen, "")}"'
        if look.language:
            attributes += f' xml:lang="{escape(look.language)}"'
        if look.speaker:
            attributes += f' ttm:agent="{self.agent(look.speaker)}"'
        if attributes or (self.flavour.needs_spans and run.role == "text"):
            return f"<span{attributes}>{text}</span>"
        return text

    def style_named(self, look: Look, align: str) -> str:
        return self.styles.setdefault((look, align), f"s{len(self.styles) + 1}")

    def agent(self, speaker: str) -> str:
        return self.agents.setdefault(_NOT_XML.sub("\ufffd", speaker), f"a{len(self.agents) + 1}")

    def region_of(self, cue: Cue, note_loss: Callable[[str, str], None]) -> str:
        if cue.settings in self._regions_by_settings:
            return self._regions_by_settings[cue.settings]
        settings = tuple(pair for pair in cue.settings if pair[0] not in _COORDINATES)
        if len(settings) < len(cue.settings):
            note_loss("coordinates", "the coordinates behind the times can't be carried")
        box = self.box(dict(settings), settings)
        if box.mode != "lrtb" and not self.flavour.has_vertical:
            note_loss("vertical", f"{self.flavour.title} has no columns; written in lines")
            box = Box()
        name = self.boxes.setdefault(box, f"r{len(self.boxes)}")
        self._regions_by_settings[cue.settings] = name
        return name

    def box(self, named: dict[str, str], settings: tuple[tuple[str, str], ...]) -> Box:
        region = self.regions.get(named.get("region", ""))
        return region if region is not None else box_of(tuple(pair for pair in settings if pair[0] != "region"))
