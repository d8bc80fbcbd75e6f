"""A run that is really killed (SIGKILL), its ledger a file: the next one completes it, and nothing is there twice."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.port import Delivered, Parcel

RUN = Path(__file__).with_name("killed_run.py")


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(sys.executable, str(RUN), *arguments, stdout=pipe)


async def list_films(provider: str, client: Any, name: str) -> list[str]:
    if provider == "tpstreams":
        folders = [each.id async for each in client.list_folders() if each.title == name]
        return [each.title for folder in folders async for each in client.list_assets(parent=folder)]
    if provider == "videojungle":
        projects = [each.id for each in await client.list_projects(limit=1000) if each.name == name]
        assets = [each for project in projects for each in await client.list_assets(project, limit=1000)]
        return [each.keyname for each in assets if each.keyname.endswith(".mp4")]
    folders = [each.id for each in await client.list_children("root") if each.name == name]
    return [each.name for folder in folders for each in await client.list_children(folder)]


@pytest.mark.parametrize("provider", ["tpstreams", "nomad", "videojungle"])
async def test_a_killed_run_is_completed_by_the_next(
    vendors: str, clients: Any, make_parcel: Any, tmp_path: Path, provider: str
) -> None:
    """Killed three times, each time as soon as the ledger has one row more."""
    parcel: Parcel = make_parcel("es-ES", "fr-FR")
    (tmp_path / "parcel.json").write_text(parcel.model_dump_json())
    arguments = (provider, vendors, str(tmp_path / "parcel.json"), str(tmp_path / "ledger.db"))
    for rows in (1, 2, 3):
        run = await _start(*arguments)
        await asyncio.to_thread(_wait_for_rows, tmp_path / "ledger.db", rows, run)
        if run.returncode is None:
            run.kill()
        await run.wait()
    last = await _start(*arguments)
    output, _ = await last.communicate()
    assert last.returncode == 0
    done = Delivered.model_validate_json(output)
    assert {"es-ES", "fr-FR"} <= set(done.ids)
    async with clients(provider) as client:
        names = await list_films(provider, client, parcel.name)
    assert len(names) == len(set(names)) == 2


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that it is served at."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing."""


@pytest.mark.slow
async def test_a_killed_run_by_signed_addresses_is_completed_and_leaves_no_film(
    vendors: str, clients: Any, make_parcel: Any, tmp_path: Path, served: tuple[Path, str]
) -> None:
    """Killed after each of the first writes to its ledger in turn: one asset a language, and an empty shelf."""
    parcel: Parcel = make_parcel("es-ES", "fr-FR")
    (tmp_path / "parcel.json").write_text(parcel.model_dump_json())
    ledger, (folder, url) = tmp_path / "ledger.db", served
    arguments = ("tpstreams", vendors, str(tmp_path / "parcel.json"), str(ledger), str(folder), url)
    killed = 0
    for writes in (2, 2, 3, 3, 4):
        run = await _start(*arguments)
        await asyncio.to_thread(_wait_for_writes, ledger, writes, run)
        if run.returncode is None:
            run.kill()
            killed += 1
        await run.wait()
    last = await _start(*arguments)
    output, _ = await last.communicate()
    assert last.returncode == 0
    assert killed >= 3
    done = Delivered.model_validate_json(output)
    assert {"es-ES", "fr-FR"} <= set(done.ids)
    async with clients("tpstreams") as client:
        names = await list_films("tpstreams", client, parcel.name)
        assets = [await client.get_asset(done.ids[locale]) for locale in ("es-ES", "fr-FR")]
    assert len(names) == len(set(names)) == 2
    assert all(each.video.inputs[0]["url"].startswith(url) for each in assets)
    assert list(folder.iterdir()) == []


def _wait_for_writes(ledger: Path, writes: int, run: asyncio.subprocess.Process) -> None:
    seen, end = [_written(ledger)], time.monotonic() + 60
    while run.returncode is None and len(seen) <= writes and time.monotonic() < end:
        if (now := _written(ledger)) != seen[-1]:
            seen.append(now)
        time.sleep(0.003)


def _written(ledger: Path) -> tuple[int, float]:
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as database:
            count, newest = database.execute("SELECT count(*), total(updated_at) FROM ledger").fetchone()
            return int(count), float(newest)
    except sqlite3.OperationalError:
        return 0, 0.0


def _wait_for_rows(ledger: Path, rows: int, run: asyncio.subprocess.Process) -> None:
    end = time.monotonic() + 60
    while run.returncode is None and read_rows(ledger) < rows and time.monotonic() < end:
        time.sleep(0.01)


def read_rows(ledger: Path) -> int:
    try:
        with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM ledger").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
