"""What other formats leave in a cue's text: SubStation's ``\\N``, HTML's ``<br>``, MicroDVD's ``|`` and ``{y:i}``.

Converters forget them, players show them, and a voice would read them aloud. They become what they stood for. A tag
that goes leaves a break where it stood for one, so that it never joins two words.
"""

from __future__ import annotations

import re

from polyreel.subtitles.formats.ass_overrides import OVERRIDE, Overrides, Report, Settings

_HTML = re.compile(
    r"<\s{0,3}(/?)\s{0,3}(br|p|div|li|ul|ol|hr|h[1-6]|center|tr|td|table|body|html"
    r"|em|strong|strike|del|ins|span|a|small|big|sup|sub|tt|code|wbr|img|cite|q|mark|kbd|abbr|nobr|blink|marquee|pre"
    r"|blockquote|section|article|header|footer|dl|dd|dt|th|thead|tbody)(?=[\s/>])[^<>]{0,400}>",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.{0,400}?-->", re.DOTALL)
_SQUARE_BREAK = re.compile(r"[ \t]*\[br\s?/?\][ \t]*", re.IGNORECASE)
_BLOCK_NAMES = """
br p div li ul ol hr center tr td table body html pre blockquote section article header footer dl dd dt th thead tbody
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_SAME = {"em": "i", "strong": "b", "strike": "s", "del": "s", "ins": "u"}
_SPACED_TAG = re.compile(r"<\s{0,3}(/?)\s{0,3}([ibus])\s{0,3}>", re.IGNORECASE)
# What was escaped once too often.
_ESCAPED_BREAK = re.compile(r"&(?:amp;)?lt;\s?br\s?/?\s?(?:&(?:amp;)?gt;|>)", re.IGNORECASE)
_ESCAPED_PAIR = re.compile(r"&(?:amp;)?lt;([ib])(?:&(?:amp;)?gt;|>)([^<>&]{1,400})&(?:amp;)?lt;/\1(?:&(?:amp;)?gt;|>)")
_EMPTY_TAG = re.compile(r"<\s?[ibus]\s?/\s?>", re.IGNORECASE)
_FORUM_TAG = re.compile(r"([\[{])([ibu])([\]}])([^\[\]{}]{1,400})\1/\2\3", re.IGNORECASE)
_SLANTED = re.compile(r"^/(?=[^\W\d_][^/\n]*$)")
_SLASHED = re.compile(r"\\([Nnh])")
# "C:\\News": a path has the same letters behind the same sign.
_PATH = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\")
_UNSLASHED = re.compile(r"\{(an?[1-9]|[ibus][01])\}")
_MICRODVD = re.compile(r"\{([yYcCfFsSpPoOhH]):([^{}\n]{1,80})\}")
# No space on either side: "a|b" is two lines, "a | b" is text, and "|'m" is an I that a scanner took for a bar.
_BAR = re.compile(r"(?<=\S)\|(?=\S)")


def translate_leftovers(text: str, report: Report) -> str:
    """A cue's text with SubStation's and HTML's leftovers as line breaks, spaces, ``<i>`` and ``{\\an8}``.

    ``report(code, message)`` is told once for each kind. Text that has none of it comes back as it is.
    """
    if not any(sign in text for sign in "\\<{[&"):
        return text
    before = text
    text = _ESCAPED_PAIR.sub(r"<\1>\2</\1>", _ESCAPED_BREAK.sub("\n", _EMPTY_TAG.sub("", text)))
    text = _FORUM_TAG.sub(lambda found: f"<{found[2].lower()}>{found[4]}</{found[2].lower()}>", text)
    text = _SQUARE_BREAK.sub("\n", _COMMENT.sub("", text) if "<!--" in text else text)
    if "\\" in text and not _PATH.search(text):
        text = _SLASHED.sub(lambda found: " " if found[1] == "h" else "\n", text)
    text = _UNSLASHED.sub(r"{\\\1}", _SPACED_TAG.sub(r"<\1\2>", text))
    return _as_lines(before, _HTML.sub(lambda found: _translate_html(found, report), text), report)


def translate_microdvd(text: str, report: Report) -> str:
    """SubRip text with MicroDVD's leftovers as it meant them: bars as breaks, ``{y:i}`` as italics."""
    return _as_lines(text, _from_microdvd(text, report), report) if "|" in text or "{" in text else text


def _as_lines(before: str, text: str, report: Report) -> str:
    if text == before:
        return text
    report("leftover", "what another format left in it is read as the breaks, spaces and tags that it stood for")
    return "\n".join(filter(None, (line.strip(" \t") for line in text.split("\n"))))


def _translate_html(found: re.Match[str], report: Report) -> str:
    name = found[2].lower()
    if name in _BLOCKS or name[0] == "h":
        return "\n"
    if name in _SAME:
        return f"<{found[1]}{_SAME[name]}>"
    if not found[1]:
        report("html", f"{found[0]} can't be carried")
    return ""


def _from_microdvd(text: str, report: Report) -> str:
    """Bars as breaks; ``{y:i}`` as italics to the end of its line, ``{Y:i}`` to the end of the cue."""
    lines, whole = [], ""
    for written in _BAR.sub("\n", text).split("\n"):
        is_slanted = "|" in text and _SLANTED.match(written)  # "/so|/and so", as players of MicroDVD have it
        line = written[1:] if is_slanted else written
        tags, everywhere = _microdvd_tags(line, report)
        whole += everywhere
        lines.append(_wrap_letters(_MICRODVD.sub("", line), "i" * bool(is_slanted) + tags))
    return _wrap_letters("\n".join(lines), whole)


def _microdvd_tags(line: str, report: Report) -> tuple[str, str]:
    """The style letters that hold for a line, and those that hold for the whole cue."""
    here, everywhere = "", ""
    for code, value in _MICRODVD.findall(line):
        letters = "".join(letter for letter in "ibus" if letter in value.lower().split(","))
        if code.lower() != "y" or not letters:
            report("override", f"{{{code}:{value}}} can't be carried")
        elif code == "y":
            here += letters
        else:
            everywhere += letters
    return here, everywhere


def _wrap_letters(text: str, letters: str) -> str:
    begin = "".join(f"<{letter}>" for letter in letters)
    end = "".join(f"</{letter}>" for letter in reversed(letters))
    return f"{begin}{text}{end}" if text and letters else text


def translate_overrides(text: str, report: Report) -> tuple[str, Settings]:
    """WebVTT cue text with SubStation's overrides in it as WebVTT's tags, and the settings they stand for."""
    if "{\\" not in text:
        return text, ()
    overrides = Overrides(report)
    pieces: list[str] = []
    at = 0
    for found in OVERRIDE.finditer(text):
        pieces.append(keep_words(text[at : found.start()], overrides))
        pieces.append(overrides.translate(found[1]))
        at = found.end()
    pieces += [keep_words(text[at:], overrides), overrides.close()]
    return "".join(pieces), overrides.settings


def keep_words(text: str, overrides: Overrides) -> str:
    """The text between two overrides; nothing where it is the strokes of a drawing."""
    if not overrides.is_drawing:
        return text
    if text.strip():
        overrides.report("drawing", f"a drawing is left out: {text.strip()[:60]}")
    return ""
