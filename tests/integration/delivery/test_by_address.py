"""TPStreams fetches films from where media is staged: made once, whatever is lost, and the shelf is emptied."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.tpstreams import TPStreamsDelivery
from polyreel.dubbing.staging import StagedFiles
from polyreel.errors import PolyreelError
from polyreel.job import TPStreamsDelivery as Options
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from tests.integration.delivery.killed_run import FolderStagingPlace


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing."""


@dataclass
class Folder:
    """A shelf whose addresses differ in their query each time, as signed ones do."""

    at: Path
    url: str
    signed: int = 0

    async def make_address(self, file: StoredFile, name: str) -> str:
        self.signed += 1
        if not (self.at / name).exists():
            shutil.copyfile(path_of(file), self.at / name)
        return f"{self.url}/{name}?signature={self.signed}"

    async def drop_file(self, file: StoredFile, name: str) -> None:
        (self.at / name).unlink(missing_ok=True)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Folder]:
    folder = tmp_path / "shelf"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Folder(folder, f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    thread.join()
    server.server_close()


async def titles_at(client: Any, folder: str) -> list[str]:
    found = [each.id async for each in client.list_folders() if each.title == folder]
    return [each.title for at in found async for each in client.list_assets(parent=at)]


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "its answer lost"])
async def test_a_film_is_fetched_by_its_address_and_made_once(
    clients: Any, access: Any, make_parcel: Any, shelf: Folder, arm: Any, lost: bool
) -> None:
    """What was lost is known by the address that it was made with; nothing stays on the shelf."""
    parcel = make_parcel("es-ES")
    options = Options(to="tpstreams", credentials="x", folder=parcel.name, resolutions=("240p",))
    async with clients("tpstreams") as client:
        by_address = replace(access(client, "tpstreams"), staging=shelf)
        if lost:
            await arm(kind="reset_after", vendor="tpstreams", method="POST", path="*/assets/videos/")
            with pytest.raises(PolyreelError):
                await TPStreamsDelivery(options, by_address).deliver(parcel)
        done = await TPStreamsDelivery(options, by_address).deliver(parcel)
        again = await TPStreamsDelivery(options, by_address).deliver(parcel)
        titles = await titles_at(client, parcel.name)
        asset = await client.get_asset(done.ids["es-ES"])
    assert done.ids == again.ids
    assert len(titles) == 1
    assert asset.video.inputs[0]["url"].startswith(shelf.url)
    assert list(shelf.at.iterdir()) == []


async def test_a_film_that_goes_into_two_folders_is_fetched_from_two_copies(
    clients: Any, access: Any, make_parcel: Any, shelf: Folder
) -> None:
    """The first library that is done takes its own copy away, and leaves the other's."""
    parcel, seen = make_parcel("es-ES"), []
    async with clients("tpstreams") as client:
        known = access(client, "tpstreams")
        subject = known.subject.model_copy(update={"kind": "staged", "provider": "s3", "account": "shelf"})
        staged = StagedFiles(FolderStagingPlace(shelf.at, shelf.url), known.ledger, subject, "tpstreams account")

        class Second:
            """The shelf as the second folder's delivery has it: it asks for its link, and the first is done by then."""

            async def make_address(self, file: StoredFile, name: str) -> str:
                link = await staged.make_address(file, name)
                await bring("first", staged)
                seen.extend(path.name for path in shelf.at.iterdir())
                return link

            async def drop_file(self, file: StoredFile, name: str) -> None:
                await staged.drop_file(file, name)

        async def bring(folder: str, place: Any) -> dict[str, str]:
            named = f"{parcel.name}-{folder}"
            options = Options(to="tpstreams", credentials="x", folder=named, resolutions=("240p",))
            return (await TPStreamsDelivery(options, replace(known, staging=place)).deliver(parcel)).ids

        ids = await bring("second", Second())
        again = await bring("first", staged)
    assert len(seen) == 1, "the first delivery took the second one's copy away"
    assert ids["es-ES"] != again["es-ES"]
    assert list(shelf.at.iterdir()) == []
