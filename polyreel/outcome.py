"""What came of a job: stored files, checks, and each language's state. Plain frozen values; JSON both ways."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from polyreel.errors import LONGEST_MESSAGE, HeldForPerson, InvalidJob, PolyreelError, as_sentence, shorten
from polyreel.errors.full_disk import as_full_disk
from polyreel.redaction import redact, redact_homes

LanguageStatus = Literal["pending", "running", "delivered", "held", "failed"]
JobStatus = Literal["completed", "partial", "failed", "held"]
CheckStatus = Literal["pass", "warn", "fail"]


class Value(BaseModel):
    """A frozen value that tasks may hand on and results may hold."""

    # A field that is unknown here came from another version: dropped unread, a record would say less than it did.
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredFile(Value):
    """A file, by what is in it. Tasks pass these, never the bytes."""

    uri: str = Field(description="Where the bytes are: file:///..., or store:<sha256>.wav in a shared store.")
    sha256: str = Field(description="SHA-256 of the content, lower-case hex.")
    bytes: int = Field(ge=0, description="Length of the content in bytes.")


class ReelChapter(Value):
    """A named stretch of the reel. Integer milliseconds from the reel's own zero."""

    start_ms: int
    end_ms: int
    title: str = ""


class PictureYield(Value):
    """Where the picture gives way to a line: it is slowed, and at one moment held. In ms of the reel as it was."""

    start_ms: int
    end_ms: int
    slow_ms: int = Field(default=0, description="How much longer the stretch lasts for being slowed.")
    hold_ms: int = Field(default=0, description="How long a picture is held.")
    hold_at_ms: int = Field(description="The picture before this time is the one that is held.")
    line_ms: int = Field(description="When the cue begins that needs it.")

    @property
    def added_ms(self) -> int:
        """How much longer the reel has become here."""
        return self.slow_ms + self.hold_ms


class Reel(Value):
    """The film, or sound alone, that is dubbed: the source, cut where the job asks. Its zero is every cue's zero."""

    file: StoredFile
    duration: str = Field(description="Exact length in seconds, as a fraction: 1260/30.")
    start: str = Field(default="0", description="Where the reel begins in the source: seconds, exact.")
    width: int = 0
    height: int = 0
    frame_rate: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    channels: int | None = None
    sound: tuple[int, ...] = Field(default=(0,), description="Which sound track is dubbed; two: left and right of one.")
    container: str = Field(default="mp4", description="What its dubs are delivered in: mp4; of sound m4a, mp3 or wav.")
    chapters: tuple[ReelChapter, ...] = ()
    yields: tuple[PictureYield, ...] = Field(
        default=(), description="Where a language's own picture gives way to its lines, in time order."
    )
    notes: tuple[str, ...] = ()

    @property
    def has_picture(self) -> bool:
        """Whether it is a film, and not sound alone."""
        return self.container == "mp4"

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds, rounded."""
        return round(Fraction(self.duration) * 1000)

    @property
    def start_ms(self) -> int:
        """Where it begins in the source, in milliseconds, rounded."""
        return round(Fraction(self.start) * 1000)


class FlawedLine(Value):
    """A line that a check found. ``value`` and ``limit`` count as the job's ``quality.limits`` do."""

    line: int = Field(default=0, description="Its number in the language's script, counted from 1; 0: not known.")
    at_ms: int = Field(description="When it is heard, or should be.")
    text: str = Field(default="", description="How it begins.")
    measured: str = Field(description="What was measured, in words: 0.4 s late.")
    value: float
    limit: float
    remedy: str = ""

    @property
    def told(self) -> str:
        """Its number, time, words and what was measured: line 3 at 8.6 s 'Hola a todos.' 0.4 s late."""
        place = f"line {self.line} at {self.at_ms / 1000:.1f} s" if self.line else f"{self.at_ms / 1000:.1f} s"
        return " ".join(filter(None, (place, self.text and f"'{self.text}'", self.measured)))


class Check(Value):
    """One measured fact about a language's result, against its limit."""

    name: str
    value: float | int | str | None = None
    unit: str = ""
    limit: float | int | str | None = None
    status: CheckStatus = "pass"
    detail: str = ""
    lines: tuple[FlawedLine, ...] = Field(default=(), description="The first 50 lines that it found.")
    remedy: str = Field(default="", description="What helps, where that is known.")


class Problem(Value):
    """An error as a person and a program read it."""

    code: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return as_sentence(self.message, self.remedy, self.code)

    @classmethod
    def of(cls, error: BaseException) -> Problem:
        """Any error as a problem; one that is not ours is a defect, and says so.

        Nobody has looked at what such an error quotes: no secret, signed address or home is shown of it.
        """
        # Libraries tell of it in a dozen ways, of which none says what to do.
        error = as_full_disk(error) or error
        if isinstance(error, PolyreelError):
            return cls(**error.as_dict())
        return cls(
            code="internal_error",
            message=shorten(redact_homes(redact(f"{type(error).__name__}: {error}")), LONGEST_MESSAGE),
            remedy="This is a defect in polyreel; please report it with the job.",
        )


