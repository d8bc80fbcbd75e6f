"""A whole run in a process of its own, to be killed: `killed_run.py PROVIDER ADDRESS PARCEL.json LEDGER [FOLDER URL]`.

With a folder, and the address that it is served at, films wait there for TPStreams to fetch them.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from polyreel.delivery.places import make_delivery
from polyreel.delivery.port import Access, Parcel
from polyreel.dubbing.staging import StagedFiles
from polyreel.dubbing.staging_places import StagingPlace
from polyreel.job import NomadDelivery, TPStreamsDelivery, VideoJungleDelivery
from polyreel.ledger.entry import Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.sql import SqlRows
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import FileTokens
from polyreel.vendors.videojungle.client import VideoJungleClient


def _client(provider: str, base: str, folder: Path) -> Any:
    if provider == "nomad":
        return NomadClient.with_login(base, "sandbox", "sandbox")
    if provider == "videojungle":
        return VideoJungleClient("videojungle-sandbox", base_url=base)
    return TPStreamsClient(Account("sandbox", "sandbox", "sandbox"), tokens=FileTokens(folder), base_url=base)


def options_of(provider: str, name: str) -> Any:
    """Into a folder, or project, of the test's own."""
    if provider == "nomad":
        return NomadDelivery(to="nomad", credentials="x", path=name)
    if provider == "videojungle":
        return VideoJungleDelivery(to="videojungle", credentials="x", project=name)
    return TPStreamsDelivery(to="tpstreams", credentials="x", folder=name, resolutions=("240p",))


@dataclass(frozen=True, slots=True)
class FolderStagingPlace(StagingPlace):
    """A folder that is served; each link differs in its query, as signed ones do."""

    at: Path
    url: str

    @property
    def where(self) -> str:
        return str(self.at)

    async def put(self, file: StoredFile, name: str) -> str:
        shutil.copyfile(path_of(file), self.at / name)
        return name

    async def find(self, file: StoredFile, name: str) -> Finding:
        there = (self.at / name).is_file() and (self.at / name).stat().st_size == file.bytes
        return Found(Receipt(id=name, state=State.COLLECTED, minutes=0.0)) if there else NotThere()

    async def link(self, file_id: str) -> str:
        return f"{self.url}/{file_id}?signature={time.time_ns()}"

    async def remove(self, file_id: str) -> None:
        (self.at / file_id).unlink(missing_ok=True)

    async def remove_leftovers(self, sha256: str, name: str) -> None:
        await self.remove(name)


async def bring(provider: str, address: str, parcel: Parcel, ledger: Path, folder: str = "", url: str = "") -> None:
    """One delivery; its ids on standard output."""
    rows = SqlRows(sa.URL.create("sqlite", database=str(ledger)))
    subject = Subject(kind="delivery", job="test", provider=provider, account=f"{provider}#test")
    async with (
        Ledger(rows, timing=Timing(lease=2, quiet=0)) as book,
        _client(provider, f"{address}/{provider}", ledger.parent) as client,
    ):
        staged = subject.model_copy(update={"kind": "staged", "provider": "s3", "account": "shelf"})
        shelf = StagedFiles(FolderStagingPlace(Path(folder), url), book, staged, "tpstreams") if folder else None
        access = Access(client, book, subject, shelf)
        done = await make_delivery(options_of(provider, parcel.name), access).deliver(parcel)
    sys.stdout.write(done.model_dump_json())


if __name__ == "__main__":
    _, whose, where, file, kept, *shelf = sys.argv
    asyncio.run(bring(whose, where, Parcel.model_validate_json(Path(file).read_text()), Path(kept), *shelf))
