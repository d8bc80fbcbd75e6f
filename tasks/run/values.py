"""What stages hand to each other beside the core's own values."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from polyreel.delivery.port import Item
from polyreel.dubbing.line_hearing import LinesHeard
from polyreel.dubbing.port import Dubbed, DubRequest, LosslessTracks
from polyreel.engine.transcribe.words import Heard
from polyreel.job import Mix
from polyreel.ledger.entry import Wait
from polyreel.outcome import Check, LineFit, Mending, Problem, Reel, SoundOutline, StoredFile, Value
from polyreel.plans import LanguagePlan


class TrackFile(Value):
    """One file of text of another kind than subtitles: captions, forced, bilingual."""

    kind: str
    format: str
    file: StoredFile


class Shots(Value):
    """Where the reel's shots begin, in milliseconds from its start."""

    starts_ms: tuple[int, ...] = ()


class Tracks(Value):
    """A language's subtitle files by format. ``vtt`` is always there: the video and the report carry it."""

    files: dict[str, StoredFile]
    script: StoredFile
    more: tuple[TrackFile, ...] = ()
    embedded: StoredFile | None = Field(default=None, description="What the video's own text track shows.")
    is_empty: bool = Field(default=False, description="Nobody gave the words, and nobody heard them: no line is there.")
    notes: tuple[str, ...] = ()


class Listening(Value):
    """What was heard in the finished dub; without it, why not."""

    heard: Heard | None = None
    lines: LinesHeard | None = Field(default=None, description="What each line sounds like.")
    notes: tuple[str, ...] = ()


class MendedDub(Value):
    """A dub after its failing lines were tried once more: as it was, where nothing came out better."""

    request: DubRequest
    dubbed: Dubbed
    listening: Listening
    mending: Mending

    async def listened(self) -> Listening:
        """What was heard in it, as `run_alongside` gives it of a dub that nobody mends."""
        return self.listening


class SpokenLanguage(Value):
    """What was heard of the source's language; without a check, why it was not checked."""

    check: Check | None = None
    note: str = Field(default="", description="For a person, where nothing was checked.")


class FoundLanguage(Value):
    """The language that a source was heard to speak, and how sure that is."""

    locale: str
    share: float


class LanguageResult(Value):
    """A language, made and checked."""

    locale: str
    video: StoredFile = Field(description="The dubbed film; of a reel without a picture, the dubbed sound.")
    container: str = Field(default="mp4", description="What that is: mp4; of sound m4a, mp3 or wav.")
    unsigned: StoredFile | None = Field(
        default=None, description="The video before it was signed, which people approved and versions are known by."
    )
    tracks: Tracks
    checks: tuple[Check, ...] = ()
    lines: tuple[LineFit, ...] = ()
    audio: StoredFile | None = Field(default=None, description="The dubbed sound alone, for streaming packages.")
    heard: tuple[str, ...] = Field(default=(), description="What a listener heard of each of `lines`.")
    outline: SoundOutline = SoundOutline()
    provider: str = Field(default="", description="Who dubbed it, as people call them.")
    mix: Mix = "dub"
    has_own_picture: bool = Field(default=False, description="The provider changed the picture.")
    is_machine_text: bool = Field(default=False, description="The script is a machine's, and was read by nobody.")
    lossless: LosslessTracks | None = Field(default=None, description="For masters, where they were asked for.")
    watermark: str = Field(default="", description="Whose inaudible mark is in its speech; empty: none.")
    notes: tuple[str, ...] = ()
    voiceover: StoredFile | None = Field(
        default=None, description="A voice-over beside the dub, where packages want one: told by the run."
    )
    description: StoredFile | None = Field(
        default=None, description="The audio description as AAC, as long as the reel: told where it is packaged."
    )
    mending: Mending | None = Field(default=None, description="What was tried with lines that failed a check.")
    language: LanguagePlan | None = Field(
        default=None,
        description="The language as it was dubbed: told by the run, not kept with the stage.",
    )
    reel: Reel | None = Field(
        default=None, description="The reel that it was dubbed from, where its picture gave way: told by the run, too."
    )

    @property
    def role(self) -> str:
        """What the delivered dub is: ``video`` or ``audio``."""
        return "video" if self.container == "mp4" else "audio"

    @property
    def shown(self) -> StoredFile:
        """The dubbed reel as people are shown it: a signature comes afterwards, and no two are alike."""
        return self.unsigned or self.video


class LanguageResults(Value):
    """What became of every language: a result, or the reason why there is none."""

    finished: tuple[LanguageResult, ...] = ()
    problems: dict[str, Problem] = Field(default_factory=dict)
    held: dict[str, Problem] = Field(default_factory=dict, description="What waits for a person, and for what.")
    approved: tuple[str, ...] = Field(default=(), description="Those whose finished dub a person has approved.")
    waits: tuple[Wait, ...] = Field(default=(), description="What may tell that a held language can go on.")
    at_vendors: bool = Field(default=False, description="Some are held for no person: a vendor is at work on them.")

    @property
    def dubbed_here(self) -> bool:
        """Whether a language was dubbed on this machine, planned or as a fallback."""
        return any(each.language is not None and each.language.way.works_here for each in self.finished)


class Signed(Value):
    """Signed copies by what they were signed from (its SHA-256), and what each of them says, as plain JSON."""

    files: dict[str, StoredFile] = Field(default_factory=dict)
    facts: tuple[dict[str, Any], ...] = ()


class Packaged(Value):
    """Files that hold all languages together, at their places below the delivery; none when none were asked for."""

    items: tuple[Item, ...] = ()
    provenance: tuple[dict[str, Any], ...] = Field(default=(), description="What the signed files say.")
    notes: tuple[str, ...] = ()
    problem: Problem | None = None

    def join(self, other: Packaged) -> Packaged:
        """Both together; of two problems the first is told."""
        return Packaged(
            items=(*self.items, *other.items),
            provenance=(*self.provenance, *other.provenance),
            notes=(*self.notes, *other.notes),
            problem=self.problem or other.problem,
        )
