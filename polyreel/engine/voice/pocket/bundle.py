"""What a Pocket TTS bundle says of itself (``bundle.json``), and the states that its nets carry from run to run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyreel.machine.files import read_whole

# Bounds so that a wrong file is not read whole into memory; nothing depends on their exact values.
_MOST_BYTES, _MOST_VOICE_BYTES = 16 << 20, 256 << 20
# A bundle may come from anywhere: its numbers become memory before any net has seen them.
_MOST_STATES, _MOST_VALUES = 2000, 1 << 28
_TYPES = {"float32": "<f4", "float16": "<f2", "int64": "<i8", "bool": "?"}
_STORED = {"F32": "<f4", "F16": "<f2", "I64": "<i8", "BOOL": "?"}
_LANGUAGES = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "portuguese": "pt",
    "italian": "it",
    "spanish": "es",
    "dutch": "nl",
}
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class State:
    """One array that a net is given and gives back: under which names, of which shape, filled with what at first.

    ``module`` and ``key`` say where it lies in a voice's file.
    """

    given: str
    back: str
    shape: tuple[int, ...]
    kind: str
    fill: str
    module: str
    key: str

    def make_first(self) -> NDArray[Any]:
        """The array before anything was said."""
        first = {"ones": 1, "nan": math.nan}.get(self.fill, 0)
        return np.full(self.shape, first, _TYPES[self.kind])


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle: of which language, at which rates, how its text is written, and its nets' states."""

    language: str
    rate: int
    frame_rate: float
    latent: int
    conditioning: int
    most_tokens: int
    pads_short: bool
    keeps_semicolons: bool
    frames_after_end: int | None
    begins_with_mark: bool
    temperature: float
    speech_states: tuple[State, ...]
    sound_states: tuple[State, ...]

    @property
    def frame(self) -> int:
        """Samples per frame."""
        return round(self.rate / self.frame_rate)

    @property
    def capacity(self) -> int:
        """How many steps the nets remember: the voice's, the text's and the speech's together."""
        # The caches of attention are (2, 1, steps, heads, width): what doesn't fit is said without its beginning.
        sizes = [state.shape[2] for state in self.speech_states if state.key == "cache" and len(state.shape) == 5]
        return min(sizes, default=1000)


@lru_cache(maxsize=8)
def read_bundle(path: Path, _sha256: str) -> Bundle:
    """Read a ``bundle.json``. Raises ValueError for what can't be run, OSError."""
    description = json.loads(read_whole(path, _MOST_BYTES))
    try:
        # Another form may name its states otherwise: they would be fed wrongly without an error.
        if description["schema_version"] != 2:
            raise ValueError(f"it is of form {description['schema_version']!r:.20}, and not of 2")
        asked = str(description["language"])
        # What stands behind the language's name is an edition's.
        language = next((code for name, code in _LANGUAGES.items() if asked.lower().startswith(name)), "")
        frames = description.get("model_recommended_frames_after_eos")
        made = Bundle(
            language=language,
            rate=int(description["sample_rate"]),
            frame_rate=float(description["frame_rate"]),
            latent=int(description["latent_dim"]),
            conditioning=int(description["conditioning_dim"]),
            most_tokens=int(description.get("max_token_per_chunk", 50)),
            pads_short=bool(description.get("pad_with_spaces_for_short_inputs")),
            keeps_semicolons=not description.get("remove_semicolons"),
            frames_after_end=None if frames is None else int(frames),
            begins_with_mark=bool(description.get("insert_bos_before_voice")),
            temperature=float(description.get("default_temperature", 0.3)),
            speech_states=_read_states(description["flow_lm_state_manifest"]),
            sound_states=_read_states(description["mimi_state_manifest"]),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        # Python's JSON reader recurses: deep nesting raises this, and not a JSON error.
        raise ValueError(f"it lacks {error}") from error
    _require_sane(made, asked)
    return made


def _require_sane(made: Bundle, asked: str) -> None:
    if not made.language:
        raise ValueError(f"its language '{asked[:40]}' is not one that Pocket TTS speaks")
    fits = (
        8000 <= made.rate <= 96_000
        and 1 <= made.frame_rate <= 200
        and 0 < made.latent <= 4096
        and 0 < made.conditioning <= 1 << 16
        and 8 <= made.most_tokens <= 1000
        and 0 <= made.temperature <= 2
        and 0 <= (made.frames_after_end or 0) <= 100
    )
    if not fits:
        raise ValueError(f"its numbers can't be: {made.rate} Hz, {made.frame_rate} frames, {made.latent} values")


def _read_states(found: list[Mapping[str, Any]]) -> tuple[State, ...]:
    if len(found) > _MOST_STATES:
        raise ValueError(f"it has {len(found)} states")
    states = tuple(
        State(
            given=str(each["input_name"]),
            back=str(each["output_name"]),
            shape=tuple(int(size) for size in each["shape"]),
            kind=str(each["dtype"]),
            fill=str(each["fill"]),
            module=str(each.get("module", "")),
            key=str(each.get("key", "")),
        )
        for each in found
    )
    if any(state.kind not in _TYPES or min(state.shape, default=0) < 0 for state in states):
        raise ValueError("a state is of a kind or a shape that is not known")
    if sum(math.prod(state.shape) for state in states) > _MOST_VALUES:
        raise ValueError("its states are larger than can be")
    return states


def make_states(states: Iterable[State]) -> Arrays:
    """A net's states before anything was said."""
    return {state.given: state.make_first() for state in states}


def read_voice(path: Path, states: Iterable[State]) -> Arrays:
    """A speaker's file (safetensors) as the states after that speaker was heard. Raises ValueError, OSError."""
    held = _read_safetensors(read_whole(path, _MOST_VOICE_BYTES))
    return {state.given: _fit_state(held, state) for state in states}


def _fit_state(held: Mapping[str, NDArray[Any]], state: State) -> NDArray[Any]:
    """What a file holds of a state, laid into the room that the net has for it."""
    found = held.get(f"{state.module}/{state.key}")
    if found is None and state.key == "step":
        # Either name occurs in speakers' files: the step is an offset into the cache.
        found = held.get(f"{state.module}/offset")
    made = state.make_first()
    if found is None:
        raise ValueError(f"it lacks {state.module}/{state.key}")
    if found.size == made.size:
        return found.reshape(made.shape).astype(made.dtype)
    if found.ndim != made.ndim or any(a > b for a, b in zip(found.shape, made.shape, strict=True)):
        raise ValueError(f"its {state.module}/{state.key} has another shape than the net's")
    # A file holds only the steps that were heard; the net's cache has room for what is yet to be said.
    made[tuple(slice(size) for size in found.shape)] = found
    return made


def _read_safetensors(content: bytes) -> Arrays:
    # safetensors: eight bytes of length, a JSON head, then the raw arrays.
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= len(content) - 8:
        raise ValueError("it is no safetensors file")
    head, data = json.loads(content[8 : 8 + length]), memoryview(content)[8 + length :]
    found: Arrays = {}
    try:
        for name, told in head.items():
            # The one entry of the format that is no array.
            if name == "__metadata__":
                continue
            begin, end = told["data_offsets"]
            if not 0 <= begin <= end <= len(data):
                raise ValueError("it is cut off")
            found[name] = np.frombuffer(data[begin:end], _STORED[told["dtype"]]).reshape(told["shape"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it is no safetensors file: {error}") from error
    return found
