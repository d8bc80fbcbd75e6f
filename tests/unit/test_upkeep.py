"""Housekeeping: only what the ledger says is ours, only when its time has come, and the same again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polyreel.dubbing.staging import STAGED, StagedFiles
from polyreel.dubbing.staging_places import staging_place_of
from polyreel.errors import InvalidJob
from polyreel.job import VideoJungleStaging
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.rows import Claim, Filter
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import StoredFile
from polyreel.upkeep import DAY_S, HOUR_S, DryRun, Rules, Upkeep, drop_dead_links, list_dead_links, summarise
from polyreel.vendors.errors import NotFound, Unreachable
from tests.holders import make_dead_holder


class Clock(MemoryRows):
    """Rows whose time is the test's."""

    time = 1_000_000.0

    def now(self) -> float:
        return self.time


class Vendor:
    """An account that deletes what it is told, and may be away."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.away = False

    async def _remove(self, name: str) -> None:
        if self.away:
            raise Unreachable("It is away.", where="vendor")
        if name in self.gone:
            raise NotFound("It is gone.", where=name)
        self.gone.append(name)

    async def list_video_files(self, limit: int) -> list[Any]:
        if self.away:
            raise Unreachable("It is away.", where="vendor")
        return [SimpleNamespace(id="v-half", name="reel-1.mp4"), SimpleNamespace(id="v-other", name="other.mp4")]

    async def get_upload(self, name: str) -> Any:
        return SimpleNamespace(id=name, is_completed=False)

    delete_project = delete_video_file = cancel_upload = _remove


class House:
    """A ledger with a clock, its accounts, and the chores over them."""

    def __init__(self) -> None:
        self.rows = Clock()
        self.vendor = Vendor()
        self.ledger = Ledger(self.rows)
        self.lost: set[str] = set()

    @asynccontextmanager
    async def account(self, vendor: str, row: Entry) -> AsyncIterator[Any]:
        if row.credentials == "lost":
            raise InvalidJob("There are no saved credentials of this name.", where=vendor)
        yield self.vendor

    def put(self, key: str, kind: str, provider: str, state: State = State.COLLECTED, **more: Any) -> None:
        """A row with its receipt, written now."""
        known = {"credentials": "account", "job": "reel"} | {
            name: more.pop(name) for name in ("credentials", "job", "details") if name in more
        }
        subject = Subject(kind=kind, provider=provider, account="a", **known)
        self.rows.change(key, steps.record_receipt(key, subject, Receipt(id=f"id-{key}", state=state, details=more)))

    async def is_kept(self, key: str) -> bool:
        return key not in self.lost

    async def tidy(self, **rules: Any) -> list[tuple[str, str, bool]]:
        done = await Upkeep(self.ledger, self.account, Rules(**rules), self.is_kept).tidy()
        return [(chore.kind, chore.key, chore.done) for chore in done]

    def state(self, key: str) -> State:
        row = self.rows.get(key)
        assert row is not None
        return row.state


@pytest.fixture
def house() -> House:
    return House()


async def test_the_vendor_s_copy_is_deleted_after_its_time_and_only_once_it_was_collected(house: House) -> None:
    house.put("old", "dub", "dubformer")
    house.put("at-work", "dub", "dubformer", State.SUBMITTED)
    house.put("ready", "dub", "dubformer", State.READY)
    house.rows.time += 25 * DAY_S
    house.put("young", "dub", "dubformer")
    house.rows.time += 6 * DAY_S
    assert await house.tidy() == []  # nobody asked for it
    assert await house.tidy(forget_after_days=30) == [("retention", "old", True)]
    assert house.vendor.gone == ["id-old"]
    assert house.state("old") is State.FORGOTTEN
    assert {house.state(key) for key in ("at-work", "ready", "young")} == {
        State.SUBMITTED,
        State.READY,
        State.COLLECTED,
    }
    assert await house.tidy(forget_after_days=30) == []


async def test_a_job_s_own_days_go_before_those_of_the_house(house: House) -> None:
    """Sooner, or later; and also where the house itself would keep everything."""
    house.put("sooner", "dub", "dubformer", forget_after=10)
    house.put("later", "dub", "dubformer", forget_after=90)
    house.put("house", "dub", "dubformer")
    house.rows.time += 20 * DAY_S
    assert await house.tidy() == [("retention", "sooner", True)]
    house.rows.time += 20 * DAY_S
    assert await house.tidy(forget_after_days=30) == [("retention", "house", True)]
    house.rows.time += 60 * DAY_S
    assert await house.tidy() == [("retention", "later", True)]


async def test_the_only_copy_is_never_deleted(house: House) -> None:
    """Collected once, and the store here was lost since: somebody is told, and the next run fetches it."""
    house.put("k", "dub", "dubformer")
    house.put("k~script-a", "translation", "dubformer")
    house.rows.time += 40 * DAY_S
    house.lost.add("k~script-a")
    assert await house.tidy(forget_after_days=30) == [("retention", "k", False)]
    assert house.vendor.gone == []
    house.lost = {"k"}  # an earlier script's: the vendor has not had that for long
    assert await house.tidy(forget_after_days=30) == [("retention", "k", True)]


async def test_a_film_that_a_crash_left_on_its_shelf_is_removed_after_a_day(house: House) -> None:
    """Put there for a library to fetch; whoever fetched it takes it away, if it lives."""
    house.put("film", "film", "videojungle")
    house.rows.time += 23 * HOUR_S
    assert await house.tidy() == []
    house.rows.time += 2 * HOUR_S
    assert await house.tidy() == [("staged", "film", True)]
    assert house.state("film") is State.FORGOTTEN


async def test_a_copy_is_kept_while_its_own_script_is_still_dubbed(house: House) -> None:
    house.put("k", "dub", "dubformer")
    house.put("k~script", "translation", "dubformer", State.SUBMITTED)
    house.rows.time += 40 * DAY_S
    assert await house.tidy(forget_after_days=30) == []


async def test_a_copy_counts_from_the_script_that_was_collected_last(house: House) -> None:
    """Who changes lines month after month goes on with what was bought: deleted, it would be bought once more."""
    house.put("k", "dub", "dubformer")
    house.rows.time += 25 * DAY_S
    house.put("k~script", "translation", "dubformer")
    house.rows.time += 6 * DAY_S
    assert await house.tidy(forget_after_days=30) == []
    house.rows.time += 25 * DAY_S
    assert await house.tidy(forget_after_days=30) == [("retention", "k", True)]


async def test_a_copy_of_the_same_name_in_another_bucket_is_not_forgotten(house: House) -> None:
    """Forgotten while it lies there, it would lie there for ever."""
    for where in ("s3://films/tmp", "s3://clips/tmp"):
        subject = Subject(kind="staged", provider="videojungle", account="a", credentials="c", details={"where": where})
        house.rows.change(
            where, steps.record_receipt(where, subject, Receipt(id="tmp/reel.mp4", state=State.COLLECTED))
        )
        house.rows.time += 0.6 * HOUR_S
    assert await house.tidy() == [("staged", "s3://films/tmp", True)]
    assert house.state("s3://clips/tmp") is State.COLLECTED


async def test_what_a_run_begins_to_need_meanwhile_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one staged file is removed, a run writes its intent to buy from the other."""
    house.put("first", "staged", "videojungle")
    house.put("second", "staged", "videojungle", job="another")
    house.rows.time += 2 * HOUR_S
    removed = house.vendor._remove

    async def remove(name: str) -> None:
        await removed(name)
        house.put("dub", "dub", "dubformer", State.SUBMITTED, job="another")

    monkeypatch.setattr(house.vendor, "delete_video_file", remove)
    assert await house.tidy() == [("staged", "first", True)]
    assert house.state("second") is State.COLLECTED


