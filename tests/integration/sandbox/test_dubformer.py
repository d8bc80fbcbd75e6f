"""Dubformer, rehearsed: money, idempotency, translations, error types."""

from __future__ import annotations

import httpx
import pytest

from polyreel.locales import canonical

LINE = {"start_ms": 100, "end_ms": 1500, "text": "Bonjour", "speaker_id": 1}
SPEAKER = {"speaker_id": 1, "style": "feminine", "voice_key": "soundalike"}


@pytest.fixture
def dubformer(sandbox):
    with sandbox.client("dubformer", authorization="Bearer dubformer-sandbox") as client:
        yield client


@pytest.fixture
def order(other_end):
    return {"source_lang": "en", "target_lang": "fr-FR", "source_video_url": f"{other_end.base}/reel.mp4"}


@pytest.fixture
def ready(dubformer, order, until):
    project = dubformer.post("/api/v1/projects", json=order).json()["project_id"]
    path = f"/api/v1/projects/{project}"
    until(lambda: dubformer.get(path).json()["status"] == "ready")
    return path


def _balance(client):
    return client.get("/api/v1/balance").json()["balance_minutes"]


def test_every_language_that_is_offered_is_a_locale(dubformer):
    offered = dubformer.get("/api/v1/options").json()
    assert {"es-ES", "uk-UA"} <= set(offered["target_langs"])
    for tag in (*offered["source_langs"], *offered["target_langs"]):
        assert canonical(tag) == tag


def test_a_project_is_ready_with_video_voice_and_scripts(dubformer, ready):
    project = dubformer.get(ready).json()
    assert httpx.get(project["output_video_url"]).headers["content-type"] == "video/mp4"
    assert httpx.get(project["output_tts_audio_url"]).content[:4] == b"RIFF"
    assert project["output_target_script"][0].keys() == LINE.keys()
    keys = {voice["voice_key"] for voice in dubformer.get("/api/v1/voices").json()["voices"]["fr-FR"]}
    assert {speaker["voice_key"] for speaker in project["output_target_speakers"]} <= keys


def test_the_same_key_and_body_buys_once(dubformer, order):
    before = _balance(dubformer)
    answers = [dubformer.post("/api/v1/projects", json=order, headers={"Idempotency-Key": "a"}).json() for _ in "ab"]
    assert answers[0] == answers[1]
    assert _balance(dubformer) == before - 1
    other = dubformer.post("/api/v1/projects", json={**order, "target_lang": "de-DE"}, headers={"Idempotency-Key": "a"})
    assert other.status_code == 422
    assert _balance(dubformer) == before - 1


def test_a_lost_answer_is_found_again_under_its_key(sandbox, dubformer, order):
    before = _balance(dubformer)
    sandbox.arm(kind="reset_after", vendor="dubformer", method="POST", path="/api/v1/projects")
    with pytest.raises(httpx.TransportError):
        dubformer.post("/api/v1/projects", json=order, headers={"Idempotency-Key": "lost"})
    answer = dubformer.post("/api/v1/projects", json=order, headers={"Idempotency-Key": "lost"})
    assert answer.status_code == 200
    assert _balance(dubformer) == before - 1


def test_a_refused_request_leaves_its_key_free(dubformer, order):
    wrong = dubformer.post("/api/v1/projects", json={}, headers={"Idempotency-Key": "again"})
    right = dubformer.post("/api/v1/projects", json=order, headers={"Idempotency-Key": "again"})
    assert (wrong.status_code, right.status_code) == (400, 200)


def test_an_empty_account_is_a_payment_error(sandbox, dubformer, order):
    httpx.post(f"{sandbox.base}/sandbox/accounts/dubformer", json={"minutes": 0.0})
    answer = dubformer.post("/api/v1/projects", json=order)
    httpx.post(f"{sandbox.base}/sandbox/accounts/dubformer", json={"minutes": 10_000.0})
    assert (answer.status_code, answer.json()["error"]) == (402, "PaymentRequiredError")


