"""Runs that are suspended while a vendor works: nothing is held, a callback wakes them, and no death loses a thing.

The sandbox plays the vendor, slowly; `polyreel up` receives its callbacks, watches, and wakes.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from polyreel.ledger.entry import Entry, State
from polyreel.ledger.rows import Filter
from polyreel.ledger.sql import SqlRows
from tests.rehearsal import sandbox_at

pytestmark = pytest.mark.servers
log = logging.getLogger(__name__)

SAVE = """
import asyncio, json, sys
from deployments.process import environment
from deployments.server.embedded_server import server_for_this_run
environment.prepare_environment()
with server_for_this_run(None) as server:
    server.wait_until_ready()
    from blocks import credentials
    async def save():
        for vendor, fields in json.loads(sys.argv[1]).items():
            await credentials.save_credentials(vendor, "studio", fields)
    asyncio.run(save())
"""


@dataclass
class Stage:
    """A `polyreel up` with the sandbox's credentials, the sandbox, and where a run is told to die."""

    up: Any
    sandbox: str
    die: Path
    folder: Path

    def charges(self) -> list[Any]:
        found: list[Any] = httpx.get(f"{self.sandbox}/sandbox/log", trust_env=False).json()["charges"]
        return found

    def job(self, locale: str) -> dict[str, Any]:
        """A job that is suspended while Panjaya works."""
        return {
            "name": f"into-{locale}",
            "source": {"media": str(self.folder / "narrated.mp4"), "locale": "en-US"},
            "targets": [{"locale": locale}],
            "dubbing": {"provider": "panjaya", "credentials": "studio"},
            "delivery": [{"to": "folder", "path": str(self.folder / "out")}],
            "wait": "suspend",
        }

    def start(self, locale: str, narrated: Path) -> str:
        """Ask for such a job; the run's id."""
        shutil.copy(narrated / "narrated.mp4", self.folder / "narrated.mp4")
        return self._create("localise", {"job": self.job(locale)})

    def _create(self, name: str, parameters: dict[str, Any]) -> str:
        deployment = self.up.call("GET", f"/deployments/name/{name}/{name}")["id"]
        made = self.up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters=parameters)
        return str(made["id"])

    def states(self, run: str) -> list[tuple[str, datetime]]:
        """Every state that a run was in, with when."""
        found = self.up.call("GET", f"/flow_run_states/?flow_run_id={run}")
        pairs = [(each["name"], datetime.fromisoformat(each["timestamp"])) for each in found]
        return sorted(pairs, key=lambda pair: pair[1])

    def until_gone(self, within: float = 20) -> None:
        """Wait until no run has a process: each holds a lock as long as it lives."""
        deadline = time.monotonic() + within
        while locks := list((self.up.home / "up" / "runs").glob("*.lock")):
            assert time.monotonic() < deadline, locks
            time.sleep(0.1)

    def until_seen(self, run: str, name: str, within: float = 90) -> None:
        """Wait until a run has been in a state, however shortly."""
        deadline = time.monotonic() + within
        while name not in (names := [each for each, _ in self.states(run)]):
            assert time.monotonic() < deadline, names
            time.sleep(0.3)

    def ledger(self, kind: str) -> list[Entry]:
        """The ledger's rows of a kind."""
        rows = SqlRows(sa.URL.create("sqlite", database=str(self.up.home / "ledger.db")))
        found = rows.select(Filter(kind=kind))
        rows.close()
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # Slow enough for a run to fall asleep before its dub is ready, also on a busy machine.
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--speed", "2.5") as base:
        yield base


