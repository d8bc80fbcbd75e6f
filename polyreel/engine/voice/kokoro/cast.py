"""Kokoro's 54 voices: who there is, of which gender, and in which order a job casts them.

The names are the publisher's: language and accent, gender, then a name. The order follows the publisher's own grades
(``VOICES.md`` of the model) as far as man and woman alternate, so that two speakers are easily told apart.
"""

from __future__ import annotations

from polyreel.engine.voice.port import Gender
from polyreel.locales import is_british

LANGUAGES = ("en", "es", "fr", "hi", "it", "ja", "pt", "zh")
_OWN = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es-ES",
    "f": "fr-FR",
    "h": "hi-IN",
    "i": "it-IT",
    "j": "ja-JP",
    "p": "pt-BR",
    "z": "zh-CN",
}
# Written Chinese there is read as Cantonese, which Kokoro was never taught.
_NOT_MANDARIN = frozenset({"zh-HK", "zh-MO"})

_AMERICAN = (
    "af_heart am_michael af_bella am_fenrir af_aoede am_puck af_kore am_echo af_sarah am_eric af_nova am_liam af_alloy "
    "am_onyx af_sky am_adam af_jessica am_santa af_river af_nicole"
)
_BRITISH = "bf_emma bm_george bf_isabella bm_fable bf_alice bm_lewis bf_lily bm_daniel"
_NATIVE = {
    "es": "ef_dora em_alex em_santa",
    "fr": "ff_siwis",
    "hi": "hf_alpha hm_omega hf_beta hm_psi",
    "it": "if_sara im_nicola",
    "ja": "jf_alpha jm_kumo jf_gongitsune jf_tebukuro jf_nezumi",
    "pt": "pf_dora pm_alex pm_santa",
    "zh": "zf_xiaoxiao zm_yunjian zf_xiaobei zm_yunxi zf_xiaoyi zm_yunyang zf_xiaoni zm_yunxia",
}
# A language with few voices borrows: these speak its phonemes, with an accent, when a job has more speakers.
_BORROWED = {
    "es": "pf_dora im_nicola if_sara pm_alex",
    "fr": "im_nicola if_sara em_alex ef_dora",
    "it": "ef_dora em_alex pf_dora pm_alex",
    "pt": "ef_dora em_alex if_sara im_nicola",
}
NAMES = tuple(sorted({*f"{_AMERICAN} {_BRITISH} {' '.join(_NATIVE.values())}".split()}))


def language_of(locale: str) -> str | None:
    """The language that Kokoro speaks for a BCP-47 locale, or None."""
    language = locale.partition("-")[0]
    # ISO 639-3's name of Mandarin; BCP-47 allows both.
    language = "zh" if language == "cmn" else language
    return language if language in LANGUAGES and locale not in _NOT_MANDARIN else None


def list_native_voices(locale: str) -> tuple[str, ...]:
    """The voices whose own language this is, best first; of English, only those of the locale's side of the ocean."""
    language = language_of(locale)
    if language == "en":
        return tuple((_BRITISH if is_british(locale) else _AMERICAN).split())
    return tuple(_NATIVE.get(language or "", "").split())


def list_voices(locale: str) -> tuple[str, ...]:
    """The voices for a locale, in the order a job gives them to its speakers: native ones, then borrowed ones."""
    return (*list_native_voices(locale), *_BORROWED.get(language_of(locale) or "", "").split())


def own_locale(name: str) -> str | None:
    """The locale that a voice was taught in, by the first letter of its name."""
    return _OWN.get(name[:1]) if name in NAMES else None


def find_gender(name: str) -> Gender:
    """``female`` or ``male``, by the second letter of a voice's name."""
    return "female" if name[1:2] == "f" else "male"
