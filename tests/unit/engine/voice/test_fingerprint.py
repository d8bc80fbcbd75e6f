"""Speech is kept under the rules by which its line was read, so that a new reading is never taken from old speech."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.engine.voice import kokoro
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.engine.voice.pico import PicoVoice
from polyreel.engine.voice.piper import PiperVoice
from polyreel.engine.voice.text.fingerprint import fingerprint_readings


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "words.py").write_text("rules\n")
    (tmp_path / "table.tsv").write_text("kg\tkilograms\n")
    return tmp_path


@pytest.mark.parametrize("name", ["words.py", "table.tsv", "more.tsv"])
def test_a_changed_rule_is_another_fingerprint(rules: Path, name: str) -> None:
    before = fingerprint_readings(rules)
    (rules / name).write_text("kg\tkilos\n")
    fingerprint_readings.cache_clear()
    assert fingerprint_readings(rules) != before


def test_line_ends_and_compiled_files_are_no_other_rules(rules: Path) -> None:
    before = fingerprint_readings(rules)
    (rules / "words.py").write_bytes(b"rules\r\n")
    (rules / "__pycache__").mkdir()
    (rules / "words.pyc").write_bytes(b"\0")
    fingerprint_readings.cache_clear()
    assert fingerprint_readings(rules) == before


@pytest.mark.parametrize("voice", [EspeakVoice, PicoVoice, PiperVoice, KokoroVoice])
def test_a_voice_has_the_rules_that_it_reads_by_in_its_version(voice: type) -> None:
    assert fingerprint_readings() in voice().version


def test_kokoro_has_its_own_rules_for_japanese_and_chinese_in_its_version() -> None:
    assert fingerprint_readings(Path(kokoro.__file__).parent) in KokoroVoice().version
