"""The table of libraries: what jobs can name has a row, and a row is enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.errors import InvalidJob
from polyreel.intake.library import folder_of, list_videos
from polyreel.job.source import ASSET_SCHEMES
from polyreel.sources.assets import require_asset
from polyreel.sources.libraries.port import Asset, LibraryVideo
from polyreel.sources.libraries.table import LIBRARIES, Library, list_with_folders
from polyreel.vendors.errors import NotFound
from polyreel.vendors.tpstreams.models import Asset as TPStreamsAsset


class Attic:
    """A library of somebody's own, with one film in it."""

    def __init__(self, client: dict[str, str]) -> None:
        self.client = client

    async def require_asset(self, asset_id: str) -> None:
        if asset_id not in self.client:
            raise NotFound("no such film")

    async def look_at_asset(self, asset_id: str) -> Asset:
        raise AssertionError(f"{asset_id} was looked at, and only its being there was asked")


async def _list_attic(client: dict[str, str], _folder: str) -> list[LibraryVideo]:
    return [LibraryVideo(*each) for each in client.items()]


@pytest.fixture
def attic(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setitem(LIBRARIES, "attic", Library("attic", Attic, _list_attic))
    return {"2": "b.mp4", "1": "a.mp4"}


def test_every_library_that_a_job_can_name_has_a_row_and_an_adapter() -> None:
    assert tuple(LIBRARIES) == ASSET_SCHEMES
    for row in LIBRARIES.values():
        adapter = row.make(object())
        assert callable(adapter.require_asset)
        assert callable(adapter.look_at_asset)


async def test_a_row_is_all_that_a_new_library_takes(attic: dict[str, str]) -> None:
    await require_asset("attic:1", attic)
    with pytest.raises(InvalidJob, match="attic has no asset of this id"):
        await require_asset("attic:3", attic)
    assert folder_of("attic:top") == ("attic", "top")
    assert [video.name for video in await list_videos("attic", attic, "top")] == ["a.mp4", "b.mp4"]


def test_a_library_without_folders_is_not_offered_to_a_batch() -> None:
    assert set(list_with_folders()) == {"nomad", "tpstreams"}
    with pytest.raises(InvalidJob) as raised:
        folder_of("videojungle:1")
    assert "nomad:FOLDER or tpstreams:FOLDER" in raised.value.remedy


def test_no_other_module_of_the_sources_keeps_a_list_of_vendors() -> None:
    root = Path(__file__).parents[3] / "polyreel"
    for module in ("sources/assets.py", "sources/ingest.py", "intake/library.py"):
        text = (root / module).read_text("utf-8")
        assert not [name for name in LIBRARIES if f'"{name}"' in text], module


@pytest.mark.parametrize(("kind", "said"), [("livestream", "it is a livestream"), ("", "it is not uploaded")])
async def test_an_asset_without_a_video_is_told_by_what_it_is(kind: str, said: str) -> None:
    class Client:
        async def get_asset(self, asset_id: str) -> TPStreamsAsset:
            return TPStreamsAsset(id=asset_id, type=kind)

    with pytest.raises(InvalidJob, match=said):
        await require_asset("tpstreams:1", Client())


@pytest.mark.parametrize("look", ["require_asset", "look_at_asset"])
async def test_an_asset_that_the_vendor_failed_at_is_refused_though_it_has_a_file(look: str) -> None:
    class Client:
        async def get_asset(self, asset_id: str) -> TPStreamsAsset:
            video = {"status": "error", "duration": 30}
            said = {"id": asset_id, "type": "video", "video": video, "download_url": "https://films.example/1.mp4"}
            return TPStreamsAsset.model_validate(said)

    with pytest.raises(InvalidJob, match="could not process this asset"):
        await getattr(LIBRARIES["tpstreams"].make(Client()), look)("1")
