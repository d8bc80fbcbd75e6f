"""The part of a job that goes to an installed package: its options, checked by the package's own model."""

from __future__ import annotations

from pydantic import ValidationError

from polyreel.errors import InvalidJob
from polyreel.job.values import Asked


def require_options(model: type[Asked], asked: Asked, where: str) -> None:
    """See that a plug-in's own options are what it takes. Raises `InvalidJob` with the first that is not."""
    try:
        model.model_validate(asked.model_dump(mode="json")["options"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "options"
        raise InvalidJob(f"{field}: {first['msg']}", where=where, remedy="See the plug-in's own page.") from None
