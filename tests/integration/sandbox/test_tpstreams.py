"""TPStreams, rehearsed: tokens, playable assets, subtitles, trims, webhooks."""

from __future__ import annotations

import json

import av
import httpx
import pytest

LOGIN = {"username": "sandbox", "password": "sandbox", "organization_id": "sandbox"}


@pytest.fixture(scope="module")
def token(session_sandbox):
    return httpx.post(f"{session_sandbox.base}/tpstreams/api/auth/login/", json=LOGIN).json()["token"]


@pytest.fixture
def streams(sandbox, token):
    with sandbox.client("tpstreams/api/v1/sandbox", authorization=f"Token {token}") as client:
        yield client


@pytest.fixture
def finished(streams, other_end, until):
    def finished(asset_id=None, **rest):
        if asset_id is None:
            body = {"title": "reel", "resolutions": ["240p"], "inputs": [{"url": f"{other_end.base}/reel.mp4"}], **rest}
            asset_id = streams.post("/assets/videos/", json=body).json()["id"]

        def look():
            found = streams.get(f"/assets/{asset_id}/").json()
            return found["video"]["status"] in ("Completed", "Error") and found

        return until(look)

    return finished


def test_a_video_plays_as_hls_and_dash(finished):
    video = finished()["video"]
    assert video["status"] == "Completed"
    for link in (video["playback_url"], video["dash_url"]):
        assert httpx.get(link).status_code == 200
    with av.open(video["playback_url"]) as film:
        assert sum(1 for _ in film.decode(video=0)) == 40
    assert httpx.get(video["thumbnails"][0]).content[:4] == b"\x89PNG"


def test_a_protected_video_plays_only_with_its_signature_and_not_for_long(sandbox, streams, finished):
    asset = finished(content_protection_type="aes")
    link = asset["video"]["playback_url"]
    with av.open(link) as film:
        assert sum(1 for _ in film.decode(video=0)) == 40
    assert httpx.get(link.partition("?")[0]).status_code == 403
    long = streams.get(f"/assets/{asset['id']}/", params={"expiry": 900}).json()["video"]["playback_url"]
    httpx.post(f"{sandbox.base}/sandbox/clock", json={"seconds": 300})
    assert httpx.get(link).status_code == 403
    assert httpx.get(long).status_code == 200


def test_a_new_video_has_not_started_and_has_no_links(streams, other_end):
    body = {"resolutions": "240p, 360p", "inputs": [{"url": f"{other_end.base}/reel.mp4"}]}
    video = streams.post("/assets/videos/", json=body).json()["video"]
    assert (video["status"], video["playback_url"]) == ("Not Started", None)
    assert video["resolutions"] == ["240p", "360p"]


def test_a_path_without_its_slash_is_not_there(streams):
    assert streams.post("/assets/videos", json={}).status_code == 404
    assert streams.get("/assets").status_code == 404


def test_the_door_says_no_as_documented(sandbox):
    with sandbox.client("tpstreams/api/v1") as client:
        wrong = client.get("/sandbox/assets/", headers={"authorization": "Token nobody"})
        assert (wrong.status_code, wrong.json()) == (401, {"detail": "Invalid token."})
        other = client.get("/elsewhere/assets/", headers={"authorization": "Token nobody"})
        assert (other.status_code, other.headers["content-type"].partition(";")[0]) == (404, "text/plain")


@pytest.mark.slow
def test_the_twenty_first_token_is_refused(start_sandbox):
    rehearsal = start_sandbox("--instant")
    with rehearsal.client("tpstreams/api/auth") as client:
        tokens = [client.post("/login/", json=LOGIN) for _ in range(21)]
        assert [answer.status_code for answer in tokens] == [200] * 20 + [403]
        header = {"authorization": f"Token {tokens[0].json()['token']}"}
        assert client.post("/logout/", headers=header).status_code == 204
        assert client.post("/logout/", headers=header).status_code == 401
        assert client.post("/login/", json=LOGIN).status_code == 200


@pytest.mark.parametrize(("change", "field"), [
    ({"resolutions": ["241p"]}, "resolutions"), ({"resolutions": None}, "resolutions"), ({"inputs": []}, "inputs"),
    ({"content_protection_type": "none"}, "content_protection_type"), ({"folder": "nowhere"}, "folder"),
    ({"surprise": 1}, "surprise"), ({"title": 7}, "title"),
])  # fmt: skip
def test_a_wrong_field_is_named(streams, change, field):
    body = {"resolutions": ["240p"], "inputs": [{"url": "http://127.0.0.1/x"}], **change}
    answer = streams.post("/assets/videos/", json=body)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_a_wrong_subtitle_is_refused(streams, finished):
    path = f"/assets/{finished()['id']}/upload_subtitle/"
    for name, content, language, field in (
        ("a.srt", b"WEBVTT\n", "fr", "subtitle"),
        ("a.vtt", b"1\n00:00", "fr", "subtitle"),
        ("a.vtt", b"WEBVTT\n", "fr-FR", "language"),
    ):
        answer = streams.post(path, files={"subtitle": (name, content)}, data={"language": language})
        assert answer.status_code == 400
        assert list(answer.json()) == [field]


