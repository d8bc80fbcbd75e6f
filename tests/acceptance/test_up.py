"""`polyreel up` and every way in: API, submit, inbox on a schedule, batch, and the run that uses the server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.up_calls import SHORT, absolute, create, wait_for

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module", autouse=True)
def left_alone(up: Any) -> dict[str, str]:
    """Two runs of nobody's on the server: one gave a sign of life, now, and never will again; one never did."""
    flow = up.call("GET", "/flows/name/localise")["id"]
    running = {"type": "RUNNING", "name": "Running"}
    runs = {
        name: up.call("POST", "/flow_runs/", name=name, flow_id=flow, state=running)["id"] for name in ("dead", "new")
    }
    beat = {
        "id": str(uuid.uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{runs['dead']}"},
    }
    httpx.post(f"{up.api}/events", json=[beat], trust_env=False).raise_for_status()
    return runs


def test_a_run_made_through_the_api_delivers_and_is_drawn(up: Any, work: Any) -> None:
    """A good job in the API becomes a run, its files are there, and the UI has progress, table and summary."""
    job = work("es-ES", "fr-FR", name="through-the-api", **SHORT)
    made = create(up, absolute(job))
    assert made.status_code == 201, made.text
    run = up.until(made.json()["id"], "COMPLETED", "FAILED", "CRASHED")
    assert run["state"]["message"] == "2 of 2 delivered"
    assert (job.parent / "out" / "through-the-api" / "manifest.json").exists()
    found = up.call("POST", "/artifacts/filter", flow_runs={"id": {"any_": [run["id"]]}})
    drawn = {each["key"]: each["data"] for each in found if each["key"]}
    assert float(drawn["through-the-api-progress"]) == 100
    rows = json.loads(drawn["through-the-api-languages"])
    assert {row["language"]: row["state"] for row in rows} == {"es-ES": "delivered", "fr-FR": "delivered"}
    assert rows[0]["loudness"].endswith("LUFS")
    _links_open(up, run["id"], drawn["through-the-api-summary"])


def _links_open(up: Any, run: str, page: str) -> None:
    """Every link of the summary is answered, ranges included; what no manifest lists is not."""
    places = re.findall(r"\]\((\S+)\)", page)
    assert {f"{up.ui}/delivered/{run}/{name}" for name in ("report.html", "manifest.json")} < set(places)
    for place in places:
        answer = httpx.get(place, headers={"Range": "bytes=0-99"}, trust_env=False)
        assert answer.status_code == 206, place
        assert answer.headers["content-security-policy"].startswith("sandbox")
    for stranger in (f"{run}/../{run}/x", f"{run}/%2e%2e/%2e%2e/job.yaml", f"{run}/", "x/manifest.json"):
        assert httpx.get(f"{up.ui}/delivered/{stranger}", trust_env=False).status_code == 404


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"colour": "red"}, "job: colour: there is no such field"),
        ({"targets": 5}, "job: targets: is a list"),
        ({"targets": [{"locale": 5}]}, "job: targets[0].locale: must be text"),
        ({"name": "../out"}, "job: name: must be a slug"),
        ({"trim": {"start": -1}}, "job: trim.start: "),
        ({"budget": {"minutes": 10**15}}, "job: budget.minutes: "),
        ({"dubbing": {"provider": "nobody"}}, "job: dubbing: its `provider` is one of `embedded`, "),
        ({"delivery": [{"to": "tpstreams", "credentials": "x", "folder": 5}]}, "delivery[0].tpstreams.folder: must be"),
        ({"staging": {"to": "s3"}}, "job: staging.s3.path: is required"),
        ({"source": {}}, "job: source.media: is required; source.locale: is required"),
    ],
)
def test_the_api_refuses_a_bad_job_and_says_why(up: Any, work: Any, changes: dict[str, Any], reason: str) -> None:
    """The schema is enforced when the run is asked for: the answer names the field, and no run is made."""
    answer = create(up, absolute(work("es-ES"), **changes))
    assert answer.status_code == 409
    assert reason in answer.json()["detail"]


def test_a_misspelt_parameter_is_refused_too(up: Any, work: Any) -> None:
    """Nothing but ``job`` is a parameter."""
    body = {"parameters": {"job": absolute(work("es-ES")), "jobs": 1}}
    deployment = up.call("GET", "/deployments/name/localise/localise")
    answer = httpx.post(f"{up.api}/deployments/{deployment['id']}/create_flow_run", json=body, trust_env=False)
    assert answer.status_code == 409
    assert deployment["description"]
    assert deployment["tags"] == ["polyreel"]
    assert deployment["version"]


