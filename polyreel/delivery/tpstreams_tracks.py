"""A TPStreams asset's subtitles: one track per two-letter code, each once, also where the list of them lags behind.

An upload is answered without an id: the track is known by appearing in the list. So the asset's row says of each track,
before it is uploaded, what is uploaded and which tracks of its kind were there; a later run takes the one that is new
for it, and uploads again only what the list still lacks after a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from polyreel.delivery.library import hash_bytes
from polyreel.delivery.port import Access
from polyreel.ledger.entry import Entry
from polyreel.ledger.once import made_nothing
from polyreel.locales import own_name
from polyreel.outcome import Value
from polyreel.vendors.errors import CallError, Forbidden, UnsupportedLocale, suppress_gone
from polyreel.vendors.tpstreams.checks import language_code
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import MediaTrack

_TRACKS = "tracks"
"""What an asset's row calls what is known of its tracks, by their code."""


class _KnownTrack(Value):
    """What the row says of one track. Without ``sha256`` there is to be none of this code."""

    id: str = ""
    """The vendor's; empty while no list has shown it."""
    sha256: str = ""
    locale: str = ""
    uploaded_at: float = 0.0
    """By the ledger's clock, before it was sent; 0 in rows of earlier versions."""
    before: tuple[str, ...] = ()
    """The tracks that were there then: none of them is this one."""
    replaces: tuple[str, ...] = ()
    """Tracks that it takes the place of, and that go."""


