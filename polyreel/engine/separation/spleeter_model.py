"""Spleeter's 2-stem weights, from the shelf into a running network.

The checkpoint is written as an ONNX graph once, beside it, under a name that holds the graph's own hash: a graph that
is damaged or was swapped is made anew from the checkpoint, whose hash the registry knows.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.cores import Places
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SPLEETER
from polyreel.engine.models.sessions import Session
from polyreel.engine.separation import spleeter
from polyreel.engine.separation.spleeter_checkpoint import Checkpoint
from polyreel.engine.separation.spleeter_graph import INPUT, speech_mask_model
from polyreel.machine.files import sha256_of, write_atomically

NAME = SPLEETER.name
_INDEX, _DATA = "model.index", "model.data-00000-of-00001"
_GRAPH_VERSION = 1
_HASH_DIGITS = 32
_THREADS = 2


class TwoStems:
    """The network. Its weights are loaded when it is first used, and go with the object: a film is separated once."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._loading = threading.Lock()

    def __call__(self, magnitude: NDArray[np.float32]) -> spleeter.Mask:
        """The speech's share of each bin. Blocks. Raises EngineError (``model_missing``, ``model_damaged``)."""
        mask: spleeter.Mask = self._load_session().run({INPUT: magnitude[None]})[0]
        return mask

    def _load_session(self) -> Session:
        with self._loading:
            if self._session is None:
                # Every language waits for this; it waits for none of their sentences, and takes what cores it gets.
                self._session = Session(graph_file(), threads=_THREADS, turns=Places(1))
            return self._session


def is_here() -> bool:
    """Whether the weights have been pulled."""
    return shelf.is_here(SPLEETER)


def pull_command() -> str:
    """The command that gets them."""
    return shelf.pull_command(SPLEETER)


def graph_file() -> Path:
    """The network as an ONNX file. Blocks for seconds when it is made. Raises EngineError and StoreError."""
    index, data = shelf.check_file(SPLEETER, _INDEX), shelf.check_file(SPLEETER, _DATA)
    return ensure_graph(Checkpoint(index, data), index.parent)


def ensure_graph(checkpoint: Checkpoint, folder: Path) -> Path:
    """The graph of a checkpoint in a folder: the one that is there if it is whole, else a new one."""
    start = f"two-stems-v{_GRAPH_VERSION}-"
    for found in folder.glob(f"{start}*.onnx"):
        if found.name == f"{start}{sha256_of(found)[:_HASH_DIGITS]}.onnx":
            return found
        # Whatever else has such a name is of an older version, or was cut off while it was written.
        found.unlink(missing_ok=True)
    content = speech_mask_model(checkpoint, spleeter.FRAMES, spleeter.BINS)
    path = folder / f"{start}{hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]}.onnx"
    write_atomically(path, content)
    return path
