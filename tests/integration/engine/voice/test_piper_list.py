"""Piper's published voices by name, over real sockets: found, fetched, checked, spoken; and refused by name."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.commands.voices import voices as command
from polyreel.dubbing.roster import roster
from polyreel.engine.voice import piper_list
from polyreel.engine.voice.piper import PiperVoice, voices_folder
from polyreel.engine.voice.piper_list import add_voice, fetch_licence, fetch_list, find_voice, read_list, remove_voice
from polyreel.errors import EngineError, InvalidJob

from .test_neural_voices import piper_voice

CARD = b"# Model card for thorsten (high)\n\n* Language: de_DE\n\n## Dataset\n\n* License: CC0\n"


def listed(name: str, locale: str, files: dict[str, bytes], **more: Any) -> dict[str, Any]:
    """An entry in the official list's own form."""
    said = {
        path: {"size_bytes": len(content), "md5_digest": hashlib.md5(content, usedforsecurity=False).hexdigest()}
        for path, content in files.items()
    }
    language = {"code": locale.replace("-", "_"), "family": locale[:2]}
    entry = {"key": name, "language": language, "quality": "high", "num_speakers": 1, "files": said, "aliases": []}
    return {name: {**entry, **more}}


@dataclass
class Hub:
    """The official place on loopback: files by path. ``cut``: how much of each answer comes; ``asked``: what was."""

    files: dict[str, bytes]
    cut: float = 1.0
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        path, found = request.split()[1].lstrip("/"), re.search(r"range: bytes=(\d+)-", request, re.IGNORECASE)
        start = int(found[1]) if found else 0
        self.asked.append(f"{path} {start}")
        content = self.files.get(path)
        if content is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        else:
            status = f"206 Partial Content\r\nContent-Range: bytes {start}-{len(content) - 1}/{len(content)}"
            first = f"HTTP/1.1 {status if start else '200 OK'}\r\nContent-Length: {len(content) - start}\r\n\r\n"
            share = 1.0 if path.endswith(("voices.json", "CARD", ".onnx.json")) else self.cut
            writer.write(first.encode() + content[start : start + int((len(content) - start) * share)])
        await writer.drain()
        writer.close()


@pytest.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """One voice, a small net of Piper's form, as the official place publishes voices."""
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.1/32")
    net = piper_voice(tmp_path)
    folder = "de/de_DE/thorsten/high/"
    files = {
        f"{folder}de_DE-thorsten-high.onnx": net.read_bytes(),
        f"{folder}de_DE-thorsten-high.onnx.json": net.with_name("mine.onnx.json").read_bytes(),
        f"{folder}MODEL_CARD": CARD,
    }
    names = listed("de_DE-thorsten-high", "de-DE", files, aliases=["de-thorsten-high"])
    found = Hub({**files, "voices.json": json.dumps(names).encode()})
    listening = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    monkeypatch.setattr(piper_list, "OFFICIAL", found.url)
    yield found
    listening.close()
    await listening.wait_closed()


async def add(name: str = "de_DE-thorsten-high") -> None:
    voice = find_voice(await fetch_list(), name)
    await add_voice(voice, await fetch_licence(voice), lambda have, total: None)


def here() -> list[str]:
    return sorted(path.name for path in voices_folder().glob("*.onnx*"))


async def test_a_voice_is_added_by_its_name_and_speaks(hub: Hub) -> None:
    told: list[tuple[int, int]] = []
    voice = find_voice(await fetch_list(), "de_DE-thorsten-high")
    licence = await fetch_licence(voice)
    done = await add_voice(voice, licence, lambda have, total: told.append((have, total)))
    assert (licence, done.place) == ("CC0", f"{hub.url}/de/de_DE/thorsten/high/de_DE-thorsten-high.onnx")
    assert told[-1] == (voice.bytes, voice.bytes)
    assert here() == [f"de_DE-thorsten-high.onnx{end}" for end in ("", ".json", ".origin.json")]
    assert not (voices_folder() / ".adding" / voice.name).exists()
    assert PiperVoice().speak("Guten Morgen.", "de_DE-thorsten-high@de-DE", 1.0).ms > 100
    entry = roster("de-DE")[0]
    assert (entry.name, entry.licence) == ("piper:de_DE-thorsten-high", "CC0")
    assert PiperVoice().locales() == ("de-DE",)
    assert remove_voice(voice.name) > voice.bytes
    assert here() == []


