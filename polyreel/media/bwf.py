"""Broadcast Wave (EBU Tech 3285): PCM in WAV with a ``bext`` chunk that says what it is and when it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from polyreel.media.command import Stream, local_input, local_output, repeat_option, run

RATE = 48_000


@dataclass(frozen=True, slots=True)
class Label:
    """What a file says of itself. ``time_reference``: its first sample's number, counted from midnight."""

    description: str
    time_reference: int = 0

    def of(self, part: str) -> Label:
        """The label of one of several files: ``welcome es-ES: dialogue``."""
        return replace(self, description=f"{self.description}: {part}")


def bwf_output(
    sound: Stream, path: Path, label: Label, *, tags: Iterable[tuple[str, str]] = (), **options: Any
) -> Stream:
    """Sound as 48 kHz, 24 bit Broadcast Wave; RF64 where it grows beyond 4 GB. ``tags`` go into RIFF's INFO list."""
    said = {
        **dict(tags),
        # The chunk's fields have fixed lengths, and take ASCII.
        "description": label.description.encode("ascii", "replace").decode()[:256],
        "originator": f"polyreel {version('polyreel')}"[:32],
        "time_reference": str(label.time_reference),
        "coding_history": "A=PCM,F=48000,W=24",
    }
    metadata = repeat_option(*(f"{name}={value}" for name, value in said.items()))
    return local_output(
        sound,
        path=path,
        format="wav",
        ar=RATE,
        write_bext=1,
        rf64="auto",
        metadata=metadata,
        **{"c:a": "pcm_s24le", "map_metadata": -1, "bitexact": None},
        **options,
    )


async def decode_bwf(sound: Path, target: Path, label: Label) -> None:
    """Write a file's first sound track as Broadcast Wave. Raises as `run` does."""
    await run(bwf_output(local_input(sound, vn=None)["a:0"], target, label))
