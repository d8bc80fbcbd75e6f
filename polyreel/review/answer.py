"""A person's answer to what waits: a decision and edits, carried out alike whichever way they came in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyreel.errors import ReviewRefused
from polyreel.review import decisions
from polyreel.review.decisions import Reviewer
from polyreel.review.edits import Change, Edit, edit_script, from_lines
from polyreel.review.events import ReviewKey
from polyreel.review.log import ReviewLog, Step
from polyreel.review.state import Review
from polyreel.review.waits import announce
from polyreel.store.port import Store

_NUMBERED = re.compile(r"\s*([0-9]{1,7}):(?:\s+(.*)|)$", re.DOTALL)
_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person wants to happen to one review: edits first, then the decision on the script as it is then."""

    approve: bool = False
    reject: str | None = None
    """Why it must not go on; None: it is not rejected."""
    change: Change | None = None
    comment: str = ""

    @property
    def counts(self) -> bool:
        """Whether a run may go on because of it."""
        return self.approve or self.reject is not None or self.change is not None


@dataclass(frozen=True, slots=True)
class Answered:
    """How the review stands after an answer, and whether a run waited for it here and goes on by itself."""

    review: Review
    goes_on: bool = False


async def carry_out(store: Store, key: ReviewKey, reviewer: Reviewer, answer: Answer) -> Answered:
    """Let an answer count. The same one again changes nothing. Raises `ReviewRefused` and SubtitleError.

    A refused decision leaves its edits in force, where those could be made.
    """
    if answer.change is not None:
        edited = await edit_script(store, key, Edit(reviewer, answer.change, answer.comment))
        reviewer = Reviewer(reviewer.name, edited.revision)
    log, step = ReviewLog(store), _step_of(reviewer, answer)
    review = await (log.write(key, step) if step else log.read(key))
    return Answered(review, await announce(review) if answer.counts else False)


def _step_of(reviewer: Reviewer, answer: Answer) -> Step | None:
    if answer.approve:
        return decisions.approve(reviewer, answer.comment)
    if answer.reject is not None:
        return decisions.reject(reviewer, answer.reject.strip())
    if answer.comment and answer.change is None:
        return decisions.comment(reviewer, answer.comment)
    return None


def read_edits(text: str) -> Change | None:
    """Edits as a person types them, ``3: Hello there.``, one below the other; None where there are none.

    A line that begins with no number goes on with the line above it. Raises `ReviewRefused`.
    """
    texts: dict[int, list[str]] = {}
    number = 0
    for row in text.splitlines():
        if found := _NUMBERED.match(row):
            number = int(found[1])
            if number in texts:
                raise _refuse(f"line {number} is there twice")
            texts[number] = [found[2] or ""]
        elif row.strip():
            if not number:
                raise _refuse(f"{row.strip()[:_QUOTED]!r} begins with no line's number")
            texts[number].append(row)
    return from_lines({each: "\n".join(rows) for each, rows in texts.items()}) if texts else None


def _refuse(why: str) -> ReviewRefused:
    return ReviewRefused(
        f"the edits can't be read: {why}",
        code="bad_line",
        remedy="Write each as NUMBER: TEXT, such as `3: Hello there.`, on a line of its own.",
    )
