"""What may happen to a review: pure steps, judged by what is there at the moment that they are written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from polyreel.errors import ReviewRefused
from polyreel.errors.wording import spell_count
from polyreel.job import ReviewStage, ReviewTimeout
from polyreel.outcome import StoredFile
from polyreel.review.events import Event, ReviewKey, SentFile, Shown, format_now
from polyreel.review.log import Step
from polyreel.review.state import Asking, Review

# Whoever reads a review later must be able to tell it from a person's decision.
TIMEOUT = "the job's timeout"
"""Who has decided where nobody has."""
# A comment or a mark changes nothing that somebody decides on.
_NO_LATER = {"edited", "asked", "approved", "rejected"}


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides, and what they have seen. ``revision`` None: whatever is there now."""

    name: str
    revision: int | None = None

    def require_allowed(self, review: Review) -> None:
        """See that the job lets this person decide on this language. Raises `ReviewRefused`."""
        named = review.reviewers
        # Names are typed by people, and prove nothing: this guards against a slip, not against malice.
        if named and self.name.casefold() not in {each.casefold() for each in named}:
            raise ReviewRefused(
                f"the job names {' and '.join(named)} as reviewers, not {self.name!r}",
                code="not_a_reviewer",
                where=place_of(review.key),
                remedy=f"Decide as one of them (`--by {named[0]!r}`), or change the job's `reviewers` and run it.",
            )


def place_of(key: ReviewKey) -> str:
    """The review for a person: ``welcome es-ES``."""
    return f"{key.job} {key.locale}"


def ask(stage: ReviewStage, subject: str, *, made: StoredFile, script: StoredFile, reason: str, shown: Shown) -> Step:
    """A run needs a person. Asking for the same again changes nothing."""

    def step(review: Review) -> Event | None:
        asking = review.asking()
        if asking and (asking.stage, asking.asked.subject, asking.asked.shown) == (stage, subject, shown):
            return None
        return Event(
            kind="asked", stage=stage, subject=subject, made=made, script=script, reason=reason, shown=shown,
            at=format_now(),
        )  # fmt: skip

    return step


def approve(reviewer: Reviewer, comment: str = "") -> Step:
    """It may go on as it is now. Approving twice is approving once."""

    def step(review: Review) -> Event | None:
        asking = require_asking(review, reviewer)
        if asking.standing == "approved":
            return None
        if asking.standing == "edited":
            raise _refuse_stale(review)
        _require_seen(review, reviewer)
        return _make_decision(review, asking, "approved", reviewer.name, comment)

    return step


def reject(reviewer: Reviewer, reason: str) -> Step:
    """It must not go on as it is now. The same words of the same person again change nothing."""

    def step(review: Review) -> Event | None:
        asking = require_asking(review, reviewer)
        if asking.standing == "approved" and asking.decision:
            raise ReviewRefused(
                f"{asking.decision.by} approved it at {asking.decision.at}, and a run may have gone on with it",
                code="approved_already",
                where=place_of(review.key),
                remedy="To change lines of it: `polyreel revise JOB.yaml LOCALE EDITED.srt`.",
            )
        if asking.standing == "edited":
            raise _refuse_stale(review)
        said = asking.decision
        if said and (said.kind, said.by, said.reason) == ("rejected", reviewer.name, reason):
            return None
        _require_seen(review, reviewer)
        return _make_decision(review, asking, "rejected", reviewer.name, reason)

    return step


def time_out(timeout: ReviewTimeout, now: float) -> Step:
    """Nobody has decided in time: what the job says of that counts, as if somebody had. ``now``: since 1970."""

    def step(review: Review) -> Event | None:
        asking = review.asking()
        if asking is None or asking.standing != "waiting" or now < time_of_timeout(timeout, review):
            return None
        kind = {"approve": "approved", "reject": "rejected"}[timeout.then]
        return _make_decision(
            review, asking, kind, TIMEOUT, f"nobody decided within {spell_count(timeout.hours, 'hour')}"
        )

    return step


def time_of_timeout(timeout: ReviewTimeout, review: Review) -> float:
    """When it is too late to decide: counted from the last time that it was asked for or edited. Since 1970."""
    times = [each.at for each in review.events if each.kind in ("asked", "edited")]
    return datetime.fromisoformat(times[-1]).timestamp() + timeout.hours * 3600 if times else float("inf")


def comment(reviewer: Reviewer, words: str, line: int | None = None) -> Step:
    """Something to be read by others; it decides nothing."""

    def step(review: Review) -> Event | None:
        if not review.events:
            raise _refuse_unasked(review.key)
        return Event(kind="commented", by=reviewer.name, at=format_now(), reason=words, line=line)

    return step


