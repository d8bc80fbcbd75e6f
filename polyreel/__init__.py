"""polyreel: one reel in, every language out. The names here are its Python API; docs/python-api.md describes it.

    from polyreel import load_job, plan, run

    job = load_job("job.yaml")
    print(plan(job).quote["sentence"])
    outcome = run(job)

Importing this package is cheap: each name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyreel.api import Preview as Preview
    from polyreel.api import aplan as aplan
    from polyreel.api import arun as arun
    from polyreel.api import load_job as load_job
    from polyreel.api import plan as plan
    from polyreel.api import run as run
    from polyreel.errors import InvalidJob as InvalidJob
    from polyreel.errors import PolyreelError as PolyreelError
    from polyreel.job import Job as Job
    from polyreel.job import Source as Source
    from polyreel.job import Target as Target
    from polyreel.outcome import Outcome as Outcome

_HOMES = {
    "api": ("Preview", "aplan", "arun", "load_job", "plan", "run"),
    "errors": ("InvalidJob", "PolyreelError"),
    "job": ("Job", "Source", "Target"),
    "outcome": ("Outcome",),
}

__all__ = [
    "InvalidJob",
    "Job",
    "Outcome",
    "PolyreelError",
    "Preview",
    "Source",
    "Target",
    "aplan",
    "arun",
    "load_job",
    "plan",
    "run",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"polyreel.{module}"), name)
    raise AttributeError(f"module 'polyreel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
