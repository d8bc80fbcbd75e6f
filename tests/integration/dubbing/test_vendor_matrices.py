"""A lean cut of the vendors' matrices (`python -m benchmarks vendors-kills` and `vendors-faults` fill them whole)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from benchmarks import vendors_faults as faults
from benchmarks.vendors_buyer import SOON
from benchmarks.vendors_kills import STEPS, Step, kill_once
from benchmarks.vendors_stage import Stage, open_stage
from polyreel.dubbing import waiting
from polyreel.vendors.retry import waiting_off

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, narrated: Path) -> Iterator[Stage]:
    """The vendors, and three seconds of speech."""
    folder = tmp_path_factory.mktemp("stage")
    film = folder / "media" / "film.mp4"
    film.parent.mkdir()
    cut = ["-t", "3", "-vf", "scale=320:180", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", film]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", "-i", narrated / "narrated.mp4"]
    subprocess.run([*command, *cut], check=True, timeout=120)
    with open_stage(folder, film) as opened:
        yield opened


@pytest.mark.parametrize(
    ("step", "point"),
    [(STEPS[1], "during_after_commit"), (STEPS[4], "before_receipt")],
    ids=lambda each: each.name if isinstance(each, Step) else each,
)
def test_a_dub_whose_buyer_is_killed_is_bought_once_and_collected(
    stage: Stage, tmp_path: Path, step: Step, point: str
) -> None:
    """By the real adapters, in processes of their own."""
    seen = kill_once(stage, step, point, tmp_path, quiet=0.5)
    assert {name: seen[name] for name in ("killed", "purchases", "made", "lost", "ended")} == {
        "killed": "yes", "purchases": 1, "made": 1, "lost": 0, "ended": "collected"
    }, seen  # fmt: skip


@pytest.mark.parametrize(
    ("way", "method", "path", "fault", "ends"),
    [
        (("panjaya", "url"), "POST", "/v1/assets/", "rst>", ("2nd",)),
        (("panjaya", "url"), "POST", "/v1/assets/*/languages", "cut", ("2nd",)),
        (("dubformer", "url"), "POST", "/api/v1/projects", "json", ("ok", "2nd")),
        (("dubformer", "url"), "GET", "/api/v1/projects/*", "down", ("2nd",)),
        (("dubformer", "staged"), "POST", "*/upload/start", "rst>", ("2nd",)),
    ],
)
async def test_a_fault_at_a_call_costs_nothing(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: tuple[str, str], method: str, path: str,
    fault: str, ends: tuple[str, ...],
) -> None:  # fmt: skip
    """One thing is bought, and the language ends well, in the next run at the latest."""
    monkeypatch.setattr(waiting, "PACE", SOON)
    vendor = "nomad" if path.endswith("upload/start") else way[0]
    with waiting_off():
        cell = await faults.strike(stage, *way, tmp_path, faults.CallPlace(vendor, method, path), fault)
    assert cell["outcome"] in ends, cell
    assert cell["still_armed"] == 0 or fault == "down"
