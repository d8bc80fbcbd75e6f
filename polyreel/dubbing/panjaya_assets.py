"""Panjaya's assets: one per reel and options, made once, and each of its languages kept for one script.

An asset has a language once. So the ledger's row of an asset says for which purchase each of its languages is, and says
it before the language is added: two runs with two scripts for one language, at the same time, get an asset each.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from polyreel.dubbing.port import DubRequest, Means
from polyreel.dubbing.submission import key_of_reel
from polyreel.errors import HeldForPerson, PolyreelError
from polyreel.job import PanjayaDubbing
from polyreel.ledger import steps
from polyreel.ledger.entry import CantTell, Entry, Finding, Found, NotThere, Receipt, State, Subject
from polyreel.ledger.once import before_purchase
from polyreel.ledger.rows import Filter
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.timing import shift
from polyreel.vendors.errors import Invalid, NotFound
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.locales import source_locale, target_locale
from polyreel.vendors.panjaya.models import Asset, AssetOptions, CreateAsset, TargetLanguage

PROVIDER = "panjaya"
# The intent has our ledger's time, the asset the vendor's: their clocks need not agree.
_CLOCKS_APART_S = 300.0
# Containers and vendors round; two cuts of one film differ by more.
_LENGTHS_APART_S = 2
_BARE = "bare"
"""What an asset's row says while it was asked for without any language only: then nothing was bought with it."""
_MEDIA = "media"
"""What an asset's row says of the address that it was asked for with, digested: an address may open what it names."""
# Each is one more script for the same language: so many are a loop of somebody's, not a wish.
_MOST_ASSETS = 20


