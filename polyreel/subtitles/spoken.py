"""The words of a cue that a voice is to say, judged line by line and span by span.

Not said: ``[...]`` (and its full-width kin) and literal ``<...>``, which describe sounds; ``(...)`` and ``*...*``
where they do (see `_is_round_sound`, `_is_starred_sound`); and, in a dub, what is sung between music signs or
``# ... #``. What is left out is never only dropped: `part_speech` gives it back, to be quoted. Signs that are no words
(dashes that open a line, ``>>``, music signs) just go.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import NamedTuple

from polyreel.subtitles.cuetext import spans
from polyreel.subtitles.model import Cue
from polyreel.subtitles.sounds import ASIDES, SOUND_WORDS, SOUNDS_MADE

_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_SQUARE = re.compile(r"\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|［[^［］]*］|</?[^\W\d_][^<>\n]{0,200}>")
_ROUND = re.compile(r"\([^()]*\)[ \t]*[:：]?|（[^（）]*）[ \t]*[:：]?")
_STARRED = re.compile(r"(?<!\*)\*{1,3}([^*\n]{1,120})\*{1,3}")
# Signs that stand for something else as well: what is between them is a sound only where its first word is one.
_BETWEEN = re.compile(
    r"(?<![^\s\"“(])(?:_([^_\n]{1,60})_|-([^-\s][^-\n]{0,60})-|~([^~\n]{1,60})~|\{([^{}\n]{1,60})\})(?!\w)"
)
# "¶" is what teletext and bad fonts make of a music sign.
_NOTE = "♩♪♫♬♭♮♯🎵🎶¶"
_MUSIC = re.compile(rf"[{_NOTE}]+|^[ \t]*#+(?=[ \t])|(?<=[ \t])#+[ \t]*$", re.MULTILINE)
# From one sign to the next, on one line; from a sign to the line's end; or the line before a sign at its end.
_SUNG = re.compile(rf"[{_NOTE}]+[^{_NOTE}\n]*(?:[{_NOTE}]+|$)|(?m:^[^{_NOTE}\n]*[{_NOTE}]+[ \t.!]*$)", re.MULTILINE)
_SUNG_BETWEEN = re.compile(
    r"(?m)^[ \t]*(?:[-–—][ \t]*)?(?:#[ \t]+\S[^#\n]*[ \t]#|#[^\s#\d][^#\n]*[ \t][^#\n]*[^\s#]#)[ \t]*$"
)
_GROUPS = re.compile(r"\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|(?<!\*)\*[^*]*\*")
_OPEN_SONG = re.compile(rf"^[ \t]*(?:[-–—][ \t]*)?[{_NOTE}]+[^{_NOTE}\n]*$")
_TURN = re.compile(r"^[ \t]*(?:>{2,3}|[-–—‐−]+(?![-–—‐−\d]))[ \t]*")
_LEADING_DASH = re.compile(r"^[ \t]*(?:>{1,3}[ \t]*)?(?:[-–—‐−]+(?![-–—‐−\d])[ \t]*)?", re.MULTILINE)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"[ \t\xa0\u3000]+")
# Scripts that put no space between words: kana, Han, Thai, Lao, Khmer, Myanmar, and their punctuation.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65"
_BREAK = re.compile(rf"(?<=[{_SPACELESS}])\n+(?=[{_SPACELESS}])")
_NEAR = 200
_MOST_SOUND_WORDS = 3
_ENDS_SENTENCE = tuple('.!?…:。！？：؟।"”»')
_SENTENCE = re.compile(r"[.!?…。！？][\"'”’»]?$")
_LETTERS = re.compile(r"[^\W\d_]+")
# A sum or a number of three figures or more; one or two alone are a footnote's.
_SUM = re.compile(r"[\d\s.,]*\d[\s]*[-+−*/=×÷^%$€£][-+−*/=×÷^%$€£\d\s.,()]*|[-+−$€£]\s?\d[\d.,]*|\d{3,}")
_LONGEST_INDEX = 3
_OFF_SCREEN = re.compile(r"(?:V\.\s?O|O\.\s?S|O\.\s?C|P\.\s?O\.\s?V)\.?", re.IGNORECASE)
_ROMAN = re.compile(r"[ivxlcIVXLC]{1,5}")


# Whether what a pattern found in a text is no speech.
_Judge = Callable[[re.Match[str], str], bool]


class Parted(NamedTuple):
    """A text's words to speak, on its lines, and what was left out of it, as it stood."""

    said: str
    left_out: tuple[str, ...]


