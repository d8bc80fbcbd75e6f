"""What is still to go up to a shared store: one small mark for each file, so that a run that is killed forgets none."""

from __future__ import annotations

from pathlib import Path

from polyreel.machine.files import explain_errors


class Outbox:
    """A folder of marks. Marking twice is marking once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mark_file(self, name: str) -> None:
        """Remember that a file of this name (``results/KEY``) is to go up."""
        with explain_errors("mark what is to be shared", self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._mark_of(name).write_text(name)

    def list_marked(self) -> set[str]:
        """The names of all that is to go up."""
        return {content_of(mark).decode(errors="replace") for mark in self._folder.glob("*")} - {""}

    def drop_mark(self, name: str) -> None:
        """It is up, or gone."""
        self._mark_of(name).unlink(missing_ok=True)

    def _mark_of(self, name: str) -> Path:
        # Neither a stage's key nor a record's path has a tilde.
        return self._folder / name.replace("/", "~")


def content_of(file: Path) -> bytes:
    """A small file's content; nothing where it was dropped since."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