@dataclass(frozen=True, slots=True)
class Assets:
    """The assets of one account that dubs of one job are on."""

    client: PanjayaClient
    means: Means
    options: PanjayaDubbing
    purchase: Subject
    """The dub that room is looked for."""

    async def find_room(self, request: DubRequest, dub_key: str) -> str:
        """The asset of this reel and options that has, or can have, this dub: made once, its language kept for it.

        What fails on the way has bought nothing (`PolyreelError.bought_nothing`), unless an asset with a language in it
        may have been made: one without any is charged nothing.
        """
        # The ledger's clock: what it compares with is the row's time.
        begun = await self.means.at_hand().read_clock()
        for number in range(_MOST_ASSETS):
            key = key_of_reel(request, PROVIDER, self.means.subject.account, number=number)
            entry = await self._make(request, key, dub_key)
            if not entry.details.get(_BARE, True):
                await self.means.at_hand().change_all({dub_key: steps.complete_intent("asset_id", entry.vendor_id)})
            if await self._holds_another(entry.vendor_id, request.locale, dub_key):
                continue
            if await self._reserve(key, request.locale, dub_key) != dub_key:
                continue
            # One that was made just now is fresh; of one from before a person may have removed it in the studio.
            if entry.intended_at >= begun:
                return entry.vendor_id
            # Its own language may be this purchase, and never have been announced as one: then a look that fails is no
            # leave to pay somebody else.
            with nullcontext() if _may_be_bought_with(entry, request.locale, dub_key) else before_purchase():
                if await self._is_usable(entry.vendor_id):
                    return entry.vendor_id
        raise HeldForPerson(
            f"{_MOST_ASSETS} dubs of {request.title} into {request.locale} were bought already",
            where="panjaya",
            remedy="Look at `polyreel ledger`: is every one of these scripts meant?",
        )

    async def _reserve(self, key: str, locale: str, dub_key: str) -> str:
        """The purchase that the language of an asset is for: this one, where no other was first."""
        await self.means.at_hand().change_all({key: steps.reserve_place(locale, dub_key)})
        entry = await self.means.at_hand().get(key)
        return steps.find_reservation(entry, locale) if entry else ""

    async def _is_usable(self, asset_id: str) -> bool:
        """Whether an asset of an earlier run can still take languages. A failed one costs nothing: it is left."""
        try:
            return not (await read_asset(self.client, self.means, asset_id)).failed
        except NotFound:
            return False

    async def _holds_another(self, asset_id: str, locale: str, dub_key: str) -> bool:
        """Whether the asset has this language with another script, also by a purchase that reserved nothing."""
        wanted = Filter(provider=PROVIDER, account=self.means.subject.account, kind="dub")
        rows = await self.means.at_hand().select(wanted)
        return any(row.key != dub_key and row.locale == locale and asset_of(row) == asset_id for row in rows)

    async def _make(self, request: DubRequest, key: str, dub_key: str) -> Entry:
        try:
            return await self._make_once(request, key, dub_key)
        except HeldForPerson:
            raise
        except PolyreelError as error:
            # After the ledger's own look at it: the asset's intent stays, as the asset may be there.
            entry = await self.means.at_hand().get(key)
            error.bought_nothing = entry is None or bool(entry.details.get(_BARE))
            if error.bought_nothing:
                await self.means.at_hand().change_all({dub_key: steps.withdraw_purchase()})
            raise

    async def _make_once(self, request: DubRequest, key: str, dub_key: str) -> Entry:
        name = f"{request.title}{_make_tail(key)}"
        options = self._make_options(request)
        # Whoever makes it with a language of its own has that language.
        own = steps.make_reservation(request.locale, dub_key)

        async def call() -> Receipt:
            try:
                asset, taken = await self._create(request, options, name), {}
            except Invalid:
                # Some accounts want a language from the beginning; this one is to be bought in any case.
                # Noted before it is asked for: should the answer be lost, or this process end before the language has
                # a row of its own, something may have been bought.
                bought = steps.announce_purchase(dub_key, self.purchase)
                await self.means.at_hand().change_all({key: steps.note_detail(_BARE, False), dub_key: bought})
                script = await asyncio.to_thread(script_of, request)
                language = TargetLanguage(locale=target_locale(request.locale), srt=script)
                asset = await self._create(request, options.model_copy(update={"languages": (language,)}), name)
                taken = own
            return Receipt(id=asset.asset_id, state=State.COLLECTED, minutes=0.0, details=taken)

        async def find(entry: Entry) -> Finding:
            return await self._find(request, options, entry)

        details = {**own, _BARE: True, _MEDIA: _digest_address(request.media_url)}
        subject = self.means.subject.model_copy(
            update={"kind": "asset", "what": request.title, "minutes": 0.0, "details": details}
        )
        return await self.means.at_hand().once(key, call, find, subject=subject)

    def _make_options(self, request: DubRequest) -> AssetOptions:
        start, end = request.trim if request.trims_there else (None, None)
        return AssetOptions(
            locale=source_locale(request.source_locale),
            speakers_count=request.speakers,
            start_time=start,
            end_time=end,
            callback_url=self.means.callback_url,
            lips_model=self.options.lips_model,
            voice_anonymization=self.options.voice_anonymization or None,
        )

    async def _create(self, request: DubRequest, options: AssetOptions, name: str) -> Asset:
        if request.media_url:
            given = options.model_dump(exclude_none=True)
            return await self.client.create_asset(
                CreateAsset(**given, media_url=request.media_url, background_url=request.background_url)
            )
        background = path_of(request.background) if request.background else None
        with self.means.store.open_scratch() as folder:
            # Its name is seen in the studio's list, and is how an upload whose answer was lost is found again.
            (folder / name).symlink_to(path_of(request.reel))
            return await self.client.upload_asset(options, folder / name, background)

    async def _find(self, request: DubRequest, options: AssetOptions, entry: Entry) -> Finding:
        """Is there an asset that nobody in the ledger owns, of this media, this language and this time?"""
        owned = {
            row.vendor_id
            for row in await self.means.at_hand().select(Filter(provider=PROVIDER, kind="asset"))
            if row.vendor_id
        }
        # An asset from long before the intent is not what the lost call made, whatever its name.
        since = entry.intended_at - _CLOCKS_APART_S

        def matches(asset: Asset) -> bool:
            if asset.asset_id in owned or (asset.locale and asset.locale != options.locale):
                return False
            if asset.created_at and seconds_of(asset.created_at) < since:
                return False
            # None counts, too: what doesn't say where it comes from may be ours.
            return _comes_from(asset, request.media_url, entry) is not False

        found = await self.client.find_assets(matches)
        # What says that it is ours is it, whoever else has made an asset meanwhile that says nothing.
        found = [each for each in found if _comes_from(each, request.media_url, entry)] or found
        if len(found) == 1 and not _is_of_another_reel(found[0], request, options):
            return Found(await self._as_made(found[0].asset_id, entry))
        if not found:
            return NotThere()
        # Buying again could pay twice, and taking any could take a stranger's: a person has to tell.
        made = datetime.fromtimestamp(entry.intended_at, UTC).strftime("%d %B %Y, %H:%M UTC")
        return CantTell(
            f"the {len(found)} asset{'s'[: len(found) > 1]} of {made} in Panjaya's studio: "
            f"{', '.join(each.asset_id for each in found)}"
        )

    async def _as_made(self, asset_id: str, entry: Entry) -> Receipt:
        """The receipt of an asset that was found: a language that it was made with is that of whoever meant to."""
        has_language = bool((await read_asset(self.client, self.means, asset_id)).locales())
        return Receipt(
            id=asset_id, state=State.COLLECTED, minutes=0.0, details=dict(entry.details) if has_language else {}
        )


