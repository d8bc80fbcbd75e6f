"""How a sandbox runs: where it keeps its state, how fast its jobs move, which faults it starts with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyreel.machine import home
from polyreel.sandbox.dialect import Shapes

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a job stays in a state. ``speed`` divides every wait; infinity is *at once*."""

    speed: float = 1.0

    def wait(self, seconds: float) -> float:
        """Seconds to stay in a state that takes ``seconds`` at speed 1."""
        return seconds / self.speed


INSTANT = Pace(float("inf"))


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line decides."""

    data: Path
    port: int = 0
    pace: Pace = Pace()
    profile: str = "none"
    engine: str = "embedded"
    shapes: Shapes = "usual"

    @classmethod
    def of(
        cls, *, data: Path | None, port: int, speed: float | None, profile: str, shapes: Shapes = "usual"
    ) -> Settings:
        """Settings from options; no speed at all is ``--instant``, which also picks the cheap stand-in dubber."""
        folder = data or home.home() / "sandbox"
        if speed is None:
            return cls(folder, port, INSTANT, profile, engine="instant", shapes=shapes)
        return cls(folder, port, Pace(speed), profile, shapes=shapes)
