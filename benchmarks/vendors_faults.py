"""The fault matrix: everything that the rehearsal server can do wrong, at every call that a job makes of a vendor.

`python -m benchmarks vendors-faults [--json]`. The calls are found by looking: each way through a vendor is gone once
in fair weather, and what was called is noted. Then the fault strikes each of them once (`down`: until the run gives
up), and a second run follows where the first did not end well. Whatever happens, exactly one thing may be bought or
made.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.vendors_buyer import SOON, open_dubber, request_of
from benchmarks.vendors_stage import Stage, make_film, open_stage
from polyreel.delivery.places import make_delivery
from polyreel.delivery.port import Access, Item, Parcel
from polyreel.dubbing import waiting
from polyreel.errors import HeldForPerson, PolyreelError, UnresolvedCall
from polyreel.job import NomadDelivery, TPStreamsDelivery, VideoJungleDelivery
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.rows import Filter
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.retry import waiting_off
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import MemoryTokens
from polyreel.vendors.transport import Transport
from polyreel.vendors.videojungle.client import VideoJungleClient

FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429, "retry_after": "1"},
    "500": {"kind": "status", "status": 500},
    "slow": {"kind": "slow", "seconds": 0.3},
    "rst<": {"kind": "reset_before"},
    "rst>": {"kind": "reset_after"},
    "cut": {"kind": "truncated"},
    "drip": {"kind": "dripping", "seconds": 0.02},
    "json": {"kind": "wrong_json"},
    "down": {"kind": "status", "status": 503, "times": 0},
}
LEGEND = (
    "ok: done, whatever went wrong. 2nd: the run ended with a clear error, the next one was done.",
    "held: a person is asked. FAIL: the next run failed too. x2, lost: bought or made twice, or not known.",
    "told: the vendor failed; what it charged is bought again by a command alone. waits: as long as the vendor does.",
    "-: the call was not made in this run.",
    "429 500: that answer. rst< rst>: reset before, or after, the work. cut: half an answer.",
    "drip: an answer in pieces. json: nonsense. down: 503 until the run has given up.",
)
JOBS = (
    ("panjaya", "url", "job_fails", "asset"),
    ("panjaya", "url", "job_fails", "generate"),
    ("panjaya", "url", "job_stuck", "generate"),
    ("panjaya", "url", "expired_urls", "*"),
    ("dubformer", "url", "job_fails", "dub"),
    ("dubformer", "url", "job_stuck", "dub"),
    ("dubformer", "url", "expired_urls", "*"),
    ("dubformer", "staged", "expired_urls", "*"),
    ("tpstreams", "delivery", "job_fails", "package"),
    ("tpstreams", "delivery", "expired_urls", "*"),
    ("nomad", "delivery", "job_fails", "process"),
    ("nomad", "delivery", "expired_urls", "*"),
    ("videojungle", "delivery", "expired_urls", "*"),
)
WAYS = (
    ("panjaya", "url"), ("panjaya", "upload"), ("dubformer", "url"), ("dubformer", "staged"),
    ("tpstreams", "delivery"), ("nomad", "delivery"), ("videojungle", "delivery"),
)  # fmt: skip
_CALL = 34
_PATIENCE, _STUCK_SECONDS = 45.0, 3.0
_ID = re.compile(r"(?=.*\d)[\w.~-]{5,}|[0-9a-f-]{8,}", re.I)


@dataclass(frozen=True)
class CallPlace:
    """A call as faults name it: the vendor (``files`` is the storage behind signed links), the method, the path."""

    vendor: str
    method: str
    path: str


@dataclass
class Attempt:
    """How one run ended, and what there is to show for it at the vendor."""

    code: str = ""
    message: str = ""
    held: bool = False


TOKENS = MemoryTokens()
"""Of the login that ways share: TPStreams gives an organisation so many."""


@dataclass
class Way:
    """One way through a vendor, gone as a job goes it: its own ledger, and the vendor's accounts beside it."""

    stage: Stage
    vendor: str
    kind: str
    folder: Path
    patience: float = _PATIENCE
    """Seconds that a dub is waited for."""
    tokens: MemoryTokens = field(default_factory=lambda: TOKENS)

    def __post_init__(self) -> None:
        self.name = f"f{uuid.uuid4().hex[:10]}"
        self.rows = MemoryRows()
        self.before = self.stage.minutes_left(self.vendor) if self.kind != "delivery" else 0.0

    async def go(self) -> Attempt:
        """One run; it may be gone again by a later one."""
        work = self._deliver() if self.kind == "delivery" else self._dub()
        try:
            await asyncio.wait_for(work, 60)
        except (HeldForPerson, UnresolvedCall) as error:
            return Attempt(error.code, error.message, held=True)
        except PolyreelError as error:
            return Attempt(error.code, str(error))
        except TimeoutError:
            return Attempt("waits", "It goes on waiting.")
        return Attempt()

    async def _dub(self) -> None:
        order: dict[str, Any] = {
            "provider": self.vendor, "way": self.kind, "name": self.name, "url": self.stage.url, "quiet": 0.0,
            "lease": 5.0, "film": str(self.stage.film), "film_url": self.stage.film_url, "folder": str(self.folder),
            "script": self.vendor == "dubformer" and self.kind == "url",
            "staging": {"to": "nomad", "credentials": "x", "path": f"staged-{self.name}"},
        }  # fmt: skip
        store = LocalStore(self.folder / "store")
        async with open_dubber(order, store, self.rows) as (dubber, _ledger):
            request = await asyncio.to_thread(request_of, order, store)
            receipt = await dubber.submit(request)
            async with asyncio.timeout(self.patience):
                await dubber.wait(request, receipt)
            await dubber.collect(request, receipt)

    async def _deliver(self) -> None:
        subject = Subject(kind="delivery", job=self.name, provider=self.vendor, account=f"{self.vendor}#x")
        async with (
            Ledger(self.rows, timing=Timing(lease=5, quiet=0), every=0.1) as ledger,
            library_of(self.vendor, self.stage.url, self.tokens) as client,
        ):
            place = make_delivery(PLACES[self.vendor](self.name), Access(client, ledger, subject))
            await place.deliver(self._parcel())

    def _parcel(self) -> Parcel:
        text = self.folder / f"{self.name}.vtt"
        text.write_text("WEBVTT\n\n00:00.200 --> 00:01.000\nHola.\n")
        at = f"es-ES/{self.name}.es-ES"
        items = (
            Item(path=f"{at}.mp4", stored_file=_stored(self.stage.film), role="video", locale="es-ES"),
            Item(path=f"{at}.vtt", stored_file=_stored(text), role="subtitles", locale="es-ES"),
        )
        return Parcel(name=self.name, items=items, duration="3", source_locale="en-US")

    async def count(self) -> str:
        """What is wrong with what was bought or made; nothing where it is one, and known."""
        if self.kind == "delivery":
            async with library_of(self.vendor, self.stage.url) as client:
                made = await COUNTS[self.vendor](client, self.name)
            return "" if made == 1 else "lost" if not made else f"x{made}"
        charged = self.before - self.stage.minutes_left(self.vendor)
        booked = sum(row.charged_minutes or 0 for row in self.rows.select(Filter(kind="dub")))
        return f"x{charged:g}" if charged > 1 else "lost" if charged != booked else ""


