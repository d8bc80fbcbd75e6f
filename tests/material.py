"""What tests are made of: reels spoken on the spot, small files of our own, real weights, and others' real files."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import uuid
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from polyreel.engine.models.pull import pull
from polyreel.engine.models.registry import Model
from polyreel.media.binaries import ffmpeg
from polyreel.sandbox import music, spoken
from polyreel.sandbox.music import RATE, play_music
from polyreel.sandbox.spoken import ReelRecipe, make_spoken_reel

ROOT = Path(__file__).parents[1]
TESTDATA = ROOT.parent / "shared" / "testdata"
WEIGHTS = ROOT / ".weights"


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Real media and subtitles of others, which only add cases: see ``test_real_*.py``."""
    if not TESTDATA.is_dir():
        pytest.skip("needs ../shared/testdata, which is not here")
    return TESTDATA


@pytest.fixture(scope="session")
def data() -> Path:
    """Small files of our own."""
    return ROOT / "tests" / "data"


Keep = Callable[[str, bytes, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def keep() -> Keep:
    """A folder that is made once and kept beside pytest's own cache: ``keep("reel", what it is made of, make)``."""

    def folder(name: str, recipe: bytes, make: Callable[[Path], None]) -> Path:
        kept = ROOT / ".pytest_cache" / f"{name}-{hashlib.sha256(recipe).hexdigest()[:12]}"
        kept.parent.mkdir(exist_ok=True)
        with (kept.parent / f"{name}.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # pytest's workers want it at the same moment
            if not kept.exists():
                for old in kept.parent.glob(f"{name}-*"):
                    shutil.rmtree(old)
                with tempfile.TemporaryDirectory(dir=kept.parent) as made:
                    make(Path(made))
                    shutil.copytree(made, kept.with_suffix(".part"), dirs_exist_ok=True)
                kept.with_suffix(".part").replace(kept)
        return kept

    return folder


def _recipe(*parts: object) -> bytes:
    """What a reel is made of: the code that makes it, and whatever else."""
    return b"".join(Path(module.__file__ or "").read_bytes() for module in (spoken, music)) + repr(parts).encode()


@pytest.fixture(scope="session")
def narrated(data: Path, keep: Keep) -> Path:
    """A folder with ``narrated.mp4`` (42.4 s of 720p, spoken by espeak-ng) and its scripts, ``narrated.LOCALE.srt``."""
    scripts = sorted((data / "narrated").glob("*.srt"))
    reel = ReelRecipe(Fraction("42.4"))

    def make(folder: Path) -> None:
        for script in scripts:
            shutil.copyfile(script, folder / script.name)
        asyncio.run(make_spoken_reel(folder / "narrated.en-US.srt", folder / "narrated.mp4", reel))

    return keep("narrated", _recipe(reel, [script.read_bytes() for script in scripts]), make)


@pytest.fixture(scope="session")
def odd_media(data: Path, keep: Keep) -> Path:
    """A folder of media that is not a reel to dub, and one in which two people speak over music.

    ``mute.mp4`` (no sound), ``sound.mp4`` (no picture), ``speech.wav`` (12 s, 16 kHz mono), ``wordless.webm`` (30 s of
    music), ``dialogue.mkv`` (12 s, a woman and a man over music, in 5.1) with its script ``dialogue.en-US.vtt``.
    """
    dialogue = ReelRecipe(
        Fraction(12),
        width=320,
        height=180,
        layout="5.1",
        music=12,
        voices=("en-us+f2", "en-us+m3"),
        sound={"acodec": "ac3"},
    )
    speech = data / "narrated" / "narrated.en-US.srt"
    script = data / "dialogue.en-US.vtt"

    def make(folder: Path) -> None:
        def tool(*arguments: object) -> None:
            subprocess.run([ffmpeg(), "-v", "error", "-nostdin", *map(str, arguments)], cwd=folder, check=True)

        shutil.copyfile(script, folder / script.name)
        asyncio.run(make_spoken_reel(script, folder / "dialogue.mkv", dialogue))
        asyncio.run(
            make_spoken_reel(speech, folder / "said.mkv", replace(dialogue, layout="stereo", music=None, voices=()))
        )
        with wave.open(str(folder / "music.wav"), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", ""))
            file.writeframes(b"".join((piece * 32_767).astype("<i2").tobytes() for piece in play_music(30 * RATE)))
        picture = ("-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=30")
        tool("-i", "said.mkv", "-an", "-c:v", "copy", "mute.mp4")
        tool("-i", "said.mkv", "-vn", "-c:a", "aac", "sound.mp4")
        tool("-i", "said.mkv", "-vn", "-ac", 1, "-ar", 16_000, "speech.wav")
        tool(
            *picture, "-i", "music.wav", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis", "wordless.webm"
        )

    return keep("odd-media", _recipe(dialogue, speech.read_bytes(), script.read_bytes()), make)


@pytest.fixture(scope="session")
def film(narrated: Path) -> Callable[[Path, int], Path]:
    """Write the narrated video repeated for so many minutes, like no other: ``film(path, 7)``.

    Whoever must meet a job at work gets a job that is long at it, and of which nothing is done yet.
    """

    def write(path: Path, minutes: int) -> Path:
        command = [str(ffmpeg()), "-v", "error", "-stream_loop", "-1", "-i", str(narrated / "narrated.mp4")]
        command += ["-t", str(minutes * 60), "-c", "copy", "-metadata", f"title={uuid.uuid4()}", str(path)]
        subprocess.run(command, check=True)
        return path

    return write


@pytest.fixture(scope="session")
def weights() -> Callable[..., Path]:
    """Real weights: ``weights(KOKORO)`` is the folder that holds ``kokoro/`` and whatever else was pulled into it.

    They are pulled once, into a home that stays (`make clean` leaves it). Whoever asks is marked ``models``.
    """

    def pulled(*models: Model) -> Path:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLYREEL_HOME", str(WEIGHTS))
            with ThreadPoolExecutor(1) as aside:  # the test that asks may be a coroutine
                aside.submit(asyncio.run, pull(models, lambda _: None)).result()
        return WEIGHTS / "models"

    return pulled


@pytest.fixture
def on_the_shelf(weights: Callable[..., Path], polyreel_home: Path) -> Callable[..., None]:
    """Put real weights on this test's own shelf: ``on_the_shelf(KOKORO, KOKORO_VOICES)``."""

    def put(*models: Model) -> None:
        folder = weights(*models)
        polyreel_home.mkdir(exist_ok=True)
        for model in models:
            place = polyreel_home / "models" / model.name
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(folder / model.name)

    return put
