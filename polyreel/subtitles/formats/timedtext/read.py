"""TTML, read: TTML 1 and 2, IMSC 1 and 1.1 (text), EBU-TT-D, SMPTE-TT, Netflix's DFXP, DAPT.

The body is walked once. Times nest (each element's count from its parent's), styles are inherited, regions give the
place. A paragraph becomes a cue; one whose parts have times of their own becomes as many cues as it has moments.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt
from polyreel.subtitles.formats.timedtext import dapt
from polyreel.subtitles.formats.timedtext.head import Head
from polyreel.subtitles.formats.timedtext.names import LANG, OLD_NAMESPACES, SPACE, TT, tt, ttm
from polyreel.subtitles.formats.timedtext.paragraph import Context, Paragraph
from polyreel.subtitles.formats.timedtext.times import Ms, TimeBase
from polyreel.subtitles.formats.timedtext.xml import parse_document, refuse_outside
from polyreel.subtitles.kinds import mark_forced
from polyreel.subtitles.model import Cue, Reading, Track

# What can only stand in a file that names something outside; without it no element is looked at for that.
_SIGNS_OF_OUTSIDE = ("href", "backgroundImage", "src", "XInclude", "base")
# A paragraph without an end is shown until the next one, or so long.
_OPEN_MS = 4000


def read(text: str, options: ReadingOptions) -> Reading:
    """A TTML file of any profile that has text.

    Raises SubtitleError: ``invalid_subtitles``, ``xml_dtd``, ``external_reference``, ``frame_rate_impossible``.
    """
    for old in OLD_NAMESPACES:
        if old in text[:8192]:
            text = text.replace(old, TT)
    root = parse_document(text)
    if root.tag != tt("tt"):
        name = root.tag.rpartition("}")[2]
        raise SubtitleError(
            f"its root is <{name[:40]}>, not TTML's <tt>", line=1, where="line 1", remedy="Give a TTML file."
        )
    if any(sign in text for sign in _SIGNS_OF_OUTSIDE):
        for element in root.iter():
            refuse_outside(element)
    return _Reader(root, options).run()


class _Reader:
    """One pass over the body."""

    def __init__(self, root: Any, options: ReadingOptions) -> None:
        self.root = root
        self.options = options
        self.notes = Notes()
        self.times = TimeBase(root, options.frame_rate, self.notes)
        self.head = Head(root, self.notes)
        self.is_dapt = dapt.is_dapt(root)
        self.found: list[tuple[Cue, str]] = []
        self.open_ended: list[int] = []

    def run(self) -> Reading:
        body = self.root.find(tt("body"))
        language = self.root.get(LANG, "")
        if body is not None:
            start = Context(
                self.head.sheet.initial, 0, None, keeps_space=self.root.get(SPACE) == "preserve", language=language
            )
            self.walk_element(body, start, 0)
        self.close_open()
        cues = (
            dapt.choose_language(self.found, self.options.locale or language, self.notes)
            if self.is_dapt
            else [cue for cue, _ in self.found]
        )
        cues.sort(key=lambda cue: cue.start_ms)
        return Reading(Track(cues=tuple(cues), comments=self.head.comments), self.notes.by_line(), format="ttml")

    # -- containers

    def walk_element(self, element: Any, parent: Context, follows: Ms) -> Ms | None:
        """Read an element and all below it; returns when it ends. ``follows`` is when its elder sibling did."""
        context = self.enter_element(element, parent, follows)
        if element.tag == tt("p"):
            self.read_paragraph(element, context)
        else:
            self.walk_children(element, context)
        return context.end

    def walk_children(self, element: Any, context: Context) -> None:
        is_sequence = element.get("timeContainer") == "seq"
        follows: Ms = context.begin
        for child in element:
            if child.tag in _CONTAINERS:
                ends = self.walk_element(child, context, follows if is_sequence else context.begin)
                follows = ends if ends is not None else follows
            else:
                self.note_other(child)
        if element.text and element.text.strip():
            self.notes.note_dropped_words(
                "stray_text", element.sourceline or 0, f"text outside a paragraph: {excerpt(element.text)}"
            )

    def note_other(self, child: Any) -> None:
        """What is neither text nor holds any."""
        line, name = child.sourceline or 0, str(child.tag).rpartition("}")[2]
        if name in {"set", "animate"}:
            self.notes.note_loss("animation", line, "an animation (<set>, <animate>) can't be carried")
        elif name in {"audio", "image", "chunk"}:
            self.notes.note_loss("embedded", line, f"<{name}> can't be carried")
        elif name in {"metadata", "desc", "title", "copyright"} and "".join(child.itertext()).strip():
            self.notes.note_loss(
                "metadata", line, f"<{name}> can't be carried: {excerpt(''.join(child.itertext()).strip())}"
            )

    def enter_element(self, element: Any, parent: Context, follows: Ms) -> Context:
        """What holds inside an element."""
        attributes = element.attrib
        begin, end, is_timed = self.read_interval(element, parent, follows)
        own = self.head.sheet.find_own(element)
        return Context(
            self.head.sheet.inherit_style(parent.styles, own),
            begin,
            end,
            attributes.get("region") or parent.region,
            attributes.get(SPACE, "preserve" if parent.keeps_space else "") == "preserve",
            attributes.get(LANG, parent.language),
            attributes.get(ttm("agent"), parent.agents),
            parent.is_forced or own.get("forcedDisplay") == "true" or dapt.is_on_screen_text(element),
            is_timed or parent.is_timed,
        )

    def read_interval(self, element: Any, parent: Context, follows: Ms) -> tuple[Ms, Ms | None, bool]:
        """When an element is shown; without an end, as long as its parent."""
        attributes, line = element.attrib, element.sourceline or 0
        begin_at, end_at, lasts = attributes.get("begin"), attributes.get("end"), attributes.get("dur")
        if begin_at is None and end_at is None and lasts is None:
            return follows, parent.end, False
        begin = follows + (self.times.read(begin_at, line) if begin_at else 0)
        ends: list[Ms] = [parent.end] if parent.end is not None else []
        if end_at:
            ends.append(follows + self.times.read(end_at, line))
        if lasts:
            ends.append(begin + self.times.read(lasts, line))
        return begin, min(ends) if ends else None, True

    # -- paragraphs

    def read_paragraph(self, element: Any, context: Context) -> None:
        line = element.sourceline or 0
        paragraph = Paragraph(self, element, context)
        if not paragraph.has_text:
            return
        shown = "".join(element.itertext()).strip()
        if not context.is_timed and not paragraph.is_split:
            self.notes.note_dropped_words("untimed", line, f"text without times: {excerpt(shown)}")
            return
        if context.styles.get("visibility") == "hidden" and not context.is_forced:
            self.notes.note_dropped_words("hidden", line, f"text that is never shown: {excerpt(shown)}")
            return
        settings = self.head.find_settings(element, context)
        speaker = self.head.name_speakers(context.agents)
        for begin, end, text in paragraph.list_moments():
            self.add_cue(Cue(0, 0, text, speaker, settings=settings, line=line), begin, end, context)

    def add_cue(self, cue: Cue, begin: Ms, end: Ms | None, context: Context) -> None:
        start = round(begin)
        if end is None:
            self.open_ended.append(len(self.found))
        until = start if end is None else round(end)
        if end is not None and until <= start:
            self.notes.note_dropped_words(
                "no_duration", cue.line, f"text that is shown for no time: {excerpt(cue.text)}"
            )
            return
        done = replace(cue, start_ms=start, end_ms=until)
        self.found.append((mark_forced(done) if context.is_forced else done, context.language))

    def close_open(self) -> None:
        """Paragraphs without an end: until the next begins, at most as long as one can be read."""
        starts = sorted({cue.start_ms for cue, _ in self.found})
        following = dict(itertools.pairwise(starts))
        for place in self.open_ended:
            cue, language = self.found[place]
            until = min(following.get(cue.start_ms, cue.start_ms + _OPEN_MS), cue.start_ms + _OPEN_MS)
            self.found[place] = (replace(cue, end_ms=until), language)
            self.notes.note_repair("no_end", cue.line, "a paragraph without an end is shown until the next one")


_CONTAINERS = frozenset({tt("body"), tt("div"), tt("p")})