@pytest.mark.parametrize("media", [10**30, "half-a-character-\ud83d.mp4"])
def test_what_the_server_could_never_say_again_is_refused(up: Any, work: Any, media: Any) -> None:
    """One such run would be in the way of everybody who lists runs: the UI, status, and who starts them."""
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    job = absolute(work("es-ES"), source={"media": media, "locale": "en-US"})
    body = json.dumps({"parameters": {"job": job}, "enforce_parameter_schema": False}).encode()
    answer = httpx.post(f"{up.api}/deployments/{deployment}/create_flow_run", content=body, trust_env=False)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("This can't be kept: ")
    up.call("POST", "/flow_runs/filter", deployments={"id": {"any_": [deployment]}})


def test_prefects_own_commands_are_answered(up: Any) -> None:
    """They say null for what they leave out: `prefect deployment ls` and `prefect work-pool ls` do."""
    found = up.call("POST", "/deployments/filter", flows=None, deployments=None, limit=None, offset=0, sort=None)
    assert {each["name"] for each in found} == {
        "localise",
        "localise-inbox",
        "localise-batch",
        "revise",
        "housekeeping",
    }
    assert up.call("POST", "/work_pools/filter", limit=None, offset=0, work_pools=None) == []


@pytest.mark.parametrize(
    ("field", "place"),
    [("media", "/etc/passwd"), ("subtitles", "/proc/self/environ"), ("background", "file:///etc/hostname")],
)
def test_a_job_from_the_api_stays_below_the_allowed_folders(up: Any, work: Any, field: str, place: str) -> None:
    """Its run fails, says which path it was and which setting decides, and shows nothing of the file."""
    job = absolute(work("es-ES", name=f"outside-{field}"))
    job["source"][field] = place
    run = up.until(create(up, job).json()["id"], "COMPLETED", "FAILED", "CRASHED")
    assert run["state"]["type"] == "FAILED"
    assert place in run["state"]["message"]
    assert "--files" in run["state"]["message"]
    assert "root:" not in run["state"]["message"]