async def read_asset(client: PanjayaClient, means: Means, asset_id: str) -> Asset:
    """An asset that is known; one that was made a moment ago, and is denied, is asked for again. Raises `NotFound`."""
    denials: list[NotFound] = []

    async def look() -> Asset | None:
        try:
            return await client.get_asset(asset_id)
        except NotFound as missing:
            missing.require_word_of_api()
            denials.append(missing)
            return None

    if asset := await look():
        return asset
    rows = await means.at_hand().select(Filter(provider=PROVIDER, account=means.subject.account, kind="asset"))
    made_at = max((row.made_at for row in rows if row.vendor_id == asset_id), default=0.0)
    if asset := await means.at_hand().look_for_new(made_at, look):
        return asset
    raise denials[-1]


def _may_be_bought_with(entry: Entry, locale: str, dub_key: str) -> bool:
    """Whether a dub may have been bought by the making of an asset, as far as its row says.

    Rows of earlier versions don't say whether a language was asked for at once, nor, the oldest, for which purchase.
    """
    if entry.details.get(_BARE) is True:
        return False
    meant = entry.details.get("taken") or {locale: dub_key}
    return bool(meant.get(locale) == dub_key)


def asset_of(entry: Entry) -> str:
    """The asset that a purchase is on: as its receipt says; else, of one that a person settled, as was intended."""
    return str(entry.receipt.get("asset_id") or entry.details.get("asset_id") or "")


def script_of(request: DubRequest) -> str | None:
    """The target script as SRT, on the clock of the video that Panjaya gets."""
    return _write_srt(request.script, Fraction(request.reel_start) if request.trims_there else Fraction(0))


def _write_srt(script: StoredFile | None, start: Fraction) -> str | None:
    if script is None:
        return None
    return write(shift(read_file(path_of(script)).track, round(start * 1000)), "srt").text


def seconds_of(when: datetime) -> float:
    """Seconds since 1970; times without a zone are UTC."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _comes_from(asset: Asset, media_url: str | None, intent: Entry) -> bool | None:
    """Whether an asset is what an intent asked for: of its address, or the upload of its name; None where unsaid.

    By what the intent says, and not by the job alone: before the next run somebody may have given the job another name,
    or the film another address.
    """
    if asset.media_url is not None:
        return asset.media_url == media_url or _digest_address(asset.media_url) == intent.details.get(_MEDIA)
    filename = _read_filename(asset)
    if filename is None or (media_url and filename == PurePosixPath(urlsplit(media_url).path).name):
        return None
    return filename.endswith(_make_tail(intent.key))


def _make_tail(key: str) -> str:
    """What the name of an upload ends in, whatever the job is called."""
    return f"-{key[-12:]}.mp4"


def _digest_address(address: str | None) -> str:
    return hashlib.sha256(address.encode()).hexdigest() if address else ""


def _is_of_another_reel(asset: Asset, request: DubRequest, options: AssetOptions) -> bool:
    """Whether its length, or its trim, says that an asset is of another reel. No page promises that they are told."""
    # What a vendor tells of a video that it cuts itself may be the length of the whole, or of the part.
    if asset.duration and not request.trims_there and abs(asset.duration - request.seconds) > _LENGTHS_APART_S:
        return True
    told = asset.model_extra or {}
    # Where none was asked for, the end that is told may be the video's own.
    trims = [(told.get("start_time"), options.start_time or 0), (told.get("end_time"), options.end_time)]
    return any(isinstance(there, (int, float)) and asked is not None and there != asked for there, asked in trims)


def _read_filename(asset: Asset) -> str | None:
    """Not on the page, but a name that an upload was given is what tells it from others where it is shown."""
    found = (asset.model_extra or {}).get("filename")
    return found if isinstance(found, str) else None
