"""Text that was encoded twice: UTF-8 that somebody read in a code page and saved as UTF-8 again (``trÃ¨s``).

It is valid UTF-8, and so nothing else notices. Turned back into the code page's bytes it is valid UTF-8 once more,
which text that was written as it stands practically never is: that is the proof.
"""

from __future__ import annotations

import re

from polyreel.errors.wording import spell_count
from polyreel.subtitles.codepages import has_alphabet, weigh_language
from polyreel.subtitles.model import Note

# cp1252 with the five bytes that it leaves empty: most programs pass them through.
_WINDOWS = {ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)): byte for byte in range(0x80, 0x100)}
_OTHERS = ("cp1251", "cp1250", "cp1254", "cp1253", "mac_roman", "cp437", "cp850", "koi8_r", "cp1256", "iso8859_2")
_RARE = ("cp1255", "cp1257", "cp1258", "cp866", "cp852", "cp932")
# They read two bytes as one sign, so that nothing gets shorter: only the length of what fits is a proof.
_WIDE = ("gb18030", "cp949", "big5hkscs", "euc_jp")
_WIDE_PROOF = 12
_TIMES = 3
_FEW = 3
# Hangul, Han and half-width katakana: what other letters become in the code pages of East Asia.
_SIGNS = "\u3400-\u9fff\uac00-\ud7a3\uff61-\uff9f\U00020000-\U0002ffff"
_STRANGE = re.compile(f"[{_SIGNS}\ufffd]")
# One or two of them in a word of an alphabet ("Ma챰ana"). Chinese around a foreign word is longer.
_WITHIN_WORDS = re.compile(
    f"(?:(?<=[a-zß-ÿа-я])|(?<![{_SIGNS}\ufffd\\w]))[{_SIGNS}\ufffd]{{1,3}}(?=[a-zß-ÿа-я])"
    f"|(?<=[a-zß-ÿа-я])[{_SIGNS}\ufffd]{{1,3}}(?![{_SIGNS}\ufffd])"
)
# Signs that could not even be kept, beside some that were.
_LOST = re.compile(f"[{_SIGNS}]\ufffd|\ufffd[{_SIGNS}]")
_WRITTEN_SO = frozenset({"zh", "yue", "ja", "ko", "cmn", "nan", "wuu"})
# What hardly anybody's subtitles are written in (Azerbaijani's ə and pinyin's vowels left out). A letter and a no-break
# space, or a quotation mark, are the two bytes of some sign: Arabic and Greek letters would become N'Ko or phonetics.
_UNHEARD_OF = re.compile(
    "[\u0180-\u018e\u0190-\u0191\u0193-\u019f\u01a2-\u01ae\u01b1-\u01cc\u01dd-\u0217\u021c-\u0258\u025a-\u02af"
    "\u0370-\u0373\u0376-\u0379\u03cf-\u03ff\u0460-\u048f\u0700-\u08ff\u1680-\u177f\u1800-\u1dff\ua000-\uabff\ue000-\uf8ff]"
)
# The signs that any page of Chinese, Japanese or Korean has most of: what was misread seldom has them.
_USUAL = re.compile(
    "[\u3041-\u30ff的一是不了在人有我他她这這你们們来來大个個好就说說会會이다는은을를가에고지하의어니요]"
)
_USUAL_SHARE = 0.12
_LEAST_STRANGE = 2
_FOREIGN = 0.3
# What UTF-8's accents and quotation marks look like in cp1252. An Ã before a quotation mark is Portuguese in capitals.
_TRACES = re.compile(
    "[ÃÂ][\x80-\xbf\u0152-\u0161\u017d-\u0192\u02c6\u2030\u20ac\u2122]|â€[\x80-\xbf\u0152-\u2122\ufffd]"
    # Other scripts: three letters of two bytes in a row (Ð”Ð¾Ð±), or two of three bytes (ã‚ãª).
    "|(?:[Ä-ÅÎ-Ñ×-Û][\x80-\xbf\u0152-\u0161\u017d-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122\ufffd]){3}"
    "|(?:[à-ï][\x80-\xbf\u0152-\u0161\u017d-\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122\ufffd]{2}){2}"
)
# The mark that begins a UTF-8 file, read in a code page: in front of a number or a time it makes text of it.
_MARKS = re.compile("^(?:ï»¿|п»ї|ď»ż|ο»Ώ|ן»¿|ļ»æ|∩╗┐|Ôªø|锘[縩縚]?)", re.MULTILINE)


def undo_double_encoding(text: str, locale: str | None = None) -> tuple[str, tuple[Note, ...]]:
    """The text as it was meant, and a note; traces that can't be undone are noted as ``repaired``, with their line.

    ``locale`` is the language that the text should be in: where several code pages explain it, its letters decide.
    """
    if text.isascii():
        return text, ()
    text = _MARKS.sub("\ufeff", text)
    for _ in range(_TIMES):
        found = _undo_once(text, locale)
        if found is None:
            break
        text, by = found
        note = Note(
            "noted", "double_encoding", f"UTF-8 that was encoded twice (by way of {by}) read as it was meant", 1
        )
        if _undo_once(text, locale) is None:
            return text, (note,)
    text, notes = _line_by_line(text)
    return text, notes or _note_what_stays(text, locale)


