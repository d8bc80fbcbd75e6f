"""Checks that installed packages bring: each is given a finished language, and says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from polyreel.dubbing.port import Dubbed
from polyreel.engine.transcribe.words import Heard
from polyreel.job import Job
from polyreel.machine.plugins import Plugin, plugins
from polyreel.outcome import Check, Reel, StoredFile
from polyreel.plans import LanguagePlan
from polyreel.store.local import path_of
from polyreel.subtitles.model import Cue


@dataclass(frozen=True, slots=True)
class FinishedLanguage:
    """A language that is about to go out. Paths are files to read, never to write.

    ``video`` is what will be delivered, ``speech`` the new speech alone (raw 16-bit mono at 48 kHz, None where the
    provider gives none), ``cues`` the script as it was spoken (in ms from the first picture), ``heard`` what the
    listener wrote down, if it listened.
    """

    job: Job
    locale: str
    duration_ms: int
    video: Path
    speech: Path | None
    cues: tuple[Cue, ...]
    dubbed: Dubbed
    heard: Heard | None = None

    @classmethod
    def of(
        cls,
        plan: LanguagePlan,
        reel: Reel,
        dubbed: Dubbed,
        video: StoredFile,
        cues: tuple[Cue, ...],
        heard: Heard | None,
    ) -> FinishedLanguage:
        """What a check is given of a language whose files are in the store."""
        speech = path_of(dubbed.speech) if dubbed.speech else None
        return cls(plan.job, plan.locale, reel.duration_ms, path_of(video), speech, cues, dubbed, heard)


FurtherCheck = Callable[[FinishedLanguage], Iterable[Check]]
"""What an entry point of ``polyreel.checks`` is: it may take its time (it has a thread), and must not change files."""


def checks_key() -> str:
    """Every installed check with its package's version: part of the key of what they found. Empty without any."""
    return "; ".join(each.identity for each in plugins("checks"))


def run_further_checks(language: FinishedLanguage) -> tuple[Check, ...]:
    """What all installed checks say. One that breaks is a warning of its own name. Blocks."""
    return tuple(check for each in plugins("checks") for check in _run(each, language))


def _run(plugin: Plugin, language: FinishedLanguage) -> list[Check]:
    try:
        return [Check.model_validate(check) for check in plugin.value(language)]
    except Exception as error:  # noqa: BLE001 - a foreign check may fail in any way; ours have judged already
        broke = f"the check of {plugin.package} broke: {type(error).__name__}: {str(error)[:200]}"
        return [Check(name=plugin.name, value=None, unit="", limit=None, status="warn", detail=broke)]
