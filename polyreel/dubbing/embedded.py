"""The embedded engine behind the dubbing port: free, on this machine, and able to go on where it was interrupted."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from polyreel.dubbing.choice import with_clones
from polyreel.dubbing.outlines import keep_power
from polyreel.dubbing.port import Dubbed, DubRequest, LosslessTracks, Progress, Receipt
from polyreel.engine.separation.port import power_of, weigh_power
from polyreel.engine.separation.speech import original_speech
from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.sound.lossless import write_lossless
from polyreel.engine.sound.meter import STEP_MS, Meter, Power, loudness_range
from polyreel.engine.sound.mix import BEAT_MS, UNMEASURED_LUFS, Material, MixPlan, measure_ducking, plan_mix
from polyreel.engine.sound.mixdown import Finished, Sources, mix_down
from polyreel.engine.sound.pcm import open_track
from polyreel.engine.sound.stem import RATE, read_stem, samples_in
from polyreel.engine.speech.fit import Spoken
from polyreel.engine.speech.perform import RECORDED, Direction, Performance, perform
from polyreel.engine.speech.perform import rehearse as rehearse_script
from polyreel.engine.speech.script import Script, extract_spoken_script
from polyreel.engine.speech.tone import Original
from polyreel.engine.threads import in_thread
from polyreel.engine.voice.port import Voice
from polyreel.engine.voice.pronunciations import read_pronunciations
from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.engine.watermark.network import NAME as WATERMARK
from polyreel.engine.watermark.network import PerthNet
from polyreel.engine.watermark.stem import mark_stem
from polyreel.errors import EngineError, InvalidJob
from polyreel.job.packaging import LOSSLESS_VERSION
from polyreel.media.audio import Loudness
from polyreel.media.bwf import Label
from polyreel.media.probe import probe
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.store.named import find_stored_files
from polyreel.store.port import Store
from polyreel.subtitles.convert import read_file

# Goes up when the same request would sound otherwise: all embedded dubs are then made anew, at no vendor's cost.
_VERSION = 5
# Ten seconds at a time: memory stays the same whatever the film's length.
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
        # Asked now, so that a language that no voice speaks fails before anything is made.
        await asyncio.to_thread(self._voice.cast, request.locale)
        # In a thread: the version of the voices is made of their files' hashes, which are read for it.
        key = await asyncio.to_thread(self._make_key, request)
        return Receipt(provider=self.provider, id=key.rpartition("-")[2], key=key, locale=request.locale, minutes=0.0)

    async def wait(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> None:
        """Speak: sentences, fit, stem. Raises NoVoice, SubtitleError or EngineError."""
        report = on_progress or _ignore_progress
        if await asyncio.to_thread(self._load_performance, receipt) is None:
            await in_thread(lambda go_on: self._perform(request, receipt, report, go_on))
        report(1.0)

    async def collect(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> Dubbed:
        """Mix, encode, measure. Raises as `wait` and ffmpeg's runner do."""
        report = on_progress or _ignore_progress
        key = _mix_key(request, receipt)
        done = await asyncio.to_thread(self._load_dubbed, key)
        if done is None:
            await self.wait(request, receipt)  # It was spoken, but a store may lose what it held.
            done = await self._mix_dub(request, receipt, report)
            await asyncio.to_thread(self._store.save_record, key, done.model_dump(mode="json"))
        report(1.0)
        return done

    # -- speaking

    def _make_key(self, request: DubRequest) -> str:
        voice = self._voice
        return request.key(self.provider, _VERSION, engine=voice.name, engine_version=voice.version)

    def _perform(self, request: DubRequest, receipt: Receipt, report: Progress, go_on: Callable[[], None]) -> None:
        script, direction = _read_spoken_script(request.script), _direct(request)
        voice = with_clones(self._voice, request.clones)
        found = perform(script, direction, voice, self._store, on_progress=report, go_on=go_on)
        self._store.save_record(_performance_key(receipt), found.model_dump(mode="json"))

    def _load_performance(self, receipt: Receipt) -> Performance | None:
        found = self._store.load_record(_performance_key(receipt))
        if found is None:
            return None
        performance = Performance.model_validate(found)
        # A store may have lost the sound and kept the note of it: then it is spoken again.
        return performance if self._store.has(performance.stem) else None

    # -- mixing

    def _load_dubbed(self, key: str) -> Dubbed | None:
        found = self._store.load_record(key)
        if found is None:
            return None
        dubbed = Dubbed.model_validate(found)
        return dubbed if all(map(self._store.has, find_stored_files(dubbed))) else None

    async def _mix_dub(self, request: DubRequest, receipt: Receipt, report: Progress) -> Dubbed:
        performance = await asyncio.to_thread(self._load_performance, receipt)
        if performance is None:
            raise EngineError("what was spoken is gone already", where=request.locale, remedy="Run the job again.")
        speech = await self._mark_speech(performance) if request.watermark else performance.stem
        stems = _require_stems(request)
        # A source that is silent, or too short to be gated, has no loudness to follow.
        target = request.target_lufs if request.target_lufs is not None else (stems.lufs or UNMEASURED_LUFS)
        bed = _choose_bed(request, stems)
        samples = samples_in(request.seconds)
        plan = await in_thread(lambda go_on: _plan_gains(request, performance, samples, target, go_on))
        sources = Sources(path_of(speech), open_track(path_of(bed.audio)).exactly(samples) if bed else None, samples)
        with self._store.open_scratch() as folder:
            finished = await mix_down(
                plan,
                sources,
                folder,
                target_lufs=target,
                peak_dbtp=request.peak_dbtp,
                on_progress=report,
            )
            length = (await asyncio.to_thread(probe, finished.path)).duration
            lossless = await self._write_lossless_tracks(request, plan, sources, folder, finished)
            audio = await asyncio.to_thread(self._store.keep_file, finished.path, ".m4a")
            power = await keep_power(finished.power, self._store)
        return _make_dubbed(
            request, performance, plan, _Track(audio, speech, finished.loudness, power, length, lossless)
        )

    async def _mark_speech(self, said: Performance) -> StoredFile:
        """The stem with the inaudible mark in it: what is mixed, and what the checks of the speech hear."""
        stem, by_people = path_of(said.stem), [line for line in said.lines if line.voice.startswith(RECORDED)]
        # A person's own recording is not synthetic, and must not be marked as such.
        spared = [(line.start_ms, line.end_ms) for line in by_people]
        with self._store.open_scratch() as folder:
            target = folder / "marked.s16"
            await in_thread(lambda go_on: mark_stem(stem, target, PerthNet(), go_on, spared=spared))
            return await asyncio.to_thread(self._store.keep_file, target, ".s16")

    async def _write_lossless_tracks(
        self, request: DubRequest, plan: MixPlan, sources: Sources, folder: Path, finished: Finished
    ) -> LosslessTracks | None:
        if request.lossless_from is None:
            return None
        label = Label(f"dub {request.locale}", request.lossless_from)
        made = await write_lossless(plan, sources, folder, finished.setting, label)
        mix, dialogue, effects = [
            await asyncio.to_thread(self._store.keep_file, path, ".wav") if path else None
            for path in (made.mix, made.dialogue, made.effects)
        ]
        return LosslessTracks(mix=mix, dialogue=dialogue, effects=effects, stems_db=made.stems_db) if mix else None


