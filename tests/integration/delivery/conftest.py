"""A parcel of two dubbed languages, and the five vendors on loopback to bring it to."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import imageio_ffmpeg
import pytest

from polyreel.delivery.port import Access, Item, Parcel
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import Check, StoredFile
from polyreel.vendors.limits import Limits
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import MemoryTokens
from polyreel.vendors.videojungle.client import VideoJungleClient
from tests.rehearsal import sandbox_at

UNLIMITED = Limits(per_second=1e6, burst=1000, at_once=32)
VTT = "WEBVTT\n\n00:00:00.200 --> 00:00:01.000\n{words}\n\n00:00:01.200 --> 00:00:01.900\n{words}\n"
SRT = "1\n00:00:00,200 --> 00:00:01,000\n{words}\n"


@pytest.fixture(scope="session", params=["usual", "other"])
def vendors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The rehearsal server's address, in both ways of speaking."""
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--instant", "--shapes", request.param) as base:
        yield base


@pytest.fixture
async def arm(vendors: str) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Let one fault wait for its place at the rehearsal server."""
    async with httpx.AsyncClient(base_url=vendors, trust_env=False) as controls:

        async def one(**fault: object) -> None:
            (await controls.post("/sandbox/faults", json=fault)).raise_for_status()

        yield one
        await controls.delete("/sandbox/faults")


@pytest.fixture
def disarm(vendors: str) -> Callable[[], Awaitable[None]]:
    """Let no fault wait any more; calls that one is holding up are held up for as long as it said."""

    async def all_of_them() -> None:
        async with httpx.AsyncClient(base_url=vendors, trust_env=False) as controls:
            (await controls.delete("/sandbox/faults")).raise_for_status()

    return all_of_them


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Two seconds with picture and a tone; another number is another film."""
    folder, ffmpeg = tmp_path_factory.mktemp("films"), imageio_ffmpeg.get_ffmpeg_exe()

    def film(number: int) -> Path:
        out = folder / f"film-{number}.mp4"
        picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"]
        tone = ["-f", "lavfi", "-i", f"sine=frequency={220 + 40 * number}:duration=2"]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", str(out)]
        if not out.exists():
            subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-y", *picture, *tone, *coded], check=True, timeout=60)
        return out

    return film


@pytest.fixture
def make_parcel(films: Callable[[int], Path], tmp_path: Path) -> Callable[..., Parcel]:
    """A parcel: ``locales``, each with a film of its own (``first`` numbers them) and subtitles that say ``words``."""

    # Another name at each try: what an earlier one left at the vendor is not counted.
    name = uuid4().hex[:10]

    def stored(path: Path) -> StoredFile:
        content = path.read_bytes()
        return StoredFile(uri=path.as_uri(), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    def text(name: str, content: str) -> StoredFile:
        path = tmp_path / f"{hashlib.sha256(content.encode()).hexdigest()[:8]}-{name}"
        path.write_text(content)
        return stored(path)

    def parcel(*locales: str, first: int = 1, words: str = "Hola", **more: object) -> Parcel:
        items = []
        for number, locale in enumerate(locales, first):
            at = f"{locale}/{name}.{locale}"
            items.append(Item(path=f"{at}.mp4", stored_file=stored(films(number)), role="video", locale=locale))
            for kind, form in (("vtt", VTT), ("srt", SRT)):
                file = text(f"{locale}.{kind}", form.format(words=f"{words} {locale}"))
                items.append(Item(path=f"{at}.{kind}", stored_file=file, role="subtitles", locale=locale))
        checks = {locale: (Check(name="fit", value=1.9, limit=1.3, status="fail"),) for locale in locales}
        return Parcel(name=name, items=tuple(items), duration="2", source_locale="en-US", checks=checks, **more)

    return parcel


@pytest.fixture
def access() -> Callable[..., Access]:
    """The way to a place: a client, and the ledger, the same for every run of a test."""
    rows = MemoryRows()

    def make(client: object, provider: str) -> Access:
        subject = Subject(kind="delivery", job="test", provider=provider, account=f"{provider}#test")
        return Access(client, Ledger(rows, timing=Timing(lease=2, quiet=0)), subject)

    return make


@pytest.fixture(scope="session")
def tokens() -> MemoryTokens:
    """One login for all."""
    return MemoryTokens()


@pytest.fixture
def clients(vendors: str, tokens: MemoryTokens) -> Callable[[str], object]:
    """A new client of a library, as a later run has one."""

    def client(provider: str) -> object:
        base = f"{vendors}/{provider}"
        if provider == "nomad":
            return NomadClient.with_login(base, "sandbox", "sandbox", limits=UNLIMITED)
        if provider == "videojungle":
            return VideoJungleClient("videojungle-sandbox", base_url=base, limits=UNLIMITED)
        account = Account("sandbox", "sandbox", "sandbox")
        return TPStreamsClient(account, tokens=tokens, base_url=base, limits=UNLIMITED)

    return client
