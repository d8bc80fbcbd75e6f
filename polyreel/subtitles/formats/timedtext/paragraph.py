"""One paragraph of TTML: its spans, breaks and ruby as pieces; where parts have times of their own, by moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.base import Notes
from polyreel.subtitles.formats.timedtext.head import Head
from polyreel.subtitles.formats.timedtext.names import LANG, SPACE, tt, ttm, tts
from polyreel.subtitles.formats.timedtext.styles import Styles
from polyreel.subtitles.formats.timedtext.text import Look, Piece, Span, cue_text, look_of
from polyreel.subtitles.formats.timedtext.times import Ms

_SPAN, _BR = tt("span"), tt("br")
# Karaoke by the syllable has some dozens. With thousands the cues would be the square of that.
_MOST_MOMENTS = 1000

# A no-break space is text: files use it for a line that is to be empty.
_XML_SPACE = " \t\r\n"

Moment = tuple[Ms, Ms | None, str]


class Context(NamedTuple):
    """What holds for an element's children."""

    styles: Styles
    begin: Ms
    end: Ms | None
    region: str | None = None
    keeps_space: bool = False
    language: str = ""
    agents: str = ""
    is_forced: bool = False
    is_timed: bool = False


class Document(Protocol):
    """The file that a paragraph stands in, as far as the paragraph asks for it."""

    head: Head
    notes: Notes

    def note_other(self, child: Any) -> None:
        """Note what is neither text nor holds any."""
        ...

    def read_interval(self, element: Any, parent: Context, follows: Ms) -> tuple[Ms, Ms | None, bool]:
        """When an element is shown, and whether it says so itself."""
        ...


class Paragraph:
    """Takes one ``<p>`` apart."""

    def __init__(self, reader: Document, element: Any, context: Context) -> None:
        self.reader = reader
        self.context = context
        self.pieces: list[Piece] = []
        self.is_split = False
        self.line = element.sourceline or 0
        inherited = reader.head.inherit_from(context.region, self.line)
        styles = {**inherited, **context.styles} if inherited else context.styles
        whole = context._replace(styles=styles)
        self.root_language = context.language
        self._collect_pieces(element, whole, None)
        self.has_text = any(piece.kind == "text" and piece.text.strip(_XML_SPACE) for piece in self.pieces)

    def list_moments(self) -> Iterator[Moment]:
        """Begin, end (None: open) and text, for each moment that shows another text."""
        if not self.is_split:
            yield self.context.begin, self.context.end, self._join_text(self.pieces)
            return
        times = sorted({time for piece in self.pieces for time in self._wrap_span(piece) if time is not None})
        if len(times) > _MOST_MOMENTS:
            raise SubtitleError(
                f"a paragraph changes {len(times)} times; at most {_MOST_MOMENTS} are read",
                line=self.line,
                where=f"line {self.line}",
                remedy="Give each line a paragraph of its own.",
            )
        for begin, end in zip(times, [*times[1:], self.context.end], strict=True):
            shown = [piece for piece in self.pieces if self._is_shown(piece, begin)]
            text = self._join_text(shown)
            if text and (end is None or end > begin):
                yield begin, end, text

    def _join_text(self, pieces: list[Piece]) -> str:
        # Breaks before, between and behind lines that are not shown make no empty lines.
        lines = [line for line in cue_text(pieces).split("\n") if line.strip(_XML_SPACE)]
        return "\n".join(lines)

    def _wrap_span(self, piece: Piece) -> Span:
        return piece.span or (self.context.begin, self.context.end)

    def _is_shown(self, piece: Piece, time: Ms) -> bool:
        begin, end = self._wrap_span(piece)
        return bool(begin <= time and (end is None or time < end))

    def _collect_pieces(self, element: Any, context: Context, span: Span | None) -> None:
        look = self._find_look(context)
        if element.text:
            self.pieces.append(Piece("text", element.text, look, span, context.keeps_space))
        follows = context.begin
        is_sequence = element.get("timeContainer") == "seq"
        for child in element:
            if child.tag == _BR:
                self.pieces.append(Piece("break", "\n", (), span))
            elif child.tag == _SPAN:
                ends = self._span_element(child, context, span, follows if is_sequence else context.begin)
                follows = ends if ends is not None else follows
            else:
                self.reader.note_other(child)
            if child.tail:
                self.pieces.append(Piece("text", child.tail, look, span, context.keeps_space))

    def _span_element(self, child: Any, context: Context, span: Span | None, follows: Ms) -> Ms | None:
        ruby = child.get(tts("ruby")) or self.reader.head.sheet.find_own(child).get("ruby")
        inner = self._enter_child(child, context, follows)
        if "begin" in child.attrib or "end" in child.attrib or "dur" in child.attrib:
            span, self.is_split = (inner.begin, inner.end), True
        if ruby == "container":
            self._read_ruby(child, inner, span)
        elif ruby != "delimiter":
            self._collect_pieces(child, inner, span)
        return inner.end

    def _enter_child(self, child: Any, context: Context, follows: Ms) -> Context:
        attributes = child.attrib
        if not attributes:
            return context
        own = self.reader.head.sheet.find_own(child)
        begin, end, _ = self.reader.read_interval(child, context, follows)
        return context._replace(
            styles=self.reader.head.sheet.inherit_style(context.styles, own),
            begin=begin,
            end=end,
            keeps_space=attributes.get(SPACE, "preserve" if context.keeps_space else "") == "preserve",
            language=attributes.get(LANG, context.language),
            agents=attributes.get(ttm("agent"), context.agents),
        )

    def _find_look(self, context: Context) -> Look:
        styles: Styles = context.styles
        language = context.language if context.language != self.root_language else ""
        speaker = context.agents if context.agents != self.context.agents else ""
        if not (language or speaker) and not _LOOKS.intersection(styles):
            return ()
        return look_of(styles, language, self.reader.head.name_speakers(speaker) or "" if speaker else "")

    def _read_ruby(self, container: Any, context: Context, span: Span | None) -> None:
        """``<ruby>base<rt>gloss</rt></ruby>``; bases and glosses in containers of their own are paired in order."""
        bases, glosses = [], []
        for part in container.iter(_SPAN):
            role = part.get(tts("ruby")) or self.reader.head.sheet.find_own(part).get("ruby")
            if role == "base":
                bases.append(part)
            elif role == "text":
                glosses.append(part)
        if len(bases) != len(glosses) and glosses:
            self.reader.notes.note_loss(
                "ruby", self.line, f"{len(glosses)} glosses for {len(bases)} texts: put together"
            )
        self.pieces.append(Piece("tag", "<ruby>", span=span))
        pairs = max(1, min(len(bases), len(glosses)))
        for at in range(pairs):
            last = at == pairs - 1
            self._ruby_parts(bases[at:] if last else bases[at : at + 1], context, span)
            self.pieces.append(Piece("tag", "<rt>", span=span))
            self._ruby_parts(glosses[at:] if last else glosses[at : at + 1], context, span)
            self.pieces.append(Piece("tag", "</rt>", span=span))
        self.pieces.append(Piece("tag", "</ruby>", span=span))

    def _ruby_parts(self, parts: list[Any], context: Context, span: Span | None) -> None:
        for part in parts:
            self._collect_pieces(part, self._enter_child(part, context, context.begin), span)


_LOOKS = frozenset({"color", "fontStyle", "fontWeight", "textDecoration"})
