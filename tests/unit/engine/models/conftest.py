"""Small models for tests: a registry entry, the packages that hold it, and a synthesiser of a few hundred bytes."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyreel.engine.models.registry import Mirror, Model, ModelFile, Package, Release

CONTENT = bytes(range(256)) * 40
NOWHERE = "https://127.0.0.1:9"
"""A release that nobody answers for: port 9 of this machine."""


def model(**changes: object) -> Model:
    """Two files: one in two parts over two wheels, one in an npm package."""
    small = b"a small second file\n"
    asked: dict[str, object] = {
        "name": "toy",
        "purpose": "tests",
        "licence": "MIT",
        "files": (
            ModelFile("big.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()),
            ModelFile("small.txt", len(small), hashlib.sha256(small).hexdigest()),
        ),
        "release": Release(NOWHERE),
        "mirror": Mirror(
            (
                Package("pip", "toy-part-1", "1.0", 1000),
                Package("pip", "toy-part-2", "1.0", 1000),
                Package("npm", "toy", "1.0", 500),
            ),
            {
                "big.bin": ((0, "toy_part_1/part.bin"), (1, "toy_part_2/part.bin")),
                "small.txt": ((2, "package/small.txt"),),
            },
        ),
    }
    return Model(**{**asked, **changes})  # type: ignore[arg-type]  # the fields, as a test changes them


def wheel(path: Path, members: dict[str, bytes]) -> Path:
    """A zip archive under a wheel's name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npm_package(path: Path, members: dict[str, bytes]) -> Path:
    """A gzipped tar under an npm package's name."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def packages(folder: Path, content: bytes = CONTENT) -> Path:
    """The three packages that hold the toy model."""
    folder.mkdir(parents=True, exist_ok=True)
    half = len(content) // 2
    wheel(folder / "toy_part_1-1.0-py3-none-any.whl", {"toy_part_1/part.bin": content[:half]})
    wheel(folder / "toy_part_2-1.0-py3-none-any.whl", {"toy_part_2/part.bin": content[half:]})
    npm_package(folder / "toy-1.0.tgz", {"package/small.txt": b"a small second file\n"})
    return folder


@dataclass(frozen=True)
class Clients:
    """Programs called pip and npm that copy from a folder, and write down that they were called."""

    shop: Path
    log: Path

    @property
    def calls(self) -> list[str]:
        """What was asked of them, in order."""
        return self.log.read_text().split() if self.log.exists() else []


_PROGRAM = """#!/bin/sh
# copies the package that is asked for out of the shop, as the real client would fetch it
for word in "$@"; do last=$word; done
name=$(printf %s "$last" | sed 's/[=@].*//' | {rename})
echo "$name" >> "{log}"
into=.
while [ $# -gt 0 ]; do case "$1" in --dest|--pack-destination) into=$2;; esac; shift; done
cp "{shop}"/"$name"-* "$into"/ || {{ echo "no such package: $name" >&2; exit 1; }}
"""


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Stand-ins for the registries' clients, as programs in processes of their own."""
    from polyreel.engine.models import clients as real

    shop, log, bin_ = tmp_path / "shop", tmp_path / "calls", tmp_path / "bin"
    packages(shop)
    bin_.mkdir()
    for name, rename in (("pip", "tr - _"), ("npm", "cat")):
        program = bin_ / name
        program.write_text(_PROGRAM.format(shop=shop, log=log, rename=rename))
        program.chmod(0o755)
    monkeypatch.setattr(real, "_PIP", (str(bin_ / "pip"),))
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    return Clients(shop, log)


ModelMaker = Callable[..., Model]
