"""Deployed runs that wait for people: no process is held, a decision lets them go on, and no death loses one."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.servers
log = logging.getLogger(__name__)


@dataclass
class Stage:
    """A `polyreel up`, and where a run is told to die."""

    up: Any
    die: Path

    def start(self, job: dict[str, Any]) -> str:
        """Ask for a run of this job; its id."""
        deployment = self.up.call("GET", "/deployments/name/localise/localise")["id"]
        made = self.up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters={"job": job})
        return str(made["id"])

    def until_held(self, run: str) -> dict[str, Any]:
        """The run, once it sleeps and has no process."""
        found: dict[str, Any] = self.up.until(run, "PAUSED", "COMPLETED", "FAILED", "CRASHED")
        assert found["state"]["type"] == "PAUSED", found["state"]
        deadline = time.monotonic() + 20
        while locks := list((self.up.home / "up" / "runs").glob("*.lock")):
            assert time.monotonic() < deadline, locks
            time.sleep(0.1)
        return found

    def until_asked_again(self, run: str, keys: dict[str, str]) -> dict[str, Any]:
        """The run, once it is suspended with another form than the one under ``keys``."""
        deadline = time.monotonic() + 60
        while (found := self.until_held(run))["state"]["state_details"]["run_input_keyset"] in (keys, None):
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found

    def resume(self, run: str, entered: dict[str, Any]) -> Any:
        """Resume a run as the UI's form does."""
        return self.up.call("POST", f"/flow_runs/{run}/resume", run_input=entered)

    def shown(self, run: str, key: str) -> str:
        """An input of a run, as it is kept."""
        return str(httpx.get(f"{self.up.api}/flow_runs/{run}/input/{key}", trust_env=False).text)

    def done(self, run: str) -> None:
        """See that the run ends well."""
        found = self.up.until(run, "COMPLETED", "FAILED")
        assert found["state"]["type"] == "COMPLETED", found["state"]

    def resumed_at(self, run: str) -> float:
        """When it was last resumed."""
        found = self.up.call("GET", f"/flow_run_states/?flow_run_id={run}")
        times = [datetime.fromisoformat(each["timestamp"]) for each in found if each["name"] == "Resuming"]
        return max(times).timestamp()


