"""The original language as tracks of its own: its sound as AAC, its script as WebVTT, both on the reel's timeline."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

from pydantic import Field

from polyreel.keys import stage_key
from polyreel.media.audio import RATE, aac_options, sound_of
from polyreel.media.command import local_input, local_output, run
from polyreel.media.info import MediaInfo, Tracks
from polyreel.media.mux import is_copyable
from polyreel.media.probe import probe
from polyreel.outcome import Reel, StoredFile, Value
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_file, write
from polyreel.subtitles.timing import trim as cut_cues

_VERSION = 1


class Original(Value):
    """The original's tracks, as long as the reel."""

    locale: str
    audio: StoredFile
    text: StoredFile | None = Field(default=None, description="WebVTT; None where nobody has a script.")
    description: StoredFile | None = Field(default=None, description="Its audio description, where one is given.")
    is_machine_made: bool = Field(default=False, description="The script was heard by a machine, and read by nobody.")


async def take_original(
    reel: Reel, locale: str, store: Store, *, tracks: Tracks, script: StoredFile | None, is_machine_made: bool = False
) -> Original:
    """The original's sound and text; the sound is made once for whatever holds it.

    ``tracks`` counts the sound tracks of the reel's file. ``script`` is timed to the source, as jobs have it; what of
    it lies outside the reel is left out. Raises as `run` does.
    """
    return Original(
        locale=locale,
        audio=await _keep_sound(reel, tracks, store),
        text=await asyncio.to_thread(_cut_text, reel, script, store) if script else None,
        is_machine_made=is_machine_made,
    )


async def _keep_sound(reel: Reel, tracks: Tracks, store: Store) -> StoredFile:
    key = stage_key("original", _VERSION, reel=reel.file.sha256, tracks=tracks)
    found = store.load_record(key)
    kept = StoredFile.model_validate(found) if found else None
    if kept is not None and store.has(kept):
        return kept
    with store.open_scratch() as folder:
        await write_sound(path_of(reel.file), tracks, folder / "original.m4a")
        kept = await asyncio.to_thread(store.keep_file, folder / "original.m4a", ".m4a")
    store.save_record(key, kept.model_dump())
    return kept


async def take_description(file: StoredFile, reel: Reel, store: Store) -> StoredFile:
    """An audio description (or whatever is timed to the source) as AAC, exactly as long as the reel; made once."""
    key = stage_key("description", _VERSION, of=file.sha256, start=reel.start, duration=reel.duration)
    found = store.load_record(key)
    kept = StoredFile.model_validate(found) if found else None
    if kept is not None and store.has(kept):
        return kept
    await store.fetch_files([file])
    info = await asyncio.to_thread(probe, path_of(file))
    samples = round(Fraction(reel.duration) * RATE)
    sound = sound_of(info.path, start=Fraction(reel.start), samples=samples, info=info)
    with store.open_scratch() as folder:
        target, coding = folder / "description.m4a", aac_options(info.audio[0].channels)
        await run(local_output(sound, path=target, format="ipod", map_metadata=-1, map_chapters=-1, **coding))
        kept = await asyncio.to_thread(store.keep_file, target, ".m4a")
    store.save_record(key, kept.model_dump())
    return kept


async def write_sound(reel: Path, tracks: Tracks, target: Path) -> None:
    """Write a reel's own sound as AAC in MP4, exactly as long as its picture; copied where it is that already."""
    info = await asyncio.to_thread(probe, reel)
    if isinstance(tracks, int) and is_copyable(info.audio[tracks], info):
        sound = local_input(reel)[str(info.audio[tracks].index)]
        options = {"c:a": "copy"}
    else:
        sound = sound_of(reel, start=Fraction(0), samples=info.samples(RATE), track=tracks, info=info)
        options = aac_options(_count_channels(info, tracks))
    await run(local_output(sound, path=target, format="ipod", map_metadata=-1, map_chapters=-1, **options))


def _count_channels(info: MediaInfo, tracks: Tracks) -> int:
    return info.audio[tracks].channels if isinstance(tracks, int) else len(tracks)


def _cut_text(reel: Reel, script: StoredFile, store: Store) -> StoredFile | None:
    start_ms = round(Fraction(reel.start) * 1000)
    cut = cut_cues(read_file(path_of(script)).track, start_ms, start_ms + reel.duration_ms)
    return store.keep_bytes(write(cut, "vtt").text.encode(), ".vtt") if cut.cues else None
