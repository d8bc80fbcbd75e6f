"""The board of a run: who does what, in whatever order threads say so, and how much of the whole is done."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from polyreel.plans import JOB_STAGES, LANGUAGE_STAGES, Plan, closing_steps
from tasks.run.artifacts import Picture
from tasks.run.progress import Board, Step, board, reporter, use


def test_a_step_goes_forward_only_and_its_end_is_its_end() -> None:
    """Late words of a thread change nothing."""
    steps = Board()
    steps.begin("dub", "es-ES")
    for share in (0.2, 0.6, 0.4, 7.0):
        steps.advance("dub", "es-ES", share)
    assert steps.steps["dub", "es-ES"].fraction == 1.0
    steps.end("dub", "es-ES", "failed")
    steps.advance("dub", "es-ES", 0.9)
    assert (steps.steps["dub", "es-ES"].state, steps.steps["dub", "es-ES"].fraction) == ("failed", 0.0)


def test_every_listener_hears_every_change() -> None:
    steps, heard = Board(), list[tuple[str, str, float]]()
    steps.listeners.append(lambda step: heard.append((step.stage, step.state, step.fraction)))
    steps.begin("mux", "es-ES")
    steps.advance("mux", "es-ES", 0.5)
    steps.end("mux", "es-ES", "done")
    assert heard == [("mux", "running", 0.0), ("mux", "running", 0.5), ("mux", "done", 1.0)]


def test_stages_are_told_by_language() -> None:
    steps = Board()
    for stage, locale in (("trim", ""), ("dub", "es-ES"), ("dub", "fr-FR")):
        steps.end(stage, locale, "cached")
    assert steps.stages() == {"trim": "cached"}
    assert steps.stages("fr-FR") == {"dub": "cached"}


def test_a_reporter_made_in_a_run_reports_there_from_any_thread() -> None:
    mine = Board()
    use(mine)
    tell = reporter("separate")
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(tell, 0.25).result()
    assert mine.steps["separate", ""].fraction == 0.25


def test_two_runs_in_one_process_have_two_boards() -> None:
    found = [contextvars.Context().run(board) for _ in range(2)]
    assert found[0] is not found[1]
    assert contextvars.Context().run(lambda: board() is board())


@pytest.fixture
def picture(plan: Callable[..., Plan], empty_board: Board) -> Picture:
    return Picture(plan("es-ES", "fr-FR").job, empty_board)


def test_the_share_of_the_whole_goes_from_nothing_to_one_and_never_back(picture: Picture, empty_board: Board) -> None:
    stages = [(stage, "") for stage in (*JOB_STAGES, *closing_steps(picture._job))]
    stages += [(stage, locale) for locale in ("es-ES", "fr-FR") for stage in LANGUAGE_STAGES]
    shares = [picture.share()]
    for stage, locale in stages:
        empty_board.begin(stage, locale)
        empty_board.advance(stage, locale, 0.5)
        shares.append(picture.share())
        empty_board.end(stage, locale, "done")
        shares.append(picture.share())
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)
    assert shares == sorted(shares)


def test_dubbing_is_most_of_a_languages_share(picture: Picture, empty_board: Board) -> None:
    empty_board.steps["mux", "es-ES"] = Step("mux", "es-ES", "done")
    small = picture.share()
    empty_board.steps["dub", "es-ES"] = Step("dub", "es-ES", "done")
    assert picture.share() - small > 2 * small > 0
