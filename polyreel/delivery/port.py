"""The port that every kind of delivery stands behind, and the values that pass through it.

An adapter is a class with `Delivery`'s one method, made by its row in `polyreel.delivery.places` from the job's own
options and `Access` (an open client, and the ledger's way of doing things once). It says what it made in `Delivered`
and raises what went wrong; the flow knows the job's other places, and asks again in the next run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import Field

from polyreel.keys import stage_key
from polyreel.ledger.entry import Entry, State, Subject
from polyreel.outcome import Check, ClonedRecord, Problem, RecordedLine, StoredFile, Value

if TYPE_CHECKING:  # SQLAlchemy takes longer to import than a delivery to a folder takes
    from polyreel.ledger.ledger import Ledger
    from polyreel.ledger.once import Call, Find

Result = TypeVar("Result")
Progress = Callable[[float], None]
"""Gets the share of a delivery that is done, 0 to 1."""


SHARED_ROLES = frozenset({"hls", "dash"})
"""Roles of what holds all languages together: a locale there is that of a track, which may be the original's."""


class Item(Value):
    """One file to deliver. ``path`` is below the parcel's folder, with forward slashes; it comes from the plan."""

    path: str
    stored_file: StoredFile
    role: str = Field(description="video, subtitles, report, hls, dash, master, ...")
    locale: str | None = None


class Parcel(Value):
    """Everything that a job delivers, under one name, and what a library wants to know of it."""

    name: str
    items: tuple[Item, ...]
    asked: tuple[str, ...] = Field(default=(), description="Every language that the job asks for, made or not.")
    source_media: str = Field(default="", description="The job's source.media: nomad:ID where it is an asset there.")
    source_locale: str = ""
    start: str = Field(default="0", description="Where the reel begins in the source: seconds, exact fraction.")
    duration: str = Field(default="0", description="The reel's length in seconds, exact fraction.")
    checks: dict[str, tuple[Check, ...]] = Field(default_factory=dict, description="By locale.")
    provenance: tuple[dict[str, Any], ...] = Field(default=(), description="What signed files say, for the manifest.")
    recordings: dict[str, tuple[RecordedLine, ...]] = Field(
        default_factory=dict, description="Lines that people recorded themselves, by locale, for the manifest."
    )
    cloned_voices: dict[str, tuple[ClonedRecord, ...]] = Field(
        default_factory=dict, description="Cloned voices and their consents, by locale, for the manifest."
    )
    receipts: tuple[dict[str, Any], ...] = Field(
        default=(), description="What came of the job's other deliveries, in the outcome's words, for the manifest."
    )

    def list_locales(self) -> tuple[str, ...]:
        """The languages that were made, in their order: the original's tracks and scripts are none of them."""
        own = [item for item in self.items if item.role not in {*SHARED_ROLES, "script"}]
        return tuple(dict.fromkeys(item.locale for item in own if item.locale))

    def items_of(self, locale: str, role: str) -> tuple[Item, ...]:
        """A language's items of one role."""
        return tuple(item for item in self.items if item.locale == locale and item.role == role)


class Delivered(Value):
    """Where a parcel is now, and what had to be done for it. Paths are below ``location`` with forward slashes."""

    location: str = Field(description="What holds the parcel: a folder's path, an address, or a library's folder.")
    manifest: str = Field(default="", description="The manifest's path or address, whole; empty where there is none.")
    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    ids: dict[str, str] = Field(
        default_factory=dict, description="The place's own ids by what they are: 'es-ES' a dub, 'es-ES.vtt' a file."
    )
    urls: dict[str, str] = Field(
        default_factory=dict,
        description="Where it can be played or read, under the same names; never a signed address.",
    )
    notes: tuple[str, ...] = Field(default=(), description="What a person should be told: pt-BR delivered as pt.")
    problems: dict[str, Problem] = Field(
        default_factory=dict, description="Languages that could not be brought, by locale: the others are there."
    )
    may_pass: bool = Field(
        default=False, description="A problem, or what a note tells, may be over in a moment: worth another try."
    )
    is_busy: bool = Field(default=False, description="Nothing but too many calls (429) was in the way of what failed.")
    retry_after: float = Field(default=0.0, description="Seconds that the place asks to be left alone before that.")


