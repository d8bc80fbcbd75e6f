"""The source of a run that is about to begin, fetched while its server starts.

It is asked for once all the same: what comes of it is the run's own, and a link that holds once is not used up by a
look before. So an address that nobody answers at is said before the server is ready.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from polyreel.errors import PolyreelError
from polyreel.job import Job
from polyreel.outcome import StoredFile
from polyreel.sources.ingest import ingest as take_in
from polyreel.sources.port import OnProgress, scheme_of
from polyreel.store.choice import open_store

# A bar that moves five times a second looks smooth.
_TOLD_EVERY_S = 0.2


@dataclass
class Early:
    """One source on its way, in a thread of its own; it ends with the process."""

    media: str
    done: Future[StoredFile] = field(default_factory=Future)
    share: float = 0.0
    answered: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Start fetching."""
        threading.Thread(target=self._fetch, name="source", daemon=True).start()

    def require_no_refusal(self) -> None:
        """Raise what came of it where that is an error already. Asks nobody, and waits for nothing."""
        if self.done.done() and isinstance(error := self.done.exception(), PolyreelError):
            raise error

    def wait_for_answer(self, seconds: float) -> None:
        """Block until the first of the source, or its refusal, is here, for at most so long.

        Raises what is an error by then. Nothing else should be at work: importing holds up the thread that asks.
        """
        self.answered.wait(seconds)
        self.require_no_refusal()

    async def wait(self, on_progress: OnProgress) -> StoredFile:
        """The stored file, as soon as it is here."""
        while not self.done.done():
            on_progress(self.share)
            await asyncio.sleep(_TOLD_EVERY_S)
        return self.done.result()

    def _fetch(self) -> None:
        try:
            self.done.set_result(asyncio.run(take_in(self.media, open_store(), on_progress=self._tell)))
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            self.done.set_exception(error)
        finally:
            self.answered.set()

    def _tell(self, share: float) -> None:
        self.share = share
        self.answered.set()


_early: list[Early] = []


def begin_early(job: Job) -> Early | None:
    """Begin to fetch a job's source where anybody may fetch it; the next `take_early` of the same address has it."""
    # Files are there already, and saved credentials need the server that is still starting.
    if scheme_of(job.source.media) not in {"http", "https"} or job.source.credentials:
        return None
    found = Early(job.source.media)
    _early[:] = [found]
    found.begin()
    return found


def take_early(media: str) -> Early | None:
    """What was begun for this address, once: whoever asks again fetches anew."""
    if _early and _early[0].media == media:
        # Once, as a second run in this process may want what is there by then.
        return _early.pop()
    return None