async def test_a_copy_into_which_a_run_puts_a_script_meanwhile_is_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one dub is deleted, a run goes on with another: deleted under its hands, it would be bought once more."""
    house.put("first", "dub", "dubformer")
    house.put("second", "dub", "dubformer")
    house.rows.time += 40 * DAY_S
    removed = house.vendor._remove

    async def remove(name: str) -> None:
        await removed(name)
        script = Subject(kind="translation", provider="dubformer", account="a", job="reel")
        house.rows.change("second~script", steps.claim_row("second~script", script, "elsewhere:1:1:a", 45.0))

    monkeypatch.setattr(house.vendor, "delete_project", remove)
    assert await house.tidy(forget_after_days=30) == [("retention", "first", True)]
    assert house.state("second") is State.COLLECTED


async def test_a_death_between_the_deletion_and_its_row_is_made_good(house: House) -> None:
    """The vendor has deleted it, nobody has written that down: the next round finds it gone, and that is enough."""
    house.put("old", "dub", "dubformer")
    house.rows.time += 40 * DAY_S
    await house.vendor.delete_project("id-old")
    assert await house.tidy(forget_after_days=30) == [("retention", "old", True)]
    assert house.state("old") is State.FORGOTTEN


async def test_a_vendor_that_deletes_nothing_and_one_that_is_away_are_told(house: House) -> None:
    house.put("p", "dub", "panjaya")
    house.put("d", "dub", "dubformer")
    house.put("lost", "dub", "dubformer", credentials="lost")
    house.rows.time += 40 * DAY_S
    house.vendor.away = True
    assert sorted(await house.tidy(forget_after_days=30)) == [
        ("retention", "d", False),
        ("retention", "lost", False),
        ("retention", "p", False),
    ]
    assert house.state("d") is State.COLLECTED


async def test_what_was_staged_goes_once_nobody_can_want_to_fetch_it(house: House) -> None:
    house.put("file", "staged", "videojungle")
    house.put("dub", "dub", "dubformer", State.SUBMITTED)
    assert await house.tidy() == []
    house.rows.time += 2 * HOUR_S
    assert await house.tidy() == []  # the vendor may fetch it yet
    house.put("other", "staged", "videojungle", job="another")
    await house.ledger.advance("dub", State.COLLECTED)
    assert await house.tidy() == [("staged", "file", True)]
    assert (house.state("file"), house.state("other")) == (State.FORGOTTEN, State.COLLECTED)


async def test_uploads_that_nobody_went_on_with_are_cancelled(house: House) -> None:
    house.put("half", "delivery", "nomad", State.SUBMITTED, upload="u-1")
    house.put("whole", "delivery", "nomad", State.READY, upload="u-2", uploaded={"bytes": 1})
    house.put("done", "delivery", "nomad", State.COLLECTED, upload="u-3")
    house.rows.time += 6 * DAY_S
    assert await house.tidy() == []
    house.rows.time += 2 * DAY_S
    assert await house.tidy() == [("upload", "half", True)]
    assert house.vendor.gone == ["u-1"]


async def test_a_call_that_a_crash_left_is_told_and_never_settled_by_itself(house: House) -> None:
    subject = Subject(kind="dub", provider="panjaya", job="reel", run_id="r-1")
    house.rows.change("k", steps.claim_row("k", subject, "elsewhere:1:1:a", 45.0))
    assert await house.tidy() == []
    house.rows.time += 2 * HOUR_S
    chores = await Upkeep(house.ledger, house.account, Rules(), house.is_kept).tidy()
    assert [(chore.kind, chore.done) for chore in chores] == [("intent", False)]
    assert "polyreel submit --again r-1" in chores[0].note
    assert house.state("k") is State.INTENDED
    assert summarise(chores) == "1 intent for a person"


async def test_what_was_half_staged_for_a_dub_that_is_bought_by_now_is_removed(house: House) -> None:
    """The same dub was bought by another job, by another copy: the run that would look for this one never comes."""
    about = {"kind": "staged", "what": "reel-1.mp4", "provider": "videojungle", "account": "a", "job": "reel"}
    subject = Subject(**about, credentials="account", details={STAGED: "sha", "where": "video files"})
    house.rows.change("half", steps.claim_row("half", subject, make_dead_holder(), 45.0))
    house.put("dub", "dub", "dubformer", State.SUBMITTED, details={STAGED: "sha", "source": "sha"})
    house.rows.time += 2 * HOUR_S
    (needed,) = await Upkeep(house.ledger, house.account, Rules(), house.is_kept).tidy()
    assert "Run the job again" in needed.note
    await house.ledger.advance("dub", State.COLLECTED)
    house.vendor.away = True
    assert await house.tidy() == [("staged", "half", False)]
    assert house.rows.get("half") is not None
    house.vendor.away = False
    assert await house.tidy() == [("staged", "half", True)]
    assert house.vendor.gone == ["v-half"]
    assert await house.tidy() == []


def test_links_to_deliveries_that_are_gone_are_dropped(tmp_path: Path) -> None:
    links, there = tmp_path / "delivered", tmp_path / "out" / "reel"
    links.mkdir()
    there.mkdir(parents=True)
    (there / "manifest.json").write_text("{}")
    (links / "run-1").write_text(str(there))
    (links / "run-2").write_text(str(tmp_path / "gone"))
    assert [chore.what for chore in drop_dead_links(links)] == [str(tmp_path / "gone")]
    assert [link.name for link in links.iterdir()] == ["run-1"]
    assert drop_dead_links(tmp_path / "nowhere") == ()


def test_a_link_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    part = tmp_path / ".0123456789ab.part"
    part.touch()
    assert drop_dead_links(tmp_path) == ()
    assert part.exists()


async def test_a_file_that_a_run_stages_anew_meanwhile_stays(house: House) -> None:
    """A run has the file's claim, and is about to buy: who tidies up sees to the rest, and looks again next time."""
    file = StoredFile(uri="file:///reel", sha256="aa", bytes=1)
    shelf = staging_place_of(VideoJungleStaging(to="videojungle", credentials="c"), house.vendor)
    staged = StagedFiles(shelf, house.ledger, Subject(kind="staged", provider="videojungle", account="a", job="reel"))
    house.put("file", "staged", "videojungle", details={STAGED: file.sha256})
    house.put("other", "staged", "videojungle", details={STAGED: "bb"})
    house.rows.time += 2 * HOUR_S
    begun, done = asyncio.Event(), asyncio.Event()

    async def buy() -> None:
        begun.set()
        await done.wait()
        house.put("dub", "dub", "dubformer", State.SUBMITTED)

    buying = asyncio.create_task(staged._alone(file.sha256, buy))
    await begun.wait()
    planned = await DryRun(house.ledger, house.account, Rules(), house.is_kept).tidy()
    assert [chore.key for chore in planned] == ["other"]
    assert await house.tidy() == [("staged", "other", True)]
    done.set()
    await buying
    assert await house.tidy() == []
    assert house.vendor.gone == ["id-other"]


