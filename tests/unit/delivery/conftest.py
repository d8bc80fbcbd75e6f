"""A store, a place to deliver to, and parcels of texts."""

import hashlib
import json
from pathlib import Path

import pytest

from polyreel.delivery.port import Item, Parcel
from polyreel.store.local import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "home" / "store")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def parcel(store):
    """A parcel of texts by path, under the job's name."""

    def make(**texts: str) -> Parcel:
        return Parcel(
            name="welcome",
            items=tuple(
                Item(path=path, stored_file=store.keep_bytes(text.encode(), ".bin"), role="subtitles", locale="es-ES")
                for path, text in texts.items()
            ),
        )

    return make


SPANISH, FRENCH = "es-ES/welcome.es-ES.srt", "fr-FR/welcome.fr-FR.srt"


def files(out: Path) -> dict[str, str]:
    inside = out / "welcome"
    return {
        str(path.relative_to(inside)): path.read_text()
        for path in sorted(inside.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def manifest(out: Path) -> dict:
    return json.loads((out / "welcome/manifest.json").read_text())


def assert_true(out: Path) -> None:
    """Everything that the manifest names is there, and is what it says; nothing of ours lies about besides."""
    for file in manifest(out)["files"]:
        content = (out / "welcome" / file["path"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])
    assert not list((out / "welcome").rglob(".*"))
