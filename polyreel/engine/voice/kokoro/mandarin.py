"""Mandarin: words (``rjieba``), their pinyin (``pypinyin``), and the IPA with tone arrows that Kokoro was taught.

espeak-ng's phonemes for Chinese are of no use to Kokoro. The notation is that of its published front end: the IPA of
the Wikipedia page "Help:IPA/Mandarin", with an arrow per tone (→ ↗ ↓ ↘; none for the neutral one).
"""

from __future__ import annotations

import re

from polyreel.engine.voice.kokoro import latin
from polyreel.engine.voice.kokoro.numbers_zh import in_characters

_HAN = r"\u3400-\u9fff\uf900-\ufaff\u3007"
_PIECES = re.compile(rf"[{_HAN}]+|[^{_HAN}]+")
_LETTERS = r"A-Za-z\u00c0-\u024f"
_LATIN = re.compile(f"[{_LETTERS}]")
_RUNS = re.compile(rf"[{_LETTERS}](?:[{_LETTERS}'’. -]*[{_LETTERS}])?|[^{_LETTERS}]+")
_IS_HAN = re.compile(f"[{_HAN}]")
_MARKS = str.maketrans(
    {"，": ",", "、": ",", "。": ".", "．": ".", "！": "!", "？": "?", "：": ":", "；": ";", "（": "(", "）": ")"}
    | dict.fromkeys("《「『【〈", "“")
    | dict.fromkeys("》」』】〉", "”")
)
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}

_INITIALS = {
    "zh": "ꭧ",
    "ch": "ꭧʰ",
    "sh": "ʂ",
    "b": "p",
    "p": "pʰ",
    "m": "m",
    "f": "f",
    "d": "t",
    "t": "tʰ",
    "n": "n",
    "l": "l",
    "g": "k",
    "k": "kʰ",
    "h": "x",
    "j": "ʨ",
    "q": "ʨʰ",
    "x": "ɕ",
    "r": "ɻ",
    "z": "ʦ",
    "c": "ʦʰ",
    "s": "s",
}
# Final -> (what comes before the tone, what comes after it): the arrow stands behind the vowel.
_FINALS = {
    "a": ("a", ""),
    "ai": ("ai", ""),
    "an": ("a", "n"),
    "ang": ("a", "ŋ"),
    "ao": ("au", ""),
    "e": ("ɤ", ""),
    "ei": ("ei", ""),
    "en": ("ə", "n"),
    "eng": ("ə", "ŋ"),
    "er": ("ɚ", ""),
    "i": ("i", ""),
    "ia": ("ja", ""),
    "ian": ("jɛ", "n"),
    "iang": ("ja", "ŋ"),
    "iao": ("jau", ""),
    "ie": ("je", ""),
    "in": ("i", "n"),
    "ing": ("i", "ŋ"),
    "io": ("jɔ", ""),
    "iong": ("jʊ", "ŋ"),
    "iou": ("jou", ""),
    "o": ("wo", ""),
    "ong": ("ʊ", "ŋ"),
    "ou": ("ou", ""),
    "u": ("u", ""),
    "ua": ("wa", ""),
    "uai": ("wai", ""),
    "uan": ("wa", "n"),
    "uang": ("wa", "ŋ"),
    "uei": ("wei", ""),
    "uen": ("wə", "n"),
    "ueng": ("wə", "ŋ"),
    "uo": ("wo", ""),
    "v": ("y", ""),
    "van": ("ɥɛ", "n"),
    "ve": ("ɥe", ""),
    "vn": ("y", "n"),
    "ê": ("ɛ", ""),
    "m": ("m", ""),
    "n": ("n", ""),
    "ng": ("ŋ", ""),
}
_BUZZING = frozenset({"zh", "ch", "sh", "r", "z", "c", "s"})


def spell_phonemes(text: str, locale: str) -> str:
    """A line in Kokoro's notation. Latin words in it are said in English."""
    written = in_characters(text)
    if locale == "zh-TW":  # where 幺 is a soldier's word
        written = written.replace("幺", "一")
    pieces = (_han(piece) if _IS_HAN.match(piece) else _other(piece) for piece in _PIECES.findall(written))
    return re.sub(r"\s+([,.!?:;)”])", r"\1", " ".join(" ".join(pieces).split()))


def _other(piece: str) -> str:
    """What stands between Chinese words: punctuation as it is, Latin words in English."""
    return " ".join(
        latin.spell_phonemes(run, "en-US") if _LATIN.match(run) else run
        for run in _RUNS.findall(piece.translate(_MARKS))
    )


def _han(piece: str) -> str:
    import rjieba
    from pypinyin import Style, pinyin

    words = rjieba.cut(piece)
    # Read in one go, so that a character's neighbours help to choose its reading; then set apart by words.
    initials = [each[0] for each in pinyin(words, style=Style.INITIALS, strict=True)]
    finals = [each[0] for each in pinyin(words, style=Style.FINALS_TONE3, strict=True, neutral_tone_with_five=True)]
    said = iter(_syllable(*each) for each in zip(initials, finals, strict=True))
    return " ".join("".join(next(said, "") for _ in word) for word in words)


def _syllable(initial: str, final: str) -> str:
    # A syllable without a figure is neutral: pypinyin leaves it off interjections.
    base, tone = (final[:-1], final[-1]) if final[-1:] in _TONES else (final, "5")
    arrow = _TONES[tone]
    # After these, pinyin's i is no vowel but the consonant held on (zhi, si).
    if base == "i" and initial in _BUZZING:
        return f"{_INITIALS[initial]}ɨ{arrow}"
    # pypinyin writes ü or v, by its version and style.
    before, after = _FINALS.get(base.replace("ü", "v"), ("", ""))
    # 哦 alone is [ɔ]; behind a consonant o is said wo (bo, po).
    if base == "o" and not initial:
        before = "ɔ"
    return f"{_INITIALS.get(initial, '')}{before}{arrow if before else ''}{after}"
