"""Dubs by the embedded engine: spoken on this machine, laid over the source's own sound, muxed with language tags.

Nobody translates in a rehearsal: without a script in the target language, the voice reads the lines' numbers.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from polyreel.engine.separation.port import Bed, Ducked, Given, Separator, Stems, part, power_of
from polyreel.engine.sound.meter import STEP_MS, Meter, Power
from polyreel.engine.sound.mix import UNMEASURED_LUFS, Material, plan_mix
from polyreel.engine.sound.mixdown import Sources, mix_down
from polyreel.engine.sound.pcm import open_track
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.speech.perform import Direction, Performance, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.errors import EngineError, PolyreelError
from polyreel.media.mux import AudioTrack, mux
from polyreel.sandbox.work.ffmpeg import ToolFailed
from polyreel.sandbox.work.instant import InstantStudio
from polyreel.sandbox.work.port import Dubbed, NothingSaid, Order
from polyreel.sandbox.work.script import Line
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles.model import Cue, Track

_PEAK_DBTP = -1.0
_BLOCK = RATE * 10


class EmbeddedStudio:
    """Dubs with espeak-ng's voices; remembers what it has said."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._voice = EspeakVoice()
        self._ear = InstantStudio()

    async def listen(self, order: Order) -> tuple[Line, ...]:
        """Placeholder lines: this engine has no ear without its model."""
        return await self._ear.listen(order)

    async def dub(self, order: Order) -> Dubbed:
        """Speak, mix and mux. An engine that can't do it (no voice for the language, say) is a `ToolFailed`."""
        heard = order.source_script or await self.listen(order)
        lines = order.script or _number_lines(heard)
        try:
            return await self._dub_lines(order, heard, lines)
        except EngineError as error:
            if error.code == "empty_transcript":
                raise NothingSaid from error
            raise ToolFailed(str(error)) from error
        except PolyreelError as error:
            raise ToolFailed(str(error)) from error

    async def _dub_lines(self, order: Order, heard: tuple[Line, ...], lines: tuple[Line, ...]) -> Dubbed:
        stems = await part(order.media, self._store, _make_separator(order))
        said = await asyncio.to_thread(self._perform_lines, order.target_locale, lines, stems)
        track = await self._mix_dub(order, stems, said, heard)
        video, voice = order.folder / "video.mp4", order.folder / "voice.wav"
        await mux(order.media, [AudioTrack(track, order.target_locale)], [], video)
        await asyncio.to_thread(_write_voice, path_of(said.stem), voice)
        return Dubbed(video, voice, heard, lines)

    def _perform_lines(self, locale: str, lines: Sequence[Line], stems: Stems) -> Performance:
        script = extract_spoken_script(Track(tuple(Cue(line.start_ms, line.end_ms, line.text) for line in lines)))
        direction = Direction(locale=locale, samples=stems.samples)
        return perform(script, direction, self._voice, self._store, on_progress=_ignore_progress, go_on=_never_stop)

    async def _mix_dub(self, order: Order, stems: Stems, said: Performance, heard: Sequence[Line]) -> Path:
        bed = _choose_bed(order, stems)
        target = stems.lufs if stems.lufs is not None else UNMEASURED_LUFS
        material = await asyncio.to_thread(_gather_material, stems, said, bed, heard)
        plan = await asyncio.to_thread(plan_mix, order.mix, material, target)
        under = open_track(path_of(bed.audio)).exactly(stems.samples) if bed else None
        sources = Sources(path_of(said.stem), under, stems.samples)
        return (await mix_down(plan, sources, order.folder, target_lufs=target, peak_dbtp=_PEAK_DBTP)).path


def _make_separator(order: Order) -> Separator:
    if order.background is None:
        return Ducked()
    return Given(order.background, Fraction(order.background_start).limit_denominator(1000))


def _choose_bed(order: Order, stems: Stems) -> Bed | None:
    if order.mix == "speech_only":
        return None
    return stems.original if order.mix == "voiceover" else stems.background or stems.original


def _gather_material(stems: Stems, said: Performance, bed: Bed | None, heard: Sequence[Line]) -> Material:
    return Material(
        speech=_measure_power(path_of(said.stem), stems.samples),
        speaking=[(line.start_ms, line.end_ms) for line in said.lines],
        channels=stems.channels,
        bed=power_of(bed)[: -(-stems.samples // (RATE * STEP_MS // 1000))] if bed else None,
        clean=bed is not None and bed == stems.background,
        cues=[(line.start_ms, line.end_ms) for line in heard],
    )


def _measure_power(stem: Path, samples: int) -> Power:
    meter = Meter(1)
    for start in range(0, samples, _BLOCK):
        meter.feed(read_stem(stem, start, min(_BLOCK, samples - start)).reshape(-1, 1))
    power: Power = meter.power()[:, 0]
    return power


def _write_voice(stem: Path, out: Path) -> None:
    """The speech alone, without the music that the film has under it, as WAV."""
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        with stem.open("rb") as speech:
            while held := speech.read(2 * _BLOCK):
                file.writeframes(held)


def _number_lines(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(replace(line, text=f"{number}.") for number, line in enumerate(lines, 1))


def _ignore_progress(_share: float) -> None:
    """Progress is not shown by vendors."""


def _never_stop() -> None:
    """Nothing stops a performance half-way: its job is taken up again after a restart."""
