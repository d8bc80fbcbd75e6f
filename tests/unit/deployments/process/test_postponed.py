"""Imports that wait until something of a module is asked for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from deployments.process.postponed import postpone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from, for one test."""
    monkeypatch.syspath_prepend(tmp_path)
    finders, modules = list(sys.meta_path), set(sys.modules)
    yield tmp_path
    sys.meta_path[:] = finders
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_a_postponed_module_runs_when_it_is_first_asked_for_something(folder: Path) -> None:
    ran = folder / "ran"
    once = f"import pathlib\npathlib.Path({str(ran)!r}).touch(exist_ok=False)\nanswer = 42\n"
    (folder / "waits_a.py").write_text(once)
    postpone("waits_a")
    module, again = import_module("waits_a"), import_module("waits_a")
    assert module is again
    assert not ran.exists()
    assert module.answer == 42
    assert import_module("waits_a").answer == 42
    assert ran.exists()
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = module.nothing_such


def test_modules_of_a_postponed_package_are_found(folder: Path) -> None:
    (folder / "waits_b").mkdir()
    (folder / "waits_b" / "__init__.py").write_text("from waits_b.inner import one\n")
    (folder / "waits_b" / "inner.py").write_text("one = 1\n")
    postpone("waits_b")
    import_module("waits_b")
    assert import_module("waits_b.inner").one == 1
    assert import_module("waits_b").one == 1


def test_a_thread_that_asks_meanwhile_gets_the_whole_module(folder: Path) -> None:
    (folder / "waits_c.py").write_text("import time\nfirst = 1\ntime.sleep(0.3)\nlast = 2\n")
    postpone("waits_c")
    module = import_module("waits_c")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(module.last)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [2, 2, 2, 2]


def test_a_module_that_is_not_there_is_missing_at_its_import(folder: Path) -> None:
    postpone("waits_d")
    with pytest.raises(ModuleNotFoundError, match="waits_d"):
        import_module("waits_d")