def rehearse(
    request: DubRequest, voice: Voice, store: Store, on_progress: Progress, go_on: Callable[[], None]
) -> tuple[Spoken, ...]:
    """How long each sentence of a request takes at its voice's own pace, and the time that it has. Blocks."""
    return rehearse_script(
        _read_spoken_script(request.script),
        _direct(request),
        with_clones(voice, request.clones),
        store,
        on_progress=on_progress,
        go_on=go_on,
    )


def _direct(request: DubRequest) -> Direction:
    return Direction(
        locale=request.locale,
        samples=samples_in(request.seconds),
        asked=request.voices,
        roster=request.roster,
        pinned=request.pinned,
        genders=request.genders,
        pronunciations=_load_pronunciations(request.pronunciations),
        retakes=request.retakes,
        choices=request.choices,
        beat_ms=BEAT_MS if request.mix == "voiceover" else 0,
        original=_find_original(request),
    )


def _load_pronunciations(file: StoredFile | None) -> tuple[Pronunciation, ...]:
    return read_pronunciations(path_of(file)) if file else ()


def _read_spoken_script(script: StoredFile | None) -> Script:
    if script is None:
        return Script(())
    return extract_spoken_script(read_file(path_of(script)).track)


def _find_original(request: DubRequest) -> Original | None:
    """What the tone is taken from, where it is to be followed."""
    if not request.follows_tone:
        return None
    return Original(
        original_speech(_require_stems(request)),
        _read_spoken_script(request.source_script or request.tone_script).lines,
    )


