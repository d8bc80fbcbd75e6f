"""Official releases over real sockets: a server that behaves, and servers that don't."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import tarfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from polyreel.engine.models import release, shelf
from polyreel.engine.models.pull import Step, pull
from polyreel.engine.models.registry import Mirror, Model, ModelFile, Release
from polyreel.errors import EngineError, StoreError
from polyreel.machine import home

from .conftest import CONTENT, Clients, model

SMALL = b"a small second file\n"
FILES = {"/v1/big.bin": CONTENT, "/v1/small.txt": SMALL}
NO_PACKAGES = Mirror((), {"big.bin": (), "small.txt": ()})


@dataclass(frozen=True)
class Asked:
    """One request: its path, and from which byte on (0: the whole)."""

    path: str
    start: int


Mood = Callable[[Asked], tuple[str, bytes]]
"""An answer: its head, and what is sent of its body before hanging up."""


def head(status: str, *lines: str, length: int) -> str:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {length}", "Connection: close", *lines]) + "\r\n\r\n"


def well(asked: Asked) -> tuple[str, bytes]:
    """As a file server should: ranges, and 416 where there is nothing more."""
    content = FILES.get(asked.path)
    if content is None:
        return head("404 Not Found", length=0), b""
    if not asked.start:
        return head("200 OK", length=len(content)), content
    if asked.start >= len(content):
        return head("416 Range Not Satisfiable", length=0), b""
    rest = content[asked.start :]
    said = f"Content-Range: bytes {asked.start}-{len(content) - 1}/{len(content)}"
    return head("206 Partial Content", said, length=len(rest)), rest


def broken_off(share: float) -> Mood:
    """The right answer, but for its end."""

    def answer(asked: Asked) -> tuple[str, bytes]:
        first, body = well(asked)
        return first, body[: int(len(body) * share)]

    return answer


def whole_always(asked: Asked) -> tuple[str, bytes]:
    """A server that knows no ranges."""
    return well(Asked(asked.path, 0))


def swapped(asked: Asked) -> tuple[str, bytes]:
    """The right length, other bytes."""
    first, body = well(asked)
    return first, body[::-1] if asked.path.endswith("big.bin") else body


def another_part(asked: Asked) -> tuple[str, bytes]:
    """A range, but not the one that was asked for."""
    if not asked.start:
        return well(asked)
    first, body = well(Asked(asked.path, 1))
    return first, body


def endless(asked: Asked) -> tuple[str, bytes]:
    return head("200 OK", length=10**9), FILES[asked.path] * 20


def forbidden(asked: Asked) -> tuple[str, bytes]:
    """A redirect to where a cloud keeps its secrets."""
    return head("302 Found", "Location: http://169.254.169.254/latest/meta-data/", length=0), b""


def in_circles(asked: Asked) -> tuple[str, bytes]:
    return head("302 Found", f"Location: {asked.path}", length=0), b""


def moved(asked: Asked) -> tuple[str, bytes]:
    """As real releases do: the address leads on to a store of files."""
    if asked.path.startswith("/v1/"):
        return well(asked)
    return head("302 Found", f"Location: /v1{asked.path.removeprefix('/download')}", length=0), b""


@dataclass
class Server:
    """A file server on loopback. ``moods`` are used up one by one; after them the last one stays."""

    url: str = ""
    moods: list[Mood] = field(default_factory=lambda: [well])
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        start = re.search(r"range: bytes=(\d+)-", request, re.IGNORECASE)
        asked = Asked(request.split()[1], int(start[1]) if start else 0)
        self.asked.append(asked)
        mood = self.moods.pop(0) if len(self.moods) > 1 else self.moods[0]
        first, body = mood(asked)
        try:
            writer.write(first.encode() + body)
            await writer.drain()
        except ConnectionError:
            pass  # the other side has heard enough
        writer.close()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.1/32")
    found = Server()
    listening = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield found
    listening.close()
    await listening.wait_closed()


def released(server: Server, path: str = "/v1", **changes: object) -> Model:
    """The toy model with an official release on the server, and no package anywhere."""
    return model(release=Release(server.url + path), **{"mirror": NO_PACKAGES, **changes})


def quiet(_: Step) -> None:
    pass


def waiting(model: Model) -> list[str]:
    """What half-fetched files wait for the next run."""
    work = home.models_dir() / ".pull" / model.name
    return sorted(file.name for file in work.iterdir() if file.is_file()) if work.is_dir() else []


async def test_a_release_is_fetched_file_by_file_and_told_as_it_comes(server: Server) -> None:
    toy, steps = released(server), list[Step]()
    await pull([toy], steps.append)
    assert [each.path for each in server.asked] == ["/v1/big.bin", "/v1/small.txt"]
    assert shelf.verify(toy) == ()
    counted = [step.done for step in steps if step.total == toy.bytes]
    assert counted == sorted(counted)
    assert counted[-1] == toy.bytes
    assert not (home.models_dir() / ".pull" / "toy").exists()


async def test_a_connection_that_breaks_off_goes_on_from_its_last_byte(server: Server) -> None:
    server.moods = [broken_off(0.5), broken_off(0.5), well]
    toy = released(server)
    await pull([toy], quiet)
    half = len(CONTENT) // 2
    assert [each.start for each in server.asked[:3]] == [0, half, half + half // 2]
    assert shelf.verify(toy) == ()


async def test_the_next_run_goes_on_where_the_last_one_gave_up(server: Server) -> None:
    server.moods = [broken_off(0.5), broken_off(0.0)]
    toy = released(server)
    with pytest.raises(EngineError) as caught:
        await pull([toy], quiet)
    assert caught.value.code == "place_failed"  # no package either: the toy has no mirror
    assert shelf.find_state(toy) == "missing"
    assert len(waiting(toy)) == 1
    server.moods, server.asked = [well], []
    await pull([toy], quiet)
    assert server.asked[0] == Asked("/v1/big.bin", len(CONTENT) // 2)
    assert shelf.verify(toy) == ()


async def test_a_server_without_ranges_gives_the_whole_again(server: Server) -> None:
    server.moods = [broken_off(0.5), whole_always]
    toy = released(server)
    await pull([toy], quiet)
    assert shelf.verify(toy) == ()


async def test_a_file_that_was_fetched_whole_before_a_kill_is_not_fetched_again(server: Server) -> None:
    toy = released(server)
    work = home.models_dir() / ".pull" / "toy"
    work.mkdir(parents=True)
    (work / f"{toy.files[0].sha256[:16]}.part").write_bytes(CONTENT)
    await pull([toy], quiet)
    assert server.asked[0] == Asked("/v1/big.bin", len(CONTENT))  # answered 416: there is no more
    assert shelf.verify(toy) == ()


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        (swapped, "has another hash than it should"),
        (endless, "sent more than the file holds"),
        (forbidden, "the address 169.254.169.254 is not a public one"),
        (in_circles, "redirects without end"),
        (lambda asked: (head("500 Oops", length=0), b""), "answered 500"),
        (lambda asked: (head("404 Not Found", length=0), b""), "answered 404"),
        (lambda asked: ("", b""), "can't be reached"),
        (lambda asked: ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"<html>"), "another hash"),
    ],
    ids=["swapped", "endless", "forbidden address", "circles", "500", "404", "hung up", "a page in its place"],
)
async def test_what_is_not_the_release_is_thrown_away_and_the_mirrors_are_asked(
    server: Server, clients: Clients, mood: Mood, why: str
) -> None:
    """Whatever a server does, nothing gets a name on the shelf but the right bytes."""
    server.moods = [mood]
    toy, said = released(server, mirror=model().mirror), list[str]()
    await pull([toy], lambda step: said.append(step.said))
    assert any(why in line and line.endswith("trying package mirrors") for line in said), said
    assert shelf.verify(toy) == ()
    assert clients.calls == ["toy_part_1", "toy_part_2", "toy"]


async def test_a_range_of_another_part_is_not_glued_on(server: Server, clients: Clients) -> None:
    server.moods = [broken_off(0.5), another_part]
    toy, said = released(server, mirror=model().mirror), list[str]()
    await pull([toy], lambda step: said.append(step.said))
    assert any("another part of the file" in line for line in said), said
    assert shelf.verify(toy) == ()


async def test_a_redirect_to_a_store_of_files_is_followed_with_its_range(server: Server) -> None:
    server.moods = [moved]
    toy = released(server, "/download")
    work = home.models_dir() / ".pull" / "toy"
    work.mkdir(parents=True)
    (work / f"{toy.files[0].sha256[:16]}.part").write_bytes(CONTENT[:100])
    await pull([toy], quiet)
    assert server.asked[:2] == [Asked("/download/big.bin", 100), Asked("/v1/big.bin", 100)]
    assert shelf.verify(toy) == ()


async def test_this_machines_own_network_is_not_asked_unless_it_is_allowed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLYREEL_ALLOW_NETWORKS")
    with pytest.raises(EngineError):
        await release.fetch(released(server), released(server).files, home.home(), lambda _: None, set())
    assert server.asked == []


async def test_a_disk_that_fills_up_is_said_and_costs_nothing_twice(server: Server) -> None:
    """The system's own word for a full disk, from a device that is always full."""
    toy = released(server)
    part = home.models_dir() / ".pull" / "toy" / f"{toy.files[0].sha256[:16]}.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(StoreError, match="the disk is full") as caught:
        await pull([toy], quiet)
    assert caught.value.code == "disk_full"
    assert "run again" in caught.value.remedy
    assert shelf.find_state(toy) == "missing"
    part.unlink()
    await pull([toy], quiet)
    assert shelf.verify(toy) == ()


