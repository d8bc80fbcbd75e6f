"""What the rehearsal's Dubformer gives as its speech track."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from polyreel.sandbox.sample import make_sample
from polyreel.sandbox.work.embedded import EmbeddedStudio
from polyreel.sandbox.work.port import Order
from polyreel.sandbox.work.script import Line
from polyreel.store.local import LocalStore


async def test_the_speech_track_is_speech_alone(tmp_path: Path) -> None:
    """Silent until the first line, though the reel has music there: what checks go by, and what masters are made of."""
    sample = await make_sample(tmp_path / "sample", 8)
    order = Order(
        media=sample.video, source_locale="en-US", target_locale="es-ES", mix="dub", folder=tmp_path,
        script=(Line(2000, 4000, "Hola a todos."),), source_script=(Line(2000, 4000, "Hello all."),),
    )  # fmt: skip
    dubbed = await EmbeddedStudio(LocalStore(tmp_path / "store")).dub(order)
    with wave.open(str(dubbed.voice), "rb") as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 48_000)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert len(sound) == 8 * 48_000
    assert not sound[: 48_000 * 19 // 10].any()
    assert np.abs(sound[48_000 * 2 :]).max() > 1000
