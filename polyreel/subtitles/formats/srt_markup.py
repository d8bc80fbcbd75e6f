"""SubRip's markup and WebVTT's, one into the other.

SubRip has no specification. What players agree on is ``<i> <b> <u> <s>``, ``<font color="...">`` and, from SubStation
Alpha, ``{\\an1}`` to ``{\\an9}`` for the place; everything else is text. Both ways are exact on what both can carry.
"""

from __future__ import annotations

import html
import re

from polyreel.subtitles.cuetext import Token, escape_text, tokens
from polyreel.subtitles.formats.ass_overrides import KNOWN_COLOURS, PLACES, Overrides, Report, Settings
from polyreel.subtitles.formats.leftovers import keep_words

_SRT_TAG = re.compile(r"<(/?)([ibus]|font)((?:\s[^<>]*)?)>|\{\\([^{}\n]{1,200})\}", re.IGNORECASE)
# What converters from WebVTT forget, and HTML's entities, which SubRip does not have and nobody means as they stand.
_VTT_TAG = re.compile(r"</?(?:v|c|lang|ruby|rt)(?:[. \t][^<>\n]{0,200})?>|<\d{2}(?::\d{2}){1,2}\.\d{3}>")
_ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|lrm|rlm|zwnj|zwj|shy|ensp|emsp|thinsp|hellip|[mn]dash|[lr][sd]quo|[lr]aquo"
    r"|iexcl|iquest|copy|reg|trade|deg|euro|pound|szlig|aelig|AElig|oelig|OElig"
    r"|[A-Za-z](?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron)|#\d{1,6}|#[xX][0-9a-fA-F]{1,5});"
)
_COLOUR = re.compile(r"""color\s*=\s*(["']?)(#?[0-9A-Za-z]+)\1""", re.IGNORECASE)
_VOICES_MEET = re.compile(r"([^\s<>])(</v><v[. ]|<v[. ])")
_CLASSES = frozenset(KNOWN_COLOURS.values())
_NUMBERS = {frozenset(settings): number for number, settings in PLACES.items()}


def from_srt(text: str, report: Report) -> tuple[str, Settings]:
    """SubRip text as WebVTT cue text, and the settings that a ``{\\anN}`` in it stands for.

    ``report(code, message)`` is told what can't be carried (fonts' faces and sizes, other ``{\\...}`` overrides).
    """
    if "<" not in text and "&" not in text and "{" not in text and "-->" not in text:
        return text, ()
    reader = _SrtMarkup(report)
    pieces: list[str] = []
    at = 0
    for tag in _SRT_TAG.finditer(text):
        pieces.append(reader.words(text[at : tag.start()]))
        pieces.append(reader.overrides.translate(tag[4]) if tag[4] else reader.tag(tag))
        at = tag.end()
    pieces += [reader.words(text[at:]), reader.overrides.close()]
    return "".join(pieces), reader.overrides.settings


class _SrtMarkup:
    """Remembers which ``<font>`` became a class, so that its ``</font>`` closes the same."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.fonts: list[bool] = []
        self.overrides = Overrides(report)

    def words(self, text: str) -> str:
        """The text between two tags, with what WebVTT and HTML left in it as what it stood for."""
        text = keep_words(text, self.overrides)
        if "<" not in text and "&" not in text:
            return escape_text(text)
        pieces, at = [], 0
        for tag in _VTT_TAG.finditer(text):
            pieces += [self.plain_words(text[at : tag.start()]), tag[0]]
            at = tag.end()
        if at:
            self.report("leftover", "WebVTT's tags in it are read as what they stood for")
        return "".join([*pieces, self.plain_words(text[at:])])

    def plain_words(self, text: str) -> str:
        meant = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
        if meant != text:
            self.report("leftover", "HTML's entities in it are read as the signs that they stood for")
        return escape_text(meant)

    def tag(self, tag: re.Match[str]) -> str:
        slash, name = tag[1], tag[2].lower()
        if name == "font":
            return self.end_font(tag[0]) if slash else self.font(tag[3])
        if tag[3].strip():
            return escape_text(tag[0])
        if name == "s":
            return "</c>" if slash else "<c.strike>"
        return f"<{slash}{name}>"

    def font(self, attributes: str) -> str:
        found = _COLOUR.search(attributes)
        rest = _COLOUR.sub("", attributes).strip()
        if rest:
            self.report("font", f"the font's {rest} can't be carried")
        self.fonts.append(bool(found))
        return f"<c.{colour_class(found[2])}>" if found else ""

    def end_font(self, raw: str) -> str:
        if not self.fonts:
            self.report("font", f"{raw} closes no font")
            return ""
        return "</c>" if self.fonts.pop() else ""


def colour_class(colour: str) -> str:
    """A SubRip colour as a WebVTT class: one of the eight known ones, or ``color-RRGGBB`` or ``color-name``."""
    return colour if colour in _CLASSES else "color-" + colour.replace("#", "hex-")


def colour_of(css_class: str) -> str | None:
    """The SubRip colour that a WebVTT class stands for, if it stands for one."""
    if css_class in _CLASSES:
        return css_class
    if css_class.startswith("color-"):
        return css_class.removeprefix("color-").replace("hex-", "#")
    return None


def to_srt(text: str, report: Report) -> str:
    """WebVTT cue text as SubRip text; ``report(code, message)`` is told what SubRip can't carry."""
    if "<" not in text and "&" not in text:
        return text
    writer = _VttMarkup(report)
    # Two voices without a space between them are two lines: what one says must not be joined to the other's words.
    return "".join(writer.piece(token) for token in tokens(_VOICES_MEET.sub(r"\1\n\2", text)))