class StagingArea(Protocol):
    """Where a film waits for a place that fetches by address."""

    async def make_address(self, file: StoredFile, name: str) -> str:
        """A signed address that gives the file for days; it is put there when it is not. Raises `PolyreelError`."""
        ...

    async def drop_file(self, file: StoredFile, name: str) -> None:
        """The place has fetched what it was given under this name: remove it there. Raises `PolyreelError`."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How an adapter reaches its place, and how it does there once what can't be repeated.

    ``client`` is the place's own, open, with the saved credentials that the job names; None for a place without, or
    where the environment's are meant. ``subject`` says for which job, place and account something is made; an empty
    ``subject.account`` is none. ``staging`` is where a place that fetches by address finds the films; None: they are
    uploaded.
    """

    client: Any = None
    ledger: Ledger | None = None
    subject: Subject = field(default_factory=lambda: Subject(kind="delivery"))
    staging: StagingArea | None = None

    async def once(
        self, key: str, call: Call, find: Find, *, what: str, locale: str = "", kind: str = "delivery", slot: str = ""
    ) -> Entry:
        """The row with the receipt of what ``call`` made under ``key``, now or in an earlier run.

        ``key`` is whatever makes it the same thing, such as ``asset es-ES SHA256``; the place's account is added.
        ``call`` is one request, and gives its `Receipt` (``state=State.COLLECTED`` for what is done when it returns).
        ``find`` gets the row and looks whether a call whose answer was lost has made it (see `polyreel.ledger.once`).
        ``what`` is for people: ``narrated es-ES``. ``slot`` is where it belongs whatever its content, so that what was
        there before can be told (`list_earlier`). Raises as the ledger's `once` does.

        ::

            entry = await access.once(f"asset {item.locale} {item.stored_file.sha256}", make, find, what=parcel.name)
            asset = entry.vendor_id
        """
        details = {**self.subject.details, "slot": slot}
        about = self.subject.model_copy(update={"kind": kind, "what": what, "locale": locale, "details": details})
        ledger, full = self._require_ledger(), self._make_full_key(key)
        # Replaced by other content, or cancelled as abandoned: a receipt of what the place does not have any more
        # would be gone on with as if it were there. Only that row goes: another run may have begun anew meanwhile.
        while (entry := await ledger.once(full, call, find, subject=about)).state is State.FORGOTTEN:
            await ledger.set_aside(entry)
        return entry

    async def run_alone(self, name: str, work: Callable[[], Awaitable[Result]]) -> Result:
        """What ``work`` gives; another run that comes to the same ``name`` of this account waits until it is done.

        For whatever is more than one call: a run that looks on would take what is half made for a dead run's leavings,
        and remove it. ``work`` has to be repeatable. Not to be nested under one name. Without a ledger there are no
        other runs to be known of.
        """
        if self.ledger is None:
            return await work()
        return await self.ledger.alone(self._make_full_key(name), work, what=self.subject.job)

    async def find_or_make(
        self,
        key: str,
        look: Callable[[], Awaitable[str]],
        make: Callable[[], Awaitable[str]],
        *,
        what: str,
        is_there: Callable[[str], Awaitable[bool]] | None = None,
    ) -> str:
        """The id of what has a name of its own at the place (a folder, a project): what is there, else made, once.

        As `polyreel.ledger.named.find_or_make` says.
        """
        from polyreel.ledger.named import find_or_make

        about = self.subject.model_copy(update={"what": what, "details": {**self.subject.details, "slot": ""}})
        return await find_or_make(self._require_ledger(), self._make_full_key(key), look, make, about, is_there)

    async def look_for_made(self, key: str, look: Callable[[], Awaitable[Result | None]]) -> Result | None:
        """What ``look`` sees of what was made under ``key``; None where it is not there.

        That is believed after a while only, as `polyreel.ledger.ledger.Ledger.look_for_made` says.
        """
        return await self._require_ledger().look_for_made(self._make_full_key(key), look)

    async def look_for_new(self, made_at: float, look: Callable[[], Awaitable[Result | None]]) -> Result | None:
        """The same for what was made at a time of the ledger's clock (`read_clock`), and has no row of its own."""
        return await self._require_ledger().look_for_new(made_at, look)

    async def read_entry(self, key: str) -> Entry | None:
        """The row of what was made under ``key``, as it is now."""
        return await self._require_ledger().get(self._make_full_key(key))

    async def read_clock(self) -> float:
        """The time by the ledger's clock: seconds since 1970."""
        return await self._require_ledger().read_clock()

    async def note_details(self, key: str, details: Mapping[str, Any], state: State = State.READY) -> None:
        """Add to the receipt what is known by now: a part that is done need not be looked for by the next run."""
        from polyreel.ledger.steps import note_fact

        full, ledger = self._make_full_key(key), self._require_ledger()
        await ledger.advance(full, state, details=details)
        # A row that is further takes no news of an earlier state; what a repeat changes counts all the same.
        for name, value in details.items():
            await ledger.change_all({full: note_fact(name, value)})

    async def forget_receipt(self, key: str) -> None:
        """The place no longer has what was made under ``key``: it may be made again."""
        await self._require_ledger().advance(self._make_full_key(key), State.FORGOTTEN)
        await self._require_ledger().settle_not_bought(self._make_full_key(key))

    async def list_made(self) -> list[Entry]:
        """Every row of this account that has something at the place."""
        from polyreel.ledger.rows import Filter

        wanted = Filter(provider=self.subject.provider, account=self.subject.account)
        found = await self._require_ledger().select(wanted)
        return [entry for entry in found if entry.vendor_id and entry.state is not State.FORGOTTEN]

    async def list_earlier(self, slot: str, key: str) -> list[Entry]:
        """What earlier runs put into the same slot under other keys, oldest first."""
        full = self._make_full_key(key)
        return [entry for entry in await self.list_made() if entry.details.get("slot") == slot and entry.key != full]

    async def drop_entry(self, entry: Entry) -> None:
        """An earlier row whose thing has been replaced or removed at the place."""
        await self._require_ledger().advance(entry.key, State.FORGOTTEN)

    def _make_full_key(self, key: str) -> str:
        return stage_key(_stage_of(self.subject.provider), 1, account=self.subject.account, of=key)

    def _require_ledger(self) -> Ledger:
        if self.ledger is None:
            raise ValueError("this place was made without a ledger")
        return self.ledger


def _stage_of(provider: str) -> str:
    return f"delivery-{provider}"


def claim_prefix(provider: str) -> str:
    """How the names begin under which runs bring something to a kind of place, alone (`Access.run_alone`)."""
    return f"{_stage_of(provider)}-"


class Delivery(Protocol):
    """A place that a parcel can be brought to."""

    async def deliver(self, parcel: Parcel, on_progress: Progress | None = None) -> Delivered:
        """Bring a parcel; bringing it again replaces or completes what is there, and makes nothing twice.

        It may be cancelled and repeated at any point. Raises `DeliveryError`, or the client's `VendorError`; the job's
        other places are not concerned.
        """
        ...
