"""Pronunciation files: tab-separated rows, or a W3C pronunciation lexicon (PLS 1.0). Read strictly, kept in one form.

A row is a term, a tab, how it is said, and, if they matter, a locale and a voice. What is said is a respelling in the
language's own letters, or IPA between slashes. A first row of titles and lines that begin with ``#`` are left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel import locales
from polyreel.engine.voice.text.said_as import Pronunciation, find_contradictions
from polyreel.errors import InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.machine.files import TooManyBytes, read_whole

if TYPE_CHECKING:
    from xml.etree import ElementTree

# Some ten thousand terms; read into memory as a whole. A bound so that a film named by mistake is not read as one.
_MOST_BYTES = 1 << 20
# Each row becomes a pattern that every line is searched for.
_MOST_ROWS = 5000
_LONGEST = 80
_TITLES = frozenset({"term", "word", "grapheme"})
# The letters of the International Phonetic Alphabet (chart of 2020), its marks, and a space between words.
_IPA = frozenset(
    "abcdefhijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡgɢɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢβθχⱱʣʤʥʦʧʨᵊᵻ"
    "ˈˌːˑ.‿|ʰʲʷˠˤⁿˡ˞ʼ→↗↘↓ "
)


def read_pronunciations(path: Path, shown: str = "") -> tuple[Pronunciation, ...]:
    """What a file says, in its order. ``shown`` stands for it in errors.

    Raises InvalidJob (``invalid_pronunciations``) with the line that is wrong.
    """
    name = shown or str(path)
    text = _read_text(path, name)
    found = _of_lexicon(text, name) if text.lstrip().startswith("<") else _of_rows(text, name)
    if len(found) > _MOST_ROWS:
        raise _describe_fault(name, 0, f"{len(found)} pronunciations; at most {_MOST_ROWS}")
    if not found:
        raise _describe_fault(name, 1, "there is no pronunciation in it")
    return tuple(dict.fromkeys(found))


def write_pronunciations(pronunciations: Iterable[Pronunciation]) -> bytes:
    """The same as rows, for `read_pronunciations`."""
    rows = (
        [each.term, f"/{each.say}/" if each.is_ipa else each.say, each.locale, each.voice] for each in pronunciations
    )
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _of_rows(text: str, name: str) -> tuple[Pronunciation, ...]:
    rows = list(_parse_rows(text, name))
    found = tuple(each for _, each in rows)
    for first, second in find_contradictions(found):
        raise _describe_contradiction(name, rows[first], rows[second])
    return found


def _parse_rows(text: str, name: str) -> Iterator[tuple[int, Pronunciation]]:
    """Each row with its line."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if number == 1 and cells[0].casefold() in _TITLES:
            continue
        if not 2 <= len(cells) <= 4:
            raise _describe_fault(
                name,
                number,
                f"{spell_count(len(cells), 'column')}; a row is a term, how it is said, and at most two more",
            )
        term, say, locale, voice = (*cells, "", "")[:4]
        is_ipa = len(say) > 1 and say[0] == say[-1] == "/"
        said = say.strip("/") if is_ipa else say
        yield number, _check_term(term, said, is_ipa, locale, voice, name, number)


def _of_lexicon(text: str, name: str) -> tuple[Pronunciation, ...]:
    """Of homographs the first counts, as PLS 1.0 has it: which of them is meant, only a grammar could tell."""
    found = list(_parse_lexicon(text, name))
    later = {place for _, place in find_contradictions(found)}
    return tuple(each for place, each in enumerate(found) if place not in later)