@pytest.fixture(scope="module")
def stage(
    sandbox: str, start_up: Any, new_database: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    folder = tmp_path_factory.mktemp("suspended")
    told = httpx.get(f"{sandbox}/sandbox", trust_env=False).json()
    dubformer = told["accounts"]["dubformer"]
    saved = {
        "panjaya": {"api_key": "panjaya-sandbox", "base_url": told["accounts"]["panjaya"]["base_url"]},
        "dubformer": {"api_key": dubformer["key"], "base_url": dubformer["base_url"]},
        "callbacks": {"panjaya_public_key": told["panjaya_public_key"]},
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    new_database(folder / "home" / "prefect")
    argv = [sys.executable, "-P", "-c", SAVE, json.dumps(saved)]
    subprocess.run(argv, env=env | {"POLYREEL_HOME": str(folder / "home")}, check=True, timeout=120)
    port = free_port()
    (folder / "die").mkdir()
    up = start_up(
        folder / "home",
        *("--callbacks", f"http://127.0.0.1:{port}", "--callbacks-port", str(port), "--callbacks-secret", "studio"),
        *("--inbox-every", "3600", "--jobs-at-once", "5"),
        POLYREEL_ALLOW_NETWORKS="127.0.0.0/8",
        POLYREEL_TESTS_DIE=str(folder / "die"),
        PYTHONPATH=str(Path(__file__).with_name("dying")),
    )
    return Stage(up, sandbox, folder / "die", folder)


def test_a_callback_wakes_a_run_that_held_no_process(stage: Stage, narrated: Path) -> None:
    run = stage.start("es-ES", narrated)
    asleep = stage.up.until(run, "PAUSED", "COMPLETED", "FAILED", "CRASHED")
    assert asleep["state"]["name"] == "Suspended", asleep["state"]
    assert "es-ES: panjaya is at work on it" in asleep["state"]["message"]
    stage.until_gone()
    assert [row.run_id for row in stage.ledger("wait")] == [run]
    done = stage.up.until(run, "COMPLETED", "FAILED", "CRASHED")
    assert done["state"]["type"] == "COMPLETED", done["state"]
    assert (stage.folder / "out" / "into-es-ES" / "es-ES" / "into-es-ES.es-ES.mp4").is_file()
    assert stage.ledger("wait") == []
    assert len(stage.charges()) == 1
    states = stage.states(run)
    ready = stage.ledger("dub")[0].ready_at
    resumed = next(at for name, at in states if name == "Resuming")
    log.warning("woken %.2f s after the row was ready: %s", resumed.timestamp() - ready, states)
    assert resumed.timestamp() - ready < 2
    heard = (stage.up.home / "up" / "callbacks.log").read_text()
    assert "a callback of panjaya: hint" in heard


def test_a_job_that_is_asked_for_twice_at_once_is_bought_once(stage: Stage, narrated: Path) -> None:
    """Two runs through the API, made together: both sleep while the vendor works, both deliver the one dub."""
    before = len(stage.charges())
    runs = [stage.start("nl-NL", narrated) for _ in range(2)]
    assert runs[0] != runs[1]
    for run in runs:
        done = stage.up.until(run, "COMPLETED", "FAILED", "CRASHED", within=240)
        assert (done["state"]["type"], done["state"]["message"]) == ("COMPLETED", "1 of 1 delivered"), done["state"]
    assert len(stage.charges()) == before + 1
    assert [(row.locale, row.state) for row in stage.ledger("dub") if row.locale == "nl-NL"] == [
        ("nl-NL", State.COLLECTED)
    ]
    assert stage.ledger("wait") == []


def test_the_jobs_of_a_batch_sleep_and_leave_their_place_to_others(stage: Stage, narrated: Path) -> None:
    """One at a time, and both at the vendor: a sleeping job holds neither a process nor a place. The batch waits for
    what a vendor keeps, and not for what only a person keeps: that one goes on by itself."""
    shutil.copy(narrated / "narrated.mp4", stage.folder / "narrated.mp4")
    files = {locale: stage.folder / f"{locale}.json" for locale in ("pt-BR", "pl-PL")}
    for locale, file in files.items():
        file.write_text(json.dumps(stage.job(locale) | ({"review": ["final"]} if locale == "pl-PL" else {})))
    asked = {"jobs": [str(file) for file in files.values()], "at_once": 1}
    batch = stage._create("localise-batch", {"batch": asked})
    assert stage.up.until(batch, "COMPLETED", "FAILED", "CRASHED")["state"]["message"] == (
        "1 of 2 jobs delivered whole, 1 held"
    )
    theirs = {"tags": {"any_": [f"batch-{batch}"]}}
    done = {each["name"]: each for each in stage.up.call("POST", "/flow_runs/filter", flow_runs=theirs)}
    assert done["into-pt-BR"]["state"]["type"] == "COMPLETED"
    assert done["into-pl-PL"]["state"]["type"] == "PAUSED"
    slept = {
        name: next(at for state, at in stage.states(run["id"]) if state == "Suspended") for name, run in done.items()
    }
    ended = stage.states(done["into-pt-BR"]["id"])[-1][1]
    assert max(slept.values()) < ended, (slept, ended)
    stage.up.call("POST", f"/flow_runs/{done['into-pl-PL']['id']}/set_state", state={"type": "CANCELLING"})
    stage.up.until(done["into-pl-PL"]["id"], "CANCELLED")


def test_no_death_loses_a_run_that_sleeps_or_buys_twice(stage: Stage, narrated: Path) -> None:
    """Runs that die before the server knows that they sleep, and before they have gone; then whoever wakes dies."""
    before = len(stage.charges())
    (stage.die / "into-fr-FR.noted").touch()
    (stage.die / "into-de-DE.told").touch()
    noted, told = (stage.start(locale, narrated) for locale in ("fr-FR", "de-DE"))
    for run in (noted, told):
        stage.until_seen(run, "Crashed")
        stage.up.until(run, "COMPLETED", "FAILED")
    assert not list(stage.die.iterdir())
    plain = stage.start("it-IT", narrated)
    stage.up.until(plain, "PAUSED", "COMPLETED")
    # Only now: a run that is at work would end with it, and that is another story.
    os.kill(_served(stage.up.process.pid), signal.SIGKILL)
    for run in (noted, told, plain):
        done = stage.up.until(run, "COMPLETED", "FAILED")
        assert done["state"]["type"] == "COMPLETED", (done["state"], stage.states(run))
    states = {run: [name for name, _ in stage.states(run)] for run in (noted, told, plain)}
    assert "Suspended" not in states[noted], states[noted]
    assert "Suspended" in states[told], states[told]
    assert len(stage.charges()) == before + 3
    assert [row for row in stage.ledger("wait") if row.run_id in states] == []


@pytest.fixture
def films(narrated: Path) -> Iterator[str]:
    """Where the narrated video is on the web: this vendor only fetches."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(narrated)))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_revision_that_is_killed_half_way_goes_on_with_one_purchase(
    stage: Stage, narrated: Path, films: str, polyreel: Any
) -> None:
    """Killed when its order is taken and the vendor is at work on it: it goes on, both versions are kept, and what
    somebody edits while it sleeps stays."""
    shutil.copy(narrated / "narrated.es-ES.srt", stage.folder)
    target = {"locale": "es-ES", "subtitles": str(stage.folder / "narrated.es-ES.srt")}
    dubbing = {"provider": "dubformer", "credentials": "studio"}
    source = {"media": f"{films}/narrated.mp4", "locale": "en-US"}
    job = stage.job("es-ES") | {"name": "revised", "source": source, "targets": [target], "dubbing": dubbing}
    before = len(stage.charges())
    first = stage.up.until(stage._create("localise", {"job": job}), "COMPLETED", "FAILED")["state"]
    assert (first["type"], len(stage.charges())) == ("COMPLETED", before + 1), first
    (stage.die / "revised.noted").touch()
    order = {"locale": "es-ES", "by": "Ana", "why": "warmer", "lines": "1: Buenas."}
    run = stage._create("revise", {"job": job, "revision": order})
    stage.until_seen(run, "Crashed")
    done = stage.up.until(run, "COMPLETED", "FAILED")
    assert done["state"]["type"] == "COMPLETED", (done["state"], stage.states(run))
    assert not list(stage.die.iterdir())
    assert len(stage.charges()) == before + 1
    file = stage.folder / "revised.json"
    file.write_text(json.dumps(job))
    (listed,) = polyreel("versions", file, "--json", POLYREEL_HOME=str(stage.up.home)).json
    assert [(each["by"], each["reason"]) for each in listed["versions"]] == [("", ""), ("Ana", "warmer")]
    assert not listed["stale"]
    written = (stage.folder / "out" / "revised" / "es-ES" / "revised.es-ES.srt").read_text()
    assert "Buenas." in written

    wrong = stage._create("revise", {"job": job, "revision": order | {"lines": "99: Nada."}})
    said = stage.up.until(wrong, "COMPLETED", "FAILED")["state"]
    assert (said["type"], "there is no line 99" in said["message"]) == ("FAILED", True), said


def _served(parent: int) -> int:
    """The process of the served deployments, below `polyreel up`."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(int(each) for each in children if b"deployments.runner.served" in _command(each))


def _command(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
