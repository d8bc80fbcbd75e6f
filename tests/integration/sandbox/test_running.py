"""The sandbox as a program: where it listens, what survives, what the page shows."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import httpx
import pytest

from polyreel.media.probe import probe


def _order(base):
    return {"source_lang": "en", "target_lang": "fr-FR", "source_video_url": f"{base}/reel.mp4", "name": "<b>&"}


def _dubformer(rehearsal):
    return rehearsal.client("dubformer/api/v1", authorization="Bearer dubformer-sandbox")


def test_the_first_line_is_an_address_on_loopback(sandbox):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", sandbox.base)


@pytest.mark.slow
def test_a_job_that_was_cut_off_goes_on_after_a_restart(start_sandbox, other_end, until):
    first = start_sandbox("--speed", "20")
    with _dubformer(first) as client:
        project = client.post("/projects", json=_order(other_end.base), headers={"Idempotency-Key": "k"}).json()
        assert client.get(f"/projects/{project['project_id']}").json()["status"] == "in_progress"
    first.kill()
    with _dubformer(start_sandbox("--instant")) as client:
        assert until(lambda: client.get(f"/projects/{project['project_id']}").json()["status"] == "ready")
        again = client.post("/projects", json=_order(other_end.base), headers={"Idempotency-Key": "k"}).json()
        assert again == project
        assert client.get("/balance").json()["balance_minutes"] == 9999


@pytest.mark.slow
def test_speed_divides_the_time_a_job_takes(start_sandbox, other_end, until):
    with _dubformer(start_sandbox("--speed", "40")) as client:
        began = time.monotonic()
        project = client.post("/projects", json=_order(other_end.base)).json()["project_id"]
        until(lambda: client.get(f"/projects/{project}").json()["status"] == "ready")
        assert time.monotonic() - began >= 60 / 40


@pytest.mark.slow
def test_the_engine_really_speaks_the_script(start_sandbox, other_end, until, tmp_path):
    with _dubformer(start_sandbox("--speed", "1000")) as client:
        script = "1\n00:00:00,200 --> 00:00:03,000\nHello there\n"
        body = {**_order(other_end.base), "source_script_content": script, "mixing_mode": "voiceover_only"}
        project = client.post("/projects", json=body).json()["project_id"]
        ready = until(lambda: (p := client.get(f"/projects/{project}").json())["status"] == "ready" and p)
    film = tmp_path / "film.mp4"
    film.write_bytes(httpx.get(ready["output_video_url"]).content)
    info = probe(film)
    assert info.audio[0].language == "fra"
    assert float(info.duration) == pytest.approx(4, abs=0.1)
    assert ready["output_source_script"][0]["text"] == "Hello there"


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.addresses = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_shows_what_happened_and_loads_nothing(sandbox, other_end):
    with _dubformer(sandbox) as client:
        project = client.post("/projects", json=_order(other_end.base)).json()["project_id"]
    hook = f"{other_end.base}/<script>alert(1)</script>"
    body = {"media_url": f"{other_end.base}/mute.mp4", "locale": "en-US", "callback_url": hook}
    with sandbox.client("panjaya", authorization="Bearer panjaya-sandbox") as client:
        client.post("/v1/assets/", json=body)
    other_end.wait_for(1)
    time.sleep(0.2)
    page = _Page()
    answer = httpx.get(sandbox.base)
    page.feed(answer.text)
    text = "".join(page.text)
    for word in ("panjaya-sandbox", "nomad-sandbox", project, hook, "asset_failed", "BEGIN PUBLIC KEY"):
        assert word in text
    assert "script" not in page.tags
    assert page.addresses == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]
