"""Who speaks a cue: WebVTT's voice spans, and names in front of the words where that is asked for."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from polyreel.subtitles.cuetext import Token, escape_text, tokens
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.sounds import ASIDES, SOUND_WORDS
from polyreel.subtitles.spoken import opens_turn

_WORD = r"(?:[\w.'’\-#/&+]|&amp;)+"
# "Ana:", "ANA MARÍA:", "Dr. O'Neil:", "MAN #2:", "ANA & LUIS:": at most four words (seven, in capitals), the first a
# capital letter (or one of a script without case). "MAN (shouting):" and "MAN, shouting:" are the man's. A dash or ">>"
# may stand before, italics, a colour or stars around.
_ENTITY = "(?:>|&(?:amp;)?gt;)"
_TAGS = r"<(?:[ibu]|c[.\w-]{0,60})>"
_ENDS = "</[ibuc]>"
_LABEL = re.compile(
    rf"\s*+(?P<mark>(?:{_ENTITY}{{2,3}}|[-–—»►])?)\s*+(?P<tags>(?:{_TAGS}\s*+)*+)(?:{_ENTITY}{{2,3}}\s*|[-–—]\s*)?"
    rf"(?P<first>(?:[(（\[][^()（）\[\]\n:：]{{1,40}}[)）\]]\s)?)"
    rf"(?P<stars>\*{{0,3}})"
    rf"(?P<name>(?:[1-9](?:st|nd|rd|th|[ºª])? (?=[A-ZÀ-Þ]))?[^\W\d_]{_WORD[:-1]}*(?: {_WORD}){{0,6}})"
    rf"(?P<how>(?:\s*+[(（\[][^()（）\[\]]{{1,40}}[)）\]]){{1,3}}|, [^\W\d_][^:：,.!?<>\n]{{2,30}})?"
    rf"\s*+(?P<inside>(?:{_ENDS})*+)"
    rf"\**\s*+[:：](?P<behind>(?:{_ENDS})*)\**"
    r"(?=\s|\Z|[^\x00-\x7f]|(?P<glued>[A-Za-z\"']))\s*"
)
# "[Ana]: Hello", "(ANA): Hello", "[SPEAKER_00] Hello": with its colon, or as programs number those whom they hear.
_BRACKETED = re.compile(
    rf"\s*+(?:(?:{_ENTITY}{{2,3}}|[-–—»►])\s*+)?(?P<tags>(?:{_TAGS}\s*+)*+)"
    rf"[\[(（【](?P<name>[^\W\d_][^\[\]()（）【】<>\n]{{0,60}})[\])）】]"
    rf"(?P<behind>(?:{_ENDS})*)(?P<colon>\s*+[:：])?\s*"
)
_NUMBERED = re.compile(r"(?:speaker|spk|sprecher|locutor|hablante|orateur)[ _-]?\d{1,3}", re.IGNORECASE)
# "ANA - Hello", "ANA | Hello": names in capitals alone; a dash stands in other sentences as well ("OK - let's go").
_SEPARATED = re.compile(
    rf"\s*+(?:[-–—]\s+)?(?P<name>[^\W\d_]{_WORD}(?: {_WORD}){{0,2}})(?: +(?P<sign>[-–—]|{_ENTITY}|\|) +)(?=\S)"
)
_SAID = "ok okay no yes oh ah hey well so now stop wait sí si oui non ja nein sim não tv"
_NEVER_CALLED = frozenset(_SAID.split())
# "[IN SPANISH] Hola", "[OFF SCREEN] Come": how, and where, it is said.
_HOW = "in on off over from with spanish english french german italian chinese japanese"
_DIRECTIONS = frozenset(_HOW.split())
_SOUNDS_LIKE_VERB = re.compile(r"(?:\w{2}(?:ING|ED)|[^\W\dAEIOUS_]S|[SCX]HES)$")
_ORDINAL = re.compile(r"^[1-9](?:st|nd|rd|th) ")
# Names and roles have no more ("Second Old Man"); longer ones are sentences with a colon in them.
_MOST_WORDS = 4
_SHORTEST_GLUED = 3
_LONGEST_LABEL = 140
# What scripts write in capitals before a colon without anybody being called so.
_HEADINGS = """
note notes warning caution attention important tip hint ps p.s nb n.b q a faq example step part chapter summary todo
nota aviso atención advertencia importante consejo ejemplo paso capítulo remarque avertissement exemple étape chapitre
hinweis achtung warnung wichtig tipp beispiel schritt kapitel avviso attenzione esempio passo capitolo atenção exemplo
"""
_NO_NAMES = frozenset(_HEADINGS.split())


@dataclass(frozen=True, slots=True)
class Label:
    """A name before the words of a line, and the line without it.

    ``is_marked`` says that more than a colon speaks for a name: ``>>`` before it, how it is said behind it, or italics
    around it alone. ``needs_others`` says that it is a name only among others: ``[ANA] Hello``, ``ANA - Hello``.
    """

    name: str
    rest: str
    is_marked: bool
    needs_others: bool = False
    is_bracketed: bool = False

    @property
    def may_be_sound(self) -> bool:
        """Whether it ends as verbs of English descriptions do (``[CREAKS]``, ``[DOOR OPENING]``)."""
        return _SOUNDS_LIKE_VERB.search(self.name) is not None

    @property
    def is_capital(self) -> bool:
        """Whether it is in capitals before words that are not, as captions write names."""
        words = self.rest.upper() != self.rest or not any(map(str.isalpha, self.rest))
        capitals = _ORDINAL.sub("", self.name).isupper()  # "1st MAN"
        return capitals and words and self.name.casefold().rstrip(".") not in _NO_NAMES


def take_voice_out(text: str) -> tuple[str | None, str]:
    """A voice that spans the whole cue (``<v Ana>...``), and the text without it; else None and the text as it is."""
    if not text.startswith("<v"):
        return None, text
    parts = list(tokens(text))
    marks = [token for token in parts if token.value == "v" and token.kind != "text"]
    first = parts[0]
    whole = first.value == "v" and bool(first.annotation) and (len(marks) == 1 or _is_closed_at_end(parts, marks))
    if not whole:
        return None, text
    end = len(text) - len(marks[1].raw) if len(marks) == 2 else len(text)
    return first.annotation, _with_classes(text[len(first.raw) : end], first.classes)


def _is_closed_at_end(parts: list[Token], marks: list[Token]) -> bool:
    return len(marks) == 2 and marks[1].kind == "end" and parts[-1] is marks[1] and parts[-1].raw.endswith(">")


def _with_classes(text: str, classes: tuple[str, ...]) -> str:
    return f"<c.{'.'.join(classes)}>{text}</c>" if classes else text


def put_voice_back(cue: Cue) -> str:
    """A cue's text with its speaker as a WebVTT voice span."""
    if not cue.speaker:
        return cue.text
    name = escape_text(" ".join(cue.speaker.split())).replace(">", "&gt;")
    return f"<v {name}>{cue.text}</v>"


