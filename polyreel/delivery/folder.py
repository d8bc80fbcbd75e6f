"""Delivery to a folder: ``NAME/manifest.json``, ``NAME/report.html``, ``NAME/LOCALE/NAME.LOCALE.{mp4,srt,vtt}``.

A reader who goes by the manifest never meets a file that is not what the manifest says. The order that gives this:

1. Under the folder's lock, everything new is copied beside its place under a hidden name, and verified. What was
   delivered before is untouched; if the disk fills up here, the parts go and nothing has changed.
2. A journal says what is about to be placed. If a file that the old manifest names is to be replaced or removed, the
   old manifest goes now: from here to step 5 the folder makes no statement.
3. The new files get their names, one rename each.
   A file that somebody has corrected since is first given a name beside its own, and the delivery says so.
4. Files of the earlier delivery that are not in this one are removed, unless somebody has edited them. Folders left
   empty go too. A language that this job does not ask for is another job's: that stops the delivery before anything is
   changed.
5. The new manifest gets its name; the journal goes.

After a crash the next delivery reads the journal, keeps what is right already, and does the rest. A file that nobody
has touched since its manifest was written is not written (or even read) again. Files that polyreel did not put there
are left alone; one that stands in the way of a file to be delivered stops the delivery before anything is changed.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polyreel.delivery.copying import copy_verified, sha256_of_open
from polyreel.delivery.corrections import describe_correction, is_corrected, name_beside, refuse_another_job
from polyreel.delivery.manifest import (
    JOURNAL,
    entry_of,
    journal_of,
    listing_of,
    manifest_of,
    read_before,
    stage_bytes,
    write_new,
)
from polyreel.delivery.names import MANIFEST, check_apart, check_name, check_path
from polyreel.delivery.port import Delivered, Item, Parcel, Progress
from polyreel.delivery.tree import Tree, open_tree, parent_of, part_of
from polyreel.errors import DeliveryError
from polyreel.ledger.telling import tell_waiting
from polyreel.machine.locks import try_lock

# A lock that is waited for in the kernel could be neither cancelled nor given a time limit: it is tried instead.
_POLL_SECONDS = 0.05


class FolderDelivery:
    """Delivers into ``folder/NAME``. Two runs at once take turns; one waits at most ``patience_seconds``."""

    def __init__(self, folder: Path, *, patience_seconds: float = 6 * 3600.0) -> None:
        self.folder = folder
        self.patience_seconds = patience_seconds

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Bring a parcel. Raises `DeliveryError` (what, where, remedy) and `StoreError` (a stored file is damaged)."""
        check_name(parcel.name)
        check_apart(check_path(item.path) for item in parcel.items)
        # Cancelling ends the awaiting, not the thread: copying looks at this between pieces, so that the folder's
        # lock is let go.
        stop = threading.Event()
        try:
            return await asyncio.to_thread(self._deliver_parcel, parcel, stop, on_progress or _ignore_progress)
        except asyncio.CancelledError:
            stop.set()
            raise

    def _deliver_parcel(self, parcel: Parcel, stop: threading.Event, report: Progress) -> Delivered:
        with _explain_os_error(self.folder / parcel.name), open_tree(self.folder, parcel.name) as tree:
            self._wait_for(tree, stop)
            return _FolderDelivery(tree, parcel, stop, report).run()

    def _wait_for(self, tree: Tree, stop: threading.Event) -> None:
        patience, told = time.monotonic() + self.patience_seconds, False
        # The folder itself is locked, and not a file in it, which would lie among what is delivered, also after a
        # kill.
        while not try_lock(tree.handle):
            if stop.is_set() or time.monotonic() > patience:
                remedy = "Wait until that run is done, or deliver to another folder."
                raise DeliveryError("another run is delivering here", where=str(tree.location), remedy=remedy)
            if not told:
                tell_waiting("waits for another run that is delivering there")
            told = True
            time.sleep(_POLL_SECONDS)
        if told:
            tell_waiting("")


