"""Two runs of one job at the same time, each a process: the second waits for the first, and finds what is there."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from polyreel.delivery.port import Delivered, Parcel
from polyreel.dubbing.staging import StagedFiles
from polyreel.dubbing.staging_places import staging_place_of
from polyreel.job import NomadStaging
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import StoredFile
from tests.integration.delivery.killed_run import FolderStagingPlace
from tests.integration.delivery.test_killed import RUN, list_films, read_rows

pytestmark = pytest.mark.slow
MOMENTS = ("both at once", "the second midway", "the first killed midway")
# The call that a film's bytes are sent with.
UPLOADS = {
    "tpstreams": {"vendor": "tpstreams", "method": "POST", "path": "/s3-upload/*"},
    "nomad": {"vendor": "files", "method": "PUT"},
    "videojungle": {"vendor": "videojungle", "method": "POST", "path": "*/upload"},
}


@pytest.fixture
async def start_run() -> AsyncIterator[Callable[..., Awaitable[asyncio.subprocess.Process]]]:
    """Start a run; whatever a failing test leaves of them is ended."""
    runs: list[asyncio.subprocess.Process] = []
    pipe = asyncio.subprocess.PIPE

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        command = (sys.executable, str(RUN), *arguments)
        runs.append(await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe))
        return runs[-1]

    yield start
    for run in runs:
        if run.returncode is None:
            run.kill()
            await run.communicate()


async def _read_delivered(run: asyncio.subprocess.Process) -> Delivered:
    output, said = await asyncio.wait_for(run.communicate(), 120)
    assert run.returncode == 0, said.decode()
    done = Delivered.model_validate_json(output)
    assert not done.problems, done.problems
    return done


async def _wait_for_rows(ledger: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while read_rows(ledger) < count:
        assert time.monotonic() < deadline, "the first run never began"
        await asyncio.sleep(0.02)


def _read_claims(ledger: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
        return [name for (name,) in database.execute("SELECT name FROM ledger_claims")]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("provider", ["tpstreams", "nomad", "videojungle"])
async def test_two_runs_at_once_bring_one_of_each(
    vendors: str,
    clients: Any,
    arm: Any,
    disarm: Any,
    start_run: Any,
    make_parcel: Any,
    tmp_path: Path,
    provider: str,
    moment: str,
) -> None:
    """Nothing is there twice, nothing is missing, and both runs (or the one that lives) end well, with the same ids."""
    parcel: Parcel = make_parcel("es-ES", "fr-FR")
    (tmp_path / "parcel.json").write_text(parcel.model_dump_json())
    ledger = tmp_path / "ledger.db"
    arguments = (provider, vendors, str(tmp_path / "parcel.json"), str(ledger))
    if moment != MOMENTS[0]:
        # Every upload takes so long that the second run surely comes while it goes on; the one to be killed never ends.
        await arm(kind="slow", **UPLOADS[provider], seconds=60 if moment == MOMENTS[2] else 1.5, times=0)
    first = await start_run(*arguments)
    if moment != MOMENTS[0]:
        await _wait_for_rows(ledger, 2)
    second = await start_run(*arguments)
    if moment == MOMENTS[2]:
        await asyncio.sleep(2)
        assert first.returncode is None, "it was done before it could be killed"
        await disarm()
        first.kill()
        await first.communicate()
    runs = (second,) if moment == MOMENTS[2] else (first, second)
    done = await asyncio.gather(*(_read_delivered(run) for run in runs))
    assert all(each.ids == done[0].ids for each in done)
    if moment != MOMENTS[2]:
        assert done[1].kept or done[0].kept, "both sent everything"
        assert not {*done[0].written} & {*done[1].written}
    async with clients(provider) as client:
        names = await list_films(provider, client, parcel.name)
    assert len(names) == len(set(names)) == 2
    assert _read_claims(ledger) == []


STAGING = Subject(kind="staged", job="test", provider="nomad", account="nomad#test")


def _store_film(path: Path) -> StoredFile:
    content = path.read_bytes()
    return StoredFile(uri=path.as_uri(), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


async def test_two_films_that_are_staged_at_once_make_one_folder(clients: Any, films: Any) -> None:
    """Where the folder that a job names is missing, each of them would have made it."""
    rows, name = MemoryRows(), f"tmp-{uuid4().hex[:8]}"
    options = NomadStaging(to="nomad", credentials="x", path=f"{name}/inner")

    async def stage(number: int) -> None:
        async with clients("nomad") as client, Ledger(rows) as ledger:
            staged = StagedFiles(staging_place_of(options, client), ledger, STAGING)
            await staged.make_address(_store_film(films(number)), f"{name}-{number}.mp4")

    await asyncio.gather(stage(1), stage(2))
    async with clients("nomad") as client:
        outer = [each.id for each in await client.list_children("root") if each.name == name]
        inner = [each.id for folder in outer for each in await client.list_children(folder)]
        held = [each.name for folder in inner for each in await client.list_children(folder)]
    assert (len(outer), len(inner)) == (1, 1)
    assert sorted(held) == [f"{name}-1.mp4", f"{name}-2.mp4"]


async def test_a_film_that_is_being_removed_is_staged_anew(films: Any, tmp_path: Path) -> None:
    """One run tidies up while another asks for a link: the link leads to a film, and tidying it up again does too."""

    class Slow(FolderStagingPlace):
        async def remove(self, file_id: str) -> None:
            await asyncio.sleep(0.5)
            await super().remove(file_id)

    folder, film = tmp_path / "shelf", _store_film(films(1))
    folder.mkdir()
    async with Ledger(MemoryRows()) as ledger:
        staged = StagedFiles(Slow(folder, "http://127.0.0.1"), ledger, STAGING)
        await staged.make_address(film, "film.mp4")
        tidying = asyncio.ensure_future(staged.clear())
        await asyncio.sleep(0.2)
        assert "film.mp4" in await staged.make_address(film, "film.mp4")
        await tidying
        assert (folder / "film.mp4").is_file()
        await asyncio.gather(staged.clear(), staged.clear())
        assert not (folder / "film.mp4").exists()
