"""Small nets of Pocket TTS's form: the five nets, a tokenizer and two speakers, as its bundles are exported to ONNX."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

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


def write_bundle(folder: Path, language: str) -> Path:
    """A folder as it is exported for a language, with two of Kyutai's speakers."""
    (folder / "embeddings").mkdir(parents=True)
    write_nets(folder)
    shutil.copyfile(PIECES, folder / "tokenizer.model")
    np.save(folder / "bos_before_voice.npy", np.full((1, 1, WIDE), 0.2, np.float32))
    write_speaker(folder / "embeddings" / "alba.safetensors", 0.5)
    write_speaker(folder / "embeddings" / "paul.safetensors", 0.25)
    bundle = {
        "schema_version": 2,
        "language": language,
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
