"""The figures that subtitles are checked against, and where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType

from polyreel.errors import InvalidJob


@dataclass(frozen=True, slots=True)
class ScriptLimits:
    """What one language's readers take: characters per line and per second.

    ``halves`` counts half-width characters as one half, as the guides for Japanese, Korean and Chinese do.
    ``captions_per_second`` is for captions, where the house has another figure for them. Infinity is a figure that
    the house does not name.
    """

    line: float
    per_second: float
    halves: bool = False
    captions_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One house's figures. Times in milliseconds; a None is a figure that the house does not name."""

    name: str
    default: ScriptLimits
    languages: Mapping[str, ScriptLimits] = field(default_factory=dict)
    lines: int = 2
    shortest_ms: int | None = None
    shortest_ms_per_word: int | None = None
    longest_ms: int | None = None
    gap_frames: int | None = None
    gap_ms: int | None = None
    may_touch: bool = False

    def find_limits(self, locale: str) -> ScriptLimits:
        """The figures for a locale, by its language."""
        return self.languages.get(locale.replace("_", "-").split("-")[0].lower(), self.default)


# Netflix, Timed Text Style Guide. General requirements: 5/6 s to 7 s, two frames apart, two lines. Language guides:
# 42 characters per line, 17 per second in subtitles and 20 in SDH unless named here (adult programmes).
NETFLIX = Profile(
    name="netflix",
    default=ScriptLimits(line=42, per_second=17, captions_per_second=20),
    languages=MappingProxyType(
        {
            "ar": ScriptLimits(line=42, per_second=20, captions_per_second=23),
            "en": ScriptLimits(line=42, per_second=20),
            "hi": ScriptLimits(line=42, per_second=22, captions_per_second=25),
            "ja": ScriptLimits(line=13, per_second=4, halves=True, captions_per_second=7),
            "ko": ScriptLimits(line=16, per_second=12, halves=True, captions_per_second=14),
            "ru": ScriptLimits(line=39, per_second=17, captions_per_second=20),
            "th": ScriptLimits(line=35, per_second=17, captions_per_second=20),
            "yue": ScriptLimits(line=16, per_second=9, halves=True, captions_per_second=11),
            "zh": ScriptLimits(line=16, per_second=9, halves=True, captions_per_second=11),
        }
    ),
    lines=2,
    shortest_ms=833,
    longest_ms=7000,
    gap_frames=2,
)

# BBC, Subtitle Guidelines: at most 37 characters (Teletext) and two lines, 160 to 180 words per minute, at least 0.3 s
# per word, gaps of a second or none. 180 words of five letters and a space in a minute are 18 characters per second.
# For scripts the BBC does not speak of, the widths are the same measure in full-width characters.
BBC = Profile(
    name="bbc",
    default=ScriptLimits(line=37, per_second=18),
    languages=MappingProxyType(
        {language: ScriptLimits(line=18.5, per_second=9, halves=True) for language in ("ja", "ko", "yue", "zh")}
    ),
    lines=2,
    shortest_ms_per_word=300,
    gap_ms=1000,
    may_touch=True,
)

# EBU Tech 3264 and EBU-TT-D carry what teletext shows: rows of 40 cells, three of which are control codes. It sets no
# reading speed; each broadcaster has its own.
EBU = Profile(name="ebu", default=ScriptLimits(line=37, per_second=inf), lines=2, may_touch=True)

# DCMP, Captioning Guidelines: lines of 32 characters, 150 to 160 words per minute for adults (160 words of five letters
# and a space are 16 characters per second), no caption for less than two seconds.
DCMP = Profile(name="dcmp", default=ScriptLimits(line=32, per_second=16), lines=2, shortest_ms=2000, may_touch=True)

# No house: only what no player can show, cues that overlap or are shown for no time.
PLAIN = Profile(name="plain", default=ScriptLimits(line=inf, per_second=inf), lines=100, may_touch=True)

PROFILES: Mapping[str, Profile | None] = MappingProxyType(
    {"netflix": NETFLIX, "bbc": BBC, "ebu": EBU, "dcmp": DCMP, "plain": PLAIN, "none": None}
)


def profile_named(name: str) -> Profile | None:
    """The profile of a name; None for ``none``. Raises InvalidJob (``unknown_profile``)."""
    if name not in PROFILES:
        raise InvalidJob(
            f"no subtitle profile is called {name!r}",
            code="unknown_profile",
            where="subtitles.profile",
            remedy=f"Known are {', '.join(PROFILES)}.",
        )
    return PROFILES[name]
