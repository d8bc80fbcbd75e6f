"""Where polyreel keeps what it keeps: ``POLYREEL_HOME``, by default ``~/.polyreel``. Nothing is written elsewhere."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder that holds store, results, ledger, models and the embedded server's database."""
    return Path(os.environ.get("POLYREEL_HOME") or Path.home() / ".polyreel").expanduser().absolute()


def store_dir() -> Path:
    """Artefacts by their content, and the small records that name them."""
    return home() / "store"


def results_dir() -> Path:
    """What each finished task returned (small JSON), by stage key."""
    return home() / "results"


def models_dir() -> Path:
    """Weights of the embedded engine."""
    return home() / "models"


def scratch_dir() -> Path:
    """Half-made files. Everything here may be deleted when no run is under way."""
    return home() / "scratch"