def _parse_lexicon(text: str, name: str) -> Iterator[Pronunciation]:
    from xml.etree import ElementTree  # here: few jobs have a lexicon in XML

    # A document type could hold entities that unfold without end.
    if "<!doctype" in text.lower():
        raise _describe_fault(name, 0, "a lexicon with a document type is not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError as error:
        raise _describe_fault(name, error.position[0], "it is not well-formed XML") from None
    if root.tag.rpartition("}")[2] != "lexicon":
        raise _describe_fault(name, 0, f"its root is <{root.tag.rpartition('}')[2][:40]}>, not a PLS <lexicon>")
    locale = root.get("{http://www.w3.org/XML/1998/namespace}lang", "")
    for number, lexeme in enumerate(root.iterfind("{*}lexeme"), 1):
        where = f"{name}, lexeme {number}"
        # PLS demands the attribute, and IPA is the only alphabet that it defines.
        say, is_ipa = _read_lexeme(lexeme, root.get("alphabet", "ipa"), where)
        for grapheme in lexeme.iterfind("{*}grapheme"):
            yield _check_term(_read_plain(grapheme), say, is_ipa, locale, "", where, 0)


def _read_lexeme(lexeme: ElementTree.Element, alphabet: str, where: str) -> tuple[str, bool]:
    """The preferred phoneme of a lexeme, else its first, else its alias; and whether it is IPA."""
    ways = lexeme.findall("{*}phoneme")
    # A stable sort: without a preferred one, the first stays first.
    ways.sort(key=lambda each: each.get("prefer") != "true")
    if ways:
        if (used := ways[0].get("alphabet", alphabet)) != "ipa":
            raise _describe_fault(where, 0, f"the alphabet '{used[:20]}' is not read, IPA is")
        return _read_plain(ways[0]), True
    alias = lexeme.find("{*}alias")
    if alias is None:
        raise _describe_fault(where, 0, "it has neither a phoneme nor an alias")
    return _read_plain(alias), False


def _read_plain(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _check_term(term: str, say: str, is_ipa: bool, locale: str, voice: str, name: str, line: int) -> Pronunciation:
    term, say = (" ".join(unicodedata.normalize("NFC", each).split()) for each in (term, say))
    if not term or not say:
        raise _describe_fault(name, line, "the term is empty" if not term else f"nothing is said for '{term[:40]}'")
    if max(map(len, (term, say, voice))) > _LONGEST:
        raise _describe_fault(name, line, f"more than {_LONGEST} characters in a cell")
    # They frame a term's sounds inside a line (`said_as`).
    if set("⟦|⟧") & set(term + say):
        raise _describe_fault(name, line, "the signs ⟦ | ⟧ can't be said")
    foreign = is_ipa and [sign for sign in unicodedata.normalize("NFD", say) if not _is_ipa(sign)]
    if foreign:
        raise _describe_fault(name, line, f"'{foreign[0]}' is no sign of the IPA (in /{say[:40]}/)")
    return Pronunciation(term, say, is_ipa, _check_locale(locale, name, line), voice)


def _is_ipa(sign: str) -> bool:
    # Marks above and below are open-ended in the IPA: any may stand with any letter.
    return sign in _IPA or unicodedata.category(sign) == "Mn"


def _check_locale(asked: str, name: str, line: int) -> str:
    if not asked:
        return ""
    try:
        return locales.canonical(asked)
    except InvalidJob as error:
        raise _describe_fault(name, line, error.message) from None


def _read_text(path: Path, name: str) -> str:
    try:
        # Spreadsheets put a mark in front, which would be part of the first term.
        return read_whole(path, _MOST_BYTES).decode("utf-8-sig")
    except TooManyBytes:
        raise _describe_fault(name, 0, f"larger than {_MOST_BYTES >> 20} MiB") from None
    except OSError as error:
        raise InvalidJob(f"can't be read: {error.strerror}", where=name, remedy="Check `pronunciations`.") from None
    except UnicodeDecodeError:
        raise _describe_fault(name, 0, "it is not UTF-8 text") from None


def _describe_fault(name: str, line: int, what: str) -> InvalidJob:
    return InvalidJob(
        what,
        code="invalid_pronunciations",
        where=f"{name}, line {line}" if line else name,
        remedy="A row is UTF-8 text: a term, a tab, a respelling or /IPA/, and, if they matter, a locale and a voice; "
        "a lexicon is a W3C PLS 1.0 in IPA, without a document type.",
    )


def _describe_contradiction(
    name: str, first: tuple[int, Pronunciation], second: tuple[int, Pronunciation]
) -> InvalidJob:
    (before, one), (line, other) = first, second
    return InvalidJob(
        f"'{other.term[:40]}' is said '{other.say[:40]}' here and '{one.say[:40]}' in line {before}, for the same "
        "voices and locale",
        code="invalid_pronunciations",
        where=f"{name}, line {line}",
        remedy="Keep one of them, or say which locale or voice each is for.",
    )