class _VttMarkup:
    """Remembers what each open tag became, so that its end tag becomes the same."""

    def __init__(self, report: Report) -> None:
        self.report = report
        # By name, because SubRip's players close a tag however it is nested.
        self.ends: dict[str, list[str]] = {}

    def piece(self, token: Token) -> str:
        if token.kind == "text":
            return self.words(token.value)
        if token.kind == "start":
            return self.start(token)
        if token.kind == "end":
            return self.end(token.value)
        self.report("timestamp", f"the time <{token.value}> inside the cue can't be carried")
        return ""

    def words(self, text: str) -> str:
        if _SRT_TAG.search(text) or _VTT_TAG.search(text) or _ENTITY.search(text):
            self.report("literal_tag", "text that looks like markup will be read as markup")
        return text

    def start(self, token: Token) -> str:
        begin, end = self.tags(token)
        self.ends.setdefault(token.value, []).append(end)
        return begin

    def tags(self, token: Token) -> tuple[str, str]:
        """What a start tag and its end tag become."""
        if token.value in {"i", "b", "u"}:
            self.note_lost_classes(token.classes)
            return f"<{token.value}>", f"</{token.value}>"
        if token.value == "c":
            return self.class_tags(token.classes)
        if token.value == "rt":
            self.report("ruby", "a ruby gloss is put in brackets")
            return "(", ")"
        if token.value not in {"ruby"}:
            self.report(_NAMES.get(token.value, "tag"), f"{token.raw} can't be carried")
        return "", ""

    def class_tags(self, classes: tuple[str, ...]) -> tuple[str, str]:
        colours = [name for name in classes if colour_of(name)]
        self.note_lost_classes(tuple(name for name in classes if name not in {*colours[:1], "strike"}))
        begin = f'<font color="{colour_of(colours[0])}">' if colours else ""
        end = "</font>" if colours else ""
        return (begin + "<s>", "</s>" + end) if "strike" in classes else (begin, end)

    def note_lost_classes(self, classes: tuple[str, ...]) -> None:
        if classes:
            self.report("class", f"the class {'.'.join(classes)} can't be carried")

    def end(self, name: str) -> str:
        gloss = self.end("rt") if name == "ruby" else ""
        if self.ends.get(name):
            return gloss + self.ends[name].pop()
        return f"</{name}>" if name in {"i", "b", "u"} else gloss


_NAMES = {"v": "voice", "lang": "language"}


def place_of(settings: Settings) -> tuple[str, Settings]:
    """``{\\anN}`` for the place that settings stand for ("" for none), and the settings it leaves out."""
    kept = dict(settings)
    chosen = tuple((name, kept[name]) for name in ("line", "align") if name in kept)
    for candidate in (chosen, *((one,) for one in chosen)):
        number = _NUMBERS.get(frozenset(candidate))
        if candidate and number:
            return f"{{\\an{number}}}", tuple(pair for pair in settings if pair not in candidate)
    return "", settings
