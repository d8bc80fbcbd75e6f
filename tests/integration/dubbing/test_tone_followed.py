"""`prosody: follow` on real sound: a reel with a whispered and a shouted line, dubbed with the tone and without."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.separation.stems import Stems
from polyreel.engine.sound.meter import speech_level
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE, read_stem
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.store.local import LocalStore, path_of

SPOKEN = (
    ("Good morning, and welcome to the house.", "Buenos días y bienvenidos a la casa.", 0, 1.0),
    ("Be quiet, the child is sleeping there.", "Silencio, el niño está durmiendo ahí.", -14, 0.9),
    ("The doctor will be here in ten minutes.", "El médico llegará en diez minutos.", 1, 1.0),
    ("Get out of the house, it is on fire!", "¡Salgan de la casa, está en llamas!", 10, 1.3),
    ("And now we wait for the evening train.", "Y ahora esperamos el tren de la tarde.", -1, 1.0),
)
SECONDS = 4 * len(SPOKEN)


def speak_original(folder: Path) -> Path:
    """The English lines at their loudness and pace, over a quiet noise. The second is whispered: it has no pitch."""
    voice = EspeakVoice()
    track = np.random.default_rng(1).standard_normal(SECONDS * RATE).astype(np.float32) * 1e-4
    for number, (text, _, level, speed) in enumerate(SPOKEN):
        said = voice.speak(text, voice.cast("en-US")[0], speed)
        sound = resample(said.samples, said.rate, RATE)[: 3 * RATE]
        if level < -10:
            sound = np.abs(sound) * np.random.default_rng(2).standard_normal(len(sound)).astype(np.float32)
        sound = sound * (0.06 * 10 ** (level / 20) / np.sqrt(np.square(sound).mean()))
        track[(4 * number) * RATE + RATE // 2 :][: len(sound)] += sound
    path = folder / "original.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(track, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_cues(texts: list[str]) -> bytes:
    cues = (f"00:{4 * n:02d}.500 --> 00:{4 * n + 3:02d}.500\n{text}\n" for n, text in enumerate(texts))
    return ("WEBVTT\n\n" + "\n".join(cues)).encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalStore, Stems, DubRequest]:
    folder = tmp_path_factory.mktemp("tone")
    store = LocalStore(folder / "store")
    reel = speak_original(folder)
    stems = asyncio.run(part(reel, store, Ducked()))
    request = DubRequest(
        locale="es-ES",
        source_locale="en-US",
        reel=store.keep_file(reel, ".wav"),
        duration=str(SECONDS),
        script=store.keep_bytes(write_cues([spanish for _, spanish, _, _ in SPOKEN]), ".vtt"),
        source_script=store.keep_bytes(write_cues([english for english, _, _, _ in SPOKEN]), ".vtt"),
        stems=stems,
    )
    return store, stems, request


def dub(store: LocalStore, request: DubRequest) -> Dubbed:
    async def run() -> Dubbed:
        dubber = EmbeddedDubber(store, EspeakVoice())
        return await dubber.collect(request, await dubber.submit(request))

    return asyncio.run(run())


def levels_of(dubbed: Dubbed) -> list[float]:
    assert dubbed.speech
    stem = path_of(dubbed.speech)
    return [speech_level(read_stem(stem, 4 * n * RATE, 4 * RATE), RATE) for n in range(len(SPOKEN))]


def test_the_dub_follows_a_whisper_and_a_shout_as_it_would_not_by_itself(
    made: tuple[LocalStore, Stems, DubRequest],
) -> None:
    """The correlation of loudness, line by line, with the original's; and the shouted line is the fastest."""
    store, _, request = made
    before = dub(store, request)
    after = dub(store, request.model_copy(update={"follows_tone": True}))
    original = [level for *_, level, _ in SPOKEN]
    correlations = [float(np.corrcoef(original, levels_of(each))[0, 1]) for each in (before, after)]
    # By itself espeak-ng is louder here and softer there, otherwise in each process: a lesser correlation is by chance.
    assert correlations[1] > max(0.85, correlations[0] + 0.25)
    whisper, shout = after.lines[1].tone, after.lines[3].tone
    assert whisper
    assert shout
    assert (whisper.gain_db, shout.gain_db) == (-4.0, 4.0)
    assert whisper.pace < 1.0 < shout.pace == max(line.tone.pace for line in after.lines if line.tone)
    assert any("tone was followed in 5 of 5" in note for note in after.notes)
    assert before.lufs == pytest.approx(after.lufs, abs=0.6)


def test_following_has_a_key_of_its_own_and_not_following_the_old_one(
    made: tuple[LocalStore, Stems, DubRequest],
) -> None:
    _, _, request = made
    plain = request.key("embedded", 1)
    assert request.model_copy(update={"follows_tone": True}).key("embedded", 1) != plain
    without = DubRequest.model_validate(request.model_dump(exclude={"follows_tone"}))
    assert without.key("embedded", 1) == plain
