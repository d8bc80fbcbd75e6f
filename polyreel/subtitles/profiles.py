"""The figures that subtitles are checked against, and where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from polyreel.errors import InvalidJob


@dataclass(frozen=True, slots=True)
class ScriptLimits:
    """What one language's readers take: characters per line and per second.

    ``halves`` counts half-width characters as one half, as the guides for Japanese, Korean and Chinese do.
    """

    line: float
    per_second: float
    halves: bool = False


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

    def limits(self, locale: str) -> ScriptLimits:
        """The figures for a locale, by its language."""
        return self.languages.get(locale.replace("_", "-").split("-")[0].lower(), self.default)


# Netflix, Timed Text Style Guide. General requirements: 5/6 s to 7 s, two frames apart, two lines. Language guides:
# 42 characters per line and 17 per second unless named here (adult programmes, subtitles).
NETFLIX = Profile(
    name="netflix",
    default=ScriptLimits(line=42, per_second=17),
    languages=MappingProxyType(
        {
            "ar": ScriptLimits(line=42, per_second=20),
            "en": ScriptLimits(line=42, per_second=20),
            "hi": ScriptLimits(line=42, per_second=22),
            "ja": ScriptLimits(line=13, per_second=4, halves=True),
            "ko": ScriptLimits(line=16, per_second=12, halves=True),
            "ru": ScriptLimits(line=39, per_second=17),
            "th": ScriptLimits(line=35, per_second=17),
            "yue": ScriptLimits(line=16, per_second=9, halves=True),
            "zh": ScriptLimits(line=16, per_second=9, halves=True),
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

PROFILES: Mapping[str, Profile | None] = MappingProxyType({"netflix": NETFLIX, "bbc": BBC, "none": None})


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
