"""A job, decided: every stage, key and file name, once, before anything runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from polyreel.job import FolderDelivery, Job, Target
from polyreel.keys import stage_key
from polyreel.outcome import Artefact, Problem, Value

JOB_STAGES = ("ingest", "trim", "separate")
LANGUAGE_STAGES = ("script", "submit", "dub", "collect", "listen", "subtitles", "mux", "check")
CLOSING_STAGES = ("package", "deliver")

# A stage whose result would come out differently than before gets a new number here, and only that stage is redone.
VERSIONS = {
    "trim": 1,
    "separate": 2,
    "transcribe": 2,
    "translate": 3,
    "script": 2,
    "submit": 2,
    "dub": 1,
    "collect": 1,
    "listen": 2,
    "subtitles": 1,
    "mux": 1,
    "check": 4,
    "package": 1,
    "report": 1,
}


class Parting(Value):
    """How speech and background are parted: by what, with which weights, and why not better."""

    kind: Literal["given", "learned", "ducked"] = "ducked"
    model: str = Field(default="", description="The weights' fingerprint, where weights are used.")
    why: str = ""


class MadeScript(Value):
    """A script that was made here, heard or translated, timed to the source; and what a person should know of it."""

    script: Artefact
    notes: tuple[str, ...] = ()


class LanguagePlan(Value):
    """One language: its script as it was read, its keys and names. ``problem`` is set when it can't begin."""

    job: Job
    locale: str
    script: Artefact | None = None
    source_script: Artefact | None = None
    voice: tuple[str, ...] = ()
    voicing: str = Field(default="", description="The embedded engine's voices and their version.")
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    glossary: Artefact | None = None
    machine_draft: bool = Field(default=False, description="The script was translated by a machine, unread.")
    stage_keys: dict[str, str] = Field(default_factory=dict, description="Per stage; filled when the source is known.")

    @property
    def needs_draft(self) -> bool:
        """Whether its script has to be translated first."""
        return self.script is None and self.problem is None

    def drafted(self, made: MadeScript) -> LanguagePlan:
        """The same language with the script that a machine drafted: what follows is kept under that script's keys."""
        keys = {
            stage: stage_key(stage, VERSIONS[stage], plan=key, script=made.script.sha256)
            for stage, key in self.stage_keys.items()
            if stage != "translate"
        }
        changed = {"script": made.script, "machine_draft": True, "notes": (*self.notes, *made.notes)}
        return self.model_copy(update={**changed, "stage_keys": {**self.stage_keys, **keys}})

    def file_name(self, suffix: str) -> str:
        """``LOCALE/NAME.LOCALE.suffix``: where this language's file goes below the delivery's folder."""
        return f"{self.locale}/{self.job.name}.{self.locale}.{suffix}"


