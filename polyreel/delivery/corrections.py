"""What people did in a delivered folder: corrections are kept beside, and another job's languages are not removed."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from polyreel.delivery.copying import sha256_of_open
from polyreel.delivery.manifest import Before
from polyreel.delivery.port import SHARED_ROLES, Parcel
from polyreel.delivery.tree import Tree
from polyreel.errors import DeliveryError

_SCRIPTS = frozenset({".srt", ".vtt"})


def is_corrected(tree: Tree, path: str, before: Before, stop: threading.Event) -> bool:
    """Whether a delivered file is no longer what a delivery put there. The file is read where its length can't tell."""
    facts = tree.find_facts(path)
    if facts is None or not stat.S_ISREG(facts.st_mode):
        return False
    if (entry := before.stated.get(path)) is not None and before.stands(tree, path, entry):
        return False
    known = [entry for entry in (before.stated.get(path), before.placing.get(path)) if entry]
    # Another length is answer enough: a film of gigabytes need not be read.
    if facts.st_size not in {entry.bytes for entry in known}:
        return True
    handle = tree.open(path)
    try:
        return sha256_of_open(handle, stop) not in {entry.sha256 for entry in known}
    finally:
        os.close(handle)


def name_beside(tree: Tree, path: str, taken: Sequence[str]) -> str:
    """A free name for a corrected file: ``es-ES/welcome.es-ES.corrected.srt``."""
    free = (name for name in names_beside(path) if name not in taken and tree.find_facts(name) is None)
    if (name := next(free, None)) is None:
        raise refuse_more_beside(str(tree.location / path))
    return name


def names_beside(path: str) -> Iterator[str]:
    """The names under which a corrected file may be kept, the first choice first."""
    old = PurePosixPath(path)
    # Bounded: whoever may write to the folder could have taken every name.
    for number in range(1, 1000):
        mark = ".corrected" if number == 1 else f".corrected-{number}"
        yield str(old.with_name(f"{old.stem}{mark}{old.suffix}"))


def refuse_more_beside(where: str) -> DeliveryError:
    """The error where every name for a corrected file is taken."""
    return DeliveryError("there are too many corrected versions beside it", where=where, remedy="Move some away.")


def describe_correction(path: str, beside: str, locale: str | None, folder: str = "") -> str:
    """What a run says of a file that it replaced. ``folder`` holds them; empty: they have to be fetched first."""
    said = f"{path} had been changed by hand since it was delivered: that version is kept as {beside}."
    if locale and PurePosixPath(path).suffix in _SCRIPTS:
        file, fetch = (f"{folder}/{beside}", "") if folder else (PurePosixPath(beside).name, "fetch it, then ")
        return f"{said} To take its changes in: {fetch}`polyreel revise JOB.yaml {locale} {file}`."
    return said


def refuse_another_job(tree: Tree, parcel: Parcel, before: Before) -> None:
    """Refuse to remove languages that this job never asked for: another job of its name has delivered them.

    A job that has grown brings its own along. Raises `DeliveryError`.
    """
    lost = {locale for locale, path in find_not_asked(parcel, before) if tree.find_facts(path) is not None}
    if lost:
        raise refuse_lost(parcel, sorted(lost), str(tree.location), [str(tree.location / locale) for locale in lost])


def find_not_asked(parcel: Parcel, before: Before) -> Iterator[tuple[str, str]]:
    """Files that an earlier delivery states, of languages that this job never asked for: locale and path of each."""
    asked = {*parcel.asked, *parcel.list_locales()}
    for file in before.listing:
        locale, path = file.get("locale"), file.get("path")
        if file.get("role") in SHARED_ROLES:
            continue  # a track in what all languages share: the original's is asked for by nobody
        # Only what a delivery would write is looked for: anybody may have edited the manifest.
        if isinstance(locale, str) and locale not in asked and isinstance(path, str) and path in before.stated:
            yield locale, path


def refuse_lost(parcel: Parcel, lost: Sequence[str], where: str, places: Sequence[str]) -> DeliveryError:
    """The error for a delivery that would remove another job's languages; ``places`` are where those are."""
    return DeliveryError(
        f"a job named {parcel.name} has delivered {', '.join(lost)} here, which this job does not ask for: "
        "they would be removed",
        code="name_taken",
        where=where,
        remedy=f"Give this job another `name` or another folder. If it is the same job, and {', '.join(lost)} "
        f"is no longer wanted, remove {' and '.join(sorted(places))} and run again.",
    )
