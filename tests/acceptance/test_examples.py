"""Every example runs as it stands: copied to a folder, its reel made there, and handed to the real command line.

The one that needs an object store is run where there is one, in tests/integration/objects.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyreel import load_job
from polyreel.intake.catalogue import load_catalogue

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as it stands in a fresh clone, and its reel."""
    folder = tmp_path_factory.mktemp("work") / "examples"
    fresh = shutil.ignore_patterns("reel", "out", "running", "done", "*.summary.json", "__pycache__")
    shutil.copytree(EXAMPLES, folder, ignore=fresh)
    subprocess.run([sys.executable, str(folder / "make_reel.py")], check=True, stdout=subprocess.DEVNULL)
    return folder


def statuses(ended: Any) -> dict[str, str]:
    assert ended.code == 0, (ended.stderr, ended.stdout)
    return {locale: each["status"] for locale, each in ended.json["languages"].items()}


def test_every_example_is_named_on_their_page() -> None:
    """What lies in the folder stands in its README, and the other way round."""
    files = {path.name for path in EXAMPLES.glob("*.yaml")} | {path.name for path in EXAMPLES.glob("*.csv")}
    said = (EXAMPLES / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in said for name in files)
    assert all(load_job(path).name for path in EXAMPLES.glob("*.yaml"))


def test_a_local_dub(polyreel: Any, examples: Path) -> None:
    """Two languages over the clean background that is given."""
    done = polyreel("run", examples / "local-dub.yaml", "--json")
    assert statuses(done) == {"es-ES": "delivered", "fr-FR": "delivered"}
    assert done.json["separation"] == "given"
    assert (examples / "out" / "local-dub" / "es-ES" / "local-dub.es-ES.mp4").is_file()


def test_a_voiceover(polyreel: Any, examples: Path) -> None:
    """Ten seconds of it, at the broadcaster's loudness, with a plain text beside the subtitles."""
    done = polyreel("run", examples / "voiceover.yaml", "--json")
    assert statuses(done) == {"de-DE": "delivered"}
    assert set(done.json["languages"]["de-DE"]["subtitles"]) == {"srt", "vtt", "txt"}
    loudness = next(each for each in done.json["languages"]["de-DE"]["checks"] if each["name"] == "loudness")
    assert loudness["status"] == "pass"
    assert loudness["value"] == pytest.approx(-23, abs=1)
    folder = examples / "out" / "voiceover"
    assert (folder / "masters" / "voiceover.mkv").is_file()
    parts = {path.name.removeprefix("voiceover.de-DE.") for path in (folder / "de-DE").iterdir()}
    assert {"mix.wav", "dialogue.wav", "music-and-effects.wav", "otio"} <= parts


def test_many_languages_and_their_packages(polyreel: Any, examples: Path) -> None:
    """All five are delivered, and both packages hold them."""
    done = polyreel("run", examples / "many-languages.yaml", "--json")
    assert set(statuses(done).values()) == {"delivered"}
    folder = examples / "out" / "many-languages"
    master = (folder / "hls" / "main.m3u8").read_text("utf-8")
    assert all(f'LANGUAGE="{code}' in master for code in ("es", "fr", "de", "ja", "ar"))
    assert (folder / "dash" / "main.mpd").is_file()


def test_a_script_drafted_by_a_local_model(polyreel: Any, examples: Path) -> None:
    """An OpenAI-style server on this machine drafts the script; the outcome says that a machine did."""
    with _chat_server(port_of(examples / "drafted-by-a-local-model.yaml")) as asked:
        done = polyreel("run", examples / "drafted-by-a-local-model.yaml", "--json")
    assert statuses(done) == {"es-ES": "delivered"}
    assert set(asked) == {"qwen2.5:14b"}
    assert any(note.startswith("machine_draft:") for note in done.json["languages"]["es-ES"]["notes"])


def test_a_batch_and_an_inbox(start_up: Any, polyreel: Any, examples: Path, tmp_path: Path) -> None:
    """On a `polyreel up` that looks at the examples' inbox: the catalogue's jobs, and the job that was left there."""
    assert [job.name for job in load_catalogue(examples / "catalogue.csv")] == ["morning", "evening"]
    up = start_up(tmp_path / "home", "--inbox", str(examples / "inbox"), "--inbox-every", "5")
    done = polyreel("batch", examples / "catalogue.csv", "--json", **up.env())
    assert done.code == 0, done.stderr
    assert done.json["counts"] == {"completed": 2}
    left = examples / "inbox" / "done" / "welcome.outcome.json"
    for _ in range(240):
        if left.exists():
            break
        threading.Event().wait(0.5)
    assert json.loads(left.read_text("utf-8"))["status"] == "completed"


def test_a_vendor_in_rehearsal(polyreel: Any, examples: Path) -> None:
    """The job as it stands, over the sandbox: dubbed by the vendor, minutes told, nothing delivered into its folder."""
    done = polyreel("run", examples / "vendors-in-rehearsal.yaml", "--rehearse", "--json", PREFECT_API_URL="")
    assert statuses(done) == {"es-ES": "delivered", "fr-FR": "delivered"}
    assert [(each["provider"], each["locale"]) for each in done.json["paid"]] == [
        ("panjaya", "es-ES"),
        ("panjaya", "fr-FR"),
    ]
    assert not (examples / "out" / "vendors-in-rehearsal").exists()


# -- a model on this machine

_SPANISH = {
    "Welcome to a very short film.": "Bienvenidos a una película muy corta.",
    "Its picture was drawn a moment ago.": "La imagen se dibujó hace un momento.",
    "The music is made of four chords.": "La música tiene cuatro acordes.",
}


def port_of(job: Path) -> int:
    translation = load_job(job).translation
    assert translation
    return int(str(translation.base_url).rpartition(":")[2].partition("/")[0])


@contextmanager
def _chat_server(port: int) -> Iterator[list[str]]:
    """`/v1/chat/completions` as such servers answer it; yields the models that were asked for."""
    asked: list[str] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body["model"])
            answer = json.dumps(
                {"choices": [{"message": {"role": "assistant", "content": _translate(body)}, "finish_reason": "stop"}]}
            )
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    ThreadingHTTPServer.allow_reuse_address = True
    with ThreadingHTTPServer(("127.0.0.1", port), Chat) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield asked
        server.shutdown()


def _translate(body: dict[str, Any]) -> str:
    """The lines by their numbers, in Spanish; a draft that should be shorter stays as it is."""
    lines = json.loads(body["messages"][-1]["content"])["lines"]
    said = [{"id": each["id"], "text": each.get("draft") or _SPANISH[each["text"]]} for each in lines]
    return json.dumps({"lines": said}, ensure_ascii=False)
