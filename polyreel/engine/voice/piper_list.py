"""Piper's published voices by name: looked up in their official list, fetched, checked, and put among the user's own.

The list (``voices.json``) stands beside the voices, on the publisher's own page of the hub, and has the size and the
MD5 of every file. A voice appears whole or not at all: its files get their names when both are checked and can be read.
What came before a connection broke off waits in ``voices/.adding/NAME`` for the next try.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from polyreel.engine.models.release import download, reach
from polyreel.engine.voice.piper import check_voice, voices_folder
from polyreel.errors import EngineError, InvalidJob, StoreError
from polyreel.machine.files import explain_errors, read_whole, replace_durably, sha256_of, write_atomically
from polyreel.machine.locks import hold_lock

OFFICIAL = "https://huggingface.co/rhasspy/piper-voices/resolve/main"
_LIST = "voices.json"
# The list is far below a megabyte and a card is a page: a place that sends more is not the publisher's.
_MOST_LIST_BYTES, _MOST_CARD_BYTES = 4 << 20, 64 << 10
_MOST_VOICE_BYTES = 1 << 30
# Beside the voice: what else writes to the same disk must not run dry by this.
_MARGIN = 64 << 20
# Names and paths become files here: nothing with `..`, a slash in front or a sign of the shell.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+.-]*(/[A-Za-z0-9][A-Za-z0-9_+.-]*)*")
_MD5 = re.compile(r"[0-9a-f]{32}")
_LICENCE = re.compile(r"^\W*licen[cs]e\W+(.+)$", re.IGNORECASE | re.MULTILINE)
_UNKNOWN_LICENCE = "not stated"
_NEAREST, _LIKE = 3, 0.5


@dataclass(frozen=True, slots=True)
class OfficialFile:
    """A file as the list has it; ``path`` below the official place."""

    path: str
    bytes: int
    md5: str


@dataclass(frozen=True, slots=True)
class OfficialVoice:
    """A voice of the list: ``de_DE-thorsten-high``."""

    name: str
    locale: str
    quality: str
    speakers: int
    network: OfficialFile
    configuration: OfficialFile
    card: OfficialFile | None
    aliases: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """What it takes to fetch it."""
        return self.network.bytes + self.configuration.bytes


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an added voice came from, what it is, and under which terms; kept beside it."""

    name: str
    place: str
    licence: str
    md5: str
    sha256: str


Told = Callable[[int, int], None]
"""Bytes that are there, and bytes in all."""


def read_list(content: bytes) -> dict[str, OfficialVoice]:
    """The list's voices by name; entries that lack what a voice needs are left out.

    Raises EngineError (``place_failed``) where it is no such list.
    """
    try:
        found = json.loads(content)
        voices = {str(name): _read_entry(str(name), entry) for name, entry in found.items()}
    except (ValueError, AttributeError) as error:
        raise EngineError(
            "what came is no list of Piper voices",
            code="place_failed",
            where=_LIST,
            # A captive portal answers with a page of its own, and 200.
            remedy="Run the command again later; a proxy in between may have answered in its place.",
        ) from error
    return {name: voice for name, voice in sorted(voices.items()) if voice}


def _read_entry(name: str, entry: Any) -> OfficialVoice | None:
    try:
        files = [
            OfficialFile(str(path), int(said["size_bytes"]), str(said["md5_digest"]))
            for path, said in entry["files"].items()
        ]
        by_end = {
            end: file for file in files for end in (".onnx", ".onnx.json", "MODEL_CARD") if file.path.endswith(end)
        }
        return OfficialVoice(
            name=name,
            locale=str(entry["language"]["code"]).replace("_", "-"),
            quality=str(entry["quality"]),
            speakers=int(entry.get("num_speakers", 1)),
            network=_require_sane(by_end[".onnx"]),
            configuration=_require_sane(by_end[".onnx.json"]),
            card=by_end.get("MODEL_CARD"),
            aliases=tuple(str(each) for each in entry.get("aliases", ()) if _NAME.fullmatch(str(each))),
        ) if _NAME.fullmatch(name) else None  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        # One odd entry must not hide all the other voices.
        return None


def _require_sane(file: OfficialFile) -> OfficialFile:
    if not (_PATH.fullmatch(file.path) and 0 < file.bytes <= _MOST_VOICE_BYTES and _MD5.fullmatch(file.md5)):
        raise ValueError(file.path)
    return file


def find_voice(voices: Mapping[str, OfficialVoice], asked: str) -> OfficialVoice:
    """A voice by its name, or by one it had before. Raises InvalidJob (``unknown_voice``) with the nearest names."""
    for voice in voices.values():
        if asked == voice.name or asked in voice.aliases:
            return voice
    plain = {name.casefold(): name for name in voices}
    wanted = asked.casefold().replace("-", "_")
    inside = [name for key, name in plain.items() if wanted and wanted in key.replace("-", "_")]
    # What people remember of `de_DE-thorsten-high` is its middle: names that hold it come before those that look alike.
    close = [plain[key] for key in get_close_matches(asked.casefold(), plain, n=_NEAREST, cutoff=_LIKE)]
    near = list(dict.fromkeys([*inside[:_NEAREST], *close]))[:_NEAREST]
    raise InvalidJob(
        f"Piper's list has no voice '{asked[:60]}'.",
        code="unknown_voice",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "`polyreel voices add --list` shows all of them.",
    )


async def fetch_list() -> dict[str, OfficialVoice]:
    """The official list as it is now. Raises EngineError (``place_failed``)."""
    work = _adding_folder()
    async with hold_lock(work / "list.lock"):
        part = work / _LIST
        # The list changes under one address: what is left of the last one must not be gone on with.
        part.unlink(missing_ok=True)
        await _fetch_file(_LIST, part, _MOST_LIST_BYTES, lambda _: None)
        found = read_list(await asyncio.to_thread(part.read_bytes))
        part.unlink()
    return found