def part_speech(text: str) -> Parted:
    """Part a plain text (as it is shown) into what is said and what is not, songs included among the latter."""
    text, sounds = _part_sounds(_without_signs(text))
    text, songs = _part_songs(text)
    return Parted(text, tuple(filter(_has_word, (*sounds, *songs))))


def split_turns(text: str) -> tuple[str, ...]:
    """The turns of a text of several speakers: a line that opens with a dash or ``>>`` begins one."""
    turns: list[list[str]] = []
    for line in text.split("\n"):
        if turns and not _TURN.match(line):
            turns[-1].append(line)
        else:
            turns.append([line])
    return tuple(_LEADING_DASH.sub("", "\n".join(turn)) for turn in turns)


def opens_turn(text: str) -> bool:
    """Whether a text opens with a dash or ``>>``: somebody else speaks, whoever it is."""
    return _TURN.match(text.lstrip()) is not None


def extract_spoken_text(cue: Cue) -> str:
    """The words to speak, on one line, with what is sung; ``""`` where a cue only describes sounds."""
    is_marked = "<" in cue.text or "&" in cue.text
    shown = "".join(span.text for span in spans(cue.text) if not span.is_gloss) if is_marked else cue.text
    text, _ = _part_sounds(_without_signs(shown))
    text = _LEADING_DASH.sub("", _MUSIC.sub("", text))
    lines = "\n".join(line.strip() for line in _SPACES.sub(" ", text).split("\n") if line.strip())
    said = _BREAK.sub("", lines).replace("\n", " ")
    return said if _has_word(said) else ""


def _without_signs(text: str) -> str:
    # Once more: SubRip files often hold entities, which SubRip doesn't have, and nobody says "amp".
    text = html.unescape(text) if "&" in text else text
    return _INVISIBLE.sub("", _OVERRIDE.sub("", text))


def _part_sounds(text: str) -> tuple[str, list[str]]:
    """Descriptions of sounds and directions, taken out of a text."""
    left_out: list[str] = []
    text = _take_out(_SQUARE, text, left_out, _is_square_sound)
    text = _take_out(_ROUND, text, left_out, _is_round_sound)
    text = _take_out(_BETWEEN, text, left_out, lambda found, _text: _begins_with_sound(found[found.lastindex or 0]))
    return _take_out(_STARRED, text, left_out, _is_starred_sound), left_out


def _take_out(pattern: re.Pattern[str], text: str, left_out: list[str], is_sound: _Judge) -> str:
    def replace(found: re.Match[str]) -> str:
        if not is_sound(found, text):
            return found[0]
        left_out.append(found[0].strip(" \t:："))
        # Between two letters it parted words, and what goes must not join them.
        return (
            " "
            if text[found.start() - 1 : found.start()].isalnum() and text[found.end() : found.end() + 1].isalnum()
            else ""
        )

    return pattern.sub(replace, text)


def _begins_with_sound(text: str) -> bool:
    words = _LETTERS.findall(text)
    return bool(words) and words[0].casefold() in SOUND_WORDS


def _is_square_sound(found: re.Match[str], text: str) -> bool:
    """Whether ``[...]`` describes a sound: all do but figures that are said (``[2 + 3]``, ``[555]``, ``a[0]``)."""
    if found[0][0] == "<":
        return True
    inner = found[0][1:-1].strip()
    is_index = len(inner) < _LONGEST_INDEX and inner.isalnum() and text[found.start() - 1 : found.start()].isalpha()
    return not (_SUM.fullmatch(inner) or is_index)


