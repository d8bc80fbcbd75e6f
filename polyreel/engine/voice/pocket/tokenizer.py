"""The pieces that Pocket TTS reads text in: a SentencePiece model (``tokenizer.model``), or a ``tokenizer.json``.

SentencePiece's own file is read here, as data, and its pieces and scores are run by the tokenizers library, so that no
further library has to be installed. Only unigram models are known; Kyutai's are of that kind.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.engine.models.protobuf import NoMessage, read_fields
from polyreel.machine.files import read_whole

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# A bound so that a wrong file is not read whole into memory; nothing depends on its exact value.
_MOST_BYTES = 16 << 20
_SPACE = "\u2581"
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED, _BYTE = 1, 2, 3, 5, 6
_UNIGRAM = 1


@lru_cache(maxsize=8)
def open_tokenizer(path: Path, _sha256: str) -> Tokenizer:
    """The tokenizer of a bundle. Raises ValueError for what is none, OSError."""
    content = read_whole(path, _MOST_BYTES)
    from tokenizers import Tokenizer

    # By content: what a file is called says nothing of what is in it.
    if content[:1] == b"{":
        try:
            return Tokenizer.from_str(content.decode())
        except Exception as error:  # the library's errors have no class of their own
            raise ValueError(f"it is no tokenizer: {str(error)[:200]}") from error
    try:
        return _build_tokenizer(content)
    except NoMessage as error:
        raise ValueError("it is no SentencePiece model") from error


def _build_tokenizer(content: bytes) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, models, normalizers

    pieces: list[tuple[str, float]] = []
    unknown, charsmap, is_prefixed, is_trimmed, has_bytes = 0, b"", True, True, False
    for number, value in read_fields(content):
        if number == 1 and isinstance(value, bytes):
            piece, score, kind = _read_piece(value)
            unknown = len(pieces) if kind == _UNKNOWN else unknown
            # With byte pieces an unknown letter is spelt in bytes; without them it becomes the unknown piece.
            has_bytes = has_bytes or kind == _BYTE
            # No text may become one of the pieces that only stand for something.
            pieces.append((piece, score) if kind not in (_CONTROL, _UNUSED) else (f"\ufdd0{len(pieces)}", score))
        elif number == 2 and isinstance(value, bytes):
            kind_of_model = dict(read_fields(value)).get(3, _UNIGRAM)
            if kind_of_model != _UNIGRAM:
                raise ValueError("its pieces are not a unigram model's")
        elif number == 3 and isinstance(value, bytes):
            said = dict(read_fields(value))
            charsmap = said.get(2, b"") if isinstance(said.get(2, b""), bytes) else b""  # type: ignore[assignment]
            is_prefixed, is_trimmed = bool(said.get(3, 1)), bool(said.get(4, 1))
    if not pieces:
        raise ValueError("it holds no pieces")
    try:
        made = Tokenizer(models.Unigram(pieces, unknown, has_bytes))
        steps: list[normalizers.Normalizer] = [normalizers.Precompiled(charsmap)] if charsmap else []
        if is_trimmed:
            steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
        steps += [normalizers.Prepend(_SPACE)] if is_prefixed else []
        made.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", _SPACE)])
    except Exception as error:  # the library's errors have no class of their own
        raise ValueError(f"it is no tokenizer: {str(error)[:200]}") from error
    return made


def _read_piece(content: bytes) -> tuple[str, float, int]:
    piece, score, kind = "", 0.0, _NORMAL
    for number, value in read_fields(content):
        if number == 1 and isinstance(value, bytes):
            piece = value.decode()
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            (score,) = struct.unpack("<f", value)
        elif number == 3 and isinstance(value, int):
            kind = value
    return piece, score, kind
