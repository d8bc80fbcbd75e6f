"""An inbox in a folder: what is left there, in whatever state, is taken once and comes back with what came of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.intake.inbox.folder import FolderClaim, FolderInbox

JOB = {"name": "welcome", "source": {"media": "welcome.mp4", "locale": "en-US"}, "targets": ["es-ES"]}


@pytest.fixture
def inbox(tmp_path: Path) -> FolderInbox:
    return FolderInbox(str(tmp_path / "in"))


def leave(inbox: FolderInbox, name: str, content: bytes = json.dumps(JOB).encode()) -> Path:
    """A file that was left a while ago."""
    path = inbox.folder / name
    path.write_bytes(content)
    os.utime(path, (1, 1))
    return path


async def taken(inbox: FolderInbox) -> list[FolderClaim]:
    await inbox.claim_files("aaaa")
    return await inbox.list_claims("aaaa")


async def test_two_files_that_differ_in_their_ending_have_an_outcome_each(inbox: FolderInbox) -> None:
    leave(inbox, "welcome.json")
    leave(inbox, "welcome.yaml")
    for claim in await taken(inbox):
        await claim.put_aside({"file": claim.name})
    said = [json.loads(path.read_bytes())["file"] for path in (inbox.folder / "done").glob("*.outcome.json")]
    assert sorted(said) == ["welcome.json", "welcome.yaml"]


async def test_a_claim_that_is_closed_again_after_a_death_has_one_outcome(inbox: FolderInbox) -> None:
    """The one who closed it had written the outcome, and died before the job file was moved."""
    leave(inbox, "welcome.yaml")
    (claim,) = await taken(inbox)
    outcome: dict[str, Any] = {"status": "completed"}
    await claim.put_aside(outcome)
    (inbox.folder / "done" / "welcome.yaml").rename(claim.path)
    await claim.put_aside(outcome)
    assert sorted(path.name for path in (inbox.folder / "done").iterdir()) == ["welcome.outcome.json", "welcome.yaml"]


async def test_a_link_is_read_from_where_it_was_left(inbox: FolderInbox) -> None:
    """Taking moves the link, and what it points at by a relative path stays where it is."""
    (inbox.folder / "jobs").mkdir()
    leave(inbox, "jobs/one.yaml")
    (inbox.folder / "one.yaml").symlink_to("jobs/one.yaml")
    (claim,) = await taken(inbox)
    assert (await claim.read_job()).source.media == str(inbox.folder / "welcome.mp4")


async def test_a_file_that_can_not_be_taken_keeps_no_other_back(inbox: FolderInbox) -> None:
    """A name as long as a name may be has no room for ours."""
    leave(inbox, "a" * 250 + ".yaml")
    leave(inbox, "welcome.yaml")
    assert [claim.name for claim in await taken(inbox)] == ["welcome.yaml"]


async def test_what_is_wrong_with_a_file_is_said_under_the_name_it_was_left_by(inbox: FolderInbox) -> None:
    leave(inbox, "latin.yaml", b"name: \xff")
    (claim,) = await taken(inbox)
    with pytest.raises(InvalidJob) as refused:
        await claim.read_job()
    assert refused.value.where == str(inbox.folder / "latin.yaml")
