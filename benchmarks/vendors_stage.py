"""What the vendors' matrices stand on: the rehearsal server, a film that it may fetch, and accounts to look into."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
KEYS = {"panjaya": "panjaya-sandbox", "dubformer": "dubformer-sandbox"}


@dataclass(frozen=True)
class Stage:
    """The vendors at ``url``, and a film of a few seconds that they can fetch at ``film_url``."""

    url: str
    film: Path
    film_url: str
    http: httpx.Client

    def arm(self, **fault: Any) -> None:
        """Let one fault wait for its place."""
        self.http.post("/sandbox/faults", json=fault).raise_for_status()

    def list_armed(self) -> list[dict[str, Any]]:
        """The faults that have not struck as often as they may."""
        found: list[dict[str, Any]] = self.http.get("/sandbox/faults").json()["faults"]
        return found

    def calm(self) -> None:
        """Take every fault away."""
        self.http.delete("/sandbox/faults").raise_for_status()

    def minutes_left(self, vendor: str) -> float:
        """The account's balance."""
        return float(self.http.get("/sandbox").json()["accounts"][vendor]["minutes"])

    def list_made(self, vendor: str, name: str) -> list[dict[str, Any]]:
        """The assets, or projects, whose name or media holds ``name``."""
        headers = {"Authorization": f"Bearer {KEYS[vendor]}"}
        if vendor == "dubformer":
            rows = self.http.get("/dubformer/api/v1/projects", headers=headers).json()["projects"]
            return [row for row in rows if name in row["name"]]
        rows = self.http.get("/panjaya/v1/assets/?limit=100", headers=headers).json()["items"]
        return [row for row in rows if name in f"{row.get('media_url')} {row.get('filename')}"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Nothing: the table is all that is printed."""


@contextmanager
def open_stage(folder: Path, film: Path, command: str = "") -> Iterator[Stage]:
    """The rehearsal server in a process of its own, for as long as the block lasts; ``command`` is another Python."""
    data = str(folder / "sandbox")
    usual = ["-m", "polyreel.sandbox", "--port", "0", "--instant", "--data", data]
    argv = [sys.executable, *(["-c", command, data] if command else usual)]
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(film.parent)))
    thread = threading.Thread(target=files.serve_forever, daemon=True)
    thread.start()
    with (folder / "sandbox.log").open("wb") as log:
        server = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, "POLYREEL_HOME": str(folder / "sandbox-home")},
        )
    assert server.stdout is not None
    try:
        url = server.stdout.readline().decode().strip()
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
            yield Stage(url, film, f"http://127.0.0.1:{files.server_address[1]}/{film.name}", http)
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()
        files.shutdown()
        thread.join()
        files.server_close()


def make_film(folder: Path) -> Path:
    """Three seconds of the narrated reel."""
    import imageio_ffmpeg

    from benchmarks.narrated import make_narrated

    film = folder / "media" / "film.mp4"
    film.parent.mkdir(parents=True, exist_ok=True)
    cut = ["-t", "3", "-vf", "scale=320:180", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(film)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y"]
    subprocess.run([*command, "-i", str(make_narrated() / "narrated.mp4"), *cut], check=True, timeout=120)
    return film
