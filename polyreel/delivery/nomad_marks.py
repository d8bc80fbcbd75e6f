"""What is said about a delivered asset: tags, collection, transcript, notes on failed checks, moved ad breaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from fractions import Fraction
from typing import Any

from polyreel.delivery.library import Brought, hash_bytes, track_of
from polyreel.delivery.port import Access, Parcel
from polyreel.errors import VendorError
from polyreel.job import NomadDelivery as Options
from polyreel.outcome import Check, Problem
from polyreel.subtitles.formats.text import words_of
from polyreel.vendors.errors import CallError, Refused
from polyreel.vendors.models import fold_word
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_words import AdBreakDraft, Annotation, AnnotationDraft, TranscriptLine
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.nomad.timecodes import from_timecode, to_timecode

OURS = "polyreel"
"""The annotation's property that says whose it is."""
USUAL_RATE = Fraction(25)
_IN_ARCHIVE = (AssetStatus.PENDING_ARCHIVE, AssetStatus.ARCHIVING, AssetStatus.ARCHIVED)


async def mark_dub(
    access: Access, options: Options, parcel: Parcel, locale: str, asset_id: str, owner: str, done: Brought
) -> None:
    """Say all that is known of a dub. Doing it again changes nothing; what the vendor refuses is noted, not raised."""
    client: NomadClient = access.client
    steps: dict[str, Callable[[], Awaitable[str]]] = {
        "tags": lambda: _attach_tags(client, options, asset_id),
        "the transcript": lambda: _replace_transcript(client, parcel, locale, asset_id),
        "notes on its checks": lambda: _annotate_failures(access, parcel, locale, asset_id),
        "ad breaks": lambda: _move_ad_breaks(access, parcel, owner, asset_id),
    }
    for what, take_step in steps.items():
        try:
            note = await take_step()
        except Refused as refusal:
            note = f"the asset manager refused {what} of {locale}: {Problem.of(refusal)}"
            done.passing += [refusal] if refusal.transient else []
        if note:
            done.notes.append(note)


async def _attach_tags(client: NomadClient, options: Options, asset_id: str) -> str:
    refused = [tag for tag in options.tags if (await client.add_tag([asset_id], tag)).failed]
    if options.collection and (await client.add_to_collection([asset_id], options.collection)).failed:
        refused.append(f"collection {options.collection}")
    # The answer is a success even where the action was refused for the asset.
    return f"the asset manager did not take this for {asset_id}: {', '.join(refused)}." if refused else ""


async def _replace_transcript(client: NomadClient, parcel: Parcel, locale: str, asset_id: str) -> str:
    """The words as they were dubbed, in the place of what the vendor's machine heard."""
    track = track_of(parcel, locale)
    heard = (await client.get_detail(asset_id)).transcripts
    if track is None or not heard:
        return "" if track is None else f"the asset manager has no transcript of {locale} to correct."
    lines = [
        TranscriptLine(text=words_of(cue), start_time=cue.start_ms / 1000, end_time=cue.end_ms / 1000)
        for cue in track.cues
    ]
    if lines:
        await client.update_transcript(asset_id, heard[0].id, lines)
    return ""


async def _annotate_failures(access: Access, parcel: Parcel, locale: str, asset_id: str) -> str:
    """One annotation for each check that failed; those of an earlier delivery that no longer hold go."""
    client: NomadClient = access.client
    failed = [check for check in parcel.checks.get(locale, ()) if check.status == "fail"]
    missing = {check.name: _list_properties(check) for check in failed}
    for note in await client.list_annotations(asset_id):
        told = _read_properties(note)
        name = told.get(OURS, "")
        if name in missing and _says_the_same(told, missing[name]):
            missing.pop(name)
        elif name:
            await client.delete_annotation(asset_id, note.id)
    for name, properties in missing.items():
        await _make_annotation(access, asset_id, name, properties)
    return ""


async def _make_annotation(access: Access, asset_id: str, name: str, properties: Mapping[str, Any]) -> None:
    """Make an annotation, once: a list that lags behind what an earlier run has made would have it made again."""
    client: NomadClient = access.client

    async def find_note() -> str:
        notes = await client.list_annotations(asset_id)
        return next((each.id for each in notes if _says_the_same(_read_properties(each), properties)), "")

    async def make_note() -> str:
        draft = AnnotationDraft(start_timecode="00:00:00;00", properties=dict(properties))
        return (await client.create_annotation(asset_id, draft)).id

    digest = hash_bytes(repr(sorted(properties.items())).encode())[:16]
    await access.find_or_make(f"annotation {asset_id} {digest}", find_note, make_note, what=f"note on the check {name}")


