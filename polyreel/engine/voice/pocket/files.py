"""Pocket TTS's files, per language: from the shelf of models, or from a folder that the user has, each by its hash.

A folder is a bundle as it is exported to ONNX (``bundle.json`` beside its nets), with Kyutai's speakers in
``embeddings``. What was added comes before the shelf's; a file that has changed since it came is not run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.engine.models import shelf
from polyreel.engine.models.registry import POCKET_EN, POCKET_EN_VOICES
from polyreel.engine.voice.piper import voices_folder
from polyreel.errors import EngineError, InvalidJob, NoVoice
from polyreel.machine.files import explain_errors, read_whole, sha256_of, write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from polyreel.engine.models.sessions import Session
    from polyreel.engine.voice.pocket.bundle import Arrays, Bundle, State

NAME = "pocket"
LICENCE = POCKET_EN.licence
_ORIGIN, _VOICES = "origin.json", "embeddings"
# Bounds so that a wrong file is not read whole into memory; nothing depends on their exact values.
_MOST_JSON_BYTES, _MOST_MARK_BYTES = 16 << 20, 4 << 20
# Of the editions of a net that a bundle may have, the first that is there. The encoder is for cloning alone.
_EDITIONS = {
    "text_conditioner": ("text_conditioner.onnx", "text_conditioner_int8.onnx"),
    "flow_lm_main": ("flow_lm_main_int8.onnx", "flow_lm_main.onnx"),
    "flow_lm_flow": ("flow_lm_flow_int8.onnx", "flow_lm_flow.onnx"),
    "mimi_decoder": ("mimi_decoder_int8.onnx", "mimi_decoder.onnx"),
    "mimi_encoder": ("mimi_encoder.onnx", "mimi_encoder_int8.onnx"),
}
ENCODER = "mimi_encoder"
_TOKENIZERS = ("tokenizer.model", "tokenizer.json")
_MARK = "bos_before_voice.npy"


@dataclass(frozen=True, slots=True)
class Held:
    """A file, and the SHA-256 that it had when it came."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A language's files by what they are: ``bundle``, ``tokenizer``, ``mark``, a net's name, ``embeddings/NAME``."""

    language: str
    files: Mapping[str, Held]

    @property
    def speakers(self) -> tuple[str, ...]:
        """The names of its speakers."""
        return tuple(sorted(name.partition("/")[2] for name in self.files if name.startswith(f"{_VOICES}/")))

    @property
    def can_clone(self) -> bool:
        """Whether it can hear a voice."""
        return ENCODER in self.files

    @property
    def fingerprint(self) -> str:
        """What changes with any of its files."""
        listed = "\n".join(f"{held.sha256} {name}" for name, held in sorted(self.files.items()))
        return hashlib.sha256(listed.encode()).hexdigest()[:12]

    def read_bundle(self) -> Bundle:
        """What the bundle says. Raises EngineError (``model_damaged``)."""
        from polyreel.engine.voice.pocket.bundle import read_bundle

        held = _check_bundle(self.files["bundle"])
        try:
            return read_bundle(held.path, held.sha256)
        except (OSError, ValueError) as error:
            raise _refuse_damaged(held.path.name, str(error)) from error

    def encode(self, text: str) -> list[int]:
        """A text as numbers of pieces. Raises EngineError (``model_damaged``)."""
        from polyreel.engine.voice.pocket.tokenizer import open_tokenizer

        held = _check_bundle(self.files["tokenizer"])
        try:
            # The bundle's marks are added by what calls this: a second begin mark would be read aloud.
            return list(open_tokenizer(held.path, held.sha256).encode(text, add_special_tokens=False).ids)
        except (OSError, ValueError) as error:
            raise _refuse_damaged(held.path.name, str(error)) from error

    def open_net(self, name: str) -> Session:
        """One of its nets. Raises EngineError (``model_damaged``)."""
        held = _check_bundle(self.files[name])
        return _open_session(held.path, held.sha256)

    def read_speaker(self, name: str) -> Arrays:
        """The states after a speaker was heard. Raises EngineError (``model_damaged``)."""
        held = _check_bundle(self.files[f"{_VOICES}/{name}"])
        return dict(_read_speaker(held.path, held.sha256, self.read_bundle().speech_states))

    def read_mark(self) -> NDArray[np.float32] | None:
        """What is said to the nets before a voice; None where they were not taught any."""
        import numpy as np

        if "mark" not in self.files or not self.read_bundle().begins_with_mark:
            return None
        held = _check_bundle(self.files["mark"])
        try:
            read_whole(held.path, _MOST_MARK_BYTES)
            # A pickle runs code when it is opened, and the file is somebody else's.
            return np.load(held.path, allow_pickle=False).astype(np.float32)  # type: ignore[no-any-return]
        except (OSError, ValueError) as error:
            raise _refuse_damaged(held.path.name, str(error)) from error