def _stored(path: Path) -> StoredFile:
    content = path.read_bytes()
    return StoredFile(uri=path.as_uri(), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def library_of(vendor: str, url: str, tokens: MemoryTokens = TOKENS) -> Any:
    """A client of a library; ``tokens`` are those of the logins before."""
    base = f"{url}/{vendor}"
    if vendor == "nomad":
        return NomadClient.with_login(base, "sandbox", "sandbox")
    if vendor == "videojungle":
        return VideoJungleClient("videojungle-sandbox", base_url=base)
    return TPStreamsClient(Account("sandbox", "sandbox", "sandbox"), tokens=tokens, base_url=base)


PLACES: dict[str, Callable[[str], Any]] = {
    "nomad": lambda name: NomadDelivery(to="nomad", credentials="x", path=name),
    "videojungle": lambda name: VideoJungleDelivery(to="videojungle", credentials="x", project=name),
    "tpstreams": lambda name: TPStreamsDelivery(to="tpstreams", credentials="x", folder=name, resolutions=("240p",)),
}


async def _at_nomad(client: Any, name: str) -> int:
    folders = [each.id for each in await client.list_children("root") if each.name == name]
    return sum([len(await client.list_children(folder)) for folder in folders])


async def _at_videojungle(client: Any, name: str) -> int:
    projects = [each.id for each in await client.list_projects(limit=1000) if each.name == name]
    found = [each for project in projects for each in await client.list_assets(project, limit=1000)]
    return sum(each.keyname.endswith(".mp4") for each in found)


async def _at_tpstreams(client: Any, name: str) -> int:
    folders = [each.id async for each in client.list_folders() if each.title == name]
    return len([each for folder in folders async for each in client.list_assets(parent=folder)])


COUNTS: dict[str, Callable[[Any, str], Awaitable[int]]] = {
    "nomad": _at_nomad, "videojungle": _at_videojungle, "tpstreams": _at_tpstreams
}  # fmt: skip


# -- looking what is called


@contextmanager
def note_calls(url: str) -> Iterator[list[CallPlace]]:
    """The calls that go out while the block lasts, ids left out, each once."""
    noted: list[CallPlace] = []
    answer = Transport.open_answer

    def note(self: Transport, call: Any, left: float) -> Any:
        place = place_of(str(self.make_url(call)), call.method, url)
        if place and place not in noted:
            noted.append(place)
        return answer(self, call, left)

    Transport.open_answer = note  # type: ignore[method-assign]
    try:
        yield noted
    finally:
        Transport.open_answer = answer  # type: ignore[method-assign]


def place_of(address: str, method: str, url: str) -> CallPlace | None:
    """Where a fault has to strike to hit a call."""
    if not address.startswith(url):
        return None
    path = address[len(url) :].partition("?")[0]
    vendor, _, below = path.strip("/").partition("/")
    named = [segment if not _ID.fullmatch(segment) else "*" for segment in below.split("/")]
    slash = "/" if path.endswith("/") and below else ""
    return CallPlace(vendor, method, "/*" if vendor == "files" else f"/{'/'.join(filter(None, named))}{slash}")


def short(place: CallPlace) -> str:
    """A call in as few letters as tell it."""
    path = re.sub(r"^/(api/)?(v1/|sandbox/)*", "/", place.path)
    where = "files" if place.vendor == "files" else path
    return f"{place.method} {where}"


# -- the matrix


async def fill(stage: Stage, folder: Path, part: str = "") -> AsyncIterator[dict[str, Any]]:
    """Every way through a vendor (those whose name has ``part`` in it), every call of it, every fault."""
    seen: set[tuple[str, CallPlace]] = set()
    for vendor, kind in [way for way in WAYS if part in " ".join(way)]:
        for place in await find_calls(stage, vendor, kind, folder):
            if (vendor, place) in seen and place.vendor != "files":
                continue
            seen.add((vendor, place))
            cells = {name: await strike(stage, vendor, kind, folder, place, name) for name in FAULTS}
            yield {"way": f"{vendor} {kind}", "call": short(place), "cells": cells}
    for vendor, kind, fault, where in [job for job in JOBS if part in " ".join(job[:2])]:
        cell = await break_job(stage, vendor, kind, folder, fault, where)
        yield {"way": f"{vendor} {kind}", "call": f"{fault} {where}".removesuffix(" *"), "job": cell}


async def find_calls(stage: Stage, vendor: str, kind: str, folder: Path) -> list[CallPlace]:
    """The calls of one way, in fair weather. Raises where it can't be gone even then."""
    with note_calls(stage.url) as noted:
        way = Way(stage, vendor, kind, folder)
        ended = await way.go()
    if ended.code or await way.count():
        raise RuntimeError(f"{vendor} {kind} fails in fair weather: {ended.message}")
    return noted


async def strike(
    stage: Stage, vendor: str, kind: str, folder: Path, place: CallPlace, fault: str
) -> dict[str, Any]:  # fmt: skip
    """One cell: the fault at the call, the runs, and what is there afterwards."""
    stage.arm(**FAULTS[fault], vendor=place.vendor, method=place.method, path=place.path)
    logs_in = place.path.endswith("/login/")
    return await _runs(stage, Way(stage, vendor, kind, folder, tokens=MemoryTokens() if logs_in else TOKENS))


async def break_job(stage: Stage, vendor: str, kind: str, folder: Path, fault: str, where: str) -> dict[str, Any]:
    """One cell of what goes wrong at the vendor itself, rather than on the way there."""
    stage.arm(kind=fault, vendor=vendor, path=where)
    patience = _STUCK_SECONDS if fault == "job_stuck" else _PATIENCE
    return await _runs(stage, Way(stage, vendor, kind, folder, patience))


async def _runs(stage: Stage, way: Way) -> dict[str, Any]:
    first = await way.go()
    armed = stage.list_armed()
    stage.calm()
    second = await way.go() if first.code else Attempt()
    wrong = await way.count()
    outcome = wrong if wrong.startswith("x") else _judge(first, second, wrong)
    return {
        "outcome": "-" if any(fault["struck"] == 0 for fault in armed) else outcome,
        "first": f"{first.code}: {first.message}" if first.code else "",
        "second": f"{second.code}: {second.message}" if second.code else "",
        "still_armed": sum(fault["struck"] for fault in armed),
    }


def _judge(first: Attempt, second: Attempt, wrong: str) -> str:
    if not (first.code and second.code):
        return wrong or ("2nd" if first.code else "ok")
    if second.held:
        return "held"
    if first.code == second.code == "waits":
        return "waits"
    return "told" if first.code == second.code and "ledger settle" in second.message else "FAIL"


def run(part: str = "") -> Iterator[dict[str, Any]]:
    """The matrix, whole or in part, a row as soon as it is filled."""
    waiting.PACE = SOON
    with tempfile.TemporaryDirectory(prefix="polyreel-faults-") as folder:
        os.environ["POLYREEL_HOME"] = f"{folder}/home"
        at = Path(folder)
        with open_stage(at, make_film(at)) as stage, waiting_off(), asyncio.Runner() as runner:
            rows = fill(stage, at, part)

            async def take_row() -> dict[str, Any] | None:
                return await anext(rows, None)

            while (row := runner.run(take_row())) is not None:
                yield row


def _line(call: str, cells: Iterable[str]) -> str:
    """80 columns: a call, and what came of each fault."""
    return f"{call if len(call) <= _CALL else call[: _CALL - 1] + '…':<{_CALL}}" + "".join(
        f"{each:>5}" for each in cells
    )


def render(name: str, rows: list[dict[str, Any]]) -> str:
    """A table of the calls of each way, and one line for each fault of a job."""
    parts = []
    for way in dict.fromkeys(row["way"] for row in rows):
        mine = [row for row in rows if row["way"] == way]
        calls = [row for row in mine if "cells" in row]
        parts += ["", f"{name}: {way}", *([_line("", FAULTS)] if calls else [])]
        parts += [_line(row["call"], [cell["outcome"] for cell in row["cells"].values()]) for row in calls]
        parts += [f"{row['call']}: {row['job']['outcome']}  {row['job']['first'][:50]}" for row in mine if "job" in row]
    return "\n".join([*parts, "", *LEGEND, ""])
