"""Supertonic's files: from the shelf of models, or from a folder that the user has, with the hash that each had then.

What was added from a folder comes first: it may be another edition than the registered one. Whatever is run has the
hash that was known when it came; a file that has changed since is not run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SUPERTONIC
from polyreel.engine.voice.piper import voices_folder
from polyreel.errors import EngineError, InvalidJob
from polyreel.machine.files import explain_errors, read_whole, sha256_of, write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from polyreel.engine.models.sessions import Session

NAME = "supertonic"
LICENCE = SUPERTONIC.licence

# A net that takes something else would be refused by onnxruntime only in the midst of the first line.
NETS: Mapping[str, frozenset[str]] = {
    "duration_predictor": frozenset({"text_ids", "style_dp", "text_mask"}),
    "text_encoder": frozenset({"text_ids", "style_ttl", "text_mask"}),
    "vector_estimator": frozenset(
        {"noisy_latent", "text_emb", "style_ttl", "text_mask", "latent_mask", "current_step", "total_step"}
    ),
    "vocoder": frozenset({"latent"}),
}
# A bound so that a wrong file is not read whole into memory; nothing depends on its exact value.
_MOST_JSON_BYTES = 64 << 20
_ORIGIN = "origin.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``tts.json`` says of the sound: samples per second, per step of the latent, and the latent's width."""

    rate: int
    samples_per_step: int
    width: int


@dataclass(frozen=True, slots=True)
class Added:
    """What is here: each file's SHA-256 by its path, under which licence, and where it is published."""

    files: dict[str, str]
    licence: str = LICENCE
    source: str = SUPERTONIC.release.address

    @property
    def others(self) -> tuple[str, ...]:
        """The files that are not the published ones."""
        known = {file.path: file.sha256 for file in SUPERTONIC.files}
        return tuple(path for path, sha256 in self.files.items() if known.get(path) != sha256)


def root() -> Path:
    """Where the files lie: ``POLYREEL_HOME/voices/supertonic``, or the model's place on the shelf."""
    return _own_root() if _was_added() else shelf.folder_of(SUPERTONIC)


def _own_root() -> Path:
    return voices_folder() / NAME


def _was_added() -> bool:
    return (_own_root() / _ORIGIN).is_file()


def is_here() -> bool:
    """Whether they were added, or pulled."""
    return _was_added() or shelf.is_here(SUPERTONIC)


def looks_like_one(folder: Path) -> bool:
    """Whether a folder is meant to be Supertonic's."""
    return (folder / "onnx" / "tts.json").is_file()


def add_folder(folder: Path) -> Added:
    """Take a folder's files: whole, or nothing. Blocks.

    Raises EngineError (``model_damaged``) for what can't be run as Supertonic 3, InvalidJob where files are missing,
    StoreError where they can't be written.
    """
    paths = _list_files(folder)
    with explain_errors("make a folder", voices_folder()):
        voices_folder().mkdir(parents=True, exist_ok=True)
    # Beside its final place, on the same disk: what was checked is then put there by one rename.
    work = voices_folder() / f".adding-{NAME}"
    with explain_errors("add a voice", work):
        shutil.rmtree(work, ignore_errors=True)
        for path in paths:
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, work / path)
    try:
        _require_usable(work, paths)
        added = Added({path: sha256_of(work / path) for path in paths})
        write_atomically(work / _ORIGIN, json.dumps(asdict(added), indent=2).encode())
        with explain_errors("add a voice", _own_root()):
            # A rename can't replace a folder that has files in it.
            shutil.rmtree(_own_root(), ignore_errors=True)
            work.rename(_own_root())
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return added


def remove_folder() -> int:
    """Take them away, from the shelf too; returns the bytes that this frees."""
    freed = shelf.remove(SUPERTONIC)
    if not _own_root().is_dir():
        return freed
    freed += sum(path.stat().st_size for path in _own_root().rglob("*") if path.is_file())
    with explain_errors("remove a voice", _own_root()):
        shutil.rmtree(_own_root())
    return freed


def read_added() -> Added:
    """What is here. Raises EngineError (``model_missing``, ``model_damaged``)."""
    if not _was_added():
        if not shelf.is_here(SUPERTONIC):
            raise shelf.missing_models_error(SUPERTONIC)
        # The shelf holds licence texts too; only what is run changes how it sounds.
        return Added({file.path: file.sha256 for file in SUPERTONIC.files if file.path.endswith((".onnx", ".json"))})
    try:
        return Added(**json.loads(read_whole(_own_root() / _ORIGIN, _MOST_JSON_BYTES)))
    except (OSError, ValueError, TypeError) as error:
        raise _refuse_damaged(_ORIGIN, str(error)) from error


def styles() -> tuple[str, ...]:
    """The names of its voices: ``F1``, ``M1``, ..."""
    return tuple(sorted(Path(path).stem for path in read_added().files if path.startswith("voice_styles/")))


