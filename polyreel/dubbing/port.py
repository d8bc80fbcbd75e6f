"""The port of dubbing: what a reel and a language need to become a dub, whoever makes it.

Three steps, because money and time lie between them. ``submit`` commits (and may cost: it happens once, behind the
ledger), ``wait`` lasts as long as it lasts and may be repeated, ``collect`` fetches and may be repeated. The embedded
engine returns sound; a vendor may return sound, a finished video, scripts, or all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from polyreel.engine.separation.stems import Stems
from polyreel.engine.speech.choices import SpokenChoice
from polyreel.engine.voice.port import Gender
from polyreel.keys import stage_key
from polyreel.ledger.entry import Subject
from polyreel.outcome import ClonedVoice, LineFit, StoredFile, Value
from polyreel.store.port import Store

if TYPE_CHECKING:  # SQLAlchemy takes longer to import than a dub on this machine takes to begin
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.watch import Watchers

# Masters are made beside a dub, and are no reason to speak or to buy it again.
_BESIDE = ("media_url", "background_url", "shown", "lossless_from", "watermark")
# A vendor's purchase has a key of its own (`submission`), made of these; the embedded engine reads none of them.
_OF_VENDORS = ("source_sha256", "trim", "reel_start", "trims_there", "terms", "title", "order", "revises")
Mix = Literal["dub", "voiceover", "speech_only"]
Progress = Callable[[float], None]
"""Gets the done share of a step, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a provider for one language, as far as it is known before anything runs."""

    source: str
    target: str
    voices: tuple[str, ...] = ()


class DubRequest(Value):
    """One language of one reel, asked for. Everything that changes the result is in here; secrets are not."""

    locale: str = Field(description="BCP-47 tag of the language to dub into.")
    source_locale: str
    reel: StoredFile = Field(description="The trimmed video.")
    duration: str = Field(description="The reel's length in seconds, exact: '1272/30' or '42.4'.")
    script: StoredFile | None = Field(default=None, description="The script in the target language (.srt or .vtt).")
    shown: StoredFile | None = Field(
        default=None, description="The script as it is shown, with names in its text where it had them."
    )
    source_script: StoredFile | None = Field(default=None, description="The script in the source language.")
    tone_script: StoredFile | None = Field(
        default=None, description="The source's script as it was heard, where only its pace is followed."
    )
    machine_draft: bool = Field(default=False, description="The target script was translated by a machine, unread.")
    speakers: int | None = None
    mix: Mix = "dub"
    voices: tuple[str, ...] = Field(default=(), description="One for everybody, or one per speaker of the roster.")
    roster: tuple[str, ...] = Field(default=(), description="Everybody who speaks in the job, by first appearance.")
    pinned: tuple[tuple[str, str], ...] = Field(default=(), description="(speaker, voice) that the job says.")
    genders: tuple[tuple[str, Gender], ...] = Field(default=(), description="(speaker, gender) as far as known.")
    pronunciations: StoredFile | None = Field(
        default=None, description="How terms are said in this language (`polyreel.engine.voice.pronunciations`)."
    )
    retakes: tuple[tuple[str, int, str], ...] = Field(
        default=(), description="(speaker or empty, the line's start in ms, voice): sentences another voice says."
    )
    follows_tone: bool = Field(default=False, description="Loudness and pace follow the original's, line by line.")
    choices: tuple[SpokenChoice, ...] = Field(
        default=(), description="What people chose for single lines of the script: voice, pace, or their own recording."
    )
    clones: tuple[ClonedVoice, ...] = Field(
        default=(), description="Voices cloned with consent, for the embedded engine alone."
    )
    stems: Stems | None = Field(default=None, description="Needed by the embedded engine.")
    background: StoredFile | None = Field(default=None, description="The user's clean background, for vendors.")
    media_url: str | None = Field(default=None, description="Where a vendor fetches the reel.")
    background_url: str | None = None
    source_sha256: str = Field(default="", description="The source before it was trimmed: what a purchase is known by.")
    trim: tuple[float | None, float | None] = Field(default=(None, None), description="Start and end in it, seconds.")
    reel_start: str = Field(default="0", description="Where the reel begins in the source: seconds, exact fraction.")
    trims_there: bool = Field(default=False, description="The provider gets the whole source and cuts it itself.")
    terms: StoredFile | None = Field(default=None, description="The provider's glossary.")
    title: str = Field(default="", description="The job's name, for people.")
    order: str = Field(default="", description="What the job asks for, digested: by it a quote knows a purchase again.")
    target_lufs: float | None = Field(default=None, description="None: as loud as the source.")
    peak_dbtp: float = -1.0
    lossless_from: int | None = Field(
        default=None,
        description="Lossless tracks are wanted too, and this is the number since midnight of their first sample.",
    )
    watermark: bool = Field(default=False, description="The new speech is to be marked, inaudibly.")
    notes: tuple[str, ...] = Field(default=(), description="What a person should be told of the request.")
    revises: tuple[StoredFile | None, ...] = Field(
        default=(),
        description="Earlier editions of the script, the latest first (None: written there): what was bought with one "
        "of them is revised, and not bought again.",
    )
    options: dict[str, Any] = Field(default_factory=dict, description="The provider's own options, from the job.")

    @property
    def seconds(self) -> Fraction:
        """The reel's length in seconds."""
        return Fraction(self.duration)

    def key(self, provider: str, version: int, **more: Any) -> str:
        """A key over everything that changes the result; addresses (they are signed anew each time) don't."""
        # Dubs that were made before there was any of these keep their keys.
        optional = ("pronunciations", "retakes", "follows_tone", "tone_script", "choices", "clones")
        unasked = {name for name in optional if not getattr(self, name)}
        asked = self.model_dump(mode="json", exclude={*_OF_VENDORS, *_BESIDE, *unasked})
        return stage_key(f"dub-{provider}", version, asked=_by_content(asked), **more)