def _list_spans(script: StoredFile | None) -> list[tuple[int, int]]:
    return [(line.start_ms, line.end_ms) for line in _read_spoken_script(script).lines]


def _require_stems(request: DubRequest) -> Stems:
    if request.stems is None:
        raise EngineError("the reel's sound was not decoded.", where=request.locale, remedy="Run separation first.")
    return request.stems


def _choose_bed(request: DubRequest, stems: Stems) -> Bed | None:
    """What lies under the speech."""
    if request.mix == "speech_only":
        return None
    # A voice-over lets the original speaker be heard under the new one.
    return stems.original if request.mix == "voiceover" else stems.background or stems.original


def _plan_gains(
    request: DubRequest, performance: Performance, samples: int, target: float, go_on: Callable[[], None]
) -> MixPlan:
    stems = _require_stems(request)
    bed = _choose_bed(request, stems)
    # Without the original's script, the translation's cues say when somebody speaks: they are timed to the same reel.
    cues = _list_spans(request.source_script or request.script)
    material = Material(
        speech=_measure_stem(path_of(performance.stem), samples, go_on),
        speaking=[(line.start_ms, line.end_ms) for line in performance.lines],
        channels=stems.channels,
        bed=power_of(bed)[: -(-samples // (RATE * STEP_MS // 1000))] if bed else None,
        clean=bed is not None and bed == stems.background,
        cues=cues,
    )
    return plan_mix(request.mix, material, target)


def _measure_stem(stem: Path, samples: int, go_on: Callable[[], None]) -> Power:
    meter = Meter(1)
    for start in range(0, samples, _BLOCK):
        go_on()
        meter.feed(read_stem(stem, start, min(_BLOCK, samples - start)).reshape(-1, 1))
    power: Power = meter.power()[:, 0]
    return power


@dataclass(frozen=True, slots=True)
class _Track:
    """The finished track, as it was measured. ``length`` is in seconds."""

    audio: StoredFile
    speech: StoredFile
    loudness: Loudness
    power: StoredFile
    length: Fraction
    lossless: LosslessTracks | None = None


def _make_dubbed(request: DubRequest, performance: Performance, plan: MixPlan, track: _Track) -> Dubbed:
    stems = _require_stems(request)
    over = plan.dialogue_over_bed_lu
    return Dubbed(
        locale=request.locale,
        audio=track.audio,
        speech=track.speech,
        lossless=track.lossless,
        lines=performance.lines,
        lufs=_finite_or_none(track.loudness.integrated_lufs),
        true_peak_dbtp=_finite_or_none(track.loudness.true_peak_dbtp),
        target_lufs=plan.target_lufs,
        peak_limit_dbtp=request.peak_dbtp,
        dialogue_over_bed_lu=None if over is None else round(over, 1),
        range_lu=round(track.loudness.range_lu, 1),
        power=track.power,
        source_range_lu=round(loudness_range(weigh_power(stems.original)), 1),
        speech_left_db=_speech_left(request, plan),
        seconds=str(track.length),
        separation=stems.kind,
        machine_draft=request.machine_draft,
        watermark=WATERMARK if request.watermark else "",
        notes=(*stems.notes, *request.notes, *performance.notes, *_note_stems(track.lossless)),
    )


def _note_stems(lossless: LosslessTracks | None) -> tuple[str, ...]:
    if lossless is None or not lossless.stems_db:
        return ()
    down = -lossless.stems_db
    return (f"The stems are {down:.1f} dB softer than in the mix, whose limiter they lack: raise both by that.",)


def _speech_left(request: DubRequest, plan: MixPlan) -> float | None:
    """What of the original's speech is under the dub: in the background, or in the original as far as it is ducked."""
    stems = _require_stems(request)
    if request.mix != "dub":
        return None
    if stems.background is not None:
        return stems.speech_left_db
    cues = _list_spans(request.source_script or request.script)
    found = measure_ducking(plan, power_of(stems.original), cues)
    return None if found is None else round(found, 1)


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _performance_key(receipt: Receipt) -> str:
    return f"spoken-{receipt.key}"


def _mix_key(request: DubRequest, receipt: Receipt) -> str:
    """What lies under the speech may be known only after it was spoken."""
    lossless = {} if request.lossless_from is None else {"lossless": [request.lossless_from, LOSSLESS_VERSION]}
    marked = {"watermark": WATERMARK} if request.watermark else {}
    return request.key("mixed", _VERSION, spoken=receipt.key, **lossless, **marked)


def _ignore_progress(_: float) -> None:
    pass
