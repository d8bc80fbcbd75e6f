"""Job files for acceptance tests: the narrated video and its translations, in a folder that a test may change."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.media.binaries import ffmpeg

Work = Callable[..., Path]


@pytest.fixture
def work(tmp_path: Path, narrated: Path) -> Work:
    """Write a job file beside copies of the narrated video and its scripts: ``work("es-ES", trim={...})``.

    With ``minutes`` the video is repeated for so long, for who must meet the job at work; and it is like no other, so
    that nothing of it is done yet.
    """
    folder = tmp_path / "work"

    def write(*locales: str, minutes: int = 0, **changes: Any) -> Path:
        folder.mkdir(exist_ok=True)
        for locale in ("en-US", *locales):
            script = narrated / f"narrated.{locale}.srt"
            if script.exists() and not (folder / script.name).exists():
                shutil.copyfile(script, folder / script.name)
        if not (folder / "narrated.mp4").exists():
            _film(narrated / "narrated.mp4", folder / "narrated.mp4", minutes)
        job: dict[str, Any] = {
            "name": "narrated",
            "source": {"media": "narrated.mp4", "locale": "en-US", "subtitles": "narrated.en-US.srt"},
            "targets": [{"locale": locale, "subtitles": f"narrated.{locale}.srt"} for locale in locales],
            "delivery": [{"to": "folder", "path": "out"}],
        }
        (folder / "job.yaml").write_text(json.dumps(job | changes))
        return folder / "job.yaml"

    return write


def _film(clip: Path, film: Path, minutes: int) -> None:
    if not minutes:
        shutil.copyfile(clip, film)
        return
    command = [str(ffmpeg()), "-v", "error", "-stream_loop", "-1", "-i", str(clip), "-t", str(minutes * 60)]
    subprocess.run([*command, "-c", "copy", "-metadata", f"title={uuid.uuid4()}", str(film)], check=True)
