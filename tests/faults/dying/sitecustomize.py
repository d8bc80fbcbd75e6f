"""Kills a run's process half-way to its suspension: found by Python itself, through ``PYTHONPATH``.

A file ``JOB.noted`` in the folder ends the job's run when it has noted what it waits for, and is not suspended yet;
``JOB.told`` ends it when the server has just taken its suspension, before the process itself knows.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PLACE = Path(os.environ.get("POLYREEL_TESTS_DIE", os.devnull))


def dying(function: Any, name: str) -> Any:
    """The function, whose caller dies once it is done, where a test wants it."""

    async def call(*args: Any, **kwargs: Any) -> Any:
        result = await function(*args, **kwargs)
        job = args[2] if name == "noted" else args[0].name
        if (PLACE / f"{job}.{name}").exists():
            (PLACE / f"{job}.{name}").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


class Finder:
    """Changes two modules as they are imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in ("polyreel.ledger.waits", "flows.suspension"):
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        sys.meta_path.insert(0, self)
        assert spec is not None
        assert spec.loader is not None
        load = spec.loader.exec_module

        def load_and_change(module: ModuleType) -> None:
            load(module)
            if name == "polyreel.ledger.waits":
                vars(module)["ask_to_wait"] = dying(module.ask_to_wait, "noted")
            else:
                vars(module)["set_suspended"] = dying(module.set_suspended, "told")

        vars(spec.loader)["exec_module"] = load_and_change
        return spec


if "POLYREEL_TESTS_DIE" in os.environ:
    sys.meta_path.insert(0, Finder())