@pytest.fixture(scope="module")
def stage(start_up: Any, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("reviewed")
    (folder / "die").mkdir()
    up = start_up(
        folder / "home",
        *("--inbox-every", "3600", "--jobs-at-once", "4"),
        POLYREEL_TESTS_DIE=str(folder / "die"),
        PYTHONPATH=str(Path(__file__).with_name("dying")),
    )
    return Stage(up, folder / "die")


@pytest.fixture
def job_of(narrated: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A short job on copies of the narrated video and its scripts: ``job_of("name", "es-ES", review=["final"])``."""

    def make(name: str, *locales: str, **changes: Any) -> dict[str, Any]:
        for file in ("narrated.mp4", *(f"narrated.{locale}.srt" for locale in ("en-US", *locales))):
            shutil.copy(narrated / file, tmp_path / file)
        source = {"media": f"{tmp_path}/narrated.mp4", "locale": "en-US", "subtitles": f"{tmp_path}/narrated.en-US.srt"}
        return {
            "name": name,
            "source": source,
            "trim": {"start": 0, "end": 5},
            "targets": [{"locale": each, "subtitles": f"{tmp_path}/narrated.{each}.srt"} for each in locales],
            "delivery": [{"to": "folder", "path": f"{tmp_path}/out"}],
            **changes,
        }

    return make


def decide_in_store(job: dict[str, Any], locale: str) -> None:
    """An approval whose author dies before anything but the store knows of it."""
    from polyreel.job import Job
    from polyreel.review.decisions import Reviewer, approve
    from polyreel.review.events import ReviewKey
    from polyreel.review.log import ReviewLog
    from polyreel.store.local import LocalStore

    key = ReviewKey.of(Job.model_validate(job), locale)
    asyncio.run(ReviewLog(LocalStore()).write(key, approve(Reviewer("Ana"))))


def test_decisions_let_a_sleeping_run_go_on_and_deliver(
    stage: Stage, job_of: Callable[..., dict[str, Any]], polyreel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both stages, two languages; by form, by command, by who died after the store: each is told and seen in seconds.

    What is entered in the form and does not fit is asked again, with why; the other language's decision counts.
    """
    home = {"POLYREEL_HOME": str(stage.up.home)}
    job = job_of("reviewed", "es-ES", "fr-FR", review=["script", "final"])
    run = stage.start(job)
    held = stage.until_held(run)
    assert held["state"]["name"] == "Held"
    assert f"{stage.up.api.removesuffix('/api')}/review/reviewed~" in held["state"]["message"]
    (row,) = polyreel("jobs", "--json", **home).json["jobs"]
    assert (row["state"], row["who"]) == ("held", "you"), row
    keys = held["state"]["state_details"]["run_input_keyset"]
    assert "narrated" not in stage.shown(run, keys["description"])
    refused = stage.resume(run, {"reviewer": "Ana", "de-DE": {"decision": "approve"}})
    assert (refused["status"], "de-DE" in refused["details"]["reason"]) == ("REJECT", True), refused
    spanish = {"decision": "approve", "edits": "99: Nada."}
    stage.resume(run, {"reviewer": "Ana", "es-ES": spanish, "fr-FR": {"decision": "approve", "reason": "bien"}})
    keys = stage.until_asked_again(run, keys)["state"]["state_details"]["run_input_keyset"]
    assert "there is no line 99" in stage.shown(run, keys["description"])
    assert '"default":"99: Nada."' in stage.shown(run, keys["schema"])
    assert "The dub waits" in stage.shown(run, keys["description"]), "the other language has gone on"
    said = polyreel("review", "reviewed", "es-ES", "--approve", "--by", "Ana", **home)
    assert "goes on by itself" in said.stdout, said
    while str(waiting(polyreel, home)).count("final waiting") < 2:
        time.sleep(0.5)
    stage.until_held(run)
    before = time.time()
    assert polyreel("review", "reviewed", "es-ES", "--approve", "--by", "Ana", **home).code == 0
    out = tmp_path / "out" / "reviewed"
    deadline = time.monotonic() + 60
    while not (out / "es-ES" / "reviewed.es-ES.mp4").exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    stage.until_held(run)
    log.warning("resumed %.2f s after the command began", stage.resumed_at(run) - before)
    assert not (out / "fr-FR").exists()
    monkeypatch.setenv("POLYREEL_HOME", str(stage.up.home))
    decided = time.time()
    decide_in_store(job, "fr-FR")
    stage.done(run)
    assert stage.resumed_at(run) - decided < 10
    assert (out / "fr-FR" / "reviewed.fr-FR.mp4").exists()


def waiting(polyreel: Any, home: dict[str, str]) -> list[dict[str, str]]:
    """What `polyreel review` lists, the stage and how it stands in one word."""
    found = polyreel("review", "--json", **home).json
    return [{"standing": f"{each['stage']} {each['standing']}"} for each in found]


def test_no_death_loses_a_decision(
    stage: Stage, job_of: Callable[..., dict[str, Any]], polyreel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs killed on their way to sleep, before and after the server knows; decided on when nothing of them is left."""
    home = {"POLYREEL_HOME": str(stage.up.home)}
    monkeypatch.setenv("POLYREEL_HOME", str(stage.up.home))
    runs = {}
    for name in ("noted", "told"):
        job = f"killed-{name}-{uuid.uuid4().hex[:6]}"  # a second try finds nothing of the first one's
        (stage.die / f"{job}.{name}").touch()
        runs[job] = stage.start(job_of(job, "es-ES", review=["final"]))
    for job, run in runs.items():
        stage.up.until(run, "CRASHED")
        assert polyreel("review", job, "es-ES", "--approve", "--by", "Ana", **home).code == 0
        again = polyreel("review", job, "es-ES", "--approve", "--by", "Luis", **home)
        assert again.code == 0 or "it was delivered already" in again.stderr  # as soon as that
    for run in runs.values():
        stage.done(run)
    assert not list(stage.die.iterdir())
