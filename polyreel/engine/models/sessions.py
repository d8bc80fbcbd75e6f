"""An onnxruntime session as the engine uses it: the processor, two threads, one run at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyreel.errors import EngineError

THREADS = 2


class Session:
    """A loaded model. Thread-safe: runs wait for each other, because they would share the same cores anyway."""

    def __init__(self, model: Path, threads: int = THREADS) -> None:
        import onnxruntime

        self._lock = threading.Lock()
        self._where = model.name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that wait by spinning take the core from ffmpeg and from the next language.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no base class
            raise EngineError(
                f"onnxruntime can't load this model: {_first_line(error)}",
                code="model_damaged",
                where=self._where,
                remedy="Run `polyreel models verify`.",
            ) from error

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of what the model takes."""
        return tuple(each.name for each in self._session.get_inputs())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The model's first output. Raises EngineError where onnxruntime gives up."""
        try:
            with self._lock:
                first: NDArray[np.float32] = self._session.run(None, dict(inputs))[0]
        except Exception as error:  # onnxruntime's errors share no base class
            raise EngineError(f"the model failed: {_first_line(error)}", where=self._where) from error
        return first


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
