"""An asset whose making's answer was lost, at a studio whose list doesn't say where an asset comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from polyreel.dubbing import panjaya
from polyreel.dubbing.panjaya import PanjayaDubber
from polyreel.dubbing.panjaya_assets import Assets
from polyreel.dubbing.port import DubRequest, Means
from polyreel.dubbing.submission import key_of_dub, key_of_reel
from polyreel.errors import UnresolvedCall
from polyreel.job import PanjayaDubbing
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Filter
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore
from polyreel.vendors.errors import Invalid, JobFailed, Unanswered
from polyreel.vendors.panjaya.models import Asset
from polyreel.vendors.waiting import Patience


@dataclass
class Studio:
    """Takes an asset and loses the answer; lists what a test says."""

    listed: dict[str, Any]
    made: list[Any] = field(default_factory=list)

    async def create_asset(self, request: Any) -> Asset:
        self.made.append(request)
        raise Unanswered("the connection broke")

    async def find_assets(self, matches: Callable[[Asset], bool]) -> list[Asset]:
        asset = Asset.model_validate({"id": "a1", "locale": "en-US", **self.listed})
        return [asset] if matches(asset) else []

    async def get_asset(self, asset_id: str) -> Asset:
        return Asset.model_validate({"id": asset_id, "locale": "en-US"})


OPTIONS = PanjayaDubbing(provider="panjaya", credentials="x")
REQUEST = DubRequest(
    locale="es-ES", source_locale="en-US", reel=StoredFile(uri="file:///r.mp4", sha256="0" * 64, bytes=10),
    duration="60", media_url="https://films.example/r.mp4", source_sha256="0" * 64, title="welcome",
)  # fmt: skip


def _make_means(tmp_path: Path, studio: Any) -> Means:
    ledger = Ledger(MemoryRows(), timing=Timing(lease=2, quiet=0))
    return Means(LocalStore(tmp_path), studio, ledger, Subject(kind="dub", provider="panjaya", account="a"))


def _make_assets(means: Means) -> Assets:
    return Assets(means.client, means, OPTIONS, means.subject)


async def _find_lost(tmp_path: Path, listed: dict[str, Any]) -> tuple[str, Studio]:
    studio = Studio(listed)
    assets = _make_assets(_make_means(tmp_path, studio))
    with pytest.raises(Unanswered):
        await assets.find_room(REQUEST, "k")
    return await assets.find_room(REQUEST, "k"), studio


@pytest.mark.parametrize("listed", [{}, {"duration": 60.4}, {"duration": 60, "start_time": 0, "end_time": 60}])
async def test_the_one_that_may_be_ours_is_taken(tmp_path: Path, listed: dict[str, Any]) -> None:
    """Nothing that it tells speaks against it; it is not made again."""
    found, studio = await _find_lost(tmp_path, listed)
    assert found == "a1"
    assert len(studio.made) == 1


@pytest.mark.parametrize("listed", [{"duration": 95}, {"start_time": 12.5}])
async def test_one_of_another_reel_is_for_a_person_to_tell(tmp_path: Path, listed: dict[str, Any]) -> None:
    """Taken, two reels would be mixed up; made anew, one might be paid for twice."""
    with pytest.raises(UnresolvedCall, match=r"the 1 asset of .* studio: a1"):
        await _find_lost(tmp_path, listed)


# -- an asset from before, of which nobody can be asked


def _put_asset(means: Means, details: dict[str, Any]) -> None:
    key = key_of_reel(REQUEST, "panjaya", means.subject.account)
    subject = means.subject.model_copy(update={"kind": "asset", "details": details})
    receipt = Receipt(id="a1", state=State.COLLECTED, minutes=0.0)
    # Long ago: `find_room` looks at what it did not make itself.
    means.at_hand().rows.change(key, lambda entry, now: steps.record_receipt(key, subject, receipt)(entry, now - 60))


@pytest.mark.parametrize(
    ("details", "may_pay_elsewhere"),
    [
        ({"bare": True, "taken": {"es-ES": "k"}}, True),
        ({"bare": False, "taken": {"fr-FR": "other"}}, True),
        ({"bare": False, "taken": {"es-ES": "k"}}, False),
        ({"taken": {"es-ES": "k"}}, False),
        ({}, False),
    ],
)
async def test_who_can_not_be_asked_of_an_old_asset_may_have_been_paid(
    tmp_path: Path, details: dict[str, Any], may_pay_elsewhere: bool
) -> None:
    """Where the asset's own making may have bought the dub, nobody else is paid for it meanwhile."""

    class Away(Studio):
        async def get_asset(self, asset_id: str) -> Asset:
            raise Unanswered(f"no answer about {asset_id}")

    means = _make_means(tmp_path, Away({}))
    _put_asset(means, details)
    with pytest.raises(Unanswered) as raised:
        await _make_assets(means).find_room(REQUEST, "k")
    assert raised.value.bought_nothing is may_pay_elsewhere