@dataclass
class SubtitleTracks:
    """The tracks of one asset, whose row in the ledger is ``entry``, under ``key``."""

    client: TPStreamsClient
    access: Access
    key: str
    entry: Entry
    known: dict[str, _KnownTrack] = field(init=False)
    """By code, as the row has it or is about to."""
    there: tuple[MediaTrack, ...] = ()
    """What the latest list has shown."""
    _deleted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        kept = self.entry.receipt.get(_TRACKS, {})
        self.known = {code: _KnownTrack.model_validate(each) for code, each in kept.items()}

    async def bring_tracks(self, wanted: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
        """See that the asset has these tracks (locale and WebVTT by code) and none of ours beside; their ids by code.

        A track that the list does not show in time is there all the same, as its upload was answered: it has no id
        then, and is looked for by the next run.
        """
        await self._find_uploaded()
        for code in sorted({*wanted, *self.known}):
            if not self._has_track(code, wanted.get(code)):
                await self._replace_track(code, *wanted.get(code, ("", b"")))
        await self._find_uploaded()
        return {code: each.id for code, each in self.known.items() if each.id}

    def _has_track(self, code: str, wanted: tuple[str, bytes] | None) -> bool:
        known = self.known.get(code, _KnownTrack())
        if wanted is None:
            return not known.sha256
        is_it = (known.locale, known.sha256) == (wanted[0], hash_bytes(wanted[1]))
        return is_it and known.id in {each.id for each in self.there}

    # -- looking

    async def _find_uploaded(self) -> None:
        """Note the ids of what was uploaded and had none; a list that may only lag behind is read again."""

        async def look() -> bool | None:
            self.there = await self.client.list_subtitles(self.entry.vendor_id)
            self._note_new_ids()
            shown = {each.id for each in self.there}
            return all(not each.sha256 or each.id in shown for each in self.known.values()) or None

        latest = max((each.uploaded_at for each in self.known.values()), default=0.0)
        await self.access.look_for_new(latest, look)
        await self._drop_replaced()

    def _note_new_ids(self) -> None:
        """Tell which of the tracks that are new is which upload's, and which of them another has taken the place of."""
        for code, known in self.known.items():
            alike = self._list_alike(code, known)
            own = known.id or (alike[-1] if known.sha256 and alike else "")
            # An earlier upload's, that was shown too late for it: viewers would have to choose between equals.
            late = [each for each in alike if own and each != own]
            replaces = tuple(dict.fromkeys((*known.replaces, *late)))
            self.known[code] = known.model_copy(update={"id": own, "replaces": replaces})
        unnamed = [code for code, known in self.known.items() if known.sha256 and not known.id]
        left = self._list_unclaimed(unnamed)
        # A server may call languages and tracks in its own way: then their number says that all are there.
        if unnamed and len(left) >= len(unnamed):
            for code, each in zip(unnamed, left, strict=False):
                self.known[code] = self.known[code].model_copy(update={"id": each})

    def _list_alike(self, code: str, known: _KnownTrack) -> list[str]:
        """Tracks that are called as our upload is, and were not there before it."""
        name, others = own_name(known.locale) if known.locale else "", self._list_known_but(code)
        alike = (each for each in self.there if name and (each.language, each.name) == (code, name))
        return [each.id for each in alike if not each.is_auto_generated and each.id not in {*known.before, *others}]

    def _list_unclaimed(self, unnamed: list[str]) -> list[str]:
        before = {each for code in unnamed for each in self.known[code].before} | self._list_known_but("")
        return [each.id for each in self.there if each.id not in before and not each.is_auto_generated]

    def _list_known_but(self, code: str) -> set[str]:
        return {known.id for other, known in self.known.items() if other != code and known.id}

    # -- changing

    async def _replace_track(self, code: str, locale: str, text: bytes) -> None:
        """One track in the place of an earlier one, and of one that a run left without noting it."""
        known = self.known.get(code, _KnownTrack())
        asked = _KnownTrack(sha256=hash_bytes(text) if locale else "", locale=locale)
        alike = self._list_alike(code, asked)
        old = tuple(dict.fromkeys(filter(None, (known.id, *known.replaces, *alike))))
        before = tuple(each.id for each in self.there)
        sent_at = await self.access.read_clock() if locale else 0.0
        self.known[code] = asked.model_copy(update={"uploaded_at": sent_at, "before": before, "replaces": old})
        # Before it is sent: whatever becomes of this process, the next run knows what to look for.
        await self._save()
        if locale:
            try:
                await self.client.upload_subtitle(self.entry.vendor_id, text, locale, name=own_name(locale))
            except CallError as failure:
                if made_nothing(failure):
                    self.known[code] = known
                    await self._save()
                raise
        await self._delete(old)

    async def _drop_replaced(self) -> None:
        """Remove what other tracks have taken the place of, once those are there."""
        for code, known in self.known.items():
            if known.id or not known.sha256:
                await self._delete(known.replaces)
                self.known[code] = known.model_copy(update={"replaces": (), "before": ()})
        await self._save()

    async def _delete(self, tracks: tuple[str, ...]) -> None:
        for each in tracks:
            if each not in self._deleted:
                with suppress(Forbidden), suppress_gone():
                    await self.client.delete_subtitle(self.entry.vendor_id, each)
                self._deleted.add(each)

    async def _save(self) -> None:
        told = {code: each.model_dump(mode="json") for code, each in self.known.items()}
        if told != self.entry.receipt.get(_TRACKS, {}):
            await self.access.note_details(self.key, {_TRACKS: told})
            self.entry = self.entry.model_copy(update={"receipt": {**self.entry.receipt, _TRACKS: told}})


def choose_codes(texts: Mapping[str, Any], own: str) -> tuple[dict[str, str], list[str]]:
    """Which locale stands for each two-letter code on an asset: its own language's first, then in the job's order.

    The notes say what stays out: TPStreams can't tell pt-BR from pt-PT, and has no code for some languages.
    """
    chosen: dict[str, str] = {}
    notes: list[str] = []
    for locale in sorted(texts, key=lambda each: each != own):
        try:
            code = language_code(locale)
        except UnsupportedLocale:
            notes.append(f"TPStreams has no two-letter code for {locale}: its subtitles are not there.")
            continue
        if code in chosen:
            said = f"TPStreams knows {locale} and {chosen[code]} both as {code}"
            notes.append(f"{said}: with the film in {own}, the subtitles are those in {chosen[code]}.")
            continue
        chosen[code] = locale
    return chosen, notes
