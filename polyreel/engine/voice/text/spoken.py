"""The spoken form of a line: what a voice is given to say. Never markup, control characters or endless words."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

from polyreel.errors import EngineError

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>|<\d[\d:.]{0,20}>|\{\\[^{}]{0,200}\}")
_STYLE_TAG = re.compile(r"</?(?:[bciusv]|font|lang|ruby|rt|em|strong|span)\b[^<>]*>|<\d[^<>]*>|\{.*", re.IGNORECASE)
_URL = re.compile(r"(?:https?://|ftp://|www\.)([^\s/?#<>]+)[^\s<>]*", re.IGNORECASE)
# *word*, _word_, ~~word~~: how emphasis is written where there are no italics.
_EMPHASIS = re.compile(r"(?<![^\W_])([*_~`]{1,3})(?=[^\s*_~`])([^*_~`\n]{1,200}?)(?<=\S)\1(?![^\W_])")
_BRACKETED_CODE = re.compile(r"\[\[|\]\]")
# A sign between figures is said; "<3" is a heart, "-->" an arrow. As wide signs, which no synthesiser takes for markup.
_COMPARED = re.compile(r"(?<=[\w)%])(\s?)(<(?!3(?![\d.,]))|>)(\s?)(?=[-\u2212]?\d)")
_WIDE_SIGNS = {"<": "＜", ">": "＞"}
# As programs write them: "x >= 3" is no equation, and "->" no minus.
_TYPED = re.compile(r"(?<=[\w)\]\s])([<>!])=(?=\s?[-\u2212\w(\"'])|\s?(?<![<>!=-])[-=]>\s?")
_TYPED_SIGNS = {"<": "≤", ">": "≥", "!": "≠", None: " "}
_JOINERS = "\u200c\u200d"  # Hindi, Persian and others spell with these
_WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_WIDE_BREAK = re.compile(rf"(?<={_WIDE})\s+(?={_WIDE})")
_REPEATED = re.compile(r"([^\W\d]|[^\w\s])\1{3,}")
_MARKS_IN_A_ROW = 6
# Of the signs that are pictures to Unicode, those that are words: degrees, numbers, a lowered tone, a postcode.
_WORDS = "°℃℉№♭〒"
# Units, months and companies as one square sign each (㎡, ㎏, ㈱): said as what they are made of.
_SQUARED = re.compile("[\u3200-\u33ff]")
_LONGEST_WORD = 48


def make_speakable(text: str) -> str:
    """One line of plain words: no markup, entities resolved, addresses shortened, whitespace single.

    Web addresses are said by their host alone (``https://www.example.com/a?b=1``: ``example.com``), e-mail addresses as
    they stand (voices read ``@`` in their own language). Pictures (emoji, notes) are not said.
    """
    plain = html.unescape(_TAG.sub(_space_for_tag, text))
    plain = _TAG.sub(_space_for_tag, plain)  # an entity may have hidden a tag
    plain = _BRACKETED_CODE.sub(" ", _URL.sub(_say_host, plain))
    if "=" in plain or ">" in plain:
        plain = _TYPED.sub(lambda found: _TYPED_SIGNS[found[1]], plain)
    plain = _COMPARED.sub(lambda found: f"{found[1]}{_WIDE_SIGNS[found[2]]}{found[3]}", plain)
    plain = _EMPHASIS.sub(r"\2", plain)
    plain = _SQUARED.sub(lambda sign: unicodedata.normalize("NFKC", sign[0]), unicodedata.normalize("NFC", plain))
    plain = "".join(map(_make_sayable, plain))
    plain = _WIDE_BREAK.sub("", " ".join(plain.split()))
    return _break_long_words(_limit_marks(_REPEATED.sub(r"\1\1\1", plain)))


def _space_for_tag(tag: re.Match[str]) -> str:
    """What a tag leaves: nothing where it only styles letters, else a space, so that it joins no words."""
    return "" if _STYLE_TAG.fullmatch(tag[0]) else " "


def can_be_said(text: str) -> bool:
    """Whether a text holds a letter or a digit in any script."""
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def require_sayable(words: str, text: str, most: int | None = None) -> None:
    """See that ``words``, as which ``text`` is to be spoken, can be said, in at most ``most`` characters.

    Raises EngineError (``nothing_to_say``, or ``engine_failed`` for a line that is too long), which quotes ``text``.
    """
    if not can_be_said(words):
        raise EngineError(
            "there is nothing to say in this line.",
            code="nothing_to_say",
            where=repr(text[:40]),
            remedy="Give it words, or take it out of the script.",
        )
    if most is not None and len(words) > most:
        raise EngineError(
            f"a line of {len(words)} characters is too long to be spoken.",
            where=repr(text[:40]),
            remedy=f"Break it into cues of at most {most} characters.",
        )


def make_unreadable(who: str, text: str, why: str = "this") -> EngineError:
    """The error (``unreadable``) of a voice, called ``who``, to which a line's letters say nothing."""
    return EngineError(
        f"{who} can't read {why}.",
        code="unreadable",
        where=repr(text[:40]),
        remedy="Write the line in the language's own letters, or name another voice for it.",
    )


def _say_host(match: re.Match[str]) -> str:
    host = match.group(1).rpartition("@")[2].partition(":")[0]
    return host.removeprefix("www.").rstrip(".,;!") or " "


def _make_sayable(character: str) -> str:
    if character in _JOINERS or character in _WORDS:
        return character
    kind = unicodedata.category(character)
    if kind == "Cf":
        return ""
    is_picture = kind == "So" or "\u2190" <= character <= "\u21ff" or "\U0001f3fb" <= character <= "\U0001f3ff"
    return " " if kind[0] in "CZ" or is_picture or character in "<>\\" else character


def _limit_marks(text: str) -> str:
    """At most a few combining marks on one letter: no language needs more, and piles of them are an attack."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _break_long_words(text: str) -> str:
    """Words of a length that a synthesiser's buffers were made for."""
    return " ".join(word if len(word) <= _LONGEST_WORD else _say_pieces(word) for word in text.split(" "))


def _say_pieces(word: str) -> str:
    if (
        re.search(_WIDE, word) or "⟦" in word
    ):  # a term with its sounds; or no spaces between words there; the synthesiser finds them itself
        return word
    return " ".join(word[at : at + _LONGEST_WORD] for at in range(0, len(word), _LONGEST_WORD))


def join_lines(texts: Iterable[str]) -> str:
    """Lines as one text: with a space between, except inside Chinese and Japanese."""
    return _WIDE_BREAK.sub("", " ".join(texts))
