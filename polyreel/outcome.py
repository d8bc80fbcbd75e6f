"""What came of a job: artefacts, checks, and each language's state. Plain frozen values; JSON both ways."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LanguageStatus = Literal["pending", "running", "delivered", "held", "failed"]
JobStatus = Literal["completed", "partial", "failed", "held"]
CheckStatus = Literal["pass", "warn", "fail"]


class Value(BaseModel):
    """A frozen value that tasks may hand on and results may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Artefact(Value):
    """A file, by what is in it. Tasks pass these, never the bytes."""

    uri: str = Field(description="Where the bytes are: file:///..., or store:<sha256>.wav in a shared store.")
    sha256: str = Field(description="SHA-256 of the content, lower-case hex.")
    bytes: int = Field(ge=0, description="Length of the content in bytes.")


def artefacts_in(value: Any) -> Iterator[Artefact]:
    """Every artefact named anywhere in a value, a record of plain JSON, or a collection of such."""
    if isinstance(value, Artefact):
        yield value
    elif isinstance(value, dict) and value.keys() >= {"uri", "sha256", "bytes"}:
        yield Artefact(uri=value["uri"], sha256=value["sha256"], bytes=value["bytes"])
    else:
        for part in _parts_of(value):
            yield from artefacts_in(part)


def _parts_of(value: Any) -> Collection[Any]:
    if isinstance(value, BaseModel):
        return vars(value).values()
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


class Reel(Value):
    """The video that is dubbed: the source, trimmed where the job asks for it. Its zero is every cue's zero."""

    file: Artefact
    duration: str = Field(description="Exact length in seconds, as a fraction: 1260/30.")
    start: str = Field(default="0", description="Where the reel begins in the source: seconds, exact.")
    width: int = 0
    height: int = 0
    frame_rate: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    channels: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, rounded."""
        return round(Fraction(self.duration) * 1000)


class Check(Value):
    """One measured fact about a language's result, against its limit."""

    name: str
    value: float | int | str | None = None
    unit: str = ""
    limit: float | int | str | None = None
    status: CheckStatus = "pass"
    detail: str = ""


class Problem(Value):
    """An error as a person and a program read it."""

    code: str
    message: str
    remedy: str = ""


class LineFit(Value):
    """How one spoken line sits in the time it has. Times are integer milliseconds from the reel's start."""

    text: str
    speaker: str | None = None
    cue_start_ms: int
    cue_end_ms: int
    start_ms: int = Field(description="When the voice begins.")
    end_ms: int = Field(description="When the voice ends.")
    natural_ms: int = Field(description="How long the voice takes at its own pace.")
    ratio: float = Field(description="natural / spoken duration: 1.0 unchanged, 1.2 spoken 20 % faster.")
    too_long: bool = Field(default=False, description="Does not fit even at the fastest allowed pace.")
    reused: bool = Field(default=False, description="Spoken in an earlier run and taken from the store.")
    voice: str = ""


class LanguageOutcome(Value):
    """One language: delivered, held, or failed with the reason."""

    status: LanguageStatus = "pending"
    video: str | None = None
    subtitles: dict[str, str] = Field(default_factory=dict, description="Path per format: srt, vtt, ...")
    checks: tuple[Check, ...] = ()
    error: Problem | None = None
    notes: tuple[str, ...] = ()
    stages: dict[str, str] = Field(default_factory=dict, description="done | cached | failed, per stage.")


class Cost(Value):
    """What a run took on this machine. Stages of several languages run side by side: their seconds add up."""

    stage_seconds: dict[str, float] = Field(default_factory=dict, description="By stage, all languages together.")
    seconds_per_minute: float = Field(default=0.0, description="Of all stages together, per minute of film.")
    peak_memory_mb: int | None = Field(default=None, description="Of the whole process tree, resident, in 10^6 bytes.")


class CastSpeaker(Value):
    """One person who speaks, as a job's ``speakers`` has it."""

    voices: dict[str, str] = Field(default_factory=dict, description="Voice by locale.")


class Outcome(Value):
    """What `polyreel run --json` prints."""

    job: str
    status: JobStatus
    languages: dict[str, LanguageOutcome] = Field(default_factory=dict)
    manifest: str | None = None
    report: str | None = None
    seconds: float = 0.0
    separation: str = Field(default="", description="How speech and background were parted: given | ducked | ...")
    stages: dict[str, str] = Field(default_factory=dict, description="done | cached, per stage of the whole job.")
    speakers: dict[str, CastSpeaker] = Field(
        default_factory=dict, description="Whose voice was whose: copy it into the job's `speakers`, and change it."
    )
    cost: Cost | None = None
    error: Problem | None = None
    notes: tuple[str, ...] = ()


def status_of(languages: Collection[LanguageOutcome]) -> JobStatus:
    """The job's state from its languages': held and failed ones show, delivered ones count."""
    states = {language.status for language in languages}
    if states <= {"delivered"} and states:
        return "completed"
    if "held" in states:
        return "held"
    return "partial" if "delivered" in states else "failed"
