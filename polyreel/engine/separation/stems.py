"""What separation gives, as values: whoever only passes them on needs nothing that computes with sound."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyreel.outcome import StoredFile, Value


class Bed(Value):
    """A working track to lay under speech, and how loud it is when: per tenth of a second and channel, as ``.npy``."""

    audio: StoredFile
    power: StoredFile


class Stems(Value):
    """What separation gives every language. Tracks are 48 kHz PCM in WAV, all equally long."""

    kind: str = Field(description="How it was done: given | ducked | ...")
    channels: Literal[1, 2, 6]
    samples: int
    original: Bed
    background: Bed | None = None
    lufs: float | None = Field(default=None, description="The original's integrated loudness; None where it is silent.")
    speech_left_db: float | None = Field(
        default=None, description="Speech in the background relative to the original's; None where not measured."
    )
    notes: tuple[str, ...] = ()
