"""Imports that wait until something of a module is asked for: for modules of others that a program mostly needs not.

    postpone("prefect.blocks.notifications")      # before anything imports it
    import prefect.blocks.notifications           # binds a module without contents
    prefect.blocks.notifications.SlackWebhook     # imports it, here and now

Python's own `importlib.util.LazyLoader` does not do here: it loads as soon as a module is imported a second time.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_lock = threading.RLock()


def postpone(*names: str) -> None:
    """Let the next import of each of these modules wait. One that is imported already stays as it is."""
    sys.meta_path.insert(0, _Postponing(names))


class _Postponed(ModuleType):
    """A module without contents. Whoever asks for any of them gets them."""

    def __getattr__(self, name: str) -> Any:
        with _lock:  # another thread that asks meanwhile waits for all of it
            spec = self.__spec__
            assert spec is not None  # noqa: S101 - `_Postponing` made this module of it
            loader, spec.loader_state = spec.loader_state, None
            if loader is not None:
                loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]  # mypy takes the class for fixed
        return ModuleType.__getattribute__(self, name)  # the class may be another one by now


class _Postponing(Loader, MetaPathFinder):
    """Finds the named modules as Python does, and makes them without contents."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module is; None for all that are not postponed."""
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            # Kept aside: the rest of the spec, a package's folders among it, is as usual.
            spec.loader_state, spec.loader = spec.loader, self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Not yet: only the module's own name, place and loader are there."""
        spec = module.__spec__
        assert spec is not None  # noqa: S101 - Python made this module of it
        spec.loader = module.__loader__ = spec.loader_state
        module.__class__ = _Postponed
