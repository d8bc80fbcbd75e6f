"""Kokoro, Piper and their ensemble, on synthesisers of a few hundred bytes that are made here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, Mirror, Model, ModelFile, Release
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.speech.booth import Booth
from polyreel.engine.voice.ensemble import Ensemble, list_caveats
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.engine.voice.kokoro.cast import NAMES, find_gender, list_voices
from polyreel.engine.voice.kokoro.phrases import MOST_AT_ONCE, Phrase, split_phrases
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.engine.voice.piper import PiperVoice
from polyreel.engine.voice.port import Speech, assign
from polyreel.errors import EngineError, NoVoice
from polyreel.machine import home
from polyreel.store.local import LocalStore

PER_TOKEN = 600
"""Samples that the toy synthesiser gives for each number it is handed."""


def synthesiser(path: Path, first: str, others: dict[str, tuple[int, list[int | str]]]) -> bytes:
    """An ONNX model that hums 600 samples per token and ignores everything else."""
    wide = numpy_constant("wide", np.full((1, PER_TOKEN), 0.5, np.float32))
    flat = numpy_constant("flat", np.array([-1], np.int64))
    tall = numpy_constant("tall", np.array([-1, 1], np.int64))
    nodes = [
        helper.make_node("Cast", [first], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "tall"], ["column"]),
        helper.make_node("Sin", ["column"], ["wave"]),
        helper.make_node("MatMul", ["wave", "wide"], ["sound"]),
        helper.make_node("Reshape", ["sound", "flat"], ["audio"]),
    ]
    inputs = [helper.make_tensor_value_info(first, TensorProto.INT64, [1, "n"])]
    inputs += [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in others.items()]
    outputs = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["samples"])]
    graph = helper.make_graph(nodes, "toy", inputs, outputs, [wide, flat, tall])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    content: bytes = made.SerializeToString()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def numpy_constant(name: str, value: np.ndarray) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(value, name)


def registered(name: str, files: dict[str, bytes]) -> Model:
    listed = tuple(ModelFile(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items())
    return Model(name, "tests", "MIT", listed, Release("https://127.0.0.1:9"), Mirror((), {}))


@pytest.fixture
def toy_kokoro(monkeypatch: pytest.MonkeyPatch) -> KokoroVoice:
    """Kokoro, with toy weights on this test's shelf."""
    shape = {"style": (TensorProto.FLOAT, [1, 256]), "speed": (TensorProto.FLOAT, [1])}
    model = synthesiser(home.models_dir() / "kokoro" / "kokoro-v1.0.int8.onnx", "tokens", shape)
    styles = np.zeros((510, 256), "<f4").tobytes()
    files = {f"{name}.bin": styles for name in ("ef_dora", "em_alex")}
    (home.models_dir() / "kokoro-voices").mkdir(parents=True)
    for name, content in files.items():
        (home.models_dir() / "kokoro-voices" / name).write_bytes(content)
    monkeypatch.setattr(kokoro, "KOKORO", registered("kokoro", {"kokoro-v1.0.int8.onnx": model}))
    monkeypatch.setattr(kokoro, "KOKORO_VOICES", registered("kokoro-voices", files))
    return KokoroVoice()


def test_a_line_is_spoken_at_24_khz(toy_kokoro: KokoroVoice) -> None:
    speech = toy_kokoro.speak("Hola, ¿qué tal?", "ef_dora@es-ES", 1.0)
    assert speech.rate == 24_000
    assert speech.ms > 200


