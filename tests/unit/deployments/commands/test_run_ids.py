"""A run is named by its id, or by a beginning of it that no other run has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun

from deployments.commands.remote import find_run
from polyreel.errors import InvalidJob

LISTED = ("aaaa1111", "aaaa2222", "bbbb0000")


class Server:
    """A server with many runs; it gives them in pages, as the real one does."""

    def __init__(self, heads: Sequence[str]) -> None:
        self._runs = [FlowRun(id=UUID(head.ljust(32, "0")), flow_id=uuid.uuid4(), name=f"job {head}") for head in heads]

    async def read_flow_runs(self, *, limit: int, offset: int, **_given: Any) -> list[FlowRun]:
        return self._runs[offset : offset + limit]


async def find(given: str, heads: Sequence[str] = LISTED) -> str:
    return (await find_run(Server(heads), given)).hex  # type: ignore[arg-type]


async def test_a_beginning_that_one_run_has_is_that_run() -> None:
    for given in ("bbbb", "BBBB0000", "bbbb0000-00", "bbbb0000-0000-0000-0000-000000000000"):
        assert (await find(given)).startswith("bbbb0000")
    # However long ago it was.
    assert (await find("bbbb", [*(f"{n:08d}" for n in range(450)), "bbbb0000"])).startswith("bbbb0000")


async def test_a_whole_id_is_asked_for_as_it_is() -> None:
    """Also of a run that is no job's, which no list has."""
    assert await find("c" * 32, []) == "c" * 32


async def test_a_beginning_that_several_have_is_refused_with_their_names() -> None:
    with pytest.raises(InvalidJob) as refused:
        await find("aaaa")
    assert refused.value.code == "ambiguous_run"
    assert "2 runs begin so: aaaa1111" in refused.value.message
    assert "(job aaaa2222)" in refused.value.message


@pytest.mark.parametrize("given", ["", "bbb", "cccc", "bbbb%", "../runs", "bbbb0000" * 5])
async def test_what_no_run_begins_with_is_said(given: str) -> None:
    """Nor do fewer than four letters choose a run, which may then be cancelled."""
    with pytest.raises(InvalidJob) as refused:
        await find(given)
    assert refused.value.code == "no_such_run"
