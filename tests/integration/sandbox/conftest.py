"""A real sandbox on a real socket, small real media, and a loopback server that serves files and takes callbacks."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from tests.rehearsal import PATIENCE, Rehearsal


@pytest.fixture(autouse=True)
def one_authority(one_certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is plain HTTP here, and each of httpx's clients would read all authorities first: 26 ms of a processor."""
    monkeypatch.setenv("SSL_CERT_FILE", str(one_certificate))


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of authorities that has but one."""
    first, end, _ = Path(certifi.where()).read_text("ascii").partition("-----END CERTIFICATE-----")
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    file.write_text(first + end + "\n")
    return file


@pytest.fixture(scope="session")
def session_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """One instant sandbox for all tests that don't need their own."""
    rehearsal = Rehearsal(tmp_path_factory.mktemp("sandbox"), "--instant")
    yield rehearsal
    assert rehearsal.stop() == 0


@pytest.fixture
def sandbox(session_sandbox: Rehearsal) -> Iterator[Rehearsal]:
    """The shared sandbox, in fair weather."""
    yield session_sandbox
    httpx.delete(f"{session_sandbox.base}/sandbox/faults")


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., Rehearsal]]:
    """Starts further sandboxes; all are gone afterwards."""
    started: list[Rehearsal] = []

    def start(*options: str, data: Path | None = None) -> Rehearsal:
        started.append(Rehearsal(data or tmp_path / "data", *options))
        return started[-1]

    yield start
    for rehearsal in started:
        if rehearsal.process.poll() is None:
            rehearsal.kill()


# -- media


def _make(out: Path, *args: str) -> Path:
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", "-y", *args, str(out)], check=True)
    return out


PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=192x108:rate=10:duration=4")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a reel (4 s), one without sound, a silent one, sound alone, and something that is no media."""
    folder = tmp_path_factory.mktemp("media")
    tone = ("-f", "lavfi", "-i", "sine=frequency=300:duration=4")
    quiet = ("-f", "lavfi", "-i", "anullsrc=duration=4")
    _make(folder / "reel.mp4", *PICTURE, *tone, *H264, "-c:a", "aac", "-shortest")
    _make(folder / "mute.mp4", *PICTURE, *H264)
    _make(folder / "silent.mp4", *PICTURE, *quiet, *H264, "-c:a", "aac", "-t", "4")
    _make(folder / "sound.wav", *tone)
    (folder / "noise.mp4").write_bytes(b"not a film at all" * 500)
    return folder


# -- the other end


@dataclass
class OtherEnd:
    """A loopback server: ``base`` serves the media folder, ``letters`` are the callbacks it got."""

    base: str
    letters: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait_for(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """The callbacks, once there are so many."""
        until(lambda: len(self.letters) >= count)
        return self.letters


class _Handler(SimpleHTTPRequestHandler):
    letters: list[tuple[dict[str, str], bytes]]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Tests are quiet."""

    def do_GET(self) -> None:
        """Files, and one redirect to where nobody may go."""
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://192.0.2.1/film.mp4")
            self.end_headers()
            return
        super().do_GET()

    def do_POST(self) -> None:
        """A callback."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.letters.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()


@pytest.fixture
def other_end(media: Path) -> Iterator[OtherEnd]:
    """Where media is fetched from and callbacks go."""
    letters: list[tuple[dict[str, str], bytes]] = []
    handler = type("Handler", (_Handler,), {"letters": letters})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(media))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield OtherEnd(f"http://127.0.0.1:{server.server_port}", letters)
        server.shutdown()
        thread.join()


def until(done: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What a question answers once it answers anything; fails when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := done():
            return answer
        time.sleep(0.05)
    raise AssertionError("it never happened")


@pytest.fixture(name="until")
def until_fixture() -> Callable[..., Any]:
    """Waits for something to become true."""
    return until
