"""Which folders jobs that come in from elsewhere may read from and write to: whoever runs the server says so.

The setting is ``POLYREEL_FILES``: folders with ``:`` between them, or a JSON list. `polyreel up --files DIR` sets it
for the runs that it serves. Without it every path is free, as on the command line: who starts a run by hand could read
the file anyhow. Links and ``..`` are followed before a path is judged.

A job that somebody hands in on this machine, by `polyreel submit`, is as free: it is vouched for by a mark below
``POLYREEL_HOME``, where nobody can write who comes in through the API.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import is_address, with_paths
from polyreel.intake.series import GLOSSARY, MEMORY, PRONUNCIATIONS, SETTINGS, with_series
from polyreel.job import Job
from polyreel.machine import home
from polyreel.machine.files import make_folder
from polyreel.redaction import strip_address

SETTING = "POLYREEL_FILES"

# A voice's id ends with its locale, and with `#3` for a speaker; neither is part of the path.
_LOCALE = re.compile(r"@[A-Za-z0-9-]*$")


def setting_of(folders: list[Path]) -> dict[str, str]:
    """The setting for these folders, as an environment has it."""
    return {SETTING: json.dumps([str(folder.expanduser().absolute()) for folder in folders])}


def read_allowed_folders() -> list[Path]:
    """The folders of the setting; none where it is not set. Raises `InvalidJob` where it can't be read."""
    said = os.environ.get(SETTING, "").strip()
    # A folder's name may have a colon in it, which only the list can hold.
    if not said.startswith("["):
        return [Path(each).expanduser() for each in said.split(os.pathsep) if each]
    try:
        found = json.loads(said)
        return [Path(str(each)).expanduser() for each in found]
    except ValueError:
        raise InvalidJob(
            "is no list of folders", where=SETTING, remedy=f"Put {os.pathsep!r} between folders, or write a JSON list."
        ) from None


def require_allowed(job: Job) -> None:
    """See that every path in a job lies below an allowed folder. Raises `InvalidJob` (``forbidden_path``)."""
    folders = read_allowed_folders()
    if not folders:
        return

    def judge_place(place: str) -> str:
        local = _local_path(place)
        if local is not None:
            _require_below(local, place, folders)
        return place

    # By the one function that knows every path of a job: a new field can't be forgotten here.
    with_paths(job, judge_place)
    if job.series and "/" in job.series:
        for name in (SETTINGS, GLOSSARY, *PRONUNCIATIONS, MEMORY):
            require_path(f"{job.series}/{name}")  # each may be a link
        job = with_series(job)  # one below POLYREEL_HOME is its owner's, as are the voices that it names
    for voice in _voices_by_path(job):
        require_path(voice)
        require_path(f"{voice}.json")


def _voices_by_path(job: Job) -> list[str]:
    """Voices that are files of the user's own (``/srv/voices/ana.onnx#2``)."""
    spoken = [target.voice for target in job.targets]
    named = [voice for each in spoken for voice in ((each,) if isinstance(each, str) else each or ())]
    named += [voice for speaker in (job.speakers or {}).values() for voice in speaker.voices.values()]
    files = [_LOCALE.sub("", voice.removeprefix("piper:")).partition("#")[0] for voice in named]
    return [file for file in files if "/" in file or file.endswith(".onnx")]


def require_path(place: str) -> None:
    """See that one path, of a catalogue, a job file or a folder, lies below an allowed folder. Raises `InvalidJob`.

    Whatever it looks like: these are opened as paths, also where one begins like an address (``xx:/../../srv``).
    """
    if folders := read_allowed_folders():
        _require_below(Path(place).expanduser().absolute(), place, folders)


def _local_path(place: str) -> Path | None:
    """The path that a place is; None for an address that leads off this machine."""
    if place[:5].lower() == "file:":
        from polyreel.sources.local import local_path

        return local_path(place, None)
    return None if is_address(place) else Path(place).expanduser().absolute()


def _require_below(path: Path, said: str, folders: list[Path]) -> None:
    try:
        # Links are followed first: one inside an allowed folder may lead out of it.
        true = path.resolve()
    except (OSError, RuntimeError, ValueError):
        true = None
    if true is None or not any(_may_see(true, folder.resolve()) for folder in folders):
        raise InvalidJob(
            "lies outside of the folders that jobs from the API may read and write",
            code="forbidden_path",
            where=strip_address(said) if is_address(said) else said[:200],
            remedy=f"Start `polyreel up` with `--files {path.parent}` (the setting {SETTING}), put the file below "
            f"{folders[0]}, or use `polyreel run`, which is free.",
        )


def _may_see(path: Path, folder: Path) -> bool:
    # The ledger, the database and its keys are nobody's material, though POLYREEL_HOME lie below an allowed folder.
    own = home.home().resolve()
    return path.is_relative_to(folder) and (not path.is_relative_to(own) or folder.is_relative_to(own))


# -- jobs that somebody on this machine hands in


def allow_as_caller(key: str) -> None:
    """Let the job, or batch, of this key read and write as who hands it in could."""
    mark = _locate_mark(key)
    make_folder(mark.parent)
    mark.touch()


def is_vouched(key: str) -> bool:
    """Whether somebody on this machine handed in just this."""
    return _locate_mark(key).exists()


def _locate_mark(key: str) -> Path:
    return home.home() / "up" / "vouched" / key
