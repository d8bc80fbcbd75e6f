"""Words in Latin letters that Open JTalk does not know, as katakana by their sound in English.

Without this it names their letters: ``deploy`` is *dī-ī-pī-eru-ō-wai*. British sounds are the nearer ones: what
katakana has as オ is an A in American.
"""

from __future__ import annotations

import re
from functools import lru_cache

from polyreel.engine.voice.espeak import transcribe_clauses
from polyreel.engine.voice.text.scripts import write_in_latin

_FEWEST = 3
# In capitals, letters are named rightly.
_WORD = re.compile(
    r"(?<![A-Za-z\u00c0-\u024f\d])(?=[A-Za-z\u00c0-\u024f]*[a-z\u00df-\u024f])[A-Za-z\u00c0-\u024f]{3,40}(?![A-Za-z\u00c0-\u024f\d])"
)
_NAMES = {
    **{
        "a": "エー",
        "b": "ビー",
        "c": "シー",
        "d": "ディー",
        "e": "イー",
        "f": "エフ",
        "g": "ジー",
        "h": "エイチ",
        "i": "アイ",
    },
    **{"j": "ジェー", "k": "ケー", "l": "エル", "m": "エム", "n": "エヌ", "o": "オー", "p": "ピー", "q": "キュー"},
    **{
        "r": "アール",
        "s": "エス",
        "t": "ティー",
        "u": "ユー",
        "v": "ブイ",
        "w": "ダブリュー",
        "x": "エックス",
        "y": "ワイ",
    },
    **{"z": "ゼット"},
}
# A vowel is one of the five, and what follows it.
_VOWELS = {
    **{
        "aɪ": "aイ",
        "aʊ": "aウ",
        "eɪ": "eイ",
        "ɔɪ": "oイ",
        "əʊ": "oー",
        "oʊ": "oー",
        "iə": "iア",
        "eə": "eア",
        "ʊə": "uア",
    },
    **{"iː": "iー", "uː": "uー", "ɑː": "aー", "ɔː": "oー", "ɜː": "aー", "oː": "oー", "aɪə": "aイア", "aʊə": "aワー"},
    **{"ɪ": "i", "i": "i", "ᵻ": "i", "e": "e", "ɛ": "e", "a": "a", "æ": "a", "ʌ": "a", "ɐ": "a", "ə": "a"},
    **{"ɒ": "o", "ɔ": "o", "o": "o", "ʊ": "u", "u": "u"},
}
_ROWS = {
    **{"": "アイウエオ", "k": "カキクケコ", "ɡ": "ガギグゲゴ", "s": "サシスセソ", "z": "ザジズゼゾ", "n": "ナニヌネノ"},
    **{
        "h": "ハヒフヘホ",
        "b": "バビブベボ",
        "p": "パピプペポ",
        "m": "マミムメモ",
        "l": "ラリルレロ",
        "ɹ": "ラリルレロ",
    },
    **{
        "r": "ラリルレロ",
        "ɾ": "ラリルレロ",
        "θ": "サシスセソ",
        "ð": "ザジズゼゾ",
        "x": "ハヒフヘホ",
        "ɬ": "ラリルレロ",
    },
}
_PAIRS = {
    **{
        "t": "タ ティ トゥ テ ト",
        "d": "ダ ディ ドゥ デ ド",
        "f": "ファ フィ フ フェ フォ",
        "v": "ヴァ ヴィ ヴ ヴェ ヴォ",
    },
    **{"ʃ": "シャ シ シュ シェ ショ", "tʃ": "チャ チ チュ チェ チョ", "dʒ": "ジャ ジ ジュ ジェ ジョ"},
    **{
        "ʒ": "ジャ ジ ジュ ジェ ジョ",
        "j": "ヤ イ ユ イェ ヨ",
        "w": "ワ ウィ ウ ウェ ウォ",
        "ts": "ツァ ツィ ツ ツェ ツォ",
    },
    **{"ŋ": "ンガ ンギ ング ンゲ ンゴ", "kw": "クァ クィ ク クェ クォ"},
}
_ALONE = {
    "t": "ト",
    "d": "ド",
    "ʃ": "シュ",
    "tʃ": "チ",
    "dʒ": "ジ",
    "ʒ": "ジュ",
    "n": "ン",
    "ŋ": "ング",
    "j": "イ",
    "h": "",
}
_WRITTEN_VOWELS = re.compile(r"(?:[aeiouyäöüáéíóúàèêô]+(?:r(?![aeiouy]))?)(?<!e)|e(?:r(?![aeiouy]))?(?!$)")
_SLURRED = frozenset({"ə", "ɐ"})
_AS_WRITTEN = {"o": "ɒ", "e": "e", "i": "ɪ", "u": "ʌ"}
_STOPS = frozenset({"p", "t", "k", "tʃ"})
_SOUNDS = {**{row: list(kana) for row, kana in _ROWS.items()}, **{row: kana.split() for row, kana in _PAIRS.items()}}
_FIVE = "aiueo"
_SMALL_Y = {"a": "ャ", "u": "ュ", "o": "ョ"}
_CUT = re.compile("|".join(sorted(map(re.escape, (*_VOWELS, *filter(None, _SOUNDS))), key=len, reverse=True)))


