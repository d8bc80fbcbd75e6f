"""The mix, planned from measurements and made in one pass: every gain is known before the first sample is written.

``dub``: the background with the new speech. Where there is no clean background, the original goes down by 30 dB while
the new speech sounds and while the original script says that somebody speaks. ``voiceover``: the original, lowered
under the speech, which enters a beat later. ``speech_only``: nothing else. Speech stands at least 10 LU over the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.sound.ducking import RATE, Curve, duck, merge_spans
from polyreel.engine.sound.meter import CHANNEL_WEIGHTS, STEP_MS, Power, integrate_loudness, loudness
from polyreel.engine.sound.pcm import Frames, WorkingTrack

Mix = Literal["dub", "voiceover", "speech_only"]
Spans = Sequence[tuple[int, int]]
"""(start, end) in ms."""

DIALOGUE_OVER_BED_LU = 10.0
BEAT_MS = 400
# EBU R128's programme loudness, for a source that could not be measured.
UNMEASURED_LUFS = -23.0
_SAFETY_LU = 2.0
_ORIGINAL_VOICE_DB = -30.0
_VOICEOVER_DB = -14.0
_DEEPEST_DB = -30.0
# Cues are set by eye: the voice may begin a little before, and end a little after.
_CUE_MARGIN_MS = (150, 250)
_STEP = RATE * STEP_MS // 1000
_SPEECH_CHANNELS = {1: (0,), 2: (0, 1), 6: (2,)}


@dataclass(frozen=True, slots=True)
class Material:
    """What a mix is made of: power per step of the speech stem (steps,) and of the bed (steps, channels), and times.

    ``clean`` says that nobody speaks in the bed. ``cues`` is when the original script says that somebody speaks.
    """

    speech: Power
    speaking: Spans
    channels: int
    bed: Power | None = None
    clean: bool = False
    cues: Spans = ()


@dataclass(frozen=True, slots=True, eq=False)
class MixPlan:
    """Every gain of a mix: linear for the speech, a curve per channel for the bed (None: no bed)."""

    channels: int
    speech_gain: float
    bed_gain: float
    curves: tuple[Curve, ...] | None
    target_lufs: float
    dialogue_over_bed_lu: float | None

    def block(self, speech: NDArray[np.float32], bed: WorkingTrack | None, start: int) -> Frames:
        """The mix from sample ``start`` on, as long as ``speech``."""
        count = len(speech)
        if bed is None or self.curves is None:
            frames = np.zeros((count, self.channels), dtype=np.float32)
        else:
            frames = bed.read(start, count)
            for channel, curve in enumerate(self.curves):
                frames[:, channel] *= curve.gain(start, count) * np.float32(self.bed_gain)
        for channel in _SPEECH_CHANNELS[self.channels]:
            frames[:, channel] += speech * np.float32(self.speech_gain)
        return frames


def plan_mix(mix: Mix, material: Material, target_lufs: float) -> MixPlan:
    """Gains that give ``target_lufs`` integrated, speech at least `DIALOGUE_OVER_BED_LU` over the bed under it."""
    weights = np.array(CHANNEL_WEIGHTS[material.channels])
    # The stem is mono and goes into every speech channel, so that its power is heard that many times.
    wide = material.speech * len(_SPEECH_CHANNELS[material.channels])
    active = _mark_steps(material.speaking, len(wide))
    dialogue = loudness(float(wide[active].mean())) if active.any() else -math.inf
    speech_db = target_lufs - dialogue if math.isfinite(dialogue) else 0.0
    curves = _plan_curves(mix, material, target_lufs, active, weights)
    under = _sum_bed_power(material, curves, weights)
    mixed = wide * 10 ** (speech_db / 10) + (0.0 if under is None else under)
    expected = integrate_loudness(mixed)
    # Speech at its target is not yet the mix at its target: pauses and bed count, too. Both are moved by the same.
    trim_db = target_lufs - expected if math.isfinite(expected) else 0.0
    return MixPlan(
        channels=material.channels,
        speech_gain=10 ** ((speech_db + trim_db) / 20),
        bed_gain=10 ** (trim_db / 20),
        curves=curves,
        target_lufs=target_lufs,
        dialogue_over_bed_lu=_measure_margin(wide * 10 ** (speech_db / 10), under, active),
    )


def measure_ducking(plan: MixPlan, bed: Power, cues: Spans) -> float | None:
    """By how many dB (negative) the original's voice channels are lowered while its script says that somebody speaks.

    Weighted by how loud they are: what is loud counts. None where nothing is heard then, or nothing is laid under.
    """
    inside = _mark_steps(cues, len(bed))
    if plan.curves is None or not inside.any():
        return None
    middles = np.arange(len(bed), dtype=np.int64)[inside] * _STEP + _STEP // 2
    before = after = 0.0
    for channel in _SPEECH_CHANNELS[plan.channels]:
        power = bed[inside, channel]
        before += float(power.sum())
        after += float((power * 10 ** (plan.curves[channel].db_at(middles) / 10)).sum())
    return 10 * math.log10(after / before) if before > 0 and after > 0 else None


def _plan_curves(
    mix: Mix, material: Material, speech_lufs: float, active: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[Curve, ...] | None:
    if material.bed is None or mix == "speech_only":
        return None
    # By what lies under the speech alone: music that is loud where nobody speaks need not go down for it.
    needed = _compute_needed_db(speech_lufs, _loudness_under(material.bed @ weights, active))
    if mix == "voiceover":
        return (duck(material.speaking, min(needed, _VOICEOVER_DB)),) * material.channels
    # Nobody speaks in a clean bed, so it is lowered only as far as the new speech needs.
    if material.clean:
        return (duck(material.speaking, needed),) * material.channels
    return _duck_under_speech(material, material.bed, speech_lufs, active)


def _duck_under_speech(
    material: Material, bed: Power, speech_lufs: float, active: NDArray[np.bool_]
) -> tuple[Curve, ...]:
    """The original voice goes down where it is, whatever speaks; the other channels only as far as the speech needs."""
    before, after = _CUE_MARGIN_MS
    # The original voice must go wherever it is heard, also where its translation is shorter and silent by then.
    voices = merge_spans([*material.speaking, *((max(0, start - before), end + after) for start, end in material.cues)])
    silenced = duck(voices, _ORIGINAL_VOICE_DB)
    spoken = _SPEECH_CHANNELS[material.channels]
    weights = CHANNEL_WEIGHTS[material.channels]
    rest = np.array([0.0 if channel in spoken else weight for channel, weight in enumerate(weights)])
    others = duck(material.speaking, _compute_needed_db(speech_lufs, _loudness_under(bed @ rest, active)))
    return tuple(silenced if channel in spoken else others for channel in range(material.channels))


def _loudness_under(bed: Power, active: NDArray[np.bool_]) -> float:
    return loudness(float(bed[active].mean())) if active.any() else -math.inf


def _compute_needed_db(speech_lufs: float, bed_lufs: float) -> float:
    if not math.isfinite(bed_lufs):
        return 0.0
    return max(_DEEPEST_DB, min(0.0, speech_lufs - DIALOGUE_OVER_BED_LU - _SAFETY_LU - bed_lufs))


def _sum_bed_power(
    material: Material, curves: tuple[Curve, ...] | None, weights: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """The bed's weighted power per step once its curves are applied, taken at each step's middle."""
    if material.bed is None or curves is None:
        return None
    middles = np.arange(len(material.bed), dtype=np.int64) * _STEP + _STEP // 2
    gains = np.stack([10 ** (curve.db_at(middles) / 10) for curve in curves], axis=1)
    summed: NDArray[np.float64] = (material.bed * gains) @ weights
    return summed


def _measure_margin(speech: Power, bed: Power | None, active: NDArray[np.bool_]) -> float | None:
    if bed is None or not active.any():
        return None
    over = loudness(float(speech[active].mean())) - loudness(float(bed[active].mean()))
    return over if math.isfinite(over) else None


def _mark_steps(spans: Spans, count: int) -> NDArray[np.bool_]:
    """Which steps lie wholly or mostly inside the spans."""
    found = np.zeros(count, dtype=np.bool_)
    for start, end in spans:
        found[round(start / STEP_MS) : round(end / STEP_MS)] = True
    return found
