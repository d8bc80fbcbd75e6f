"""A round of housekeeping over what crashes left at the vendors themselves: what is ours goes, all else stays."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from polyreel.dubbing.port import DubRequest
from polyreel.dubbing.staging import STAGED, StagedFiles
from polyreel.dubbing.staging_places import StagingPlace, staging_place_of
from polyreel.job import NomadStaging, VideoJungleStaging
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.upkeep import DAY_S, HOUR_S, Chore, DryRun, Rules, Upkeep
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.models import CreateProject
from polyreel.vendors.errors import NotFound
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_uploads import StartUpload
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.models import CreateAsset
from polyreel.vendors.videojungle.client import VideoJungleClient
from polyreel.vendors.videojungle.models import WHOLE_LIST
from tests.holders import make_dead_holder
from tests.vendors.elsewhere import skip_there

PLACES = {
    "nomad": NomadStaging(to="nomad", credentials="x", path="upkeep/staged"),
    "videojungle": VideoJungleStaging(to="videojungle", credentials="x"),
}


class Clock(MemoryRows):
    """Rows whose time a test lets pass."""

    later = 0.0

    def now(self) -> float:
        return super().now() + self.later


class House:
    """A ledger whose time passes as told, and the accounts that its rows name."""

    def __init__(self, clients: dict[str, Any]) -> None:
        self.rows, self.clients, self.account = Clock(), clients, f"here#{uuid.uuid4().hex[:8]}"
        self.ledger = Ledger(self.rows, timing=Timing(lease=1.0, quiet=0.0), every=0.05)

    def make_subject(self, kind: str, provider: str, **more: Any) -> Subject:
        return Subject(kind=kind, provider=provider, account=self.account, credentials="x", job="reel", **more)

    def make_shelf(self, provider: str) -> StagedFiles:
        place = staging_place_of(PLACES[provider], self.clients[provider])
        return StagedFiles(place, self.ledger, self.make_subject("staged", provider))

    def leave_half(self, provider: str, file: StoredFile, name: str) -> str:
        """The intent of a run that was killed while it put a file there."""
        key = self.make_shelf(provider)._make_key(file, name, 0)
        details = {STAGED: file.sha256, "where": staging_place_of(PLACES[provider], None).where}
        subject = self.make_subject("staged", provider, what=name, details=details)
        self.rows.change(key, steps.claim_row(key, subject, make_dead_holder(), 45.0))
        return key

    async def tidy(self, kind: type[Upkeep] = Upkeep, **rules: Any) -> list[Chore]:
        async def is_kept(_key: str) -> bool:
            return True

        @asynccontextmanager
        async def open_account(vendor: str, _row: Entry) -> AsyncIterator[Any]:
            yield self.clients[vendor]

        return list(await kind(self.ledger, open_account, Rules(**rules), is_kept).tidy())


@pytest.fixture
def house(
    nomad: NomadClient, videojungle: VideoJungleClient, dubformer: DubformerClient, panjaya: PanjayaClient
) -> House:
    return House({"nomad": nomad, "videojungle": videojungle, "dubformer": dubformer, "panjaya": panjaya})


@pytest.fixture
def reel_file(asked: Callable[..., DubRequest]) -> StoredFile:
    return asked("fr-FR").reel


class SlowPlace:
    """A place that has taken a file, and answers when the test lets it."""

    def __init__(self, place: StagingPlace) -> None:
        self._place, self.is_putting, self.may_go_on = place, asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._place, name)

    async def put(self, file: StoredFile, name: str) -> str:
        found = await self._place.put(file, name)
        self.is_putting.set()
        await self.may_go_on.wait()
        return found


def describe_chores(chores: list[Chore]) -> list[tuple[str, str, bool]]:
    return [(each.kind, each.key, each.done) for each in chores]


async def begin_upload(nomad: NomadClient, name: str) -> str:
    request = StartUpload(display_name=name, relative_path=name, content_length=20 << 20)
    return (await nomad.start_upload(request)).id


async def names_under_way(nomad: NomadClient) -> list[str]:
    return [each.name for each in await nomad.list_uploads() if not each.is_completed]


async def test_what_was_half_staged_at_an_asset_manager_is_cancelled_and_another_s_upload_goes_on(
    house: House, nomad: NomadClient, reel_file: StoredFile
) -> None:
    name, others = f"half-{uuid.uuid4().hex[:8]}.mp4", f"others-{uuid.uuid4().hex[:8]}.mp4"
    key = house.leave_half("nomad", reel_file, name)
    await begin_upload(nomad, name)
    await begin_upload(nomad, others)
    if not await nomad.list_known_uploads():
        skip_there("this server lists no uploads: the vendor's page has no such call, only its published clients do")
    assert describe_chores(await house.tidy()) == []  # a run may come for it yet
    house.rows.later = 2 * HOUR_S
    (planned,) = await house.tidy(DryRun)
    assert (planned.planned, planned.key) == (True, key)
    assert name in await names_under_way(nomad)
    assert describe_chores(await house.tidy()) == [("staged", key, True)]
    left = await names_under_way(nomad)
    assert name not in left
    assert others in left
    assert house.rows.get(key) is None
    assert describe_chores(await house.tidy()) == []


async def test_what_was_half_staged_at_video_jungle_is_deleted_and_another_s_file_stays(
    house: House, videojungle: VideoJungleClient, reel_file: StoredFile
) -> None:
    name, others = f"half-{uuid.uuid4().hex[:8]}.mp4", f"others-{uuid.uuid4().hex[:8]}.mp4"
    key = house.leave_half("videojungle", reel_file, name)
    for each in (name, others):
        await videojungle.upload_file(path_of(reel_file), name=each)
    house.rows.later = 2 * HOUR_S
    assert describe_chores(await house.tidy()) == [("staged", key, True)]
    left = [each.name for each in await videojungle.list_video_files(limit=WHOLE_LIST)]
    assert name not in left
    assert others in left


@pytest.mark.parametrize("provider", PLACES)
async def test_what_was_half_staged_stays_while_a_purchase_needs_it(
    house: House, provider: str, reel_file: StoredFile
) -> None:
    key = house.leave_half(provider, reel_file, f"half-{uuid.uuid4().hex[:8]}.mp4")
    dub = house.make_subject("dub", "dubformer", details={"source": "s", STAGED: reel_file.sha256})
    house.rows.change("dub", steps.record_receipt("dub", dub, Receipt(id="at work")))
    house.rows.later = 2 * HOUR_S
    (chore,) = await house.tidy()
    assert (chore.kind, chore.key, chore.done) == ("intent", key, False)
    assert "Run the job again" in chore.note
    assert house.rows.get(key) is not None


@pytest.mark.parametrize("provider", PLACES)
async def test_what_a_run_stages_right_now_is_left_to_it_though_its_intent_looks_old(
    house: House, provider: str, reel_file: StoredFile
) -> None:
    """The clock was set forward meanwhile; and the intent is an earlier, killed run's."""
    name = f"reel-{uuid.uuid4().hex[:8]}.mp4"
    key = house.leave_half(provider, reel_file, name)
    slow = SlowPlace(house.make_shelf(provider).place)
    staging = StagedFiles(cast("StagingPlace", slow), house.ledger, house.make_subject("staged", provider))
    making = asyncio.create_task(staging.make_address(reel_file, name))
    await asyncio.wait_for(slow.is_putting.wait(), 30)
    house.rows.later = 2 * HOUR_S
    tidying = asyncio.create_task(house.tidy())
    await asyncio.sleep(2.0)
    slow.may_go_on.set()
    assert await asyncio.wait_for(making, 60)
    # Nobody has to do anything about it.
    assert key not in [each.key for each in await asyncio.wait_for(tidying, 60)]
    row = house.rows.get(key)
    assert row is not None
    assert row.state is State.COLLECTED
    assert await slow.link(row.vendor_id)


