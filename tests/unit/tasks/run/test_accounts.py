"""The accounts that a job delivers to and stages at are looked at before anything is bought."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from polyreel.errors import InvalidJob, PolyreelError
from polyreel.plans import Plan
from polyreel.vendors.errors import NotFound, ServerError, Unauthorized
from tasks.run import accounts
from tasks.run.accounts import require_open, require_saved

NOMAD = {"to": "nomad", "credentials": "library"}


class Library:
    """An asset manager with one asset; as a block and as its client."""

    def __init__(self, error: PolyreelError | None = None) -> None:
        self.error = error
        self.checked = 0

    async def check(self) -> tuple[str, ...]:
        self.checked += 1
        if self.error:
            raise self.error
        return ()

    async def get_asset(self, asset_id: str) -> Any:
        if asset_id != "there":
            raise NotFound("no such asset")
        return self

    id = "there"


def open_as(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    async def load(_vendor: str, name: str) -> Library:
        if name == "nobody":
            raise InvalidJob("There are no saved nomad credentials named 'nobody'.", code="unknown_credentials")
        return library

    @asynccontextmanager
    async def client(_vendor: str, _name: str) -> AsyncIterator[Library]:
        yield library

    monkeypatch.setattr(accounts, "load_saved", load)
    monkeypatch.setattr(accounts, "client_of", client)


@pytest.mark.parametrize(
    ("asked", "error", "code"),
    [
        ({"delivery": [NOMAD], "staging": NOMAD}, None, ""),
        ({"delivery": [{**NOMAD, "related_to": "there"}]}, None, ""),
        ({"delivery": [{**NOMAD, "related_to": "nowhere"}]}, None, "vendor_not_found"),
        ({"delivery": [NOMAD]}, Unauthorized("wrong key"), "vendor_unauthorized"),
        ({"staging": NOMAD}, Unauthorized("wrong key"), "vendor_unauthorized"),
        ({"delivery": [NOMAD]}, ServerError("503"), ""),
        ({"delivery": [{"to": "folder", "path": "/out"}]}, Unauthorized("not asked"), ""),
    ],
)
async def test_what_can_t_be_delivered_is_said_before_it_is_bought(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], error: Any, code: str
) -> None:
    """A wrong key, or an id that nobody has; a library that is away for a moment may be there when it is needed."""
    open_as(Library(error), monkeypatch)
    try:
        await require_open(plan("es-ES", **asked).job)
        said = ""
    except PolyreelError as raised:
        said = raised.code
    assert said == code


async def test_an_account_that_is_named_twice_is_asked_once_for_each_thing(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library()
    open_as(library, monkeypatch)
    await require_open(plan("es-ES", delivery=[NOMAD, NOMAD, {**NOMAD, "related_to": "there"}]).job)
    assert library.checked == 2


async def test_names_that_nothing_is_saved_under_are_said_at_once(
    plan: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_as(Library(), monkeypatch)
    await require_saved(plan("es-ES", delivery=[NOMAD]).job)
    with pytest.raises(InvalidJob, match="nobody"):
        await require_saved(plan("es-ES", staging={**NOMAD, "credentials": "nobody"}).job)