class LineTone(Value):
    """How a line follows the original's tone: what was heard there, and what was made of it within its bounds."""

    level_lu: float = Field(description="The original line, above (or below) its speaker's median loudness.")
    gain_db: float = Field(description="By how much the dub's line was made louder (or quieter).")
    pace: float = Field(description="1.1: asked to be said 10 % faster than the voice does by itself.")


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
    retaken: bool = Field(default=False, description="Said by another voice than its speaker's, to be understood.")
    tone: LineTone | None = Field(default=None, description="Where the original's tone was followed.")
    chosen: bool = Field(default=False, description="A person chose its voice or its pace, or recorded it.")
    recorded_by: str = Field(default="", description="Whose own recording it is; empty: a voice of the engine said it.")
    number: int = Field(default=0, description="Its cue's number in the script, counted from 1; 0: not known.")


class RecordedLine(Value):
    """A line that a person recorded: when it is heard, in ms from the reel's start, and whose recording it is."""

    at_ms: int
    until_ms: int
    by: str


def list_recorded_lines(lines: Collection[LineFit]) -> tuple[RecordedLine, ...]:
    """Those of a dub's lines that people recorded themselves."""
    return tuple(
        RecordedLine(at_ms=line.start_ms, until_ms=line.end_ms, by=line.recorded_by)
        for line in lines
        if line.recorded_by
    )


class ClonedVoice(Value):
    """A voice cloned from a person's sample, and the consent to that.

    ``speaker`` is whose lines it says (empty: everybody's who has no other). ``sample`` is the sample as it is heard
    (WAV, 48 kHz, one channel), ``given_sha256`` is of the file that it came from; ``consent`` is the consent's file.
    """

    speaker: str
    voice: str = Field(description="What the voice is called: `clone-` and the beginning of the sample's hash.")
    sample: StoredFile
    given_sha256: str
    by: str = Field(description="Who has consented.")
    consent: StoredFile

    @property
    def record(self) -> ClonedRecord:
        """What goes wherever the dub goes."""
        return ClonedRecord(
            speaker=self.speaker,
            voice=self.voice,
            sample_sha256=self.given_sha256,
            consent_by=self.by,
            consent_sha256=self.consent.sha256,
        )


class ClonedRecord(Value):
    """Of a cloned voice in a dub: whose lines it says, from which sample, and who has consented by which file."""

    speaker: str
    voice: str
    sample_sha256: str
    consent_by: str
    consent_sha256: str


def list_cloned_voices(clones: Collection[ClonedVoice], lines: Collection[LineFit]) -> tuple[ClonedRecord, ...]:
    """Those cloned voices that some of a dub's lines were said by."""
    return tuple(each.record for each in clones if any(each.voice in line.voice for line in lines))


class SoundOutline(Value):
    """A track's sound in as many points as a drawing has, at equal distances over the whole reel."""

    speech: tuple[int, ...] = Field(default=(), description="Peak of the new speech, 0 to 100 of full scale.")
    loudness: tuple[float, ...] = Field(default=(), description="Of 3 s around each point, LUFS; -70 is silence.")
    target_lufs: float | None = None


class ReviewRecord(Value):
    """Something that a person did in a language's review."""

    did: Literal["approved", "rejected", "edited", "commented"]
    stage: Literal["script", "final"] = "script"
    by: str = ""
    at: str = Field(default="", description="ISO 8601, UTC.")
    reason: str = ""
    script: str = Field(default="", description="SHA-256 of exactly what was decided on; of an edit, of what it made.")
    line: int | None = None


class VersionRecord(Value):
    """A version of a language that went out. ``by`` and ``reason`` are those of the edit that made its script."""

    number: int
    at: str = Field(default="", description="When it went out: ISO 8601, UTC.")
    by: str = ""
    reason: str = ""
    changed: tuple[int, ...] = Field(default=(), description="The lines that the edit changed, counted from 1.")


class MendedLine(Value):
    """A line that did not pass a check, and what was tried, once. Figures are in ``unit``, less is better."""

    line: int = Field(description="Its number in the script, counted from 1.")
    at_ms: int
    text: str = ""
    check: str = Field(description="The worst of the checks that it failed.")
    did: str = Field(default="", description="shortened | another voice | room beside it; empty: nothing was tried.")
    state: Literal["mended", "left"] = Field(description="left: for a person.")
    before: float = 0.0
    after: float | None = Field(default=None, description="With what was tried, whether or not that was taken.")
    unit: str = ""
    why: str = Field(default="", description="Of a line that is left: why.")


class Mending(Value):
    """What became of lines that did not pass: ``flagged`` is ``mended`` and ``left`` (for a person) together."""

    checked: int = Field(description="Lines that were looked at.")
    flagged: int = 0
    mended: int = 0
    left: int = 0
    lines: tuple[MendedLine, ...] = Field(default=(), description="The first 200 that were flagged.")


