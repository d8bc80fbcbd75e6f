"""Supertonic 3 behind the voice port, over small nets of its form: added by folder, checked, spoken, removed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from deployments.commands import models as commands
from deployments.commands.voices import voices
from polyreel.dubbing.choice import voice_for, voices_key
from polyreel.dubbing.roster import roster
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SUPERTONIC, ModelFile
from polyreel.engine.voice.supertonic import folder
from polyreel.engine.voice.supertonic.text import language_of, number_text, split_text
from polyreel.engine.voice.supertonic.voice import SupertonicVoice
from polyreel.errors import EngineError, InvalidJob, NoVoice
from polyreel.machine.files import sha256_of

RATE, STEP = 44_100, 384
SECONDS_PER_SIGN = 0.05
TYPES = {"text_ids": TensorProto.INT64}
SHAPES = {
    "text_ids": [1, "n"],
    "text_mask": [1, 1, "n"],
    "style_dp": [1, 8, 16],
    "style_ttl": [1, 50, 256],
    "noisy_latent": [1, STEP, "t"],
    "latent": [1, STEP, "t"],
    "latent_mask": [1, 1, "t"],
    "text_emb": [1, 1, "n"],
    "current_step": [1],
    "total_step": [1],
}


def write_net(path: Path, inputs: list[str], nodes: list[onnx.NodeProto], **constants: np.ndarray) -> None:
    """A net with Supertonic's inputs; what its nodes do not use is there all the same."""
    given = [helper.make_tensor_value_info(each, TYPES.get(each, TensorProto.FLOAT), SHAPES[each]) for each in inputs]
    made = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    out = [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "toy", given, out, made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A folder as the hub has it: 0.05 s per sign, and noise for a voice."""
    nets = tmp_path / "supertonic-3" / "onnx"
    nets.mkdir(parents=True)
    flat, one, less = np.array([1], np.int64), np.array([SECONDS_PER_SIGN], np.float32), np.array(0.9, np.float32)
    write_net(
        nets / "duration_predictor.onnx",
        ["text_ids", "style_dp", "text_mask"],
        [
            helper.make_node("ReduceSum", ["text_mask"], ["sum"], keepdims=0),
            helper.make_node("Reshape", ["sum", "flat"], ["count"]),
            helper.make_node("Mul", ["count", "one"], ["out"]),
        ],
        flat=flat,
        one=one,
    )
    write_net(
        nets / "text_encoder.onnx",
        ["text_ids", "style_ttl", "text_mask"],
        [helper.make_node("Identity", ["text_mask"], ["out"])],
    )
    write_net(
        nets / "vector_estimator.onnx",
        ["noisy_latent", "text_emb", "style_ttl", "text_mask", "latent_mask", "current_step", "total_step"],
        [helper.make_node("Mul", ["noisy_latent", "less"], ["out"])],
        less=less,
    )
    write_net(
        nets / "vocoder.onnx",
        ["latent"],
        [
            helper.make_node("Transpose", ["latent"], ["turned"], perm=[0, 2, 1]),
            helper.make_node("Reshape", ["turned", "wide"], ["out"]),
        ],
        wide=np.array([1, -1], np.int64),
    )
    settings = {
        "ae": {"sample_rate": RATE, "base_chunk_size": 64},
        "ttl": {"chunk_compress_factor": 6, "latent_dim": 64},
    }
    (nets / "tts.json").write_text(json.dumps(settings))
    (nets / "unicode_indexer.json").write_text(json.dumps([*range(0x250), *[-1] * 0x1000]))
    styles = tmp_path / "supertonic-3" / "voice_styles"
    styles.mkdir()
    style = {
        "style_ttl": {"dims": [1, 50, 256], "data": [[[0.0] * 256] * 50]},
        "style_dp": {"dims": [1, 8, 16], "data": [[[0.0] * 16] * 8]},
    }
    for name in ("F1", "F2", "M1"):
        (styles / f"{name}.json").write_text(json.dumps(style))
    return tmp_path / "supertonic-3"


@pytest.fixture
def voice(fetched: Path) -> SupertonicVoice:
    folder.add_folder(fetched)
    return SupertonicVoice()


def test_a_line_is_spoken_as_long_as_predicted_and_alike_every_time(voice: SupertonicVoice) -> None:
    said = voice.speak("Guten Tag.", "F1@de-DE", 1.0)
    signs = len("<de>Guten Tag.</de>")
    assert said.rate == RATE
    assert said.ms == pytest.approx(1000 * signs * SECONDS_PER_SIGN / 1.05, abs=40)
    assert np.array_equal(said.samples, voice.speak("Guten Tag.", "F1@de-DE", 1.0).samples)
    assert not np.array_equal(said.samples[:1000], voice.speak("Guten Tag.", "M1@de-DE", 1.0).samples[:1000])
    assert voice.speak("Guten Tag.", "F1@de-DE", 1.15).ms == pytest.approx(said.ms / 1.15, abs=40)


def test_a_long_text_is_spoken_in_pieces_with_pauses(voice: SupertonicVoice) -> None:
    sentence = "Das ist ein Satz mit einer ganzen Reihe von Wörtern darin. "
    pieces = split_text(sentence * 20, "de")
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 300
    assert voice.speak(sentence * 20, "F1@de-DE", 1.0).ms > 1000 * len(sentence * 20) * SECONDS_PER_SIGN / 1.05


def test_the_text_is_cleaned_and_marked_as_the_nets_were_taught() -> None:
    indexer = [*range(0x400)]
    said = "".join(map(chr, number_text("“Tschüss” – sagt_er", "de", indexer)))
    assert said == '<de>"Tschu\u0308ss" - sagt er.</de>'
    assert number_text("漢字", "ja", indexer) == []
    assert "".join(map(chr, number_text("a <b> c!", "en", indexer))) == "<en>a b c!</en>"
    assert max(map(len, split_text("x" * 700, "ko"))) <= 120
    assert (language_of("pt-BR"), language_of("zh-CN")) == ("pt", None)


def test_what_it_was_not_taught_is_refused_and_named(voice: SupertonicVoice) -> None:
    with pytest.raises(EngineError, match="can't read this") as refused:
        voice.speak("漢字", "F1@ja-JP", 1.0)
    assert refused.value.code == "unreadable"
    with pytest.raises(NoVoice, match="not taught zh-CN"):
        voice.cast("zh-CN")
    with pytest.raises(NoVoice, match="no Supertonic voice 'F9'"):
        voice.resolve("de-DE", "F9")


def test_it_is_cast_and_listed_with_its_licence_and_forgotten_when_removed(fetched: Path) -> None:
    before = voices_key("auto")
    folder.add_folder(fetched)
    assert SupertonicVoice().cast("de-DE") == ("F1@de-DE", "M1@de-DE", "F2@de-DE")
    assert voice_for("auto").cast("pl-PL")[0] == "supertonic:F1@pl-PL"
    listed = [each for each in roster("de-DE") if each.engine == "supertonic"]
    assert (listed[0].name, listed[0].gender, listed[0].grade) == ("supertonic:F1", "female", "not measured")
    assert all("OpenRAIL" in each.licence for each in listed)
    assert voices_key("auto") != before
    assert CliRunner().invoke(voices, ["remove", "supertonic"]).exit_code == 0
    assert voices_key("auto") == before


def test_its_terms_have_to_be_accepted_and_the_hashes_are_kept(fetched: Path) -> None:
    refused = CliRunner().invoke(voices, ["add", str(fetched)])
    assert refused.exit_code == 2
    assert "--accept-licence" in refused.output
    assert not folder.is_here()
    done = CliRunner().invoke(voices, ["add", str(fetched), "--accept-licence"])
    assert done.exit_code == 0
    digest = folder.read_added().files["onnx/vocoder.onnx"]
    assert f"onnx/vocoder.onnx: SHA-256 {digest}" in done.output


def test_a_file_that_has_changed_since_is_not_run(voice: SupertonicVoice) -> None:
    net = folder.root() / "onnx" / "vocoder.onnx"
    net.write_bytes(net.read_bytes() + b"\0")
    folder.open_net.cache_clear()
    with pytest.raises(EngineError, match="changed since it was added") as damaged:
        voice.speak("Guten Tag.", "F1@de-DE", 1.0)
    assert damaged.value.code == "model_damaged"


@pytest.mark.parametrize(
    ("path", "content", "named"),
    [
        ("onnx/vocoder.onnx", b"no net", "can't load"),
        ("onnx/tts.json", b"{}", "lacks"),
        ("onnx/unicode_indexer.json", b'{"a": 1}', "no list of numbers"),
        ("voice_styles/F1.json", b'{"style_ttl": 3}', "can't be read"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused_whole(
    fetched: Path, path: str, content: bytes, named: str
) -> None:
    (fetched / path).write_bytes(content)
    with pytest.raises(EngineError, match=named):
        folder.add_folder(fetched)
    assert not folder.is_here()
    assert not list(folder.voices_folder().glob(".adding*"))


def test_a_folder_without_its_nets_is_refused_by_what_is_missing(fetched: Path) -> None:
    (fetched / "onnx" / "text_encoder.onnx").unlink()
    with pytest.raises(InvalidJob, match=r"text_encoder\.onnx missing"):
        folder.add_folder(fetched)


@pytest.fixture
def pulled(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The registered model, of the small nets' bytes, as a pull has put it on the shelf."""
    paths = sorted(path.relative_to(fetched).as_posix() for path in fetched.rglob("*.*"))
    files = tuple(ModelFile(path, (fetched / path).stat().st_size, sha256_of(fetched / path)) for path in paths)
    small = replace(SUPERTONIC, files=files)
    monkeypatch.setattr(folder, "SUPERTONIC", small)
    shutil.copytree(fetched, shelf.folder_of(small))
    return shelf.folder_of(small)


def test_a_pulled_one_speaks_as_an_added_one_does_under_the_same_key(fetched: Path, pulled: Path) -> None:
    assert folder.is_here()
    key, said = voices_key("auto"), SupertonicVoice().speak("Guten Tag.", "F1@de-DE", 1.0)
    added = folder.add_folder(fetched)
    assert added.others == ()
    assert voices_key("auto") == key
    shutil.rmtree(pulled)
    assert np.array_equal(SupertonicVoice().speak("Guten Tag.", "F1@de-DE", 1.0).samples, said.samples)


def test_a_file_of_a_pulled_one_that_was_swapped_is_not_run(pulled: Path) -> None:
    net = pulled / "onnx" / "vocoder.onnx"
    content = bytearray(net.read_bytes())
    content[-1] ^= 1
    net.write_bytes(content)
    folder.open_net.cache_clear()
    with pytest.raises(EngineError, match="changed since it was added") as damaged:
        SupertonicVoice().speak("Guten Tag.", "F1@de-DE", 1.0)
    assert "polyreel models pull supertonic-3" in damaged.value.remedy


def test_removing_takes_the_pulled_one_away_too(fetched: Path, pulled: Path) -> None:
    folder.add_folder(fetched)
    assert CliRunner().invoke(voices, ["remove", "supertonic"]).exit_code == 0
    assert not folder.is_here()
    assert not pulled.exists()


def test_a_folder_of_another_edition_is_added_and_its_other_files_are_said(fetched: Path) -> None:
    done = CliRunner().invoke(voices, ["add", str(fetched), "--accept-licence"])
    assert done.exit_code == 0
    assert done.output.count("(not the published one)") == len(folder.read_added().files)


def test_it_can_be_added_by_name_and_its_terms_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(commands, "show_pull", lambda wanted: pulled.extend(each.name for each in wanted))
    refused = CliRunner().invoke(voices, ["add", "supertonic-3"])
    assert (refused.exit_code, pulled) == (2, [])
    assert "--accept-licence" in refused.output
    assert CliRunner().invoke(voices, ["add", "supertonic-3", "--accept-licence"]).exit_code == 0
    assert pulled == ["supertonic-3"]


@pytest.mark.parametrize("named", ["empty", "absent"])
def test_a_folder_of_something_else_is_refused_before_terms_are_accepted_or_a_list_is_asked_for(
    tmp_path: Path, named: str
) -> None:
    (tmp_path / "empty").mkdir()
    ran = CliRunner().invoke(voices, ["add", f"{tmp_path}/{named}"])
    assert ran.exit_code == 2
    assert ("holds neither Supertonic 3" in ran.output) == (named == "empty"), ran.output
    assert ("is not a folder" in ran.output) == (named == "absent"), ran.output
    assert "licence" not in ran.output
