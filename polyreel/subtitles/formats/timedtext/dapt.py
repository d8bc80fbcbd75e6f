"""DAPT (W3C, Dubbing and Audio description Profiles of TTML2): scripts with who speaks, in several languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from polyreel.subtitles.formats.base import Notes
from polyreel.subtitles.formats.timedtext.names import DAPT_METADATA, ttp
from polyreel.subtitles.model import Cue


def daptm(name: str) -> str:
    """An attribute of DAPT's own."""
    return f"{{{DAPT_METADATA}}}{name}"


def is_dapt(root: Any) -> bool:
    """Whether a document says that it is a DAPT script."""
    return "/dapt1" in root.get(ttp("contentProfiles"), "") or root.get(daptm("scriptType")) is not None


def is_on_screen_text(element: Any) -> bool:
    """Whether an event is text in the picture: what a forced subtitle is for."""
    return str(element.get(daptm("represents"), "")).startswith("visual.text")


def choose_language(found: Sequence[tuple[Cue, str]], wanted: str, notes: Notes) -> list[Cue]:
    """The cues in one language, where a script holds an original beside its translations.

    ``wanted`` is the locale that is asked for, else the script's own. Where no cue is in it, all are kept.
    """
    counts = Counter(_find_language(locale) for _, locale in found)
    chosen = _find_language(wanted)
    if len(counts) < 2 or not counts[chosen]:
        return [cue for cue, _ in found]
    for other in sorted(counts.keys() - {chosen}):
        notes.note_reading(
            "languages", 0, f"read in {chosen}; {counts[other]} texts in {other or 'no language'} left out"
        )
    return [cue for cue, locale in found if _find_language(locale) == chosen]


def _find_language(locale: str) -> str:
    return locale.replace("_", "-").split("-")[0].lower()
