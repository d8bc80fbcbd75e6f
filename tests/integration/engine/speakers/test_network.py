"""Two voices, told apart by the real network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from polyreel.engine.models.registry import VOICE_PRINTS
from polyreel.engine.sound.resample import resample
from polyreel.engine.speakers.diarise import hear_speakers
from polyreel.engine.speakers.voiceprint import encoder, voice_print
from polyreel.store.local import LocalStore
from tests.unit.engine.speakers.test_speakers import RATE, VOICE, dialogue, never


@pytest.fixture
def real_voice_prints(on_the_shelf: Callable[..., None]) -> None:
    on_the_shelf(VOICE_PRINTS)


@pytest.mark.usefixtures("real_voice_prints")
def test_the_real_network_tells_two_voices_apart(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    stems, cues = dialogue(tmp_path, store)
    found = hear_speakers(stems, cues, 2, store, never)
    assert [turn.speaker[-1] for turn in found.turns] == ["1", "2", "1", "2", "1", "1"]
    network = encoder()
    lines = [VOICE.speak("Here is one more line, and another.", f"en-us+{who}", 1.0) for who in ("m3", "f2")]
    man, woman = (voice_print(resample(line.samples, line.rate, RATE), network) for line in lines)
    assert float(man @ woman) < 0.65
