"""An onnxruntime session as the engine uses it: the processor, one thread per run, as many runs at once as cores.

Two sentences on one thread each are done sooner than one after the other on two: a network's small steps leave the
second thread waiting. Runs of all sessions share the cores: no more of them at once than there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.cores import RUNS, Places
from polyreel.errors import EngineError

THREADS = 1


class Session:
    """A loaded model. Thread-safe. ``turns``: whom its runs wait for."""

    def __init__(self, model: Path, threads: int = THREADS, *, turns: Places = RUNS, spins: bool = False) -> None:
        import onnxruntime

        self._turns = turns
        self._where = model.name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # After a long line the pool would keep what that took, some 300 MB a core, for as long as the process lives.
        self._run_options = onnxruntime.RunOptions()
        self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        # Threads that wait by spinning take the core from ffmpeg and from the next language.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spins else "0")
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

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what the model gives."""
        return tuple(each.name for each in self._session.get_outputs())

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The model's first output. Raises EngineError where onnxruntime gives up."""
        first: NDArray[np.float32] = self._run(inputs)[0]
        return first

    def run_all(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Every output by its name, in the model's order. Raises EngineError where onnxruntime gives up."""
        return dict(zip(self.outputs, self._run(inputs), strict=True))

    def _run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        try:
            with self._turns.hold():
                return self._session.run(None, dict(inputs), self._run_options)  # type: ignore[no-any-return]
        except Exception as error:  # onnxruntime's errors share no base class
            raise EngineError(
                f"the model failed: {_first_line(error)}",
                where=self._where,
                remedy="Pull the model again (`polyreel models pull`); a machine with little "
                "memory may need smaller ones.",
            ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
