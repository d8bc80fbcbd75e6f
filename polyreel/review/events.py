"""What happens to one language of one job, written down once each: asked, edited, approved, rejected, delivered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from polyreel.job import Job, ReviewStage, VoiceKind
from polyreel.keys import stage_key
from polyreel.outcome import PictureYield, Reel, StoredFile, Value
from polyreel.subtitles.model import Track

EventKind = Literal["asked", "edited", "approved", "rejected", "commented", "marked", "delivered"]


class ReviewKey(Value):
    """Which language of which job: the job's name, its source and the language. Other fields of a job may change."""

    job: str
    source: str = Field(description="A short digest of where the source is: two jobs may share a name.")
    locale: str

    @classmethod
    def of(cls, job: Job, locale: str) -> ReviewKey:
        """The key of a job's language."""
        # By where the source is and not by its content: that is known before it is fetched, and a corrected film keeps
        # its review.
        digest = hashlib.sha256(job.source.media.encode()).hexdigest()[:12]
        return cls(job=job.name, source=digest, locale=locale)

    @property
    def folder(self) -> str:
        """Where its events are, below the store."""
        return f"reviews/{self.job}~{self.source}/{self.locale}"


class Shown(Value):
    """What a reviewer is shown beside the script. Script times are the source's; the reel says where it begins."""

    reel: Reel | None = None
    source_locale: str = ""
    source_script: StoredFile | None = None
    machine_draft: bool = False
    profile: str = Field(default="none", description="Whose limits the subtitles are checked by.")
    reviewers: tuple[str, ...] = Field(default=(), description="Who is asked; empty: anybody.")
    video: StoredFile | None = Field(default=None, description="The dubbed reel, once there is one.")
    yields: tuple[PictureYield, ...] = Field(default=(), description="Where its picture gave way to lines.")
    written_there: bool = Field(default=False, description="Whoever dubbed it wrote the script by themselves.")
    checked: str = Field(default="", description="The key of the stage that holds the dub's lines and checks.")
    vendor: str = Field(default="", description="Who dubs it elsewhere; empty: this machine, with voices to choose.")
    voices: VoiceKind = Field(default="auto", description="Which of this machine's voices the job speaks with.")


Change = Callable[[Track, Shown], Track]
"""From the script that the reviewer has seen, in the source's time, to what they want; with what they were shown.

Raises `ReviewRefused` or SubtitleError."""


class SentFile(Value):
    """A file of a version that went out, at its place below the delivery."""

    path: str
    stored_file: StoredFile
    role: str


class Event(Value):
    """One thing that happened. Its place in the language's row of events is its revision, counted from 1."""

    kind: EventKind
    stage: ReviewStage = "script"
    by: str = ""
    at: str = Field(default="", description="ISO 8601, UTC.")
    subject: str = Field(default="", description="SHA-256 of exactly what it is about: a script, or a dubbed reel.")
    made: StoredFile | None = Field(default=None, description="The script as the job gives or makes it, unedited.")
    script: StoredFile | None = Field(default=None, description="The script in question; of an edit, the new one.")
    reason: str = Field(default="", description="Why it was rejected, why it is asked, or a comment's words.")
    line: int | None = Field(default=None, ge=1, description="The line that a comment is about.")
    changed: tuple[int, ...] = Field(default=(), description="Lines of the new script that an edit changed.")
    recordings: tuple[StoredFile, ...] = Field(default=(), description="Recordings of lines that the new script names.")
    shown: Shown | None = None
    files: tuple[SentFile, ...] = Field(default=(), description="Of a version that went out.")
    order: str = Field(default="", description="The order that it was written for, which counts once.")


def format_now() -> str:
    """The time, as events have it."""
    # UTC, as reviewers sit in several time zones; whole seconds, as order comes from the numbers of events.
    return datetime.now(UTC).isoformat(timespec="seconds")


def subject_of_dub(script: StoredFile, video: StoredFile) -> str:
    """What a final approval belongs to: this dubbed reel with this script."""
    return stage_key("dub", 1, script=script.sha256, video=video.sha256)
