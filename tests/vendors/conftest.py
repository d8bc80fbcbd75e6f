"""The vendors to test against: our rehearsal server, or whatever POLYREEL_VENDOR_URL says claims to be them.

A vendor's base URL is the server's address with the vendor's name behind it. The accounts are fixed: Panjaya key
`panjaya-sandbox`, Dubformer key `dubformer-sandbox`, TPStreams user, password and organisation `sandbox`, Video Jungle
key `videojungle-sandbox`, asset manager user and password `sandbox` or API key `nomad-sandbox`.

The suites know nothing else of the server. What needs our own server's controls asks for the fixture `controls`, which
skips when the server is another one.
"""

from __future__ import annotations

import subprocess
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyreel.dubbing import waiting
from polyreel.dubbing.port import DubRequest, Means
from polyreel.ledger.entry import Subject
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.pace import Pace
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.watch import Watchers
from polyreel.media.probe import probe
from polyreel.store.local import LocalStore
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.limits import Limits
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models import Asset
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.retry import waiting_off
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import MemoryTokens
from polyreel.vendors.videojungle.client import VideoJungleClient
from polyreel.vendors.waiting import Patience
from tests.rehearsal import sandbox_at
from tests.vendors.elsewhere import ELSEWHERE, skip_there
from tests.vendors.plain import post_plainly
from tests.vendors.tpstreams_assets import make_completed

UNLIMITED = Limits(per_second=1e6, burst=1000, at_once=32)


@pytest.fixture(scope="session", params=["elsewhere"] if ELSEWHERE else ["usual", "other"])
def vendor_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address under which the five vendors are found: ours, in both ways of speaking, or the one that is given."""
    if ELSEWHERE:
        yield ELSEWHERE
        return
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--instant", "--shapes", request.param) as base:
        yield base


@pytest.fixture
async def controls(vendor_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Our own server's controls: faults, clock, accounts."""
    if ELSEWHERE:
        pytest.skip("needs our own rehearsal server")
    async with httpx.AsyncClient(base_url=vendor_url, trust_env=False) as client:
        yield client
        await client.delete("/sandbox/faults")


