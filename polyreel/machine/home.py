"""Where polyreel keeps what it keeps: ``POLYREEL_HOME``, by default ``~/.polyreel``. Nothing is written elsewhere.

``POLYREEL_STORE`` puts stored files and results elsewhere: a folder (on a disk that several machines share, say), or
``s3://bucket/prefix``, of which the folders here are then the working copy.
"""

from __future__ import annotations

import os
from pathlib import Path

from polyreel.errors import InvalidJob


def home() -> Path:
    """The folder that holds store, results, models, voices and the embedded server's database."""
    return Path(os.environ.get("POLYREEL_HOME") or Path.home() / ".polyreel").expanduser().absolute()


def read_shared_store() -> str | None:
    """The address of the object store that is shared with other machines, where there is one. Raises `InvalidJob`."""
    asked = os.environ.get("POLYREEL_STORE", "").strip()
    scheme, separator, _ = asked.partition("://")
    if not separator:
        return None
    if scheme.lower() != "s3":
        remedy = "Use s3://bucket/prefix, or a folder; leave it out to keep everything in POLYREEL_HOME."
        raise InvalidJob(f"there is no store at {scheme}:// addresses", where="POLYREEL_STORE", remedy=remedy)
    return asked


def _store_folder() -> Path | None:
    asked = os.environ.get("POLYREEL_STORE", "").strip()
    return Path(asked).expanduser().absolute() if asked and read_shared_store() is None else None


def store_dir() -> Path:
    """Stored files by their content, and the small records that name them."""
    return _store_folder() or home() / "store"


def results_dir() -> Path:
    """What each finished task returned (small JSON), by stage key."""
    return (_store_folder() or home()) / "results"


def models_dir() -> Path:
    """Weights of the embedded engine."""
    return home() / "models"


def delivered_dir() -> Path:
    """Where the runs of `polyreel up` delivered to: a small file for each, for the links in the UI."""
    return home() / "up" / "delivered"


def jobs_dir() -> Path:
    """What is known of every job that was run here: a folder per job, with a record per run and the last report."""
    return home() / "jobs"


def deliveries_dir() -> Path:
    """Where jobs that come in from elsewhere may deliver to in any case."""
    return home() / "deliveries"


def scratch_dir() -> Path:
    """Half-made files, on the store's disk. Everything here may be deleted when no run is under way."""
    return (_store_folder() or home()) / "scratch"
