"""Processes that buy are killed at every point, and race; the vendor sells once, and the next process has the row.

The vendors are our rehearsal server, over HTTP, in a process of its own. Its faults hold a call where it is: `slow`
before the vendor has read it (what a dead caller asked for is dropped then), `dripping` after it has done it, while the
answer is on its way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.ledger.conftest import DATABASES, NewAddress
from tests.rehearsal import sandbox_at

BUYER, ROOT = Path(__file__).with_name("buyer.py"), Path(__file__).parents[3]
pytestmark = pytest.mark.slow
PATHS = {"dubformer": "/api/v1/projects", "panjaya": "/v1/assets/"}
POINTS = (
    "before_intent", "after_intent", "during_before_commit", "during_after_commit", "before_receipt", "after_receipt"
)  # fmt: skip
FAULTS = {
    "during_before_commit": {"kind": "slow", "seconds": 3.0},
    "during_after_commit": {"kind": "dripping", "seconds": 1.0},
}


@pytest.fixture(scope="module")
def vendor_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The rehearsal server."""
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--instant") as base:
        yield base


class Shop:
    """One key at one vendor, a ledger, and the processes that buy."""

    def __init__(self, vendor_url: str, provider: str, ledger: str, folder: Path) -> None:
        self.url, self.provider, self.folder, self.key = vendor_url, provider, folder, f"k{uuid.uuid4().hex}"
        self._env = {**os.environ, "POLYREEL_LEDGER_URL": ledger, "PYTHONPATH": str(ROOT)}
        self._http = httpx.Client(base_url=vendor_url, trust_env=False, timeout=30)

    def close(self) -> None:
        self._http.delete("/sandbox/faults").raise_for_status()
        self._http.close()

    @contextmanager
    def buyer(self, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        order = {"provider": self.provider, "vendor_url": self.url, "key": self.key, "folder": str(self.folder), **more}
        process = subprocess.Popen(
            [sys.executable, str(BUYER), json.dumps(order)], env=self._env, stdout=subprocess.PIPE
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def sold(self) -> list[str]:
        """What the vendor sold of this key."""
        if self.provider == "dubformer":
            headers = {"Authorization": "Bearer dubformer-sandbox"}
            rows = self._http.get("/dubformer/api/v1/projects", headers=headers).json()["projects"]
            return [row["project_id"] for row in rows if row["name"] == self.key]
        headers = {"Authorization": "Bearer panjaya-sandbox"}
        rows = self._http.get("/panjaya/v1/assets/?limit=100", headers=headers).json()["items"]
        return [row["id"] for row in rows if self.key in (row["media_url"] or "")]

    def arm(self, point: str) -> None:
        if fault := FAULTS.get(point):
            place = {"vendor": self.provider, "method": "POST", "path": PATHS[self.provider]}
            self._http.post("/sandbox/faults", json={**fault, **place}).raise_for_status()

    def struck(self) -> bool:
        return not self._http.get("/sandbox/faults").json()["faults"]

    def reached(self, point: str) -> bool:
        if point == "during_before_commit":
            return self.struck()
        if point == "during_after_commit":
            return self.struck() and bool(self.sold())
        return (self.folder / point).exists()


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "this did not come about"
        time.sleep(0.05)


def row_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return dict(json.loads(out))


@pytest.fixture
def open_shop(vendor_url: str, new_address: NewAddress, tmp_path: Path) -> Iterator[Callable[[str, str], Shop]]:
    """A key at a vendor, and a ledger of a kind: ``open_shop("panjaya", "sqlite")``."""
    opened: list[Shop] = []

    def make(provider: str, database: str) -> Shop:
        opened.append(Shop(vendor_url, provider, new_address(database), tmp_path))
        return opened[-1]

    yield make
    for shop in opened:
        shop.close()


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("provider", PATHS)
@pytest.mark.parametrize("point", POINTS)
def test_a_buyer_killed_at_any_point_buys_once(
    open_shop: Callable[[str, str], Shop], point: str, provider: str, database: str
) -> None:
    shop = open_shop(provider, database)
    shop.arm(point)
    with shop.buyer(point=point) as victim:
        wait_until(lambda: shop.reached(point) or victim.poll() is not None)
        assert victim.poll() is None
        victim.kill()
        victim.wait()
    sold_before = shop.sold()
    with shop.buyer() as heir:
        row = row_of(heir)
    assert shop.sold() == [row["vendor_id"]]
    # Of a call that never came, or was dropped, Panjaya's list says so: it is made then. Dubformer's key needs no list.
    sent_again = provider == "panjaya" and point in ("after_intent", "during_before_commit")
    assert (row["state"], row["attempts"]) == ("submitted", 2 if sent_again else 1)
    if point in ("during_after_commit", "before_receipt", "after_receipt"):
        assert [row["vendor_id"]] == sold_before
    else:
        assert sold_before == []


@pytest.mark.parametrize(
    ("many", "provider", "database"),
    [
        (2, "panjaya", "sqlite"),
        (2, "dubformer", DATABASES[-1]),
        (8, "panjaya", DATABASES[-1]),
        (8, "dubformer", "sqlite"),
    ],
)
def test_processes_that_race_buy_once(
    open_shop: Callable[[str, str], Shop], many: int, provider: str, database: str, tmp_path: Path
) -> None:
    shop = open_shop(provider, database)
    with ExitStack() as stack:
        buyers = [stack.enter_context(shop.buyer(start=str(tmp_path / "start"))) for _ in range(many)]
        wait_until(lambda: len(list(tmp_path.glob("ready-*"))) == many)
        (tmp_path / "start").touch()
        rows = [row_of(buyer) for buyer in buyers]
    assert len({row["vendor_id"] for row in rows}) == 1
    assert shop.sold() == [rows[0]["vendor_id"]]
    assert {row["attempts"] for row in rows} == {1}


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("provider", PATHS)
@pytest.mark.parametrize("jump", [7200.0, -7200.0], ids=["forward", "back"])
def test_two_processes_buy_once_though_the_clock_is_set_while_one_buys_and_one_waits(
    open_shop: Callable[[str, str], Shop], provider: str, database: str, jump: float, tmp_path: Path
) -> None:
    shop, clock = open_shop(provider, database), tmp_path / "clock"
    clock.write_text("0")
    with shop.buyer(think="8", clock=str(clock)) as first:
        wait_until((tmp_path / "calling").exists)
        with shop.buyer(clock=str(clock), start=str(tmp_path / "start")) as second:
            wait_until(lambda: bool(list(tmp_path.glob("ready-*"))))
            (tmp_path / "start").touch()
            time.sleep(1.5)
            # Replaced whole: a reader would find it empty.
            clock.with_suffix(".new").write_text(str(jump))
            clock.with_suffix(".new").replace(clock)
            rows = [row_of(first), row_of(second)]
    assert len({row["vendor_id"] for row in rows}) == 1
    assert shop.sold() == [rows[0]["vendor_id"]]
    assert {row["attempts"] for row in rows} == {1}


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("point", ["during_before_commit", "during_after_commit"])
def test_a_buyer_that_is_interrupted_ends_at_once_and_the_next_one_buys_nothing_twice(
    open_shop: Callable[[str, str], Shop], point: str, database: str
) -> None:
    """Ctrl-C while the call is under way."""
    shop = open_shop("panjaya", database)
    shop.arm(point)
    with shop.buyer() as victim:
        wait_until(lambda: shop.reached(point) or victim.poll() is not None)
        assert victim.poll() is None
        victim.send_signal(signal.SIGINT)
        assert victim.wait(10) != 0
    sold_before = shop.sold()
    assert len(sold_before) == (point == "during_after_commit")
    with shop.buyer() as heir:
        row = row_of(heir)
    assert shop.sold() == [row["vendor_id"]]


@pytest.mark.parametrize("database", DATABASES)
def test_a_buyer_that_was_stopped_and_goes_on_after_another_has_bought_buys_nothing(
    open_shop: Callable[[str, str], Shop], database: str, tmp_path: Path
) -> None:
    """Ctrl-Z before its call, for longer than anybody waits for it, and `fg`: at a vendor that knows no key."""
    shop = open_shop("panjaya", database)
    with shop.buyer(think="1") as stopped:
        wait_until((tmp_path / "calling").exists)
        stopped.send_signal(signal.SIGSTOP)
        with shop.buyer(grace="0") as heir:
            row = row_of(heir)
        stopped.send_signal(signal.SIGCONT)
        assert row_of(stopped)["vendor_id"] == row["vendor_id"]
    assert shop.sold() == [row["vendor_id"]]