class LanguageOutcome(Value):
    """One language: delivered, held, or failed with the reason."""

    status: LanguageStatus = "pending"
    video: str | None = None
    audio: str | None = Field(default=None, description="The dub of a reel without a picture, which has no video.")
    subtitles: dict[str, str] = Field(default_factory=dict, description="Path per format: srt, vtt, ...")
    checks: tuple[Check, ...] = ()
    error: Problem | None = None
    notes: tuple[str, ...] = ()
    stages: dict[str, str] = Field(default_factory=dict, description="done | cached | failed, per stage.")
    review_page: str = Field(default="", description="Where a person decides on it, while it waits and that is served.")
    reviews: tuple[ReviewRecord, ...] = Field(default=(), description="Who approved, rejected, edited; when and why.")
    versions: tuple[VersionRecord, ...] = Field(default=(), description="Those that went out before this one.")
    mending: Mending | None = Field(default=None, description="With `quality.mend`: what was tried, line by line.")
    recordings: tuple[RecordedLine, ...] = Field(default=(), description="Lines that people recorded themselves.")
    cloned_voices: tuple[ClonedRecord, ...] = Field(default=(), description="Of people's samples; who has consented.")
    picture: tuple[PictureYield, ...] = Field(default=(), description="Where its picture gives way to lines.")

    @property
    def dub(self) -> str | None:
        """Where the dubbed film is, or the dubbed sound of a reel without a picture."""
        return self.video or self.audio

    @property
    def standing(self) -> str:
        """The status as a person should see it: what went out though a check failed is not like the others."""
        doubtful = self.status == "delivered" and any(check.status == "fail" for check in self.checks)
        return "delivered with failing checks" if doubtful else self.status


class Cost(Value):
    """What a run took on this machine. Stages of several languages run side by side: their seconds add up."""

    stage_seconds: dict[str, float] = Field(default_factory=dict, description="By stage, all languages together.")
    seconds_per_minute: float = Field(default=0.0, description="Of all stages together, per minute of film.")
    peak_memory_mb: int | None = Field(default=None, description="Of the whole process tree, resident, in 10^6 bytes.")


class DeliveryOutcome(Value):
    """What came of one entry of a job's ``delivery``."""

    to: str = Field(description="The place, as the job names it.")
    status: Literal["delivered", "failed"]
    location: str = Field(default="", description="The folder or address that holds the delivery.")
    ids: dict[str, str] = Field(default_factory=dict, description="The place's own id by what it is: es-ES, ...")
    urls: dict[str, str] = Field(default_factory=dict, description="Where it can be played or read, by the same names.")
    error: Problem | None = None


class Paid(Value):
    """One purchase: a language bought from a provider."""

    provider: str
    locale: str
    minutes: float = Field(description="As the provider charged it; where it does not say, as it was quoted.")
    id: str = Field(default="", description="The provider's own name for the work.")
    quoted: bool = Field(default=False, description="The minutes are our quote: the provider does not say.")


class CastSpeaker(Value):
    """One person who speaks, as a job's ``speakers`` has it."""

    voices: dict[str, str] = Field(default_factory=dict, description="Voice by locale.")


class Outcome(Value):
    """What `polyreel run --json` prints."""

    job: str
    status: JobStatus
    languages: dict[str, LanguageOutcome] = Field(default_factory=dict)
    scripts: dict[str, str] = Field(default_factory=dict, description="Path per file of `scripts`: en-US.srt, ...")
    manifest: str | None = None
    report: str | None = None
    seconds: float = 0.0
    separation: str = Field(default="", description="How speech and background were parted: given | ducked | ...")
    stages: dict[str, str] = Field(default_factory=dict, description="done | cached, per stage of the whole job.")
    speakers: dict[str, CastSpeaker] = Field(default_factory=dict, description="For the job's `speakers`, to change.")
    deliveries: tuple[DeliveryOutcome, ...] = ()
    paid: tuple[Paid, ...] = ()
    cost: Cost | None = None
    error: Problem | None = None
    errors: tuple[Problem, ...] = Field(default=(), description="All that is wrong, where that is several things.")
    invalid: bool = Field(default=False, description="The job, or a file that it names, has to be changed first.")
    notes: tuple[str, ...] = ()

    @classmethod
    def of_failure(cls, job: str, error: BaseException) -> Outcome:
        """The outcome of a job that could not run; ``held`` where it waits for a person, as its exit code says."""
        told = as_full_disk(error) or error
        every = tuple(map(Problem.of, told.each())) if isinstance(told, PolyreelError) and told.others else ()
        invalid = isinstance(told, InvalidJob)
        status: JobStatus = "held" if isinstance(told, HeldForPerson) else "failed"
        return cls(job=job, status=status, error=Problem.of(told), errors=every, invalid=invalid)


def status_of(languages: Collection[LanguageOutcome]) -> JobStatus:
    """The job's state from its languages': held and failed ones show, delivered ones count."""
    states = {language.status for language in languages}
    if states <= {"delivered"} and states:
        return "completed"
    if "held" in states:
        return "held"
    return "partial" if "delivered" in states else "failed"
