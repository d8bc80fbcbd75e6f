"""The words of a cue that a voice is to say.

The rule, which takes no argument: markup, ruby glosses and ``{\\...}`` overrides go, entities become their characters.
``[...]`` (and ``【...】``, ``〔...〕``) describe sounds or name speakers, and go. ``(...)`` goes where it
opens a line or follows the end of a sentence or a colon, as sound descriptions do; inside a sentence it is words, and
stays; so does what is a sentence itself, with its full stop. ``（...）`` goes at a line's end, too. Music signs go, the
words that are sung stay. A dash that opens a line goes. Lines are joined by a space, except between characters of
scripts that have none. What holds no letter and no digit is nothing to say.
"""

from __future__ import annotations

import html
import re

from polyreel.subtitles.cuetext import spans
from polyreel.subtitles.model import Cue

_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_DESCRIPTION = re.compile(r"\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|［[^［］]*］")
_DASH = r"(?:[-–—‐−]+[ \t]*)?"
_ROUND = r"(?:\((?![^()]*[.!?…]\))[^()]*\)|（(?![^（）]*[。！？…]）)[^（）]*）)"
_OPENING = re.compile(rf"^([ \t]*{_DASH}){_ROUND}[ \t]*[:：]?", re.MULTILINE)
_AFTER_SENTENCE = re.compile(
    rf"(?<=[.!?…:。！？：؟।\"”»])[ \t]*{_ROUND}|（[^（）。！？…]{{1,10}}）[ \t]*$", re.MULTILINE
)
_MUSIC = re.compile(r"[♩♪♫♬♭♮♯🎵🎶]+|^[ \t]*#+(?=[ \t])|(?<=[ \t])#+[ \t]*$", re.MULTILINE)
_LEADING_DASH = re.compile(rf"^[ \t]*{_DASH}", re.MULTILINE)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"[ \t\xa0\u3000]+")
# Scripts that put no space between words: kana, Han, Thai, Lao, Khmer, Myanmar, and their punctuation.
_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff65"
_BREAK = re.compile(rf"(?<=[{_SPACELESS}])\n+(?=[{_SPACELESS}])")


def spoken_text(cue: Cue) -> str:
    """The words to speak, on one line; ``""`` where a cue only describes sounds."""
    shown = "".join(span.text for span in spans(cue.text) if not span.is_gloss) if _is_marked(cue.text) else cue.text
    return spoken(shown)


def spoken(shown: str) -> str:
    """The words to speak of plain text as it is shown (see the module for the rule)."""
    # Once more: SubRip files often hold entities, which SubRip doesn't have, and nobody says "amp".
    text = html.unescape(shown) if "&" in shown else shown
    text = without_sounds(_OVERRIDE.sub("", text))
    text = _LEADING_DASH.sub("", _MUSIC.sub("", _INVISIBLE.sub("", text)))
    lines = "\n".join(line.strip() for line in _SPACES.sub(" ", text).split("\n") if line.strip())
    said = _BREAK.sub("", lines).replace("\n", " ")
    return said if any(char.isalnum() for char in said) else ""


def without_sounds(text: str) -> str:
    """Plain text without what describes sounds or names speakers; its lines stay."""
    return _AFTER_SENTENCE.sub("", _OPENING.sub(r"\1", _DESCRIPTION.sub("", text)))


def sounds_in(text: str) -> tuple[str, ...]:
    """What `without_sounds` leaves out, as it stands."""
    squared = _DESCRIPTION.findall(text)
    rest = _DESCRIPTION.sub("", text)
    opening = [found[0] for found in _OPENING.finditer(rest)]
    following = [found[0] for found in _AFTER_SENTENCE.finditer(_OPENING.sub(r"\1", rest))]
    return tuple(sound.strip(" \t-–—‐−:：") for sound in (*squared, *opening, *following))


def _is_marked(text: str) -> bool:
    return "<" in text or "&" in text
