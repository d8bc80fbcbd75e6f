"""The embedded engine behind the dubbing port: free, on this machine, and able to go on where it was interrupted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from polyreel.dubbing.port import Dubbed, DubRequest, Progress, Receipt
from polyreel.engine.meter import STEP_MS, Meter, Power, loudness_range
from polyreel.engine.mix import BEAT_MS, UNMEASURED_LUFS, Material, MixPlan, ducked_by, plan_mix
from polyreel.engine.mixdown import Sources, mix_down
from polyreel.engine.pcm import open_track
from polyreel.engine.perform import Direction, Performance, perform
from polyreel.engine.script import Script, spoken_script
from polyreel.engine.separate import Bed, Stems, power_of, weighted_power
from polyreel.engine.stem import RATE, read_stem, samples_in
from polyreel.engine.threads import in_thread
from polyreel.engine.voices import Voice
from polyreel.errors import EngineError, InvalidJob
from polyreel.media.audio import Loudness
from polyreel.media.probe import probe
from polyreel.outcome import Artefact
from polyreel.store import Store, path_of
from polyreel.subtitles.convert import read_file

_VERSION = 4
_BLOCK = RATE * 10


class EmbeddedDubber:
    """Dubs on this machine, with one of the engine's voices. Every step may be repeated: what is done stays done."""

    provider = "embedded"

    def __init__(self, store: Store, voice: Voice) -> None:
        self._store = store
        self._voice = voice

    async def submit(self, request: DubRequest) -> Receipt:
        """Free: checks that a voice speaks the language and that there is a script. Raises NoVoice or InvalidJob."""
        if request.script is None:
            raise InvalidJob(
                f"there is no script in {request.locale}.",
                code="missing_script",
                where=request.locale,
                remedy="Give the target's `subtitles`.",
            )
        await asyncio.to_thread(self._voice.cast, request.locale)
        key = await asyncio.to_thread(self._key, request)
        return Receipt(provider=self.provider, id=key.rpartition("-")[2], key=key, locale=request.locale, minutes=0.0)

    async def wait(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> None:
        """Speak: sentences, fit, stem. Raises NoVoice, SubtitleError or EngineError."""
        report = on_progress or _quiet
        if await asyncio.to_thread(self._performed, receipt) is None:
            await in_thread(lambda go_on: self._perform(request, receipt, report, go_on))
        report(1.0)

    async def collect(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> Dubbed:
        """Mix, encode, measure. Raises as `wait` and ffmpeg's runner do."""
        report = on_progress or _quiet
        key = _mixed(request, receipt)
        done = await asyncio.to_thread(self._collected, key)
        if done is None:
            await self.wait(request, receipt)  # It was spoken, but a store may lose what it held.
            done = await self._mix(request, receipt, report)
            await asyncio.to_thread(self._store.remember, key, done.model_dump(mode="json"))
        report(1.0)
        return done

    # -- speaking

    def _key(self, request: DubRequest) -> str:
        voice = self._voice
        return request.key(self.provider, _VERSION, engine=voice.name, engine_version=voice.version)

    def _perform(self, request: DubRequest, receipt: Receipt, report: Progress, go_on: Callable[[], None]) -> None:
        direction = Direction(
            locale=request.locale,
            samples=samples_in(request.seconds),
            asked=request.voices,
            roster=request.roster,
            pinned=request.pinned,
            genders=request.genders,
            beat_ms=BEAT_MS if request.mix == "voiceover" else 0,
        )
        script = _script(request.script)
        found = perform(script, direction, self._voice, self._store, on_progress=report, go_on=go_on)
        self._store.remember(_spoken(receipt), found.model_dump(mode="json"))

    def _performed(self, receipt: Receipt) -> Performance | None:
        found = self._store.recall(_spoken(receipt))
        if found is None:
            return None
        performance = Performance.model_validate(found)
        return performance if self._store.has(performance.stem) else None

    # -- mixing

    def _collected(self, key: str) -> Dubbed | None:
        found = self._store.recall(key)
        if found is None:
            return None
        dubbed = Dubbed.model_validate(found)
        kept = [each for each in (dubbed.audio, dubbed.speech) if each]
        return dubbed if all(map(self._store.has, kept)) else None

    async def _mix(self, request: DubRequest, receipt: Receipt, report: Progress) -> Dubbed:
        performance = await asyncio.to_thread(self._performed, receipt)
        if performance is None:
            raise EngineError("what was spoken is gone already", where=request.locale, remedy="Run the job again.")
        stems = _stems(request)
        target = request.target_lufs if request.target_lufs is not None else (stems.lufs or UNMEASURED_LUFS)
        bed = _bed(request, stems)
        samples = samples_in(request.seconds)
        plan = await in_thread(lambda go_on: _plan(request, performance, samples, target, go_on))
        sources = Sources(
            path_of(performance.stem), open_track(path_of(bed.audio)).exactly(samples) if bed else None, samples
        )
        with self._store.scratch() as folder:
            finished = await mix_down(
                plan,
                sources,
                folder,
                target_lufs=target,
                peak_dbtp=request.peak_dbtp,
                on_progress=report,
            )
            length = (await asyncio.to_thread(probe, finished.path)).duration
            audio = await asyncio.to_thread(self._store.keep, finished.path, ".m4a")
        return _dubbed(request, performance, plan, _Track(audio, finished.loudness, length))


def _script(script: Artefact | None) -> Script:
    if script is None:
        return Script(())
    return spoken_script(read_file(path_of(script)).track)


def _spans(script: Artefact | None) -> list[tuple[int, int]]:
    return [(line.start_ms, line.end_ms) for line in _script(script).lines]


def _stems(request: DubRequest) -> Stems:
    if request.stems is None:
        raise EngineError("the reel's sound was not decoded.", where=request.locale, remedy="Run separation first.")
    return request.stems


def _bed(request: DubRequest, stems: Stems) -> Bed | None:
    """What lies under the speech."""
    if request.mix == "speech_only":
        return None
    return stems.original if request.mix == "voiceover" else stems.background or stems.original


def _plan(
    request: DubRequest, performance: Performance, samples: int, target: float, go_on: Callable[[], None]
) -> MixPlan:
    stems = _stems(request)
    bed = _bed(request, stems)
    # Without the original's script, the translation's cues say when somebody speaks: they are timed to the same reel.
    cues = _spans(request.source_script or request.script)
    material = Material(
        speech=_stem_power(path_of(performance.stem), samples, go_on),
        speaking=[(line.start_ms, line.end_ms) for line in performance.lines],
        channels=stems.channels,
        bed=power_of(bed)[: -(-samples // (RATE * STEP_MS // 1000))] if bed else None,
        clean=bed is not None and bed == stems.background,
        cues=cues,
    )
    return plan_mix(request.mix, material, target)


def _stem_power(stem: Path, samples: int, go_on: Callable[[], None]) -> Power:
    meter = Meter(1)
    for start in range(0, samples, _BLOCK):
        go_on()
        meter.feed(read_stem(stem, start, min(_BLOCK, samples - start)).reshape(-1, 1))
    power: Power = meter.power()[:, 0]
    return power


@dataclass(frozen=True, slots=True)
class _Track:
    """The finished track, as it was measured. ``length`` is in seconds."""

    audio: Artefact
    loudness: Loudness
    length: Fraction


def _dubbed(request: DubRequest, performance: Performance, plan: MixPlan, track: _Track) -> Dubbed:
    stems = _stems(request)
    over = plan.dialogue_over_bed_lu
    return Dubbed(
        locale=request.locale,
        audio=track.audio,
        speech=performance.stem,
        lines=performance.lines,
        lufs=_measured(track.loudness.integrated_lufs),
        true_peak_dbtp=_measured(track.loudness.true_peak_dbtp),
        target_lufs=plan.target_lufs,
        peak_limit_dbtp=request.peak_dbtp,
        dialogue_over_bed_lu=None if over is None else round(over, 1),
        range_lu=round(track.loudness.range_lu, 1),
        source_range_lu=round(loudness_range(weighted_power(stems.original)), 1),
        speech_left_db=_speech_left(request, plan),
        seconds=str(track.length),
        separation=stems.kind,
        machine_draft=request.machine_draft,
        notes=(*stems.notes, *request.notes, *performance.notes),
    )


def _speech_left(request: DubRequest, plan: MixPlan) -> float | None:
    """What of the original's speech is under the dub: in the background, or in the original as far as it is ducked."""
    stems = _stems(request)
    if request.mix != "dub":
        return None
    if stems.background is not None:
        return stems.speech_left_db
    cues = _spans(request.source_script or request.script)
    found = ducked_by(plan, power_of(stems.original), cues)
    return None if found is None else round(found, 1)


def _measured(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _spoken(receipt: Receipt) -> str:
    return f"spoken-{receipt.key}"


def _mixed(request: DubRequest, receipt: Receipt) -> str:
    """What lies under the speech may be known only after it was spoken."""
    return request.key("mixed", _VERSION, spoken=receipt.key)


def _quiet(_: float) -> None:
    pass
