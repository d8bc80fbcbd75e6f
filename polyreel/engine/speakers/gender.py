"""Whether a speaker is a woman or a man, as far as a script says: by its tags' classes, and by names that are roles.

``<v.female Ana>`` is WebVTT's own way to say so; ``MAN:``, ``Woman 2:`` and ``Señora:`` say it in words. A first name
is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from polyreel.engine.voice.port import Gender
from polyreel.subtitles.cuetext import tokens
from polyreel.subtitles.model import Cue, Track

_WOMEN = (
    "female woman women girl lady mother mrs ms miss madam mujer chica niña señora sra dama femme fille madame mme "
    "frau mädchen dame donna ragazza bambina signora mulher menina senhora moça vrouw meisje kvinna kobieta "
    "женщина девушка 女 女性 女人 女孩 महिला औरत लड़की امرأة فتاة"
)
_MEN = (
    "male man men boy gentleman father mr sir hombre chico niño señor sr caballero homme garçon monsieur "
    "herr mann junge uomo ragazzo bambino signore homem menino senhor moço meneer jongen mężczyzna "
    "мужчина парень 男 男性 男人 男孩 पुरुष आदमी लड़का رجل فتى"
)
_ROLES: dict[str, Gender] = {**dict.fromkeys(_WOMEN.split(), "female"), **dict.fromkeys(_MEN.split(), "male")}
# A combining vowel sign of Devanagari is no word character to ``\w``: words end at spaces and marks.
_BREAK = re.compile(r"[\s\d.,:;#()\[\]/_-]+")


def genders_in(tracks: Iterable[Track]) -> dict[str, Gender]:
    """The gender of each speaker of whom the scripts say it; who is called both ways is left out."""
    found: dict[str, set[Gender]] = {}
    for track in tracks:
        for cue in track.cues:
            for name, gender in _find_stated_genders(cue):
                found.setdefault(name, set()).add(gender)
    return {name: next(iter(said)) for name, said in found.items() if len(said) == 1}


def gender_of(words: Iterable[str]) -> Gender | None:
    """The gender that some words say, where they agree."""
    said = {_ROLES[word.casefold()] for word in words if word.casefold() in _ROLES}
    return said.pop() if len(said) == 1 else None


def _find_stated_genders(cue: Cue) -> Iterator[tuple[str, Gender]]:
    voice = cue.speaker or ""
    for token in tokens(cue.text):
        if token.kind == "start" and token.value == "v":
            voice = token.annotation
        # A voice that spans its cue has left its classes on a class span.
        if token.kind == "start" and voice and (gender := gender_of(token.classes)):
            yield voice, gender
    for name in {cue.speaker or "", *_tag_classes(cue)} - {""}:
        if gender := gender_of(_BREAK.split(name)):
            yield name, gender


def _tag_classes(cue: Cue) -> Iterator[str]:
    return (token.annotation for token in tokens(cue.text) if token.kind == "start" and token.value == "v")
