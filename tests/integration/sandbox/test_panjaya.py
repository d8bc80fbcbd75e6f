"""Panjaya, rehearsed: the documented states, errors and callbacks."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from polyreel.media.probe import probe
from polyreel.sandbox.panjaya import wire
from polyreel.vendors.panjaya import locales

FAILURES = [
    ("noise.mp4", {}, "unsupported_media"),
    ("sound.wav", {}, "unsupported_media"),
    ("mute.mp4", {}, "missing_audio_track"),
    ("silent.mp4", {}, "empty_transcript"),
    ("reel.mp4", {"end_time": 60}, "time_out_of_range"),
    ("nothing.mp4", {}, "invalid_input"),
]


def test_it_takes_the_locales_that_the_client_sends():
    assert (wire.SOURCES, wire.TARGETS) == (locales.SOURCES, locales.TARGETS)


@pytest.fixture
def panjaya(sandbox):
    with sandbox.client("panjaya", authorization="Bearer panjaya-sandbox") as client:
        yield client


@pytest.fixture
def create(panjaya, other_end):
    def create(name="reel.mp4", **rest):
        body = {"media_url": f"{other_end.base}/{name}", "locale": "en-US", "languages": [{"locale": "fr-FR"}], **rest}
        answer = panjaya.post("/v1/assets/", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create


@pytest.fixture
def settled(panjaya, until):
    def settled(asset):
        def look():
            found = panjaya.get(f"/v1/assets/{asset['id']}").json()
            over = found["status"] == "Failed" or all(v["status"] == "Completed" for v in found["versions"])
            return found if over and found["status"] != "Processing" else None

        return until(look)

    return settled


def _version(panjaya, asset):
    return panjaya.get(f"/v1/versions/{asset['versions'][0]['id']}").json()


def test_an_asset_becomes_a_dub_of_the_right_length_and_language(panjaya, create, settled, tmp_path):
    version = _version(panjaya, settled(create(start_time=1, end_time=3)))
    film = tmp_path / "film.mp4"
    film.write_bytes(httpx.get(version["result_url"]).content)
    info = probe(film)
    assert float(info.duration) == pytest.approx(2, abs=0.15)
    assert info.audio[0].language == "fra"


def test_the_key_is_taken_with_the_prefix_in_front_and_no_other(sandbox):
    for key, status in (("panjaya-panjaya-sandbox", 200), ("panjaya-sandbox", 200), ("sandbox", 401), ("x", 401)):
        with sandbox.client("panjaya", authorization=f"Bearer {key}") as client:
            answer = client.get("/v1/assets/")
            assert answer.status_code == status
            assert status == 200 or set(answer.json()) == {"detail"}


@pytest.mark.parametrize(("name", "more", "code"), FAILURES)
def test_bad_media_fails_later_in_panjayas_own_words(create, settled, name, more, code):
    failed = settled(create(name, **more))
    assert failed["status"] == "Failed"
    assert failed["error"]["code"] == code


def test_a_language_that_is_added_while_its_asset_becomes_ready_is_dubbed(sandbox, panjaya, create, settled, until):
    """The head of the request comes before that, and its body after."""
    asset = create(languages=[])
    body, at = json.dumps({"languages": [{"locale": "fr-FR"}]}).encode(), urlsplit(sandbox.base)
    head = (
        f"POST /panjaya/v1/assets/{asset['id']}/languages HTTP/1.1\r\nHost: {at.netloc}\r\n"
        "Authorization: Bearer panjaya-sandbox\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((at.hostname, at.port), timeout=20) as line:
        line.sendall(head.encode())
        until(lambda: panjaya.get(f"/v1/assets/{asset['id']}").json()["status"] == "Ready")
        line.sendall(body)
        assert b" 201 " in line.recv(1000)
    assert [each["status"] for each in settled(asset)["versions"]] == ["Completed"]


def test_limits_of_the_account_are_failures_of_their_own(sandbox, create, settled):
    def account(**values):
        assert httpx.post(f"{sandbox.base}/sandbox/accounts/panjaya", json=values).status_code == 200

    account(most_bytes=100)
    assert settled(create())["error"]["code"] == "video_size_limit_reached"
    account(most_bytes=5 << 30, minutes=0.01)
    assert settled(create())["error"]["code"] == "video_duration_limit_reached"
    account(minutes=10_000.0)


def test_an_account_without_minutes_is_forbidden(sandbox, panjaya, other_end):
    httpx.post(f"{sandbox.base}/sandbox/accounts/panjaya", json={"minutes": 0.0})
    answer = panjaya.post("/v1/assets/", json={"media_url": f"{other_end.base}/reel.mp4", "locale": "en-US"})
    httpx.post(f"{sandbox.base}/sandbox/accounts/panjaya", json={"minutes": 10_000.0})
    assert answer.status_code == 403


@pytest.mark.parametrize("body", [
    {}, {"locale": "en-US"}, {"media_url": "ftp://x", "locale": "en-US"},
    {"media_url": "http://127.0.0.1/x", "locale": "en"},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "title": "x"},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "speakers_count": "2"},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "voice_anonymization": 1.5},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "lips_model": "fast"},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "start_time": 5, "end_time": 4},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "languages": [{"locale": "he-IL"}]},
    {"media_url": "http://127.0.0.1/x", "locale": "en-US", "languages": [{"locale": "fr-FR"}, {"locale": "fr-FR"}]},
])  # fmt: skip
def test_a_wrong_body_is_a_400_with_a_detail(panjaya, body):
    answer = panjaya.post("/v1/assets/", json=body)
    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


def test_hebrew_is_a_source_language(create, settled):
    assert settled(create(locale="he-IL"))["status"] == "Ready"


def test_a_collection_without_its_slash_is_redirected(panjaya):
    assert panjaya.get("/v1/assets").status_code == 307


def test_an_upload_is_dubbed_like_a_fetched_video(panjaya, media, settled):
    request = json.dumps(
        {"locale": "en-US", "languages": [{"locale": "de-DE", "srt": "1\n00:00:00,000 --> 00:00:02,000\nJa\n"}]}
    )
    with (media / "reel.mp4").open("rb") as video, (media / "sound.wav").open("rb") as background:
        files = {"video": ("reel.mp4", video), "background": ("sound.wav", background)}
        answer = panjaya.post("/v1/assets/upload", data={"request": request}, files=files)
    assert answer.status_code == 201
    assert settled(answer.json())["versions"][0]["status"] == "Completed"


def test_a_broken_script_fails_its_version(panjaya, create, until):
    asset = create(languages=[{"locale": "fr-FR", "srt": "no times"}])
    assert until(lambda: _version(panjaya, asset)["status"] == "Failed")


def test_revise_takes_the_video_away_and_only_from_a_settled_state(sandbox, panjaya, create, settled, until):
    version = _version(panjaya, settled(create()))
    path = f"/v1/versions/{version['id']}"
    assert panjaya.patch(f"{path}/revise").json()["status"] == "ReadyToEdit"
    assert panjaya.get(path).json()["result_url"] is None
    assert httpx.get(version["result_url"]).status_code == 404
    assert panjaya.post(f"/studio/{version['id']}").status_code == 303
    assert until(lambda: panjaya.get(path).json()["status"] == "Completed")
    sandbox.arm(kind="job_stuck", vendor="panjaya", path="prepare")
    waiting = create()["versions"][0]["id"]
    assert panjaya.patch(f"/v1/versions/{waiting}/revise").status_code == 400


def test_languages_are_added_once(panjaya, create, settled):
    asset = settled(create())
    path = f"/v1/assets/{asset['id']}/languages"
    assert panjaya.post(path, json={"languages": [{"locale": "fr-FR"}]}).status_code == 400
    assert panjaya.post(path, json={"languages": [{"locale": "it-IT"}]}).status_code == 201
    assert {dubbing["locale"] for dubbing in settled(asset)["dubbings"]} == {"fr-FR", "it-IT"}


def test_pages_follow_one_another(panjaya, create):
    made = [create(languages=[])["id"] for _ in range(3)]
    first = panjaya.get("/v1/assets/", params={"limit": 2}).json()
    assert [asset["id"] for asset in first["items"]] == made[:0:-1]
    second = httpx.get(first["next"], headers=panjaya.headers).json()
    assert second["items"][0]["id"] == made[0]


def _key(sandbox):
    key = serialization.load_pem_public_key(httpx.get(f"{sandbox.base}/sandbox").json()["panjaya_public_key"].encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def test_callbacks_are_signed_over_the_raw_body(sandbox, create, other_end):
    create(callback_url=f"{other_end.base}/hook")
    letters = other_end.wait_for(3)
    for headers, body in letters:
        _key(sandbox).verify(bytes.fromhex(headers["x-signature"]), body, ec.ECDSA(hashes.SHA256()))
    events = [json.loads(body)["event"] for _, body in letters]
    assert events == ["version_ready", "version_generating", "version_generated"]


def test_a_forged_callback_comes_beside_the_true_one(sandbox, create, other_end):
    sandbox.arm(kind="callback_forged", vendor="panjaya", path="version_generated")
    create(callback_url=f"{other_end.base}/hook")
    headers, body = other_end.wait_for(4)[3]
    with pytest.raises((InvalidSignature, ValueError)):
        _key(sandbox).verify(bytes.fromhex(headers["x-signature"]), body, ec.ECDSA(hashes.SHA256()))


def test_a_failed_asset_is_called_back_without_a_version(create, other_end):
    create("mute.mp4", callback_url=f"{other_end.base}/hook")
    said = json.loads(other_end.wait_for(1)[0][1])
    assert (said["event"], said["version_id"]) == ("asset_failed", None)


def test_every_version_is_charged_once(sandbox, create, settled):
    version = settled(create())["versions"][0]["id"]
    charges = httpx.get(f"{sandbox.base}/sandbox/log").json()["charges"]
    assert [charge["minutes"] for charge in charges if charge["subject"] == version] == [1.0]