class Receipt(Value):
    """What a provider gave for a submission: enough to wait, to collect, and to find it again."""

    provider: str
    id: str = Field(description="The provider's own name for the work.")
    key: str = Field(description="Our submission key.")
    locale: str
    minutes: float | None = Field(default=None, description="What it cost, where the provider says.")
    details: dict[str, Any] = Field(default_factory=dict, description="What else the adapter needs later.")


class LosslessTracks(Value):
    """A dub in Broadcast Wave files as long as the reel: the mix, and what it is made of."""

    mix: StoredFile
    dialogue: StoredFile | None = Field(default=None, description="None: the mix is all that there is.")
    effects: StoredFile | None = Field(default=None, description="None: nothing lies under the speech.")
    stems_db: float = Field(default=0.0, description="What dialogue and effects are softer by than in the mix: room.")


class Dubbed(Value):
    """A finished dub. At least one of ``audio`` and ``video`` is there."""

    locale: str
    audio: StoredFile | None = Field(default=None, description="The whole mixed track, AAC in .m4a, to be copied.")
    video: StoredFile | None = Field(default=None, description="The provider's own video.")
    speech: StoredFile | None = Field(default=None, description="The new speech alone.")
    lossless: LosslessTracks | None = Field(default=None, description="Where they were asked for and can be had.")
    script: StoredFile | None = Field(default=None, description="The script as it was spoken, where it is not ours.")
    source_script: StoredFile | None = None
    lines: tuple[LineFit, ...] = ()
    lufs: float | None = Field(default=None, description="Integrated loudness of the finished track.")
    true_peak_dbtp: float | None = None
    target_lufs: float | None = None
    peak_limit_dbtp: float = -1.0
    dialogue_over_bed_lu: float | None = None
    range_lu: float | None = Field(default=None, description="Loudness range of the finished track.")
    power: StoredFile | None = Field(
        default=None, description="How loud the track is when, as `.npy`; None where that was not kept."
    )
    source_range_lu: float | None = Field(default=None, description="Loudness range of the reel's own sound.")
    speech_left_db: float | None = Field(
        default=None, description="The original's speech under the dub, relative to the original. None: not measured."
    )
    seconds: str = Field(default="0", description="Length of the track, exact.")
    separation: str = ""
    machine_draft: bool = False
    watermark: str = Field(default="", description="Whose inaudible mark is in the speech; empty: none.")
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """What a dubber works with.

    ``client`` is its provider's own, open, and ``ledger`` is where its purchases stand; None for a provider that needs
    no account. ``subject`` says for which job and account something is bought.
    """

    store: Store
    client: Any = None
    ledger: Ledger | None = None
    subject: Subject = field(default_factory=lambda: Subject(kind="dub"))
    watchers: Watchers | None = None
    staging: Staging | None = None
    callback_url: str | None = None
    patience_s: float | None = None
    """How long the provider is waited for before `StillAtVendor` is raised; None: as long as it takes."""

    def at_hand(self) -> Ledger:
        """The ledger of a provider that is paid."""
        if self.ledger is None:
            raise ValueError("a vendor's dubber was made without a ledger")
        return self.ledger


class Staging(Protocol):
    """Where media waits for a vendor that fetches by URL."""

    async def make_address(self, file: StoredFile, name: str) -> str:
        """A signed address that gives the file for days; it is put there when it is not. Raises `VendorError`.

        ``name`` is the last part of the address, for providers that go by its ending: ``welcome.mp4``.
        """
        ...


class Dubber(Protocol):
    """A provider of dubs: `submit` buys, `wait` waits, `collect` fetches; each may run in another process.

    ``on_progress`` hears a share from 0 to 1. Whatever is raised is a `PolyreelError`, and concerns one language alone.
    """

    @property
    def provider(self) -> str:
        """Its name in the job."""

    async def submit(self, request: DubRequest) -> Receipt:
        """Commit to the work, and give what finds it again. May cost money: never repeated blindly.

        What costs goes through the ledger (`Means.at_hand().once`), so that a run which died half-way finds its
        purchase. Raises `UnresolvedCall` where only a person can tell whether it was made.
        """

    async def wait(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> None:
        """Return when the dub can be collected. May be repeated and cancelled.

        Raises what went wrong where the dub failed; `HeldForPerson` where somebody has to decide at the provider, and
        `StillAtVendor` once `Means.patience_s` are over.
        """

    async def collect(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> Dubbed:
        """Fetch the finished dub into the store. May be repeated.

        The files that the `Dubbed` names are kept when this returns. Raises `MediaError` for one that can't be used.
        """


def _by_content(value: Any) -> Any:
    """Stored files by what is in them, not by where they lie: a moved store must not redo everything."""
    if not isinstance(value, dict):
        return [_by_content(each) for each in value] if isinstance(value, list) else value
    # Told by its fields, as plain JSON has no types left.
    if set(value) == set(StoredFile.model_fields):
        return value["sha256"]
    return {name: _by_content(each) for name, each in value.items()}