def mark(reviewer: Reviewer, line: int, *, done: bool) -> Step:
    """A reviewer is through with a line, or not; for the others to see. It decides nothing."""

    def step(review: Review) -> Event | None:
        if not review.events:
            raise _refuse_unasked(review.key)
        last = next((each for each in reversed(review.events) if each.kind == "marked" and each.line == line), None)
        word = "done" if done else "open"
        if (last.reason if last else "open") == word:
            return None
        return Event(kind="marked", by=reviewer.name, at=format_now(), reason=word, line=line)

    return step


def note_delivered(
    subject: str, *, made: StoredFile, script: StoredFile, shown: Shown, files: tuple[SentFile, ...] = ()
) -> Step:
    """A version went out. The same one again changes nothing."""

    def step(review: Review) -> Event | None:
        last = next((each for each in reversed(review.events) if each.kind in ("delivered", "asked")), None)
        if last and last.kind == "delivered" and last.subject == subject and last.files == files:
            return None
        return Event(
            kind="delivered", stage="final", subject=subject, made=made, script=script, shown=shown, files=files,
            at=format_now(),
        )  # fmt: skip

    return step


def require_asking(review: Review, reviewer: Reviewer) -> Asking:
    """What waits for this person. Raises `ReviewRefused`."""
    reviewer.require_allowed(review)
    asking = review.asking()
    if asking is None:
        raise _refuse_unasked(review.key) if not review.events else _refuse_delivered(review)
    return asking


def _require_seen(review: Review, reviewer: Reviewer) -> None:
    """Refuse to decide on what the reviewer has not seen."""
    if reviewer.revision is None:
        return
    later = [each for each in review.events[reviewer.revision :] if each.kind in _NO_LATER]
    if later:
        raise ReviewRefused(
            f"it has changed since revision {reviewer.revision}: {describe_event(later[-1])}",
            code="changed_meanwhile",
            where=place_of(review.key),
            remedy=f"Look at it again; then decide with --revision {review.revision}.",
        )


def describe_event(event: Event) -> str:
    """An event in a few words: ``Ana edited lines 3, 4 at ...``."""
    who = event.by or "a run"
    lines = f" line{'s' * (len(event.changed) > 1)} {shorten_lines(event.changed)}" if event.changed else ""
    return f"{who} {event.kind}{lines} at {event.at}"


def shorten_lines(lines: Collection[int], most: int = 12) -> str:
    """``3, 4, 9 and 5 more``."""
    shown = [str(each) for each in list(lines)[:most]]
    return ", ".join(shown) + (f" and {len(lines) - most} more" if len(lines) > most else "")


def _make_decision(review: Review, asking: Asking, kind: str, by: str, reason: str) -> Event:
    script = review.script() or asking.asked.script
    # A decision belongs to exactly this content: an edited script is another subject, and needs its own.
    subject = script.sha256 if asking.stage == "script" and script else asking.asked.subject
    return Event.model_validate(
        {"kind": kind, "stage": asking.stage, "by": by, "at": format_now(), "subject": subject, "reason": reason}
    ).model_copy(update={"script": script})


def _refuse_stale(review: Review) -> ReviewRefused:
    script = review.script()
    decision = review.decision("script", script.sha256) if script else None
    # A job that once asked for its script asks for the edited one too, before anything is spoken.
    asks_first = any((each.kind, each.stage) == ("asked", "script") for each in review.events)
    if asks_first and not (decision and decision.kind == "approved"):
        remedy = (
            "Run the job again: it asks for the edited script first; once that is approved, those lines are done "
            "again, and the dub is asked for once more."
        )
    else:
        remedy = "Run the job again: those lines are done again, and it is asked for once more."
    return ReviewRefused(
        "lines were edited since this dub was made",
        code="changed_meanwhile",
        where=place_of(review.key),
        remedy=remedy,
    )


def _refuse_unasked(key: ReviewKey) -> ReviewRefused:
    return ReviewRefused(
        "nothing of this language waits for a decision",
        code="nothing_waits",
        where=place_of(key),
        remedy="Run the job with `review: script` or `review: final`; `polyreel review` lists what waits.",
    )


def _refuse_delivered(review: Review) -> ReviewRefused:
    last = [event for _, event in review.list_delivered()][-1]
    return ReviewRefused(
        f"it was delivered already, at {last.at}: nothing waits for a decision",
        code="nothing_waits",
        where=place_of(review.key),
        remedy="To change lines of it: `polyreel revise JOB.yaml LOCALE EDITED.srt`.",
    )
