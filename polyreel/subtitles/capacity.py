"""Can a format carry a language at all? Known before anything is bought or spoken: line 21 has Latin letters alone."""

from __future__ import annotations

from collections.abc import Collection

from polyreel.errors import SubtitleError
from polyreel.locales import english_name
from polyreel.subtitles.convert import write
from polyreel.subtitles.formats.base import excerpt
from polyreel.subtitles.formats.registry import FORMATS
from polyreel.subtitles.model import Track

# Formats that have an alphabet of their own; all others are Unicode.
_LATIN_ONLY = frozenset({"scc"})


def require_carried(formats: Collection[str], locale: str, track: Track | None = None) -> None:
    """Refuse a format that has no letters for a language, or for the words of its script.

    Raises SubtitleError (``format_cannot_carry``).
    """
    from langcodes import Language

    for name in _LATIN_ONLY.intersection(formats):
        if Language.get(locale).maximize().script != "Latn":
            raise _refuse(name, locale, f"has no letters for {english_name(locale)}")
        dropped = [note for note in write(track, name, locale=locale).notes if note.kind == "dropped"] if track else []
        if dropped:
            raise _refuse(name, locale, f"can't carry the script: {excerpt(dropped[0].message, 120)}")


def _refuse(name: str, locale: str, why: str) -> SubtitleError:
    return SubtitleError(
        f"{FORMATS[name].title} {why}",
        code="format_cannot_carry",
        where=locale,
        remedy=f"Leave {name} out of `subtitles.formats`, or give this language a job of its own; imsc carries it.",
    )