def test_a_job_from_the_api_delivers_below_the_allowed_folders(up: Any, work: Any) -> None:
    job = absolute(work("es-ES", name="elsewhere"), delivery=[{"to": "folder", "path": "/var/tmp/elsewhere"}])
    run = up.until(create(up, job).json()["id"], "COMPLETED", "FAILED", "CRASHED")
    assert "outside of the folders" in run["state"]["message"]
    assert not Path("/var/tmp/elsewhere").exists()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("localise", {}),
        ("localise", {"job": {"name": "x"}, "stranger": 1}),
        ("localise-batch", {}),
        ("localise-inbox", {}),
    ],
)
def test_a_run_that_can_not_begin_has_its_reason_in_its_state(up: Any, name: str, parameters: Any) -> None:
    """Made past the schema, as a schedule or a direct call does: never "exited with status code: 1"."""
    deployment = up.call("GET", f"/deployments/name/{name}/{name}")
    direct = {"deployment_id": deployment["id"], "parameters": parameters, "state": {"type": "SCHEDULED"}}
    deadline = time.monotonic() + 60
    state = "CANCELLED"
    while state == "CANCELLED" and time.monotonic() < deadline:  # left out: a round of the inbox is under way
        made = up.call("POST", "/flow_runs/", flow_id=deployment["flow_id"], **direct)
        run = up.until(made["id"], "COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        state = run["state"]["type"]
    assert state == "FAILED"
    assert "as its one parameter" in run["state"]["message"]


def test_targets_may_be_locales_alone(up: Any, work: Any) -> None:
    """The short form passes the API as it does a job file; here the run says that scripts are missing."""
    made = create(up, absolute(work("es-ES"), targets=["es-ES", "fr-FR"]))
    assert made.status_code == 201, made.text


def test_a_job_without_targets_says_what_it_could_make(up: Any, work: Any) -> None:
    """A script alone needs no language, so that the schema lets it through: its run says what is missing."""
    run = up.until(create(up, absolute(work("es-ES"), targets=[])).json()["id"], "FAILED", "COMPLETED", "CRASHED")
    assert run["state"]["type"] == "FAILED"
    assert "no targets: name a language to dub into" in run["state"]["message"]


def test_a_job_that_passes_the_schema_and_can_not_run_says_why(up: Any, work: Any, polyreel: Any) -> None:
    """What only the job's files show is said in the run's state, its summary, and whoever asks from another machine."""
    job = work("es-ES")
    nowhere = str(job.parent / "nowhere.mp4")  # below the folders that the server's owner allows
    made = create(up, absolute(job, source={"media": nowhere, "locale": "en-US"}))
    run = up.until(made.json()["id"], "FAILED", "COMPLETED")
    assert "/nowhere.mp4: no such file" in run["state"]["message"]
    drawn = up.call("POST", "/artifacts/filter", flow_runs={"id": {"any_": [run["id"]]}})
    (page,) = [each["data"] for each in drawn if (each["key"] or "").endswith("-summary")]
    assert "/nowhere.mp4: no such file" in page
    assert f"polyreel submit --again {run['id']}" in page
    shutil.rmtree(up.home / "results")
    told = polyreel("status", run["id"], "--json", **up.env()).json["outcome"]["error"]
    assert told["code"] == "invalid_input"
    assert "/nowhere.mp4: no such file" in told["message"]


def test_housekeeping_draws_all_jobs_when_something_changed(up: Any, work: Any, polyreel: Any) -> None:
    """A table and a page in the UI with who must act; a round after which nothing is new draws no other."""
    job = work("es-ES", name="for-somebody", review="script", **SHORT)
    assert polyreel("submit", job, **up.env()).code == 0
    asked = "es-ES: its script waits to be approved"
    while asked not in str(polyreel("jobs", "--job", "for-somebody", "--json", **up.env()).json):
        time.sleep(0.5)

    def draw() -> list[dict[str, Any]]:
        deployment = up.call("GET", "/deployments/name/housekeeping/housekeeping")["id"]
        run = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters={"housekeeping": {}})["id"]
        assert up.until(run, "COMPLETED", "FAILED", "CRASHED")["state"]["type"] == "COMPLETED"
        drawn: list[dict[str, Any]] = up.call("POST", "/artifacts/filter", flow_runs={"id": {"any_": [run]}})
        return drawn

    first = {each["key"]: each["data"] for each in draw()}
    assert f"**for-somebody**, held: {asked} →" in first["polyreel-overview"]
    (row,) = [each for each in json.loads(first["polyreel-jobs"]) if each["job"] == "for-somebody"]
    assert (row["turn"], row["why"], row["how they stand"]) == ("you", asked, "es-ES held")
    assert "polyreel-jobs" not in {each["key"] for each in draw()}


def test_the_same_job_submitted_twice_is_one_run(up: Any, work: Any, polyreel: Any) -> None:
    """submit derives its key from the job; --wait exits as run does; status, logs and --again follow."""
    job = work("es-ES", name="submitted", **SHORT)
    first = polyreel("submit", job, "--wait", "--json", **up.env())
    assert first.code == 0, first.stderr
    assert first.json["outcome"]["status"] == "completed"
    second = polyreel("submit", job, "--json", **up.env())
    assert second.json["run"] == first.json["run"]
    assert f"once more: polyreel submit --again {first.json['run']}" in second.stderr
    run = first.json["run"]
    assert polyreel("status", run, "--json", **up.env()).json["message"] == "1 of 1 delivered"
    listed = polyreel("status", "--json", "--limit", "200", **up.env()).json
    assert any(each["run"] == run for each in listed)
    # As with git, a beginning that no other run has will do; one that several have names them.
    others = [each["run"] for each in listed if each["run"] != run]
    short = next(run[:n] for n in range(4, 37) if not any(each.startswith(run[:n]) for each in others))
    assert polyreel("status", short, "--json", **up.env()).json["run"] == run
    wait_for(lambda: "es-ES · mux" in polyreel("logs", short, **up.env()).stdout, within=60)
    for wrong in ("abc", "not-an-id", "0" * 12):
        unknown = polyreel("cancel", wrong, "--json", **up.env())
        assert (unknown.code, unknown.json["error"]["code"]) == (2, "no_such_run"), unknown.json

    again = polyreel("submit", "--again", run, "--wait", "--json", **up.env())
    assert again.json["run"] != run
    assert set(again.json["outcome"]["languages"]["es-ES"]["stages"].values()) == {"cached"}


