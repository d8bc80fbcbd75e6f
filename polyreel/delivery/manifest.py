"""What a folder says about itself: the manifest for everybody, the journal for the next run."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from polyreel.delivery.names import MANIFEST, check_path
from polyreel.delivery.port import Item, Parcel
from polyreel.delivery.tree import Tree, parent_of, part_of
from polyreel.errors import DeliveryError
from polyreel.machine.files import parse_note

JOURNAL = ".polyreel-delivery.json"
# Anybody may have put another file there: what is larger than any manifest is not read.
_LARGEST = 32 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as it was delivered."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Before:
    """What an earlier delivery left. ``stated`` were right at ``as_of_ns``; ``placing`` were on their way in."""

    listing: tuple[Mapping[str, Any], ...] = ()
    stated: Mapping[str, Entry] = field(default_factory=dict)
    placing: Mapping[str, Entry] = field(default_factory=dict)
    as_of_ns: int = 0

    def list_ours(self) -> dict[str, Entry]:
        """Every file that a delivery put here, or was about to."""
        return {**self.placing, **self.stated}

    def stands(self, tree: Tree, path: str, entry: Entry) -> bool:
        """Whether a stated file is still there as it was: same length, and not touched since. Nothing is read."""
        facts = tree.find_facts(path)
        regular = facts is not None and stat.S_ISREG(facts.st_mode) and facts.st_size == entry.bytes
        return facts is not None and regular and facts.st_mtime_ns <= self.as_of_ns and self.stated.get(path) == entry


def entry_of(item: Item) -> Entry:
    """An item's content, without its place."""
    return Entry(item.stored_file.sha256, item.stored_file.bytes)


def listing_of(items: Iterable[Item]) -> tuple[dict[str, Any], ...]:
    """The manifest's files, in the order of their paths."""
    return tuple(
        {
            "path": item.path,
            "bytes": item.stored_file.bytes,
            "sha256": item.stored_file.sha256,
            "role": item.role,
            "locale": item.locale,
        }
        for item in sorted(items, key=lambda item: item.path)
    )


def manifest_of(parcel: Parcel, etags: Mapping[str, str] | None = None) -> bytes:
    """The manifest as it is written. ``etags`` are an object store's own words for what it keeps, by path."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"manifest": 1, "job": parcel.name, "made_at": made, "polyreel": version("polyreel")}
    receipts = {"deliveries": list(parcel.receipts)} if parcel.receipts else {}
    origin = {"provenance": list(parcel.provenance)} if parcel.provenance else {}
    people = {
        locale: [each.model_dump(mode="json") for each in lines] for locale, lines in sorted(parcel.recordings.items())
    }
    recorded = {"recordings": people} if people else {}
    cloned = {
        locale: [each.model_dump(mode="json") for each in voices]
        for locale, voices in sorted(parcel.cloned_voices.items())
    }
    recorded |= {"cloned_voices": cloned} if cloned else {}
    kept = {"etags": dict(sorted(etags.items()))} if etags else {}
    return _encode_json({**about, **receipts, **origin, **recorded, "files": listing_of(parcel.items), **kept})


def journal_of(before: Before, new: Iterable[Item]) -> bytes:
    """What the next run has to know if this one ends in the middle."""
    stated = [{"path": path, "sha256": e.sha256, "bytes": e.bytes} for path, e in before.stated.items()]
    placing = {path: entry for path, entry in before.placing.items() if path not in before.stated}
    placing.update({item.path: entry_of(item) for item in new})
    coming = [{"path": path, "sha256": e.sha256, "bytes": e.bytes} for path, e in placing.items()]
    return _encode_json({"as_of_ns": before.as_of_ns, "stated": stated, "placing": coming})


def read_before(tree: Tree) -> Before:
    """What the folder says of earlier deliveries. A damaged manifest says nothing; its files then count as foreign."""
    manifest, journal = _read_json(tree, MANIFEST), _read_json(tree, JOURNAL)
    facts = tree.find_facts(MANIFEST)
    return before_of(manifest if facts else {}, journal, facts.st_mtime_ns if facts else 0)


def before_of(manifest: Mapping[str, Any], journal: Mapping[str, Any], as_of_ns: int = 0) -> Before:
    """What a manifest and a journal say, each as it was read; either may be empty, or nonsense."""
    placing = {**_read_entries(journal.get("stated")), **_read_entries(journal.get("placing"))}
    if manifest:
        listing = tuple(file for file in manifest.get("files") or () if isinstance(file, dict))
        return Before(listing, _read_entries(listing), placing, as_of_ns)
    as_of = journal.get("as_of_ns")
    return Before((), _read_entries(journal.get("stated")), placing, as_of if isinstance(as_of, int) else 0)


def write_new(tree: Tree, path: str, content: bytes) -> None:
    """Write a small file beside its place, durably, and then give it its name."""
    part = stage_bytes(tree, path, content)
    tree.rename(part, path)
    tree.sync_folders({parent_of(path)})


def stage_bytes(tree: Tree, path: str, content: bytes) -> str:
    """Write a small file beside its place, durably; what comes back is its name there."""
    part = part_of(path)
    with os.fdopen(tree.create(part), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return part


def _encode_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _read_json(tree: Tree, path: str) -> dict[str, Any]:
    facts = tree.find_facts(path)
    if facts is None or not stat.S_ISREG(facts.st_mode) or facts.st_size > _LARGEST:
        return {}
    with os.fdopen(tree.open(path), "rb") as file:
        return parse_note(file.read()) or {}


def _read_entries(files: Any) -> dict[str, Entry]:
    found = {}
    for file in files if isinstance(files, (list, tuple)) else ():
        match file:
            case {"path": str(path), "sha256": str(sha256), "bytes": int(size)} if _is_deliverable(path):
                found[path] = Entry(sha256, size)
    return found


def _is_deliverable(path: str) -> bool:
    # Anybody may have edited the manifest: a path that we would not write, we don't remove either.
    try:
        return check_path(path) != MANIFEST
    except DeliveryError:
        return False
