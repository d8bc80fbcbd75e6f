"""Notes on failed checks at the asset manager: equal ones stay, whatever the server adds to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from polyreel.delivery.nomad_marks import _annotate_failures
from polyreel.delivery.port import Access, Parcel
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.once import Timing
from polyreel.ledger.testing import MemoryRows
from polyreel.outcome import Check
from polyreel.vendors.nomad.models_words import Annotation, AnnotationDraft


class Server:
    """Keeps annotations; what it gives back has a property more, and names of its own spelling."""

    def __init__(self) -> None:
        self.notes: dict[str, dict[str, Any]] = {}
        self.made = 0

    async def list_annotations(self, _asset: str) -> list[Annotation]:
        return [
            Annotation(id=key, properties={name.title(): value for name, value in kept.items()} | {"x_new": {"a": 1}})
            for key, kept in self.notes.items()
        ]

    async def create_annotation(self, _asset: str, draft: AnnotationDraft) -> SimpleNamespace:
        self.made += 1
        self.notes[str(self.made)] = dict(draft.properties)
        return SimpleNamespace(id=str(self.made))

    async def delete_annotation(self, _asset: str, note: str) -> None:
        del self.notes[note]


def _parcel(*values: float) -> Parcel:
    names = ("fit", "level")
    checks = tuple(Check(name=n, value=v, limit=1.0, status="fail") for n, v in zip(names, values, strict=False))
    return Parcel(name="reel", items=(), checks={"es-ES": checks})


async def test_equal_annotations_stay_and_others_are_replaced() -> None:
    server: Any = Server()
    access = Access(server, Ledger(MemoryRows(), timing=Timing(quiet=0)))
    await _annotate_failures(access, _parcel(1.5, 2.5), "es-ES", "a")
    await _annotate_failures(access, _parcel(1.5, 2.5), "es-ES", "a")
    assert (server.made, sorted(server.notes)) == (2, ["1", "2"])
    await _annotate_failures(access, _parcel(1.5, 3.0), "es-ES", "a")
    assert (server.made, sorted(server.notes)) == (3, ["1", "3"])
    await _annotate_failures(access, _parcel(), "es-ES", "a")
    assert server.notes == {}