def read_label(line: str) -> Label | None:
    """The name that a line of cue text begins with, if it does."""
    found = _LABEL.match(line[:_LONGEST_LABEL])
    if found is None or not _is_name(found["name"], found["how"] or ""):
        return _read_bracketed(line) or _read_separated(line)
    if found["glued"] and not (found["name"].isupper() and len(found["name"]) >= _SHORTEST_GLUED):
        return None  # "ANA:Come" is a label, "re:view" and "A:b" are not
    opened = re.findall(_TAGS, found["tags"])
    closed = re.findall(_ENDS, found["inside"] + found["behind"])
    tags = "".join(opened[: max(len(opened) - len(closed), 0)])
    around = found["how"] or found["stars"] or (opened and closed)
    is_marked = found["mark"].startswith((">", "&")) or bool(around)
    return Label(html.unescape(found["name"]), tags + found["first"] + line[found.end() :], is_marked)


def _is_name(name: str, how: str) -> bool:
    if name[0].islower() or (how.startswith(",") and not name.isupper()):
        return False
    return name.isupper() or len(name.split()) <= _MOST_WORDS


def _read_bracketed(line: str) -> Label | None:
    found = _BRACKETED.match(line[:_LONGEST_LABEL])
    if found is None or len(found["name"].split()) > _MOST_WORDS:
        return None
    name = found["name"].rstrip(" \xa0:：")  # "[ANA:] Come", too
    has_colon = found["colon"] or name != found["name"].rstrip()
    is_known = _NUMBERED.fullmatch(name) or (has_colon and not name[0].islower())
    opened, closed = re.findall(_TAGS, found["tags"]), re.findall(_ENDS, found["behind"])
    tags = "".join(opened[: max(len(opened) - len(closed), 0)])
    rest = tags + line[found.end() :]
    if is_known:
        return Label(html.unescape(name), rest, is_marked=True)
    label = Label(html.unescape(name), rest, is_marked=False, needs_others=True, is_bracketed=True)
    return label if "[" in found[0] and _is_called(label) else None


