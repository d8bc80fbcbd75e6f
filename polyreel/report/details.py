"""What the report shows beyond the outcome itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyreel.outcome import LineFit, SoundOutline, Value


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
    sound: str | None = Field(default=None, description="The reel's own sound beside the report, to compare with.")
    levels: tuple[int, ...] = Field(default=(), description="How loud the reel's own sound is, 0 to 100 of full scale.")
    bed: tuple[int, ...] = Field(default=(), description="How loud the clean background is, before mixing.")


class ScriptLine(Value):
    """A cue of a script. Integer milliseconds from the reel's start."""

    start_ms: int
    end_ms: int
    text: str
    speaker: str | None = None


class Remark(Value):
    """What is to be said of one place in a language's script: a finding of the subtitle checks, say."""

    at_ms: int
    text: str


class LanguageDetails(Value):
    """One language's particulars. Links are paths relative to the report, with forward slashes."""

    video: str | None = None
    audio: str | None = Field(default=None, description="The dub of a reel without a picture.")
    subtitles: dict[str, str] = Field(default_factory=dict, description="Link per format: srt, vtt, ...")
    vtt: str = Field(default="", description="The WebVTT text itself: a page opened from a disk may load no track.")
    seconds: float | None = None
    fits: tuple[LineFit, ...] = Field(default=(), description="Where the provider says how each line was spoken.")
    script: tuple[ScriptLine, ...] = Field(default=(), description="The dub's script, where there are no fits.")
    heard: tuple[str, ...] = Field(default=(), description="What a listener heard of each line of `fits`.")
    remarks: tuple[Remark, ...] = ()
    outline: SoundOutline = SoundOutline()
    source_script: tuple[ScriptLine, ...] | None = Field(
        default=None, description="What is said in its own reel, where its picture gave way: at the times of that."
    )

    @property
    def has_own_time(self) -> bool:
        """Whether its picture gave way, so that the source's own sound does not go with it."""
        return self.source_script is not None


class StageSpan(Value):
    """When a stage ran, in seconds from the run's first one. ``locale`` is empty for those of the whole reel."""

    stage: str
    locale: str = ""
    state: Literal["done", "cached", "failed"] = "done"
    began: float = Field(default=0.0, ge=0)
    seconds: float = Field(default=0.0, ge=0)


class ReportDetails(Value):
    """Everything that `render_report` shows beside the outcome."""

    source: SourceFacts | None = None
    source_script: tuple[ScriptLine, ...] = Field(default=(), description="What is said in the reel itself.")
    languages: dict[str, LanguageDetails] = Field(default_factory=dict)
    timeline: tuple[StageSpan, ...] = Field(default=(), description="Which stage ran when, until the page was made.")
    go_on: str = Field(default="", description="The command that goes on from what is finished.")
    made_at: str = Field(default="", description="ISO 8601.")
    version: str = ""
