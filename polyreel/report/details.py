"""What the report shows beyond the outcome itself."""

from __future__ import annotations

from pydantic import Field

from polyreel.outcome import LineFit, Value


class SourceFacts(Value):
    """The reel as it came in."""

    name: str = Field(description="A file's name, or an address without its query.")
    locale: str
    seconds: float = Field(ge=0)
    width: int | None = None
    height: int | None = None
    frame_rate: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    channels: int | None = None
    bytes: int = Field(default=0, ge=0)
    sha256: str = ""


class LanguageDetails(Value):
    """One language's particulars. Links are paths relative to the report, with forward slashes."""

    video: str | None = None
    subtitles: dict[str, str] = Field(default_factory=dict, description="Link per format: srt, vtt, ...")
    vtt: str = Field(default="", description="The WebVTT text itself: a page opened from a disk may load no track.")
    seconds: float | None = None
    fits: tuple[LineFit, ...] = ()


class ReportDetails(Value):
    """Everything that `render` shows beside the outcome."""

    source: SourceFacts | None = None
    languages: dict[str, LanguageDetails] = Field(default_factory=dict)
    stage_seconds: dict[str, float] = Field(default_factory=dict, description="How long each stage took.")
    made_at: str = Field(default="", description="ISO 8601.")
    version: str = ""
