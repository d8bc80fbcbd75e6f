"""The vendors' transport against bare httpx (small calls) and curl (large files), over loopback, in one run.

`POLYREEL_BENCH_BYTES` sets the size of the large file (default 2 GiB).
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

CALLS = 200
ROUNDS = 5
REPEATS = 3
BYTES = int(os.environ.get("POLYREEL_BENCH_BYTES", str(2 << 30)))
HERE = "benchmarks.transport"


def run() -> list[dict[str, Any]]:
    """One row per measurement; `ratio` is ours against theirs, in the direction in which `goal` has it."""
    server = subprocess.Popen([sys.executable, "-m", HERE, "serve"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert server.stdout is not None
    base = server.stdout.readline().decode().strip()
    folder = Path(tempfile.mkdtemp(prefix="polyreel-bench-"))
    try:
        film = folder / "film.mp4"
        with film.open("wb") as file:
            file.truncate(BYTES)
        return [asyncio.run(_small_calls(base)), *_transfers(base, film)]
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()
        shutil.rmtree(folder)


async def _small_calls(base: str) -> dict[str, Any]:
    import httpx

    from polyreel.vendors.auth import KeyAuth
    from polyreel.vendors.calls import Call
    from polyreel.vendors.limits import Limits
    from polyreel.vendors.transport import Transport

    free = Limits(per_second=1e6, burst=10**6, at_once=64)
    async with (
        Transport("acme", base, auth=KeyAuth("X-Key", "k" * 20), limits=free) as ours,
        httpx.AsyncClient(base_url=base, headers={"X-Key": "k" * 20}, trust_env=False) as theirs,
    ):

        async def through_transport() -> None:
            await ours.send(Call("get", "GET", "/small"), lambda reply: reply.json())

        async def through_httpx() -> None:
            response = await theirs.get("/small")
            response.raise_for_status().json()

        pairs = [(await _timed(through_transport), await _timed(through_httpx)) for _ in range(ROUNDS)]
    mine, other = (statistics.median(each) for each in zip(*pairs[1:], strict=True))
    return _row(f"{CALLS} small calls vs bare httpx", mine, other, mine / other, "<= 1.3")


async def _timed(call: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        await call()
    return time.perf_counter() - began


def _transfers(base: str, film: Path) -> list[dict[str, Any]]:
    quiet = ["curl", "-sS", "-o", "/dev/null"]
    curls = {
        "upload, multipart": [*quiet, "-H", "Expect:", "-F", f"video=@{film}", f"{base}/sink"],
        "upload, single": [*quiet, "-H", "Expect:", "-T", str(film), f"{base}/sink"],
        "download": ["curl", "-sS", "-o", f"{film.parent / 'curl.out'}", f"{base}/source/{BYTES}"],
    }
    rows = []
    for kind, command in curls.items():
        pairs = [(_worker(kind, base, film), _curl(command)) for _ in range(REPEATS)]
        mine, other = min(ours["s"] for ours, _ in pairs), min(theirs for _, theirs in pairs)
        size = f"{BYTES / (1 << 30):.2g} GiB"
        rows.append(_row(f"{kind} of {size} vs curl (throughput)", mine, other, other / mine, ">= 0.9"))
        peak = max(ours["peak_mb"] for ours, _ in pairs)
        rows.append(_row(f"{kind} of {size}: peak memory in MB vs 120", peak, 120.0, peak / 120, "<= 1.0"))
        if kind == "download":
            hashed = min(_curl(["sh", "-c", f"{' '.join(command)} && sha256sum {command[3]}"]) for _ in range(REPEATS))
            name = f"{kind} of {size}, hashed, vs curl and then sha256sum"
            rows.append(_row(name, mine, hashed, hashed / mine, ">= 0.9"))
            spent = min(ours["hash_s"] for ours, _ in pairs)
            rows.append(_row(f"{kind} of {size}: what the hash alone takes of a core", spent, mine, spent / mine, "-"))
    return rows


def _worker(kind: str, base: str, film: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", HERE, kind, base, str(film)], capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def _curl(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def _row(name: str, ours: float, theirs: float, ratio: float, goal: str) -> dict[str, Any]:
    unit = "mb" if "memory in MB" in name else "s"
    return {
        "name": name,
        f"ours_{unit}": round(ours, 3),
        f"theirs_{unit}": round(theirs, 3),
        "ratio": round(ratio, 2),
        "goal": goal,
    }


async def _transfer(kind: str, base: str, film: Path) -> float:
    from polyreel.vendors.bodies import FilePart, FileSlice, Form
    from polyreel.vendors.calls import Call
    from polyreel.vendors.downloads import download
    from polyreel.vendors.transport import Transport

    async with Transport("acme", base) as transport:
        # A first small call, so that imports and the pool's set-up are not measured as transfer; curl starts in 10 ms.
        await transport.fetch_reply(Call("warm", "GET", "/small"))
        began = time.perf_counter()
        if kind == "download":
            await download(transport, f"{base}/source/{film.stat().st_size}", film.parent / "ours.out")
        else:
            single = kind == "upload, single"
            body = FileSlice(film) if single else Form(files={"video": FilePart(film)})
            await transport.fetch_reply(Call("upload", "PUT" if single else "POST", "/sink", body=body))
        return time.perf_counter() - began


def _time_hash(size: int) -> float:
    """Processor seconds that SHA-256 takes for so many bytes, which a download has to have and curl leaves out."""
    block, digest = bytes(1 << 20), hashlib.sha256()
    begun = time.process_time()
    for _ in range(256):
        digest.update(block)
    return (time.process_time() - begun) * size / (256 << 20)


def _serve() -> None:
    """Answers small calls, swallows uploads, pours downloads: in C as far as Python lets us."""
    import socket
    import threading

    zeros = memoryview(bytes(4 << 20))

    def handle(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = bytearray(4 << 20)
        with connection, connection.makefile("rb", 65536) as reader:
            while line := reader.readline():
                path = line.split(b" ")[1]
                length = 0
                while (header := reader.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                while length:
                    # A file of a socket for reading is a buffered one, which its type does not say.
                    length -= cast(io.BufferedReader, reader).readinto1(memoryview(buffer)[: min(length, len(buffer))])
                if path.startswith(b"/source/"):
                    left = int(path.rpartition(b"/")[2])
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
                    while left:
                        left -= connection.send(zeros[: min(left, len(zeros))])
                else:
                    body = b'{"id": 1, "status": "ready"}'
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    connection.sendall(head % len(body) + body)

    def tolerant(connection: socket.socket) -> None:
        try:
            handle(connection)
        except ConnectionError:
            connection.close()

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        threading.Thread(target=tolerant, args=(listener.accept()[0],), daemon=True).start()


def _main(arguments: list[str]) -> None:
    if arguments == ["serve"]:
        _serve()
    elif arguments:
        kind, base, film = arguments
        seconds = asyncio.run(_transfer(kind, base, Path(film)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"s": seconds, "peak_mb": peak, "hash_s": _time_hash(Path(film).stat().st_size)}))
    else:
        print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    _main(sys.argv[1:])
