"""What is fetched is bounded, and each address on the way is judged."""

from __future__ import annotations

import pytest

from polyreel.sandbox import fetch


async def test_a_redirect_is_judged_again(other_end, tmp_path):
    with pytest.raises(fetch.NotLoopback):
        await fetch.fetch_file(f"{other_end.base}/away", tmp_path / "film", most_bytes=10**6)


async def test_more_than_the_limit_is_not_taken(other_end, tmp_path):
    with pytest.raises(fetch.TooLarge):
        await fetch.fetch_file(f"{other_end.base}/noise.mp4", tmp_path / "film", most_bytes=100)


async def test_what_is_not_there_is_said(other_end, tmp_path):
    with pytest.raises(fetch.NotFetched, match="404"):
        await fetch.fetch_file(f"{other_end.base}/nothing.mp4", tmp_path / "film", most_bytes=100)
