"""The table of voices that were measured: what its figures mean, whose voice they choose, and whom they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.commands.plan import _warn_of_voice
from polyreel.dubbing import choice
from polyreel.dubbing.port import Request
from polyreel.dubbing.providers import require_voice
from polyreel.engine.voice import measured
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro import cast as kokoro_cast
from polyreel.engine.voice.measured import Measured, find_measured, grade_of, is_below, read_table, write_table
from polyreel.errors import NoVoice
from polyreel.job import EmbeddedDubbing
from polyreel.locales import canonical


def row(locale: str, engine: str, voice: str, errors: float) -> Measured:
    return Measured(locale, engine, voice, "WER", errors, 1.0, 0.1, 8000)


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[object]:
    """Put rows of a test's own in the table's place."""

    def put(*rows: Measured) -> None:
        path = tmp_path / "measured.tsv"
        path.write_text(write_table(rows), "utf-8")
        monkeypatch.setattr(measured, "TABLE", path)
        measured.read_table.cache_clear()
        measured.ranks_key.cache_clear()

    yield put
    monkeypatch.undo()
    measured.read_table.cache_clear()
    measured.ranks_key.cache_clear()


def test_the_table_names_voices_and_locales_that_there_are() -> None:
    """And its every figure is one that can be."""
    for each in read_table():
        assert canonical(each.locale) == each.locale
        assert each.measure in {"WER", "CER"}
        assert each.errors >= 0
        assert each.rtf > 0
        assert 2000 < each.band_hz <= 24_000
        if each.engine == "kokoro":
            assert each.voice in kokoro_cast.NAMES
        elif each.engine == "espeak-ng":
            assert EspeakVoice().resolve(each.locale, each.voice)
    assert len({(each.locale, each.engine, each.voice) for each in read_table()}) == len(read_table())


@pytest.mark.parametrize(
    ("errors", "grade"),
    [
        (0.0, "good"),
        (0.15, "good"),
        (0.16, "fair"),
        (0.31, "robotic"),
        (0.61, "not understood"),
        (1.4, "not understood"),
    ],
)
def test_a_grade_is_the_errors_in_a_word(errors: float, grade: str) -> None:
    assert row("es-ES", "pico", "high", errors).grade == grade


def test_a_voice_is_known_by_itself_else_by_its_language_else_by_its_engine(measure: object) -> None:
    assert callable(measure)
    measure(row("es-ES", "kokoro", "ef_dora", 0.05), row("es-ES", "kokoro", "em_alex", 0.2))
    assert grade_of("es-MX", "kokoro", "em_alex@es-MX") == "fair"
    assert grade_of("es-ES", "kokoro", "em_santa") == "good"
    assert find_measured("fr-FR", "kokoro", "em_alex") is None
    assert grade_of("fr-FR", "kokoro") == "not measured"
    assert not is_below("not measured", "good")


def test_the_engine_that_is_understood_better_speaks(measure: object) -> None:
    """Of equals the more natural one; and another choice has another key."""
    assert callable(measure)
    measure(row("de-DE", "pico", "high", 0.03), row("de-DE", "espeak-ng", "m3", 0.6))
    key = choice.voices_key("basic")
    assert choice.grade_voices("de-DE", (), "basic").voice == "pico:high"
    measure(row("de-DE", "pico", "high", 0.5), row("de-DE", "espeak-ng", "m3", 0.1))
    assert choice.grade_voices("de-DE", (), "basic").voice == "espeak-ng:m3"
    assert choice.voice_for("basic").cast("de-DE")[0].startswith("espeak-ng:")
    assert choice.voices_key("basic") != key
    measure(row("de-DE", "pico", "high", 0.1), row("de-DE", "espeak-ng", "m3", 0.1))
    assert choice.grade_voices("de-DE", (), "basic").voice == "pico:high"


def test_a_neural_voice_that_nobody_measured_comes_before_voices_of_rules(measure: object) -> None:
    assert callable(measure)
    measure(row("fr-FR", "pico", "high", 0.1), row("pt-BR", "espeak-ng", "m3", 0.3))
    for locale, other in (("fr-FR", "pico"), ("pt-BR", "espeak-ng")):
        assert choice.rank(locale, "kokoro") <= choice.rank(locale, other)
    measure(row("fr-FR", "pico", "high", 0.1), row("fr-FR", "kokoro", "ff_siwis", 0.4))
    assert choice.rank("fr-FR", "kokoro") > choice.rank("fr-FR", "pico")


def test_a_job_may_refuse_a_voice_that_was_understood_worse(measure: object) -> None:
    assert callable(measure)
    measure(row("ar-SA", "espeak-ng", "m3", 0.98), row("de-DE", "pico", "high", 0.03))
    options = EmbeddedDubbing(voices="basic")
    require_voice(options, Request("en-US", "de-DE"), "good")
    require_voice(options, Request("en-US", "sw-KE"), "good")  # nobody has measured it
    with pytest.raises(NoVoice, match="espeak-ng:m3, which is not understood; the job asks for robotic") as caught:
        require_voice(options, Request("en-US", "ar-SA"), "robotic")
    assert caught.value.code == "voice_below_minimum"
    assert "polyreel voices add --list ar" in caught.value.remedy


def test_where_neural_weights_would_speak_the_language_they_are_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Japanese by espeak-ng is not understood, and nobody publishes a Piper voice of it."""
    monkeypatch.setattr(choice, "neural_here", lambda: False)
    assert choice.suggest_voices("ja-JP") == "`polyreel models pull kokoro kokoro-voices`"
    monkeypatch.setattr(choice, "neural_here", lambda: True)
    assert choice.suggest_voices("ja-JP").startswith("`polyreel voices add --list ja`")


def test_whoever_has_a_bad_voice_is_told_where_a_better_one_may_be() -> None:
    """Supertonic speaks Arabic and no Swahili; what `plan` warns of names a command that can help."""
    assert choice.suggest_voices("ar-SA").endswith("or `polyreel voices add supertonic-3 --accept-licence`")
    assert choice.suggest_voices("sw-KE") == "`polyreel voices add --list sw`"
    (warning,) = _warn_of_voice({"voice": "espeak-ng:m3", "understood": "not understood (WER 0.98)"}, "ar-SA")
    assert "for a better one: `polyreel voices add --list ar`" in warning
    assert _warn_of_voice({"voice": "kokoro:ef_dora", "understood": "good (WER 0.05)"}, "es-ES") == []
