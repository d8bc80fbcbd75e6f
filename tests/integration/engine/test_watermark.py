"""The real network's mark, in speech: found through AAC, other rates and the mix, never where it is not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from deployments.commands.provenance import provenance
from polyreel.engine.models.registry import WATERMARK
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE, as_stem
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.watermark.network import PerthNet
from polyreel.engine.watermark.stem import Search, mark_stem, search_track
from polyreel.media.binaries import ffmpeg
from polyreel.sandbox.music import play_music

TEXT = "The ship left the harbour before the sun was up, and nobody on the shore had seen it go. "


@pytest.fixture
def stems(on_the_shelf: Callable[..., None], tmp_path: Path) -> tuple[Path, Path]:
    """20 s of speech with pauses: as it was spoken, and marked."""
    on_the_shelf(WATERMARK)
    voice = EspeakVoice()
    said = voice.speak(TEXT, voice.cast("en-US")[0], 1.0)
    speech = resample(said.samples, said.rate, RATE)
    sound = np.zeros(RATE * 20, dtype=np.float32)
    for start in range(RATE // 2, len(sound) - len(speech), len(speech) + RATE):
        sound[start : start + len(speech)] = speech * (0.1 / np.sqrt(np.square(speech).mean()))
    plain, marked = tmp_path / "plain.s16", tmp_path / "marked.s16"
    plain.write_bytes(as_stem(sound))
    mark_stem(plain, marked, PerthNet(), lambda: None)
    return plain, marked


def send(stem: Path, name: str, *options: str) -> Path:
    target = stem.with_name(f"{stem.stem}-{name}")
    raw = ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", str(stem)]
    subprocess.run([str(ffmpeg()), "-v", "error", "-y", *raw, *options, str(target)], check=True)
    return target


WAYS = {
    "160.m4a": ("-ac", "2", "-c:a", "aac", "-b:a", "160k"),
    "96.m4a": ("-ac", "2", "-c:a", "aac", "-b:a", "96k"),
    "44.wav": ("-ar", "44100"),
    "16.wav": ("-ar", "16000"),
}


async def test_the_mark_is_found_through_aac_and_other_rates_and_not_where_it_is_not(stems: tuple[Path, Path]) -> None:
    plain, marked = stems
    net = PerthNet()
    for name, options in WAYS.items():
        assert await search_track(send(marked, name, *options), 0, net) == Search(2, 2, pytest.approx(1.0, abs=0.05))
        unmarked = await search_track(send(plain, name, *options), 0, net)
        assert (unmarked.marked, unmarked.is_found) == (0, False)
        assert unmarked.surest < 0.3


async def test_the_mark_is_found_in_a_mix_and_music_alone_has_none(stems: tuple[Path, Path], tmp_path: Path) -> None:
    plain, marked = stems
    music = np.concatenate(list(play_music(RATE * 20)))[: RATE * 20].mean(axis=1)
    bed = music * (0.03 / np.sqrt(np.square(music).mean()))
    found = []
    for number, stem in enumerate((marked, plain, None)):
        speech = np.fromfile(stem, "<i2").astype(np.float32) / 32767 if stem else 0
        raw = tmp_path / f"{number}.s16"
        raw.write_bytes(as_stem((speech + bed).astype(np.float32)))
        found.append(await search_track(send(raw, "mix.m4a", *WAYS["96.m4a"]), 0, PerthNet()))
    assert [each.is_found for each in found] == [True, False, False]


def test_the_mark_is_as_loud_as_its_masking_lets_it_and_the_speech_as_loud_as_before(stems: tuple[Path, Path]) -> None:
    plain, marked = (np.fromfile(stem, "<i2").astype(np.float64) for stem in stems)
    assert len(plain) == len(marked)
    assert 10 * np.log10(np.square(plain).sum() / np.square(marked - plain).sum()) > 13
    assert abs(10 * np.log10(np.square(marked).sum() / np.square(plain).sum())) < 0.5
    last = int(np.flatnonzero(plain)[-1])
    assert np.abs(marked[last + RATE // 2 :]).max() <= 2, "half a second after the last word it is silent: -84 dB"


def test_the_command_says_what_it_finds_of_both_marks_and_how_to_look(
    stems: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    film = send(stems[1], "96.m4a", *WAYS["96.m4a"])
    said = CliRunner().invoke(provenance, [str(film)])
    assert said.exit_code == 1, "there is no manifest"
    assert "no C2PA manifest" in said.output
    assert "a watermark, in 2 of 2 stretches of 10 s" in said.output
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "elsewhere"))
    assert "polyreel models pull watermark" in CliRunner().invoke(provenance, [str(film)]).output
