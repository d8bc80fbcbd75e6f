"""Many takes at once: sentences are recorded side by side, as many as there are cores. Blocks; call it in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from polyreel.engine.cores import COUNT
from polyreel.engine.speech.booth import Booth, Take
from polyreel.engine.threads import GoOn
from polyreel.errors import EngineError

Asked = TypeVar("Asked", bound=tuple[Any, ...])
Made = TypeVar("Made")
Progress = Callable[[float], None]

Text = tuple[str, str] | tuple[str, str, float]
"""What is said, whose voice says it, and at which pace, where that is not the voice's own."""


def record_naturals(booth: Booth, asked: Sequence[Text], on_progress: Progress, go_on: GoOn) -> dict[Text, Take | None]:
    """Each text at its voice's own pace; None for what the voice can't say. Raises EngineError."""
    return each_of(asked, lambda text: _speak_at_own_pace(booth, text), on_progress, go_on)


def _speak_at_own_pace(booth: Booth, text: Text) -> Take | None:
    try:
        return booth.natural(*text)
    except EngineError as error:
        if error.code != "nothing_to_say":
            raise
        return None


def each_of(
    asked: Sequence[Asked], record: Callable[[Asked], Made], on_progress: Progress, go_on: GoOn
) -> dict[Asked, Made]:
    """What was made of each: the same twice only once, the longest first (by the text that each begins with).

    ``on_progress`` is told the share that is done; ``go_on`` is called before each and may raise to stop.
    """

    def one(each: Asked) -> Made:
        go_on()
        return record(each)

    # The longest first, so that no core is left alone with it at the end.
    order = sorted(dict.fromkeys(asked), key=lambda each: -len(each[0]))
    found: dict[Asked, Made] = {}
    with ThreadPoolExecutor(COUNT, "booth") as booths:
        try:
            for each, made in zip(order, booths.map(one, order), strict=True):
                found[each] = made
                on_progress(len(found) / len(order))
        except BaseException:  # `go_on` stops with one
            # What has not begun is never begun: each sentence may take seconds that nobody waits for any more.
            booths.shutdown(cancel_futures=True)
            raise
    return found
