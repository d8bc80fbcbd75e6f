"""Models load once per process: not once per language, per thread or per job."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import faster_whisper
import onnxruntime
import pytest
from faster_whisper.vad import get_vad_model

from polyreel.dubbing.hearing import listen_to_dub
from polyreel.dubbing.loading import load_models
from polyreel.dubbing.parting import part_sound
from polyreel.dubbing.port import DubRequest, Means
from polyreel.dubbing.providers import make_dubber
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.job import EmbeddedDubbing, PanjayaDubbing
from polyreel.plans import Parting
from polyreel.sources.ingest import ingest
from polyreel.store.local import LocalStore

LOCALES = ("es-ES", "fr-FR", "it-IT")


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was made a running model."""
    counted: Counter[str] = Counter()
    lock = threading.Lock()

    def counting(real: Any) -> Any:
        class Counting(real):  # type: ignore[misc] # the real one, counted
            def __init__(self, path: str, *args: Any, **kwargs: Any) -> None:
                with lock:
                    counted[Path(path).name.partition("-")[0]] += 1
                super().__init__(path, *args, **kwargs)

        return Counting

    monkeypatch.setattr(onnxruntime, "InferenceSession", counting(onnxruntime.InferenceSession))
    monkeypatch.setattr(faster_whisper, "WhisperModel", counting(faster_whisper.WhisperModel))
    kokoro._open_session.cache_clear()
    usual_listener.cache_clear()
    get_vad_model.cache_clear()
    return counted


@pytest.fixture
def all_models(on_the_shelf: Callable[..., None]) -> None:
    on_the_shelf(KOKORO, KOKORO_VOICES, SPLEETER, WHISPER_BASE)


@pytest.mark.usefixtures("all_models")
async def test_three_languages_of_one_job_load_each_model_once(narrated: Path, loaded: Counter[str]) -> None:
    """Parted, spoken in three languages and listened to: one voice, one separator, one listener."""
    store, film = LocalStore(), narrated / "narrated.mp4"
    reel, length = await ingest(str(film), store), "5"
    parting = Parting(kind="learned", model=SPLEETER.fingerprint)
    stems = await part_sound(film, store, parting, start=Fraction(0), duration=Fraction(5), background=None)
    for locale in LOCALES:
        script = await ingest(str(narrated / f"narrated.{locale}.srt"), store)
        request = DubRequest(
            locale=locale, source_locale="en-US", reel=reel, duration=length, script=script, stems=stems
        )
        dubber = make_dubber(EmbeddedDubbing(), Means(store))
        receipt = await dubber.submit(request)
        await dubber.wait(request, receipt)
        dubbed = await dubber.collect(request, receipt)
        await listen_to_dub(dubbed, request, usual_listener(), lambda _: None)
    assert loaded == {"kokoro": 1, "two": 1, "whisper": 1, "silero_vad_v6.onnx": 1}


def test_threads_that_come_at_once_load_a_model_once(on_the_shelf: Callable[..., None], loaded: Counter[str]) -> None:
    """Eight sentences begin together: seven wait for the one that loads."""
    on_the_shelf(KOKORO, KOKORO_VOICES)
    with ThreadPoolExecutor(8) as threads:
        sessions = set(threads.map(lambda _: kokoro._load_session(), range(8)))
    assert len(sessions) == 1
    assert loaded == {"kokoro": 1}


@pytest.mark.usefixtures("all_models")
@pytest.mark.parametrize(
    ("dubbing", "locales", "expected"),
    [
        (EmbeddedDubbing(), ["es-ES", "fr-FR"], {"kokoro": 1, "whisper": 1}),
        (EmbeddedDubbing(voices="basic"), ["es-ES"], {"whisper": 1}),
        (EmbeddedDubbing(), ["de-DE"], {"whisper": 1}),
        (PanjayaDubbing(provider="panjaya"), ["es-ES"], {"whisper": 1}),
        (EmbeddedDubbing(), ["zu-ZA"], {}),
    ],
)
def test_what_a_job_will_need_is_loaded_ahead(
    dubbing: EmbeddedDubbing | PanjayaDubbing, locales: list[str], expected: dict[str, int], loaded: Counter[str]
) -> None:
    """The voice where Kokoro speaks one of the languages, the listener where it knows one; each once, however often."""
    load_models(dubbing, locales)
    load_models(dubbing, locales)
    assert loaded == expected


def test_weights_that_cannot_be_loaded_stop_nothing_ahead(polyreel_home: Path, loaded: Counter[str]) -> None:
    """Whoever needs them says so; loading ahead is quiet."""
    for model in (KOKORO, KOKORO_VOICES):
        for file in model.files:
            path = polyreel_home / "models" / model.name / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"not a model")
    load_models(EmbeddedDubbing(), ["es-ES"])
    assert not loaded
