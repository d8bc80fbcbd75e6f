"""Speech and background, parted: the port, and the two ways that need no model.

``given``: the user has a clean music-and-effects track. ``ducked``: nobody has; the mix lowers the original under the
new speech. The third `Separator`, ``learned``, is in `polyreel.engine.separation.learned`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.sound.meter import CHANNEL_WEIGHTS, Meter, Power, integrate_loudness
from polyreel.engine.sound.pcm import WorkingTrack, open_track
from polyreel.errors import EngineError, MediaError
from polyreel.media.audio import RATE, extract
from polyreel.media.info import MediaInfo, Tracks
from polyreel.media.probe import probe
from polyreel.store.local import path_of
from polyreel.store.port import Store

__all__ = [
    "Bed",
    "Ducked",
    "Given",
    "Original",
    "Separator",
    "Stems",
    "keep_bed",
    "part",
    "power_of",
    "weigh_power",
]

_BLOCK = RATE * 10


@dataclass(frozen=True, slots=True)
class Original:
    """The reel's own sound as a working track in a scratch folder, and that folder."""

    track: WorkingTrack
    folder: Path


class Separator(Protocol):
    """Takes the speech out of a working track; `part` runs it once for a job's reel.

    ``original.track`` is read by ``read(start, count)``: float32 of shape (count, channels) at 48 kHz, in any order, so
    that chunks may overlap. ``original.folder`` is scratch, gone after the stage.
    """

    @property
    def kind(self) -> str:
        """What it is called in the outcome."""

    async def background(self, original: Original) -> tuple[Path | None, tuple[str, ...]]:
        """Write the background as a WAV of the original's rate and channels into its folder.

        It is heard for the original's length: what is longer is not, what is missing is silence. None where there is
        no clean background. The notes are for a person. Raises EngineError (``model_missing``, ``engine_failed``), and
        MediaError for a background of the user's that can't be used.
        """


class Ducked:
    """No separation: the original stays whole and is lowered under speech."""

    kind = "ducked"

    def __init__(self, why: str = "No clean background was given") -> None:
        self._why = why

    async def background(self, original: Original) -> tuple[Path | None, tuple[str, ...]]:
        """None, and why."""
        return None, (f"{self._why}: the original is lowered wherever somebody speaks.",)


class Given:
    """A background that the user has: decoded, brought to the original's channels, and to its length."""

    kind = "given"

    def __init__(self, file: Path, start: Fraction = Fraction(0)) -> None:
        self._file = file
        self._start = start

    async def background(self, original: Original) -> tuple[Path | None, tuple[str, ...]]:
        """The user's track from ``start`` seconds on. Raises MediaError where it holds no sound."""
        info = await asyncio.to_thread(probe, self._file)
        if not info.audio:
            raise MediaError(
                "the background holds no sound.",
                code="missing_audio_track",
                where=self._file.name,
                remedy="Give another `source.background`, or leave it out.",
            )
        target = original.folder / "background.wav"
        track = original.track
        if self._start >= info.duration:
            raise MediaError(
                "the background ends before the reel begins.",
                code="time_out_of_range",
                where=self._file.name,
                remedy="Give a background as long as the source, or leave it out.",
            )
        end = self._start + Fraction(track.samples, RATE)
        await extract(self._file, target, info, start=self._start, end=end, channels=track.channels)
        return target, _note_length(info.duration - self._start, Fraction(track.samples, RATE))


async def part(
    reel: Path,
    store: Store,
    separator: Separator,
    *,
    start: Fraction = Fraction(0),
    duration: Fraction | None = None,
    track: Tracks = 0,
) -> Stems:
    """Decode a reel's sound once, part it, measure it, and keep all of it in the store, for every language.

    ``start`` and ``duration`` (seconds) cut a piece; left out, the whole picture counts. 5.1 stays 5.1; any other
    layout beyond stereo is mixed down to stereo, and noted. Raises MediaError where there is no such sound track.
    """
    info = await asyncio.to_thread(probe, reel)
    channels, notes = _choose_channels(info, track, reel)
    # The picture's length and not the sound's: a sound track that ends early is silent from there on.
    samples = round((info.duration - start if duration is None else duration) * RATE)
    with store.open_scratch() as folder:
        own = folder / "original.wav"
        end = start + Fraction(samples, RATE)
        await extract(reel, own, info, track=track, start=start, end=end, channels=channels)
        original = Original(open_track(own).exactly(samples), folder)
        background, remarks = await separator.background(original)
        _require_alike(original.track, background)
        whole = await asyncio.to_thread(keep_bed, own, samples, store)
        return Stems(
            kind=separator.kind,
            channels=channels,
            samples=samples,
            original=whole,
            background=await asyncio.to_thread(keep_bed, background, samples, store) if background else None,
            lufs=_measure_lufs(whole),
            notes=(*notes, *remarks),
        )


def power_of(bed: Bed) -> Power:
    """A bed's K-weighted power, shape (steps, channels)."""
    found: Power = np.load(path_of(bed.power))
    return found


def weigh_power(bed: Bed) -> NDArray[np.float64]:
    """A bed's power per step with its channels weighted and summed, as loudness counts them."""
    power = power_of(bed)
    weighted: NDArray[np.float64] = power @ np.array(CHANNEL_WEIGHTS[power.shape[1]])
    return weighted


def _choose_channels(info: MediaInfo, tracks: Tracks, reel: Path) -> tuple[Literal[1, 2, 6], tuple[str, ...]]:
    track = tracks if isinstance(tracks, int) else max(tracks)
    if track >= len(info.audio):
        raise MediaError(
            "there is no sound to dub.",
            code="missing_audio_track",
            where=reel.name,
            remedy="Give a video with a sound track.",
        )
    # Two mono tracks are heard together, as left and right.
    if not isinstance(tracks, int):
        return 2, ()
    stream = info.audio[track]
    if stream.channels == 6 and stream.layout.startswith("5.1"):
        return 6, ()
    if stream.channels <= 2:
        return (1 if stream.channels == 1 else 2), ()
    return 2, (f"The original's {stream.layout or stream.channels} sound is mixed down to stereo.",)


def _note_length(given: Fraction, wanted: Fraction) -> tuple[str, ...]:
    if abs(given - wanted) <= Fraction(1, 2):
        return ()
    return (f"The background is {float(given):.1f} s long, the reel {float(wanted):.1f} s: it was padded or cut.",)


def _require_alike(original: WorkingTrack, background: Path | None) -> None:
    if background is None:
        return
    found = open_track(background)
    if found.channels != original.channels:
        raise EngineError(
            "the separated background has not the original's channels.",
            where="separation",
            remedy="Run the job again with `separation: ducked`, and report what separated it.",
        )


def keep_bed(file: Path, samples: int, store: Store) -> Bed:
    """A working track, measured, then kept. Blocks."""
    profile = file.with_suffix(".npy")
    np.save(profile, _measure_power(open_track(file).exactly(samples)))
    return Bed(audio=store.keep_file(file, ".wav"), power=store.keep_file(profile, ".npy"))


def _measure_power(track: WorkingTrack) -> Power:
    meter = Meter(track.channels)
    for start in _list_starts(track.samples):
        meter.feed(track.read(start, min(_BLOCK, track.samples - start)))
    return meter.power()


def _list_starts(samples: int) -> Iterator[int]:
    return iter(range(0, samples, _BLOCK))


def _measure_lufs(bed: Bed) -> float | None:
    """Integrated loudness from the power that is known already; None where nothing is heard."""
    found = integrate_loudness(weigh_power(bed))
    return round(found, 2) if math.isfinite(found) else None
