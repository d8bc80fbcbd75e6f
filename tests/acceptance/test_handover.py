"""A vendor fails at run time: who else is paid, what is held back, and what the budget says to that."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from benchmarks.vendors_deliveries import list_accounts
from benchmarks.vendors_stage import Stage, open_stage
from polyreel.engine.models.registry import SPLEETER

LOOPBACK = {"POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8"}
HERE = {"provider": "embedded", "voices": "basic"}
PANJAYA = {"provider": "panjaya", "credentials": "handed"}
DUBFORMER = {"provider": "dubformer", "credentials": "handed"}
LANGUAGES = "/v1/assets/*/languages"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, narrated: Path) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("vendors"), narrated / "narrated.mp4") as stage:
        yield stage


class Runs:
    """Runs one job, and says what it cost at each vendor."""

    def __init__(self, polyreel: Callable[..., Any], stage: Stage, narrated: Path, folder: Path) -> None:
        self._polyreel, self._stage, self._narrated, self._folder = polyreel, stage, narrated, folder
        for vendor, account in list_accounts(stage, _NoStore()).items():
            if vendor in ("panjaya", "dubformer", "nomad"):
                fields = [f"--set={name}={value}" for name, value in account.items()]
                assert polyreel("credentials", "save", vendor, "handed", *fields).code == 0

    def run(self, *ways: dict[str, Any], by_url: bool = False, **more: Any) -> tuple[dict[str, Any], float, float]:
        """The outcome, and the minutes that Panjaya and Dubformer took for it."""
        name = self._folder.name.replace("_", "-").lower()
        film = f"{self._stage.film_url}?of={name}" if by_url else str(self._narrated / "narrated.mp4")
        # Its own script: the ledger knows purchases by their reel and script, whatever the job is called.
        words = (self._narrated / "narrated.es-ES.srt").read_text().replace(" un rato", f" {sum(name.encode())} ratos")
        script = self._folder / "script.es-ES.srt"
        script.write_text(words)
        job = {
            "name": name,
            "source": {"media": film, "locale": "en-US"},
            "targets": [{"locale": "es-ES", "subtitles": str(script)}],
            "dubbing": ways[0],
            "fallback": list(ways[1:]),
            "delivery": [{"to": "folder", "path": str(self._folder / "out")}],
            **more,
        }
        (self._folder / "job.yaml").write_text(json.dumps(job))
        self.job = self._folder / "job.yaml"
        before = [self._stage.minutes_left(vendor) for vendor in ("panjaya", "dubformer")]
        ended = self._polyreel("run", self._folder / "job.yaml", "--json", **LOOPBACK)
        after = [self._stage.minutes_left(vendor) for vendor in ("panjaya", "dubformer")]
        return json.loads(ended.stdout), before[0] - after[0], before[1] - after[1]


class _NoStore:
    class meta:  # noqa: N801 - as boto3 calls it
        endpoint_url = "http://127.0.0.1:1"


@pytest.fixture
def runs(polyreel: Callable[..., Any], stage: Stage, narrated: Path, tmp_path: Path) -> Iterator[Runs]:
    yield Runs(polyreel, stage, narrated, tmp_path)
    stage.calm()


def describe_outcome(outcome: dict[str, Any]) -> str:
    return json.dumps(outcome["languages"]["es-ES"], ensure_ascii=False)


def test_an_upload_that_ends_in_a_500_is_dubbed_by_the_next(
    runs: Runs, stage: Stage, on_the_shelf: Callable[..., None]
) -> None:
    """An asset without a language is charged nothing, whether it was made or not. This machine parts the sound."""
    on_the_shelf(SPLEETER)
    stage.arm(kind="status", status=500, vendor="panjaya", method="POST", path="/v1/assets/upload", times=0)
    outcome, panjaya, _ = runs.run(PANJAYA, HERE)
    assert (outcome["status"], panjaya, outcome["paid"]) == ("completed", 0, []), describe_outcome(outcome)
    assert "Dubbed another way (embedded)" in describe_outcome(outcome)
    assert (outcome["separation"], [note for note in outcome["notes"] if "Separated by" in note]) == ("learned", [])
    checks = {each["name"] for each in outcome["languages"]["es-ES"]["checks"]}
    assert "background_speech" in checks  # of the clean background that is under the speech


def test_a_language_whose_answer_was_lost_is_looked_for_before_another_is_paid(runs: Runs, stage: Stage) -> None:
    """It was taken: it is waited for, and nobody else dubs it."""
    stage.arm(kind="reset_after", vendor="panjaya", method="POST", path=LANGUAGES)
    outcome, panjaya, dubformer = runs.run(PANJAYA, DUBFORMER, by_url=True)
    assert (outcome["status"], panjaya, dubformer) == ("completed", 1, 0), describe_outcome(outcome)


def test_a_language_that_was_not_taken_is_dubbed_by_the_next(runs: Runs, stage: Stage) -> None:
    """The asset says that it has no such language: another vendor may be paid."""
    stage.arm(kind="status", status=500, vendor="panjaya", method="POST", path=LANGUAGES, times=0)
    outcome, panjaya, dubformer = runs.run(PANJAYA, DUBFORMER, by_url=True)
    assert (outcome["status"], panjaya, dubformer) == ("completed", 0, 1), describe_outcome(outcome)


def test_who_was_paid_is_known_where_the_store_is_not(runs: Runs, stage: Stage, polyreel_home: Path) -> None:
    """Another machine with the same ledger, or a store that was lost: the first choice works again, and is not paid."""
    stage.arm(kind="status", status=500, vendor="panjaya", method="POST", path=LANGUAGES, times=0)
    outcome, panjaya, dubformer = runs.run(PANJAYA, DUBFORMER, by_url=True)
    assert (outcome["status"], panjaya, dubformer) == ("completed", 0, 1), describe_outcome(outcome)
    stage.calm()
    for name in ("store", "results"):
        shutil.rmtree(polyreel_home / name, ignore_errors=True)
    outcome, panjaya, dubformer = runs.run(PANJAYA, DUBFORMER, by_url=True)
    assert (outcome["status"], panjaya, dubformer) == ("completed", 0, 0), describe_outcome(outcome)


def test_one_account_by_other_options_is_a_fallback_that_is_not_paid_as_well(runs: Runs) -> None:
    """What the first way has bought is not taken for the second one's, which would buy it once more."""
    ways = ({**PANJAYA, "lips_model": "real_face"}, PANJAYA)
    outcome, panjaya, _ = runs.run(*ways, by_url=True)
    assert (outcome["status"], panjaya) == ("completed", 1), describe_outcome(outcome)
    outcome, panjaya, _ = runs.run(*ways, by_url=True)
    assert (outcome["status"], panjaya) == ("completed", 0), describe_outcome(outcome)


