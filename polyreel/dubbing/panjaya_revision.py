"""Changing lines of a dub that was bought at Panjaya: its version is opened again for a person in the studio.

Panjaya takes no script for a version that exists: a person types the lines, and has it generated. Opening it again
takes its generated video away for good, so that is done once, and only after the video is safe here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from polyreel.dubbing.port import Dubbed, DubRequest, Means, Receipt
from polyreel.dubbing.submission import key_of_dub, key_of_revision, script_key
from polyreel.errors import MediaError
from polyreel.errors.wording import spell_count
from polyreel.ledger import steps
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, State
from polyreel.ledger.entry import Receipt as Bought
from polyreel.ledger.rows import Filter
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.model import Cue
from polyreel.vendors.panjaya.client import PanjayaClient
from polyreel.vendors.panjaya.locales import target_locale
from polyreel.vendors.panjaya.models import VersionStatus

REVISION = "revision"
"""The kind of a ledger's row that says that a version was opened again."""
# The studio shows all of them; the ledger's row only has to say which lines were meant.
_MOST_QUOTED = 5


@dataclass(frozen=True, slots=True)
class Revision:
    """One version at Panjaya that is changed to another script."""

    client: PanjayaClient
    means: Means
    collect: Callable[[DubRequest, Receipt], Awaitable[Dubbed]]

    async def open(self, request: DubRequest, receipt: Receipt) -> str:
        """Open the version for this script, once; the key of the row that says so, empty where nothing is to be done.

        Raises `VendorError`; the video that the version had is in the store by then.
        """
        key = await self.find_key(request, receipt)
        if not key:
            return ""
        asset = str(receipt.details["asset_id"])
        version = await self._version_of(request, receipt)
        bought = Bought(id=version, details={"asset_id": asset, "locale": target_locale(request.locale)})

        async def call() -> Bought:
            # One that was opened for another script, and that nobody has generated since, is open for this one.
            if (await self.client.get_version(version)).status is not VersionStatus.READY_TO_EDIT:
                await self._make_safe(request, receipt, key)
                await self.client.revise_version(version)
            return bought

        async def find(_entry: Entry) -> Finding:
            # Opened already: it waits for somebody; or somebody was there meanwhile, and it has another video.
            found = await self.client.get_version(version)
            if found.status is not VersionStatus.COMPLETED or await self._has_another_video(receipt, version):
                return Found(bought)
            return NotThere()

        lines = await asyncio.to_thread(_describe_changes, request)
        subject = self.means.subject.model_copy(
            update={
                "kind": REVISION,
                "what": f"{request.title}: {lines}",
                "locale": request.locale,
                "minutes": 0.0,
                "details": {"asset_id": asset},
            }
        )
        entry = await self.means.at_hand().once(key, call, find, subject=subject)
        # They would be watched for a result that can't come any more.
        await self._supersede_earlier(receipt, entry)
        return key

    async def find_key(self, request: DubRequest, receipt: Receipt) -> str:
        """The row under which the version is opened for this script; empty where it shows what was bought.

        A version shows what it was opened for last: to go back to an earlier script, it is opened once more.
        """
        own = str(receipt.details.get("revision") or await asyncio.to_thread(key_of_revision, request, receipt.key))
        rows = await self._list_revisions(receipt)
        if not rows:
            return own if "revision" in receipt.details else ""
        last = rows[-1]
        if script_key(last.key) == own and last.state is not State.FORGOTTEN:
            return last.key
        return f"{own}#{len(rows)}" if own in {row.key for row in rows} else own

    async def _list_revisions(self, receipt: Receipt) -> list[Entry]:
        """Every time that the version was opened, or may have been, the latest last."""
        wanted = Filter(account=self.means.subject.account, kind=REVISION)
        rows = await self.means.at_hand().select(wanted)
        return [row for row in rows if row.key.startswith(f"{receipt.key}~")]

    async def _version_of(self, request: DubRequest, receipt: Receipt) -> str:
        """The version's id; a receipt of a language that had no version yet when it was bought has none."""
        asset, locale = str(receipt.details["asset_id"]), target_locale(request.locale)
        if receipt.id != f"{asset}/{locale}":
            return receipt.id
        versions = (await self.client.get_asset(asset)).dubs_of(locale)
        return versions[-1].version_id if versions else receipt.id

    async def _supersede_earlier(self, receipt: Receipt, opened: Entry) -> None:
        earlier = [row.key for row in await self._list_revisions(receipt) if row.intended_at < opened.intended_at]
        superseded = steps.supersede_row(
            "The version was opened again, for another script, before this one was collected"
        )
        await self.means.at_hand().change_all(dict.fromkeys(earlier, superseded))

    async def _make_safe(self, request: DubRequest, receipt: Receipt, key: str) -> None:
        """Collect what the version shows so far: the dub as it was bought, or its last revision.

        Whatever the row says: somebody may have generated it a moment ago.
        """
        before = [row for row in await self._list_revisions(receipt) if row.key != key]
        shown = before[-1] if before else await self.means.at_hand().get(receipt.key)
        if shown is None or shown.state is State.FORGOTTEN:
            return
        edition = await self._edition_of(shown, request, receipt)
        try:
            if edition is None:
                raise MediaError(
                    "this job does not know its script",
                    remedy="Give the target its `subtitles`: only a script of the job's own can be "
                    "revised line by line.",
                )
            await self.collect(*edition)
        except MediaError:
            # What can't be a dub, or is of a script that nobody has any more, is kept as it came.
            await self._keep_video(shown, await self._version_of(request, receipt))
        else:
            await self.means.at_hand().advance(shown.key, State.COLLECTED)

    async def _edition_of(self, row: Entry, request: DubRequest, receipt: Receipt) -> tuple[DubRequest, Receipt] | None:
        """What this row was asked for, and its receipt: one of the script's earlier editions."""
        details = {name: value for name, value in receipt.details.items() if name != "revision"}
        for script in request.revises:
            asked = request.model_copy(update={"script": script, "revises": ()})
            if row.key == receipt.key and await self._is_bought(asked, receipt):
                return asked, receipt.model_copy(update={"details": details})
            revision = await asyncio.to_thread(key_of_revision, asked, receipt.key)
            if script_key(row.key) == revision:
                return asked, receipt.model_copy(update={"details": {**details, "revision": revision}})
        return None

    async def _is_bought(self, asked: DubRequest, receipt: Receipt) -> bool:
        """Whether this edition of the script is the one that was bought under the receipt's key."""
        own = await asyncio.to_thread(key_of_dub, asked, receipt.provider, self.means.subject.account)
        return own == receipt.key

    async def _keep_video(self, row: Entry, version: str) -> None:
        # Its video is in the store already, and the ledger has its hash.
        if row.receipt.get("video"):
            return
        with self.means.store.open_scratch() as folder:
            await self.client.download_result(version, folder / "panjaya.mp4")
            video = await asyncio.to_thread(self.means.store.keep_file, folder / "panjaya.mp4")
        await self.means.at_hand().advance(row.key, State.COLLECTED, details={"video": video.sha256})

    async def _has_another_video(self, receipt: Receipt, version: str) -> bool:
        """Whether it shows a video that was never collected: `call` has collected before it opened anything."""
        purchase = await self.means.at_hand().get(receipt.key)
        rows = [*([purchase] if purchase else []), *await self._list_revisions(receipt)]
        known = {str(row.receipt["video"]) for row in rows if row.receipt.get("video")}
        with self.means.store.open_scratch() as folder:
            await self.client.download_result(version, folder / "panjaya.mp4")
            video = await asyncio.to_thread(self.means.store.keep_file, folder / "panjaya.mp4")
        # Where nothing was collected there is nothing to compare with.
        return bool(known) and video.sha256 not in known


def _describe_changes(request: DubRequest) -> str:
    """What a person has to type in the studio, for the ledger and the message."""
    before = {_identity_of(cue) for cue in _read_cues(request.revises[0] if request.revises else None)}
    changed = [cue for cue in _read_cues(request.script) if _identity_of(cue) not in before]
    quoted = ", ".join(
        f"{_clock_of(start)} \u201c{text}\u201d" for start, _, text in map(_identity_of, changed[:_MOST_QUOTED])
    )
    more = f" and {len(changed) - _MOST_QUOTED} more" if len(changed) > _MOST_QUOTED else ""
    return f"{spell_count(len(changed), 'line')}: {quoted}{more}"


def _read_cues(script: StoredFile | None) -> tuple[Cue, ...]:
    return read_file(path_of(script)).track.cues if script else ()


def _identity_of(cue: Cue) -> tuple[int, int, str]:
    return cue.start_ms, cue.end_ms, " ".join(plain_text(cue.text).split())


def _clock_of(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"
