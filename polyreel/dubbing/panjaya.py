"""Panjaya behind the dubbing port: one asset per reel and options, every language on it.

The asset is made first, with as few languages as Panjaya takes (none, where it allows that), and each language is added
after: whether a language was taken can always be read back from the asset, so a lost answer is no riddle. Panjaya has
no idempotency key; the ledger sees to it that each of these calls is made once.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence

from polyreel.dubbing.charges import minutes_begun
from polyreel.dubbing.panjaya_assets import Assets, asset_of, read_asset, script_of
from polyreel.dubbing.panjaya_revision import REVISION, Revision
from polyreel.dubbing.port import Dubbed, DubRequest, Means, Progress, Receipt
from polyreel.dubbing.submission import describe_purchase, submit_once
from polyreel.dubbing.vendor_results import Result, as_dubbed, load_dubbed, save_dubbed
from polyreel.dubbing.waiting import wait_until_ready
from polyreel.job import PanjayaDubbing
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, State
from polyreel.ledger.entry import Receipt as Bought
from polyreel.ledger.once import before_purchase
from polyreel.ledger.watch import Sighting
from polyreel.vendors.errors import CallError, Invalid, JobFailed, NotFound
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.locales import target_locale
from polyreel.vendors.panjaya.models import AddLanguages, Asset, TargetLanguage, Version, VersionStatus
from polyreel.vendors.panjaya.problems import asset_failed, version_failed
from polyreel.vendors.waiting import Patience, wait_for

STUDIO_GRACE_S = 180.0
"""Panjaya generates a first version by itself; one that stays `ReadyToEdit` longer than this waits for a person."""
_PREPARING = Patience(first=5.0, cap=30.0, total=3 * 3600.0)


class PanjayaDubber:
    """Dubs at Panjaya. Every step may be repeated: what was bought is in the ledger."""

    provider = "panjaya"

    def __init__(self, options: PanjayaDubbing, means: Means) -> None:
        self._options = options
        self._means = means
        self._client: PanjayaClient = means.client

    # -- buying

    async def submit(self, request: DubRequest) -> Receipt:
        """Buy this language, once. Raises `VendorError`, and `UnresolvedCall` where only a person can tell."""
        receipt, entry = await submit_once(request, self.provider, self._means, self._buy)
        return receipt.model_copy(update={"details": {**receipt.details, "asset_id": asset_of(entry)}})

    async def _buy(self, request: DubRequest, key: str) -> Entry:
        subject = self._means.subject.model_copy(
            update={
                "what": request.title,
                "locale": request.locale,
                "minutes": _count_minutes(request),
                "details": self._means.subject.details | describe_purchase(request),
            }
        )
        asset_id = await Assets(self._client, self._means, self._options, subject).find_room(request, key)
        locale = target_locale(request.locale)
        language = TargetLanguage(locale=locale, srt=await asyncio.to_thread(script_of, request))
        # The row of a language that an asset may have been made with says of no attempt.
        is_new = await self._means.at_hand().get(key) is None

        async def call() -> Bought:
            # What the asset was made with, or an earlier call has added, is there.
            with before_purchase():
                asset = await read_asset(self._client, self._means, asset_id)
            # The call may be made a second time after a lost answer: adding a language twice could be charged twice.
            if locale not in asset.locales():
                try:
                    asset = await self._add(asset, language)
                except JobFailed as failed:
                    # Of an asset that failed without the language nothing was bought, if it was never asked for before:
                    # what an earlier, unanswered call was charged is not to be read from it. The row may be another
                    # run's, which asked for it after it was looked at here.
                    failed.bought_nothing = is_new and await self._means.at_hand().is_first_attempt(key)
                    raise
            return await self._read_bought(asset_id, locale)

        async def find(entry: Entry) -> Finding:
            # Where it was meant to be added: today's run may have found room on another asset.
            meant = asset_of(entry) or asset_id
            try:
                has_it = locale in (await self._client.get_asset(meant)).locales()
            except NotFound as missing:
                missing.require_word_of_api()
                has_it = False
            return Found(await self._read_bought(meant, locale)) if has_it else NotThere()

        meant = subject.model_copy(update={"details": {"asset_id": asset_id, **subject.details}})
        return await self._means.at_hand().once(key, call, find, subject=meant)

    async def _add(self, asset: Asset, language: TargetLanguage) -> Asset:
        if asset.failed:
            raise asset_failed(asset)
        wanted = AddLanguages(languages=(language,))
        try:
            return await self._client.add_languages(asset.asset_id, wanted)
        except Invalid:
            if _is_settled(asset):
                raise
        # It may not take languages while it looks at the video.
        asset = await wait_for(
            lambda: self._client.get_asset(asset.asset_id), _is_settled, f"panjaya asset {asset.asset_id}", _PREPARING
        )
        if asset.failed:
            raise asset_failed(asset)
        return await self._client.add_languages(asset.asset_id, wanted)

    async def _read_bought(self, asset_id: str, locale: str) -> Bought:
        """The receipt of a language that the asset has.

        Written at once: that its version can't be looked at for the moment says nothing against the purchase.
        """
        try:
            versions = (await self._client.get_asset(asset_id)).dubs_of(locale)
        except CallError:
            versions = []
        version = versions[0].version_id if versions else f"{asset_id}/{locale}"
        return Bought(id=version, details={"asset_id": asset_id, "locale": locale})

    # -- waiting and collecting

    async def wait(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> None:
        """Wait for the ledger's row. Raises `JobFailed`, and `HeldForPerson` where the studio waits for a person.

        What was collected before, and is still here, needs nothing of the vendor.
        """
        if await asyncio.to_thread(load_dubbed, _result_key(receipt), self._means.store):
            return
        observer = PanjayaObserver(self._client)
        await wait_until_ready(self._means, receipt.key, observer, on_progress)
        if key := await self._revision().open(request, receipt):
            await wait_until_ready(self._means, key, observer, on_progress)

    def _revision(self) -> Revision:
        return Revision(self._client, self._means, self.collect)

    async def collect(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> Dubbed:
        """Fetch the video, at once: a revision in the studio would withdraw it. Raises `VendorError`, `MediaError`."""
        kept_as = _result_key(receipt)
        if kept := await asyncio.to_thread(load_dubbed, kept_as, self._means.store):
            return kept
        version = await self._find_version(request, receipt)

        def tell(done: int, whole: int) -> None:
            if on_progress and whole:
                on_progress(0.9 * done / whole)

        with self._means.store.open_scratch() as folder:
            await self._client.download_result(version, folder / "panjaya.mp4", tell=tell)
            video = await asyncio.to_thread(self._means.store.keep_file, folder / "panjaya.mp4")
        result = Result(
            provider="Panjaya",
            id=version,
            video=video,
            script=request.script,
            changes_picture=self._options.lips_model is not None,
        )
        dubbed = await as_dubbed(request, result, self._means.store)
        # In this order: what a revision finds kept has its video's hash in the ledger.
        for key in {kept_as, await self._revision().find_key(request, receipt) or kept_as}:
            await self._means.at_hand().advance(key, State.COLLECTED, details={"video": video.sha256})
        await asyncio.to_thread(save_dubbed, kept_as, dubbed, self._means.store)
        return dubbed

    async def _find_version(self, request: DubRequest, receipt: Receipt) -> str:
        """The language's newest finished version: a person may have revised the first."""
        asset = await self._client.get_asset(str(receipt.details["asset_id"]))
        versions = asset.dubs_of(target_locale(request.locale))
        finished = [each for each in versions if each.status is VersionStatus.COMPLETED]
        # The id that was bought: the download then says, in the vendor's words, why there is none.
        return finished[-1].version_id if finished else receipt.id


