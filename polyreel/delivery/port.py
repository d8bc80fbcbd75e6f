"""The port that every kind of delivery stands behind, and the values that pass through it."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from polyreel.outcome import Artefact, Value


class Item(Value):
    """One file to deliver. ``path`` is below the parcel's folder, with forward slashes; it comes from the plan."""

    path: str
    artefact: Artefact
    role: str = Field(description="video, subtitles, report, hls, dash, ...")
    locale: str | None = None


class Parcel(Value):
    """Everything that a job delivers, under one name."""

    name: str
    items: tuple[Item, ...]


class Delivered(Value):
    """Where a parcel is now, and what had to be done for it. Paths are below ``location`` with forward slashes."""

    location: str = Field(description="The folder that holds the parcel, as a path (or an address).")
    manifest: str = Field(description="The manifest's path, whole.")
    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Delivery(Protocol):
    """A place that a parcel can be brought to."""

    async def deliver(self, parcel: Parcel) -> Delivered:
        """Bring a parcel; bringing it again replaces or completes what is there. Raises `DeliveryError`."""
        ...
