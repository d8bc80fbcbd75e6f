"""What a job makes of all its languages together: streaming packages and masters."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema

from polyreel.job.values import Asked, BlockName

PackageKind = Literal["hls", "dash"]
Segments = Literal["byterange", "files"]
Rung = Annotated[int, Field(ge=144, le=4320, multiple_of=2)]
Master = Literal["mp4", "mkv", "wav", "stems", "otio", "aaf", "burned"]
FILMS: frozenset[Master] = frozenset({"mp4", "mkv"})
"""Masters that hold all languages; the others are made per language."""
LOSSLESS: frozenset[Master] = frozenset({"wav", "stems", "aaf"})
LOSSLESS_VERSION = 2
"""Raised when a dub's lossless files come out otherwise: only dubs that have them are mixed once more."""


class Package(Asked):
    """One streaming package. HLS and DASH share their media, so what is said of one holds for the other."""

    kind: PackageKind = Field(title="Kind", description="hls (Apple's) or dash (MPEG's).")
    ladder: Annotated[tuple[Rung, ...], Strict(False)] = Field(
        default=(),
        max_length=8,
        title="Ladder",
        description="Sizes of the picture by their shorter side, none above the source's; none: the source's picture "
        "alone, copied.",
        examples=[[1080, 720, 360]],
    )
    original: bool = Field(
        default=True,
        title="Original language",
        description="Whether the original's sound (and text, where there is a script) is in it, marked as such.",
    )
    voiceover: bool = Field(
        default=False,
        title="Voice-over beside",
        description="A voice-over of each language beside its dub: the new voices over the lowered original.",
    )
    segments: Segments = Field(
        default="byterange",
        title="Segments",
        description="byterange: one file per track, read in ranges. files: one per 6 s, for hosts that give no ranges.",
    )
    thumbnails: bool = Field(
        default=False,
        title="Thumbnails",
        description="Small pictures for looking for a place, one per 10 s: a track in DASH, a WebVTT file beside HLS.",
    )
    younger_fields: ClassVar = ("voiceover", "segments", "thumbnails")


class Provenance(Asked):
    """Marks of origin in everything that holds synthetic speech: signed C2PA manifests."""

    credentials: BlockName | None = Field(
        default=None,
        title="Credentials",
        description="Name of a saved signing key; without one, a test key signs, which proves nothing and says so.",
    )
    watermark: bool = Field(
        default=False,
        title="Watermark",
        description="Whether an inaudible mark is laid into speech that is dubbed here (by the weights `watermark`).",
    )


def _package(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


def _package_schema() -> dict[str, Any]:
    return {
        "anyOf": [
            Package.model_json_schema(mode="validation"),
            {"type": "string", "enum": ["hls", "dash"], "title": "Kind", "description": "Short form: the kind alone."},
        ]
    }


PackageOrKind = Annotated[Package, BeforeValidator(_package), WithJsonSchema(_package_schema())]
