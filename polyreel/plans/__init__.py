"""A job, decided: every stage, key and file name, once, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from polyreel.job import Job, Transcription
from polyreel.job.packaging import LOSSLESS, LOSSLESS_VERSION
from polyreel.job.values import is_embedded
from polyreel.keys import stage_key
from polyreel.outcome import Problem, StoredFile, Value
from polyreel.plans.language import EditedScript, LanguagePlan, MadeScript, MediaWay, Way, voices_of
from polyreel.plans.stages import (
    CLOSING_STAGES,
    JOB_STAGES,
    LANGUAGE_STAGES,
    VERSIONS,
    asks_for_watermark,
    closing_steps,
    step_of_place,
)

__all__ = [
    "CLOSING_STAGES",
    "JOB_STAGES",
    "LANGUAGE_STAGES",
    "VERSIONS",
    "EditedScript",
    "LanguagePlan",
    "MadeScript",
    "MediaWay",
    "Parting",
    "Plan",
    "Way",
    "asks_for_watermark",
    "closing_steps",
    "step_of_place",
    "voices_of",
]


# Stages that only some jobs have, and before which of the others they are done.
_BESIDES = {"picture": "submit", "mend": "subtitles"}


class Parting(Value):
    """How speech and background are parted: by what, with which weights, and why not better."""

    kind: Literal["given", "learned", "ducked"] = "ducked"
    model: str = Field(default="", description="The weights' fingerprint, where weights are used.")
    why: str = ""


class Plan(Value):
    """The whole job, decided. ``source`` and the keys are there once the source has been taken in."""

    job: Job
    languages: tuple[LanguagePlan, ...]
    source_script: StoredFile | None = None
    heard_script: StoredFile | None = Field(default=None, description="The source's script as it was written down.")
    expected: tuple[str, ...] = Field(default=(), description="Words to be expected where the source is written down.")
    transcriber: str = Field(default="", description="The weights that write it down, where they are not the usual.")
    heard_notes: tuple[str, ...] = Field(default=(), description="What a person should know of that script.")
    background: StoredFile | None = None
    audio_description: StoredFile | None = Field(default=None, description="In the source's language.")
    parting: Parting = Parting()
    ear: str = Field(default="", description="What speakers without names are told apart with, where that is asked.")
    listener: str = Field(default="", description="What dubs are listened to with; empty where its weights are absent.")
    ears: str = Field(default="", description="What else dubs are judged with by ear: the weights that are here.")
    further_checks: str = Field(default="", description="The checks that installed packages bring, with versions.")
    notes: tuple[str, ...] = Field(default=(), description="What the job says that nothing comes of.")
    source: StoredFile | None = None
    stage_keys: dict[str, str] = Field(default_factory=dict)

    @property
    def needs_transcript(self) -> bool:
        """Whether the source has to be listened to: a script is to be translated or shown, and nobody gave one.

        For bilingual files and the original's pace alone only where there is something to listen with: a job goes on
        without them.
        """
        shown = self.job.subtitles.bilingual and bool(self.runnable())
        besides = bool(self.listener) and (shown or any(each.follows_tone for each in self.runnable()))
        wanted = bool(self.job.scripts) or besides or any(each.needs_draft for each in self.languages)
        return self.source_script is None and self.heard_script is None and wanted

    def with_source_script(self, made: MadeScript) -> Plan:
        """The same plan with the source's script as it was heard, for the languages that are translated from it.

        The others only show it, where they show both languages, and follow its pace, where that is asked of this
        machine: what is ordered for them elsewhere stays what it was, for an order that differs is bought again.
        """
        script, notes = made.script, made.notes
        languages = tuple(
            each.model_copy(update={"source_script": script, "notes": (*each.notes, *notes)})
            if each.needs_draft
            else each.model_copy(update={"heard_source": script})
            for each in self.languages
        )
        changed = {"languages": languages, "heard_script": script, "heard_notes": notes}
        return self.model_copy(update=changed).with_source(self.source_at_hand())

    def without_source_script(self, problem: Problem) -> Plan:
        """The same plan where the source could not be understood: the languages that need its script can't begin."""
        why = f"The source's lines could not be heard: {problem.message}"

        def without(each: LanguagePlan) -> dict[str, Any]:
            if each.needs_draft:
                return {"problem": problem}
            is_missed = self.job.subtitles.bilingual or each.follows_tone
            return {"notes": (*each.notes, why)} if is_missed else {}

        languages = tuple(each.model_copy(update=without(each)) for each in self.languages)
        return self.model_copy(update={"languages": languages})

    def with_source(self, source: StoredFile) -> Plan:
        """The same plan for a source whose content is known: now every stage has its key."""
        digest = source.sha256
        languages = tuple(
            each.model_copy(update={"stage_keys": self._keys_of(each, digest), "source": source})
            for each in self.languages
        )
        keys = {stage: self.key(stage, digest) for stage in ("trim", "separate", "transcribe")}
        return self.model_copy(update={"source": source, "languages": languages, "stage_keys": keys})

    def _keys_of(self, language: LanguagePlan, source: str) -> dict[str, str]:
        return {stage: self.key(stage, source, language.locale) for stage in _key_inputs(language)}

    def with_choice(self, locale: str, choice: int, note: str) -> Plan:
        """The same plan with a language dubbed another way, under that way's keys."""
        language = self.language(locale)
        changed = language.model_copy(update={"choice": choice, "notes": (*language.notes, note)})
        return self.model_copy(
            update={"languages": tuple(changed if each.locale == locale else each for each in self.languages)}
        ).with_source(self.source_at_hand())

    @property
    def separates_here(self) -> bool:
        """Whether the sound has to be parted on this machine, as far as is known before a provider fails."""
        return any(each.way.works_here or each.needs_draft for each in self.runnable())

    def source_at_hand(self) -> StoredFile:
        """The source of a bound plan."""
        if self.source is None:
            raise ValueError("the plan is not bound to its source yet")
        return self.source

    def name_separation(self, dubbed: Iterable[LanguagePlan], kind: str | None = None) -> str:
        """How speech and background are parted for languages, or by which vendors; ``kind``: as was done here."""
        here = kind or self.parting.kind
        return ", ".join(dict.fromkeys(here if each.way.works_here else each.dubbing.provider for each in dubbed))

    def runnable(self) -> tuple[LanguagePlan, ...]:
        """The languages that can begin."""
        return tuple(language for language in self.languages if language.problem is None)

    def language(self, locale: str) -> LanguagePlan:
        """One language's plan."""
        return next(language for language in self.languages if language.locale == locale)

    # -- keys

    def key(self, stage: str, source: str, locale: str = "") -> str:
        """The key of a stage for a source (its sha256) and, below the job's own stages, a language."""
        return stage_key(stage, VERSIONS[stage], **self._list_inputs(stage, source, locale))

    def _list_inputs(self, stage: str, source: str, locale: str) -> dict[str, Any]:
        asked = self.job.source
        reel = {"source": source, "trim": self.job.trim, "sound": [asked.locale, asked.audio_track]}
        if stage == "trim":
            told = {"embedded": is_embedded(asked.subtitles or ""), "for": self._who_dubs()}
            return {**reel, **told, **self._list_container()}
        stems = {**reel, "background": _sha_of(self.background), "parting": self._list_parting(locale)}
        if stage == "separate":
            return {**stems, "after": VERSIONS["trim"]}
        if stage in ("transcribe", "identify"):
            heard = {"locale": asked.locale, "profile": self.job.subtitles.profile}
            if stage == "transcribe":
                # Only where it is not the usual: keys from before there was a choice stay as they were.
                heard |= self._list_attention()
            return {**reel, **heard, "listener": self.listener, "after": VERSIONS["trim"]}
        return stems | self._language_inputs(stage, self.language(locale))

    def _list_parting(self, locale: str) -> dict[str, Any]:
        parting = self.parting
        # A vendor parts the sound itself, whatever a fallback of this machine would do.
        if locale and not self.job.dubbing.works_here and not self.language(locale).way.works_here:
            parting = Parting(kind="given" if self.background else "ducked")
        # Its reason is for people: a sentence worded anew must not part a film again.
        return parting.model_dump(mode="json", exclude={"why"})

    def _language_inputs(self, stage: str, language: LanguagePlan) -> dict[str, Any]:
        cues: dict[str, Any] = {"locale": language.locale, "script": _sha_of(language.script)}
        if language.script is None:
            cues |= {"draft": self._draft_inputs(language)}
        if stage == "translate":
            return cues
        dub = {
            **cues,
            "source_locale": self.job.source.locale,
            "source_script": _sha_of(language.source_script),
            "voice": language.voice,
            "voicing": language.way.identity,
            "speakers": self._who_speaks(),
            # Not by the credentials' name: the account itself is in `voicing`, and a name may be given to another.
            "dubbing": language.dubbing.key_inputs("credentials", "separation", "clones"),
        }
        dub |= _list_further_files(language)
        if language.tone_script:
            dub |= {"tone": _sha_of(language.tone_script)}
        if stage in ("subtitles", "mux") and language.script is None:
            # What was said may have had to be heard.
            dub |= {"listener": self.listener}
        if stage in ("subtitles", "mux", "check"):
            # What was checked is kept with the files that were checked: with others, it is another result.
            dub |= {"formats": self.job.subtitles.formats} | self._list_timecode() | self._list_track_options(language)
        if stage in ("listen", "mend", "check"):
            dub |= {"listener": self.listener} | ({"ears": self.ears} if self.ears else {})
        if stage == "check":
            dub |= {"profile": self.job.subtitles.profile} | self._list_limits()
        if stage == "check" and self.further_checks:
            dub |= {"further": self.further_checks}
        if stage in ("collect", "check") and LOSSLESS & set(self.job.masters):
            dub |= {"lossless": [self.job.source.timecode, LOSSLESS_VERSION]}
        if stage in ("collect", "mux", "check"):
            dub |= self._list_container()
        dub |= self._mark(stage) | _list_picture_versions(language, stage)
        if language.mends and stage in ("mend", "subtitles", "mux", "check"):
            dub |= {"mended": self._mend_inputs(language)}
        # A stage that is made anew makes all that come after it anew.
        before = LANGUAGE_STAGES[: LANGUAGE_STAGES.index(_BESIDES.get(stage, stage))]
        return {**dub, "after": [VERSIONS[each] for each in before]}

    def _mark(self, stage: str) -> dict[str, Any]:
        """The inaudible mark is laid after the speech is made, so that asking for it speaks nothing again."""
        is_laid = asks_for_watermark(self.job) and stage not in ("script", "submit", "dub")
        return {"watermark": True} if is_laid else {}

    def _list_limits(self) -> dict[str, Any]:
        """The limits that the job sets itself: left out where it sets none, as all keys were before."""
        return {"limits": asked} if (asked := self.job.quality.asked_limits) else {}

    def _mend_inputs(self, language: LanguagePlan) -> dict[str, Any]:
        """What decides how failing lines are tried again: the limits, what was heard, and who may shorten."""
        asked = self.job.translation
        return {
            "profile": self.job.subtitles.profile,
            **self._list_limits(),
            "heard": [self.listener, self.ears],
            "lossless": bool(LOSSLESS & set(self.job.masters)) and [self.job.source.timecode, LOSSLESS_VERSION],
            **self._list_container(),
            "translation": asked.model_dump(mode="json", exclude={"credentials", "glossary"}) if asked else None,
            "glossary": _sha_of(language.glossary),
            "memory": _sha_of(language.memory),
            "version": VERSIONS["mend"],
        }

    def _list_attention(self) -> dict[str, Any]:
        """How closely the source is listened to, where the job says so."""
        asked = self.job.transcription
        told = [self.transcriber, asked.beam, self.expected]
        return {"attention": told} if asked != Transcription() else {}

    def _list_container(self) -> dict[str, Any]:
        """What dubs of sound alone are delivered in, where the job says so."""
        return {"output": self.job.output} if self.job.output else {}

    def _list_timecode(self) -> dict[str, Any]:
        asked = self.job.source
        told = [asked.timecode, asked.frame_rate]
        # Left out where nothing is said, as all keys were before: nothing that was made has to be made again.
        return {"timecode": told} if any(told) else {}

    def _list_track_options(self, language: LanguagePlan) -> dict[str, Any]:
        """What changes a language's files of text beside their formats."""
        subtitles = self.job.subtitles
        told: dict[str, Any] = {}
        if subtitles.kinds != ("subtitles",) or subtitles.bilingual:
            told["kinds"] = [subtitles.kinds, subtitles.bilingual, _sha_of(language.forced)]
        if subtitles.bilingual and language.source_script is None:
            told["below"] = _sha_of(language.heard_source)
        if subtitles.timing != "script" or subtitles.mend:
            told["timing"] = [subtitles.timing, subtitles.mend, subtitles.profile]
        return told

    def _who_dubs(self) -> list[str]:
        return [self.job.dubbing.provider, *(each.provider for each in self.job.fallback)]

    def _who_speaks(self) -> list[Any]:
        return [self.job.source.speakers, self.ear, self.job.speakers and self.job.model_dump()["speakers"]]

    def _draft_inputs(self, language: LanguagePlan) -> dict[str, Any]:
        asked = self.job.translation
        return {
            "source_locale": self.job.source.locale,
            "source_script": _sha_of(language.source_script),
            "translation": asked.model_dump(mode="json", exclude={"credentials", "glossary"}) if asked else None,
            "glossary": _sha_of(language.glossary),
            **({"memory": _sha_of(language.memory)} if language.memory else {}),
            "profile": self.job.subtitles.profile,
            "voice": [language.voice, language.way.identity],
            "speakers": self._who_speaks(),
            "versions": [VERSIONS["transcribe"], VERSIONS["translate"]],
        }


def _list_further_files(language: LanguagePlan) -> dict[str, Any]:
    """What only some jobs name; what was made before there was any of it stays done."""
    named = {"terms": language.terms, "pronunciations": language.pronunciations}
    found: dict[str, Any] = {name: _sha_of(file) for name, file in named.items() if file}
    if language.clones:
        found["clones"] = [each.record.model_dump(mode="json") for each in language.clones]
    return found


def _list_picture_versions(language: LanguagePlan, stage: str) -> dict[str, Any]:
    """What is dubbed after the picture gave way is made anew where that is decided otherwise."""
    is_after = language.gives_way and stage != "script"
    return {"picture": [VERSIONS["picture"], VERSIONS["shots"]]} if is_after else {}


def _key_inputs(language: LanguagePlan) -> tuple[str, ...]:
    drafted = ("translate",) if language.needs_draft else ()
    return (*drafted, *LANGUAGE_STAGES, *language.besides)


def _sha_of(stored_file: StoredFile | None) -> str | None:
    return stored_file.sha256 if stored_file else None
