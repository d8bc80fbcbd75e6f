"""How a language's review stands: worked out from its events, which never change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from polyreel.job import ReviewStage
from polyreel.outcome import ReviewRecord, StoredFile
from polyreel.review.events import Event, ReviewKey

Standing = Literal["waiting", "rejected", "edited", "approved"]
"""``edited``: the lines were changed since the dub was made; the next run does them again."""
_SHOWN = ("approved", "rejected", "edited", "commented")
# The outcome is one document on the server: a review of years must not make it grow for ever.
_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Asking:
    """Something that was asked of a person, and how it stands."""

    stage: ReviewStage
    asked: Event
    standing: Standing
    decision: Event | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """The events of one language, in their order."""

    key: ReviewKey
    events: tuple[Event, ...] = ()

    @property
    def revision(self) -> int:
        """How many events there are: whoever writes says which revision they have seen."""
        return len(self.events)

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who may decide, as the last run has told; empty: anybody."""
        return next((each.shown.reviewers for each in reversed(self.events) if each.shown), ())

    def editions(self, made: StoredFile) -> tuple[StoredFile, ...]:
        """What became of the script that the job gives or makes: that one, and what each edit of it made, in order."""
        found = [made]
        for event in self.events:
            # Only edits of this very script: where the job's own has changed since, those of the old one don't count.
            if event.kind == "edited" and event.script and event.subject == found[-1].sha256:
                found.append(event.script)
        return tuple(found)

    def current(self, made: StoredFile) -> StoredFile:
        """The script that is in force where the job gives or makes ``made``."""
        return self.editions(made)[-1]

    def script(self) -> StoredFile | None:
        """The script in force, as far as runs have told which one the job makes."""
        made = self._latest_dub()
        return self.current(made) if made else None

    def decision(self, stage: ReviewStage, subject: str) -> Event | None:
        """What was decided last of exactly this."""
        about = (each for each in reversed(self.events) if each.stage == stage and each.subject == subject)
        return next((each for each in about if each.kind in ("approved", "rejected")), None)

    def asking(self) -> Asking | None:
        """What a person was asked last, unless it has been delivered since."""
        for event in reversed(self.events):
            if event.kind == "delivered":
                return None
            if event.kind == "asked":
                return self._find_standing(event)
        return None

    def _find_standing(self, asked: Event) -> Asking:
        script = self.script()
        edited = script is not None and asked.script is not None and script.sha256 != asked.script.sha256
        # Before any decision: approving a dub does not cover lines that were edited since.
        if asked.stage == "final" and edited:
            return Asking("final", asked, "edited")
        subject = asked.subject if asked.stage == "final" or script is None else script.sha256
        decision = self.decision(asked.stage, subject)
        standing: Standing = "waiting"
        if decision:
            standing = "approved" if decision.kind == "approved" else "rejected"
        return Asking(asked.stage, asked, standing, decision)

    def list_delivered(self) -> Iterator[tuple[int, Event]]:
        """The versions that went out, numbered from 1."""
        yield from enumerate((each for each in self.events if each.kind == "delivered"), 1)

    def find_written_there(self) -> StoredFile | None:
        """The script that whoever dubbed it wrote by themselves, in the source's time, if that is what went out."""
        for event in reversed(self.events):
            if event.shown and event.made:
                return event.made if event.shown.written_there else None
        return None

    def records(self) -> tuple[ReviewRecord, ...]:
        """What people did, for the outcome and the report: the latest of it, in order."""
        return tuple(map(_make_record, self.list_done()))

    def list_done(self) -> tuple[Event, ...]:
        """The events of `records`."""
        return tuple([each for each in self.events if each.kind in _SHOWN][-_MOST_SHOWN:])

    def records_of(self, script: str, dub: str) -> tuple[ReviewRecord, ...]:
        """What stands of a script (its SHA-256) and a dub (`subject_of_dub`): the edit that made it, and what was
        decided last of each."""
        edits = [each for each in self.events if each.kind == "edited" and each.script and each.script.sha256 == script]
        found = (*edits[-1:], self.decision("script", script), self.decision("final", dub))
        return tuple(_make_record(each) for each in found if each)

    def _latest_dub(self) -> StoredFile | None:
        return next((each.made for each in reversed(self.events) if each.made), None)


def _make_record(event: Event) -> ReviewRecord:
    script = event.script.sha256 if event.script else event.subject
    return ReviewRecord(
        did=event.kind, stage=event.stage, by=event.by, at=event.at, reason=event.reason, script=script, line=event.line
    )