def _read_separated(line: str) -> Label | None:
    found = _SEPARATED.match(line[:_LONGEST_LABEL])
    if found is None:
        return None
    is_marked = found["sign"] not in "-–—"
    label = Label(html.unescape(found["name"]), line[found.end() :], is_marked, needs_others=not is_marked)
    return label if _is_called(label) else None


def _is_called(label: Label) -> bool:
    """Whether somebody may be called so: in capitals, before words that are not, and of no sound."""
    words = [word.casefold().strip(".,!?#'’") for word in label.name.split()]
    is_sound = any(word in SOUND_WORDS or word in _NEVER_CALLED for word in words) or words[0] in ASIDES | _DIRECTIONS
    has_words = label.is_bracketed or any(map(str.isalpha, label.rest))  # "[ANA]" stands over the words, too
    return label.is_capital and len(label.name) > 1 and has_words and not is_sound


def find_labels(track: Track) -> tuple[tuple[Label, ...], ...]:
    """For each cue, the labels of its lines. Cues that have a speaker have none."""
    return tuple(
        () if cue.speaker else tuple(label for line in cue.text.split("\n") if (label := read_label(line)))
        for cue in track.cues
    )


def speakers_from_prefixes(track: Track, is_name: Callable[[str], bool] | None = None) -> Track:
    """The same track with ``Ana: Hello`` read as Ana saying *Hello*. Only where it is asked for: a colon is no proof.

    A name is at most four words and begins with a capital letter, or with a letter of a script that has no capitals;
    ``is_name`` may refuse some, and decides on those that need others to be names. A cue whose lines name several
    speakers gets voice spans, and lines that a dash or ``>>`` gives to somebody else are nobody's; a cue that has a
    speaker already stays as it is.
    """
    return replace(track, cues=tuple(cue if cue.speaker else _name_cue(cue, is_name) for cue in track.cues))


def _name_cue(cue: Cue, is_name: Callable[[str], bool] | None) -> Cue:
    groups: list[tuple[str | None, list[str]]] = []
    for line in cue.text.split("\n"):
        label = read_label(line)
        name = label.name if label and (is_name(label.name) if is_name else not label.needs_others) else None
        if label and name:
            groups.append((name, [label.rest] if label.rest else []))
        elif not groups or (groups[-1][0] and opens_turn(line)):
            groups.append((None, [line]))
        else:
            groups[-1][1].append(line)
    if not any(name for name, _ in groups):
        return cue
    if len(groups) == 1:
        return replace(cue, speaker=groups[0][0], text="\n".join(groups[0][1]))
    return replace(cue, text="\n".join(_with_voice_tag(name, lines) for name, lines in groups if lines))


def _with_voice_tag(name: str | None, lines: list[str]) -> str:
    text = "\n".join(lines)
    return f"<v {escape_text(name).replace('>', '&gt;')}>{text}</v>" if name else text
