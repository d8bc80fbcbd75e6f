"""Pocket TTS behind the voice port, over small nets of its form: added by folder, pulled, checked, spoken, cloned."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from deployments.commands.voices import voices
from polyreel.dubbing.choice import voice_for, voices_key
from polyreel.dubbing.roster import roster
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import POCKET_EN, POCKET_EN_VOICES, Model, ModelFile
from polyreel.engine.voice.pocket import files
from polyreel.engine.voice.pocket.text import frames_after_end, pad_text, prepare_text, split_text
from polyreel.engine.voice.pocket.tokenizer import open_tokenizer
from polyreel.engine.voice.pocket.voice import Clone, PocketVoice
from polyreel.errors import EngineError, InvalidJob, NoVoice
from polyreel.machine.files import sha256_of
from tests.material import ROOT

RATE, FRAME, LATENT, WIDE = 24_000, 1920, 4, 8
DATA = ROOT / "tests" / "data"
PIECES = DATA / "pocket" / "pieces.model"
LAYER = "transformer.layers.0.self_attn"
HEARD = 10
"""How many steps of memory a small speaker takes; the small net ends where 60 are full."""

Value = tuple[str, int, list[Any]]
SEQUENCE: Value = ("sequence", TensorProto.FLOAT, [1, "s", LATENT])
TEXT: Value = ("text_embeddings", TensorProto.FLOAT, [1, "t", WIDE])
CACHE: Value = ("state_0", TensorProto.FLOAT, [2, 1, 100, 2, 2])
STEP: Value = ("state_1", TensorProto.INT64, [1])


def write_net(
    path: Path, takes: list[Value], gives: list[str], nodes: list[onnx.NodeProto], **constants: np.ndarray
) -> None:
    """A net of a few nodes, with the names that Pocket TTS's have."""
    types = {"out_state_1": TensorProto.INT64, "out_count": TensorProto.INT64}
    made = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(*each) for each in takes],
        [helper.make_tensor_value_info(each, types.get(each, TensorProto.FLOAT), None) for each in gives],
        made,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def write_main(path: Path) -> None:
    """Remembers the mean of the first that it is told, counts its steps, and ends once 60 are counted."""
    node = helper.make_node
    write_net(
        path,
        [SEQUENCE, TEXT, CACHE, STEP],
        ["conditioning", "eos_logit", "out_state_0", "out_state_1"],
        [
            node("IsNaN", ["state_0"], ["unheard"]),
            node("ReduceMean", ["text_embeddings"], ["told"], keepdims=0),
            node("Where", ["unheard", "told", "state_0"], ["out_state_0"]),
            node("ReduceMean", ["out_state_0"], ["mean"], keepdims=0),
            node("Expand", ["mean", "wide"], ["conditioning"]),
            node("Shape", ["sequence"], ["of_sequence"]),
            node("Shape", ["text_embeddings"], ["of_text"]),
            node("Gather", ["of_sequence", "one"], ["said"]),
            node("Gather", ["of_text", "one"], ["written"]),
            node("Add", ["said", "written"], ["more"]),
            node("Add", ["state_1", "more"], ["out_state_1"]),
            node("Cast", ["out_state_1"], ["counted"], to=TensorProto.FLOAT),
            node("Sub", ["counted", "last"], ["left"]),
            node("Reshape", ["left", "flat"], ["eos_logit"]),
        ],
        one=np.array([1], np.int64),
        wide=np.array([1, WIDE], np.int64),
        flat=np.array([1, 1], np.int64),
        last=np.array([60], np.float32),
    )


def write_nets(folder: Path) -> None:
    node = helper.make_node
    write_main(folder / "flow_lm_main_int8.onnx")
    pair: list[Value] = [(name, TensorProto.FLOAT, [1, 1]) for name in ("s", "t")]
    write_net(
        folder / "flow_lm_flow_int8.onnx",
        [("c", TensorProto.FLOAT, [1, WIDE]), *pair, ("x", TensorProto.FLOAT, [1, LATENT])],
        ["flow_dir"],
        [node("ReduceMean", ["c"], ["mean"], keepdims=0), node("Sub", ["mean", "x"], ["flow_dir"])],
    )
    write_net(
        folder / "mimi_decoder_int8.onnx",
        [("latent", TensorProto.FLOAT, [1, "n", LATENT]), ("count", TensorProto.INT64, [1])],
        ["audio_frame", "out_count"],
        [
            node("ReduceMean", ["latent"], ["loud"], axes=[2]),
            node("Mul", ["loud", "tone"], ["frames"]),
            node("Reshape", ["frames", "row"], ["audio_frame"]),
            node("Shape", ["latent"], ["shape"]),
            node("Gather", ["shape", "one"], ["more"]),
            node("Add", ["count", "more"], ["out_count"]),
        ],
        tone=np.sin(np.arange(FRAME) * 2 * np.pi * 200 / RATE).astype(np.float32),
        row=np.array([1, 1, -1], np.int64),
        one=np.array([1], np.int64),
    )
    write_net(
        folder / "mimi_encoder.onnx",
        [("audio", TensorProto.FLOAT, [1, 1, "n"])],
        ["embeddings"],
        [
            node("Reshape", ["audio", "framed"], ["frames"]),
            node("Abs", ["frames"], ["loud"]),
            node("ReduceMean", ["loud"], ["mean"], axes=[2]),
            node("Mul", ["mean", "ones"], ["embeddings"]),
        ],
        framed=np.array([1, -1, FRAME], np.int64),
        ones=np.ones(WIDE, np.float32),
    )
    write_net(
        folder / "text_conditioner.onnx",
        [("token_ids", TensorProto.INT64, [1, "n"])],
        ["embeddings"],
        [node("Gather", ["table", "token_ids"], ["embeddings"])],
        table=np.full((400, WIDE), 0.3, np.float32),
    )


