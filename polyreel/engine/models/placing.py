"""The last step of every pull: a file's bytes, checked, and then given their name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from polyreel.engine.models import shelf
from polyreel.engine.models.registry import Model, ModelFile
from polyreel.errors import EngineError
from polyreel.machine.files import explain_errors, replace_durably


def put_file(model: Model, file: ModelFile, pieces: Iterable[bytes], work: Path) -> None:
    """Write one file, check it, and only then give it its name. Raises EngineError (``model_damaged``), StoreError."""
    # By its hash, as two models may have files of one name.
    part, final = work / f"{file.sha256[:16]}.checking", shelf.folder_of(model) / file.path
    digest = hashlib.sha256()
    with explain_errors("write a model", final), part.open("wb") as out:
        for piece in pieces:
            digest.update(piece)
            out.write(piece)
    if digest.hexdigest() != file.sha256:
        # Not kept for the next run: nobody knows which of its bytes are wrong.
        part.unlink()
        raise EngineError(
            f"what came as '{file.path}' of '{model.name}' has another hash than it should, and was thrown away.",
            code="model_damaged",
            where=final.name,
            remedy="Run the command again; if it stays so, report it.",
        )
    with explain_errors("keep a model", final):
        final.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(part, final)