def test_a_bad_job_is_refused_before_it_is_sent(up: Any, work: Any, polyreel: Any) -> None:
    """submit reads the job as run does: exit code 2, and the error as JSON."""
    refused = polyreel("submit", work("es-ES", colour="red"), "--json", **up.env())
    assert refused.code == 2
    assert "colour" in refused.json["error"]["message"]


def test_run_uses_the_server_that_is_up(up: Any, work: Any, polyreel: Any) -> None:
    """`polyreel run` finds `polyreel up` through POLYREEL_HOME: its run is to be seen there."""
    done = polyreel("run", work("es-ES", name="from-the-shell", **SHORT), "--json", **up.env())
    assert done.code == 0, done.stderr
    found = up.call("POST", "/flow_runs/filter", flow_runs={"name": {"any_": ["from-the-shell"]}})
    assert [run["state"]["message"] for run in found] == ["1 of 1 delivered"]
    again = polyreel("submit", "--again", found[0]["id"], "--wait", "--json", **up.env())
    stages = again.json["outcome"]["languages"]["es-ES"]["stages"]
    assert set(stages.values()) == {"cached"}
    # What was done before is told to the server by one event: its pages show the same stages as of the first run.
    wait_for(lambda: set(up.stages(again.json["run"])) == set(up.stages(found[0]["id"])), within=60)
    assert {name for name, state in up.stages(again.json["run"]).items() if state == "Cached"} >= {
        f"es-ES · {stage}" for stage in stages
    }


def test_a_second_up_is_refused(up: Any) -> None:
    """One `polyreel up` per POLYREEL_HOME; the second says where the first is."""
    command = [sys.executable, "-m", "deployments.cli", "up", "--port", "0"]
    env = {**os.environ, "POLYREEL_HOME": str(up.home)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert up.ui in done.stderr


def test_a_server_that_wants_a_password_gets_it(
    tmp_path: Path, polyreel: Any, work: Any, new_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without PREFECT_API_AUTH_STRING one clear line; with it the server answers (that nothing is deployed there)."""
    from deployments.server.embedded_server import EmbeddedServer

    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "reel:secret")
    job = work("es-ES")
    with EmbeddedServer(new_database(tmp_path / "guarded")) as server:
        server.wait_until_ready()
        there = {"PREFECT_API_URL": server.address}
        refused = polyreel("submit", job, "--json", **there)
        known = polyreel("submit", job, "--json", **there, PREFECT_API_AUTH_STRING="reel:secret")
        run = polyreel("run", job, "--json", **there, PREFECT_API_AUTH_STRING="reel:wrong")
    assert (refused.code, refused.json["error"]["code"]) == (1, "unauthorized")
    assert (run.code, run.json["error"]["code"]) == (1, "unauthorized")
    assert known.json["error"]["code"] == "not_deployed"


def test_no_server_is_one_clear_line(polyreel: Any, work: Any) -> None:
    """Neither `polyreel up` nor PREFECT_API_URL: exit code 2 and what to do."""
    done = polyreel("submit", work("es-ES"), PREFECT_API_URL="")
    assert done.code == 2
    assert done.stderr.strip().endswith("Start `polyreel up`, or set PREFECT_API_URL. [no_server]")


def test_an_address_without_its_api_is_named(up: Any, work: Any, polyreel: Any) -> None:
    """The UI's address in place of the API's: whoever answers there is no server to a run."""
    for command in (["status"], ["run", work("es-ES")]):
        done = polyreel(*command, "--json", PREFECT_API_URL=up.ui)
        assert (done.code, done.json["error"]["code"]) == (1, "server_unreachable")
        assert "/api at its end" in done.json["error"]["remedy"]


def test_a_run_that_went_silent_is_marked(up: Any, left_alone: dict[str, str]) -> None:
    """The automation that `up` installs marks it once it was silent for 90 s: the last test, as that is long."""
    ended = up.until(left_alone["dead"], "CRASHED", within=150)
    assert "No sign of life for 90 s" in ended["state"]["message"]
    assert up.run(left_alone["new"])["state"]["type"] == "RUNNING"
    for run in left_alone.values():
        up.call("DELETE", f"/flow_runs/{run}")