@pytest.mark.parametrize(("way", "step"), [(PANJAYA, "generate"), (DUBFORMER, "dub")])
def test_what_a_person_has_settled_away_is_bought_anew(
    runs: Runs, stage: Stage, polyreel: Callable[..., Any], way: dict[str, Any], step: str
) -> None:
    """The vendor failed at it, for a reason that has passed: the receipt that was kept is waited for no more."""
    stage.arm(kind="job_fails", vendor=way["provider"], path=step)
    outcome, *paid = runs.run(way, by_url=True)
    remedy = outcome["languages"]["es-ES"]["error"]["remedy"]
    assert (outcome["status"], sum(paid)) == ("failed", 1), describe_outcome(outcome)
    key = remedy.partition("polyreel ledger settle ")[2].split()[0]
    assert polyreel("ledger", "settle", key, "--not-bought").code == 0
    for minutes in (1, 0):
        outcome, *paid = runs.run(way, by_url=True)
        assert (outcome["status"], sum(paid)) == ("completed", minutes), describe_outcome(outcome)


def test_what_may_have_been_bought_waits_for_the_next_run(runs: Runs, stage: Stage) -> None:
    """The project may be there, and its list can't be read: nobody else is paid, and it is said why."""
    stage.arm(kind="status", status=500, vendor="dubformer", path="/api/v1/projects", times=0)
    outcome, panjaya, _ = runs.run(DUBFORMER, PANJAYA, by_url=True)
    error = outcome["languages"]["es-ES"]["error"]
    assert (outcome["status"], panjaya) == ("failed", 0), describe_outcome(outcome)
    assert "It was not given to Panjaya: Dubformer has, or may have, taken it" in error["remedy"]
    # Away as a whole: that this run could ask for nothing says nothing of what the last one has bought.
    stage.arm(kind="status", status=503, vendor="dubformer", times=0)
    outcome, panjaya, _ = runs.run(DUBFORMER, PANJAYA, by_url=True)
    assert (outcome["status"], panjaya) == ("failed", 0), describe_outcome(outcome)
    stage.calm()
    outcome, panjaya, dubformer = runs.run(DUBFORMER, PANJAYA, by_url=True)
    assert (outcome["status"], panjaya, dubformer) == ("completed", 0, 1), describe_outcome(outcome)


def test_a_project_that_was_not_made_is_dubbed_by_the_next(runs: Runs, stage: Stage) -> None:
    """Dubformer's list says that it is not there."""
    stage.arm(kind="status", status=500, vendor="dubformer", method="POST", path="/api/v1/projects", times=0)
    outcome, panjaya, dubformer = runs.run(DUBFORMER, PANJAYA, by_url=True)
    assert (outcome["status"], panjaya, dubformer) == ("completed", 1, 0), describe_outcome(outcome)


