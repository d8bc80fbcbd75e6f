"""Masters: known by what is in them, made only where they are asked for and something goes out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from polyreel.outcome import LanguageOutcome, Outcome, Reel, StoredFile
from polyreel.plans import Plan
from tasks.master import _make_key
from tasks.run.values import LanguageResult, LanguageResults

DELIVERED = Outcome(
    job="reel",
    status="completed",
    languages={"es-ES": LanguageOutcome(status="delivered"), "fr-FR": LanguageOutcome(status="held")},
)


@pytest.fixture
def key(plan: Callable[..., Plan], reel: Reel, stored: Callable[[str], StoredFile]) -> Callable[..., str]:
    """The key of a job's masters: ``key(made, masters=["mkv"])``."""

    def make(made: LanguageResults, **asked: object) -> str:
        bound = plan("es-ES", "fr-FR", **asked).with_source(stored("source"))
        given = {"plan": bound, "reel": reel, "languages": made, "outcome": DELIVERED, "original": None}
        return _make_key(given)

    return make


def test_another_kind_of_master_or_another_name_is_another_result(
    key: Callable[..., str], finished: Callable[..., LanguageResult]
) -> None:
    made = LanguageResults(finished=(finished("es-ES"),))
    keys = {key(made, masters=["mkv"]), key(made, masters=["mp4"]), key(made, masters=["mkv"], name="other")}
    assert len(keys) == 3
    assert key(made, masters=["mkv"]) in keys


def test_a_language_that_stays_behind_changes_nothing(
    key: Callable[..., str], finished: Callable[..., LanguageResult], stored: Callable[[str], StoredFile]
) -> None:
    """fr-FR is held: whatever becomes of it, the masters hold es-ES alone."""
    spanish, french = finished("es-ES"), finished("fr-FR")
    anew = french.model_copy(update={"video": stored("another")})
    alone, beside = LanguageResults(finished=(spanish, french)), LanguageResults(finished=(spanish, anew))
    assert key(alone, masters=["mkv"]) == key(beside, masters=["mkv"])
    spoken_anew = LanguageResults(finished=(spanish.model_copy(update={"video": stored("another")}), french))
    assert key(spoken_anew, masters=["mkv"]) != key(alone, masters=["mkv"])
