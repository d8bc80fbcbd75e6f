"""What makes an async function a stage: its key, its language, its name, and which failures are tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prefect.states import Failed

from polyreel.errors import FetchError
from polyreel.plans import Plan
from tasks.run.stage import _find_locale, _retry_only, key_of


def test_a_stage_of_a_language_is_kept_under_the_plans_own_key(plan: Callable[..., Plan]) -> None:
    language = plan("es-ES").languages[0].model_copy(update={"stage_keys": {"dub": "dub-1", "mux": "mux-1"}})
    assert key_of("mux")({"language": language}) == "mux-1"
    with pytest.raises(KeyError):
        key_of("check")({"language": language})


def test_a_stage_belongs_to_the_language_it_was_given(plan: Callable[..., Plan]) -> None:
    language = plan("es-ES").languages[0]
    assert _find_locale((1, language), {}) == "es-ES"
    assert _find_locale((), {"language": language}) == "es-ES"
    assert _find_locale((plan("es-ES"),), {}) == ""


@pytest.mark.parametrize(
    ("error", "again"), [(FetchError("gone"), True), (ValueError("wrong"), False), (KeyError("key"), False)]
)
async def test_only_the_named_failure_is_tried_again(error: Exception, again: bool) -> None:
    assert await _retry_only(FetchError)(None, None, Failed(data=error)) is again
