"""Names that can be delivered: looked at once more at the door, whoever made them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from polyreel.errors import DeliveryError

MANIFEST = "manifest.json"
# In bytes: what file systems take for a name, and S3 for a whole key.
_LONGEST_NAME = 255
_LONGEST_PATH = 1024


def check_name(name: str) -> str:
    """One file's or folder's name, or `DeliveryError`. Leading dots are ours: parts and the journal have them."""
    if reason := _find_fault(name):
        remedy = "Names come from the job's name and its locales: change the job's name."
        raise DeliveryError(f"a name that can't be delivered: {reason}", where=repr(name), remedy=remedy)
    return name


def check_path(path: str) -> str:
    """A path below the parcel's folder, or `DeliveryError`."""
    for name in path.split("/"):
        check_name(name)
    if len(path.encode()) > _LONGEST_PATH:
        raise DeliveryError(
            "a path that is too long to deliver", where=repr(path[:80]), remedy="Shorten the job's name."
        )
    return path


def check_apart(paths: Iterable[str]) -> None:
    """See that no two files share a name, on file systems too that don't tell case or accents' spelling apart."""
    files: dict[str, str] = {_fold_case(MANIFEST): MANIFEST}
    folders: dict[str, str] = {}
    for path in paths:
        folded = _fold_case(path)
        if (other := files.get(folded) or folders.get(folded)) is not None:
            raise _refuse_clash(path, other)
        files[folded] = path
        parents = [folded[:at] for at, letter in enumerate(folded) if letter == "/"]
        if (parent := next((parent for parent in parents if parent in files), None)) is not None:
            raise _refuse_clash(path, files[parent])
        folders.update(dict.fromkeys(parents, path))


def _refuse_clash(path: str, other: str) -> DeliveryError:
    return DeliveryError(
        f"two files want one name: {path} and {other}", where=path, remedy="Deliver them under two jobs."
    )


def _fold_case(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _find_fault(name: str) -> str:
    if not name or name.startswith("."):
        return "it is empty or begins with a dot"
    if any(letter in "/\\" or unicodedata.category(letter) in {"Cc", "Cs"} for letter in name):
        return "it holds a separator or a control character"
    return "it is too long" if len(name.encode()) > _LONGEST_NAME else ""