# -- an asset that the vendor failed at


@dataclass
class FailingStudio(Studio):
    """Takes an asset, and then finds that it is too large; ``answers`` are what the look at it gives, in turn."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    asked_for: list[Any] = field(default_factory=list)

    async def create_asset(self, request: Any) -> Asset:
        self.made.append(request)
        return Asset.model_validate({"id": f"a{len(self.made)}", "locale": "en-US"})

    async def get_asset(self, asset_id: str) -> Asset:
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Asset.model_validate({"id": asset_id, "locale": "en-US", **told})

    async def add_languages(self, asset_id: str, request: Any) -> Asset:
        self.asked_for.append(request)
        raise Invalid(f"{asset_id} takes no languages")


CODES = (
    "invalid_input", "unsupported_media", "empty_transcript", "missing_audio_track", "video_duration_limit_reached",
    "video_size_limit_reached", "time_out_of_range", "a_word_of_next_year",
)  # fmt: skip


def _make_failed(code: str) -> dict[str, Any]:
    return {"status": "Failed", "error": {"code": code, "message": code}}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("before", [[], [{"status": "Processing"}]])
async def test_an_asset_that_fails_before_it_takes_a_language_leaves_no_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, before: list[dict[str, Any]]
) -> None:
    """Whatever it failed at, then or while it was looked at: the language's row goes, and another may be asked."""
    monkeypatch.setattr(panjaya, "_PREPARING", Patience(first=0.01, cap=0.01, total=5.0))
    means = _make_means(tmp_path, FailingStudio({}, answers=[*before, _make_failed(code)]))
    with pytest.raises(JobFailed) as raised:
        await PanjayaDubber(OPTIONS, means).submit(REQUEST)
    assert raised.value.bought_nothing
    assert await means.at_hand().select(Filter(kind="dub")) == []


async def test_after_a_lost_answer_a_failed_asset_is_no_proof_that_nothing_was_charged(tmp_path: Path) -> None:
    """No page says what becomes of the money: the row stays, and nobody else is paid."""
    means = _make_means(tmp_path, FailingStudio({}, answers=[_make_failed("video_size_limit_reached")]))
    key = key_of_dub(REQUEST, "panjaya", means.subject.account)
    # A run that died after it had asked for the language.
    means.at_hand().rows.change(key, steps.claim_row(key, means.subject, "machine:1:1:x", -1.0))
    with pytest.raises(JobFailed) as raised:
        await PanjayaDubber(OPTIONS, means).submit(REQUEST)
    assert not raised.value.bought_nothing
    (row,) = await means.at_hand().select(Filter(kind="dub"))
    assert row.is_open


async def test_a_rival_that_asked_meanwhile_and_died_leaves_the_doubt(tmp_path: Path) -> None:
    """Two runs see no row; one asks for the language, loses the answer and ends: the other finds a failed asset."""

    class Rivalled(Ledger):
        async def once(self, key: str, *others: Any, subject: Subject) -> Entry:
            if subject.kind == "dub":
                self.rows.change(key, steps.claim_row(key, subject, "machine:1:1:x", -1.0))
            return await super().once(key, *others, subject=subject)

    ledger = Rivalled(MemoryRows(), timing=Timing(lease=2, quiet=0))
    studio: Any = FailingStudio({}, answers=[_make_failed("video_size_limit_reached")])
    means = Means(LocalStore(tmp_path), studio, ledger, Subject(kind="dub", provider="panjaya", account="a"))
    with pytest.raises(JobFailed) as raised:
        await PanjayaDubber(OPTIONS, means).submit(REQUEST)
    assert not raised.value.bought_nothing
    (row,) = await ledger.select(Filter(kind="dub"))
    assert row.is_open