@lru_cache(maxsize=12)
def _open_session(path: Path, _sha256: str) -> Session:
    from polyreel.engine.models.sessions import Session

    return Session(path)


@lru_cache(maxsize=4)
def _read_speaker(path: Path, _sha256: str, states: tuple[State, ...]) -> Arrays:
    from polyreel.engine.voice.pocket.bundle import read_voice

    try:
        return read_voice(path, states)
    except (OSError, ValueError, RecursionError) as error:
        raise _refuse_damaged(path.name, str(error)) from error


def require_encoder(placed: Placed) -> None:
    """See that a bundle can hear a voice. Raises EngineError (``cannot_clone``)."""
    if not placed.can_clone:
        raise EngineError(
            f"the Pocket TTS bundle for '{placed.language}' can't clone a voice: it has no mimi_encoder.onnx.",
            code="cannot_clone",
            remedy="Add a bundle that has one, or leave `clones` out.",
        )


# -- where they are


def root() -> Path:
    """Where added bundles lie: ``POLYREEL_HOME/voices/pocket/LANGUAGE``."""
    return voices_folder() / NAME


def list_languages() -> tuple[str, ...]:
    """The languages of which a bundle was added or pulled."""
    added = [path.parent.name for path in root().glob(f"*/{_ORIGIN}")]
    return tuple(sorted({*added, *(["en"] if shelf.is_here(POCKET_EN) else [])}))


def find_placed(language: str) -> Placed:
    """A language's files. Raises NoVoice where there are none, EngineError (``model_damaged``)."""
    origin = root() / language / _ORIGIN
    # The language becomes a folder's name: `../x` is none.
    if language.isalpha() and origin.is_file():
        return Placed(language, _read_origin(origin))
    if language == "en" and shelf.is_here(POCKET_EN):
        return Placed("en", _list_shelved())
    raise NoVoice(
        f"Pocket TTS is not on this machine in '{language[:20]}'.",
        remedy=f"`{shelf.pull_command(POCKET_EN, POCKET_EN_VOICES)}` for English; else `polyreel voices add FOLDER`.",
    )


def _list_shelved() -> dict[str, Held]:
    known = {file.path: file.sha256 for file in POCKET_EN.files}
    place = shelf.folder_of(POCKET_EN)
    found = {part: Held(place / name, known[name]) for part, name in _name_parts(known)}
    if shelf.is_here(POCKET_EN_VOICES):
        voices = shelf.folder_of(POCKET_EN_VOICES)
        found |= {
            f"{_VOICES}/{Path(file.path).stem}": Held(voices / file.path, file.sha256)
            for file in POCKET_EN_VOICES.files
        }
    return found


def _name_parts(there: Iterable[str]) -> list[tuple[str, str]]:
    """Of file names, those that are used, each with what it is."""
    names = set(there)
    wanted = {"bundle": ("bundle.json",), "tokenizer": _TOKENIZERS, "mark": (_MARK,), **_EDITIONS}
    return [
        (part, next(name for name in editions if name in names))
        for part, editions in wanted.items()
        if names & set(editions)
    ]


