"""A delivery: a row that says what the place can, and an adapter that brings a parcel. This place is a text file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from polyreel.delivery.places import Place
from polyreel.delivery.port import Access, Delivered, Parcel, Progress
from polyreel.job import PluginDelivery
from polyreel.job.values import Asked
from polyreel.machine.files import write_atomically


class ListingOptions(Asked):
    """What a job may say in ``delivery[].options``. A plug-in's paths are whole: nobody knows that they are paths."""

    path: str


def _path(options: PluginDelivery) -> Path:
    return Path(ListingOptions.model_validate(options.options).path)


class Listing:
    """Writes the name and the size of everything that a job delivers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Doing it again writes the same."""
        lines = [f"{item.stored_file.bytes:>12} {item.path}" for item in parcel.items]
        await asyncio.to_thread(write_atomically, self._path, "\n".join([*lines, ""]).encode())
        return Delivered(location=str(self._path), written=(self._path.name,))


def _make(options: Any, _access: Access) -> Listing:
    return Listing(_path(options))


LISTING = Place(
    name="listing",
    title="a listing",
    options=ListingOptions,
    block=None,
    locate=lambda options, _name: str(_path(options)),
    make=_make,
)
