"""What a person is told to do next says what will really happen."""

from __future__ import annotations

import pytest

from polyreel.errors import ReviewRefused
from polyreel.outcome import StoredFile
from polyreel.review.decisions import Reviewer, approve
from polyreel.review.events import Event, ReviewKey, Shown
from polyreel.review.state import Review
from polyreel.review.versions import as_dict, describe_next

KEY = ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
FIRST, SECOND = (StoredFile(uri=f"store:{each}", sha256=each * 64, bytes=1) for each in "ab")
OUT = Event(kind="delivered", stage="final", subject="dub-1", made=FIRST, script=FIRST, shown=Shown(), at="1")
EDITED = Event(kind="edited", by="Ana", at="2", subject=FIRST.sha256, script=SECOND, changed=(1,))
ORDERED = Event(kind="approved", by="Ana", at="3", subject=SECOND.sha256, script=SECOND)
ASKED = Event(kind="asked", stage="final", subject="dub-2", made=FIRST, script=SECOND, shown=Shown(), at="4")


@pytest.mark.parametrize(
    ("later", "said"),
    [
        ((), "the script was edited since: run the job"),
        ((ASKED,), "the new dub waits to be approved: polyreel review welcome es-ES"),
        (
            (ASKED, Event(kind="approved", stage="final", by="Ana", at="5", subject="dub-2")),
            "the new dub is approved: run the job",
        ),
        (
            (ASKED, Event(kind="rejected", stage="final", by="Ana", at="5", subject="dub-2", reason="no")),
            "the new dub was rejected by Ana: polyreel review welcome es-ES",
        ),
    ],
)
def test_a_stale_version_says_what_comes_next(later: tuple[Event, ...], said: str) -> None:
    review = Review(KEY, (OUT, EDITED, ORDERED, *later))
    assert describe_next(review) == said
    assert as_dict(review)["stale"]
    assert as_dict(review)["next"] == said


@pytest.mark.parametrize("asks_first", [True, False])
def test_an_edited_dub_is_refused_with_every_step_before_it_is_asked_for_again(asks_first: bool) -> None:
    """Of `[script, final]` the edited script is held before the dub is made again."""
    script = Event(kind="asked", stage="script", subject=FIRST.sha256, made=FIRST, script=FIRST, shown=Shown(), at="1")
    dub = ASKED.model_copy(update={"script": FIRST, "at": "1"})
    review = Review(KEY, (*((script,) if asks_first else ()), dub, EDITED))
    with pytest.raises(ReviewRefused, match="lines were edited since") as refused:
        approve(Reviewer("Ana"))(review)
    assert ("asks for the edited script first" in refused.value.remedy) is asks_first
    assert "the dub is asked for once more" in refused.value.remedy or not asks_first
