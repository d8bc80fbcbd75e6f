"""Job files for acceptance tests: the narrated video and its translations, in a folder that a test may change."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Work = Callable[..., Path]


@pytest.fixture
def work(tmp_path: Path, narrated: Path, film: Callable[[Path, int], Path]) -> Work:
    """Write a job file beside copies of the narrated video and its scripts: ``work("es-ES", trim={...})``.

    With ``minutes`` the video is a `film` of its own, for who must meet the job at work.
    """
    folder = tmp_path / "work"

    def write(*locales: str, minutes: int = 0, **changes: Any) -> Path:
        folder.mkdir(exist_ok=True)
        for locale in ("en-US", *locales):
            script = narrated / f"narrated.{locale}.srt"
            if script.exists() and not (folder / script.name).exists():
                shutil.copyfile(script, folder / script.name)
        if not (folder / "narrated.mp4").exists():
            if minutes:
                film(folder / "narrated.mp4", minutes)
            else:
                shutil.copyfile(narrated / "narrated.mp4", folder / "narrated.mp4")
        job: dict[str, Any] = {
            "name": "narrated",
            "source": {"media": "narrated.mp4", "locale": "en-US", "subtitles": "narrated.en-US.srt"},
            "targets": [{"locale": locale, "subtitles": f"narrated.{locale}.srt"} for locale in locales],
            "delivery": [{"to": "folder", "path": "out"}],
        }
        (folder / "job.yaml").write_text(json.dumps(job | changes))
        return folder / "job.yaml"

    return write
