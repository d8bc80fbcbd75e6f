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