def _is_round_sound(found: re.Match[str], text: str) -> bool:
    """Whether ``(...)`` describes a sound: as a line opens, or behind a sentence; ``（...）`` as a line ends, too.

    Words are: what is a sentence itself, with its full stop; numbers, single letters and sums (``(555)``, ``(c)``,
    ``(2 + 3)``); and asides, which begin with a conjunction or a pronoun (``(At least for now)``).
    """
    inner = found[0].rstrip(" \t:：")[1:-1].strip()
    letters = _LETTERS.findall(inner)
    if len(letters) <= _MOST_SOUND_WORDS and letters and letters[0].casefold() in SOUNDS_MADE:
        return True
    if _OFF_SCREEN.fullmatch(inner):
        return True
    if text[found.end() : found.end() + 1].islower() and found[0][-1] in ")）":
        return False  # "(un)happy"
    if _SENTENCE.search(inner) or (inner and all(map(_is_figure, letters))):
        return False
    if letters and letters[0].casefold() in ASIDES and len(letters) > 1:
        return False
    before, after = _split_around(found, text)
    if not before or before.endswith(_ENDS_SENTENCE):
        return True
    return found[0][0] == "（" and not after and len(inner) <= 10


def _is_figure(letters: str) -> bool:
    """A letter of an alphabet, or a Roman number. One sign of a script without case is a word."""
    is_letter = len(letters) == 1 and letters.lower() != letters.upper()
    return is_letter or _ROMAN.fullmatch(letters) is not None or letters.casefold() == "tm"


def _is_starred_sound(found: re.Match[str], text: str) -> bool:
    """Whether ``*...*`` describes a sound: *sighs*, or a clause on its own. Else somebody stresses a word."""
    inner = found[1].strip()
    words = _LETTERS.findall(inner)
    if words and len(words) <= _MOST_SOUND_WORDS and words[0].casefold() in SOUNDS_MADE:
        return True
    if not words or _SENTENCE.search(inner):
        return False
    if words[0].casefold() in SOUND_WORDS:
        return True
    before, after = _split_around(found, text)
    is_first = not before or before.endswith(_ENDS_SENTENCE)
    next_letter = next((sign for sign in after if sign.isalnum()), "")
    is_last = not after or (after[0] not in ",;.!?" and not next_letter.islower())
    return is_first and is_last


def _split_around(found: re.Match[str], text: str) -> tuple[str, str]:
    """What stands on the line before and behind a match, without dashes and space.

    Only so much of it as is looked at: a line of a megabyte may hold ten thousand matches.
    """
    near_start, near_end = max(found.start() - _NEAR, 0), found.end() + _NEAR
    start = max(text.rfind("\n", near_start, found.start()) + 1, near_start)
    end = text.find("\n", found.end(), near_end)
    before = _GROUPS.sub("", text[start : found.start()]).lstrip("-–—‐−> \t").rstrip()
    return before, text[found.end() : end if end >= 0 else near_end].strip()


def _part_songs(text: str) -> tuple[str, list[str]]:
    """What is sung, taken out of a text line by line; a song that is open at a line's end ends with the next sign."""
    left_out: list[str] = []
    if any(sign in text for sign in _NOTE):
        text = "\n".join(_join_songs(text.split("\n")))
        text = _SUNG.sub(lambda found: _leave_song_out(found, left_out), text)
    return _SUNG_BETWEEN.sub(lambda found: _leave_song_out(found, left_out), text), left_out


def _join_songs(lines: list[str]) -> list[str]:
    """Lines of one song, from a sign that opens it to a sign that ends a later line, as one line."""
    joined: list[str] = []
    at = 0
    while at < len(lines):
        last = _song_end(lines, at) if _OPEN_SONG.match(lines[at]) else at
        joined.append(" ".join(lines[at : last + 1]))
        at = last + 1
    return joined


def _song_end(lines: list[str], at: int) -> int:
    for last in range(at + 1, len(lines)):
        if lines[last].lstrip(" \t-–—")[:1] in _NOTE:
            break  # a song's next line, opened anew
        if lines[last].rstrip()[-1:] in _NOTE and lines[last].strip():
            return last
    return at


def _leave_song_out(found: re.Match[str], left_out: list[str]) -> str:
    left_out.append(found[0].strip())
    return " " if found[0][-1:] in _NOTE else ""


def _has_word(text: str) -> bool:
    return any(char.isalnum() for char in text)
