"""A dub's lines as an AAF file: what Pro Tools, Media Composer and their like open, every line's sound inside it.

OpenTimelineIO's adapter for AAF writes timelines that name files, but puts no sound into one, counts 23.976 as
drop-frame and knows one channel per file; so the file is written by what that adapter stands on, pyaaf2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import aaf2

from polyreel.media.bwf import RATE
from polyreel.media.wave import BroadcastWave, open_broadcast_wave
from polyreel.packaging.timelines import Clip, Sheet, clips_of

HANDLE_FRAMES = 12
"""What of the sound before and after a line lies in the file too, for fades."""
_COMPONENTS = 3  # bytes of 24 bit
# Speech is the same in every channel that has it: the left one, or the centre.
_SPEECH_CHANNEL = {1: 0, 2: 0, 6: 2}


def write_aaf(sheet: Sheet, dialogue: Path, target: Path, *, is_drop: bool = False) -> None:
    """Write a sheet's lines with their sound, cut from ``dialogue`` (Broadcast Wave, 24 bit, as long as the reel).

    A track per speaker, in the picture's frames; ``is_drop`` says how the timecode is shown. Blocks. Raises MediaError
    where ``dialogue`` is no such file.
    """
    sound = open_broadcast_wave(dialogue)
    with aaf2.open(str(target), "w") as file:
        writer = _Writer(file, sheet, sound, is_drop)
        for speaker, clips in clips_of(sheet):
            writer.add_track(speaker, clips)


@dataclass(slots=True)
class _Span:
    """Frames of the reel: what of the sound is in the file for a line."""

    start: int
    end: int


class _Writer:
    """One AAF file while it is written: a composition, and what its clips are cut from."""

    def __init__(self, file: Any, sheet: Sheet, sound: BroadcastWave, is_drop: bool) -> None:
        self.file = file
        self.sheet = sheet
        self.sound = sound
        self.create: Callable[..., Any] = file.create
        self.composition = self._make_composition(is_drop)
        self.tape = self._make_tape(is_drop)

    def _make_composition(self, is_drop: bool) -> Any:
        composition = self.file.create.CompositionMob(self.sheet.name)
        # Editors open the composition that is marked so; all other mobs are its material.
        composition.usage = "Usage_TopLevel"
        self.file.content.mobs.append(composition)
        slot = composition.create_timeline_slot(self._rate)
        slot.name = "timecode"
        slot["PhysicalTrackNumber"].value = 1
        slot.segment = self._make_timecode(is_drop)
        return composition

    def _make_tape(self, is_drop: bool) -> Any:
        """The source's own reel: every clip says where on it it was, by timecode."""
        tape = self.file.create.SourceMob(self.sheet.name)
        tape.create_tape_slots(self.sheet.name, self._rate, round(self.sheet.rate), media_kind="sound")
        for slot in tape.slots:
            if isinstance(slot.segment, aaf2.components.Timecode):
                slot.segment = self._make_timecode(is_drop)
        self.file.content.mobs.append(tape)
        return tape

    def _make_timecode(self, is_drop: bool) -> Any:
        timecode = self.file.create.Timecode(round(self.sheet.rate), drop=is_drop, length=self.sheet.frames)
        timecode.start = self.sheet.start
        return timecode

    @property
    def _rate(self) -> str:
        return f"{self.sheet.rate.numerator}/{self.sheet.rate.denominator}"

    def add_track(self, speaker: str, clips: Sequence[Clip]) -> None:
        slot = self.composition.create_sound_slot(edit_rate=self._rate)
        slot.name = speaker or "dialogue"
        sequence = self.file.create.Sequence(media_kind="sound")
        sequence.components.value = []
        position = 0
        for clip in clips:
            # An AAF sequence has no gaps: where nobody speaks stands filler.
            if clip.start > position:
                sequence.components.append(self.file.create.Filler("sound", clip.start - position))
            sequence.components.append(self._cut_clip(clip, speaker))
            position = clip.end
        if position < self.sheet.frames:
            sequence.components.append(self.file.create.Filler("sound", self.sheet.frames - position))
        sequence.length = self.sheet.frames
        slot.segment = sequence

    def _cut_clip(self, clip: Clip, speaker: str) -> Any:
        span = _Span(max(0, clip.start - HANDLE_FRAMES), min(self.sheet.frames, clip.end + HANDLE_FRAMES))
        master = self.file.create.MasterMob(clip.name)
        self.file.content.mobs.append(master)
        if speaker:
            master.comments["Speaker"] = speaker
        if clip.about and clip.about.voice:
            master.comments["Voice"] = clip.about.voice
        source, slot_id = self._embed_sound(clip.name, span)
        slot = master.create_timeline_slot(edit_rate=self._rate)
        slot.segment = source.create_source_clip(slot_id, length=span.end - span.start, media_kind="sound")
        return master.create_source_clip(slot.slot_id, clip.start - span.start, clip.end - clip.start, "sound")

    def _embed_sound(self, name: str, span: _Span) -> tuple[Any, int]:
        """A line's sound as a mob of its own: mono, 48 kHz, 24 bit."""
        source = self.file.create.SourceMob(f"{name}.PHYS")
        self.file.content.mobs.append(source)
        essence, slot = source.create_essence(self._rate, "sound")
        slot.segment = self.tape.create_source_clip(1, span.start, span.end - span.start, "sound")
        first, last = (self._find_sample(frame) for frame in (span.start, span.end))
        descriptor = self.file.create.PCMDescriptor()
        source.descriptor = descriptor
        facts = {
            "Channels": 1,
            "BlockAlign": _COMPONENTS,
            "SampleRate": RATE,
            "AverageBPS": RATE * _COMPONENTS,
            "QuantizationBits": 8 * _COMPONENTS,
            "AudioSamplingRate": RATE,
        }
        for key, value in facts.items():
            descriptor[key].value = value
        descriptor.length = last - first
        stream = essence.open("w")
        stream.write(self.sound.read_channel(_SPEECH_CHANNEL[self.sound.channels], first, last - first))
        return source, slot.slot_id

    def _find_sample(self, frame: int) -> int:
        return round(Fraction(frame * RATE) / self.sheet.rate)
