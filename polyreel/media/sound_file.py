"""A dub without a picture as one file: M4A, MP3 or Broadcast Wave, with the source's tags, cover and chapters.

M4A holds the dub's own AAC, copied; MP3 and WAV are made of the lossless mix where there is one. What a container has
no place for is named by `note_not_carried`, before anything is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from polyreel import locales
from polyreel.media import mp4
from polyreel.media.audio import RATE, aac_options, adjust_level, measure_loudness, mix_down, sound_of
from polyreel.media.bwf import Label as WaveLabel
from polyreel.media.bwf import bwf_output
from polyreel.media.command import Stream, local_input, local_output, metadata_input, repeat_option, run
from polyreel.media.info import MediaInfo, Tracks
from polyreel.media.limits import check_trim
from polyreel.media.probe import probe

SOUND_CONTAINERS = ("m4a", "mp3", "wav")
_LOSSLESS_SOURCES = frozenset({"wav", "w64", "flac", "aiff", "caf"})
# What a listener's player shows. Everything else may tell more than its maker knows: places, people, software.
_KEPT = (
    "title", "artist", "album", "album_artist", "composer", "genre", "date", "track", "disc", "copyright", "publisher",
    "show", "network", "season_number", "episode_id", "episode_sort", "description", "synopsis", "comment",
)  # fmt: skip
_TECHNICAL = frozenset({
    "major_brand", "minor_version", "compatible_brands", "encoder", "encoded_by", "creation_time", "duration",
    "handler_name", "vendor_id", "originator", "originator_reference", "origination_date", "origination_time",
    "time_reference", "coding_history", "umid", "timecode", "language", "itunsmpb", "itunnorm", "tlen",
    "gapless_playback", "media_type", "bpm", "tsse",
})  # fmt: skip
# INFO chunks of RIFF, by ffmpeg's names.
_SAID_BY_WAVE = frozenset({"title", "artist", "album", "genre", "date", "track", "copyright", "comment"})
_COVERS = frozenset({"mjpeg", "png"})
_MP3_BITRATES = {1: "128k", 2: "192k"}
# LAME makes sound softer at these bitrates (by 0.95 and 0.97), and ffmpeg has no option against it.
_LAME_SOFTENS_DB = {1: 0.4455, 2: 0.2646}


@dataclass(frozen=True, slots=True)
class SoundLabel:
    """What a file is to say. ``source``: whose tags and cover it takes over; ``start_samples``: its first sample's
    number since midnight, for Broadcast Wave."""

    locale: str
    length_ms: int
    source: MediaInfo
    chapters: Sequence[mp4.Mark] = ()
    start_samples: int = 0


def container_like(info: MediaInfo) -> str:
    """What dubs of a sound are delivered in, where nobody says: what the source is, or what comes nearest."""
    names = info.container.split(",")
    if "mp3" in names:
        return "mp3"
    return "wav" if _LOSSLESS_SOURCES & set(names) else "m4a"


def note_not_carried(info: MediaInfo, container: str) -> tuple[str, ...]:
    """What a container has no place for of what the source holds, in a sentence each."""
    held = dict(info.tags)
    dropped = sorted(set(held) - set(_carried_tags(container)) - _TECHNICAL)
    notes = [f"Tags of the source that the dubs don't take over: {', '.join(dropped[:20])}."] if dropped else []
    if info.chapters and container == "wav":
        notes.append(f"The source's {len(info.chapters)} chapters were left out: Broadcast Wave has no place for them.")
    if info.cover and not _carries_cover(info, container):
        kind = "Broadcast Wave has no place for it" if container == "wav" else f"{info.cover.codec} can't be kept there"
        notes.append(f"The source's cover picture was left out: {kind}.")
    return tuple(notes)


async def cut_sound(
    info: MediaInfo,
    target: Path,
    tracks: Tracks,
    start: Fraction,
    end: Fraction | None,
    *,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Write a piece of a sound (seconds; None: to its end) as M4A, to the sample; generously encoded, as more is done
    with it. Raises MediaError (``time_out_of_range``), ToolError."""
    check_trim(info, start, end)
    samples = round((min(info.duration, info.duration if end is None else end) - start) * RATE)
    sound = sound_of(info.path, start=start, samples=samples, track=tracks, info=info)
    channels = info.audio[tracks].channels if isinstance(tracks, int) else len(tracks)
    coding = aac_options(channels, f"{128 * channels if channels <= 2 else 80 * channels}k")
    output = local_output(sound, path=target, format="ipod", map_metadata=-1, map_chapters=-1, **coding)
    await run(output, on_progress=on_progress, expected_ms=samples * 1000 // RATE)


async def write_sound_file(dub: Path, lossless: Path | None, target: Path, label: SoundLabel) -> None:
    """Write a dub to ``target``, whose suffix says in what: ``.m4a``, ``.mp3`` or ``.wav``.

    ``dub`` is AAC in M4A, ``lossless`` the same as Broadcast Wave. Raises ToolError, MediaError.
    """
    writers = {".m4a": _write_m4a, ".mp3": _write_mp3, ".wav": _write_wave}
    await writers[target.suffix](dub, lossless, target, label)


async def _write_m4a(dub: Path, _lossless: Path | None, target: Path, label: SoundLabel) -> None:
    stream = (await asyncio.to_thread(probe, dub)).audio[0]
    coding = {"c:a": "copy"} if stream.codec == "aac" else aac_options(stream.channels)
    part = target.with_name(f".{target.name}.part.m4a")
    try:
        await _write_labelled(local_input(dub, vn=None)["a:0"], part, "ipod", label, coding)
        await asyncio.to_thread(mp4.write_index_first, part, target, [mp4.Label(locales.canonical(label.locale))])
    finally:
        part.unlink(missing_ok=True)


async def _write_mp3(dub: Path, lossless: Path | None, target: Path, label: SoundLabel) -> None:
    held = (await asyncio.to_thread(probe, dub)).audio[0].channels
    channels = min(2, held)
    sound = local_input(lossless or dub, vn=None)["a:0"]
    if held > channels:
        sound = await _as_stereo(lossless or dub)
    # Version 2.3 of ID3 is the one that every player reads.
    coding = {"c:a": "libmp3lame", "b:a": _MP3_BITRATES[channels], "ac": channels, "id3v2_version": "3"}
    await _write_labelled(adjust_level(sound, _LAME_SOFTENS_DB[channels], None), target, "mp3", label, coding)


async def _as_stereo(path: Path) -> Stream:
    """Several channels as two, as loud as they were: plainly mixed down, a voice in the centre is far softer."""
    wanted, found = await measure_loudness(path), await measure_loudness(path, as_stereo=True)
    sound = mix_down(local_input(path, vn=None)["a:0"])
    gain = wanted.integrated_lufs - found.integrated_lufs
    return adjust_level(sound, gain, min(0.0, wanted.true_peak_dbtp)) if isfinite(gain) else sound


async def _write_wave(dub: Path, lossless: Path | None, target: Path, label: SoundLabel) -> None:
    said = WaveLabel(f"dub {label.locale}", label.start_samples)
    tags = [*_list_tags(label, "wav"), ("language", locales.iso639_2(label.locale))]
    await run(bwf_output(local_input(lossless or dub, vn=None)["a:0"], target, said, tags=tags))


async def _write_labelled(sound: Stream, target: Path, kind: str, label: SoundLabel, coding: dict[str, Any]) -> None:
    """One sound with its tags, chapters and cover. ffmpeg reads the first two from a file of ours, the inputs' own stay
    behind."""
    described = target.with_name(f".{target.stem}.labels")
    described.write_text("".join(_describe_label(label, target.suffix[1:])), "utf-8")
    # Nothing of it is a track, and the library maps whatever it is given.
    nodes = [sound, metadata_input(described)["d?"]]
    options = coding | _language_tags(label)
    if label.source.cover and _carries_cover(label.source, target.suffix[1:]):
        nodes.insert(1, local_input(label.source.path)[str(label.source.cover.index)])
        options |= {"c:v": "copy", "disposition:v:0": "attached_pic"}
    try:
        await run(_make_output(nodes, target, kind, options), expected_ms=label.length_ms)
    finally:
        described.unlink(missing_ok=True)


def _make_output(nodes: Sequence[Stream], target: Path, kind: str, options: dict[str, Any]) -> Stream:
    *streams, labels = nodes
    place = len(streams)  # each stream is of a file of its own, and the labels' comes last
    return local_output(*streams, labels, path=target, format=kind, map_metadata=place, map_chapters=place, **options)


def _language_tags(label: SoundLabel) -> dict[str, str]:
    name = locales.own_name(label.locale)
    said = repeat_option(f"language={locales.iso639_2(label.locale)}", f"title={name}", f"handler_name={name}")
    return {"metadata:s:a:0": said}


def _describe_label(label: SoundLabel, container: str) -> Iterator[str]:
    """Tags and chapters in ffmpeg's own format for them."""
    yield ";FFMETADATA1\n"
    for name, value in (*_list_tags(label, container), ("language", locales.iso639_2(label.locale))):
        yield f"{name}={_escape_text(value)}\n"
    ends = (*(one.start_ms for one in label.chapters[1:]), label.length_ms)
    for one, end in zip(label.chapters, ends, strict=False):
        yield f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={one.start_ms}\nEND={end}\ntitle={_escape_text(one.title)}\n"


def _escape_text(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "=;#\\\n" else sign for sign in text)


def _list_tags(label: SoundLabel, container: str) -> Iterable[tuple[str, str]]:
    return [(name, value) for name, value in label.source.tags if name in _carried_tags(container)]


def _carried_tags(container: str) -> tuple[str, ...]:
    return tuple(name for name in _KEPT if container != "wav" or name in _SAID_BY_WAVE)


def _carries_cover(info: MediaInfo, container: str) -> bool:
    return info.cover is not None and container != "wav" and info.cover.codec in _COVERS
