"""The port of dubbing: what a reel and a language need to become a dub, whoever makes it.

Three steps, because money and time lie between them. ``submit`` commits (and may cost: it happens once, behind the
ledger), ``wait`` lasts as long as it lasts and may be repeated, ``collect`` fetches and may be repeated. The embedded
engine returns sound; a vendor may return sound, a finished video, scripts, or all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal, Protocol

from pydantic import Field

from polyreel.engine.separate import Stems
from polyreel.engine.voices import Gender
from polyreel.keys import stage_key
from polyreel.outcome import Artefact, LineFit, Value

Mix = Literal["dub", "voiceover", "speech_only"]
Progress = Callable[[float], None]
"""Gets the done share of a step, 0 to 1."""


class DubRequest(Value):
    """One language of one reel, asked for. Everything that changes the result is in here; secrets are not."""

    locale: str = Field(description="BCP-47 tag of the language to dub into.")
    source_locale: str
    reel: Artefact = Field(description="The trimmed video.")
    duration: str = Field(description="The reel's length in seconds, exact: '1272/30' or '42.4'.")
    script: Artefact | None = Field(default=None, description="The script in the target language (.srt or .vtt).")
    source_script: Artefact | None = Field(default=None, description="The script in the source language.")
    machine_draft: bool = Field(default=False, description="The target script was translated by a machine, unread.")
    speakers: int | None = None
    mix: Mix = "dub"
    voices: tuple[str, ...] = Field(default=(), description="One for everybody, or one per speaker of the roster.")
    roster: tuple[str, ...] = Field(default=(), description="Everybody who speaks in the job, by first appearance.")
    pinned: tuple[tuple[str, str], ...] = Field(default=(), description="(speaker, voice) that the job says.")
    genders: tuple[tuple[str, Gender], ...] = Field(default=(), description="(speaker, gender) as far as known.")
    stems: Stems | None = Field(default=None, description="Needed by the embedded engine.")
    background: Artefact | None = Field(default=None, description="The user's clean background, for vendors.")
    media_url: str | None = Field(default=None, description="Where a vendor fetches the reel.")
    background_url: str | None = None
    callback_url: str | None = None
    target_lufs: float | None = Field(default=None, description="None: as loud as the source.")
    peak_dbtp: float = -1.0
    notes: tuple[str, ...] = Field(default=(), description="What a person should be told of the request.")
    options: dict[str, Any] = Field(default_factory=dict, description="The provider's own options, from the job.")

    @property
    def seconds(self) -> Fraction:
        """The reel's length in seconds."""
        return Fraction(self.duration)

    def key(self, provider: str, version: int, **more: Any) -> str:
        """A key over everything that changes the result; addresses (they are signed anew each time) don't."""
        asked = self.model_dump(mode="json", exclude={"media_url", "background_url", "callback_url"})
        return stage_key(f"dub-{provider}", version, asked=_by_content(asked), **more)


class Receipt(Value):
    """What a provider gave for a submission: enough to wait, to collect, and to find it again."""

    provider: str
    id: str = Field(description="The provider's own name for the work.")
    key: str = Field(description="Our submission key.")
    locale: str
    minutes: float | None = Field(default=None, description="What it cost, where the provider says.")
    details: dict[str, Any] = Field(default_factory=dict, description="What else the adapter needs later.")


class Dubbed(Value):
    """A finished dub. At least one of ``audio`` and ``video`` is there."""

    locale: str
    audio: Artefact | None = Field(default=None, description="The whole mixed track, AAC in .m4a, to be copied.")
    video: Artefact | None = Field(default=None, description="The provider's own video.")
    speech: Artefact | None = Field(default=None, description="The new speech alone.")
    script: Artefact | None = Field(default=None, description="The script as it was spoken, where it is not ours.")
    source_script: Artefact | None = None
    lines: tuple[LineFit, ...] = ()
    lufs: float | None = Field(default=None, description="Integrated loudness of the finished track.")
    true_peak_dbtp: float | None = None
    target_lufs: float | None = None
    peak_limit_dbtp: float = -1.0
    dialogue_over_bed_lu: float | None = None
    range_lu: float | None = Field(default=None, description="Loudness range of the finished track.")
    source_range_lu: float | None = Field(default=None, description="Loudness range of the reel's own sound.")
    speech_left_db: float | None = Field(
        default=None, description="The original's speech under the dub, relative to the original. None: not measured."
    )
    seconds: str = Field(default="0", description="Length of the track, exact.")
    separation: str = ""
    machine_draft: bool = False
    notes: tuple[str, ...] = ()


class Dubber(Protocol):
    """A provider of dubs."""

    @property
    def provider(self) -> str:
        """Its name in the job."""

    async def submit(self, request: DubRequest) -> Receipt:
        """Commit to the work. May cost money: never repeated blindly."""

    async def wait(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> None:
        """Return when the dub can be collected; raise where it failed. May be repeated and cancelled."""

    async def collect(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> Dubbed:
        """Fetch the finished dub into the store. May be repeated."""


def _by_content(value: Any) -> Any:
    """Artefacts by what is in them, not by where they lie: a moved store must not redo everything."""
    if not isinstance(value, dict):
        return [_by_content(each) for each in value] if isinstance(value, list) else value
    if set(value) == set(Artefact.model_fields):
        return value["sha256"]
    return {name: _by_content(each) for name, each in value.items()}