async def test_a_disk_that_fills_up_while_a_file_is_checked_keeps_what_was_fetched(server: Server) -> None:
    toy = released(server)
    work = home.models_dir() / ".pull" / "toy"
    work.mkdir(parents=True)
    checking = work / f"{toy.files[0].sha256[:16]}.checking"
    checking.symlink_to("/dev/full")
    with pytest.raises(StoreError):
        await pull([toy], quiet)
    assert f"{toy.files[0].sha256[:16]}.part" in waiting(toy)
    checking.unlink()
    server.asked.clear()
    await pull([toy], quiet)
    assert server.asked[0].start == len(CONTENT)


def archive(files: dict[str, bytes]) -> bytes:
    """A release that is one tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return held.getvalue()


async def test_a_release_in_one_archive_is_opened_and_its_wrong_one_not_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = released(server, "/v1/toy.tar.gz")
    monkeypatch.setitem(FILES, "/v1/toy.tar.gz", archive({"big.bin": CONTENT[::-1], "small.txt": SMALL}))
    with pytest.raises(EngineError):
        await pull([toy], quiet)
    assert waiting(toy) == []  # a wrong archive is no use to the next run
    monkeypatch.setitem(FILES, "/v1/toy.tar.gz", archive({"big.bin": CONTENT, "small.txt": SMALL}))
    await pull([toy], quiet)
    assert shelf.verify(toy) == ()


async def test_after_a_pull_nothing_needs_the_network(server: Server) -> None:
    toy = released(server)
    await pull([toy], quiet)
    server.asked.clear()
    said: list[str] = []
    await pull([toy], lambda step: said.append(step.said))
    assert (shelf.check_file(toy, "big.bin").read_bytes(), said, server.asked) == (CONTENT, ["is here already"], [])


async def test_a_file_that_was_swapped_on_the_shelf_is_fetched_alone(server: Server) -> None:
    toy = released(server)
    await pull([toy], quiet)
    (shelf.folder_of(toy) / "small.txt").write_bytes(SMALL[::-1])
    server.asked.clear()
    await pull([toy], quiet)
    assert [each.path for each in server.asked] == ["/v1/small.txt"]


def test_the_toy_is_what_the_server_gives() -> None:
    """The files on the server are the registry's: else these tests would show nothing."""
    served = [ModelFile(Path(name).name, len(c), hashlib.sha256(c).hexdigest()) for name, c in FILES.items()]
    assert served == [*model().files]
