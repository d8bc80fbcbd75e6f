"""A film that is larger than a place takes in one upload is told before anything is bought, with what to do."""

from __future__ import annotations

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from polyreel.delivery.places import PLACES
from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.media.probe import probe
from polyreel.outcome import Reel, StoredFile
from polyreel.planning.prepare import prepare
from polyreel.planning.uploads import require_uploadable_reel, require_uploadable_source
from polyreel.store.local import LocalStore
from polyreel.vendors.tpstreams.checks import require_upload_size
from polyreel.vendors.tpstreams.sizes import LARGEST_UPLOAD

GIB = 1024**3
LIBRARY = {"to": "tpstreams", "credentials": "library"}
STAGING = {"to": "s3", "credentials": "films", "path": "s3://films/tmp"}


def job(media: Path | str = "film.mp4", **changes: Any) -> Job:
    asked = {"name": "film", "source": {"media": str(media), "locale": "en-US"}, "targets": ["es-ES"]}
    return Job.model_validate({**asked, "delivery": [LIBRARY], **changes})


@pytest.fixture
def large(narrated: Path, tmp_path: Path) -> Path:
    """A film of 6 GiB, of which the disk holds what it says: the rest is a hole."""
    film = tmp_path / "film.mp4"
    shutil.copyfile(narrated / "narrated.mp4", film)
    with film.open("r+b") as file:
        end = file.seek(0, 2)
        # A box that nobody reads, up to the end.
        file.write((1).to_bytes(4, "big") + b"free" + (6 * GIB - end).to_bytes(8, "big"))
        file.truncate(6 * GIB)
    return film


async def test_a_plan_refuses_a_film_that_no_upload_takes(large: Path, narrated: Path, polyreel_home: Path) -> None:
    """With figures, what to do, and before any account is asked."""
    target = {"locale": "es-ES", "subtitles": str(narrated / "narrated.es-ES.srt")}
    with pytest.raises(InvalidJob) as raised:
        await prepare(job(large, targets=[target]), LocalStore())
    assert (raised.value.code, raised.value.where) == ("too_large", "delivery")
    assert "TPStreams takes 5 GiB per upload, and the film has " in raised.value.message
    assert "staging: {to: s3" in raised.value.remedy
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"staging": STAGING},
        {"trim": {"start": 0, "end": 5}},
        {"delivery": [{"to": "folder", "path": "out"}, {"to": "nomad", "credentials": "a", "path": "x"}]},
        {"targets": [], "scripts": ["srt"]},
    ],
    ids=["by address", "cut", "elsewhere", "no films"],
)
def test_what_may_fit_is_left_to_the_reel(large: Path, changes: dict[str, Any]) -> None:
    require_uploadable_source(job(large, **changes), probe(large))


def test_a_film_that_its_own_sound_makes_too_large_is_left_to_the_reel(large: Path) -> None:
    """The dub has a sound of its own: 2 GiB may be those of the source's."""
    info = probe(large)
    with pytest.raises(InvalidJob, match="takes 5 GiB per upload"):
        require_uploadable_source(job(), info)
    seconds = Fraction(2 * GIB, 8 * 192_000 * 8)
    sound = replace(info.audio[0], codec="pcm_s32le", channels=8, sample_rate=192_000, duration=seconds)
    require_uploadable_source(job(), replace(info, audio=(sound,)))


def make_reel(size: int) -> Reel:
    """A reel of so many bytes, of which there are none."""
    return Reel(file=StoredFile(uri="file:///r.mp4", sha256="0" * 64, bytes=size), duration="60")


def test_a_reel_from_anywhere_is_measured_to_the_byte() -> None:
    afar = "https://films.example/film.mp4"
    require_uploadable_reel(job(afar), make_reel(LARGEST_UPLOAD))
    with pytest.raises(InvalidJob, match="takes 5 GiB per upload"):
        require_uploadable_reel(job(afar), make_reel(LARGEST_UPLOAD + 1))
    require_uploadable_reel(job(afar, staging=STAGING), make_reel(LARGEST_UPLOAD + 1))


def test_the_table_has_the_client_s_own_figure(tmp_path: Path) -> None:
    """Else a film would be refused too early, or only after its dubs were paid."""
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(PLACES["tpstreams"].largest_upload)
    assert require_upload_size(film) == LARGEST_UPLOAD