async def fetch_licence(voice: OfficialVoice) -> str:
    """What a voice's card says of its licence, in one line. Raises EngineError (``place_failed``)."""
    if voice.card is None:
        return _UNKNOWN_LICENCE
    part = _adding_folder() / f"{voice.name}.card"
    part.unlink(missing_ok=True)
    await _fetch_file(voice.card.path, part, _MOST_CARD_BYTES, lambda _: None)
    text = (await asyncio.to_thread(part.read_bytes)).decode("utf-8", "replace")
    part.unlink()
    return "; ".join(dict.fromkeys(line.strip()[:120] for line in _LICENCE.findall(text))) or _UNKNOWN_LICENCE


async def add_voice(voice: OfficialVoice, licence: str, told: Told) -> Origin:
    """Fetch a voice, check it, and put it into ``POLYREEL_HOME/voices``; a voice of that name is replaced.

    Raises EngineError: ``place_failed``, ``model_damaged`` (another hash than the list's, or a voice that can't be run
    here); StoreError: ``disk_full``.
    """
    folder, work = voices_folder(), _adding_folder() / voice.name
    # Two commands that add the same voice would write into one another's part files.
    async with hold_lock(_adding_folder() / f"{voice.name}.lock"):
        with explain_errors("make a folder", work):
            work.mkdir(exist_ok=True)
        _require_space(voice, folder)
        small = await _fetch_checked(voice.configuration, work, lambda done: told(done, voice.bytes))
        await asyncio.to_thread(check_voice, small)  # before the large file is fetched for nothing
        large = await _fetch_checked(voice.network, work, lambda done: told(small.stat().st_size + done, voice.bytes))
        found = Origin(voice.name, f"{OFFICIAL}/{voice.network.path}", licence, voice.network.md5, sha256_of(large))
        with explain_errors("keep a voice", folder):
            final = folder / f"{voice.name}.onnx"
            # The network last: it is what makes the voice appear, and by then everything that belongs to it is there.
            write_atomically(_origin_of(final), _encode_origin(found))
            replace_durably(small, final.with_name(f"{final.name}.json"))
            replace_durably(large, final)
            shutil.rmtree(work)
    return found


def remove_voice(name: str) -> int:
    """Take a voice out of ``POLYREEL_HOME/voices``; returns the bytes that this frees, 0 where there was none."""
    if not _NAME.fullmatch(name):
        return 0
    final = voices_folder() / f"{name}.onnx"
    freed = 0
    with explain_errors("remove a voice", final):
        for path in (final, final.with_name(f"{final.name}.json"), _origin_of(final)):
            # Voices that the user put there have no origin file.
            with suppress(FileNotFoundError):
                freed += path.stat().st_size
                path.unlink()
    return freed


def origin_of(name: str) -> Origin | None:
    """Where an added voice came from; None of files that the user has put there."""
    try:
        return Origin(**json.loads(read_whole(_origin_of(voices_folder() / f"{name}.onnx"), _MOST_CARD_BYTES)))
    except (OSError, ValueError, TypeError):
        return None


def _origin_of(network: Path) -> Path:
    return network.with_name(f"{network.name}.origin.json")


def _encode_origin(origin: Origin) -> bytes:
    fields = {name: getattr(origin, name) for name in Origin.__dataclass_fields__}
    return json.dumps(fields, indent=2, ensure_ascii=False).encode()


def _adding_folder() -> Path:
    work = voices_folder() / ".adding"
    with explain_errors("make a folder", work):
        work.mkdir(parents=True, exist_ok=True)
    return work


def _require_space(voice: OfficialVoice, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < voice.bytes + _MARGIN:
        raise StoreError(
            f"'{voice.name}' needs {(voice.bytes + _MARGIN) // 10**6} MB, and {free // 10**6} MB are free.",
            code="disk_full",
            where=str(folder),
            remedy="Free some space, or let POLYREEL_HOME point to a larger disk.",
        )


async def _fetch_file(path: str, part: Path, most: int, count: Callable[[int], None]) -> None:
    host = urlsplit(OFFICIAL).hostname or ""
    try:
        async with reach(host, set()) as client:
            await download(client, f"{OFFICIAL}/{path}", part, most, count)
    except EngineError as error:
        raise EngineError(
            f"Piper's official place did not give '{path}': {error.message}.",
            code=error.code,
            where=host,
            remedy="See that this machine reaches it and run the command again: it goes on where it stopped. Or put "
            f"NAME.onnx and NAME.onnx.json into {voices_folder()} yourself.",
        ) from error


async def _fetch_checked(file: OfficialFile, work: Path, count: Callable[[int], None]) -> Path:
    """A file as the list has it, in the work folder. One that an earlier try has brought is not fetched again."""
    final = work / Path(file.path).name
    if not (final.exists() and await asyncio.to_thread(_md5_of, final) == file.md5):
        part = work / f"{final.name}.part"
        await _fetch_file(file.path, part, file.bytes, count)
        if await asyncio.to_thread(_md5_of, part) != file.md5:
            # Thrown away, because going on with wrong bytes would end wrong each time.
            size = part.stat().st_size
            part.unlink()
            raise EngineError(
                f"what came as '{file.path}' ({size} bytes) is not what Piper's list says (MD5 {file.md5}, "
                f"{file.bytes} bytes), and was thrown away.",
                code="model_damaged",
                where=OFFICIAL,
                remedy="Run the command again; if it stays so, the list and the files disagree at their own place.",
            )
        part.rename(final)
    return final


def _md5_of(path: Path) -> str:
    # The list has nothing better. It finds broken downloads; who changes the list can change the voice as well.
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
