"""A process that buys one dub through the ledger, and stops to be killed at the point that it is told.

    python buyer.py '{"provider": "dubformer", "vendor_url": ..., "key": ..., "point": ..., "folder": ...}'

It says where it has stopped by making a file of that name, and prints its row when it is through. ``think`` is how many
seconds it takes to get to its call; ``clock`` a file that says how far the ledger's clock is set ahead; ``grace`` how
long it lets a living process be silent beyond its lease.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from polyreel.ledger import holder
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import CantTell, Entry, Finding, Found, NotThere, Receipt, Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Change, Edit
from polyreel.ledger.sql import SqlRows
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.models import CreateProject
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.models import CreateAsset, TargetLanguage

ORDER: dict[str, str] = json.loads(sys.argv[1])
KEY, POINT, FOLDER = ORDER["key"], ORDER.get("point", ""), Path(ORDER["folder"])
MEDIA = f"https://youtu.be/{KEY}"


def stop_at(point: str) -> None:
    if point == POINT:
        (FOLDER / point).touch()
        time.sleep(600)


class Stopping:
    """The ledger's rows, but for a stop before the first change."""

    def __init__(self) -> None:
        self._rows = ledger_rows()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def change(self, key: str, edit: Edit) -> Change:
        stop_at("before_intent")
        return self._rows.change(key, edit)


def set_clock_by(file: Path) -> None:
    """The ledger's clock is ahead by what the file says: one file for all is one clock for all."""
    read = SqlRows._read_clock
    SqlRows._read_clock = lambda self, connection: read(self, connection) + float(file.read_text())  # type: ignore[method-assign]


class Dubformer:
    """Its idempotency key finds again what it made: the same call is the look."""

    def __init__(self) -> None:
        self.client = DubformerClient("dubformer-sandbox", base_url=f"{ORDER['vendor_url']}/dubformer")

    async def buy(self) -> Receipt:
        request = CreateProject(name=KEY, source_lang="en", target_lang="fr-FR", source_video_url=MEDIA)
        made = await self.client.create_project(request, idempotency_key=KEY)
        return Receipt(id=made.project_id, minutes=made.cost_minutes)

    async def find(self, entry: Entry) -> Finding:
        return Found(await self.buy())


class Panjaya:
    """It knows no key: its assets are looked through."""

    def __init__(self) -> None:
        self.client = PanjayaClient("panjaya-sandbox", base_url=f"{ORDER['vendor_url']}/panjaya")

    async def buy(self) -> Receipt:
        request = CreateAsset(locale="en-US", languages=(TargetLanguage(locale="fr-FR"),), media_url=MEDIA)
        return Receipt(id=(await self.client.create_asset(request)).asset_id)

    async def find(self, entry: Entry) -> Finding:
        found = await self.client.find_assets(lambda asset: asset.media_url == MEDIA)
        if len(found) > 1:
            return CantTell("two assets of one media")
        return Found(Receipt(id=found[0].asset_id)) if found else NotThere()


async def main() -> None:
    vendor = {"dubformer": Dubformer, "panjaya": Panjaya}[ORDER["provider"]]()

    async def call() -> Receipt:
        stop_at("after_intent")
        (FOLDER / "calling").touch()
        await asyncio.sleep(float(ORDER.get("think", 0)))
        receipt = await vendor.buy()
        stop_at("before_receipt")
        return receipt

    if grace := ORDER.get("grace"):
        holder.GRACE_SECONDS = float(grace)
    if clock := ORDER.get("clock"):
        set_clock_by(Path(clock))
    if start := ORDER.get("start"):
        (FOLDER / f"ready-{time.monotonic_ns()}").touch()
        while not Path(start).exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.005)
    subject = Subject(kind="dub", job="kill", provider=ORDER["provider"], locale="fr-FR", minutes=1)
    async with vendor.client, Ledger(Stopping(), timing=Timing(lease=4, quiet=5), every=0.1) as ledger:
        entry = await ledger.once(KEY, call, vendor.find, subject=subject)
        stop_at("after_receipt")
    sys.stdout.write(entry.model_dump_json())


# Who is started in the background of a shell without job control ignores Ctrl-C, and hands that on.
signal.signal(signal.SIGINT, signal.default_int_handler)
asyncio.run(main())