@pytest.mark.parametrize("provider", PLACES)
async def test_what_was_staged_whole_and_nobody_needs_is_removed_there(
    house: House, provider: str, reel_file: StoredFile
) -> None:
    name = f"whole-{uuid.uuid4().hex[:8]}.mp4"
    shelf = house.make_shelf(provider)
    await shelf.make_address(reel_file, name)
    house.rows.later = 2 * HOUR_S
    (chore,) = [each for each in await house.tidy() if each.kind == "staged"]
    assert chore.done
    (row,) = [each for each in await house.ledger.select() if each.kind == "staged"]
    assert row.state is State.FORGOTTEN
    look = house.clients[provider].get_asset if provider == "nomad" else house.clients[provider].get_video_file
    with pytest.raises(NotFound):
        await look(row.vendor_id)


async def test_copies_are_deleted_after_their_days_and_what_can_t_be_is_told(
    house: House, dubformer: DubformerClient, panjaya: PanjayaClient, media_url: Callable[[str], str]
) -> None:
    request = CreateProject(
        name="upkeep", source_lang="en", target_lang="fr-FR", source_video_url=media_url("film.mp4")
    )
    project = (await dubformer.create_project(request, idempotency_key=uuid.uuid4().hex)).project_id
    asset = (await panjaya.create_asset(CreateAsset(locale="en-US", media_url=request.source_video_url))).asset_id
    for key, provider, found in (("d", "dubformer", project), ("p", "panjaya", asset)):
        receipt = Receipt(id=found, state=State.COLLECTED, details={"forget_after": 30})
        house.rows.change(key, steps.record_receipt(key, house.make_subject("dub", provider), receipt))
    house.rows.later = 29 * DAY_S
    assert describe_chores(await house.tidy()) == []
    house.rows.later = 31 * DAY_S
    assert sorted(describe_chores(await house.tidy())) == [("retention", "d", True), ("retention", "p", False)]
    with pytest.raises(NotFound):
        await dubformer.get_project(project)
    assert (await panjaya.get_asset(asset)).asset_id == asset
    assert describe_chores(await house.tidy()) == [("retention", "p", False)]
