"""One job, run twice at the same time by the real command line: bought once, brought once, and both runs end well."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.vendors_deliveries import (
    PLACES,
    SAVED,
    count_films,
    describe_place,
    list_accounts,
    open_object_store,
    write_scripts,
)
from benchmarks.vendors_stage import Stage, make_film, open_stage
from tests.integration.ledger.conftest import DATABASES, new_address, postgresql
from tests.warm_commands import Command, Running, WarmCommands

__all__ = ["new_address", "postgresql"]  # fixtures
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
BUYING = {"panjaya": "/v1/assets/*/languages", "dubformer": "/api/v1/projects"}
_done: set[str] = set()


@dataclass
class Pair:
    """A job, and the two runs of it."""

    stage: Stage
    store: Any
    at: Path
    provider: str
    env: dict[str, str]
    commands: WarmCommands
    name: str = field(default_factory=lambda: f"pair-{uuid.uuid4().hex[:8]}")
    runs: list[Running] = field(default_factory=list)

    def write_job(self) -> Path:
        """One language, by one vendor, to every place there is."""
        scripts = write_scripts(self.at / "scripts", self.name)
        media = f"{self.stage.film_url}?of={self.name}"
        job = {
            "name": self.name,
            "source": {"media": media, "locale": "en-US", "subtitles": scripts["en-US"]},
            "targets": [{"locale": "es-ES", "subtitles": scripts["es-ES"]}],
            "dubbing": {"provider": self.provider, "credentials": SAVED},
            "delivery": [describe_place(place, self.name, self.at) for place in PLACES],
        }
        (self.at / "job.yaml").write_text(json.dumps(job))
        return self.at / "job.yaml"

    def start(self) -> Running:
        """One more run, with its lines of progress in a file of its own."""
        command = Command(("run", str(self.at / "job.yaml")), self.env, self.at)
        said = (self.at / f"run-{len(self.runs)}.log").open("w")
        out = (self.at / f"run-{len(self.runs)}.out").open("w")
        with said, out:
            run = self.commands.start(command, out, said)
        self.runs.append(run)
        return run

    def said(self, number: int) -> str:
        """What a run has said of its progress so far."""
        return (self.at / f"run-{number}.log").read_text()

    def until_said(self, number: int, words: str, within: float = 120) -> None:
        """Wait for a line of a run."""
        deadline = time.monotonic() + within
        while words not in self.said(number):
            assert self.runs[number].poll() is None, self.said(number)
            assert time.monotonic() < deadline, self.said(number)
            time.sleep(0.05)

    def end(self, number: int) -> None:
        """See that a run ends well."""
        code = self.runs[number].wait(200)
        assert code == 0, f"run {number}: {code}\n{self.said(number)}\n{(self.at / f'run-{number}.out').read_text()}"

    def count(self) -> dict[str, int]:
        """How many films lie at each place."""
        return {place: count_films(self.stage, self.store, self.at, self.name, place) for place in PLACES}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Any]]:
    """The five vendors, a film that they can fetch, and an object store."""
    at = tmp_path_factory.mktemp("stage")
    with ExitStack() as stack:
        stage = stack.enter_context(open_stage(at, make_film(at)))
        yield stage, stack.enter_context(open_object_store())


@pytest.fixture
def make_pair(
    places: tuple[Stage, Any],
    polyreel: Any,
    polyreel_home: Path,
    prefect_server: str,
    tmp_path: Path,
    warm_commands: WarmCommands,
) -> Iterator[Callable[..., Pair]]:
    """A job that nobody has run yet: ``make_pair("panjaya")``."""
    stage, store = places
    if stage.url not in _done:
        for vendor, fields in list_accounts(stage, store).items():
            settings = [part for name, value in fields.items() for part in ("--set", f"{name}={value}")]
            assert polyreel("credentials", "save", vendor, SAVED, *settings).code == 0
        _done.add(stage.url)
    made: list[Pair] = []

    def make(provider: str, **more: str) -> Pair:
        own = {"POLYREEL_HOME": str(polyreel_home), "PREFECT_API_URL": prefect_server}
        env = {**os.environ, **own, "POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8", **more}
        pair = Pair(stage, store, tmp_path, provider, env, warm_commands)
        pair.write_job()
        made.append(pair)
        return pair

    yield make
    stage.calm()
    for run in [run for pair in made for run in pair.runs if run.poll() is None]:
        run.kill()


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("provider", BUYING)
@pytest.mark.parametrize("moment", ["at once", "while the first buys", "the first is killed as it buys"])
def test_two_runs_buy_once(
    make_pair: Callable[..., Pair], new_address: Callable[[str], str], provider: str, moment: str, database: str
) -> None:
    """And each language is at each place once."""
    pair = make_pair(provider, POLYREEL_LEDGER_URL=new_address(database))
    before = pair.stage.minutes_left(provider)
    if moment != "at once":
        # The vendor has sold, and its answer is on the way for long enough for a second run to come that far.
        seconds = 0.6 if moment == "while the first buys" else 5
        pair.stage.arm(kind="dripping", vendor=provider, method="POST", path=BUYING[provider], seconds=seconds)
    first = pair.start()
    if moment != "at once":
        pair.until_said(0, "es-ES: script")
        _wait_until(lambda: not pair.stage.list_armed())
    pair.start()
    if moment == "the first is killed as it buys":
        pair.until_said(1, "waits for another run that is making the same")
        first.kill()
    else:
        pair.end(0)
    pair.end(1)
    assert len(pair.stage.list_made(provider, pair.name)) == 1
    assert before - pair.stage.minutes_left(provider) == 1
    assert pair.count() == dict.fromkeys(PLACES, 1)


def _wait_until(true: Callable[[], bool], within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "this did not come about"
        time.sleep(0.05)


@pytest.mark.parametrize("provider", BUYING)
@pytest.mark.parametrize("moment", ["while the first delivers", "the first is killed as it delivers"])
def test_two_runs_deliver_once(make_pair: Callable[..., Pair], provider: str, moment: str) -> None:
    """The second waits at the libraries that the first is sending to, says so, and finds or completes what is there."""
    pair = make_pair(provider)
    for method in ("PUT", "POST"):
        pair.stage.arm(kind="slow", vendor="files", method=method, seconds=8, times=0)
    first = pair.start()
    pair.until_said(0, "es-ES: check done")
    pair.start()
    pair.until_said(1, "waits for another run that is at work there")
    if moment == "the first is killed as it delivers":
        assert first.poll() is None
        first.kill()
        pair.stage.calm()
    else:
        pair.stage.calm()
        pair.end(0)
    pair.end(1)
    assert len(pair.stage.list_made(provider, pair.name)) == 1
    assert pair.count() == dict.fromkeys(PLACES, 1)