def test_a_reel_that_can_not_be_staged_is_dubbed_by_the_next(runs: Runs, stage: Stage) -> None:
    """What was to be staged for the vendor costs nothing there, and the vendor was not asked yet."""
    stage.arm(kind="status", status=500, vendor="nomad", method="POST", path="/asset/upload/start", times=0)
    stage.arm(kind="status", status=500, vendor="nomad", method="POST", path="/api/asset/upload/start", times=0)
    staging = {"to": "nomad", "credentials": "handed", "path": "handed"}
    outcome, _, dubformer = runs.run(DUBFORMER, HERE, staging=staging)
    assert (outcome["status"], dubformer) == ("completed", 0), describe_outcome(outcome)


def test_a_fallback_that_costs_more_than_is_left_is_refused(runs: Runs, stage: Stage) -> None:
    """Panjaya has charged a minute for nothing; a second one is more than the job may cost. In figures."""
    stage.arm(kind="job_fails", vendor="panjaya", path="generate", times=0)
    outcome, panjaya, dubformer = runs.run(PANJAYA, DUBFORMER, by_url=True, budget={"minutes": 1.5})
    error = outcome["languages"]["es-ES"]["error"]
    assert (outcome["status"], panjaya, dubformer) == ("failed", 1, 0), describe_outcome(outcome)
    assert error["code"] == "over_budget"
    assert "cost 2 minutes, 1 minute of them paid before, and the budget is 1.5 minutes" in error["message"]
    assert [each["provider"] for each in outcome["paid"]] == ["panjaya"]
    # What costs nothing is not refused; and the minute that was lost is told by this run, too.
    outcome, panjaya, dubformer = runs.run(PANJAYA, DUBFORMER, HERE, by_url=True, budget={"minutes": 1.5})
    assert [(each["provider"], each["minutes"]) for each in outcome["paid"]] == [("panjaya", 1)]
    assert (outcome["status"], panjaya, dubformer) == ("completed", 0, 0), describe_outcome(outcome)


def test_a_silent_film_is_bought_from_nobody(runs: Runs, stage: Stage, tmp_path: Path, narrated: Path) -> None:
    """Panjaya would fail at it and charge nothing, and the outcome had a minute paid. This machine reads the script."""
    film, silent = narrated / "narrated.mp4", tmp_path / "silent.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(film), "-c:v", "copy"]
    subprocess.run([*command, "-af", "volume=0", str(silent)], check=True, timeout=120)
    source = {"media": str(silent), "locale": "en-US"}
    outcome, panjaya, _ = runs.run(PANJAYA, source=source)
    assert (outcome["status"], outcome["paid"], panjaya) == ("failed", [], 0), describe_outcome(outcome)
    assert outcome["languages"]["es-ES"]["error"]["code"] == "empty_transcript"
    assert stage.list_made("panjaya", "silent") == []
    outcome, panjaya, _ = runs.run(PANJAYA, HERE, source=source)
    assert (outcome["status"], outcome["paid"], panjaya) == ("completed", [], 0), describe_outcome(outcome)
    assert "the reel is silent" in describe_outcome(outcome)


def test_what_the_balance_does_not_reach_for_is_dubbed_by_the_next_and_said_before(
    runs: Runs, stage: Stage, polyreel: Callable[..., Any], narrated: Path
) -> None:
    """One minute of two: one language is bought, the other is made here; who has no fallback is refused as ever."""
    staging = {"to": "nomad", "credentials": "handed", "path": "handed"}
    targets = [{"locale": each, "subtitles": str(narrated / f"narrated.{each}.srt")} for each in ("es-ES", "fr-FR")]
    stage.http.post("/sandbox/accounts/dubformer", json={"minutes": 1}).raise_for_status()
    try:
        outcome, _, dubformer = runs.run(DUBFORMER, staging=staging, targets=targets)
        assert (outcome["error"]["code"], dubformer) == ("balance_too_small", 0)
        assert "cost 2 minutes, and the account has 1 minute" in outcome["error"]["message"]
        job = json.loads(runs.job.read_text())
        runs.job.write_text(json.dumps({**job, "fallback": [HERE]}))
        told = "Given to this machine: Dubformer's account has 1 minute, and the dubs there cost 2 minutes."
        shown = json.loads(polyreel("plan", runs.job, "--json", **LOOPBACK).stdout)
        assert shown["languages"]["fr-FR"]["notes"] == [told]
        assert shown["languages"]["fr-FR"]["dubbing"]["provider"] == "this machine"
        assert (shown["languages"]["es-ES"]["dubbing"]["provider"], shown["quote"]["paid_minutes"]) == ("Dubformer", 1)
        assert told in polyreel("plan", runs.job, **LOOPBACK).stdout
        outcome, _, dubformer = runs.run(DUBFORMER, HERE, staging=staging, targets=targets)
        assert (outcome["status"], dubformer) == ("completed", 1), describe_outcome(outcome)
        assert told in outcome["languages"]["fr-FR"]["notes"]
        assert [each["locale"] for each in outcome["paid"]] == ["es-ES"]
    finally:
        stage.http.post("/sandbox/accounts/dubformer", json={"minutes": 10_000}).raise_for_status()