class _FolderDelivery:
    """One delivery, under the folder's lock."""

    def __init__(self, tree: Tree, parcel: Parcel, stop: threading.Event, report: Progress) -> None:
        self.tree, self.parcel, self.stop, self.report = tree, parcel, stop, report
        self.before = read_before(tree)
        self.corrected: dict[str, str] = {}
        self.folders = {".", *(parent_of(path) for path in [*self.before.list_ours(), *(i.path for i in parcel.items)])}

    def run(self) -> Delivered:
        self.tree.clear_parts(self.folders)
        refuse_another_job(self.tree, self.parcel, self.before)
        new = [item for item in self.parcel.items if not self._is_there(item)]
        gone = self._find_gone()
        if new or gone or self.before.listing != listing_of(self.parcel.items) or self.tree.find_facts(JOURNAL):
            self._change_tree(self._stage_all(new), gone)
        return self._describe_delivered(new, gone)

    def _is_there(self, item: Item) -> bool:
        # Asked before anything is read: a second delivery of a film must not hash its gigabytes again.
        if self.before.stands(self.tree, item.path, entry_of(item)):
            return True
        facts = self.tree.find_facts(item.path)
        if facts is None:
            return False
        if stat.S_ISREG(facts.st_mode) and facts.st_size == item.stored_file.bytes and self._is_already_there(item):
            return True
        if not stat.S_ISREG(facts.st_mode) or item.path not in self.before.list_ours():
            remedy = "Move it away, or deliver to another folder: files that polyreel did not make are never replaced."
            where = str(self.tree.location / item.path)
            raise DeliveryError("something else has this name already", code="name_taken", where=where, remedy=remedy)
        if is_corrected(self.tree, item.path, self.before, self.stop):
            taken = [*self.corrected.values(), *(one.path for one in self.parcel.items)]
            self.corrected[item.path] = name_beside(self.tree, item.path, taken)
        return False

    def _is_already_there(self, item: Item) -> bool:
        handle = self.tree.open(item.path)
        try:
            return sha256_of_open(handle, self.stop) == item.stored_file.sha256
        finally:
            os.close(handle)

    def _find_gone(self) -> list[str]:
        wanted = {item.path for item in self.parcel.items}
        return [path for path in self.before.list_ours() if path not in wanted and self._is_unedited(path)]

    def _is_unedited(self, path: str) -> bool:
        if (entry := self.before.stated.get(path)) is not None and self.before.stands(self.tree, path, entry):
            return True
        coming, facts = self.before.placing.get(path), self.tree.find_facts(path)
        return coming is not None and facts is not None and facts.st_size == coming.bytes

    def _stage_all(self, new: list[Item]) -> dict[str, str]:
        """New files, the manifest among them, beside their places: final path by part."""
        try:
            staged = {}
            for number, item in enumerate(new, 1):
                staged[self._stage_item(item)] = item.path
                self.report(number / len(new))
            staged[stage_bytes(self.tree, MANIFEST, manifest_of(self.parcel))] = MANIFEST
            # Last of what is staged, first of what counts: from here on, whoever finds the folder knows which names
            # are ours.
            write_new(self.tree, JOURNAL, journal_of(self.before, new))
        except BaseException:
            # A cancellation, too: parts must not stay among the user's files.
            self.tree.clear_parts(self.folders)
            self.tree.prune_folders(self.folders)
            raise
        return staged

    def _stage_item(self, item: Item) -> str:
        part = part_of(item.path)
        handle = self.tree.create(part)
        try:
            copy_verified(item.stored_file, handle, self.stop)
        finally:
            os.close(handle)
        return part

    def _change_tree(self, staged: dict[str, str], gone: list[str]) -> None:
        # No manifest rather than a wrong one: while what it states is replaced, readers must not believe it.
        if self.before.stated.keys() & {*staged.values(), *gone}:
            self.tree.remove(MANIFEST)
            self.tree.sync_folders({"."})
        for path, beside in self.corrected.items():
            self.tree.rename(path, beside)
        for part, path in staged.items():
            if path != MANIFEST:
                self.tree.rename(part, path)
        for path in gone:
            self.tree.remove(path)
        self.tree.sync_folders({parent_of(path) for path in [*staged.values(), *gone]})
        self.tree.prune_folders({parent_of(path) for path in gone})
        self.tree.rename(next(part for part, path in staged.items() if path == MANIFEST), MANIFEST)
        self.tree.sync_folders({"."})
        # After the manifest is durable: a kill before this leaves both, and the next delivery finds everything in
        # place.
        self.tree.remove(JOURNAL)

    def _describe_delivered(self, new: list[Item], gone: list[str]) -> Delivered:
        written = tuple(item.path for item in new)
        kept = tuple(item.path for item in self.parcel.items if item.path not in written)
        location = self.tree.location
        return Delivered(
            location=str(location),
            manifest=str(location / MANIFEST),
            written=written,
            kept=kept,
            removed=tuple(gone),
            notes=tuple(self._collect_notes()),
        )

    def _collect_notes(self) -> Iterator[str]:
        for item in self.parcel.items:
            if beside := self.corrected.get(item.path):
                yield describe_correction(item.path, beside, item.locale, str(self.tree.location))


def _ignore_progress(_share: float) -> None:
    """Nobody listens."""


@contextmanager
def _explain_os_error(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message, remedy = _ADVICE.get(error.errno or 0, (error.strerror or str(error), "See that it can be written."))
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        code = "disk_full" if full else None
        raise DeliveryError(f"could not deliver: {message}", code=code, where=str(where), remedy=remedy) from error


_FULL = ("the disk is full", "Free some space there and run again: what is finished is kept, and nothing was changed.")
_LINK = ("a folder on the way is a link, or no folder", "Replace it by a folder, or deliver to another one.")
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: ("a file is too large for that disk", "Deliver to a disk that takes files of this size."),
    errno.ELOOP: _LINK,
    errno.ENOTDIR: _LINK,
    errno.EEXIST: ("what has the folder's name is no folder", "Give it another name, or deliver to another folder."),
    errno.EACCES: ("writing there is not allowed", "Change the folder's permissions, or deliver to another one."),
    errno.EROFS: ("that disk is read-only", "Deliver to another one."),
}
