"""What a vendor made, looked at before it counts, and brought into the shape that our own dubs have."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import aclosing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from polyreel.dubbing.outlines import keep_power
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.sound.measure import measure_track
from polyreel.engine.sound.stem import RATE, as_stem, read_stem, samples_in
from polyreel.errors import MediaError
from polyreel.keys import stage_key
from polyreel.media.audio import aac_options, measure_loudness, read_blocks, sound_of
from polyreel.media.command import local_input, local_output, run
from polyreel.media.info import MediaInfo
from polyreel.media.probe import probe
from polyreel.outcome import LineFit, StoredFile
from polyreel.store.local import path_of
from polyreel.store.named import find_stored_files
from polyreel.store.port import Store
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.model import Cue

_LENGTH_SLACK_S = Fraction(1, 2)
"""Vendors write the video anew: its sound may end a few frames early or late. More is another video."""
_FRAME_S = Fraction(1, 24)
_SILENT_LUFS = -60.0
_STEP_MS = 20
_AUDIBLE = 10 ** (-50 / 20)


@dataclass(frozen=True, slots=True)
class Result:
    """A vendor's finished work. ``video`` is in the store, and stays there as evidence, whatever it is."""

    provider: str
    id: str
    video: StoredFile
    speech: StoredFile | None = None
    script: StoredFile | None = None
    source_script: StoredFile | None = None
    changes_picture: bool = False
    notes: tuple[str, ...] = ()


async def as_dubbed(request: DubRequest, result: Result, store: Store) -> Dubbed:
    """The dub: its sound as long as the reel, measured beside the reel's own. Raises `MediaError` (``vendor_rubbish``).

    The reel's picture stays what it is, unless the vendor was asked to change it.
    """
    path = path_of(result.video)
    info = await asyncio.to_thread(_probe_result, result, path, request.seconds)
    audio = await _extract_sound(path, info, request.seconds, store)
    measured = await measure_track(path_of(audio))
    loudness = measured.loudness
    if not loudness.integrated_lufs > _SILENT_LUFS:
        raise _make_media_error(result, "it is silent")
    # The reel's own loudness is the target: a vendor's mix is not levelled here, only judged.
    own = await measure_loudness(path_of(request.reel))
    speech = await _make_stem(result.speech, request.seconds, store) if result.speech else None
    lines = await asyncio.to_thread(_list_lines, result.script, speech) if result.script else ()
    changed = (f"The picture is {result.provider}'s own: its lips were changed.",) if result.changes_picture else ()
    return Dubbed(
        locale=request.locale,
        audio=audio,
        video=result.video if result.changes_picture else None,
        speech=speech,
        script=result.script,
        source_script=result.source_script,
        lines=lines,
        lufs=loudness.integrated_lufs,
        true_peak_dbtp=_finite_or_none(loudness.true_peak_dbtp),
        target_lufs=_finite_or_none(own.integrated_lufs),
        range_lu=loudness.range_lu,
        power=await keep_power(measured.power, store),
        source_range_lu=own.range_lu,
        seconds=str(request.seconds),
        separation=result.provider,
        machine_draft=request.script is None or request.machine_draft,
        notes=(*request.notes, *changed, *result.notes),
    )


def load_dubbed(key: str, store: Store) -> Dubbed | None:
    """What was collected under a key before, while all of it is still here. Blocks.

    What is there at the vendor may be of another script by now: a revision takes the earlier dub away.
    """
    found = store.load_record(_result_key(key))
    try:
        dubbed = Dubbed.model_validate_json(json.dumps(found)) if found else None
    except ValidationError:  # of another version of ours: the vendor is asked
        return None
    return dubbed if dubbed and all(map(store.has, find_stored_files(dubbed))) else None


async def is_kept(key: str, store: Store) -> bool:
    """Whether all that was collected under a key can be had, here or from the machines that share the store."""
    found = await store.peek_at_record(_result_key(key))
    try:
        dubbed = Dubbed.model_validate_json(json.dumps(found)) if found else None
    except ValidationError:
        return False
    return dubbed is not None and await store.present(find_stored_files(dubbed))


