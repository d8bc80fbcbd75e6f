"""What happens to a language whose checks fail, and how strict they are."""

from __future__ import annotations

from math import inf
from typing import Literal, Self

from pydantic import Field, model_validator

from polyreel.job.values import Asked, LeastVoice


class Limit(Asked):
    """From where on a check warns, and from where on it fails. What is left out is as the profile has it."""

    # What is no number is beyond nothing: the check would always pass.
    warn: float | None = Field(default=None, allow_inf_nan=False, title="Warn", description="Beyond this it warns.")
    fail: float | None = Field(default=None, allow_inf_nan=False, title="Fail", description="Beyond this it fails.")


# Of these a low figure is bad, of the others a high one.
_LEAST = ("language", "accent", "one_voice", "speech_quality", "speech_over_background", "line_noise")

# What a check can measure at all. A limit outside warns always or never, and was meant otherwise: in another unit.
_SHARES = (
    *("silent_lines", "clipped_speech", "line_clipping"),
    *("language", "accent", "one_voice"),
)
_FROM_ZERO = ("loudness", "loudness_range", "speech_window", "line_timing", "line_loudness", "back_transcription")
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(_SHARES, (0.0, 1.0)),
    **dict.fromkeys(_FROM_ZERO, (0.0, inf)),
    "speech_quality": (1.0, 5.0),
}


def _make_limit_field(title: str, description: str) -> Limit | None:
    found: Limit | None = Field(default=None, title=title, description=description)
    return found


class CheckLimits(Asked):
    """Limits of single checks, by their names in the outcome. What is not named here is as the profile has it."""

    loudness: Limit | None = _make_limit_field("Loudness", "LU away from the target.")
    loudness_range: Limit | None = _make_limit_field("Loudness range", "LU.")
    background_speech: Limit | None = _make_limit_field(
        "Background speech", "The original's speech that is left, in dB: -20."
    )
    speech_window: Limit | None = _make_limit_field("Speech window", "Milliseconds of speech where no line is due.")
    silent_lines: Limit | None = _make_limit_field("Silent lines", "The share of lines that may be missing, 0 to 1.")
    clipped_speech: Limit | None = _make_limit_field(
        "Clipped speech", "The share of lines that may be cut off, 0 to 1."
    )
    line_timing: Limit | None = _make_limit_field("Line timing", "Milliseconds that a line may be early or late.")
    line_loudness: Limit | None = _make_limit_field(
        "Line loudness", "dB that a line may be softer or louder than the others."
    )
    speech_over_background: Limit | None = _make_limit_field(
        "Speech over background", "dB that a line has to be above what is under it."
    )
    line_noise: Limit | None = _make_limit_field("Line noise", "dB that a line has to be above its own hiss.")
    line_clipping: Limit | None = _make_limit_field(
        "Line clipping", "The share of a line's loud samples at its peak, 0 to 1."
    )
    back_transcription: Limit | None = _make_limit_field(
        "Back-transcription", "Errors per word or sign that was heard: 0.15."
    )
    language: Limit | None = _make_limit_field("Language", "The least probability of the dub's language, 0 to 1.")
    accent: Limit | None = _make_limit_field(
        "Accent", "The least probability of the language in a single line, 0 to 1."
    )
    one_voice: Limit | None = _make_limit_field("One voice", "How like its speaker's others a line has to be, 0 to 1.")
    speech_quality: Limit | None = _make_limit_field(
        "Speech quality", "The least vote, 1 to 5, whatever the original's is."
    )

    @model_validator(mode="after")
    def _within_what_is_measured(self) -> Self:
        for name, (least, most) in _RANGES.items():
            limit: Limit | None = getattr(self, name)
            if limit is None:
                continue
            for half, asked in (("warn", limit.warn), ("fail", limit.fail)):
                if asked is not None and not least <= asked <= most:
                    between = f"{least:g} to {most:g}" if most < inf else f"{least:g} or more"
                    unit = type(self).model_fields[name].description
                    raise ValueError(f"{name}: `{half}` is {asked:g}, and has to be {between}: {unit}")
        return self

    @model_validator(mode="after")
    def _fail_beyond_warn(self) -> Self:
        for name in type(self).model_fields:
            limit: Limit | None = getattr(self, name)
            if limit is None or limit.warn is None or limit.fail is None:
                continue
            if (limit.fail > limit.warn) if name in _LEAST else (limit.fail < limit.warn):
                way = "at most" if name in _LEAST else "at least"
                raise ValueError(f"{name}: `fail` is the worse of both: {way} what `warn` is, {limit.warn:g}")
        return self


class Quality(Asked):
    """What happens to a language whose checks fail, and how strict they are."""

    on_fail: Literal["deliver", "hold", "fail"] = Field(
        default="deliver",
        title="When a check fails",
        description="deliver: it goes out all the same. hold: it waits for a person. fail: it is not delivered.",
    )
    mend: bool = Field(
        default=False,
        title="Mend",
        description="Lines that fail a check are mended once each: shortened by the translator, or said by another "
        "voice; cues as `subtitles.mend`. Nothing that a person approved or edited. For dubs made on this machine.",
    )
    min_voice: LeastVoice | None = Field(
        default=None,
        title="Least voice",
        description="Optional: refuse languages whose voice on this machine was understood worse than that.",
    )
    limits: CheckLimits | None = Field(
        default=None, title="Limits", description="Optional: limits of single checks, in place of the profile's."
    )

    @property
    def asked_limits(self) -> dict[str, dict[str, float]]:
        """What the job says of limits, and nothing else: part of the key of what was checked."""
        found: dict[str, dict[str, float]] = self.limits.model_dump(exclude_none=True) if self.limits else {}
        return {name: limit for name, limit in found.items() if limit}