def write_speaker(path: Path, loud: float) -> None:
    """A speaker as Kyutai publishes them: what the nets remember of HEARD steps."""
    cache, offset = np.full((2, 1, HEARD, 2, 2), loud, "<f4").tobytes(), np.array([HEARD], "<i8").tobytes()
    head = json.dumps(
        {
            f"{LAYER}/cache": {"dtype": "F32", "shape": [2, 1, HEARD, 2, 2], "data_offsets": [0, len(cache)]},
            f"{LAYER}/offset": {
                "dtype": "I64",
                "shape": [1],
                "data_offsets": [len(cache), len(cache) + len(offset)],
            },
        }
    ).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + cache + offset)


def describe(name: str, shape: list[int], dtype: str, fill: str, *, module: str = "", key: str = "") -> dict[str, Any]:
    names = {"input_name": name, "output_name": f"out_{name}", "module": module, "key": key}
    return {**names, "shape": shape, "dtype": dtype, "fill": fill}


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """A folder as it is exported for English, with two of Kyutai's speakers."""
    folder = tmp_path / "english_2026-04"
    (folder / "embeddings").mkdir(parents=True)
    write_nets(folder)
    shutil.copyfile(PIECES, folder / "tokenizer.model")
    np.save(folder / "bos_before_voice.npy", np.full((1, 1, WIDE), 0.2, np.float32))
    write_speaker(folder / "embeddings" / "alba.safetensors", 0.5)
    write_speaker(folder / "embeddings" / "paul.safetensors", 0.25)
    bundle = {
        "schema_version": 2,
        "language": "english_2026-04",
        "sample_rate": RATE,
        "frame_rate": 12.5,
        "latent_dim": LATENT,
        "conditioning_dim": WIDE,
        "max_token_per_chunk": 50,
        "insert_bos_before_voice": True,
        "flow_lm_state_manifest": [
            describe("state_0", [2, 1, 100, 2, 2], "float32", "nan", module=LAYER, key="cache"),
            describe("state_1", [1], "int64", "zeros", module=LAYER, key="step"),
        ],
        "mimi_state_manifest": [describe("count", [1], "int64", "zeros")],
    }
    (folder / "bundle.json").write_text(json.dumps(bundle))
    return folder


@pytest.fixture
def voice(fetched: Path) -> PocketVoice:
    files.add_folder(fetched)
    return PocketVoice()


def count_pieces(text: str) -> int:
    return len(files.find_placed("en").encode(text))


def test_a_line_ends_where_the_net_says_so_and_sounds_alike_every_time(voice: PocketVoice) -> None:
    said = voice.speak("Good morning.", "alba@en-GB", 1.0)
    # The net's end is heard at the step that makes 57 (60 - 4, and one more), 3 + 2 frames come after it.
    frames = 57 - 1 - HEARD - count_pieces("Good morning.") + 5
    assert said.rate == RATE
    assert said.ms == pytest.approx(frames * 80, abs=60)
    again = PocketVoice().speak("Good morning.", "alba@en-GB", 1.0)
    assert np.array_equal(said.samples, again.samples)
    other = voice.speak("Good morning.", "paul@en-GB", 1.0)
    # A tenth of what the small net remembers is the speaker's, the rest the text's 0.3.
    loudest = [float(np.abs(each.samples).max()) for each in (said, other)]
    assert loudest == pytest.approx([0.1 * 0.5 + 0.9 * 0.3, 0.1 * 0.25 + 0.9 * 0.3], rel=1e-3)
    assert voice.speak("Good morning.", "alba@en-GB", 1.25).ms == pytest.approx(said.ms / 1.25, abs=40)


