"""Faults strike where they are armed, as often as they are armed, and nowhere else."""

from __future__ import annotations

import json

import httpx
import pytest

from polyreel.sandbox.faults import PROFILES

OPTIONS = "/api/v1/options"


@pytest.fixture
def dubformer(sandbox):
    with sandbox.client("dubformer", authorization="Bearer dubformer-sandbox") as client:
        yield client


def test_a_status_comes_so_often_with_its_retry_after(sandbox, dubformer):
    sandbox.arm(kind="status", vendor="dubformer", status=429, retry_after="7", times=2)
    answers = [dubformer.get(OPTIONS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"


def test_a_fault_keeps_to_its_vendor_method_and_path(sandbox, dubformer):
    sandbox.arm(kind="status", vendor="panjaya")
    sandbox.arm(kind="status", vendor="dubformer", method="POST")
    sandbox.arm(kind="status", vendor="dubformer", path="/api/v1/voices")
    assert dubformer.get(OPTIONS).status_code == 200
    assert dubformer.get("/api/v1/voices").status_code == 503


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "truncated"])
def test_a_broken_connection_is_one(sandbox, dubformer, kind):
    sandbox.arm(kind=kind, vendor="dubformer")
    with pytest.raises(httpx.TransportError):
        dubformer.get(OPTIONS)
    assert dubformer.get(OPTIONS).status_code == 200


def test_a_dripping_answer_arrives_whole(sandbox, dubformer):
    whole = dubformer.get(OPTIONS).json()
    sandbox.arm(kind="dripping", vendor="dubformer", seconds=0.01)
    assert dubformer.get(OPTIONS).json() == whole


def test_wrong_json_is_none(sandbox, dubformer):
    sandbox.arm(kind="wrong_json", vendor="dubformer")
    with pytest.raises(json.JSONDecodeError):
        dubformer.get(OPTIONS).json()


@pytest.mark.slow
def test_a_vendor_is_down_until_it_is_up_again(sandbox, dubformer, until):
    sandbox.arm(kind="down", vendor="dubformer", seconds=4)
    assert dubformer.get(OPTIONS).status_code == 503
    assert dubformer.get(OPTIONS).status_code == 503
    assert until(lambda: dubformer.get(OPTIONS).status_code == 200)


def test_a_job_that_is_stuck_never_ends(sandbox, dubformer, other_end):
    sandbox.arm(kind="job_stuck", vendor="dubformer")
    order = {"source_lang": "en", "target_lang": "fr-FR", "source_video_url": f"{other_end.base}/reel.mp4"}
    project = dubformer.post("/api/v1/projects", json=order).json()["project_id"]
    jobs = httpx.get(f"{sandbox.base}/sandbox/log").json()["jobs"]
    assert [job["state"] for job in jobs if job["subject"] == project] == ["stuck"]
    assert dubformer.get(f"/api/v1/projects/{project}").json()["status"] == "in_progress"


def test_callbacks_are_lost_and_doubled(sandbox, other_end):
    sandbox.arm(kind="callback_lost", vendor="panjaya", path="version_generating")
    sandbox.arm(kind="callback_doubled", vendor="panjaya", path="version_generated")
    body = {"media_url": f"{other_end.base}/reel.mp4", "locale": "en-US", "callback_url": f"{other_end.base}/hook"}
    body["languages"] = [{"locale": "fr-FR"}]
    with sandbox.client("panjaya", authorization="Bearer panjaya-sandbox") as client:
        client.post("/v1/assets/", json=body)
        events = [json.loads(letter)["event"] for _, letter in other_end.wait_for(3)]
    assert events == ["version_ready", "version_generated", "version_generated"]


@pytest.mark.slow
def test_callbacks_overtake_one_another(sandbox, other_end):
    sandbox.arm(kind="callback_late", vendor="panjaya", path="version_ready", seconds=8)
    body = {"media_url": f"{other_end.base}/reel.mp4", "locale": "en-US", "callback_url": f"{other_end.base}/hook"}
    body["languages"] = [{"locale": "fr-FR"}]
    with sandbox.client("panjaya", authorization="Bearer panjaya-sandbox") as client:
        client.post("/v1/assets/", json=body)
        events = [json.loads(letter)["event"] for _, letter in other_end.wait_for(3)]
    assert events[-1] == "version_ready"


def test_a_fault_that_nobody_knows_is_refused(sandbox):
    for body in ({"kind": "earthquake"}, {"kind": "status", "status": 200}, {"kind": "slow", "colour": "red"}):
        assert httpx.post(f"{sandbox.base}/sandbox/faults", json=body).status_code == 422


def test_faults_are_listed_and_taken_away(sandbox):
    sandbox.arm(kind="slow", vendor="nomad")
    assert [fault["kind"] for fault in httpx.get(f"{sandbox.base}/sandbox/faults").json()["faults"]] == ["slow"]
    assert httpx.post(f"{sandbox.base}/sandbox/profiles/flaky").status_code == 201
    assert httpx.delete(f"{sandbox.base}/sandbox/faults").json()["cleared"] == 1 + len(PROFILES["flaky"])
