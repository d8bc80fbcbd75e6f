"""Which code page were these bytes written in? An answer from the letters that come out.

Subtitles are short, so statistics over bytes mislead: Spanish reads as Polish, Chinese as Korean. Each code page is
tried, and what comes out is weighed by the alphabets that are written in it: letters that a language uses weigh full,
its rare ones less, everything else nothing. charset-normalizer is asked where nothing fits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from polyreel.locales import script

# What is weighed: enough for any language, little enough to cost nothing.
_SAMPLE_BYTES = 16 * 1024
_GOOD = 0.75

_MARKS = frozenset("«»“”„’‘‚…–—•·°№♪♫\xa0\xad€£§©®™")
_RARE = 0.7

# Letters beyond ASCII by language, common ones, then rare ones.
_WESTERN = (
    ("áéíóúñ¿¡", "üçªº"),
    ("éèàêçâîôûùëï", "œæüÿ"),
    ("äöüß", "éàê"),
    ("ãçáéíóúâêôõà", "üªº"),
    ("àèéìòù", "îóú"),
    ("åäöæøé", "üàèáóô"),
    ("áðéíóúýþæö", ""),
    ("ëïéèöü", "áóàê"),
    ("çàéèíïòóúü·", "ñ"),
)
_CENTRAL = (
    ("ąćęłńóśźż", ""),
    ("áčéěířšůýžú", "ďňóť"),
    ("áčéíľšťúýžôň", "äďĺóŕ"),
    ("áéíóöőúüű", ""),
    ("ăâîşţ", "șț"),
    ("čćđšž", ""),
    ("ëç", ""),
)
_TURKISH = (("çğıöşüİ", "âîû"),)
_BALTIC = (("ąčęėįšųūž", ""), ("āčēģīķļņšūž", ""), ("äõöüšž", ""))
_CYRILLIC = (("оеаинтсрвлкмдпу", "бгжзйфхцчшщъыьэюяёіїєґў"), ("оеаинтсрвлкмдпуј", "бгжзфхцчшђћљњџѓќѕ"))
# Alone, as the witness: ґ, as rare as can be, is what і of another page comes out as.
_UKRAINIAN = ("оаинтсрвлкмдпуіе", "бгжзйфхцчшщьюяєї")
_BELARUSIAN = ("оаентсрвлкмдпуіы", "бгжзйфхцчшьэюяёў")
_KAZAKH = (("оеаинтсрвлкмдпу", "бгжзйфхцчшщъыьэюяёіәғқңөұүһ"),)
_GREEK = (("αειονσςτηυρπκμλάέήίόύώ", "βγδζθξφχψωϊϋΐΰ΄"),)
_HEBREW = (("אבגדהוזחטיךכלםמןנסעףפץצקרשת", "".join(map(chr, range(0x5B0, 0x5C3)))),)
_ARABIC = (("ابةتثجحخدذرزسشصضطظعغفقكلمنهويىءأإآؤئ،؟", "؛ًٌٍَُِّْـپچژگک"),)
_THAI = (("".join(map(chr, range(0xE01, 0xE3B))), "".join(map(chr, range(0xE3F, 0xE5C)))),)
_VIETNAMESE = (("ăâđêôơư", "áàãéèíìóòõúùýẻạ̣̀̉̃́"),)

# Whose alphabet is whose: the witness where it is known in which language a text should be.
_LANGUAGES = {
    **{"es": _WESTERN[0], "fr": _WESTERN[1], "de": _WESTERN[2], "pt": _WESTERN[3], "it": _WESTERN[4]},
    **dict.fromkeys(("sv", "da", "nb", "no", "nn", "fi"), _WESTERN[5]),
    **{"is": _WESTERN[6], "nl": _WESTERN[7], "ca": _WESTERN[8]},
    **{
        "pl": _CENTRAL[0],
        "cs": _CENTRAL[1],
        "sk": _CENTRAL[2],
        "hu": _CENTRAL[3],
        "ro": _CENTRAL[4],
        "sq": _CENTRAL[6],
    },
    **dict.fromkeys(("hr", "bs", "sl"), _CENTRAL[5]),
    **{"tr": _TURKISH[0], "lt": _BALTIC[0], "lv": _BALTIC[1], "et": _BALTIC[2]},
    **dict.fromkeys(("ru", "bg"), _CYRILLIC[0]),
    **{"uk": _UKRAINIAN, "be": _BELARUSIAN},
    **dict.fromkeys(("sr", "mk"), _CYRILLIC[1]),
    **dict.fromkeys(("kk", "ky", "tt"), _KAZAKH[0]),
    **{"el": _GREEK[0], "he": _HEBREW[0], "yi": _HEBREW[0], "th": _THAI[0], "vi": _VIETNAMESE[0]},
    **dict.fromkeys(("ar", "fa", "ur", "ps"), _ARABIC[0]),
}

# Scripts by their ISO code, as Unicode names their letters.
_SCRIPTS = {
    "Latn": "LATIN",
    "Cyrl": "CYRILLIC",
    "Grek": "GREEK",
    "Hebr": "HEBREW",
    "Arab": "ARABIC",
    "Thai": "THAI",
}

_FINALS = re.compile(r"[ךםןףץς](?=\w)")
_WORD = re.compile(r"[^\W\d_]{2,}")


class CodePage(NamedTuple):
    """An encoding, and how likely a text that was decoded by it is, from 0 to 1."""

    encoding: str
    weigh: Callable[[str], float]


def _by_alphabets(alphabets: tuple[tuple[str, str], ...], text: str) -> float:
    """The share of characters that the best-fitting language uses, less the words written as nobody writes them."""
    beyond = [char for char in text if char > "\x7f"]
    best = max(_rate_fit(beyond, common, rare) for common, rare in alphabets)
    words = _WORD.findall(text)
    return best - sum(map(_is_odd, words)) / max(len(words), 1)


def _is_odd(word: str) -> bool:
    """A word with a capital in its middle, of two scripts at once, or with a letter in it that only ends words."""
    if word.isascii():
        return False
    if _FINALS.search(word):
        return True
    is_mixed = any(char < "\x7f" for char in word) and any(char > "\u024f" for char in word)
    return is_mixed or not (word.islower() or word.isupper() or word[1:].islower() or word.lower() == word.upper())


def _rate_fit(beyond: list[str], common: str, rare: str) -> float:
    weights = dict.fromkeys(rare + rare.upper(), _RARE) | dict.fromkeys(_MARKS, 0.9) | dict.fromkeys(common, 1.0)
    weights |= dict.fromkeys((char.upper() for char in common if len(char.upper()) == 1), 0.95)
    return sum(weights.get(char, 0.0) for char in beyond) / max(len(beyond), 1)


def _by_rows(encoding: str, first: int, last: int, text: str) -> float:
    """The share of characters in the rows where a national standard keeps its common ones (by their lead byte)."""
    beyond = [char for char in text if char > "\x7f"]
    return sum(_row_weight(char, encoding, first, last) for char in beyond) / max(len(beyond), 1)


def _row_weight(char: str, encoding: str, first: int, last: int) -> float:
    if _is_kana(char):
        return 0.3
    if "\u3000" <= char <= "\u303f" or "\uff01" <= char <= "\uff5e" or char in _MARKS:
        return 1.0
    code = char.encode(encoding, "ignore")
    if len(code) != 2:
        return 0.2
    return 1.0 if first <= code[0] <= last else 0.4


def _is_kana(char: str) -> bool:
    return "\u3041" <= char <= "\u30fe"


def _weigh_japanese(text: str) -> float:
    """Japanese has kana between its kanji; half-width katakana are nearly always something else misread."""
    beyond = [char for char in text if char > "\x7f"]
    weight = sum(1.0 if _is_kana(char) else _row_weight(char, "shift_jis", 0x88, 0x97) for char in beyond)
    halves = sum("\uff61" <= char <= "\uff9f" for char in beyond)
    share = (weight - halves) / max(len(beyond), 1)
    return share if any(map(_is_kana, beyond)) else share * 0.6


# In case of a tie the first one wins.
CODE_PAGES = (
    CodePage("cp1252", partial(_by_alphabets, _WESTERN)),
    CodePage("cp1250", partial(_by_alphabets, _CENTRAL)),
    CodePage("cp1251", partial(_by_alphabets, _CYRILLIC)),
    CodePage("cp1253", partial(_by_alphabets, _GREEK)),
    CodePage("cp1254", partial(_by_alphabets, _TURKISH)),
    CodePage("cp1255", partial(_by_alphabets, _HEBREW)),
    CodePage("cp1256", partial(_by_alphabets, _ARABIC)),
    CodePage("cp1257", partial(_by_alphabets, _BALTIC)),
    CodePage("cp1258", partial(_by_alphabets, _VIETNAMESE)),
    CodePage("cp874", partial(_by_alphabets, _THAI)),
    CodePage("cp949", partial(_by_rows, "euc_kr", 0xB0, 0xC8)),
    CodePage("gb18030", partial(_by_rows, "gb2312", 0xB0, 0xD7)),
    CodePage("big5hkscs", partial(_by_rows, "big5", 0xA4, 0xC6)),
    CodePage("cp932", _weigh_japanese),
    CodePage("euc_jp", _weigh_japanese),
    CodePage("iso8859_2", partial(_by_alphabets, _CENTRAL)),
    CodePage("koi8_r", partial(_by_alphabets, _CYRILLIC)),
    CodePage("koi8_u", partial(_by_alphabets, _CYRILLIC)),
    CodePage("iso8859_5", partial(_by_alphabets, _CYRILLIC)),
    CodePage("cp866", partial(_by_alphabets, _CYRILLIC)),
    CodePage("iso8859_6", partial(_by_alphabets, _ARABIC)),
    CodePage("iso8859_7", partial(_by_alphabets, _GREEK)),
    CodePage("iso8859_8", partial(_by_alphabets, _HEBREW)),
    CodePage("iso8859_9", partial(_by_alphabets, _TURKISH)),
    CodePage("cp852", partial(_by_alphabets, _CENTRAL)),
    CodePage("cp850", partial(_by_alphabets, _WESTERN)),
    CodePage("mac_roman", partial(_by_alphabets, _WESTERN)),
    CodePage("mac_latin2", partial(_by_alphabets, _CENTRAL)),
    CodePage("mac_cyrillic", partial(_by_alphabets, _CYRILLIC)),
    CodePage("mac_greek", partial(_by_alphabets, _GREEK)),
    CodePage("mac_turkish", partial(_by_alphabets, _TURKISH)),
    CodePage("cp862", partial(_by_alphabets, _HEBREW)),
    CodePage("cp737", partial(_by_alphabets, _GREEK)),
    CodePage("cp869", partial(_by_alphabets, _GREEK)),
    CodePage("cp855", partial(_by_alphabets, _CYRILLIC)),
    CodePage("cp1125", partial(_by_alphabets, _CYRILLIC)),
    CodePage("cp857", partial(_by_alphabets, _TURKISH)),
    CodePage("cp775", partial(_by_alphabets, _BALTIC)),
    CodePage("iso8859_4", partial(_by_alphabets, _BALTIC)),
    CodePage("iso8859_13", partial(_by_alphabets, _BALTIC)),
    CodePage("cp720", partial(_by_alphabets, _ARABIC)),
    CodePage("iso8859_15", partial(_by_alphabets, _WESTERN)),
    CodePage("cp860", partial(_by_alphabets, _WESTERN)),
    CodePage("cp861", partial(_by_alphabets, _WESTERN)),
    CodePage("cp863", partial(_by_alphabets, _WESTERN)),
    CodePage("cp865", partial(_by_alphabets, _WESTERN)),
    CodePage("mac_iceland", partial(_by_alphabets, _WESTERN)),
    CodePage("mac_croatian", partial(_by_alphabets, _CENTRAL)),
    CodePage("mac_romanian", partial(_by_alphabets, _CENTRAL)),
    CodePage("iso8859_16", partial(_by_alphabets, _CENTRAL)),
    CodePage("kz1048", partial(_by_alphabets, _KAZAKH)),
    CodePage("ptcp154", partial(_by_alphabets, _KAZAKH)),
)


def recognise_code_page(data: bytes, locale: str | None = None) -> tuple[str, bool]:
    """The code page that bytes which are not Unicode were written in, and whether that is more than a guess.

    Where ``locale`` says in which language the text should be, the page wins that gives this language's letters; only
    where none does, the one that gives any language's.
    """
    sample = _take_sample(data)
    alphabet = _LANGUAGES.get(locale.split("-")[0].lower()) if locale else None
    if alphabet:
        encoding, weight = _find_heaviest(sample, partial(_by_alphabets, (alphabet,)))
        if weight >= _GOOD:
            return encoding, True
    encoding, weight = _find_heaviest(sample)
    if weight >= _GOOD:
        # Damaged Spanish gives the finest Chinese: letters that a language is not written in are no more than a guess.
        return encoding, not locale or _is_written_as(sample.decode(encoding, "ignore"), locale)
    return _ask_normalizer(data) or "cp1252", False


def _is_written_as(text: str, locale: str) -> bool:
    """Whether most letters beyond ASCII are of the script that a language is written in; True where that is unknown."""
    name = _SCRIPTS.get(script(locale))
    letters = [char for char in text if char > "\x7f" and char.isalpha()]
    return not name or 2 * sum(unicodedata.name(char, "").startswith(name) for char in letters) >= len(letters)


def has_alphabet(locale: str) -> bool:
    """Whether the letters of a language are known here."""
    return locale.split("-", maxsplit=1)[0].lower() in _LANGUAGES


def weigh_language(text: str, locale: str) -> float:
    """How likely a text is in a language, by its letters beyond ASCII: 0 to 1, and 0 for a language without a table."""
    alphabet = _LANGUAGES.get(locale.split("-", maxsplit=1)[0].lower())
    return _by_alphabets((alphabet,), text) if alphabet else 0.0


def _find_heaviest(sample: bytes, weigh: Callable[[str], float] | None = None) -> tuple[str, float]:
    """The page whose text weighs most, by a measure of its own or by one for all. In case of a tie the first."""
    weighed = [(_weigh_page(page, sample, weigh or page.weigh), -number) for number, page in enumerate(CODE_PAGES)]
    weight, number = max(weighed)
    return CODE_PAGES[-number].encoding, weight


def _take_sample(data: bytes) -> bytes:
    """Whole lines that hold something beyond ASCII, up to a limit."""
    lines: list[bytes] = []
    size = 0
    for line in data[: 64 * _SAMPLE_BYTES].split(b"\n"):
        if not line.isascii():
            lines.append(line[:_SAMPLE_BYTES])
            size += len(line)
        if size >= _SAMPLE_BYTES:
            break
    return b"\n".join(lines)


def _weigh_page(page: CodePage, sample: bytes, weigh: Callable[[str], float]) -> float:
    try:
        return weigh(sample.decode(page.encoding))
    except UnicodeDecodeError:
        return 0.0


def _ask_normalizer(data: bytes) -> str | None:
    """charset-normalizer's word."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[: 64 * _SAMPLE_BYTES]).best()
    return best.encoding if best else None
