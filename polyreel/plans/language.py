"""One language, decided: its script, who dubs it and how, its file names."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyreel.job import Dubbing, Job, Subtitles, Target
from polyreel.keys import stage_key
from polyreel.outcome import ClonedVoice, Problem, StoredFile, Value
from polyreel.plans.stages import VERSIONS


class MadeScript(Value):
    """A script that was made here, heard or translated, timed to the source; and what a person should know of it."""

    script: StoredFile
    notes: tuple[str, ...] = ()


class EditedScript(Value):
    """A script as people left it. ``earlier``: what it was before, the latest first; None: whoever dubs wrote it."""

    script: StoredFile
    made: StoredFile = Field(description="As the job gives or makes it, before anybody edited it.")
    earlier: tuple[StoredFile | None, ...] = ()
    is_read: bool = Field(default=False, description="A person has approved just this script.")
    notes: tuple[str, ...] = ()


MediaWay = Literal["store", "url", "upload", "staged"]
"""How a provider gets the reel: from our store, from the source's own address, by upload, from a staged copy."""


class Way(Value):
    """How one provider would dub one language, decided before anything runs."""

    identity: str = Field(default="", description="What changes its dubs beside the options: voices, or an account.")
    media: MediaWay = "store"
    works_here: bool = Field(default=True, description="On this machine: it needs the parted sound.")
    trims: bool = Field(default=False, description="The provider cuts the reel itself.")
    separates: bool = Field(default=False, description="The provider parts speech and background itself.")
    writes_script: bool = Field(default=False, description="The provider writes the script, where none is given.")
    changes_picture: bool = False
    gives_way: bool = Field(default=False, description="The picture may be slowed or held where a line is too long.")
    problem: Problem | None = Field(default=None, description="Why it can't dub this language.")