async def test_claims_of_dead_runs_are_swept(house: House) -> None:
    house.rows.change_claim("staged a aa", lambda _there, now: Claim("staged a aa", "gone:1:1:a", now + 45, "reel"))
    assert await house.tidy() == []
    house.rows.time += 60
    done = await Upkeep(house.ledger, house.account, Rules(), house.is_kept).tidy()
    assert [(chore.kind, chore.what, chore.note) for chore in done] == [("claim", "reel", "staged a aa")]
    assert house.rows.list_claims() == []


async def test_a_dry_run_says_what_a_round_would_do_and_does_nothing(house: House, tmp_path: Path) -> None:
    """Of every kind: the chores are those of the round after it, the rows and the vendor stay as they were."""
    house.put("old", "dub", "dubformer")
    house.put("staged", "staged", "videojungle", details={STAGED: "aa"})
    house.put("half", "delivery", "nomad", State.SUBMITTED, upload="u-1")
    house.put("lost", "staged", "videojungle", credentials="lost", details={STAGED: "bb"})
    subject = Subject(kind="dub", provider="panjaya", job="other", run_id="r-1")
    house.rows.change("k", steps.claim_row("k", subject, "elsewhere:1:1:a", 45.0))
    house.rows.change_claim("deliver a", lambda _there, now: Claim("deliver a", "gone:1:1:a", now + 45, "reel"))
    (tmp_path / "run-1").write_text(str(tmp_path / "gone"))
    house.rows.time += 40 * DAY_S
    rules = Rules(forget_after_days=30)
    before = ([row.model_dump() for row in house.rows.select(Filter())], house.rows.list_claims())

    planned = await DryRun(house.ledger, house.account, rules, house.is_kept).tidy()
    assert not any(chore.done for chore in planned)
    assert ([row.model_dump() for row in house.rows.select(Filter())], house.rows.list_claims()) == before
    assert house.vendor.gone == []
    assert [chore.planned for chore in list_dead_links(tmp_path)] == [True]
    assert (tmp_path / "run-1").exists()
    assert summarise(planned) == (
        "1 claim, 1 retention, 1 staged, 1 upload would be seen to; 1 intent, 1 staged for a person"
    )

    done = await Upkeep(house.ledger, house.account, rules, house.is_kept).tidy()
    assert {(chore.kind, chore.key) for chore in done if chore.done} == {
        (chore.kind, chore.key) for chore in planned if chore.planned
    }
    assert {(chore.kind, chore.key) for chore in done if not chore.done} == {
        (chore.kind, chore.key) for chore in planned if not chore.planned
    }
