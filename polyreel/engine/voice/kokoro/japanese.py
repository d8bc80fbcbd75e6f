"""Japanese: readings by Open JTalk (``pyopenjtalk-plus``), kana to the notation that Kokoro was taught.

The notation is that of Kokoro's published front end: broad IPA, ``ʔ`` for a doubled consonant, ``ː`` for a long vowel,
``ɴ`` for the moraic nasal. Open JTalk reads figures by itself; what stands around them is put into words before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from polyreel.engine.voice.kokoro.katakana import write_in_katakana
from polyreel.engine.voice.kokoro.numbers_ja import in_words

_MARKS = {"、": ",", "，": ",", "。": ".", "．": ".", "！": "!", "？": "?", "：": ":", "；": ";", "…": "…", "—": "—"}
_BRACKETS = {"「": "“", "」": "”", "『": "“", "』": "”", "（": "(", "）": ")"}
_PLAIN = frozenset('!"(),.:;?—“”…')

_ROWS = {
    "": "アa イi ウɯ エe オo",
    "k": "カa クɯ ケe コo",
    "ɡ": "ガa グɯ ゲe ゴo",
    "s": "サa スɨ セe ソo",
    "ʣ": "ザa ゼe ゾo",
    "z": "ズɨ ヅɨ",
    "t": "タa テe トo",
    "d": "ダa デe ドo",
    "n": "ナa ヌɯ ネe ノo",
    "h": "ハa ヘe ホo",
    "b": "バa ブɯ ベe ボo",
    "p": "パa プɯ ペe ポo",
    "m": "マa ムɯ メe モo",
    "j": "ヤa ユɯ ヨo",
    "ɾ": "ラa ルɯ レe ロo",
    "β": "ワa",
    "v": "ヴɯ",
    "ɸ": "フɯ",
    "ʦ": "ツɨ",
    "ɕ": "シi",
    "ʨ": "チi",
    "ʥ": "ジi ヂi",
    "ɲ": "ニi",
    "ç": "ヒi",
}
# Before i and the small y-kana, these are said with the tongue raised.
_RAISED = {"キ": "kʲ", "ギ": "ɡʲ", "ビ": "bʲ", "ピ": "pʲ", "ミ": "mʲ", "リ": "ɾʲ"}
_RAISED_ROW = {**_RAISED, "シ": "ɕ", "チ": "ʨ", "ジ": "ʥ", "ヂ": "ʥ", "ニ": "ɲ", "ヒ": "ç", "テ": "tʲ", "デ": "dʲ"}
_SMALL_Y = {"ャ": "a", "ュ": "ɨ", "ョ": "o", "ェ": "e"}
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o", "ャ": "ja", "ュ": "jɯ", "ョ": "jo", "ヮ": "βa"}
_FOREIGN = {"フ": "ɸ", "ヴ": "v", "ツ": "ʦ", "ク": "kᵝ", "グ": "ɡᵝ", "ウ": "β"}
_ALONE = {"ッ": "ʔ", "ン": "ɴ", "ー": "ː", "ヲ": "o", "ヰ": "i", "ヱ": "e", "ヵ": "ka", "ヶ": "ke"}
_PAIRS_OF_THEIR_OWN = {"ティ": "tʲi", "ディ": "dʲi", "トゥ": "tɯ", "ドゥ": "dɯ", "フュ": "ɸʲɨ", "イェ": "je"}


def spell_phonemes(text: str, locale: str) -> str:
    """A line in Kokoro's notation."""
    import pyopenjtalk

    said: list[str] = []
    for word in pyopenjtalk.run_frontend(write_in_katakana(in_words(text))):
        _add(said, word)
    return re.sub(r"(?<=[“(])\s+|\s+(?=[,.!?:;)”])", "", " ".join("".join(said).split()))


def _add(said: list[str], word: Mapping[str, Any]) -> None:
    """One word: run on where Open JTalk chains it to the one before, else after a space."""
    if not word["mora_size"]:
        said.append(_mark(str(word["string"])))
        return
    spoken = spell_katakana(str(word["pron"]))
    # Neither ɴ nor ː can begin a word: Open JTalk may part them from the kana that they lengthen.
    chained = word["chain_flag"] == 1 or spoken.startswith(("ɴ", "ː"))
    said.append(spoken if chained or not said else f" {spoken}")


def _mark(written: str) -> str:
    sign = _MARKS.get(written) or _BRACKETS.get(written) or (written if written in _PLAIN else "")
    return f"{sign} " if sign else " "


def spell_katakana(katakana: str) -> str:
    """Katakana in Kokoro's notation; ``’`` (a devoiced vowel, in Open JTalk's readings) is not written."""
    table, out, at = _table(), "", 0
    # The model's alphabet has no sign for a devoiced vowel.
    katakana = katakana.replace("’", "")
    while at < len(katakana):
        # Pairs first: キャ is one sound, and not キ and a small ya.
        pair = katakana[at : at + 2]
        if len(pair) == 2 and pair in table:
            out, at = out + table[pair], at + 2
        else:
            out, at = out + table.get(katakana[at], ""), at + 1
    return out


@cache
def _table() -> dict[str, str]:
    table = {entry[0]: onset + entry[1:] for onset, row in _ROWS.items() for entry in row.split()}
    table |= {kana: f"{onset}i" for kana, onset in _RAISED.items()}
    table |= _SMALL | _ALONE
    table |= {kana + small: onset + vowel for kana, onset in _RAISED_ROW.items() for small, vowel in _SMALL_Y.items()}
    table |= {kana + small: onset + _SMALL[small] for kana, onset in _FOREIGN.items() for small in "ァィェォ"}
    return table | _PAIRS_OF_THEIR_OWN
