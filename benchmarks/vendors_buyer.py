"""A process that buys one dub as a job does, and stops to be killed at the point that it is told.

    python -m benchmarks.vendors_buyer '{"provider": "dubformer", "kind": "dub", "point": "before_receipt", ...}'

It says where it has stopped by making a file of that name, and prints how its language ended when it is through.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from polyreel.dubbing import waiting
from polyreel.dubbing.dubformer import DubformerDubber
from polyreel.dubbing.panjaya import PanjayaDubber
from polyreel.dubbing.port import DubRequest, Means
from polyreel.dubbing.staging import StagedFiles
from polyreel.dubbing.staging_places import staging_place_of
from polyreel.errors import PolyreelError
from polyreel.job import DubformerDubbing, PanjayaDubbing, Staging
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Entry, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.pace import Pace
from polyreel.ledger.rows import Change, Edit, Filter
from polyreel.ledger.watch import Watchers
from polyreel.media.probe import probe
from polyreel.store.local import LocalStore
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.videojungle.client import VideoJungleClient

SCRIPT = "WEBVTT\n\n00:00.200 --> 00:02.400\nUn pez grande vive en el mar.\n"
SOON = Pace(least=0.1, first=0.2, most=1.0)


class Stopping:
    """The ledger's rows, with a stop before or after the change of one kind of row that a point names."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._rows, self._order = ledger_rows(), order

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def change(self, key: str, edit: Edit) -> Change:
        """Edit one row, stopping around the edit that the order is about."""
        step = self._step(self._rows.get(key), edit)
        self._stop(f"before_{step}")
        done = self._rows.change(key, edit)
        self._stop(f"after_{step}")
        return done

    def _step(self, before: Entry | None, edit: Edit) -> str:
        after = edit(before, self._rows.now())
        if after is None or after.kind != self._order.get("kind"):
            return "other"
        if before is None:
            return "intent"
        return "receipt" if before.is_open and not after.is_open else "other"

    def _stop(self, point: str) -> None:
        stop_at(self._order, point)


def stop_at(order: dict[str, Any], point: str) -> None:
    """Where this is the point of the order: say so, and stay until killed."""
    if point == order.get("point"):
        (Path(order["folder"]) / point).touch()
        time.sleep(600)


def request_of(order: dict[str, Any], store: LocalStore) -> DubRequest:
    """The film, asked for in Spanish: by its address, by upload, or staged."""
    copy = Path(order["folder"]) / f"copy-{time.monotonic_ns()}.mp4"
    shutil.copyfile(order["film"], copy)
    length = str(probe(copy).duration)
    return DubRequest(
        locale="es-ES",
        source_locale="en-US",
        reel=store.keep_file(copy),
        duration=length,
        source_sha256=order["name"],
        title=order["name"],
        media_url=f"{order['film_url']}?of={order['name']}" if order["way"] == "url" else None,
        script=store.keep_bytes(SCRIPT.encode(), ".vtt") if order["script"] else None,
    )


@asynccontextmanager
async def open_dubber(order: dict[str, Any], store: LocalStore, rows: Any) -> AsyncIterator[tuple[Any, Ledger]]:
    """A vendor's dubber with its account, its ledger and its staging, as a run opens them."""
    subject = Subject(kind="dub", job=order["name"], provider=order["provider"], account=f"sandbox#{order['name']}")
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(
            Ledger(rows, timing=Timing(lease=order["lease"], quiet=order["quiet"]), every=0.1)
        )
        client: Any = _client(order)
        await stack.enter_async_context(client)
        staging = None
        if order["way"] == "staged":
            staging = await _open_staging(order, stack, ledger, subject)
        means = Means(store, client, ledger, subject, Watchers(ledger), staging)
        made = DUBBERS[order["provider"]]
        yield made(means), ledger
        if staging is not None:
            await staging.clear()


async def _open_staging(order: dict[str, Any], stack: AsyncExitStack, ledger: Ledger, dub: Subject) -> StagedFiles:
    """Where the order says: in an object store by the environment's keys, or at a library of the rehearsal server."""
    known = order.get("staging") or {"to": "nomad", "credentials": "x", "path": "tmp"}
    options = TypeAdapter[Staging](Staging).validate_python(known)
    client: Any = None
    if options.to == "nomad":
        client = NomadClient.with_login(f"{order['url']}/nomad", "sandbox", "sandbox")
    elif options.to == "videojungle":
        client = VideoJungleClient("videojungle-sandbox", base_url=f"{order['url']}/videojungle")
    if client is not None:
        await stack.enter_async_context(client)
    account = f"{options.to} of {order['name']}"
    subject = dub.model_copy(update={"kind": "staged", "account": account, "provider": options.to})
    return StagedFiles(staging_place_of(options, client), ledger, subject)


DUBBERS: dict[str, Any] = {
    "panjaya": lambda means: PanjayaDubber(PanjayaDubbing(provider="panjaya"), means),
    "dubformer": lambda means: DubformerDubber(DubformerDubbing(provider="dubformer"), means),
}


def _client(order: dict[str, Any]) -> PanjayaClient | DubformerClient:
    base = f"{order['url']}/{order['provider']}"
    if order["provider"] == "panjaya":
        return PanjayaClient("panjaya-sandbox", base_url=base)
    return DubformerClient("dubformer-sandbox", base_url=base)


async def buy(order: dict[str, Any]) -> dict[str, Any]:
    """Submit, wait, collect; how it ended, and what the ledger has of it."""
    waiting.PACE = SOON
    store = LocalStore()
    async with open_dubber(order, store, Stopping(order)) as (dubber, ledger):
        try:
            request = await asyncio.to_thread(request_of, order, store)
            receipt = await dubber.submit(request)
            stop_at(order, "while_waiting")
            await dubber.wait(request, receipt)
            await dubber.collect(request, receipt, lambda _share: stop_at(order, "while_collecting"))
            ended = "collected"
        except PolyreelError as error:
            ended = f"{error.code}: {error.message}"
        rows = await ledger.select(Filter(job=order["name"]))
    return {"ended": ended, "rows": [row.model_dump(mode="json") for row in rows]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(buy(json.loads(sys.argv[1])))))
