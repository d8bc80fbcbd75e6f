"""SAMI (.smi), read only: ``<SYNC Start=1000><P Class=ENCC>text``. It is HTML of the nineties, not XML, and is scanned.

A cue lasts until the next one of its class, which is often an empty one (``&nbsp;``). Of several languages in one file
the one asked for is read, else the first.
"""

from __future__ import annotations

import html
import re

from polyreel.errors import SubtitleError
from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.formats.base import Notes, ReadingOptions, excerpt, line_of, normalise_line_ends
from polyreel.subtitles.formats.srt_markup import colour_class
from polyreel.subtitles.model import Cue, Reading, Track

_SYNC = re.compile(r"<sync\s{1,9}start\s{0,9}=\s{0,9}[\"']?(-?\d{1,12})[^<>]{0,200}>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p(?:\s[^<>]{0,400})?>", re.IGNORECASE)
_CLASS = re.compile(r"class\s{0,9}=\s{0,9}[\"']?([\w-]{1,60})", re.IGNORECASE)
_RULE = re.compile(r"\.([\w-]{1,60})\s{0,99}\{([^{}]{0,2000})\}")
_LOOKS = re.compile(r"\b(?:color|font|text-align|background|margin)", re.IGNORECASE)
_ASKED = re.compile(r"\b(?:style|align)\s{0,9}=", re.IGNORECASE)
_LANG = re.compile(r"lang\s{0,9}:\s{0,9}([\w-]{1,35})", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-z!][a-z0-9!-]{0,20})((?:\s[^<>]{0,400})?)/?>", re.IGNORECASE)
_COLOUR = re.compile(r"color\s{0,9}=\s{0,9}[\"']?(#?[0-9A-Za-z]{1,30})", re.IGNORECASE)
_KEPT = {"i": "i", "b": "b", "u": "u", "em": "i", "strong": "b"}
# The last cue has none after it that would end it.
_OPEN_MS = 4000
# Nobody nests more; each end is looked for among all that are open.
_DEEPEST = 50


def read(text: str, options: ReadingOptions) -> Reading:
    """A SAMI file. Raises SubtitleError (``invalid_subtitles``) where nothing in it has a time."""
    text = normalise_line_ends(text)
    notes = Notes()
    syncs = list(_SYNC.finditer(text))
    if not syncs:
        raise SubtitleError("no <SYNC Start=...> in it", line=1, where="line 1", remedy="Give a SAMI file.")
    chosen = _choose_class(text, options.locale, notes)
    sheet = text[: syncs[0].start()]
    if any(_LOOKS.search(rule) for rule in re.findall(r"\{([^{}]{0,2000})\}", sheet)):
        notes.note_loss("styles", 1, "what the style sheet says of fonts, colours and places can't be carried")
    cues: list[Cue] = []
    line, counted = 1, 0
    for at, sync in enumerate(syncs):
        line += text.count("\n", counted, sync.start())
        counted = sync.start()
        until = syncs[at + 1].start() if at + 1 < len(syncs) else len(text)
        shown = _text_shown(text[sync.end() : until], chosen, line, notes)
        if shown is None:
            continue
        start = max(int(sync[1]), 0)
        if cues and cues[-1].end_ms < 0:
            cues[-1] = _end_cue(cues[-1], start, notes)
        if shown:
            cues.append(Cue(start, -1, shown, line=line))
    if cues and cues[-1].end_ms < 0:
        cues[-1] = _end_cue(cues[-1], cues[-1].start_ms + _OPEN_MS, notes)
    kept = tuple(cue for cue in cues if cue.end_ms > cue.start_ms)
    return Reading(Track(cues=kept), notes.by_line(), format="sami")


def _end_cue(cue: Cue, end: int, notes: Notes) -> Cue:
    if end <= cue.start_ms:
        notes.note_dropped_words("no_duration", cue.line, f"text that is shown for no time: {excerpt(cue.text)}")
    return Cue(cue.start_ms, max(end, cue.start_ms), cue.text, line=cue.line)


