"""An asset whose making's answer was lost, at a studio whose list doesn't say where an asset comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from polyreel.dubbing.panjaya_assets import Assets
from polyreel.dubbing.port import DubRequest, Means
from polyreel.errors import UnresolvedCall
from polyreel.job import PanjayaDubbing
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore
from polyreel.vendors.errors import Unanswered
from polyreel.vendors.panjaya.models import Asset


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


async def _find_lost(tmp_path: Path, listed: dict[str, Any]) -> tuple[str, Studio]:
    ledger, studio = Ledger(MemoryRows(), timing=Timing(lease=2, quiet=0)), Studio(listed)
    means = Means(LocalStore(tmp_path), studio, ledger, Subject(kind="dub", provider="panjaya", account="a"))
    request = DubRequest(
        locale="es-ES", source_locale="en-US", reel=StoredFile(uri="file:///r.mp4", sha256="0" * 64, bytes=10),
        duration="60", media_url="https://films.example/r.mp4", source_sha256="0" * 64, title="welcome",
    )  # fmt: skip
    options = PanjayaDubbing(provider="panjaya", credentials="x")
    assets = Assets(studio, means, options, means.subject)  # type: ignore[arg-type]
    with pytest.raises(Unanswered):
        await assets.find_room(request, "k")
    return await assets.find_room(request, "k"), studio


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
