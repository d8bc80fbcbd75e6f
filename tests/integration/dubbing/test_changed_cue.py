"""A film of which one cue is changed comes out as if it had been made from nothing, but for the work."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.sound_checks import check_sound
from polyreel.engine.separation.port import Ducked, part
from polyreel.media.binaries import ffmpeg
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore
from polyreel.subtitles import write
from polyreel.subtitles.model import Cue, Track
from tests.integration.dubbing.changed_cue import SteadyVoice

KILLED_RUN = Path(__file__).with_name("changed_cue.py")
SECONDS, LINES, CHANGED = 60, 14, 5
WORDS = "Esta es la frase número {} de un texto que no dice nada."


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reel") / "reel.m4a"
    sound = f"sine=f=330:d={SECONDS},volume=-20dB"
    subprocess.run([ffmpeg(), "-v", "error", "-f", "lavfi", "-i", sound, "-ac", "2", path], check=True)
    return path


def script(*, changed: bool) -> str:
    texts = [WORDS.format(number) for number in range(LINES)]
    if changed:
        texts[CHANGED] = "Aquí se dice otra cosa."
    cues = (Cue(1000 + 4000 * at, 4600 + 4000 * at, text) for at, text in enumerate(texts))
    return write(Track(tuple(cues)), "vtt").text


async def request(store: LocalStore, reel: Path, text: str) -> DubRequest:
    kept = store.keep_bytes(text.encode(), ".vtt")
    return DubRequest(
        locale="es-ES",
        source_locale="en-US",
        reel=StoredFile(uri=reel.as_uri(), sha256="0" * 64, bytes=reel.stat().st_size),
        duration=str(SECONDS),
        script=kept,
        source_script=kept,
        stems=await part(reel, store, Ducked(), duration=Fraction(SECONDS)),
    )


async def dub(store: LocalStore, asked: DubRequest, voice: SteadyVoice) -> Dubbed:
    dubber = EmbeddedDubber(store, voice)
    receipt = await dubber.submit(asked)
    await dubber.wait(asked, receipt)
    return await dubber.collect(asked, receipt)


def sound_of(dubbed: Dubbed) -> tuple[str, str]:
    assert dubbed.audio
    assert dubbed.speech
    return dubbed.audio.sha256, dubbed.speech.sha256


async def test_a_changed_cue_gives_the_very_sound_that_a_new_film_would(tmp_path: Path, reel: Path) -> None:
    once, new, voice = LocalStore(tmp_path / "once"), LocalStore(tmp_path / "new"), SteadyVoice()
    first = await dub(once, await request(once, reel, script(changed=False)), voice)
    before = len(voice.said)
    again = await dub(once, await request(once, reel, script(changed=True)), voice)
    fresh = await dub(new, await request(new, reel, script(changed=True)), SteadyVoice())
    assert len(voice.said) - before == 1
    assert sound_of(again) == sound_of(fresh) != sound_of(first)
    assert [(line.start_ms, line.end_ms) for line in again.lines] == [
        (line.start_ms, line.end_ms) for line in fresh.lines
    ]
    limits = DubLimits.of("netflix", "source")
    assert check_sound(again, SECONDS * 1000, limits) == check_sound(fresh, SECONDS * 1000, limits)


async def test_killed_half_way_it_goes_on_and_gives_the_same_sound(tmp_path: Path, reel: Path) -> None:
    store, new, voice = LocalStore(tmp_path / "store"), LocalStore(tmp_path / "new"), SteadyVoice()
    asked = await request(store, reel, script(changed=True))
    (tmp_path / "request.json").write_text(asked.model_dump_json())
    arguments = (str(KILLED_RUN), str(tmp_path / "request.json"), str(tmp_path / "store"))
    killed = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    assert await killed.wait() == -signal.SIGKILL
    again = await dub(store, asked, voice)
    fresh = await dub(new, await request(new, reel, script(changed=True)), SteadyVoice())
    assert len(voice.said) < LINES
    assert sound_of(again) == sound_of(fresh)
