"""Video Jungle, rehearsed: what the published client does not show."""

from __future__ import annotations

import httpx
import pytest


@pytest.fixture
def jungle(sandbox):
    with sandbox.client("videojungle", **{"x-api-key": "videojungle-sandbox"}) as client:
        yield client


@pytest.fixture
def project(jungle):
    return jungle.post("/projects", json={"name": "p"}).json()["id"]


@pytest.fixture
def script(jungle, project):
    return jungle.post(f"/scripts/{project}/scripts", json={"name": "s", "data": {}, "inputs": {"sign": ""}}).json()[
        "id"
    ]


def test_the_key_is_taken_in_both_headers(sandbox):
    for headers, status in (
        ({"authorization": "Bearer videojungle-sandbox"}, 200), ({"x-api-key": "nobody"}, 401), ({}, 401),
    ):  # fmt: skip
        answer = httpx.get(f"{sandbox.base}/videojungle/users/me", headers=headers)
        assert answer.status_code == status
    assert set(answer.json()) == {"type", "message", "documentation_url"}


def test_a_generated_asset_is_what_was_put_under_its_link(jungle, project, script):
    made = jungle.post(f"/projects/{project}/{script}/generate", params={"q": "aries"}).json()
    assert set(made) == {"url", "asset_id", "asset_key"}
    check = f"/assets/check/{made['asset_id']}"
    assert jungle.get(check).json() == {"uploaded": False}
    assert httpx.put(made["url"], content=b"film").status_code == 200
    assert jungle.put(check).json() == {"uploaded": True}
    assert httpx.get(jungle.get(f"/assets/{made['asset_id']}").json()["download_url"]).content == b"film"


def test_a_script_asks_for_its_inputs(jungle, project, script):
    answer = jungle.post(f"/projects/{project}/{script}/generate")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"] == "sign is required"


def test_an_expired_upload_link_takes_nothing(sandbox, jungle, project, script):
    sandbox.arm(kind="expired_urls", vendor="videojungle")
    made = jungle.post(f"/projects/{project}/{script}/generate", params={"q": "x"}).json()
    assert httpx.put(made["url"], content=b"film").status_code == 403
    assert jungle.get(f"/assets/check/{made['asset_id']}").json() == {"uploaded": False}


def test_lists_give_ten_unless_asked_for_more(jungle, project):
    for number in range(12):
        jungle.post(f"/projects/{project}/asset", json={"keyname": str(number)})
    assert len(jungle.get(f"/projects/{project}/assets").json()) == 10
    assert len(jungle.get(f"/projects/{project}/assets", params={"limit": 12}).json()) == 12
    assert jungle.get(f"/projects/{project}/assets", params={"limit": "x"}).status_code == 422


def test_a_direct_upload_is_a_form(jungle, media):
    made = jungle.post("/video-file", json={"name": "n", "filename": "reel.mp4", "upload_method": "direct"}).json()
    with (media / "reel.mp4").open("rb") as film:
        assert httpx.post(made["url"], data=made["fields"], files={"file": film}).status_code == 204
    assert jungle.get(f"/video-file/{made['id']}").json()["duration"] == pytest.approx(4, abs=0.1)


def test_a_video_is_fetched_by_its_address(jungle, other_end, until):
    body = {"name": "n", "filename": f"{other_end.base}/reel.mp4", "upload_method": "url"}
    made = jungle.post("/video-file", json=body).json()
    assert until(lambda: jungle.get(f"/video-file/{made['id']}").json()["current_status"] == "uploaded")


def test_what_the_vendor_does_not_document_is_refused(jungle):
    assert jungle.get("/prompts").json()["type"] == "not_found"
    assert jungle.post("/projects", json={"name": "p", "colour": "red"}).status_code == 422
