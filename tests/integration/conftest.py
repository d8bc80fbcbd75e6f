"""Tiny media made on the spot by ffmpeg, and ways to look at what came out."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from polyreel.media.binaries import ffmpeg

Make = Callable[..., Path]
Tool = Callable[..., bytes]


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Run ffmpeg unguarded, as the outside world would; return what it wrote to standard output."""

    def call(*arguments: object) -> bytes:
        command = [str(ffmpeg()), "-v", "error", "-nostdin", "-y", *map(str, arguments)]
        return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout

    return call


@pytest.fixture(scope="session")
def make(tool: Tool, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make a media file once per session: ``make("a.mp4", *ffmpeg arguments)``.

    Every set of arguments has a folder: two modules that call their files alike must not get each other's.
    """
    folders: dict[tuple[str, ...], Path] = {}

    def build(name: str, *arguments: object) -> Path:
        asked = tuple(map(str, arguments))
        folder = folders.get(asked) or folders.setdefault(asked, tmp_path_factory.mktemp("media"))
        path = folder / name
        if not path.exists():
            tool(*arguments, path)
        return path

    return build


@pytest.fixture(scope="session")
def picture() -> Callable[..., list[str]]:
    """Arguments for a moving picture in which every frame is different."""

    def arguments(size: str = "160x120", rate: int = 25) -> list[str]:
        return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}"]

    return arguments


@pytest.fixture(scope="session")
def clicks() -> list[str]:
    """Arguments for a click track: one sample of full scale at every whole second, silence between."""
    return ["-f", "lavfi", "-i", "aevalsrc=eq(mod(n\\,48000)\\,0)*0.9:s=48000:c=mono"]


@pytest.fixture(scope="session")
def reel(make: Make, picture: Callable[..., list[str]]) -> Path:
    """Eight seconds of H.264 with reordered pictures and a key picture every two seconds, with AAC sound."""
    sound = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
    return make("reel.mp4", *picture(), *sound, "-t", 8, "-c:v", "libx264", "-g", 50, "-bf", 3, "-c:a", "aac")


@pytest.fixture(scope="session")
def frames(tool: Tool) -> Callable[..., np.ndarray]:
    """Every frame of a video, grey: shape (frames, height, width)."""

    def decode(path: Path, width: int, height: int, *options: object) -> np.ndarray:
        raw = tool(
            *options, "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"
        )
        return np.frombuffer(raw, np.uint8).reshape(-1, height, width)

    return decode


@pytest.fixture(scope="session")
def sound(tool: Tool) -> Callable[..., np.ndarray]:
    """A file's sound as players play it: shape (samples, channels), 48 kHz."""

    def decode(path: Path, channels: int = 1, track: int = 0) -> np.ndarray:
        raw = tool("-i", path, "-map", f"0:a:{track}", "-ar", 48000, "-ac", channels, "-f", "f32le", "-")
        return np.frombuffer(raw, "<f4").reshape(-1, channels)

    return decode
