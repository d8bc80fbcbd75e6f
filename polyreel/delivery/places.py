"""Where results can go, and where media can wait for a vendor: one row per place.

Whoever needs to know something of a place asks its row; no other module compares places' names. To add one: its options
in `polyreel.job.delivery`, its adapter beside this module, its block in `blocks`, and a row here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyreel.delivery.port import Access, Delivery
from polyreel.errors import InvalidJob, VendorError
from polyreel.job import Delivery as AskedDelivery
from polyreel.job import (
    FolderDelivery,
    NomadDelivery,
    S3Delivery,
    Staging,
    TPStreamsDelivery,
    VideoJungleDelivery,
)
from polyreel.job.plugins import require_options
from polyreel.job.values import Asked
from polyreel.ledger.entry import Entry
from polyreel.machine.plugins import row_of_plugin
from polyreel.vendors.tpstreams.sizes import LARGEST_UPLOAD


@dataclass(frozen=True, slots=True)
class Place:
    """What a place can. ``options`` in the signatures is the place's own model of `polyreel.job.delivery`."""

    name: str
    """As a job's ``delivery[].to`` has it."""
    title: str
    """As people call it."""
    options: type[Asked]
    block: str | None
    """Whose saved credentials it takes; None: it needs none."""
    locate: Callable[[Any, str], str]
    """Where a job of this name goes, for people: a path, an address, or words."""
    make: Callable[[Any, Access], Delivery] | None
    """The adapter; None: this version has none, and a job that names the place is refused."""
    require: Callable[[Any, Any], Awaitable[None]] | None = None
    """See, with an open client, that what the options (a delivery's, or staging's there) name is there.

    Before anything is bought. Raises `InvalidJob`, and `VendorError` where it can't be told at the moment."""
    require_here: Callable[[Any, str], None] | None = None
    """See, without making or asking anything, that this machine can bring a job of this name there.

    Before anything is bought, and by `polyreel plan`. Raises `InvalidJob`."""
    holds_tree: bool = False
    """It holds files under their own paths: the report and the manifest go there too, and so it comes last."""
    local: bool = False
    """A folder on this machine: the paths of the outcome are its."""
    takes_url: bool = False
    """It fetches by address what it is given."""
    largest_upload: int = 0
    """How many bytes one upload takes there; 0: no page names a limit. What it fetches by address has none."""
    takes_sound: bool = False
    """It takes dubs that are sound without a picture."""
    cancel_upload: Callable[[Any, Entry], Awaitable[bool]] | None = None
    """Ends an upload that a row has begun and nobody went on with, and removes what waits for its file; what is gone
    is fine. False: all of it came, and it stays. None: it ends by itself."""
    stable_links: bool = False
    """As `staging`: its signed addresses of one file differ in their query alone. A vendor's copy tells where it came
    from."""


def place_of(options: AskedDelivery) -> Place:
    """The row of one of a job's ``delivery``."""
    return row_of_plugin("deliveries", options.plugin, Place) if options.plugin else PLACES[options.to]


def require_place(options: AskedDelivery) -> None:
    """See that this version delivers there. Raises `InvalidJob`."""
    place = place_of(options)
    if options.plugin:
        require_options(place.options, options, f"delivery: {options.plugin}")
    if place.make is None:
        raise InvalidJob(
            f"this version does not deliver to {place.name}",
            code="not_available",
            where="delivery",
            remedy=f"Use {' or '.join(f'`to: {each.name}`' for each in PLACES.values() if each.make)}.",
        )


def require_apart(job: str, asked: Sequence[AskedDelivery], accounts: Mapping[str, str] | None = None) -> None:
    """See that no two deliveries of a job of this name go to one place. Raises `InvalidJob`.

    ``accounts``: the account of each name of saved credentials, as far as they are known; else their name stands for
    it. The second delivery would find the first one's films under its own names, and take their place: with other
    options (renditions, protection) at every run anew.
    """
    seen: set[tuple[str, str, str]] = set()
    for options in asked:
        place, name = place_of(options), str(getattr(options, "credentials", None) or "")
        where = place.locate(options, job)
        known = (place.name, (accounts or {}).get(f"{place.name}/{name}", name), where)
        if known in seen:
            raise InvalidJob(
                f"two deliveries go to {where}: each would replace the other's films", code="delivery_twice",
                where="delivery", remedy="Keep one, or give each a folder, prefix or project of its own.",
            )  # fmt: skip
        seen.add(known)


def require_reachable(options: AskedDelivery, job: str) -> None:
    """See that a job of this name can be brought there, as far as this machine can tell. Raises `InvalidJob`."""
    if require := place_of(options).require_here:
        require(options, job)


def is_fetched_from(options: AskedDelivery, staging: Staging | None) -> bool:
    """Whether a place fetches each film from a job's ``staging``, by a signed address, instead of an upload."""
    return bool(staging and place_of(options).takes_url and PLACES[staging.to].stable_links)