def _note_what_stays(text: str, locale: str | None) -> tuple[Note, ...]:
    """A note of text that reads as if it had been encoded twice, and that no code page explains."""
    strange = len(_STRANGE.findall(text))
    if strange < _LEAST_STRANGE or not (_has_lost_signs(text, strange) or _has_strange_signs(text, strange, locale)):
        return ()
    first = _STRANGE.search(text)
    line = text.count("\n", 0, first.start()) + 1 if first else 1
    message = "text that looks as if it was encoded twice, by a way that can't be undone"
    return (Note("repaired", "double_encoding", message, line),)


def _has_lost_signs(text: str, strange: int) -> bool:
    """Whether that is more than the damage of a few places."""
    lost = len(_LOST.findall(text))
    return lost >= _LEAST_STRANGE and 20 * lost > strange


def _has_strange_signs(text: str, strange: int, locale: str | None) -> bool:
    """Whether Chinese or Korean signs stand within words of an alphabet, or in the place of a language's letters.

    Where nobody says the language, it may be one that is written so ("iPhone発売"): only lost signs tell otherwise.
    """
    if "\ufffd" not in text if locale is None else locale.partition("-")[0].lower() in _WRITTEN_SO:
        return False
    if 2 * sum(len(found[0]) for found in _WITHIN_WORDS.finditer(text)) >= strange:
        return True
    if len(_USUAL.findall(text)) >= _USUAL_SHARE * strange and "\ufffd" not in text:
        return False  # a file of another language, which is told as such
    latin = sum(letter.isascii() and letter.isalpha() for letter in text)  # a film that teaches Chinese has many
    return (
        locale is not None and has_alphabet(locale) and 4 * latin < strange and weigh_language(text, locale) < _FOREIGN
    )


def _undo_once(text: str, locale: str | None) -> tuple[str, str] | None:
    """The text one encoding back, and the code page that it went through."""
    pages = ("cp1252", *_OTHERS, *_RARE, *_WIDE)
    found = ((page, _reencode(text, page)) for page in pages)
    meant = [(back, page) for page, back in found if back and _is_proof(text, back, page, locale)]
    if len(meant) < 2 or not locale:
        return meant[0] if meant else None
    return max(meant, key=lambda each: weigh_language(each[0], locale))


def _is_proof(text: str, back: str, page: str, locale: str | None) -> bool:
    """Whether what came out can't be chance: shorter than before, and without control characters."""
    before, after = _beyond_ascii(text), _beyond_ascii(back)
    if not after or re.search("[\x80-\x9f\ufffd]", back) or _UNHEARD_OF.search(back):
        return False
    if _WITHIN_WORDS.search(back) and not _WITHIN_WORDS.search(text):  # a French word's end: "caf\xe9\xa0\xbb"
        return False
    letters = sum(char >= "\u0800" and char.isalpha() for char in back)
    if letters == after < _FEW and page != "cp1252":  # a letter and two marks ("з… :") are three bytes of some sign
        return False
    if page in _WIDE:
        is_other = locale is not None and weigh_language(back, locale) > 0.9 > weigh_language(text, locale)
        return before >= (_WIDE_PROOF // 4 if is_other else _WIDE_PROOF)
    least = 1 if page == "cp1252" and _TRACES.search(text) else 3 if page in {"cp1252", *_RARE} else 2
    return before - after >= least


def _reencode(text: str, encoding: str) -> str | None:
    try:
        data = text.translate(_WINDOWS).encode("latin-1") if encoding == "cp1252" else text.encode(encoding)
        return data.decode("utf-8")
    except UnicodeError:
        return None


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _line_by_line(text: str) -> tuple[str, tuple[Note, ...]]:
    """A file that was put together from two: only the lines with traces are turned back."""
    if not _TRACES.search(text):
        return text, ()
    lines, notes = text.split("\n"), []
    for at, line in enumerate(lines):
        if not _TRACES.search(line):
            continue
        # An editor may have made a plain space of the no-break space that is the second half of an à.
        found = _reencode(line, "cp1252") or _reencode(line.replace("Ã ", "Ã\xa0"), "cp1252")
        lines[at] = found or line
        notes.append("" if found else f"line {at + 1}")
    first = next((at for at, line in enumerate(text.split("\n"), 1) if _TRACES.search(line)), 1)
    bad = [place for place in notes if place]
    if bad:
        message = (
            f"text that was encoded twice and can't be read back, on {spell_count(len(bad), 'line')} (first: {bad[0]})"
        )
        return "\n".join(lines), (Note("repaired", "double_encoding", message, int(bad[0].split()[1])),)
    message = f"UTF-8 that was encoded twice is read as it was meant, on {spell_count(len(notes), 'line')}"
    return "\n".join(lines), (Note("noted", "double_encoding", message, first),)
