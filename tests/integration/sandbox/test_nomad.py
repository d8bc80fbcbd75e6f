"""A Nomad-style asset manager, rehearsed: parts, statuses, batches, exports, downloads."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest

SRT = b"1\n00:00:00,500 --> 00:00:02,000\nBonjour & <b>merci</b>\n"


@pytest.fixture(scope="module")
def header(session_sandbox):
    login = httpx.post(
        f"{session_sandbox.base}/nomad/account/login", json={"userName": "sandbox", "password": "sandbox"}
    )
    return {"authorization": f"Bearer {login.json()['token']}"}


@pytest.fixture
def nomad(sandbox, header):
    with sandbox.client("nomad", **header) as client:
        yield client


@pytest.fixture
def upload(nomad):
    def upload(name, content, path="/asset/upload/start", **rest):
        body = {"fileName": name, "fileSize": len(content), "chunkSize": 70_000, **rest}
        started = nomad.post(path, json=body)
        assert started.status_code == 200, started.text
        for part in started.json()["parts"]:
            piece = content[part["startingPosition"] : part["endingPosition"] + 1]
            etag = httpx.put(part["uploadUrl"], content=piece).headers["etag"]
            assert nomad.post(f"/asset/upload/part/{part['id']}/complete", json={"etag": etag}).status_code == 200
        assert nomad.post(f"/asset/upload/{started.json()['id']}/complete").status_code == 200
        return started.json()["assetId"]

    return upload


@pytest.fixture
def settled(nomad, until):
    def settled(asset_id, status="Available"):
        return until(
            lambda: (found := nomad.get(f"/admin/asset/{asset_id}").json())["assetStatusDisplay"] == status and found
        )

    return settled


@pytest.fixture
def reel(upload, settled, media, request):
    asset = upload(f"{request.node.name}.mp4", (media / "reel.mp4").read_bytes())
    return settled(asset)["id"]


def test_parts_come_together_in_their_order(upload, settled):
    content = bytes(range(256)) * 1000
    found = settled(upload("parts.bin", content))
    assert (found["assetStatus"], found["contentLength"]) == (1, len(content))
    assert httpx.get(found["fullUrl"]).content == content


def test_a_part_needs_its_own_etag_a_length_and_no_credentials(nomad):
    body = {"displayName": "strict.bin", "contentLength": 10}
    part = nomad.post("/api/asset/upload/start", json=body).json()["parts"][0]
    complete = f"/asset/upload/part/{part['id']}/complete"
    assert nomad.post(complete, json={"etag": '"0"'}).status_code == 400
    assert nomad.put(part["url"], content=b"0123456789").status_code == 400
    assert httpx.put(part["url"], content=iter([b"0123456789"])).status_code == 411
    etag = httpx.put(part["url"], content=b"0123456789").headers["etag"]
    assert nomad.post(complete, json={"etag": etag.strip('"')}).status_code == 400
    assert nomad.post(complete, json={"ETag": etag}).json()["isCompleted"] is True


def test_an_upload_goes_on_where_it_was(nomad):
    body = {
        "displayName": "resumed.bin",
        "contentLength": 150_000,
        "chunkSize": 70_000,
        "uploadOverwriteOption": "Continue",
    }
    first = nomad.post("/asset/upload/start", json=body).json()
    etag = httpx.put(first["parts"][0]["url"], content=b"0" * 70_000).headers["etag"]
    nomad.post(f"/asset/upload/part/{first['parts'][0]['id']}/complete", json={"etag": etag})
    assert nomad.post(f"/asset/upload/{first['id']}/complete").status_code == 400
    again = nomad.post("/asset/upload/start", json=body).json()
    assert again["id"] == first["id"]
    assert [part["isCompleted"] for part in again["parts"]] == [True, False, False]
    assert first["id"] in [each["id"] for each in nomad.get("/admin/asset/upload").json()]
    assert nomad.post(f"/asset/upload/{first['id']}/cancel").json()["status"] == "Cancelled"
    assert nomad.get(f"/admin/asset/{first['assetId']}").status_code == 404


def test_the_door_says_no_as_problem_details(sandbox, nomad):
    wrong = httpx.post(f"{sandbox.base}/nomad/api/account/login", json={"username": "sandbox", "password": "x"})
    assert wrong.status_code == 404
    assert set(wrong.json()) == {"type", "title", "status", "detail"}
    assert httpx.get(f"{sandbox.base}/nomad/admin/asset/x").status_code == 401
    key = {"authorization": "ApiKey nomad-sandbox"}
    assert httpx.get(f"{sandbox.base}/nomad/admin/asset/x", headers=key).status_code == 404
    assert nomad.patch("/admin/asset/root", json={"colour": "red"}).status_code == 400


def test_an_expired_token_is_refreshed(start_sandbox):
    rehearsal = start_sandbox("--instant")
    with rehearsal.client("nomad") as client:
        tokens = client.post("/account/login", json={"username": "sandbox", "password": "sandbox"}).json()
        header = {"authorization": f"Bearer {tokens['token']}"}
        assert client.get("/admin/asset/root", headers=header).status_code == 200
        httpx.post(f"{rehearsal.base}/sandbox/clock", json={"seconds": tokens["expirationSeconds"] + 1})
        assert client.get("/admin/asset/root", headers=header).status_code == 403
        fresh = client.post("/account/refresh-token", json={"refreshToken": tokens["refreshToken"]}).json()
        assert client.get("/admin/asset/root", headers={"authorization": f"Bearer {fresh['token']}"}).status_code == 200


def test_related_subtitles_are_exported_in_every_format(nomad, upload, reel):
    rest = {"path": "/asset/upload/start-related-asset", "parentAssetId": reel, "relationshipType": "Subtitle"}
    related = upload("reel.fr.srt", SRT, **rest)
    assert "reel.fr.srt" in nomad.get(f"/admin/asset/{reel}/detail").json()["relatedAssets"][0]["url"]
    path = f"/asset/{reel}/subtitle/{related}/export"
    begins = {"SRT": b"1\n00:00:00,500", 3: b"WEBVTT", "Text": b"Bonjour", "docx": b"PK", "0": b"PK"}
    for name, begin in begins.items():
        assert nomad.post(path, json={"exportFormat": name}).content.startswith(begin)
    assert nomad.post(path, json={"exportFormat": "PDF"}).status_code == 204


def test_nothing_to_export_is_a_400(nomad, upload, reel):
    related = upload("empty.srt", b"\n", path="/asset/upload/start-related-asset", parentAssetId=reel)
    assert nomad.post(f"/asset/{reel}/subtitle/{related}/export", json={"exportFormat": "SRT"}).status_code == 400


def test_an_archived_asset_can_not_be_worked_on_until_it_is_restored(nomad, reel, settled):
    assert nomad.post(f"/admin/asset/{reel}/restore").status_code == 400
    assert nomad.post(f"/admin/asset/{reel}/archive").json()["assetStatusDisplay"] == "PendingArchive"
    assert settled(reel, "Archived")["fullUrl"] is None
    clip = {"startTimecode": "00:00:00;00", "endTimecode": "00:00:01;00"}
    assert nomad.post(f"/admin/asset/{reel}/clip", json=clip).status_code == 400
    nomad.post(f"/asset/{reel}/restore")
    settled(reel, "Restored")
    assert nomad.post(f"/asset/{reel}/clip", json=clip).json()["assetStatusDisplay"] == "Clipping"
    kinds = [entry["jobType"] for entry in nomad.get(f"/admin/asset/{reel}/job-history").json()]
    assert {"archive", "restore"} <= set(kinds)


def test_a_clip_has_its_length_and_a_transcript_its_words(nomad, reel, settled):
    clip = nomad.post(f"/asset/{reel}/clip", json={"startTimecode": "00:00:01;00", "endTimecode": "00:00:03;00"}).json()
    assert settled(clip["id"])["duration"] == pytest.approx(2, abs=0.15)
    transcript = nomad.get(f"/admin/asset/{reel}/detail").json()["transcripts"][0]["id"]
    words = [{"text": "one two", "startTime": 0, "endTime": 2}]
    assert nomad.post(f"/asset/{reel}/transcript/{transcript}", json=words).status_code == 200
    found = nomad.get(f"/admin/asset/{reel}/transcription-words").json()
    assert [(word["text"], word["startTime"]) for word in found] == [("one", 0), ("two", 1)]
    assert nomad.post(f"/asset/{reel}/clip", json={"startTimecode": "00:01:00;00"}).status_code == 400


def test_a_batch_says_of_each_asset_what_became_of_it(nomad, reel, settled):
    answer = nomad.post("/admin/asset/aDDtAG", json={"targetIds": [reel, "nowhere"], "actionArguments": {"tag": "a"}})
    assert [each["isSuccess"] for each in answer.json()["results"]] == [True, False]
    assert nomad.get(f"/admin/asset/{reel}").json()["tags"] == ["a"]
    assert nomad.post("/admin/asset/explode", json={"targetIds": [reel]}).status_code == 400
    folder = nomad.post("/admin/asset/root/create-folder", json={"displayName": "f"}).json()["id"]
    arguments = {"targetIds": [reel], "actionArguments": {"destinationFolderAssetId": folder}}
    for action in ("Copy", "Move", "Duplicate"):
        assert nomad.post(f"/admin/asset/{action}", json=arguments).json()["isSuccess"]
    assert settled(reel)["parentId"] == folder
    assert nomad.post("/admin/asset/delete", json={"targetIds": [folder]}).json()["isSuccess"]
    assert nomad.get(f"/admin/asset/{reel}").status_code == 404


def test_the_queue_expands_folders_and_skips_what_waits(nomad, upload, settled):
    folder = nomad.post("/admin/asset/root/create-folder", json={"displayName": "q"}).json()["id"]
    one = settled(upload("one.bin", b"1", parentId=folder))["id"]
    assert [item["assetId"] for item in nomad.post("/asset-queue", json={"ids": [folder]}).json()["items"]] == [one]
    assert nomad.post("/asset-queue", json={"ids": [one]}).json()["items"] == []
    assert nomad.post("/asset-queue", json={"ids": []}).status_code == 400
    assert nomad.post("/asset-queue", json={"ids": [one] * 51}).status_code == 202
    (item,) = nomad.get("/asset-queue").json()
    change = {"assetDownloadQueueId": item["id"], "transferStatus": "Downloading", "completePercentage": 50}
    assert nomad.patch("/asset-queue", json=change).json()["status"] == "Downloading"
    assert nomad.request("DELETE", "/asset-queue", json={"ids": [one]}).status_code == 400
    assert nomad.request("DELETE", "/asset-queue", json=[one]).json() == {"removed": 1}


def test_a_zip_holds_the_files(nomad, upload, settled):
    ids = [settled(upload(name, name.encode()))["id"] for name in ("a.txt", "b.txt")]
    made = nomad.post("/asset/download-archive", json={"assetIds": ids, "filename": "both"}).json()
    archive = zipfile.ZipFile(io.BytesIO(httpx.get(made["url"]).content))
    assert {name: archive.read(name) for name in archive.namelist()} == {"a.txt": b"a.txt", "b.txt": b"b.txt"}


def test_cookies_open_the_stream(nomad, reel):
    answer = nomad.get(f"/asset/{reel}/set-cookies/any")
    url, cookies = answer.json()["manifestUrl"], answer.json()["cookies"]
    assert httpx.get(url).status_code == 403
    with httpx.Client(cookies=cookies) as player:
        assert player.get(url).text.startswith("#EXTM3U")
    assert dict(answer.cookies) == cookies


def test_ads_are_public_and_stand_where_their_break_is(sandbox, nomad, reel):
    nomad.post(f"/admin/asset/{reel}/adbreak", json={"timecode": "00:00:01;15"})
    base = f"{sandbox.base}/nomad/ads"
    assert 'timeOffset="00:00:01.500"' in httpx.get(f"{base}/vmap/{reel}").text
    assert httpx.get(f"{base}/vast", params={"timeCode": "00:00:01;12"}).text.startswith("<?xml")
    assert httpx.get(f"{base}/vast", params={"assetId": reel}).status_code == 400
    assert httpx.head(f"{base}/impression", params={"assetId": reel}).status_code == 200


def test_a_share_opens_with_its_password_until_it_ends(sandbox, nomad, reel):
    share = nomad.post(f"/asset/{reel}/share", json={"recipients": ["a@example.com"], "password": "open"}).json()
    assert httpx.get(share["url"]).status_code == 403
    assert httpx.get(share["url"], params={"password": "open"}, follow_redirects=True).status_code == 200


def test_a_placeholder_is_filled_in(nomad, upload, settled):
    made = nomad.post("/admin/asset/root/create-placeholder", json={"assetName": "later.txt"}).json()
    assert made["assetStatus"] == 20
    upload("later.txt", b"now", existingAssetId=made["id"])
    assert httpx.get(settled(made["id"])["fullUrl"]).content == b"now"


def test_faces_images_screenshots_and_links(nomad, reel, settled):
    face = nomad.get(f"/admin/asset/{reel}/detail").json()["faces"][0]["id"]
    assert nomad.post(f"/asset/{reel}/assign-person/{face}/ana").json()["personId"] == "ana"
    assert nomad.post(f"/asset/{reel}/remove-person/{face}").json()["personId"] is None
    shot = nomad.post(f"/admin/asset/{reel}/screenshot", json={"timecodeMilliseconds": 1500}).json()
    assert httpx.get(shot["url"]).content[:4] == b"\x89PNG"
    image = nomad.post(f"/asset/{reel}/generate-image", json={"prompt": "a lighthouse"}).json()["id"]
    assert httpx.get(settled(image)["fullUrl"]).content[:4] == b"\x89PNG"
    name = nomad.get(f"/admin/asset/{reel}").json()["displayName"]
    link = nomad.get(f"/admin/asset/{reel}/resolve-full-url", params={"url": f"/content/{name}"}).json()["url"]
    assert httpx.get(link, headers={"range": "bytes=0-9"}).status_code == 206
    assert nomad.get("/asset/tracking", params={"trackingEvent": "play", "assetId": reel}).status_code == 200