def test_no_sample_passes_full_scale(toy_kokoro: KokoroVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    loud = np.full(9600, 1.5, np.float32)
    monkeypatch.setattr(kokoro, "_synthesise_phrase", lambda *_: loud)
    assert np.abs(toy_kokoro.speak("Hola.", "ef_dora@es-ES", 1.0).samples).max() <= 0.97


def test_two_thousand_characters_are_spoken_in_pieces_that_the_model_takes(toy_kokoro: KokoroVoice) -> None:
    sentence = "Esta es una frase bastante larga, con una coma y algo más de texto. "
    speech = toy_kokoro.speak(sentence * 30, "ef_dora@es-ES", 1.0)
    assert len(speech.samples) > 1500 * PER_TOKEN * 0.9


def test_phrases_end_at_sentences_and_never_pass_the_limit() -> None:
    pieces = split_phrases("aaa bbb. ccc, ddd eee. " * 60, most=100)
    assert all(len(piece.phonemes) <= 100 for piece in pieces)
    assert all(piece.phonemes.endswith(".") for piece in pieces)
    assert "".join(p.phonemes for p in pieces).replace(" ", "") == "aaabbb.ccc,dddeee." * 60


def test_long_odd_lines_never_give_the_network_more_than_its_memory_allows(
    toy_kokoro: KokoroVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory grows with the phonemes of one run: two at once take 2.3 GB at the limit of 510, 0.65 GB at 160."""
    given: list[int] = []
    synthesise = kokoro._synthesise_phrase

    def note_length(phrase: Phrase, *rest: Any) -> Samples:
        given.append(len(phrase.phonemes))
        return synthesise(phrase, *rest)

    monkeypatch.setattr(kokoro, "_synthesise_phrase", note_length)
    toy_kokoro.speak("esto -- (sí; no) sigue… y sigue sin parar " * 36, "ef_dora@es-ES", 1.0)
    assert len(given) > 5
    assert max(given) <= MOST_AT_ONCE


def test_a_word_without_end_is_cut_all_the_same() -> None:
    assert [len(piece.phonemes) for piece in split_phrases("x" * 500)] == [160, 160, 160, 20]


@pytest.mark.parametrize("text", ["…", "♪ ♪", "<i></i>", "—"])
def test_a_text_without_letters_says_so(toy_kokoro: KokoroVoice, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        toy_kokoro.speak(text, "ef_dora@es-ES", 1.0)
    assert caught.value.code == "nothing_to_say"


def test_without_weights_the_command_is_named() -> None:
    with pytest.raises(EngineError) as caught:
        KokoroVoice().speak("Hola.", "ef_dora@es-ES", 1.0)
    assert caught.value.code == "model_missing"
    assert "polyreel models pull kokoro" in caught.value.remedy


def test_the_version_changes_with_the_weights(toy_kokoro: KokoroVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    before = toy_kokoro.version
    monkeypatch.setattr(kokoro, "KOKORO", registered("kokoro", {"kokoro-v1.0.int8.onnx": b"other"}))
    assert toy_kokoro.version != before


def test_54_voices_speak_eight_languages_men_and_women_in_turn() -> None:
    assert len(NAMES) == 54
    for locale in ("en-US", "en-GB", "es-ES", "fr-FR", "hi-IN", "it-IT", "ja-JP", "pt-BR", "zh-CN"):
        first, second = list_voices(locale)[:2]
        assert {find_gender(first), find_gender(second)} == {"female", "male"}


@pytest.mark.parametrize("locale", ["de-DE", "ar-SA", "zh-HK", "yue"])
def test_kokoro_does_not_pretend_to_speak_what_it_was_not_taught(locale: str) -> None:
    with pytest.raises(NoVoice):
        KokoroVoice().cast(locale)


class Flaky:
    """A voice that fails a given number of times, then speaks."""

    name = "flaky"
    version = "1"

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tried = 0

    def speaks(self, locale: str) -> bool:
        return locale.startswith("es")

    def cast(self, locale: str) -> tuple[str, ...]:
        return (f"one@{locale}", f"two@{locale}")

    def resolve(self, locale: str, asked: str) -> str:
        if asked not in {"one", "two"}:
            raise NoVoice(f"no '{asked}'")
        return f"{asked}@{locale}"

    def gender(self, voice_id: str) -> None:
        return None

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.tried += 1
        if self.tried <= self.failures:
            raise EngineError("the model choked")
        return Speech(np.full(2400, 0.5, np.float32), 24_000)

    def caveats(self, locale: str, texts: Sequence[str]) -> tuple[str, ...]:
        return ()


def test_a_line_that_fails_once_is_tried_again() -> None:
    voice = Ensemble((Flaky(1), EspeakVoice()))
    speech = voice.speak("Hola.", "flaky:one@es-ES", 1.0)
    assert (speech.rate, speech.stand_in) == (24_000, False)
    assert voice.caveats("es-ES", ["Hola."]) == ("es-ES is spoken by flaky.",)


def test_a_line_that_fails_twice_is_spoken_by_the_stand_in_and_said_so() -> None:
    voice = Ensemble((Flaky(2), EspeakVoice()))
    speech = voice.speak("Hola.", "flaky:one@es-ES", 1.0)
    assert speech.stand_in
    assert len(speech.samples) > 1000
    assert voice.caveats("es-ES", ["Hola."])[-1] == "espeak-ng stood in for 1 line ('Hola.'): the model choked"


def test_what_a_stand_in_said_is_not_kept_as_the_voices_own(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    failing = Ensemble((Flaky(99), EspeakVoice()))
    assert not Booth(failing, store).natural("Hola.", "flaky:one@es-ES").reused
    well_again = Flaky(0)
    take = Booth(Ensemble((well_again, EspeakVoice())), store).natural("Hola.", "flaky:one@es-ES")
    assert (take.reused, take.rate, well_again.tried) == (False, 24_000, 1)


def test_a_line_that_the_stand_in_spoke_is_hurried_by_the_stand_in_too() -> None:
    flaky = Flaky(2)
    voice = Ensemble((flaky, EspeakVoice()))
    natural = voice.speak("Hola.", "flaky:one@es-ES", 1.0)
    assert voice.speak("Hola.", "flaky:one@es-ES", 1.1).rate == natural.rate != 24_000


def test_a_language_that_only_the_last_engine_speaks_is_cast_from_it() -> None:
    voice = Ensemble((Flaky(0), EspeakVoice()))
    assert voice.cast("de-DE")[0].startswith("espeak-ng:de+")
    assert voice.caveats("de-DE", []) == ("de-DE is spoken by espeak-ng.",)


def test_notes_are_of_the_voices_that_spoke_and_not_of_those_that_would_have() -> None:
    """A job may name any voice: who spoke is not who is preferred, and what can't be given sounds says so."""
    voice = Ensemble((Flaky(0), EspeakVoice()))
    named = list_caveats(voice, "es-ES", [("espeak-ng:es+m3", "Hola, ⟦Nguyen||wɪn⟧.")])
    assert named[0] == "es-ES is spoken by espeak-ng."
    assert "takes no IPA: it reads Nguyen as written" in named[1]
    both = list_caveats(voice, "es-ES", [("flaky:one@es-ES", "Hola."), ("espeak-ng:es+m3", "Adiós.")])
    assert both == ("es-ES is spoken by flaky and espeak-ng.",)
    assert list_caveats(voice, "es-ES", []) == ()
    assert list_caveats(EspeakVoice(), "ja-JP", [("ja+m3", "右下に")]) == EspeakVoice().caveats("ja-JP", ["右下に"])


def test_missing_weights_are_said_in_one_line_with_the_command() -> None:
    voice = Ensemble((EspeakVoice(),), missing="run `polyreel models pull`", missing_for=KokoroVoice())
    assert voice.caveats("es-ES", []) == ("es-ES is spoken by espeak-ng: run `polyreel models pull`",)
    assert voice.caveats("de-DE", []) == ("de-DE is spoken by espeak-ng.",)


def test_every_speaker_keeps_a_voice_of_their_own_from_run_to_run() -> None:
    first = assign(Ensemble((Flaky(0), EspeakVoice())), "es-ES", ["Ana", "Leo"])
    again = assign(Ensemble((Flaky(0), EspeakVoice())), "es-ES", ["Leo", "Ana"])
    assert first == again == {"Ana": "flaky:one@es-ES", "Leo": "flaky:two@es-ES"}


def test_a_job_may_name_a_voice_of_any_engine() -> None:
    voice = Ensemble((Flaky(0), EspeakVoice()))
    assert voice.resolve("es-ES", "two") == "flaky:two@es-ES"
    assert voice.resolve("es-ES", "f2") == "espeak-ng:es+f2"
    assert voice.resolve("es-ES", "espeak-ng:f2") == "espeak-ng:es+f2"
    with pytest.raises(NoVoice):
        voice.resolve("es-ES", "nobody")


def piper_voice(folder: Path, speakers: int = 1) -> Path:
    shape: dict[str, tuple[int, list[int | str]]] = {
        "input_lengths": (TensorProto.INT64, [1]),
        "scales": (TensorProto.FLOAT, [3]),
    }
    if speakers > 1:
        shape["sid"] = (TensorProto.INT64, [1])
    synthesiser(folder / "mine.onnx", "input", shape)
    letters = "abcdefghijklmnopqrstuvwxyzəɔɪʊçɛɜː .,!?"
    configuration = {
        "audio": {"sample_rate": 16_000},
        "espeak": {"voice": "de"},
        "language": {"code": "de_DE"},
        "inference": {"noise_scale": 0.6, "length_scale": 1, "noise_w": 0.8},
        "num_speakers": speakers,
        "phoneme_id_map": {"_": [0], "^": [1], "$": [2]} | {sign: [at] for at, sign in enumerate(letters, 3)},
    }
    (folder / "mine.onnx.json").write_text(json.dumps(configuration))
    return folder / "mine.onnx"


def test_a_piper_file_speaks_its_language() -> None:
    piper_voice(home.home() / "voices")
    voice = PiperVoice()
    assert voice.cast("de-DE") == ("mine@de-DE",)
    assert not voice.speaks("fr-FR")
    speech = voice.speak("Guten Morgen. Wie geht es?", "mine@de-DE", 1.0)
    assert (speech.rate, len(speech.samples) > 16_000) == (16_000, True)


def test_a_piper_file_is_found_by_its_path(tmp_path: Path) -> None:
    path = piper_voice(tmp_path)
    voice = PiperVoice()
    assert voice.speak("Hallo.", voice.resolve("de-DE", str(path)), 1.0).rate == 16_000


def test_the_speakers_of_a_piper_file_are_voices_of_their_own() -> None:
    piper_voice(home.home() / "voices", speakers=3)
    assert PiperVoice().cast("de-AT") == ("mine#0@de-AT", "mine#1@de-AT", "mine#2@de-AT")
    assert PiperVoice().speak("Hallo.", "mine#2@de-AT", 1.0).rate == 16_000


def test_a_piper_file_without_its_configuration_is_refused(tmp_path: Path) -> None:
    piper_voice(tmp_path).with_name("mine.onnx.json").write_text('{"audio": {}}')
    with pytest.raises(EngineError, match="configuration can't be used"):
        PiperVoice().resolve("de-DE", str(tmp_path / "mine.onnx"))


def test_a_file_that_is_no_model_says_so(tmp_path: Path) -> None:
    path = piper_voice(tmp_path)
    path.write_bytes(b"not a model")
    with pytest.raises(EngineError, match="can't load this model") as caught:
        PiperVoice().speak("Hallo.", f"{path}@de-DE", 1.0)
    assert caught.value.code == "model_damaged"


def test_the_real_weights_speak_every_language(on_the_shelf: Callable[..., None]) -> None:
    on_the_shelf(KOKORO, KOKORO_VOICES)
    for locale, text in {
        "en-US": "Hello there.",
        "es-ES": "Hola a todos.",
        "zh-CN": "大家好。",
        "ja-JP": "こんにちは。",
    }.items():
        speech = KokoroVoice().speak(text, KokoroVoice().cast(locale)[0], 1.0)
        assert 400 < speech.ms < 4000
