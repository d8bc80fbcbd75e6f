"""Which libraries a source can come from: one row per library.

To add one: its adapter beside this module, a row here, and its name in `polyreel.job.source.ASSET_SCHEMES`, which lets
jobs name it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from polyreel.sources.libraries.port import LibrarySource, LibraryVideo


@dataclass(frozen=True, slots=True)
class Library:
    """What a library can."""

    name: str
    """As a source has it before the colon; also whose saved credentials it takes."""
    make: Callable[[Any], LibrarySource]
    """The adapter, over an open client of its block."""
    list_folder: Callable[[Any, str], Awaitable[list[LibraryVideo]]] | None = None
    """The videos right in a folder, in any order, over an open client: for a batch with a job for each.

    Raises `InvalidJob` for an id that is no folder's, and the client's `VendorError`. None: it has no folders."""
    folder_path: str = ""
    """How people may name a folder otherwise than by its id: an example of a path; empty where they can't."""


def list_with_folders() -> tuple[str, ...]:
    """The libraries whose folders a batch can take."""
    return tuple(each.name for each in LIBRARIES.values() if each.list_folder)


def _make_nomad(client: Any) -> LibrarySource:
    from polyreel.sources.libraries.nomad import NomadSource

    return NomadSource(client)


async def _list_folder_at_nomad(client: Any, folder_id: str) -> list[LibraryVideo]:
    from polyreel.sources.libraries.nomad import list_folder

    return await list_folder(client, folder_id)


def _make_tpstreams(client: Any) -> LibrarySource:
    from polyreel.sources.libraries.tpstreams import TPStreamsSource

    return TPStreamsSource(client)


async def _list_folder_at_tpstreams(client: Any, folder_id: str) -> list[LibraryVideo]:
    from polyreel.sources.libraries.tpstreams import list_folder

    return await list_folder(client, folder_id)


def _make_videojungle(client: Any) -> LibrarySource:
    from polyreel.sources.libraries.videojungle import VideoJungleSource

    return VideoJungleSource(client)


_ROWS = (
    Library("nomad", _make_nomad, _list_folder_at_nomad, folder_path="Courses/2026"),
    Library("videojungle", _make_videojungle),
    Library("tpstreams", _make_tpstreams, _list_folder_at_tpstreams),
)
LIBRARIES: dict[str, Library] = {each.name: each for each in _ROWS}