@pytest.fixture
def arm(controls: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Let one fault wait for its place."""

    async def one(**fault: Any) -> None:
        (await controls.post("/sandbox/faults", json=fault)).raise_for_status()

    return one


@pytest.fixture
def no_waiting() -> Iterator[None]:
    """No client waits between its attempts."""
    with waiting_off():
        yield


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing: the tests' output is for the tests."""


@pytest.fixture(scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory, narrated: Path) -> Path:
    """Files that the vendors may fetch: `film.mp4` (3 s, picture and sound), `mute.mp4`, `silent.mp4`, `sound.wav`."""
    import imageio_ffmpeg

    folder = tmp_path_factory.mktemp("media")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3"]
    tone, hush = "sine=frequency=330:duration=3", "anullsrc=channel_layout=mono:sample_rate=44100"
    coded = ["-shortest", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    reel = ["-t", "3", "-i", str(narrated / "narrated.mp4")]  # a server that listens wants speech
    for arguments in (
        [*reel, *coded, "film.mp4"],
        [*picture, "-f", "lavfi", "-i", hush, *coded, "-t", "3", "silent.mp4"],
        [*picture, *coded, "-an", "mute.mp4"],
        ["-f", "lavfi", "-i", tone, "sound.wav"],
    ):
        subprocess.run([ffmpeg, "-v", "error", "-nostdin", "-y", *arguments], cwd=folder, check=True, timeout=120)
    (folder / "nonsense.mp4").write_bytes(b"this is no film")
    return folder


@pytest.fixture(scope="session")
def film(media_folder: Path) -> Path:
    """Three seconds with picture and sound."""
    return media_folder / "film.mp4"


@pytest.fixture(scope="session")
def media_url(media_folder: Path) -> Iterator[Callable[[str], str]]:
    """The address of a file of the media folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(media_folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield lambda name: f"http://127.0.0.1:{server.server_address[1]}/{name}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def panjaya(vendor_url: str) -> AsyncIterator[PanjayaClient]:
    """The fixed account at Panjaya."""
    async with PanjayaClient("panjaya-sandbox", base_url=f"{vendor_url}/panjaya", limits=UNLIMITED) as client:
        yield client


@pytest.fixture
async def dubformer(vendor_url: str) -> AsyncIterator[DubformerClient]:
    """The fixed account at Dubformer."""
    async with DubformerClient("dubformer-sandbox", base_url=f"{vendor_url}/dubformer", limits=UNLIMITED) as client:
        yield client


@pytest.fixture(scope="session")
def tpstreams_tokens(vendor_url: str) -> MemoryTokens:
    """One login for the whole session: an organisation has at most 20 tokens."""
    return MemoryTokens()


@pytest.fixture
async def tpstreams(vendor_url: str, tpstreams_tokens: MemoryTokens) -> AsyncIterator[TPStreamsClient]:
    """The fixed organisation at TPStreams."""
    account = Account("sandbox", "sandbox", "sandbox")
    base = f"{vendor_url}/tpstreams"
    async with TPStreamsClient(account, tokens=tpstreams_tokens, base_url=base, limits=UNLIMITED) as client:
        yield client


@pytest.fixture
async def videojungle(vendor_url: str) -> AsyncIterator[VideoJungleClient]:
    """The fixed account at Video Jungle."""
    base = f"{vendor_url}/videojungle"
    async with VideoJungleClient("videojungle-sandbox", base_url=base, limits=UNLIMITED) as client:
        yield client


@pytest.fixture(scope="session")
def nomad_prefixes(vendor_url: str) -> list[str]:
    """What may stand before every path of the asset manager: its published clients have `/api`, its page nothing."""
    account = {"userName": "sandbox", "password": "sandbox"}

    def lets_in(prefix: str) -> bool:
        at = f"{vendor_url}/nomad{prefix}/account/login"
        return post_plainly(at, account).status_code != 404

    return [prefix for prefix in ("/api", "") if lets_in(prefix)]


@pytest.fixture(scope="session")
def nomad_prefix(nomad_prefixes: list[str]) -> str:
    """The one that the suite uses."""
    return nomad_prefixes[0]


@pytest.fixture
def bare_paths(nomad_prefixes: list[str]) -> None:
    """The asset manager's paths without anything before them, where the server has them."""
    if "" not in nomad_prefixes:
        skip_there("this server has every path of the asset manager below /api alone")


@pytest.fixture
async def nomad(vendor_url: str, nomad_prefix: str) -> AsyncIterator[NomadClient]:
    """The fixed account at the asset manager, by user name and password."""
    base = f"{vendor_url}/nomad"
    async with NomadClient.with_login(base, "sandbox", "sandbox", prefix=nomad_prefix, limits=UNLIMITED) as client:
        yield client


@pytest.fixture(scope="module")
def nomad_shared(vendor_url: str) -> dict[str, str]:
    """What one test made and others only look at."""
    return {}


@pytest.fixture
async def reel(nomad: NomadClient, film: Path, nomad_shared: dict[str, str]) -> str:
    """The id of an uploaded, usable video, shared by all tests that leave it usable."""
    if "reel" not in nomad_shared:
        done = await nomad.upload(film, name=f"{uuid.uuid4().hex[:8]}.mp4")
        nomad_shared["reel"] = (await nomad.wait_until_usable(done.asset_id, Patience(first=0.1, cap=0.5, total=90))).id
    return nomad_shared["reel"]


@pytest.fixture
async def folder(nomad: NomadClient, reel: str) -> Asset:
    """A fresh folder beside the video."""
    home = (await nomad.get_asset(reel)).parent_id
    return await nomad.create_folder(home, f"season-{uuid.uuid4().hex[:8]}")


# -- dubbing over a vendor


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watchers look ten times a second."""
    monkeypatch.setattr(waiting, "PACE", Pace(least=0.05, first=0.1, most=0.2))


@pytest.fixture
def store(polyreel_home: Path) -> LocalStore:
    """A store of its own."""
    return LocalStore()


@pytest.fixture
async def means(store: LocalStore) -> AsyncIterator[Callable[..., Means]]:
    """What a dubber works with, over one ledger in memory; another account for every test."""
    account = f"https://vendor.example#{uuid.uuid4().hex[:12]}"
    async with Ledger(MemoryRows(), timing=Timing(lease=5, quiet=0.2), every=0.05) as ledger:
        watchers = Watchers(ledger)

        def made(client: Any, provider: str) -> Means:
            subject = Subject(kind="dub", job="reel", provider=provider, account=account)
            return Means(store, client, ledger, subject, watchers)

        yield made


@pytest.fixture
def asked(film: Path, store: LocalStore, media_url: Callable[[str], str], tmp_path: Path) -> Callable[..., DubRequest]:
    """A request for the film, whose source is on the web."""
    copy = tmp_path / "film.mp4"
    copy.write_bytes(film.read_bytes())
    reel, length = store.keep_file(copy), str(probe(film).duration)

    def request(locale: str, script: str | None = None, **more: Any) -> DubRequest:
        kept = store.keep_bytes(script.encode(), ".vtt") if script else None
        known = {
            "source_locale": "en-US",
            "reel": reel,
            "duration": length,
            "source_sha256": uuid.uuid5(uuid.NAMESPACE_URL, str(store.root)).hex,
            "title": "film",
            "media_url": media_url(f"film.mp4?of={uuid.uuid4().hex}"),
        }
        return DubRequest.model_validate({**known, "locale": locale, "script": kept, **more})

    return request


@pytest.fixture(scope="module")
def shared(vendor_url: str) -> dict[str, str]:
    """What one test made and others only look at."""
    return {}


@pytest.fixture
async def completed(tpstreams: TPStreamsClient, media_url: Callable[[str], str], shared: dict[str, str]) -> str:
    """The id of a video that plays, made once for all tests that don't change its film."""
    if "video" not in shared:
        shared["video"] = (await make_completed(tpstreams, media_url, content_protection_type="aes")).id
    return shared["video"]