def _result_key(receipt: Receipt) -> str:
    """The key under which what was collected is kept: the purchase's, or its revision's."""
    return str(receipt.details.get("revision") or receipt.key)


class PanjayaObserver:
    """How bought languages stand: one look per asset."""

    def __init__(self, client: PanjayaClient) -> None:
        self._client = client

    async def list_under_way(self, entries: Sequence[Entry]) -> list[Sighting]:
        """See `polyreel.ledger.watch.Observer`."""
        by_asset: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if entry.kind in ("dub", REVISION) and asset_of(entry):
                by_asset[asset_of(entry)].append(entry)
        seen = await asyncio.gather(*(self._look(asset, rows) for asset, rows in by_asset.items()))
        return [sighting for each in seen for sighting in each]

    async def _look(self, asset_id: str, rows: list[Entry]) -> list[Sighting]:
        try:
            asset = await self._client.get_asset(asset_id)
        except NotFound as missing:
            missing.require_word_of_api()
            gone = f"Panjaya has no asset {asset_id} any more"
            return [Sighting(row.key, State.FAILED, note=gone, is_denial=True) for row in rows]
        if asset.failed:
            error = asset_failed(asset)
            details = {"code": error.code, "remedy": error.remedy}
            return [Sighting(row.key, State.FAILED, note=error.message, details=details) for row in rows]
        found = [await self._make_sighting(row, asset.dubs_of(_locale_of(row))) for row in rows]
        return [each for each in found if each]

    async def _make_sighting(self, row: Entry, versions: list[Version]) -> Sighting | None:
        # Added, and no version yet: nothing to tell until the next look.
        if not versions:
            return None
        if any(each.status is VersionStatus.COMPLETED for each in versions):
            return Sighting(row.key, State.READY)
        version = versions[-1]
        if version.status is VersionStatus.FAILED:
            error = version_failed(await self._client.get_version(version.version_id))
            return Sighting(
                row.key, State.FAILED, note=error.message, details={"code": error.code, "remedy": error.remedy}
            )
        if version.status is not VersionStatus.READY_TO_EDIT:
            return Sighting(row.key, State.SUBMITTED)
        return await self._in_the_studio(row, version)

    async def _in_the_studio(self, row: Entry, version: Version) -> Sighting:
        since = float(row.receipt.get("ready_to_edit_since") or time.time())
        # The list of versions may lack it; a person without a link would have to search the studio.
        link = version.studio_url or (await self._client.get_version(version.version_id)).studio_url or ""
        # What we have opened again is not generated by itself.
        waits = row.kind == REVISION or time.time() - since >= STUDIO_GRACE_S
        return Sighting(
            row.key,
            State.SUBMITTED,
            note="ReadyToEdit: it waits for a person in Panjaya's studio" if waits else "ReadyToEdit",
            waits_for_person=waits,
            details={"ready_to_edit_since": since, "studio_url": link},
        )


def _is_settled(asset: Asset) -> bool:
    return asset.failed or asset.status.lower() not in ("processing", "pending", "notready", "new", "")


def _locale_of(row: Entry) -> str:
    return str(row.receipt.get("locale") or target_locale(row.locale))


def _count_minutes(request: DubRequest) -> float:
    return minutes_begun(request.seconds)