def _read_properties(note: Annotation) -> dict[str, str]:
    # A server may add properties of its own, and spell ours in its own way.
    return {str(key).lower(): str(value) for key, value in note.properties.items()}


def _says_the_same(told: Mapping[str, str], properties: Mapping[str, Any]) -> bool:
    return all(told.get(key) == str(value) for key, value in properties.items())


def _list_properties(check: Check) -> dict[str, Any]:
    measured = " ".join(str(each) for each in (check.value, check.unit) if each not in (None, ""))
    limit = f" (limit {check.limit})" if check.limit is not None else ""
    said = ": ".join(filter(None, (f"{measured}{limit}".strip(), check.detail)))
    return {"title": f"Check failed: {check.name}", "description": said, OURS: check.name}


async def _move_ad_breaks(access: Access, parcel: Parcel, owner: str, asset_id: str) -> str:
    """The source's ad breaks where they fall in the reel: earlier by what was trimmed off, and only those within it."""
    if not owner:
        return ""
    client: NomadClient = access.client
    breaks = await client.list_ad_breaks(owner)
    rate = rate_in((await client.get_detail(owner)).media_properties)
    start, length = round(Fraction(parcel.start) * 1000), round(Fraction(parcel.duration) * 1000)
    moved = [(each, from_timecode(each.timecode, rate) - start) for each in breaks if each.timecode]
    within = {to_timecode(at, rate): each for each, at in moved if 0 <= at < length}
    there = {each.timecode for each in await client.list_ad_breaks(asset_id)}
    for timecode in sorted(within.keys() - there):
        await _make_ad_break(access, asset_id, timecode)
    lost = len(breaks) - len(within)
    return f"{lost} of the source's {len(breaks)} ad breaks lie outside the reel." if lost else ""


async def _make_ad_break(access: Access, asset_id: str, timecode: str) -> None:
    """Make an ad break, once, as annotations are."""
    client: NomadClient = access.client

    async def find_break() -> str:
        return next((each.id for each in await client.list_ad_breaks(asset_id) if each.timecode == timecode), "")

    async def make_break() -> str:
        return (await client.create_ad_break(asset_id, AdBreakDraft(timecode=timecode))).id

    await access.find_or_make(f"ad break {asset_id} {timecode}", find_break, make_break, what=f"ad break at {timecode}")


def rate_in(properties: Mapping[str, Any]) -> Fraction:
    """Frames per second as media properties tell; 25 where they don't."""
    told = {fold_word(str(name)): value for name, value in properties.items()}
    for name in ("fps", "framerate", "framespersecond"):
        try:
            found = Fraction(str(told[name])).limit_denominator(1001)
        except (KeyError, ValueError, ZeroDivisionError):
            continue
        if 0 < found <= 1000:
            return found
    inner = (rate_in(value) for value in told.values() if isinstance(value, Mapping))
    return next((rate for rate in inner if rate != USUAL_RATE), USUAL_RATE)


async def archive_source(client: NomadClient, source_id: str) -> Brought:
    """Ask for the source's archive; what came of it, in a note for people."""
    if not source_id:
        return Brought(notes=["The source is no asset of this asset manager: there was nothing to archive."])
    try:
        return Brought(notes=[await _archive_source(client, source_id)])
    except VendorError as error:
        passing = [error] if isinstance(error, CallError) and error.transient else []
        return Brought(notes=[f"The source asset was not archived: {Problem.of(error)}"], passing=passing)


async def _archive_source(client: NomadClient, source_id: str) -> str:
    asset = await client.get_asset(source_id)
    # By another run, or by a call whose answer was lost.
    if asset.status in _IN_ARCHIVE:
        return f"The source asset {source_id} is {asset.status.word}."
    if not asset.usable:
        return f"The source asset was not archived: it is {asset.status.word if asset.status else 'of unknown status'}."
    await client.archive(source_id)
    return f"The source asset {source_id} is being archived."
