"""Media is fetched from loopback only, whatever the address says."""

from __future__ import annotations

import pytest

from polyreel.sandbox import fetch


@pytest.mark.parametrize("url", [
    "http://192.0.2.1/film.mp4", "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/",
    "http://0.0.0.0/", "file:///etc/passwd", "ftp://127.0.0.1/x", "http:///x", "http://[::ffff:10.0.0.1]/",
])  # fmt: skip
async def test_no_address_but_loopback_is_talked_to(url):
    with pytest.raises(fetch.NotLoopback):
        await fetch.pin_loopback(url)


async def test_a_name_is_pinned_to_the_address_that_was_judged():
    target = await fetch.pin_loopback("http://localhost:8080/film.mp4?x=1")
    assert target.url in ("http://127.0.0.1:8080/film.mp4?x=1", "http://[::1]:8080/film.mp4?x=1")
    assert target.host == "localhost:8080"


async def test_a_redirect_is_judged_again(other_end, tmp_path):
    with pytest.raises(fetch.NotLoopback):
        await fetch.fetch_file(f"{other_end.base}/away", tmp_path / "film", most_bytes=10**6)


async def test_more_than_the_limit_is_not_taken(other_end, tmp_path):
    with pytest.raises(fetch.TooLarge):
        await fetch.fetch_file(f"{other_end.base}/noise.mp4", tmp_path / "film", most_bytes=100)


async def test_what_is_not_there_is_said(other_end, tmp_path):
    with pytest.raises(fetch.NotFetched, match="404"):
        await fetch.fetch_file(f"{other_end.base}/nothing.mp4", tmp_path / "film", most_bytes=100)