def _read_origin(origin: Path) -> dict[str, Held]:
    try:
        told = json.loads(read_whole(origin, _MOST_JSON_BYTES))["files"]
        found = {str(part): Held(origin.parent / name, str(sha256)) for part, (name, sha256) in told.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refuse_damaged(_ORIGIN, str(error)) from error
    # The file may have been edited: it must not make us run what lies elsewhere.
    if any(".." in held.path.parts or not held.path.is_relative_to(origin.parent) for held in found.values()):
        raise _refuse_damaged(_ORIGIN, "it names files elsewhere")
    return found


# -- added and removed


def looks_like_one(folder: Path) -> bool:
    """Whether a folder is meant to be a Pocket TTS bundle."""
    return (folder / "bundle.json").is_file()


def add_folder(folder: Path) -> Placed:
    """Take a bundle's files: whole, or nothing. Blocks.

    Raises InvalidJob where files are missing, EngineError (``model_damaged``) for what can't be run, StoreError.
    """
    parts = dict(_name_parts(path.name for path in folder.iterdir() if path.is_file()))
    missing = [part for part in ("tokenizer", *_EDITIONS) if part not in parts and part != ENCODER]
    if missing:
        raise InvalidJob(
            f"'{folder}' is not a whole Pocket TTS bundle: {', '.join(missing)} missing.",
            where=str(folder),
            remedy="Fetch one language's whole folder (bundle.json, tokenizer.model, the .onnx files), and name that.",
        )
    parts |= {
        f"{_VOICES}/{path.stem}": f"{_VOICES}/{path.name}" for path in sorted(folder.glob(f"{_VOICES}/*.safetensors"))
    }
    work = root() / ".adding"
    with explain_errors("add a voice", work):
        shutil.rmtree(work, ignore_errors=True)
        (work / _VOICES).mkdir(parents=True)
        for name in parts.values():
            # A copy, not a link: what the user's folder becomes later must not change a voice that keys know by its
            # hash.
            shutil.copyfile(folder / name, work / name)
    try:
        held = {part: Held(work / name, sha256_of(work / name)) for part, name in parts.items()}
        language = _require_usable(Placed("", held))
        told = {part: [name, held[part].sha256] for part, name in parts.items()}
        write_atomically(work / _ORIGIN, json.dumps({"files": told}, indent=2).encode())
        with explain_errors("add a voice", root() / language):
            shutil.rmtree(root() / language, ignore_errors=True)
            # One rename, so that a voice is there whole or not at all.
            work.rename(root() / language)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return find_placed(language)


def _require_usable(placed: Placed) -> str:
    """Everything is opened once, so that a wrong download is told now. Returns the bundle's language."""
    bundle = placed.read_bundle()
    placed.encode("Abc.")
    placed.read_mark()
    for name in placed.speakers:
        placed.read_speaker(name)
    takes = {
        "text_conditioner": {"token_ids"},
        "flow_lm_main": {"sequence", "text_embeddings", *(state.given for state in bundle.speech_states)},
        "flow_lm_flow": {"c", "s", "t", "x"},
        "mimi_decoder": {"latent", *(state.given for state in bundle.sound_states)},
        ENCODER: {"audio"},
    }
    for name, inputs in takes.items():
        if name in placed.files and set(placed.open_net(name).inputs) != inputs:
            raise _refuse_damaged(placed.files[name].path.name, "it takes other inputs than Pocket TTS does")
    _open_session.cache_clear()  # what was opened lies elsewhere in a moment
    return bundle.language


def remove_all() -> int:
    """Take every language away, from the shelf too; returns the bytes that this frees."""
    freed = shelf.remove(POCKET_EN) + shelf.remove(POCKET_EN_VOICES)
    if root().is_dir():
        freed += sum(path.stat().st_size for path in root().rglob("*") if path.is_file())
        with explain_errors("remove a voice", root()):
            shutil.rmtree(root())
    return freed


def _check_bundle(held: Held) -> Held:
    try:
        told = held.path.stat()
        # Hashed once per size and time: a line asks for each net again.
        found = _compute_digest(held.path, told.st_size, told.st_mtime_ns)
    except OSError as error:
        raise _refuse_damaged(held.path.name, str(error)) from error
    if found != held.sha256:
        raise _refuse_damaged(held.path.name, "it has changed since it came")
    return held


@lru_cache(maxsize=256)
def _compute_digest(path: Path, _size: int, _changed_ns: int) -> str:
    return sha256_of(path)


def _refuse_damaged(where: str, why: str) -> EngineError:
    return EngineError(
        f"Pocket TTS's files can't be used: {why.rstrip('.')}.",
        code="model_damaged",
        where=where,
        remedy=f"Run `{shelf.pull_command(POCKET_EN, POCKET_EN_VOICES)}`, or fetch the folder again and add it.",
    )
