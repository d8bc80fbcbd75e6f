"""Work pools: `polyreel deploy` registers what prefect.yaml has, and a worker of Prefect's own runs a job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "prefect.yaml"


def ask(server: str, path: str) -> Any:
    return httpx.get(f"{server}{path}", trust_env=False, timeout=60).raise_for_status().json()


def test_every_deployment_of_the_file_says_all_that_it_should() -> None:
    """Description, tags, the package's version, an enforced schema, and a limit with its collision strategy."""
    for each in yaml.safe_load(FILE.read_text())["deployments"]:
        assert each["description"].endswith(".")
        assert each["tags"] == ["polyreel"]
        assert each["version"] == version("polyreel")
        assert each["enforce_parameter_schema"] is True
        assert each["concurrency_limit"].keys() == {"limit", "collision_strategy"}
        assert "secret" not in json.dumps(each), "secrets are for pools to look up, not for deployments to hold"


def test_a_worker_runs_a_job_of_the_process_pool(
    polyreel: Any, polyreel_home: Path, prefect_server: str, work: Any
) -> None:
    """Registered and handed in, the job is run by `prefect worker start`; what it finished is where every run looks."""
    done = polyreel("deploy", "--file", FILE)
    assert done.code == 0, done.stderr
    made = ask(prefect_server, "/deployments/name/localise/localise")
    assert (made["work_pool_name"], made["entrypoint"]) == ("reels", "flows.localise.localise")
    assert made["parameter_openapi_schema"]["additionalProperties"] is False

    job = work("es-ES", name="in-the-pool", trim={"end": 3})
    handed = polyreel("submit", job, "--json").json
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "reels", "--run-once"]
    env = {**os.environ, "POLYREEL_HOME": str(polyreel_home), "PREFECT_API_URL": prefect_server}
    env |= {
        "PREFECT_HOME": str(polyreel_home / "worker"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    worked = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)
    told = polyreel("status", handed["run"], "--json").json
    assert told.get("message") == "1 of 1 delivered", (told, worked.stdout, worked.stderr)
    again = polyreel("run", job, "--json")
    assert set(again.json["languages"]["es-ES"]["stages"].values()) == {"cached"}


def test_templates_keep_resources_and_look_secrets_up(polyreel: Any, prefect_server: str) -> None:
    """Container and pod have limits; the pool names the block or the cluster's secret, and no value of it."""
    done = polyreel("deploy", "localise-docker", "localise-kubernetes", "--file", FILE)
    assert done.code == 0, done.stderr
    docker = ask(prefect_server, "/work_pools/reels-docker")["base_job_template"]
    variables = {name: each.get("default") for name, each in docker["variables"]["properties"].items()}
    assert variables["mem_limit"]
    assert variables["env"]["PREFECT_API_AUTH_STRING"] == "{{ prefect.blocks.secret.polyreel-api-auth }}"
    pod = ask(prefect_server, "/work_pools/reels-kubernetes")["base_job_template"]
    container = pod["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert container["envFrom"][0]["secretRef"]["name"] == "{{ secret }}"
    assert ask(prefect_server, "/deployments/name/localise/localise-docker")["job_variables"] == {}


@pytest.mark.parametrize(
    ("arguments", "reason"), [(["nobody"], "no deployment nobody"), (["--file", "x"], "no deployments")]
)
def test_what_can_not_be_registered_is_said(polyreel: Any, arguments: list[str], reason: str) -> None:
    """A name that the file has not, or a file that is none: exit code 2 and the reason."""
    done = polyreel("deploy", *(arguments if "--file" in arguments else [*arguments, "--file", str(FILE)]))
    assert done.code == 2
    assert reason in done.stderr
