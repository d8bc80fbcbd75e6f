"""`polyreel up` with many jobs: an inbox on a schedule, batches, and a batch that is cancelled."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.up_calls import SHORT, absolute, wait_for
from tests.rehearsal import sandbox_at

pytestmark = pytest.mark.servers
UP_OPTIONS = ("--inbox-every", "10")


@pytest.mark.parametrize("place", ["/proc/inbox", "s3://"])
def test_an_inbox_that_can_be_none_is_said_at_once(polyreel: Any, place: str) -> None:
    """Not by a run that fails every minute."""
    done = polyreel("up", "--port", "0", "--inbox", place, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "invalid_input")
    assert place in done.json["error"]["message"]


def test_a_schedule_takes_what_is_left_in_the_inbox(up: Any, work: Any) -> None:
    """A job file is taken once, run, and put aside with its outcome; one still being written is left alone."""
    job = work("es-ES", name="left-in-the-inbox", **SHORT)
    content = json.dumps(absolute(job))
    wait_for(up.inbox.is_dir)
    with (up.inbox / "half.yaml").open("w") as half:
        half.write(content[:20])
        half.flush()
        shutil.copyfile(job, up.inbox / "welcome.part")
        (up.inbox / "bad.yaml").write_text("name: [")
        (up.inbox / "welcome.json").write_text(content)
        outcome = wait_for(lambda: _outcome(up.inbox / "done" / "welcome.outcome.json"))
        assert (up.inbox / "half.yaml").exists()
    assert outcome["status"] == "completed"
    assert (up.inbox / "done" / "welcome.json").read_text() == content
    assert Path(outcome["languages"]["es-ES"]["video"]).exists()
    bad = wait_for(lambda: _outcome(up.inbox / "done" / "bad.outcome.json"))
    assert bad["status"] == "failed"
    assert "not valid YAML" in bad["error"]["message"]
    (up.inbox / "half.yaml").unlink(missing_ok=True)
    made = up.call("POST", "/flow_runs/filter", flow_runs={"name": {"any_": ["left-in-the-inbox"]}})
    assert len(made) == 1


def _outcome(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def test_a_batch_says_what_came_of_each_and_runs_again_what_failed(up: Any, work: Any, polyreel: Any) -> None:
    """A CSV of two jobs, one of them with a video that is not there: exit code 3; mended, --failed runs that one."""
    job = work("es-ES", **SHORT)
    catalogue = job.parent / "catalogue.csv"
    head = "name,media,locale,targets,scripts,trim.end\n"
    row = "{name},{media},en-US,es-ES,narrated.{{locale}}.srt,6\n"
    missing = row.format(name="second", media="elsewhere.mp4")
    catalogue.write_text(head + row.format(name="first", media="narrated.mp4") + missing)
    done = polyreel("batch", catalogue, "--json", **up.env())
    assert done.code == 3, done.stderr
    assert done.json["message"] == "1 of 2 jobs delivered whole, 1 failed"
    assert "elsewhere.mp4" in done.json["jobs"]["second"]["error"]["message"]
    first = done.json["jobs"]["first"]["run"]

    shutil.copyfile(job.parent / "narrated.mp4", job.parent / "elsewhere.mp4")
    again = polyreel("batch", catalogue, "--failed", "--json", **up.env())
    assert again.code == 0, again.stderr
    assert again.json["jobs"]["first"]["run"] == first
    assert again.json["jobs"]["second"]["status"] == "completed"

    nothing = polyreel("batch", catalogue, "--failed", "--json", **up.env())
    assert (nothing.code, nothing.json["jobs"]) == (0, again.json["jobs"])


@pytest.mark.parametrize("folder", ["nomad:Courses/2026", "nomad:nothing", "tpstreams:nothing", "tpstreams:no/such"])
def test_a_folder_that_a_library_has_not_is_said_at_once(
    up: Any, work: Any, polyreel: Any, tmp_path_factory: pytest.TempPathFactory, folder: str
) -> None:
    """As an error of the job's, with what to do; no run is made."""
    vendor = folder.partition(":")[0]
    job = work("es-ES", source={"media": f"{vendor}:any", "locale": "en-US", "credentials": "shelf"}, **SHORT)
    with sandbox_at(tmp_path_factory.mktemp("vendors"), "--instant") as base:
        account = {"username": "sandbox", "password": "sandbox", "base_url": f"{base}/{vendor}"}
        account |= {"organization_id": "sandbox"} if vendor == "tpstreams" else {}
        fields = [f"--set={name}={value}" for name, value in account.items()]
        assert polyreel("credentials", "save", vendor, "shelf", *fields, **up.env()).code == 0
        done = polyreel("batch", "--each-of", folder, job, "--json", **up.env())
    assert (done.code, done.json["error"]["code"]) == (2, "vendor_not_found"), done.json
    assert done.json["error"]["message"] == f"--each-of: {vendor} has no folder {folder.partition(':')[2]}"
    assert "Give the id as it is shown there" in done.json["error"]["remedy"]
    assert ("path from the top" in done.json["error"]["remedy"]) == (vendor == "nomad")
    assert "batch " not in done.stderr


def test_cancelling_a_batch_cancels_its_jobs(up: Any, work: Any) -> None:
    """The job under way ends with its batch, and the one that waits is never begun."""
    first = work("es-ES", "fr-FR", "de-DE", "it-IT", minutes=7)
    content, key = json.loads(first.read_text()), time.time_ns()
    files = [first.with_name(f"batched-{number}-{key}.yaml") for number in range(2)]
    for file in files:
        file.write_text(json.dumps({**content, "name": file.stem}))
    deployment = up.call("GET", "/deployments/name/localise-batch/localise-batch")["id"]
    asked = {"jobs": [str(file) for file in files], "at_once": 1}
    batch = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters={"batch": asked})["id"]
    begun = {"name": {"any_": [file.stem for file in files]}, "state": {"type": {"any_": ["RUNNING"]}}}
    (job,) = wait_for(lambda: up.call("POST", "/flow_runs/filter", flow_runs=begun))
    up.call("POST", f"/flow_runs/{batch}/set_state", state={"type": "CANCELLING", "name": "Cancelling"})
    ended = up.until(batch, "CANCELLED", "COMPLETED", "FAILED")
    assert (ended["state"]["type"], ended["name"]) == ("CANCELLED", "batch of 2 job files")
    assert up.until(job["id"], "CANCELLED", "COMPLETED", "FAILED")["state"]["type"] == "CANCELLED"
    assert not up.call("POST", "/flow_runs/filter", flow_runs={"name": {"any_": [files[1].stem]}})