class Plan(Value):
    """The whole job, decided. ``source`` and the keys are there once the source has been taken in."""

    job: Job
    languages: tuple[LanguagePlan, ...]
    source_script: Artefact | None = None
    background: Artefact | None = None
    parting: Parting = Parting()
    ear: str = Field(default="", description="What speakers without names are told apart with, where that is asked.")
    listener: str = Field(default="", description="What dubs are listened to with; empty where its weights are absent.")
    source: Artefact | None = None
    stage_keys: dict[str, str] = Field(default_factory=dict)

    @property
    def needs_transcript(self) -> bool:
        """Whether the source has to be listened to: a script is to be translated, and there is none to begin with."""
        return self.source_script is None and any(each.needs_draft for each in self.languages)

    def transcribed(self, made: MadeScript) -> Plan:
        """The same plan with the source's script as it was heard, for the languages that are translated from it."""
        script, notes = made.script, made.notes
        languages = tuple(
            each.model_copy(update={"source_script": script, "notes": (*each.notes, *notes)})
            if each.needs_draft
            else each
            for each in self.languages
        )
        return self.model_copy(update={"languages": languages}).bound(self.source_at_hand())

    def untranscribed(self, problem: Problem) -> Plan:
        """The same plan where the source could not be understood: the languages that need its script can't begin."""
        languages = tuple(
            each.model_copy(update={"problem": problem}) if each.needs_draft else each for each in self.languages
        )
        return self.model_copy(update={"languages": languages})

    def bound(self, source: Artefact) -> Plan:
        """The same plan for a source whose content is known: now every stage has its key."""
        digest = source.sha256
        languages = tuple(
            each.model_copy(update={"stage_keys": {s: self.key(s, digest, each.locale) for s in _keyed(each)}})
            for each in self.languages
        )
        keys = {stage: self.key(stage, digest) for stage in ("trim", "separate", "transcribe")}
        return self.model_copy(update={"source": source, "languages": languages, "stage_keys": keys})

    def source_at_hand(self) -> Artefact:
        """The source of a bound plan."""
        if self.source is None:
            raise ValueError("the plan is not bound to its source yet")
        return self.source

    @property
    def separation(self) -> str:
        """How speech and background are parted: ``given``, ``learned`` or ``ducked``."""
        return self.parting.kind

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders the job delivers to."""
        return tuple(d.path for d in self.job.delivery if isinstance(d, FolderDelivery))

    def runnable(self) -> tuple[LanguagePlan, ...]:
        """The languages that can begin."""
        return tuple(language for language in self.languages if language.problem is None)

    def language(self, locale: str) -> LanguagePlan:
        """One language's plan."""
        return next(language for language in self.languages if language.locale == locale)

    # -- keys

    def key(self, stage: str, source: str, locale: str = "") -> str:
        """The key of a stage for a source (its sha256) and, below the job's own stages, a language."""
        return stage_key(stage, VERSIONS[stage], **self._inputs(stage, source, locale))

    def _inputs(self, stage: str, source: str, locale: str) -> dict[str, Any]:
        reel = {"source": source, "trim": self.job.trim}
        if stage == "trim":
            return reel
        parting = self.parting.model_dump(mode="json", exclude={"why"})
        stems = {**reel, "background": _sha(self.background), "parting": parting}
        if stage == "separate":
            return {**stems, "after": VERSIONS["trim"]}
        if stage == "transcribe":
            asked = {"locale": self.job.source.locale, "profile": self.job.subtitles.profile}
            return {**reel, **asked, "listener": self.listener, "after": VERSIONS["trim"]}
        return stems | self._language_inputs(stage, self.language(locale))

    def _language_inputs(self, stage: str, language: LanguagePlan) -> dict[str, Any]:
        cues: dict[str, Any] = {"locale": language.locale, "script": _sha(language.script)}
        if language.script is None:
            cues |= {"draft": self._draft_inputs(language)}
        if stage == "translate":
            return cues
        dub = {
            **cues,
            "source_locale": self.job.source.locale,
            "source_script": _sha(language.source_script),
            "voice": language.voice,
            "voicing": language.voicing,
            "speakers": self._who_speaks(),
            "dubbing": self.job.dubbing.model_dump(mode="json", exclude={"credentials", "separation"}),
        }
        if stage in ("subtitles", "mux"):
            dub |= {"formats": self.job.subtitles.formats}
        if stage in ("listen", "check"):
            dub |= {"listener": self.listener}
        if stage == "check":
            dub |= {"profile": self.job.subtitles.profile}
        # A stage that is made anew makes all that come after it anew.
        before = LANGUAGE_STAGES[: LANGUAGE_STAGES.index(stage)]
        return {**dub, "after": [VERSIONS[each] for each in before]}

    def _who_speaks(self) -> list[Any]:
        return [self.job.source.speakers, self.ear, self.job.speakers and self.job.model_dump()["speakers"]]

    def _draft_inputs(self, language: LanguagePlan) -> dict[str, Any]:
        asked = self.job.translation
        return {
            "source_locale": self.job.source.locale,
            "source_script": _sha(language.source_script),
            "translation": asked.model_dump(mode="json", exclude={"credentials", "glossary"}) if asked else None,
            "glossary": _sha(language.glossary),
            "profile": self.job.subtitles.profile,
            "voice": [language.voice, language.voicing],
            "speakers": self._who_speaks(),
            "versions": [VERSIONS["transcribe"], VERSIONS["translate"]],
        }


def _keyed(language: LanguagePlan) -> tuple[str, ...]:
    return ("translate", *LANGUAGE_STAGES) if language.needs_draft else LANGUAGE_STAGES


def voices_of(target: Target) -> tuple[str, ...]:
    """The voices a target asks for: none, one for everybody, or one per speaker."""
    if target.voice is None:
        return ()
    return (target.voice,) if isinstance(target.voice, str) else target.voice


def _sha(artefact: Artefact | None) -> str | None:
    return artefact.sha256 if artefact else None
