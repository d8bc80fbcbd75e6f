"""What was bought a moment ago, and the vendor does not show yet, is not taken for deleted."""

from __future__ import annotations

import time
from typing import Any

import pytest

from polyreel.dubbing.dubformer import DubformerObserver
from polyreel.dubbing.panjaya import PanjayaObserver
from polyreel.ledger.entry import Entry, State
from polyreel.vendors.dubformer.models import Project
from polyreel.vendors.errors import Facts, NotFound, Unanswered


class Slow:
    """A vendor whose list shows nothing yet; by its own address a project is there, or is not."""

    def __init__(self, project: Project | None = None, body: str = "") -> None:
        self.project = project
        self.missing = NotFound("404", facts=Facts(vendor="acme", status=404, body=body))

    async def get_projects(self) -> tuple[Project, ...]:
        return ()

    async def get_project(self, _project_id: str) -> Project:
        if self.project is None:
            raise self.missing
        return self.project

    async def get_asset(self, _asset_id: str) -> Any:
        raise self.missing


def _bought(ago: float) -> Entry:
    at = time.time() - ago
    return Entry(key="k", kind="dub", vendor_id="12", state=State.SUBMITTED, submitted_at=at, receipt={"asset_id": "a"})


@pytest.mark.parametrize(("status", "state"), [("in_progress", State.SUBMITTED), ("ready", State.READY)])
async def test_a_project_that_the_list_lacks_is_asked_for_itself(status: str, state: State) -> None:
    """However long ago it was bought: lists may end early, too."""
    vendor: Any = Slow(Project.model_validate({"project_id": "12", "status": status}))
    (seen,) = await DubformerObserver(vendor).list_under_way([_bought(ago=3600)])
    assert seen.state is state


@pytest.mark.parametrize("observer", [DubformerObserver, PanjayaObserver])
async def test_not_found_is_told_as_what_it_is(observer: Any) -> None:
    """A vendor that has just answered with an id has not deleted it: its watcher believes that after a while."""
    (seen,) = await observer(Slow()).list_under_way([_bought(ago=1)])
    assert (seen.state, seen.is_denial) == (State.FAILED, True)


@pytest.mark.parametrize("observer", [DubformerObserver, PanjayaObserver])
async def test_a_proxys_page_does_not_say_that_what_was_bought_is_gone(observer: Any) -> None:
    """A dub that is taken for deleted is bought again: a 404 has to be the API's own."""
    with pytest.raises(Unanswered, match="web page"):
        await observer(Slow(body="<!DOCTYPE html><title>Not here</title>")).list_under_way([_bought(ago=3600)])
