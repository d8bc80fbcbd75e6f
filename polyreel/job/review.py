"""Where a job waits for people, and for whom."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema

from polyreel.job.values import Asked

ReviewStage = Literal["script", "final"]
"""``script``: before speech is bought or made. ``final``: before delivery."""

PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]


def _as_list(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


_NAMES: tuple[ReviewStage, ...] = ("script", "final")


def _in_order(stages: tuple[ReviewStage, ...]) -> tuple[ReviewStage, ...]:
    # In the order in which a run comes to them: two spellings of one wish are one job.
    return tuple(each for each in _NAMES if each in stages)


class ReviewTimeout(Asked):
    """What happens to a review on which nobody has decided in time."""

    hours: float = Field(gt=0, le=8760, title="Hours", description="From when it was asked for, or edited last.")
    then: Literal["approve", "reject"] = Field(
        title="Then", description="approve: it goes on as it is. reject: it stays held, and the record says why."
    )


_ONE = {"type": "string", "enum": list(_NAMES)}
ReviewStages = Annotated[
    tuple[ReviewStage, ...],
    Strict(False),
    AfterValidator(_in_order),
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE, "maxItems": 2}]}),
]
Reviewers = Annotated[
    tuple[PersonName, ...],
    Strict(False),
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