def save_dubbed(key: str, dubbed: Dubbed, store: Store) -> None:
    """Keep what was collected, durably, before anything takes it away at the vendor. Blocks."""
    store.save_record(_result_key(key), dubbed.model_dump(mode="json"))


def _result_key(key: str) -> str:
    return stage_key("collected", 1, key=key)


def _probe_result(result: Result, path: Path, seconds: Fraction) -> MediaInfo:
    try:
        info = probe(path)
    except MediaError as error:
        raise _make_media_error(result, error.message) from None
    if info.video is None or not info.audio:
        raise _make_media_error(result, "it has no picture" if info.audio else "it has no sound")
    if abs(info.duration - seconds) > _LENGTH_SLACK_S:
        raise _make_media_error(result, f"it is {float(info.duration):.2f} s long, and the reel {float(seconds):.2f} s")
    return info


def _make_media_error(result: Result, why: str) -> MediaError:
    return MediaError(
        f"{result.provider}'s video {result.id} can't be used: {why.rstrip('.')}",
        code="vendor_rubbish",
        where=result.provider,
        remedy=f"Look at what came, {path_of(result.video)}, and show it to {result.provider}; it was paid.",
    )


async def _extract_sound(path: Path, info: MediaInfo, seconds: Fraction, store: Store) -> StoredFile:
    """The track alone, as it is where it fits; else encoded once more, exactly as long as the reel."""
    track = info.audio[0]
    with store.open_scratch() as folder:
        target = folder / "dub.m4a"
        if track.codec == "aac" and track.duration is not None and abs(track.duration - seconds) <= _FRAME_S:
            kept = local_input(path, vn=None)["a:0"]
            await run(local_output(kept, path=target, format="mp4", **{"c:a": "copy"}))
        else:
            sound = sound_of(path, start=Fraction(0), samples=samples_in(seconds), track=0, channels=None, info=info)
            await run(local_output(sound, path=target, format="mp4", **aac_options(track.channels)))
        return await asyncio.to_thread(store.keep_file, target)


async def _make_stem(speech: StoredFile, seconds: Fraction, store: Store) -> StoredFile:
    """The speech alone, as stems are kept: 16 bit mono, as long as the reel."""
    missing = samples_in(seconds)
    with store.open_scratch() as folder:
        with (folder / "speech.raw").open("wb") as file:
            async with aclosing(read_blocks(path_of(speech), channels=1, rate=RATE)) as sound:
                async for block in sound:
                    piece = block[:missing, 0]
                    missing -= len(piece)
                    await asyncio.to_thread(file.write, as_stem(piece))
            file.write(bytes(2 * missing))
        return await asyncio.to_thread(store.keep_file, folder / "speech.raw")


def _list_lines(script: StoredFile, speech: StoredFile | None) -> tuple[LineFit, ...]:
    """What was to be said, and when it is: a vendor tells nothing of its pace, but its speech can be looked at."""
    found = []
    for number, cue in enumerate(read_file(path_of(script)).track.cues, 1):
        start, end = _find_heard(path_of(speech), cue) if speech else (cue.start_ms, cue.end_ms)
        found.append(
            LineFit(
                text=plain_text(cue.text),
                cue_start_ms=cue.start_ms,
                cue_end_ms=cue.end_ms,
                start_ms=start,
                end_ms=end,
                natural_ms=end - start,
                ratio=1.0,
                number=number,
            )
        )
    return tuple(found)


def _find_heard(stem: Path, cue: Cue) -> tuple[int, int]:
    """Where in a cue something is heard, in ms; the whole cue where nothing is. A short line may be in a long cue."""
    step = RATE * _STEP_MS // 1000
    samples = read_stem(stem, cue.start_ms * RATE // 1000, (cue.end_ms - cue.start_ms) * RATE // 1000)
    peaks = np.abs(samples[: len(samples) // step * step]).reshape(-1, step).max(axis=1, initial=0.0)
    heard = np.flatnonzero(peaks > _AUDIBLE)
    if not len(heard):
        return cue.start_ms, cue.end_ms
    return cue.start_ms + int(heard[0]) * _STEP_MS, min(cue.end_ms, cue.start_ms + (int(heard[-1]) + 1) * _STEP_MS)


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
