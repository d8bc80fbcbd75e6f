"""The words that a job's fields share: locales, names, places, and the strict model that they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from polyreel import locales

Mix = Literal["dub", "voiceover", "speech_only"]
SubtitleFormat = Literal["srt", "vtt", "ttml", "imsc", "ebu-tt-d", "netflix", "dapt", "scc", "txt", "docx"]
ScriptFormat = Literal["srt", "vtt", "ttml", "imsc", "dapt", "txt", "docx", "json"]
SubtitleProfile = Literal["netflix", "bbc", "ebu", "dcmp", "plain", "none"]
SubtitleKind = Literal["subtitles", "captions", "forced"]
LoudnessTarget = Literal["source", "ebu", "atsc", "netflix", "web", "podcast"]
LoudnessAsked = Literal["auto", "source", "ebu", "atsc", "netflix", "web", "podcast"]
SoundContainer = Literal["m4a", "mp3", "wav"]
Separation = Literal["auto", "given", "learned", "ducked"]
VoiceKind = Literal["auto", "neural", "basic"]
LeastVoice = Literal["good", "fair", "robotic"]


def _locale(value: str) -> str:
    # pydantic shows a ValueError at its field; our own error would stop at the first one.
    from polyreel.errors import InvalidJob

    try:
        return locales.canonical(value)
    except InvalidJob as error:
        raise ValueError(f"{error.message} {error.remedy}") from None


_EMBEDDED = re.compile(r"embedded(?::([0-9]{0,2}))?")


def _spell_embedded(value: str) -> str:
    # With its colon it is an address to all that makes paths whole, and not a file of that name.
    return "embedded:" if value == "embedded" else value


def is_embedded(place: str) -> bool:
    """Whether a script's place means the subtitles inside the video."""
    return bool(_EMBEDDED.fullmatch(place))


def parse_embedded_number(place: str) -> int | None:
    """The number that ``embedded:1`` names; None where the language decides."""
    found = _EMBEDDED.fullmatch(place)
    return int(found[1]) if found and found[1] else None


_SLUG = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?$"
_BLOCK_NAME = r"^[a-z0-9][a-z0-9-]{0,99}$"
_ONE_LINE = r"^[^\x00-\x1f\x7f]+$"
_HTTP_ADDRESS = r"^https?://[^\s/?#@\x00-\x1f]+(?:/[^\s?#\x00-\x1f]*)?$"
_RATE = r"^[1-9]\d{1,2}(\.\d{1,3})?/[1-9]\d{1,2}(\.\d{1,3})?$"
_TIMECODE = r"^[0-2]\d:[0-5]\d:[0-5]\d[:;][0-5]\d$"
EXPECTED_WORD = r"^[^\r\n\t]*\S[^\r\n\t]*$"
OBJECT_PREFIX = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\x00-\x1f\x7f]*)?$"
PATTERNS_IN_WORDS = {
    _SLUG: "must be a slug: letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 80",
    _BLOCK_NAME: "must be a name of saved credentials, as `polyreel credentials list` shows it behind the slash: small "
    "letters, digits and dashes",
    _ONE_LINE: "must be one line without control characters",
    _HTTP_ADDRESS: "must be an address that begins with http:// or https://, without a user name and without `?`",
    _RATE: "must be two rates with a slash between them: 25/23.976",
    _TIMECODE: "must be a timecode HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame",
    EXPECTED_WORD: "must be a word or a few in one line",
    OBJECT_PREFIX: "must be an address such as s3://bucket/folder, the bucket's name in small letters",
}
"""What a person is told who has written something else: nobody reads a regular expression."""

Locale = Annotated[str, StringConstraints(min_length=2, max_length=35), AfterValidator(_locale)]
Slug = Annotated[str, StringConstraints(pattern=_SLUG)]
BlockName = Annotated[str, StringConstraints(pattern=_BLOCK_NAME)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=_ONE_LINE)]
ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")
"""How a place begins that is an address (``https://...``, ``nomad:<id>``) and no path."""


def _require_path(value: str) -> str:
    # ``xx:/../../srv`` would be judged as an address, and used as a path.
    if ADDRESS.match(value):
        raise ValueError(
            "is an address, where a folder of this machine is needed; write ./name if its name holds a colon"
        )
    return value


def _require_series(value: str) -> str:
    if value in {".", ".."}:
        raise ValueError("is no name; write a folder with a slash in it")
    return _require_path(value)


Folder = Annotated[Place, AfterValidator(_require_path)]
"""A folder on this machine."""
SeriesPlace = Annotated[Place, AfterValidator(_require_series)]
"""A name below ``POLYREEL_HOME/series``, or a folder."""
Script = Annotated[Place, AfterValidator(_spell_embedded)]
"""A place, or the subtitles inside the video: ``embedded:`` (those of the language) or ``embedded:0``, ..."""
HttpAddress = Annotated[str, StringConstraints(max_length=2048, pattern=_HTTP_ADDRESS)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Offset = Annotated[
    float,
    Field(
        ge=-360_000,
        le=360_000,
        allow_inf_nan=False,
        title="Script offset (s)",
        description="Optional: how much later the script's times are to be; less than 0: earlier.",
        examples=[-36000],
    ),
]
Rate = Annotated[
    str,
    Field(
        pattern=_RATE,
        title="Script frame rate",
        description="Optional: frames per second that the script was timed at / that the reel runs at.",
        examples=["25/23.976"],
    ),
]


FrameRateName = Annotated[
    Literal["23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60"],
    BeforeValidator(lambda value: f"{value:g}" if isinstance(value, int | float) else value),
]
"""A frame rate as people write it; in a job also as a number."""
Timecode = Annotated[
    str,
    Field(
        pattern=_TIMECODE,
        title="Start timecode",
        description="Optional: the timecode of the first picture, HH:MM:SS:FF; with a semicolon before the frames, "
        "drop-frame. Scripts whose times count from it are brought to zero; formats with timecodes begin at it.",
        examples=["01:00:00:00"],
    ),
]


class Asked(BaseModel):
    """A part of a job: frozen, strict about types, and without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that may name a file or folder on this machine, taken from the job file's folder."""
    younger_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that came later: at their defaults they stand in no key, so that what was made before stays done."""

    works_here: ClassVar[bool] = False
    """Of a provider's options: dubs are made on this machine. They cost nothing, and can be mended there."""

    @property
    def plugin(self) -> str:
        """What it names of an installed package; empty where it is one of ours."""
        return ""

    def key_inputs(self, *without: str) -> dict[str, Any]:
        """What a key has of this part: everything but the fields ``without``, and younger ones at their defaults."""
        fields = type(self).model_fields
        usual = {name: fields[name].get_default(call_default_factory=True) for name in self.younger_fields}
        unasked = {name for name, value in usual.items() if getattr(self, name) == value}
        return self.model_dump(mode="json", exclude={*without, *unasked})

    def with_paths(self, place: Callable[[str], str]) -> Self:
        """The same part with ``place`` applied to every path in it that is given."""
        given = {name: value for name in self.path_fields if (value := getattr(self, name)) is not None}
        return self.model_copy(update={name: place(value) for name, value in given.items()})