def test_a_long_text_is_said_in_pieces_with_pauses(voice: PocketVoice) -> None:
    text = "This is a sentence with quite a few words in it, all of which have to be said. " * 4
    parts = split_text(text.strip(), 50, count_pieces)
    assert len(parts) > 1
    assert max(map(count_pieces, parts)) <= 50
    assert " ".join(parts).split() == text.split()
    assert voice.speak(text, "alba@en-GB", 1.0).ms > 400 * len(parts)


def test_sentencepiece_is_read_as_sentencepiece_reads_itself() -> None:
    """The pairs were made by the sentencepiece library from the same model."""
    tokenizer = open_tokenizer(PIECES, sha256_of(PIECES))
    for text, pieces in json.loads((DATA / "pocket" / "pieces.json").read_text("utf-8")).items():
        assert tokenizer.encode(text).ids == pieces, text


def test_the_text_is_written_as_the_voices_were_taught() -> None:
    assert prepare_text(" he said \u2018no\u2019 ,", "en", keeps_semicolons=True) == "He said 'no'."
    assert prepare_text("\u201eJa\u201c (sagt er) \u2013 nein; doch", "de", keeps_semicolons=False) == (
        "Ja sagt er, nein, doch."
    )
    assert prepare_text("Alors : oui !", "fr", keeps_semicolons=False) == "Alors, oui!"
    assert prepare_text("?!", "en", keeps_semicolons=True) == ""
    assert pad_text("Ja.", pads_short=True) == " " * 8 + "Ja."
    assert (frames_after_end("Ja.", None), frames_after_end("Das ist ein ganzer Satz.", None)) == (5, 3)
    assert split_text("x" * 120, 50, len) == ["x" * 30] * 4


def test_it_is_cast_and_listed_with_its_licence_and_forgotten_when_removed(fetched: Path) -> None:
    before = voices_key("auto")
    files.add_folder(fetched)
    assert PocketVoice().cast("en-GB") == ("alba@en-GB", "paul@en-GB")
    assert voice_for("auto").cast("en-US")[0] == "pocket:alba@en-US"
    assert not PocketVoice().speaks("de-DE")
    listed = [each for each in roster("en-US") if each.engine == "pocket"]
    assert [(each.name, each.gender, each.grade) for each in listed] == [
        ("pocket:alba", "female", "not measured"),
        ("pocket:paul", "male", "not measured"),
    ]
    assert all("CC-BY-4.0" in each.licence for each in listed)
    assert voices_key("auto") != before
    assert CliRunner().invoke(voices, ["remove", "pocket"]).exit_code == 0
    assert voices_key("auto") == before


def test_a_folder_is_added_by_command_and_its_hashes_are_said(fetched: Path) -> None:
    done = CliRunner().invoke(voices, ["add", str(fetched)])
    assert done.exit_code == 0, done.output
    digest = files.find_placed("en").files["mimi_decoder"].sha256
    assert f"mimi_decoder: SHA-256 {digest}" in done.output


def shelve(model: Model, folder: Path, names: list[str]) -> Model:
    """A registered model, of the small nets' bytes, as a pull has put it on the shelf."""
    small = tuple(ModelFile(name, (folder / name).stat().st_size, sha256_of(folder / name)) for name in names)
    shelf.folder_of(model).mkdir(parents=True)
    for name in names:
        shutil.copyfile(folder / name, shelf.folder_of(model) / name)
    return replace(model, files=small)