def _choose_class(text: str, locale: str | None, notes: Notes) -> str | None:
    """The class whose language is asked for; None where all text is of one."""
    body = text.lower().find("<body")
    rules = {
        name.lower(): found[1].lower()
        for name, rule in _RULE.findall(text[: max(body, 0)])
        if (found := _LANG.search(rule))
    }
    used = list(dict.fromkeys(found[1].lower() for tag in _PARAGRAPH.findall(text) if (found := _CLASS.search(tag))))
    spoken = [name for name in used if name in rules]
    if len(spoken) < 2:
        return None
    wanted = (locale or "").split("-")[0].lower()
    chosen = next((name for name in spoken if rules[name].split("-")[0] == wanted), spoken[0])
    others = ", ".join(rules[name] for name in spoken if name != chosen)
    notes.note_reading("languages", line_of("<", text), f"read in {rules[chosen]}; also in the file: {others}")
    return chosen


def _text_shown(body: str, chosen: str | None, line: int, notes: Notes) -> str | None:
    """What a time shows; "" where it ends what was shown, None where it is of another class."""
    paragraphs = _PARAGRAPH.split(body)
    tags = ["", *_PARAGRAPH.findall(body)]
    found = []
    for tag, inner in zip(tags, paragraphs, strict=True):
        name = _CLASS.search(tag)
        is_other = chosen is not None and name is not None and name[1].lower() != chosen
        if not is_other and _ASKED.search(tag):
            notes.note_loss("styles", line, f"{excerpt(tag)} can't be carried")
        if not is_other and (tag or inner.strip()):
            found.append(_read_text(inner, line, notes))
    return None if not found else "\n".join(filter(None, found))


def _read_text(inner: str, line: int, notes: Notes) -> str:
    pieces: list[str] = []
    ends: list[str] = []
    at = 0
    for tag in _TAG.finditer(inner):
        pieces.append(_read_words(inner[at : tag.start()]))
        pieces.append(_translate_tag(tag, ends, line, notes))
        at = tag.end()
    pieces.append(_read_words(inner[at:]))
    lines = "".join([*pieces, *reversed(ends)]).split("\n")
    kept = [" ".join(each.split()) for each in lines]
    text = "\n".join(each for each in kept if each)
    return text if _TAG.sub("", text).strip("\xa0 \n") else ""


def _read_words(raw: str) -> str:
    return escape_text(html.unescape(raw.replace("\n", " "))).replace("\xa0", " ")


def _translate_tag(tag: re.Match[str], ends: list[str], line: int, notes: Notes) -> str:
    name = tag[2].lower()
    if name == "br":
        return "\n"
    if name in _KEPT or name == "font":
        return _translate_inline(tag, name, ends, line, notes)
    if not tag[1] and (name not in {"span", "body", "sami", "sync", "p", "div"} or _ASKED.search(tag[3])):
        notes.note_loss("html", line, f"{excerpt(tag[0])} can't be carried")
    return ""


def _translate_inline(tag: re.Match[str], name: str, ends: list[str], line: int, notes: Notes) -> str:
    end = f"</{_KEPT[name]}>" if name in _KEPT else "</c>"
    if tag[1]:
        if end not in ends:
            return ""
        closed = ends[len(ends) - 1 - ends[::-1].index(end) :]
        del ends[len(ends) - len(closed) :]
        return "".join(reversed(closed))
    colour = _COLOUR.search(tag[3])
    if name == "font" and not colour:
        notes.note_loss("font", line, f"{excerpt(tag[0])} can't be carried")
        return ""
    if len(ends) == _DEEPEST:
        return ""
    ends.append(end)
    return f"<{_KEPT[name]}>" if name in _KEPT else f"<c.{colour_class(colour[1])}>" if colour else ""
