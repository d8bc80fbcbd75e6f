"""A source that is no film is named as the job names it, and not by where the store keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.errors import MediaError
from polyreel.media.probe import probe
from tasks.reel import name_source


@pytest.mark.parametrize(
    ("media", "where"),
    [
        ("videojungle:1f6c", "videojungle:1f6c"),
        ("https://films.example/a.mp4?X-Amz-Signature=secret", "https://films.example/a.mp4"),
        ("/srv/reel#1.mp4", "/srv/reel#1.mp4"),
    ],
)
def test_what_is_no_film_is_named_as_the_job_names_it(tmp_path: Path, media: str, where: str) -> None:
    """An asset's id, an address without what signs it, or a path."""
    kept = tmp_path / "3f9a"
    kept.write_text("1\n00:00:00,200 --> 00:00:01,000\nhola\n")
    with pytest.raises(MediaError) as caught, name_source(media, kept):
        probe(kept)
    assert (caught.value.code, caught.value.where) == ("unsupported_media", where)


def test_another_file_keeps_its_name(tmp_path: Path) -> None:
    """What fails beside the source is not the source."""
    other = tmp_path / "other"
    with pytest.raises(MediaError) as caught, name_source("videojungle:1f6c", tmp_path / "kept"):
        probe(other)
    assert caught.value.where == str(other)