def test_subtitles_are_uploaded_generated_once_and_deleted(streams, finished, until):
    path = f"/assets/{finished()['id']}"
    said = streams.post(f"{path}/upload_subtitle/", files={"subtitle": ("a.vtt", b"WEBVTT\n")}, data={"language": "fr"})
    assert said.json() == {"detail": "Subtitle uploaded successfully"}
    assert streams.post(f"{path}/generate_subtitle/").status_code == 201
    assert streams.post(f"{path}/generate_subtitle/").status_code == 400
    tracks = until(lambda: (found := streams.get(f"{path}/subtitles/").json()) and len(found) == 2 and found)
    assert httpx.get(tracks[1]["url"]).text.startswith("WEBVTT\n\n00:00:00.000 --> ")
    codes = [streams.delete(f"{path}/subtitles/{track['id']}/").status_code for track in tracks]
    assert codes == [204, 403]


def test_a_thumbnail_must_be_a_small_picture(streams, finished):
    asset = finished()
    path = f"/assets/{asset['id']}/upload_thumbnail/"
    picture = httpx.get(asset["video"]["thumbnails"][0]).content
    for name, content in (("a.png", b"x" * 100), ("a.gif", picture), ("a.png", picture + b"0" * 2_000_000)):
        assert list(streams.post(path, files={"thumbnail": (name, content)}).json()) == ["thumbnail"]
    assert streams.post(path, files={"thumbnail": ("a.png", picture)}).status_code == 200
    cover = streams.get(f"/assets/{asset['id']}/").json()["video"]["cover_thumbnail_url"]
    assert httpx.get(cover).content == picture


def test_a_trim_trims_and_is_reverted(streams, finished):
    asset = finished()
    path = f"/assets/{asset['id']}/trim"
    assert streams.post(f"{path}/revert/").status_code == 400
    for wrong in ({}, {"start_time": 3, "end_time": 2}, {"end_time": 60}, {"start_time": "1"}):
        assert streams.post(f"{path}/", json=wrong).status_code == 400
    job = streams.post(f"{path}/", json={"start_time": 1, "end_time": 3}).json()
    assert streams.post(f"{path}/", json={"start_time": 1}).status_code == 400
    assert finished(asset["id"])["video"]["duration"] == 2
    status = streams.get(f"{path}/status/").json()
    assert (status["id"], status["status_display"]) == (job["trim_job_id"], "Completed")
    assert streams.post(f"{path}/revert/").status_code == 200
    assert finished(asset["id"])["video"]["duration"] == 4


def test_folders_hold_what_is_moved_into_them_and_take_it_along(streams, finished):
    folder, inner = (streams.post("/assets/folders/", json={"title": name}).json()["uuid"] for name in "ab")
    asset = finished(folder=folder)["id"]
    assert [found["id"] for found in streams.get("/assets/", params={"parent": folder}).json()["results"]] == [asset]
    assert streams.post(f"/assets/{inner}/move/", json={"parent": folder}).status_code == 200
    assert streams.post(f"/assets/{folder}/move/", json={"parent": inner}).status_code == 400
    assert streams.post(f"/assets/{asset}/move/").json() == {"detail": "Asset moved successfully."}
    assert asset in [found["id"] for found in streams.get("/assets/", params={"has_parent": "false"}).json()["results"]]
    assert streams.delete(f"/assets/{folder}/").status_code == 204
    assert streams.get(f"/assets/{inner}/").status_code == 404


def test_bulk_is_all_or_nothing(streams, other_end):
    good = {"resolutions": ["240p"], "inputs": [{"url": f"{other_end.base}/reel.mp4"}]}
    before = streams.get("/assets/").json()["count"]
    answer = streams.post("/assets/videos/bulk-create/", json=[good, {**good, "inputs": []}])
    assert (answer.status_code, answer.json()["item_index"]) == (400, 1)
    assert streams.post("/assets/videos/bulk-create/", json=[good] * 51).status_code == 400
    assert streams.get("/assets/").json()["count"] == before
    assert streams.post("/assets/videos/bulk-create/", json={"videos": [good]}).status_code == 400
    assert streams.post("/assets/videos/bulk-create/", json=[good] * 2).json()["item_index"] == 1
    named = [{**good, "title": title} for title in "ab"]
    assert len(streams.post("/assets/videos/bulk-create/", json=named).json()) == 2


def test_an_upload_session_takes_a_form_whose_file_is_last(streams, media, finished):
    assert streams.post("/assets/upload-sessions/", json={}).status_code == 400
    session = streams.post("/assets/upload-sessions/", json={"title": "mine"}).json()
    form, file = dict(session["client_payload"]), {"file": ("a.mp4", (media / "reel.mp4").read_bytes())}
    link = form.pop("upload_link")
    assert httpx.post(link, data={**form, "x-amz-signature": "0"}, files=file).status_code == 403
    assert httpx.post(link, data=form, files=file, headers={"Authorization": "Token x"}).status_code == 400
    assert httpx.post(link, data=form, files=file).status_code == 204
    assert finished(session["asset"]["id"])["video"]["status"] == "Completed"


def test_webhooks_carry_the_secret_and_the_whole_asset(streams, other_end, finished):
    hook = streams.post("/webhooks/", json={"url": f"{other_end.base}/hook", "secret_token": "abc"}).json()
    asset = finished()
    letters = other_end.wait_for(3)
    streams.delete(f"/webhooks/{hook['id']}/")
    assert {headers["x-streams-token"] for headers, _ in letters} == {"abc"}
    said = [json.loads(body) for _, body in letters]
    assert [each["video"]["status"] for each in said if each["id"] == asset["id"]] == [
        "Queued",
        "Processing",
        "Completed",
    ]


def test_media_that_is_none_ends_in_an_error(streams, other_end, finished):
    assert finished(inputs=[{"url": f"{other_end.base}/noise.mp4"}])["video"]["status"] == "Error"