def test_a_pulled_one_speaks_as_an_added_one_does_under_the_same_key(
    fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [path.name for path in fetched.iterdir() if path.is_file()]
    speakers = ["alba.safetensors", "paul.safetensors"]
    monkeypatch.setattr(files, "POCKET_EN", shelve(POCKET_EN, fetched, names))
    monkeypatch.setattr(files, "POCKET_EN_VOICES", shelve(POCKET_EN_VOICES, fetched / "embeddings", speakers))
    key, said = voices_key("auto"), PocketVoice().speak("Good morning.", "alba@en-GB", 1.0)
    files.add_folder(fetched)
    assert voices_key("auto") == key
    assert np.array_equal(PocketVoice().speak("Good morning.", "alba@en-GB", 1.0).samples, said.samples)
    files.remove_all()
    assert files.list_languages() == ()


def test_what_is_registered_names_the_parts_that_a_bundle_is_made_of() -> None:
    parts = dict(files._name_parts(file.path for file in POCKET_EN.files))
    assert set(parts) == {"bundle", "tokenizer", "mark", *files._EDITIONS}
    assert set(parts.values()) == {file.path for file in POCKET_EN.files}, "nothing is fetched that nobody uses"
    assert all(PocketVoice().gender(Path(file.path).stem) for file in POCKET_EN_VOICES.files)


def test_a_file_that_has_changed_since_is_not_run(voice: PocketVoice) -> None:
    net = files.root() / "en" / "mimi_decoder_int8.onnx"
    net.write_bytes(net.read_bytes() + b"\0")
    with pytest.raises(EngineError, match="changed since it came") as damaged:
        voice.speak("Good morning.", "alba@en-GB", 1.0)
    assert damaged.value.code == "model_damaged"


@pytest.mark.parametrize(
    ("path", "content", "named"),
    [
        ("mimi_decoder_int8.onnx", b"no net", "can't load"),
        ("bundle.json", b"{}", "lacks 'schema_version'"),
        ("bundle.json", b'{"schema_version": 1}', "of form 1"),
        ("tokenizer.model", b"\xff\xff\xff", "no SentencePiece model"),
        ("tokenizer.model", b"{}", "no tokenizer"),
        ("bos_before_voice.npy", b"\x93NUMPY", "can't be used"),
        ("embeddings/alba.safetensors", b"\xff" * 16, "no safetensors file"),
        ("embeddings/alba.safetensors", struct.pack("<Q", 2) + b"{}", "lacks transformer"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused_whole(
    fetched: Path, path: str, content: bytes, named: str
) -> None:
    (fetched / path).write_bytes(content)
    with pytest.raises(EngineError, match=named):
        files.add_folder(fetched)
    assert files.list_languages() == ()
    assert not list(files.root().glob(".adding*"))


def test_a_speaker_of_other_nets_is_refused(fetched: Path) -> None:
    cache = np.zeros((2, 1, 200, 2, 2), "<f4").tobytes()
    head = json.dumps(
        {f"{LAYER}/cache": {"dtype": "F32", "shape": [2, 1, 200, 2, 2], "data_offsets": [0, len(cache)]}}
    ).encode()
    (fetched / "embeddings" / "vera.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + cache)
    with pytest.raises(EngineError, match="another shape"):
        files.add_folder(fetched)


def test_a_folder_without_its_nets_is_refused_by_what_is_missing(fetched: Path) -> None:
    (fetched / "text_conditioner.onnx").unlink()
    with pytest.raises(InvalidJob, match="text_conditioner missing"):
        files.add_folder(fetched)


def test_what_it_was_not_taught_is_refused_and_named(voice: PocketVoice) -> None:
    with pytest.raises(EngineError, match="can't read this") as refused:
        voice.speak("日本語", "alba@en-GB", 1.0)
    assert refused.value.code == "unreadable"
    with pytest.raises(NoVoice, match="not on this machine in 'de'"):
        voice.cast("de-DE")
    with pytest.raises(NoVoice, match="no Pocket TTS voice 'caruso'"):
        voice.resolve("en-GB", "caruso")


def sample_of(folder: Path, loud: float) -> Clone:
    """Three seconds of a tone, as a person's sample is kept: WAV, 48 kHz, one channel."""
    sound = (loud * np.sin(np.arange(3 * 48_000) * 2 * np.pi * 150 / 48_000) * 32767).astype("<i2").tobytes()
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + len(sound))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 48_000, 96_000, 2, 16)
    )
    path = folder / f"{loud}.wav"
    path.write_bytes(head + b"data" + struct.pack("<I", len(sound)) + sound)
    return Clone(path, sha256_of(path))


def test_a_cloned_voice_is_heard_and_is_nobodys_but_its_jobs(voice: PocketVoice, tmp_path: Path) -> None:
    soft, loud = sample_of(tmp_path, 0.2), sample_of(tmp_path, 0.9)
    cloned = PocketVoice((soft, loud))
    said = [cloned.speak("Good morning.", cloned.resolve("en-GB", each.name), 1.0).samples for each in (soft, loud)]
    assert np.abs(said[1]).max() > 1.3 * np.abs(said[0]).max()
    assert cloned.cast("en-GB") == voice.cast("en-GB"), "nobody else is cast with it"
    assert cloned.gender(loud.name) is None
    with pytest.raises(NoVoice, match="states the consent"):
        voice.resolve("en-GB", loud.name)
    with pytest.raises(NoVoice, match="states the consent"):
        voice_for("auto").resolve("en-GB", f"pocket:{loud.name}")


def test_a_bundle_without_its_encoder_speaks_and_clones_nobody(fetched: Path, tmp_path: Path) -> None:
    (fetched / "mimi_encoder.onnx").unlink()
    files.add_folder(fetched)
    clone = sample_of(tmp_path, 0.9)
    cloned = PocketVoice((clone,))
    assert cloned.speak("Good morning.", "alba@en-GB", 1.0).ms > 500
    with pytest.raises(EngineError, match=r"no mimi_encoder\.onnx") as refused:
        cloned.speak("Good morning.", f"{clone.name}@en-GB", 1.0)
    assert refused.value.code == "cannot_clone"
