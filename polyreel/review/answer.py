"""A person's answer to what waits: a decision and edits, carried out alike whichever way they came in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from polyreel.errors import ReviewRefused
from polyreel.review import decisions
from polyreel.review.decisions import Reviewer
from polyreel.review.edits import Edit, edit_script, from_lines
from polyreel.review.events import Change, ReviewKey
from polyreel.review.line_choices import Wish, from_wishes
from polyreel.review.log import ReviewLog, Step
from polyreel.review.state import Review
from polyreel.review.waits import announce_decision
from polyreel.store.port import Store

# Bounded, as the text is a stranger's, and a number of endless digits takes long to read.
_NUMBERED = re.compile(r"\s*([0-9]{1,7}):(?:\s+(.*)|)$", re.DOTALL)
_PACE = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{1,4})?)?", re.ASCII)
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
        # The decision is on the script as the edit left it, not on the one that was seen before.
        reviewer = Reviewer(reviewer.name, edited.revision)
    log, step = ReviewLog(store), _step_of(reviewer, answer)
    # Read anew where nothing is decided: another person may have been there meanwhile.
    review = await (log.write(key, step) if step else log.read(key))
    return Answered(review, await announce_decision(review) if answer.counts else False)


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
    texts = _read_numbered(text)
    return from_lines(texts) if texts else None


def read_wishes(text: str) -> Change | None:
    """What a person types of how lines are said: ``3: voice ef_dora, pace 1.1``. Raises `ReviewRefused`.

    ``voice`` or ``pace`` alone take it back; ``recording keep`` takes a recording for new words, ``drop`` removes it.
    """
    wishes = {number: _read_wish(number, said) for number, said in _read_numbered(text).items()}
    return from_wishes(wishes) if wishes else None


def _read_wish(number: int, said: str) -> Wish:
    wish = Wish()
    for each in said.split(","):
        name, _, value = each.strip().partition(" ")
        value = value.strip()
        if name == "voice":
            wish = replace(wish, voice=value)
        elif name == "pace" and _PACE.fullmatch(value):
            wish = replace(wish, pace=float(value or 1))
        elif name == "recording" and value in ("keep", "drop"):
            wish = replace(wish, recording="keep" if value == "keep" else "drop")
        else:
            raise _make_refusal(f"line {number} says {each.strip()[:_QUOTED]!r}, which is no voice, pace or recording")
    return wish


def _read_numbered(text: str) -> dict[int, str]:
    texts: dict[int, list[str]] = {}
    number = 0
    for row in text.splitlines():
        if found := _NUMBERED.match(row):
            number = int(found[1])
            if number in texts:
                raise _make_refusal(f"line {number} is there twice")
            texts[number] = [found[2] or ""]
        elif row.strip():
            if not number:
                raise _make_refusal(f"{row.strip()[:_QUOTED]!r} begins with no line's number")
            texts[number].append(row)
    return {each: "\n".join(rows) for each, rows in texts.items()}


def _make_refusal(why: str) -> ReviewRefused:
    return ReviewRefused(
        f"the edits can't be read: {why}",
        code="bad_line",
        remedy="Write each as NUMBER: TEXT, such as `3: Hello there.`, on a line of its own.",
    )
