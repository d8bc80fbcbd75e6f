"""A folder that nothing can be delivered to is seen before anything is bought, and nothing is made to find out."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from polyreel.delivery.places import PLACES, require_reachable
from polyreel.delivery.writable import require_writable
from polyreel.errors import InvalidJob
from polyreel.job import FolderDelivery


def _make_file(folder: Path) -> Path:
    (folder / "file").write_text("a film")
    return folder / "file"


def _make_dead_link(folder: Path) -> Path:
    (folder / "link").symlink_to(folder / "nowhere")
    return folder / "link"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_make_file, "no folder"),
        (lambda folder: _make_file(folder) / "below" / "it", "no folder"),
        (_make_dead_link, "no folder"),
        (lambda folder: folder / ("x" * 300), "too long"),
        pytest.param(
            lambda _: Path("/proc/nope"), "no disk", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux")
        ),
        (lambda _: Path("/dev/null"), "no folder"),
    ],
)
def test_what_can_hold_no_delivery_is_refused(tmp_path: Path, make, said: str) -> None:
    """With the path that is at fault and what to do; nothing is made."""
    folder = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidJob, match=said) as refused:
        require_reachable(FolderDelivery(path=str(folder)), "welcome")
    assert (refused.value.code, refused.value.where) == ("unwritable_folder", "delivery")
    assert str(folder) in refused.value.message
    assert "Deliver to a folder of your own" in refused.value.remedy
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_has_the_parcels_name_must_be_a_folder(tmp_path: Path, kind: str) -> None:
    """A link there is not followed by the delivery."""
    (tmp_path / "elsewhere").mkdir()
    if kind == "file":
        (tmp_path / "welcome").write_text("")
    else:
        (tmp_path / "welcome").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidJob, match="link" if kind == "link" else "no folder"):
        require_writable(tmp_path, "welcome")


def test_what_can_be_delivered_to_is_left_as_it_is(tmp_path: Path) -> None:
    """A folder that is there, one that is missing, and one behind a link; none is made."""
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    for each in ("there", "missing/below", "link"):
        require_writable(tmp_path / each, "welcome")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["link", "there"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_without_the_right_to_write_is_refused() -> None:
    """Rights are those of whoever runs; root has all."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        require_writable(folder, "welcome")
        os.seteuid(65534)
        try:
            with pytest.raises(InvalidJob, match="not allowed"):
                require_writable(folder, "welcome")
        finally:
            os.seteuid(0)


def test_every_place_on_this_machine_is_looked_at() -> None:
    """A new local place has a look too."""
    assert all(each.require_here for each in PLACES.values() if each.local)
