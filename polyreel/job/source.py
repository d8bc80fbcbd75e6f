"""What a job dubs: the reel, the part of it, the languages, and who speaks."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PlainValidator, Strict, WithJsonSchema, model_validator

from polyreel.job.values import (
    EXPECTED_WORD,
    Asked,
    BlockName,
    FrameRateName,
    Locale,
    Offset,
    Place,
    Rate,
    Script,
    Seconds,
    Timecode,
)

ASSET_SCHEMES = ("nomad", "videojungle", "tpstreams")
"""Vendors whose assets can be a job's source."""
ExpectedWord = Annotated[str, Field(min_length=1, max_length=60, pattern=EXPECTED_WORD)]
_ASSET_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# A feature film has two or three dozen speaking parts. Our own bound, against a typing error: no vendor's page names
# one, and nothing depends on its exact value.
_MOST_PEOPLE = 50


def _people(value: Any) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_PEOPLE:
        return value
    raise ValueError(f"is how many people speak, 1 to {_MOST_PEOPLE}, or `auto`")


# One validator and not a union: what is wrong with it is one thing, and said once.
People = Annotated[
    int | Literal["auto"],
    PlainValidator(_people),
    WithJsonSchema(
        {
            "anyOf": [
                {"title": "A number", "type": "integer", "minimum": 1, "maximum": _MOST_PEOPLE},
                {"title": "By ear", "type": "string", "enum": ["auto"]},
            ]
        }
    ),
]


class Source(Asked):
    """The reel: one video, the language it speaks, and what is known of it."""

    media: Place = Field(
        title="Media",
        description="The video: a path (relative to the job file), an http(s):// or an s3:// address, or an asset at "
        "a vendor: nomad:ID, videojungle:ID, tpstreams:ID.",
        examples=["narrated.mp4", "https://example.com/reel.mp4", "s3://films/reel.mp4", "nomad:ID"],
    )
    locale: Locale = Field(title="Spoken language", description="A BCP-47 tag.", examples=["en-US"])
    subtitles: Script | None = Field(
        default=None,
        title="Script",
        description="Optional: the script in the source language (.srt or .vtt); `embedded` (or `embedded:0`, ...) "
        "takes the subtitles inside the video.",
    )
    audio_track: int | None = Field(
        default=None,
        ge=0,
        le=63,
        title="Sound track",
        description="Optional: which sound track is the original, counted from 0; else the source language's.",
    )
    offset: Offset = 0.0
    rate: Rate | None = None
    timecode: Timecode | None = None
    frame_rate: FrameRateName | None = Field(
        default=None,
        title="Frame rate",
        description="Optional: frames per second, for times that count frames; refused where the video has another.",
    )
    background: Place | None = Field(
        default=None,
        title="Clean background",
        description="Optional: a music-and-effects track without speech (path or address).",
    )
    audio_description: Place | None = Field(
        default=None,
        title="Audio description",
        description="Optional: the sound with a narrator who says what is seen, as long as the source; for packages "
        "and film masters.",
    )
    speakers: People | None = Field(
        default=None,
        title="Speakers",
        description="Optional: how many people speak; `auto`: to be found by ear, where no script names them.",
    )
    credentials: BlockName | None = Field(
        default=None,
        title="Credentials",
        description="Name of saved credentials: the vendor's whose asset `media` is; else s3 ones, for the s3:// "
        "addresses of this job (without any, the environment's).",
    )

    path_fields: ClassVar = ("media", "subtitles", "background", "audio_description")

    @model_validator(mode="after")
    def _assets_need_an_account(self) -> Source:
        vendor, colon, asset = self.media.partition(":")
        if not colon or vendor not in ASSET_SCHEMES:
            return self
        if not _ASSET_ID.fullmatch(asset):
            raise ValueError(f"media names no asset: write {vendor}:ID, with the id as {vendor} shows it")
        if self.credentials is None:
            raise ValueError(f"media is an asset at {vendor}: name the saved {vendor} `credentials` that may read it")
        return self

    @property
    def people(self) -> int | None:
        """How many people speak, where the job says a number."""
        return self.speakers if isinstance(self.speakers, int) else None

    @property
    def several_may_speak(self) -> bool:
        """Whether more than one may speak, by the job's word: they are to be told apart."""
        return self.speakers == "auto" or (self.people or 1) > 1

    @property
    def vendor(self) -> str | None:
        """The vendor whose asset the media is; None for a path or an address."""
        scheme = self.media.partition(":")[0]
        return scheme if scheme in ASSET_SCHEMES and scheme != self.media else None


class Transcription(Asked):
    """How the source is listened to, where its script is missing."""

    model: Literal["tiny", "base", "small", "medium", "large-v3"] = Field(
        default="base",
        title="Model",
        description="Larger ones hear better and take longer.",
    )
    beam: int = Field(
        default=5, ge=1, le=10, title="Beam", description="How many readings are followed at once; 1 is fastest."
    )
    vocabulary: Annotated[tuple[ExpectedWord, ...], Strict(False)] = Field(
        default=(),
        max_length=100,
        title="Vocabulary",
        description="Names and terms, as they are written.",
    )
    glossary: bool = Field(
        default=False, title="Words of the glossary", description="Expect the terms of `translation.glossary` as well."
    )


class Trim(Asked):
    """The part of the reel to dub. Seconds from its start; either end may be left out."""

    start: Seconds | None = Field(
        default=None, title="Start (s)", description="Seconds from the source's start.", examples=[5]
    )
    end: Seconds | None = Field(
        default=None, title="End (s)", description="Seconds from the source's start.", examples=[17.5]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Trim:
        if self.end is not None and self.end <= (self.start or 0):
            raise ValueError(f"the end ({self.end:g} s) must come after the start ({self.start or 0:g} s)")
        return self


class Target(Asked):
    """One language to dub into."""

    locale: Locale = Field(title="Language", description="A BCP-47 tag.", examples=["es-ES"])
    subtitles: Script | None = Field(
        default=None,
        title="Script",
        description="The script in this language (.srt or .vtt), timed to the reel; "
        "`embedded` (or `embedded:0`, ...) takes the subtitles inside the video.",
    )
    offset: Offset = 0.0
    rate: Rate | None = None
    forced: Place | None = Field(
        default=None,
        title="Forced subtitles",
        description="Optional: a file of signs and foreign lines; else the cues that the script marks as forced.",
    )
    audio_description: Place | None = Field(
        default=None,
        title="Audio description",
        description="Optional: this language's sound with a narrator who says what is seen, as long as the source; "
        "for packages and film masters.",
    )
    voice: str | Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None, title="Voice", description="Optional: a voice of the provider, or one per speaker."
    )
    path_fields: ClassVar = ("subtitles", "forced", "audio_description")


class Speaker(Asked):
    """One person who speaks in the source."""

    gender: Literal["female", "male"] | None = Field(
        default=None, title="Gender", description="Optional: whose voice it should sound like, where none is named."
    )
    voices: dict[Locale, str] = Field(
        default_factory=dict, title="Voices", description="The voice in each language: `es-ES: VOICE`."
    )


def _target(value: Any) -> Any:
    return {"locale": value} if isinstance(value, str) else value


def _target_schema() -> dict[str, Any]:
    return {
        "anyOf": [
            Target.model_json_schema(mode="validation"),
            {"type": "string", "title": "Language", "description": "Short form: the locale alone."},
        ]
    }


TargetOrLocale = Annotated[Target, BeforeValidator(_target), WithJsonSchema(_target_schema())]
