"""Two deliveries of one job to one place would replace each other's films: refused before anything is bought."""

from __future__ import annotations

from typing import Any

import pytest

from polyreel.delivery.places import require_apart
from polyreel.errors import InvalidJob
from polyreel.job import Job

_LIBRARY = {"credentials": "library"}
_TPSTREAMS = {"to": "tpstreams", **_LIBRARY, "folder": "Dubs"}
_NOMAD = {"to": "nomad", **_LIBRARY, "path": "Dubs/2026"}
_JUNGLE = {"to": "videojungle", **_LIBRARY}
_S3 = {"to": "s3", "path": "s3://films/dubs"}


def _job_to(*delivery: dict[str, Any]) -> Job:
    return Job.model_validate(
        {"name": "welcome", "source": {"media": "/r.mp4", "locale": "en-US"}, "targets": ["es-ES"],
         "delivery": list(delivery)}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_TPSTREAMS, {**_TPSTREAMS, "resolutions": ["1080p"]}),
        (_TPSTREAMS, {**_TPSTREAMS, "protection": "drm"}),
        (_NOMAD, {**_NOMAD, "path": "/Dubs/2026/", "tags": ["dubbed"]}),
        (_JUNGLE, {**_JUNGLE, "project": "welcome"}),
        (_S3, {**_S3, "path": "s3://films/dubs/"}),
        ({"to": "folder", "path": "/out"}, {"to": "folder", "path": "/out/"}),
    ],
)
def test_one_place_twice_is_refused(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever else differs; the place is said, and what to do."""
    with pytest.raises(InvalidJob, match="two deliveries go to ") as refused:
        require_apart("welcome", _job_to(one, other).delivery)
    assert (refused.value.code, refused.value.where) == ("delivery_twice", "delivery")
    assert "a folder, prefix or project of its own" in refused.value.remedy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_TPSTREAMS, {**_TPSTREAMS, "folder": "Mobile", "resolutions": ["240p"]}),
        (_TPSTREAMS, {**_TPSTREAMS, "credentials": "other"}),
        (_NOMAD, {**_NOMAD, "path": "Dubs"}),
        (_JUNGLE, {**_JUNGLE, "project": "other"}),
        (_S3, {**_S3, "credentials": "other-store"}),
        (_JUNGLE, {**_NOMAD, "path": "welcome"}),
    ],
)
def test_two_places_are_two(one: dict[str, Any], other: dict[str, Any]) -> None:
    """In another folder, or of another account."""
    require_apart("welcome", _job_to(one, other).delivery)


def test_two_names_of_one_account_are_one() -> None:
    """Told as soon as the accounts are known; of accounts that differ, one folder each."""
    twice = _job_to(_TPSTREAMS, {**_TPSTREAMS, "credentials": "old-name", "protection": "aes"}).delivery
    known = {"tpstreams/library": "tpstreams#a", "tpstreams/old-name": "tpstreams#a"}
    with pytest.raises(InvalidJob, match="two deliveries"):
        require_apart("welcome", twice, known)
    require_apart("welcome", twice, {**known, "tpstreams/old-name": "tpstreams#b"})
