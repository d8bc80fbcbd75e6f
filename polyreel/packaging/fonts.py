"""Which font on this machine can show a text: subtitles that are burned into a picture can't borrow a viewer's."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from polyreel import locales
from polyreel.errors import InvalidJob
from polyreel.machine import home

_SUFFIXES = frozenset({".ttf", ".otf", ".ttc", ".otc"})
_SYSTEM = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
)
_CJK = frozenset({"Jpan", "Hira", "Kana", "Hans", "Hant", "Hani", "Bopo", "Kore", "Hang"})
# Of several that can, the plain one of a family is wanted.
_UNUSUAL = ("mono", "italic", "oblique", "bold", "condensed", "light", "thin", "black", "serif", "math")


@dataclass(frozen=True, slots=True)
class Font:
    """A font as libass asks for it: its family, and the folder that holds its file.

    ``line`` is the height of a line in ems: libass fits *that* into a size, and draws what has tall lines small.
    """

    family: str
    file: Path
    line: float = 1.0


def choose_font(text: str, locale: str) -> Font:
    """The plainest font that has every letter of a text. Raises InvalidJob (``missing_font``), which names the script
    and the letters that no font has."""
    wanted = letters_of(text)
    best: tuple[int, str] | None = None
    for file in font_files():
        lacking = wanted - _read_letters(file)
        if not lacking:
            return Font(_read_family(file), file, _line_height(file))
        if best is None or len(lacking) < best[0]:
            best = len(lacking), "".join(sorted(map(chr, lacking))[:10])
    raise InvalidJob(
        f"no font on this machine shows {locales.english_name(locale)} ({locales.script(locale)})"
        + (f": the nearest lacks {best[1]}" if best else ""),
        code="missing_font",
        where=f"masters: burned, {locale}",
        remedy=f"Install one (Debian: `apt install {package_of(locale)}`), "
        f"or put its file into {home.home() / 'fonts'}.",
    )


def package_of(locale: str) -> str:
    """The Debian package with fonts for a locale's script."""
    return "fonts-noto-cjk" if locales.script(locale) in _CJK else "fonts-noto-core"


def letters_of(text: str) -> frozenset[int]:
    """What has to be drawn: letters, marks, digits and signs; no blanks, no invisible controls."""
    return frozenset(ord(one) for one in text if unicodedata.category(one)[0] not in "ZC")


def font_files() -> tuple[Path, ...]:
    """Every font file: the user's own, then the system's, of each the plainest first."""
    own, system = home.home() / "fonts", [Path(each).expanduser() for each in _SYSTEM]
    found = [path for folder in (own, *system) if folder.is_dir() for path in _find_below(folder)]
    return tuple(sorted(dict.fromkeys(found), key=lambda path: (not path.is_relative_to(own), _rank_oddity(path))))


def _find_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in sorted(names) if Path(name).suffix.lower() in _SUFFIXES)


def _rank_oddity(path: Path) -> int:
    return sum(word in path.stem.lower() for word in _UNUSUAL)


@cache
def _read_letters(file: Path) -> frozenset[int]:
    from fontTools.ttLib import TTLibError

    try:
        with _open_fonts(file) as found:
            return frozenset(code for font in found for code in font.getBestCmap() or ())
    # fontTools asserts where a font is damaged.
    except (TTLibError, OSError, KeyError, AssertionError):
        return frozenset()  # a file that is no font shows nothing


@contextmanager
def _open_fonts(file: Path) -> Iterator[list[Any]]:
    # Here, and not above: only who burns texts in has to wait for the library.
    from fontTools.ttLib import TTCollection, TTFont

    with file.open("rb") as source:
        is_many = file.suffix.lower() in {".ttc", ".otc"}
        yield list(TTCollection(source, lazy=True).fonts) if is_many else [TTFont(source, lazy=True)]


@cache
def _read_family(file: Path) -> str:
    with _open_fonts(file) as found:
        names = found[0]["name"]
        # 16 is the family as people know it; 1, the older name, has the weight in it.
        return str(names.getDebugName(16) or names.getDebugName(1) or file.stem)


@cache
def _line_height(file: Path) -> float:
    """As libass takes it: Windows' own ascent and descent, else those of the horizontal header."""
    with _open_fonts(file) as found:
        font = found[0]
        marks = font.get("OS/2", None)
        height = marks.usWinAscent + marks.usWinDescent if marks else 0
        height = height or font["hhea"].ascent - font["hhea"].descent
        return float(height / font["head"].unitsPerEm)
