"""German ones in their case: ``Wir haben 1 Tisch`` is *einen Tisch*, ``mit 1 Klick`` *mit einem Klick*.

The gender is the noun's (``counted_nouns.tsv``; of a compound, its last part's), the case that of the preposition in
front, else that which the verb before it asks for. A figure whose noun is not known stays: it numbers more than counts.
"""

from __future__ import annotations

import re
from typing import Literal

from polyreel.engine.voice.text.counted import Gender, find_gender
from polyreel.engine.voice.text.labels import is_named_by


def _split_words(words: str) -> frozenset[str]:
    return frozenset(words.split())


Case = Literal["nominative", "accusative", "dative"]

_NO_ADJECTIVES = "der oder aber über unter hinter außer wieder immer alle diese jede keine eine seine ihre meine deine"
_ONE = re.compile(
    r"(?<![\w.,:/'’+-])(?<![\w.,]\s[-–+]\s)1 (?=(?:(?!(?:"
    + _NO_ADJECTIVES.replace(" ", "|")
    + r")\b)[a-zäöüß]{2,}(er|es|en|em|e) )?([A-ZÄÖÜ][a-zäöüß]+)(?![\w-]))"
)
_UNIT = re.compile(r"(?<![\w.,:/'’+-])1 ?(€|km|m|cm|mm|l|Std\.)(?![\w²³/])")
_UNITS = {"€": "Euro", "km": "Kilometer", "m": "Meter", "cm": "Zentimeter", "mm": "Millimeter", "l": "Liter"}
_UNITS |= {"Std.": "Stunde"}
_DATIVE = _split_words("mit von zu bei nach aus seit ab binnen außer gegenüber samt nebst in an vor neben zwischen")
_ACCUSATIVE = _split_words("für um ohne durch gegen bis auf über pro je")
# Verbs that have no object; a subject may follow them.
_INTRANSITIVE = _split_words(
    "ist sind war waren wäre wären bin bist wird werden wurde wurden blieb bleibt bleiben blieben fehlt "
    "fehlen fehlte kommt kommen kam kamen steht stehen stand standen liegt liegen lag lagen sitzt saß "
    "hängt hing gehört gehörte reicht reichte genügt genügte folgt folgte existiert existierte lebt lebte "
    "starb stirbt starben wohnt wohnte erscheint erschien entsteht entstand passiert passierte geschah "
    "fiel fällt verschwand verschwindet übrig heißt beginnt begann läuft lief schläft schlief ging geht "
    "gilt wartet wartete entspricht"
)
_GIVING = _split_words("hat haben hatte hatten gibt gab kauft kaufte kaufen bekommt bekam braucht brauchen")
_IMPERATIVES = _split_words("Nimm Nehmen Kauf Kaufe Kaufen Gib Geben Bring Bringen Iss Trink Füge Wähle Wählen")
# They go so far, and have no object else.
_GOING = _split_words("lief läuft laufen liefen ging geht gehen gingen fuhr fährt fahren fuhren fiel fällt")
# What says nothing of a verb in front.
_NO_VERBS = _split_words(
    "und oder sowie noch nur mit ca circa etwa mindestens höchstens rund genau nun jetzt hier dort da "
    "dann ein eine einen einem einer der die das den dem des im am zum zur vom ins ans pro je auch "
    "außerdem dazu davon nicht mehr als zwei drei vier fünf zu in auf an von für ohne heute gestern"
)
# "1 Meter groß", "1 Tag später": how much, in the accusative.
_EXTENT = re.compile(
    r"(?:groß|lang|hoch|breit|tief|dick|weit|alt|schwer|entfernt|später|früher|davor|danach|weiter|vorher|nachher|zuvor|her)(?:e[mnrs]?)?\b"
)
_AGAIN = re.compile(r"[a-zäöüß ]*[A-ZÄÖÜ]?[a-zäöüß]*(?:,| und| oder| sowie|, und) ?")
_CLAUSE = re.compile(r"[,.;:!?–—()\"„“»«]")
_WORD = re.compile(r"[^\W\d_]+")
_FORMS: dict[tuple[Gender, Case], str] = {
    **{("m", "nominative"): "ein", ("m", "accusative"): "einen", ("m", "dative"): "einem"},
    **{("f", "nominative"): "eine", ("f", "accusative"): "eine", ("f", "dative"): "einer"},
    **{("n", "nominative"): "ein", ("n", "accusative"): "ein", ("n", "dative"): "einem"},
}
_ADJECTIVES: dict[str, Gender] = {"er": "m", "es": "n", "e": "f", "en": "m"}
_LENGTHS = ("meter", "Meter", "Schritt")
_REACH = 80


def decline_counted_ones(text: str) -> str:
    """A line in which a 1 that counts a known noun, or a unit that is not neuter, is said in its case."""
    if "1 " not in text and "1€" not in text:
        return text
    said: list[str] = []
    at, end, case = 0, -1, None
    for found in sorted([*_ONE.finditer(text), *_UNIT.finditer(text)], key=lambda found: found.start()):
        is_unit = found.re is _UNIT
        noun = _UNITS[found[1]] if is_unit else found[2]
        adjective = "" if is_unit else found[1] or ""
        gender = find_gender("de", noun) or _ADJECTIVES.get(adjective)
        before = text[max(0, found.start() - _REACH) : found.start()]
        behind = text[found.end() :] if is_unit else text[found.end() + len(noun) + 1 :]
        if case is None or not _AGAIN.fullmatch(text[end : found.start()]):
            case = _find_case(before, behind, is_length=noun.endswith(_LENGTHS))
        end = found.end()
        if gender is None or case is None or is_named_by(text, found.start(), found.start() + 1, "de"):
            continue
        said += [text[at : found.start()], _FORMS[gender, case], f" {noun}" if is_unit else " "]
        at = found.end()
    return "".join(said) + text[at:]


def _find_case(before: str, behind: str, *, is_length: bool) -> Case | None:
    """By what stands in front of the number in its clause; None behind a name or title that it numbers."""
    clause = _CLAUSE.split(before)[-1]
    words = _WORD.findall(clause)
    last = words[-1] if words else ""
    if last.casefold() in _DATIVE:
        return "dative"
    if last.casefold() in _ACCUSATIVE:
        return "accusative"
    if _EXTENT.match(behind.lstrip()):
        return "accusative"
    if last[:1].isupper() and last != "Sie":
        if last in _IMPERATIVES or _GIVING & set(words):
            return "accusative"
        # "Absatz 1 Satz 2" and "Formel 1 Rennen" number.
        counts = last.casefold() in _NO_VERBS or "pro" in clause.casefold().split()
        return "nominative" if counts else None
    verbs = [word for word in words if word.islower() and word not in _NO_VERBS]
    if words and words[0] in _IMPERATIVES:
        return "accusative"
    has_no_object = _INTRANSITIVE & set(verbs) and not _GIVING & set(verbs) and not (is_length and _GOING & set(verbs))
    return "nominative" if not verbs or has_no_object else "accusative"
