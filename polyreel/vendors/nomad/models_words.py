"""Annotations, transcripts, subtitles and ad breaks: what we send and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, ClassVar

from pydantic import Field

from polyreel.vendors.nomad.models_edits import Lookup
from polyreel.vendors.nomad.timecodes import Timecode
from polyreel.vendors.nomad.wire import Answer, Lookups, Request


class SubtitleFormat(IntEnum):
    """Page "Exporting Subtitles" has the names; elsewhere the vendor uses these numbers."""

    DOCX = 0
    TEXT = 1
    SRT = 2
    VTT = 3

    @property
    def word(self) -> str:
        """The page's own spelling."""
        return {"DOCX": "DocX", "TEXT": "Text"}.get(self.name, self.name)


class ExportSubtitle(Request):
    """``POST /asset/{id}/subtitle/{relatedAssetId}/export``: a name as on the page, or a number."""

    export_format: str | int
    language_id: str | None = None


class AnnotationDraft(Request):
    """A note on a moment, or a range, of an asset."""

    start_timecode: Timecode
    end_timecode: Timecode | None = None
    properties: dict[str, Any] = Field(default_factory=dict, description="title, summary, description, and your own.")


class Annotation(Answer):
    """Page "Annotations": a stored note."""

    id: str
    start_timecode: str = ""
    end_timecode: str = ""
    properties: dict[str, Any] = Field(default_factory=dict)

    also: ClassVar[Mapping[str, str]] = {"annotationid": "id", "starttime": "start_timecode", "endtime": "end_timecode"}


class TranscriptLine(Request):
    """Page "Updating Transcription": ``{text, startTime, endTime}``; times as seconds or as timecodes."""

    text: str
    start_time: float | str
    end_time: float | str


class TranscriptCue(Request):
    """The spelling of the published clients: ``{startTimeCode, content}``."""

    start_time_code: Timecode
    content: str


class TranscriptionWord(Answer):
    """Page "Getting Transcription Words": one word, with its times and how sure the machine is (0 to 1)."""

    text: str = ""
    start_time: float | str | None = None
    end_time: float | str | None = None
    confidence: float | None = None

    also: ClassVar[Mapping[str, str]] = {
        "word": "text",
        "content": "text",
        "start": "start_time",
        "end": "end_time",
        "starttimecode": "start_time",
        "endtimecode": "end_time",
        "confidencescore": "confidence",
    }


class AdBreakDraft(Request):
    """A moment where ads may play."""

    timecode: Timecode
    tags: tuple[Lookup, ...] | None = None
    labels: tuple[Lookup, ...] | None = None


class AdBreak(Answer):
    """Page "Managing Ad Breaks": a stored ad break."""

    id: str
    timecode: str = ""
    tags: Lookups = ()
    labels: Lookups = ()

    also: ClassVar[Mapping[str, str]] = {"adbreakid": "id", "starttimecode": "timecode"}


class VastQuery(Request):
    """What ``/ads/vast`` is asked with (WIRE.md): the moment, what may be shown there, and where in the film it is."""

    time_code: Timecode
    categories: str | None = None
    vpos: str | None = None


class Impression(Request):
    """What ``/ads/impression`` is told with (WIRE.md)."""

    asset_id: str = Field(min_length=1)