def fingerprint() -> str:
    """What changes with any of its files."""
    listed = "\n".join(f"{sha256} {path}" for path, sha256 in sorted(read_added().files.items()))
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


# As many as there are nets.
@lru_cache(maxsize=4)
def open_net(name: str, sha256: str) -> Session:
    """One of the nets, as it was added. Raises EngineError (``model_damaged``)."""
    from polyreel.engine.models.sessions import Session

    return Session(_check_hash(f"onnx/{name}.onnx", sha256))


@lru_cache(maxsize=2)
def read_settings(sha256: str) -> Settings:
    """What ``tts.json`` says."""
    return _read_settings(_read_json(_check_hash("onnx/tts.json", sha256)))


@lru_cache(maxsize=2)
def read_indexer(sha256: str) -> tuple[int, ...]:
    """A number per code point, -1 for those that it was not taught."""
    return _read_indexer(_read_json(_check_hash("onnx/unicode_indexer.json", sha256)))


@lru_cache(maxsize=32)
def read_style(name: str, sha256: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A voice: what the text encoder and what the duration predictor are given, (1, n, m) each."""
    return _read_style(_read_json(_check_hash(f"voice_styles/{name}.json", sha256)))


def _list_files(folder: Path) -> list[str]:
    wanted = ["onnx/tts.json", "onnx/unicode_indexer.json", *(f"onnx/{name}.onnx" for name in NETS)]
    styles = sorted(path.relative_to(folder).as_posix() for path in folder.glob("voice_styles/*.json"))
    missing = [path for path in wanted if not (folder / path).is_file()] + ([] if styles else ["voice_styles/*.json"])
    if missing:
        raise InvalidJob(
            f"'{folder}' is not a whole Supertonic 3: {', '.join(missing)} missing.",
            where=str(folder),
            remedy=f"Fetch all of it, large files too, or run `{shelf.pull_command(SUPERTONIC)}`.",
        )
    return [*wanted, *styles]


def _require_usable(work: Path, paths: list[str]) -> None:
    """Everything is opened once, so that a wrong download is told now and not in the middle of a film."""
    from polyreel.engine.models.sessions import Session

    _read_settings(_read_json(work / "onnx/tts.json"))
    _read_indexer(_read_json(work / "onnx/unicode_indexer.json"))
    for path in paths:
        if path.startswith("voice_styles/"):
            _read_style(_read_json(work / path))
    for name, inputs in NETS.items():
        found = set(Session(work / f"onnx/{name}.onnx").inputs)
        if found != inputs:
            raise _refuse_damaged(
                f"{name}.onnx", f"it takes {', '.join(sorted(found))}, and not what Supertonic 3 takes"
            )


def _check_hash(path: str, sha256: str) -> Path:
    place = root() / path
    try:
        # The whole file each time it is opened, which the cache makes once a process.
        found = sha256_of(place)
    except OSError as error:
        raise _refuse_damaged(path, str(error)) from error
    if found != sha256:
        raise _refuse_damaged(path, "it has changed since it was added")
    return place


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_whole(path, _MOST_JSON_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise _refuse_damaged(path.name, f"it can't be read: {error}") from error


def _read_settings(found: Any) -> Settings:
    try:
        coding, speech = found["ae"], found["ttl"]
        folded = int(speech["chunk_compress_factor"])
        made = Settings(
            int(coding["sample_rate"]), int(coding["base_chunk_size"]) * folded, int(speech["latent_dim"]) * folded
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _refuse_damaged("tts.json", f"it lacks {error}") from error
    if not (8000 <= made.rate <= 96_000 and 0 < made.samples_per_step <= 1 << 16 and 0 < made.width <= 1 << 14):
        raise _refuse_damaged(
            "tts.json", f"it says {made.rate} Hz, {made.samples_per_step} samples, {made.width} values"
        )
    return made


def _read_indexer(found: Any) -> tuple[int, ...]:
    if not isinstance(found, list) or not found or not all(isinstance(each, int) for each in found):
        raise _refuse_damaged("unicode_indexer.json", "it is no list of numbers")
    return tuple(found)


def _read_style(found: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    import numpy as np

    try:
        spoken, timed = (
            np.array(found[part]["data"], np.float32).reshape(1, *found[part]["dims"][1:])
            for part in ("style_ttl", "style_dp")
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _refuse_damaged("a voice's style", f"it can't be read: {error}") from error
    return spoken, timed


def _refuse_damaged(where: str, why: str) -> EngineError:
    return EngineError(
        f"Supertonic's files can't be used: {why}.",
        code="model_damaged",
        where=where,
        remedy=f"Run `{shelf.pull_command(SUPERTONIC)}`, or fetch its folder again and add that.",
    )