def write_in_katakana(text: str) -> str:
    """A line whose Latin words Open JTalk can read: those that it would spell out are written in katakana."""
    return _WORD.sub(lambda found: _spell_word(found[0]), write_in_latin(text, "ja"))


@lru_cache(maxsize=2048)
def _spell_word(word: str) -> str:
    import pyopenjtalk

    said = str(pyopenjtalk.g2p(word, kana=True))
    plain = word.casefold()
    if plain.isascii() and said != "".join(_NAMES[letter] for letter in plain):
        return word
    sounds = "".join(clause for clause, _ in transcribe_clauses(word, "en-GB"))
    return spell_sounds(re.sub(r"\([a-z-]+\)", "", sounds), plain) or word


def spell_sounds(ipa: str, written: str = "") -> str:
    """English sounds in katakana; vowels that English slurs are said as they are ``written``."""
    pieces = _with_written_vowels(_CUT.findall(re.sub(r"[\^ˈˌ\u0303\u0329ʲ-]", "", ipa)), written)
    out, at = "", 0
    while at < len(pieces):
        piece, following = pieces[at], pieces[at + 1] if at + 1 < len(pieces) else ""
        if piece in _VOWELS:
            out += _join("", _VOWELS[piece])
            at += 1
            continue
        if following == "j" and at + 2 < len(pieces) and _VOWELS.get(pieces[at + 2], "e")[0] in _SMALL_Y:
            vowel = _VOWELS[pieces[at + 2]]
            out += _SOUNDS[piece][1] + _SMALL_Y[vowel[0]] + vowel[1:]
            at += 3
        elif following in _VOWELS:
            out += _join(piece, _VOWELS[following])
            at += 2
        else:
            out += _end_syllable(piece, pieces[at - 1] if at else "", following)
            at += 1
    # What British English leaves of an "-er" is long.
    return f"{out}ー" if pieces[-1:] == ["ə"] and written.endswith(("r", "re")) else out


def _with_written_vowels(pieces: list[str], written: str) -> list[str]:
    """``config`` begins with an O in katakana, though English hardly says it: where sounds and letters are as many."""
    vowels = _WRITTEN_VOWELS.findall(written)
    if sum(piece in _VOWELS for piece in pieces) != len(vowels):
        return pieces
    letters = iter(vowels)
    said = [(piece, next(letters) if piece in _VOWELS else "") for piece in pieces]
    return [_AS_WRITTEN.get(letter, piece) if piece in _SLURRED else piece for piece, letter in said]


def _join(consonant: str, vowel: str) -> str:
    return _SOUNDS[consonant][_FIVE.index(vowel[0])] + vowel[1:]


def _end_syllable(consonant: str, before: str, following: str) -> str:
    """A consonant without a vowel: behind a short one, a stop at the end is doubled."""
    if consonant == "m" and following in {"p", "b"}:
        return "ン"
    said = _ALONE.get(consonant) or ("" if consonant in _ALONE else _SOUNDS[consonant][2])
    is_short = len(_VOWELS.get(before, "  ")) == 1
    return f"ッ{said}" if consonant in _STOPS and is_short and not following else said