async def test_the_command_adds_lists_and_removes(hub: Hub) -> None:
    def call(*words: str) -> Any:
        return CliRunner().invoke(command, words)

    shown = await asyncio.to_thread(call, "add", "--list", "de")
    assert shown.stdout.split()[:2] == ["de-DE", "de_DE-thorsten-high"]
    assert (await asyncio.to_thread(call, "add", "--list", "vi")).stdout == ""
    added = await asyncio.to_thread(call, "add", "de-thorsten-high")  # the name that it had before
    assert added.exit_code == 0, added.output
    assert "licence: CC0" in added.stderr
    assert "de_DE-thorsten-high: added for de-DE, checked (MD5 " in added.stdout
    listing = call("de-DE").stdout.splitlines()[0]
    assert "piper:de_DE-thorsten-high" in listing
    assert "licence: CC0" in listing
    assert "de-DE" in call().stdout, "one's own voices are listed without a LOCALE, too"
    assert "MB freed" in call("remove", "de_DE-thorsten-high").stdout
    wrong = await asyncio.to_thread(call, "add", "de_DE-torsten-hihg")
    assert wrong.exit_code == 2
    assert "Did you mean de_DE-thorsten-high?" in wrong.stderr


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("thorsten", "de_DE-thorsten-high or de_DE-thorsten-low"),
        ("de_DE-thorstn-high", "de_DE-thorsten-high or de_DE-thorsten-low"),
        ("DE-DE-THORSTEN-HIGH", "de_DE-thorsten-high"),
        ("zz", ""),
    ],
)
def test_a_wrong_name_gets_the_nearest_ones(asked: str, near: str) -> None:
    files = {"a.onnx": b"1", "a.onnx.json": b"2"}
    names = listed("de_DE-thorsten-high", "de-DE", files) | listed("de_DE-thorsten-low", "de-DE", files)
    known = read_list(json.dumps(names | listed("vi_VN-vais1000-medium", "vi-VN", files)).encode())
    with pytest.raises(InvalidJob) as caught:
        find_voice(known, asked)
    assert caught.value.code == "unknown_voice"
    assert (f"Did you mean {near}" if near else "polyreel voices add --list") in caught.value.remedy


async def test_other_bytes_than_the_lists_are_refused_and_thrown_away(hub: Hub) -> None:
    path = next(path for path in hub.files if path.endswith(".onnx"))
    whole = hub.files[path]
    hub.files[path] = whole[:-1] + b"!"
    with pytest.raises(EngineError, match=r"de_DE-thorsten-high.onnx.*is not what Piper's list says") as caught:
        await add()
    assert caught.value.code == "model_damaged"
    assert here() == []
    assert not list((voices_folder() / ".adding").rglob("*.part"))
    hub.files[path] = whole
    await add()
    assert here()


async def test_a_download_that_is_cut_leaves_no_voice_and_goes_on_the_next_time(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from polyreel.engine.models import release

    monkeypatch.setattr(release, "_GOES", 1)
    hub.cut = 0.5
    with pytest.raises(EngineError, match=r"did not give 'de/de_DE/thorsten/high/de_DE-thorsten-high.onnx'") as caught:
        await add()
    assert (caught.value.code, here()) == ("place_failed", [])
    hub.cut, hub.asked = 1.0, []
    await add()
    assert len(here()) == 3
    assert hub.asked[-1].startswith("de/de_DE/thorsten/high/de_DE-thorsten-high.onnx ")
    assert not hub.asked[-1].endswith(" 0"), "from the byte on that it had come to"
    assert not any(asked.startswith("de/de_DE/thorsten/high/de_DE-thorsten-high.onnx.json") for asked in hub.asked)


async def test_without_a_network_it_says_so_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYREEL_ALLOW_NETWORKS", "127.0.0.1/32")
    monkeypatch.setattr(piper_list, "OFFICIAL", "https://127.0.0.1:9/voices")
    with pytest.raises(EngineError, match=r"did not give 'voices.json': 127.0.0.1 can't be reached") as caught:
        await fetch_list()
    assert "NAME.onnx.json into" in caught.value.remedy
    assert here() == []


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'"x"'])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(EngineError, match="no list of Piper voices"):
        read_list(content)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"files": []},
        listed("x", "de-DE", {"../../x.onnx": b"1", "x.onnx.json": b"1"})["x"],
        listed("x", "de-DE", {"/etc/x.onnx": b"1", "x.onnx.json": b"1"})["x"],
        listed("x", "de-DE", {"x.onnx": b"", "x.onnx.json": b"1"})["x"],
        listed("x", "de-DE", {"x.onnx": b"1"})["x"],
    ],
)
def test_entries_that_hold_no_voice_or_lead_elsewhere_are_left_out(entry: dict[str, Any]) -> None:
    good = listed("de_DE-a-low", "de-DE", {"de/a.onnx": b"1", "de/a.onnx.json": b"2"})
    found = read_list(json.dumps({**good, "x": entry, "../up": good["de_DE-a-low"]}).encode())
    assert list(found) == ["de_DE-a-low"]


async def test_a_voice_that_reads_something_else_is_refused_before_its_net_is_fetched(hub: Hub) -> None:
    path = next(path for path in hub.files if path.endswith(".onnx.json"))
    hub.files[path] = json.dumps({**json.loads(hub.files[path]), "phoneme_type": "pinyin"}).encode()
    files = {name: content for name, content in hub.files.items() if name != "voices.json"}
    hub.files["voices.json"] = json.dumps(listed("de_DE-thorsten-high", "de-DE", files)).encode()
    with pytest.raises(EngineError, match="reads 'pinyin'"):
        await add()
    assert here() == []
    assert not any(".onnx 0" in asked for asked in hub.asked)


def test_a_voice_that_was_taught_letters_is_given_letters() -> None:
    path = piper_voice(voices_folder())
    configuration = path.with_name("mine.onnx.json")
    found = json.loads(configuration.read_text())
    configuration.write_text(json.dumps({**found, "phoneme_type": "text"}))
    from polyreel.engine.voice import piper

    assert piper._split_clauses("Guten Tag. Wie geht es?", piper._load_configuration(path)) == [
        ("guten tag", "guten tag."),
        ("wie geht es", "wie geht es?"),
    ]
    assert PiperVoice().speak("Guten Tag. Wie geht es?", "mine@de-DE", 1.0).ms > 100
    with pytest.raises(EngineError, match="can't read figures"):
        PiperVoice().speak("Um 7 Uhr.", "mine@de-DE", 1.0)