class LanguagePlan(Value):
    """One language: its script as it was read, its keys and names. ``problem`` is set when it can't begin."""

    job: Job
    locale: str
    script: StoredFile | None = None
    source_script: StoredFile | None = None
    heard_source: StoredFile | None = Field(
        default=None,
        description="The source's script as it was heard, for files with both languages and for the original's pace.",
    )
    audio_description: StoredFile | None = Field(default=None, description="Its sound with what is seen, as given.")
    forced: StoredFile | None = Field(default=None, description="Signs and foreign lines, in a file of their own.")
    voice: tuple[str, ...] = ()
    ways: tuple[Way, ...] = Field(default=(), description="One for the job's dubbing, and one for each fallback.")
    choice: int = Field(default=0, ge=0, description="Who dubs it: 0 the job's dubbing, 1 its first fallback, ...")
    source: StoredFile | None = Field(default=None, description="The job's source; filled when it is known.")
    background: StoredFile | None = None
    terms: StoredFile | None = Field(default=None, description="The provider's own glossary.")
    pronunciations: StoredFile | None = Field(default=None, description="Those that count in this language.")
    cloned: tuple[ClonedVoice, ...] = Field(default=(), description="The voices that the job has cloned.")
    names: tuple[str, ...] = Field(default=(), description="Names in the script that no pronunciation is given for.")
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    glossary: StoredFile | None = None
    memory: StoredFile | None = Field(default=None, description="The series' approved lines in this pair of languages.")
    machine_draft: bool = Field(default=False, description="The script was translated by a machine, unread.")
    edited: EditedScript | None = Field(default=None, description="What people did to the script, once that is known.")
    stage_keys: dict[str, str] = Field(default_factory=dict, description="Per stage; filled when the source is known.")

    @property
    def dubbing(self) -> Dubbing:
        """Who dubs this language, with that provider's own options."""
        return (self.job.dubbing, *self.job.fallback)[self.choice]

    @property
    def way(self) -> Way:
        """How it is dubbed."""
        return self.ways[self.choice] if self.ways else Way()

    @property
    def clones(self) -> tuple[ClonedVoice, ...]:
        """The cloned voices that speak here: only this machine gets people's samples, and no vendor."""
        # A fallback without `clones` speaks with its own voices, whatever the first choice was to have.
        return self.cloned if getattr(self.dubbing, "clones", ()) else ()

    @property
    def mends(self) -> bool:
        """Whether lines that fail a check are tried once more: only what speaks here can say them otherwise."""
        return self.job.quality.mend and self.way.works_here

    @property
    def gives_way(self) -> bool:
        """Whether its picture may be slowed or held where a line is too long: then it has a picture of its own."""
        return self.way.works_here and self.way.gives_way

    @property
    def follows_tone(self) -> bool:
        """Whether the original's loudness and pace guide its dub."""
        return self.way.works_here and getattr(self.dubbing, "prosody", "own") == "follow"

    @property
    def tone_script(self) -> StoredFile | None:
        """The source's words as they were heard, where only their pace is wanted."""
        return self.heard_source if self.follows_tone and self.source_script is None else None

    @property
    def besides(self) -> tuple[str, ...]:
        """The stages that this language has beside those of all languages."""
        return (*(("picture",) if self.gives_way else ()), *(("mend",) if self.mends else ()))

    @property
    def is_approved(self) -> bool:
        """Whether a person was asked about just this script, and has approved it."""
        return "script" in self.job.review and self.edited is not None and self.edited.is_read

    @property
    def subtitles(self) -> Subtitles:
        """How its subtitles are written: where lines are mended cues are too, unless people worked on the script."""
        is_touched = self.is_approved or (self.edited is not None and self.edited.script != self.edited.made)
        asked = self.job.subtitles
        return asked.model_copy(update={"mend": True}) if self.mends and not is_touched else asked

    @property
    def needs_draft(self) -> bool:
        """Whether its script has to be translated here first."""
        written_there = self.way.writes_script and self.job.translation is None
        return self.script is None and self.problem is None and not written_there

    def next_choice(self, after: int) -> int | None:
        """The next way that can dub it; None where there is none."""
        return next((number for number, way in enumerate(self.ways) if number > after and not way.problem), None)

    def with_draft(self, made: MadeScript) -> LanguagePlan:
        """The same language with the script that a machine drafted: what follows is kept under that script's keys."""
        keys = {
            stage: stage_key(stage, VERSIONS[stage], plan=key, script=made.script.sha256)
            for stage, key in self.stage_keys.items()
            if stage != "translate"
        }
        changed = {"script": made.script, "machine_draft": True, "notes": (*self.notes, *made.notes)}
        return self.model_copy(update={**changed, "stage_keys": {**self.stage_keys, **keys}})

    def with_edited_script(self, edited: EditedScript) -> LanguagePlan:
        """The same language with its script as people left it.

        What follows an edited script, or an approved draft, is kept under keys of its own; where people changed
        nothing, under those that it had.
        """
        script, draft = edited.script, self.machine_draft and not edited.is_read and edited.script == self.script
        changed = {
            "script": script,
            "edited": edited,
            "machine_draft": draft,
            "notes": (*self.notes, *edited.notes),
        }
        # What a person has approved is not mended, though it may be the very script that would be.
        stays = self.mends and edited.is_read and "script" in self.job.review
        if script == self.script and draft == self.machine_draft and not stays:
            return self.model_copy(update=changed)
        keys = {
            stage: stage_key(stage, VERSIONS[stage], plan=key, script=script.sha256, read=True)
            for stage, key in self.stage_keys.items()
            if stage != "translate"
        }
        return self.model_copy(update={**changed, "stage_keys": {**self.stage_keys, **keys}})

    def file_name(self, suffix: str) -> str:
        """``LOCALE/NAME.LOCALE.suffix``: where this language's file goes below the delivery's folder."""
        return f"{self.locale}/{self.job.name}.{self.locale}.{suffix}"


def voices_of(target: Target) -> tuple[str, ...]:
    """The voices a target asks for: none, one for everybody, or one per speaker."""
    if target.voice is None:
        return ()
    return (target.voice,) if isinstance(target.voice, str) else target.voice
