"""What stands for the rules by which lines are read: part of the key of everything that was spoken by them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_KINDS = frozenset({".py", ".tsv"})
_LENGTH = 12


@cache
def fingerprint_readings(folder: Path = Path(__file__).parent) -> str:
    """A few figures that change with any module or table in ``folder``, here the rules that all voices share.

    A reading that a changed rule gives is never taken from what was spoken by the old one. By their bytes, because a
    number that somebody has to raise by hand was forgotten with most changes of a table.
    """
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.iterdir() if each.suffix in _KINDS):
        digest.update(f"{path.name}\0".encode())
        # A checkout may have other line ends than a wheel: the rules are the same.
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
        digest.update(b"\0")
    return digest.hexdigest()[:_LENGTH]
