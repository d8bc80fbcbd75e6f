"""What a run of a network leaves behind: its result, and none of the memory that it took."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import onnx
from onnx import TensorProto, helper

_ASK = """
import sys
from pathlib import Path
import numpy as np
from polyreel.engine.models.sessions import Session
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 1_000_000
session = Session(Path(sys.argv[1]))
def ask(count):
    return float(session.run({"length": np.array([count], np.int64)}).ravel()[0])
first, before = ask(10), resident()
long = ask(60_000_000)
print(first, long, before, resident())
"""


def _write_network(path: Path) -> None:
    """The largest of as many ones as it is asked for: each takes four bytes meanwhile."""
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        helper.make_node("ConstantOfShape", ["length"], ["ones"], value=one),
        helper.make_node("ReduceMax", ["ones"], ["most"], keepdims=1),
    ]
    length = helper.make_tensor_value_info("length", TensorProto.INT64, [1])
    most = helper.make_tensor_value_info("most", TensorProto.FLOAT, [1])
    graph = helper.make_graph(nodes, "ones", [length], [most])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def test_a_long_run_leaves_no_memory_behind(tmp_path: Path) -> None:
    """240 MB are needed for it; the next phase of the job needs them, too."""
    _write_network(tmp_path / "ones.onnx")
    asked = [sys.executable, "-c", _ASK, str(tmp_path / "ones.onnx")]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    first, long = map(float, told[:2])
    before, after = map(int, told[2:])
    assert first == long == 1.0
    assert after < before + 100