def require_uploadable(options: AskedDelivery, staging: Staging | None, size: int) -> None:
    """See that a film of so many bytes is not more than one upload takes at a place. Raises `InvalidJob`."""
    place = place_of(options)
    if not place.largest_upload or size <= place.largest_upload or is_fetched_from(options, staging):
        return
    by_address = (
        "Add `staging: {to: s3, ...}`, by which it is fetched in any size; or" if place.takes_url else "Cut it:"
    )
    raise InvalidJob(
        f"{place.title} takes {_spell_bytes(place.largest_upload)} per upload, and the film has {_spell_bytes(size)}",
        code="too_large",
        where="delivery",
        remedy=f"{by_address} `trim`, a smaller source, or another delivery.",
    )


def _spell_bytes(size: int) -> str:
    return f"{size / 1024**3:.4g} GiB"


def make_delivery(options: AskedDelivery, access: Access) -> Delivery:
    """The adapter of a place. Raises `InvalidJob` where this version has none."""
    require_place(options)
    make = place_of(options).make
    assert make is not None  # noqa: S101 - `require_place` has seen to it
    return make(options, access)


def _make_folder(options: Any, _access: Access) -> Delivery:
    from polyreel.delivery.folder import FolderDelivery as Folder

    return Folder(Path(options.path))


def _require_folder(options: Any, name: str) -> None:
    from polyreel.delivery.writable import require_writable

    require_writable(Path(options.path), name)


def _make_objects(options: Any, access: Access) -> Delivery:
    from polyreel.delivery.objects import ObjectsDelivery

    return ObjectsDelivery(options, access)


async def _require_bucket(options: Any, client: Any) -> None:
    from polyreel.objects.address import prefix_address
    from polyreel.objects.bucket import Bucket
    from polyreel.objects.connection import Connection
    from polyreel.objects.problems import AWAY

    prefix = prefix_address(options.path)
    try:
        await Bucket(prefix.bucket, client or Connection(), InvalidJob).require_open(prefix)
    except InvalidJob as refusal:
        if refusal.code in AWAY:
            raise VendorError(refusal.message, code=refusal.code, where=refusal.where) from None
        raise


def _make_tpstreams(options: Any, access: Access) -> Delivery:
    from polyreel.delivery.tpstreams import TPStreamsDelivery as Library

    return Library(options, access)


def _make_nomad(options: Any, access: Access) -> Delivery:
    from polyreel.delivery.nomad import NomadDelivery as Library

    return Library(options, access)


async def _require_owner_at_nomad(options: Any, client: Any) -> None:
    from polyreel.delivery.nomad import require_owner

    if asset := getattr(options, "related_to", None):  # staging has none
        await require_owner(client, asset)


async def _cancel_at_nomad(client: Any, row: Entry) -> bool:
    from polyreel.vendors.errors import Invalid, suppress_gone

    # What a person has settled has no upload that we know of.
    if not (upload := row.receipt.get("upload")):
        return False
    with suppress_gone():
        if (await client.get_upload(str(upload))).is_completed:
            return False
        try:
            await client.cancel_upload(str(upload))
        except Invalid:
            # A server that tells an upload's parts alone still refuses to cancel one that is complete.
            return False
    return True


async def _cancel_at_tpstreams(client: Any, row: Entry) -> bool:
    from polyreel.delivery.tpstreams import remove_if_empty

    return await remove_if_empty(client, row.vendor_id)


async def _cancel_at_videojungle(client: Any, row: Entry) -> bool:
    from polyreel.delivery.videojungle import remove_if_empty

    return await remove_if_empty(client, row.vendor_id)


def _make_videojungle(options: Any, access: Access) -> Delivery:
    from polyreel.delivery.videojungle import VideoJungleDelivery as Library

    return Library(options, access)


def _join_address(address: str, name: str) -> str:
    return f"{address.rstrip('/')}/{name}"


_ROWS = (
    Place(
        name="folder",
        title="a folder on this machine",
        options=FolderDelivery,
        block=None,
        locate=lambda options, name: str(Path(options.path) / name),
        make=_make_folder,
        require_here=_require_folder,
        takes_sound=True,
        holds_tree=True,
        local=True,
    ),
    Place(
        name="s3",
        title="an S3-compatible object store",
        options=S3Delivery,
        block="s3",
        locate=lambda options, name: _join_address(options.path, name),
        make=_make_objects,
        takes_sound=True,
        require=_require_bucket,
        holds_tree=True,
        stable_links=True,
    ),
    Place(
        name="tpstreams",
        title="TPStreams",
        options=TPStreamsDelivery,
        block="tpstreams",
        locate=lambda options, _name: f"TPStreams: {options.folder or ''}".rstrip(" :"),
        make=_make_tpstreams,
        cancel_upload=_cancel_at_tpstreams,
        takes_url=True,
        largest_upload=LARGEST_UPLOAD,
    ),
    Place(
        name="nomad",
        title="a Nomad-style asset manager",
        options=NomadDelivery,
        block="nomad",
        locate=lambda options, _name: f"Nomad: {(options.path or options.related_to or '').strip('/')}".rstrip(" :"),
        make=_make_nomad,
        require=_require_owner_at_nomad,
        cancel_upload=_cancel_at_nomad,
    ),
    Place(
        name="videojungle",
        title="Video Jungle",
        options=VideoJungleDelivery,
        block="videojungle",
        locate=lambda options, name: f"Video Jungle: {options.project or name}",
        make=_make_videojungle,
        cancel_upload=_cancel_at_videojungle,
    ),
)
PLACES: dict[str, Place] = {each.name: each for each in _ROWS}
