"""The shared store against the bare library (obstore), over loopback, in one run: a blob up, a blob down, and memory.

`POLYREEL_BENCH_OBJECT_BYTES` sets the blob's size (default 512 MiB). The server is as fast as Python gets: it reads and
forgets what is put, and serves zeros; so what is measured is our side.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BYTES = int(os.environ.get("POLYREEL_BENCH_OBJECT_BYTES", str(512 << 20)))
REPEATS = 3
HERE = "benchmarks.objects"
MEMORY_MB = 250.0
NEW = "a" * 64
"""What the server does not have yet. The store takes the hash of a blob that it is given on trust."""


def run() -> list[dict[str, Any]]:
    """One row per measurement; `ratio` is theirs against ours in time, and ours against the limit in memory."""
    server = subprocess.Popen([sys.executable, "-m", HERE, "serve"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert server.stdout is not None
    address = server.stdout.readline().decode().strip()
    folder = Path(tempfile.mkdtemp(prefix="polyreel-bench-"))
    try:
        return [row for kind in ("upload", "download") for row in _rows(kind, address, folder)]
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()
        shutil.rmtree(folder)


def _rows(kind: str, address: str, folder: Path) -> list[dict[str, Any]]:
    both = (f"{kind}-ours", f"{kind}-theirs")
    pairs = [tuple(_worker(each, address, folder) for each in both) for _ in range(REPEATS)]
    ours, theirs = min(each["s"] for each, _ in pairs), min(each["s"] for _, each in pairs)
    peak = max(each["peak_mb"] for each, _ in pairs)
    what = f"{kind} of {BYTES / (1 << 20):.0f} MiB"
    return [
        # The bare library hashes nothing.
        _row(f"{what} through the shared store vs obstore (throughput)", ours, theirs, theirs / ours, ">= 0.4"),
        _row(f"{what}: peak memory in MB vs {MEMORY_MB:g}", peak, MEMORY_MB, peak / MEMORY_MB, "<= 1.0"),
    ]


def _row(name: str, ours: float, theirs: float, ratio: float, goal: str) -> dict[str, Any]:
    return {"name": name, "ours": ours, "theirs": theirs, "ratio": ratio, "goal": goal}


def _worker(kind: str, address: str, folder: Path) -> dict[str, float]:
    home = Path(tempfile.mkdtemp(dir=folder))
    env = {
        **os.environ,
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "POLYREEL_STORE": "s3://bench/store",
        "POLYREEL_HOME": str(home),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", HERE, kind], env=env, cwd=Path.cwd(), capture_output=True, check=True
        )
        found: dict[str, float] = json.loads(done.stdout)
        return found
    finally:
        shutil.rmtree(home)


# -- the worker


async def _measured(kind: str) -> float:
    work = {
        "upload-ours": _upload_ours,
        "upload-theirs": _upload_theirs,
        "download-ours": _download_ours,
        "download-theirs": _download_theirs,
    }
    return await work[kind](Path(os.environ["POLYREEL_HOME"]) / "blob")


async def _upload_ours(blob: Path) -> float:
    from polyreel.keys import stage_key
    from polyreel.store.choice import open_store

    store = open_store()
    _fill(blob)
    kept = store.keep_hashed(blob, NEW, ".bin")
    store.save_record(stage_key("bench", 1), {"blob": kept.model_dump()})
    began = time.perf_counter()
    await store.share_files()
    assert not store.trouble, store.trouble
    return time.perf_counter() - began


async def _upload_theirs(blob: Path) -> float:
    import obstore

    from polyreel.objects.bucket import AT_ONCE, PIECE

    _fill(blob)
    began = time.perf_counter()
    obstore.put(_client(), "blob", blob, chunk_size=PIECE, max_concurrency=AT_ONCE)
    return time.perf_counter() - began


async def _download_ours(_: Path) -> float:
    from polyreel.outcome import StoredFile
    from polyreel.store.choice import open_store

    digest = _hash_of_zeros()
    stored_file = StoredFile(uri=f"store:{digest}.bin", sha256=digest, bytes=BYTES)
    store = open_store()
    began = time.perf_counter()
    await store.fetch_files([stored_file])
    return time.perf_counter() - began


async def _download_theirs(blob: Path) -> float:
    """What a program would do by hand: ranges side by side, each written to its place, nothing hashed."""
    import obstore

    from polyreel.objects.bucket import AT_ONCE, PIECE

    client = _client()
    blob.parent.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with blob.open("wb") as out, ThreadPoolExecutor(AT_ONCE) as pool:

        def one(start: int) -> None:
            options: Any = {"range": (start, min(start + PIECE, BYTES))}
            os.pwrite(out.fileno(), bytes(obstore.get(client, "blobs/blob", options=options).bytes()), start)

        list(pool.map(one, range(0, BYTES, PIECE)))
        os.fsync(out.fileno())
    return time.perf_counter() - began


def _client() -> Any:
    from polyreel.errors import StoreError
    from polyreel.objects.connection import Connection

    return Connection().open_client("bench", StoreError)


def _fill(blob: Path) -> None:
    blob.parent.mkdir(parents=True, exist_ok=True)
    with blob.open("wb") as file:
        file.truncate(BYTES)


def _hash_of_zeros() -> str:
    digest, piece = hashlib.sha256(), bytes(1 << 20)
    for _ in range(BYTES >> 20):
        digest.update(piece)
    return digest.hexdigest()


# -- the server


class _Server(BaseHTTPRequestHandler):
    """As much of S3 as a put, a multipart put, a look and a range need."""

    protocol_version = "HTTP/1.1"
    zeros = bytes(8 << 20)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_PUT(self) -> None:
        self._forget()
        self._answer(200)

    def do_POST(self) -> None:
        self._forget()
        said = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
        if "uploads" in self.path:
            said = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
        self._answer(200, said)

    def do_HEAD(self) -> None:
        if NEW in self.path:
            self._answer(404)
        else:
            self._answer(200, length=BYTES)

    def do_GET(self) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if found is None:
            self._answer(404)
            return
        first, last = int(found[1]), int(found[2])
        more = {"Content-Range": f"bytes {first}-{last}/{BYTES}"}
        self._answer(206, self.zeros[: last - first + 1], more=more)

    def _forget(self) -> None:
        left = int(self.headers.get("content-length", "0"))
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))

    def _answer(
        self, status: int, body: bytes = b"", *, length: int | None = None, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(body) if length is None else length), "ETag": '"e"', **(more or {})}
        headers["Last-Modified"] = "Sun, 22 Nov 2026 00:00:00 GMT"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def _main(arguments: list[str]) -> None:
    if arguments == ["serve"]:
        _serve()
    elif arguments:
        seconds = asyncio.run(_measured(arguments[0]))
        print(json.dumps({"s": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    _main(sys.argv[1:])
