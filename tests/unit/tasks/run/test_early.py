"""A source that is fetched while a run's server starts: asked for once, and an error of it is known early."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from polyreel.errors import FetchError
from polyreel.plans import Plan
from polyreel.store.local import path_of
from tasks.run.early import Early, begin_early, take_early

FILM = b"a film" * 1000


class Site:
    """One film, and how often it was asked for; everything else is 404."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                found = self.path == "/film.mp4"
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(FILM) if found else 0))
                self.end_headers()
                self.wfile.write(FILM if found else b"")

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Site]:
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    found = Site()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def begin(plan: Callable[..., Plan], url: str) -> Early | None:
    job = plan("es-ES").job
    return begin_early(job.model_copy(update={"source": job.source.model_copy(update={"media": url})}))


async def test_what_was_begun_early_is_the_runs_own_and_was_asked_for_once(
    plan: Callable[..., Plan], site: Site
) -> None:
    """A link that holds once is not used up; whoever asks again fetches anew."""
    shares: list[float] = []
    assert begin(plan, site.url("/film.mp4"))
    assert take_early(site.url("/other.mp4")) is None
    early = take_early(site.url("/film.mp4"))
    assert early
    stored = await early.wait(shares.append)
    early.require_no_refusal()
    assert path_of(stored).read_bytes() == FILM
    assert site.asked == ["/film.mp4"]
    assert take_early(site.url("/film.mp4")) is None


async def test_an_address_that_gives_nothing_is_known_without_a_server(plan: Callable[..., Plan], site: Site) -> None:
    early = begin(plan, site.url("/gone.mp4"))
    assert early
    with pytest.raises(FetchError, match="404"):
        await early.wait(lambda _share: None)
    with pytest.raises(FetchError, match="404"):
        early.require_no_refusal()
    assert take_early(site.url("/gone.mp4"))


def test_what_only_the_run_can_fetch_is_left_to_it(plan: Callable[..., Plan]) -> None:
    """A file on this machine is not fetched at all."""
    assert begin(plan, "/films/reel.mp4") is None
    assert begin(plan, "s3://films/reel.mp4") is None


async def test_it_says_nothing_as_long_as_it_is_under_way(plan: Callable[..., Plan], site: Site) -> None:
    early = Early(site.url("/film.mp4"))
    early.require_no_refusal()
    early.begin()
    deadline = time.monotonic() + 10
    while not early.done.done() and time.monotonic() < deadline:
        early.require_no_refusal()
        await asyncio.sleep(0.01)
    assert early.done.result()


def test_a_refusal_is_known_as_soon_as_it_is_here(plan: Callable[..., Plan], site: Site) -> None:
    """Whoever is about to start a server waits for the first answer, and not for the film."""
    early = begin(plan, site.url("/gone.mp4"))
    assert early
    with pytest.raises(FetchError, match="404"):
        early.wait_for_answer(10)
    early = begin(plan, site.url("/film.mp4"))
    assert early
    early.wait_for_answer(10)
    assert early.share or early.done.done()


def test_a_source_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    early = Early("http://127.0.0.1/slow.mp4")
    waited: list[float | None] = []
    monkeypatch.setattr(early.answered, "wait", waited.append)
    early.wait_for_answer(0.4)
    assert waited == [0.4]
