"""A series of two episodes' worth of settings, and a job of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.series.memory import Unit

ENGLISH = """1
00:00:01,000 --> 00:00:02,000
Good morning, harbour.

2
00:00:03,000 --> 00:00:04,000
Nobody came.
"""
SPANISH = ENGLISH.replace("Good morning, harbour.", "Buenos días,\npuerto.").replace("Nobody came.", "No vino nadie.")
SETTINGS = """
cast:
  Ana: {gender: female, voices: {es-ES: nova, fr-FR: claire}}
  Tom: {voices: {es-ES: rico}}
do_not_translate: [Polyreel]
profile: bbc
"""
UNITS = [
    Unit((("en-US", "Good morning, harbour."), ("es-ES", "Buenos días, puerto."), ("fr-FR", "Bonjour, le port."))),
    Unit((("en-US", "It’s  late."), ("es-ES", "Es tarde."))),
]


@pytest.fixture
def harbour(polyreel_home: Path) -> Path:
    """A series with settings."""
    folder = polyreel_home / "series" / "harbour"
    folder.mkdir(parents=True)
    (folder / "series.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture
def episode(tmp_path: Path, harbour: Path) -> Callable[..., Path]:
    """A job file of the series with scripts in both languages: ``episode(speakers=...)``."""
    (tmp_path / "e1.en.srt").write_text(ENGLISH)
    (tmp_path / "e1.es.srt").write_text(SPANISH)

    def make(**changes: Any) -> Path:
        job = {
            "name": "e1",
            "series": "harbour",
            "source": {"media": "e1.mp4", "locale": "en-US", "subtitles": "e1.en.srt"},
            "targets": [{"locale": "es-ES", "subtitles": "e1.es.srt"}],
        }
        (tmp_path / "e1.yaml").write_text(json.dumps({**job, **changes}))
        return tmp_path / "e1.yaml"

    return make