@pytest.mark.parametrize(("change", "kind"), [
    ({"source_lang": "en-US"}, "ValidationError"), ({"target_lang": "fr"}, "ValidationError"),
    ({"mixing_mode": "loud"}, "ValidationError"), ({"surprise": 1}, "ValidationError"),
    ({"use_soundalike_voices": "yes"}, "ValidationError"), ({"glossary_content": "no tab"}, "ValidationError"),
    ({"use_emotional_transfer": True, "target_lang": "ja-JP"}, "ValidationError"),
    ({"source_script_content": "1\n00:00:02,000 --> 00:00:01,000\nx"}, "ValidationError"),
    ({"source_video_url": "http://192.0.2.1/x.mp4"}, "VideoInfoError"),
])  # fmt: skip
def test_a_wrong_project_is_refused_with_its_error_type(dubformer, order, change, kind):
    answer = dubformer.post("/api/v1/projects", json={**order, **change})
    assert answer.status_code == 400
    assert answer.json()["error"] == kind


def test_a_missing_field_is_named(dubformer):
    assert dubformer.post("/api/v1/projects", json={}).json()["message"] == "source_lang is required"


def test_a_wrong_key_is_unauthorised(sandbox):
    with sandbox.client("dubformer", authorization="Bearer nobody") as client:
        assert client.get("/api/v1/balance").json()["error"] == "UnauthorizedError"


@pytest.mark.parametrize("change", [
    {"target_script": [{**LINE, "speaker_id": 2}]}, {"target_script": [{**LINE, "text": " "}]}, {"target_script": []},
    {"target_script": [{**LINE, "end_ms": 100}]}, {"target_speakers": [SPEAKER, SPEAKER]},
    {"target_speakers": [{**SPEAKER, "voice_key": "unknown-voice"}]},
    {"target_speakers": [{**SPEAKER, "style": "deep"}]},
])  # fmt: skip
def test_a_wrong_translation_is_refused_and_not_done(dubformer, ready, change):
    body = {"target_script": [LINE], "target_speakers": [SPEAKER], **change}
    for path in ("validate-translation-request", "translations"):
        answer = dubformer.post(f"{ready}/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "ValidationError")
    assert dubformer.get(ready).json()["translations_count"] == 0


def test_a_translation_costs_nothing_and_counts(dubformer, ready, until):
    body = {"target_script": [LINE], "target_speakers": [SPEAKER], "mixing_mode": "voiceover_only"}
    assert dubformer.post(f"{ready}/validate-translation-request", json=body).json() == {"valid": True}
    answer = dubformer.post(f"{ready}/translations", json=body).json()
    assert (answer["cost_minutes"], answer["translations_count"]) == (0, 1)
    project = until(lambda: (found := dubformer.get(ready).json())["status"] == "ready" and found)
    assert project["output_target_script"] == [LINE]
    assert project["output_target_speakers"] == [SPEAKER]


def test_a_deletion_gives_no_minutes_back(dubformer, ready):
    before = _balance(dubformer)
    assert dubformer.delete(ready).json() == {"success": True}
    assert dubformer.get(ready).json()["error"] == "NotFoundError"
    assert _balance(dubformer) == before


def test_a_job_can_fail_on_demand(sandbox, dubformer, order, until):
    sandbox.arm(kind="job_fails", vendor="dubformer", message="An error occurred during processing.")
    project = dubformer.post("/api/v1/projects", json=order).json()["project_id"]
    failed = until(lambda: (p := dubformer.get(f"/api/v1/projects/{project}").json())["status"] == "error" and p)
    assert failed["error_message"] == "An error occurred during processing."


def test_a_youtube_link_is_taken(dubformer, order):
    answer = dubformer.post("/api/v1/projects", json={**order, "source_video_url": "https://youtu.be/abcdefghijk"})
    assert answer.status_code == 200
