"""What a track of a package is for, in the words of HLS (CHARACTERISTICS) and of DASH (Role, Accessibility)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from polyreel import locales

Role: TypeAlias = Literal["original", "dub", "voiceover", "description", "subtitles", "captions", "forced"]
"""Sounds: the original, a dub, a voice-over, an audio description. Texts: subtitles (dialogue), captions (sounds and
speakers too), forced (signs and foreign lines, shown without being asked for)."""

# Apple's media characteristics (AVMediaCharacteristic), which HLS takes over in CHARACTERISTICS.
_MACHINE = "public.machine-generated"
_TRANSLATION = "public.translation"
_CHARACTERISTICS: dict[Role, tuple[str, ...]] = {
    "original": ("public.original-content",),
    "dub": (_TRANSLATION, "public.translation.dubbed"),
    "voiceover": (_TRANSLATION, "public.translation.voice-over"),
    "description": ("public.accessibility.describes-video",),
    "captions": (
        "public.accessibility.transcribes-spoken-dialog",
        "public.accessibility.describes-music-and-sound",
    ),
}
# Of urn:mpeg:dash:role:2011 (ISO/IEC 23009-1, table 33). A voice-over has none of its own there.
_ROLES: dict[Role, str] = {
    "original": "main",
    "dub": "dub",
    "voiceover": "dub",
    "description": "description",
    "subtitles": "subtitle",
    "captions": "caption",
    "forced": "forced-subtitle",
}
# TV-Anytime's purposes, as DVB-DASH and the DASH-IF name them: 1 for people who don't see, 2 for people who don't hear.
_PURPOSES: dict[Role, str] = {
    "description": "urn:tva:metadata:cs:AudioPurposeCS:2007=1",
    "captions": "urn:tva:metadata:cs:AudioPurposeCS:2007=2",
}
_NAMED: dict[Role, str] = {"description": "AD", "captions": "CC", "voiceover": "VO", "forced": "Forced"}
_TEXTS: frozenset[Role] = frozenset({"subtitles", "captions", "forced"})


@dataclass(frozen=True, slots=True)
class Rendition:
    """A language's sound (a file with AAC) or text (a WebVTT file). The first of a list is the default one.

    ``is_machine_made``: spoken or translated by a machine, and by nobody else.
    """

    path: Path
    locale: str
    title: str = ""
    role: Role = "dub"
    is_machine_made: bool = False
    is_translation: bool = True

    @property
    def name(self) -> str:
        """What players show: the language in its own words, and what the track is where that is not the usual."""
        title = self.title or locales.own_name(self.locale)
        return f"{title} ({_NAMED[self.role]})" if self.role in _NAMED and not self.title else title

    @property
    def file_name(self) -> str:
        """Unlike that of any other track of its kind: ``es-ES``, ``es-ES-captions``."""
        tag = locales.canonical(self.locale)
        return f"{tag}-{self.role}" if self.role in _NAMED else tag

    @property
    def characteristics(self) -> tuple[str, ...]:
        """For HLS's CHARACTERISTICS."""
        found = _CHARACTERISTICS.get(self.role, ())
        if self.role in _TEXTS and self.is_translation:
            found = (_TRANSLATION, *found)
        return (*found, _MACHINE) if self.is_machine_made else found

    @property
    def dash_role(self) -> str:
        """For DASH's Role."""
        return _ROLES[self.role]

    @property
    def accessibility(self) -> str:
        """For DASH's Accessibility, ``scheme=value``; "" for none."""
        return _PURPOSES.get(self.role, "")
