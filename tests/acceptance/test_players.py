"""Packages in real players: hls.js and shaka-player in Chromium, from their own page, every sound and text chosen."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from polyreel.engine.models.pull import pull
from polyreel.engine.models.registry import HLS_JS, SHAKA_PLAYER
from polyreel.engine.models.shelf import check_file
from polyreel.errors import PolyreelError
from polyreel.media.binaries import ffmpeg
from polyreel.packaging.player import write_page
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import package

SECONDS = 30
TONES = {"en-US": 500, "es-ES": 1000, "ja-JP": 2000}
PLAYERS = {"hls": HLS_JS, "dash": SHAKA_PLAYER}


class Ranged(SimpleHTTPRequestHandler):
    """A static host as there are many: it gives the ranges that are asked for."""

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if not asked or not path.is_file():
            return super().do_GET()
        size = path.stat().st_size
        first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        with path.open("rb") as file:
            file.seek(first)
            self.wfile.write(file.read(last - first + 1))

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


@pytest.fixture(scope="module")
def players(keep: Callable[..., Path]) -> Callable[[str], Path]:
    """The players' scripts, pulled once by their registry's client; skips where that can't be reached."""

    def get(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLYREEL_HOME", str(folder))
            try:
                asyncio.run(pull(tuple(PLAYERS.values()), lambda _step: None))
            except PolyreelError as error:
                pytest.skip(f"needs hls.js and shaka-player from npm: {error.code}")
            for model in PLAYERS.values():
                check_file(model, model.files[0].path)

    home = keep("players", "".join(each.fingerprint for each in PLAYERS.values()).encode(), get)
    return lambda kind: home / "models" / PLAYERS[kind].name / PLAYERS[kind].files[0].path


SIGNS = "\n00:04.000 --> 00:25.000\nSALIDA\n"


@pytest.fixture(scope="module")
def host(players: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a package in which every language has a tone of its own."""
    folder = tmp_path_factory.mktemp("played")
    picture, sounds, texts = folder / "720.mp4", [], []

    def tool(*arguments: object) -> None:
        subprocess.run([str(ffmpeg()), "-v", "error", *map(str, arguments)], check=True)

    tool("-f", "lavfi", "-i", f"testsrc2=s=640x360:r=25:d={SECONDS}", "-g", 50, "-c:v", "libx264", picture)
    tool("-i", picture, "-vf", "scale=320:180", "-g", 50, "-c:v", "libx264", folder / "180.mp4")
    for locale, pitch in TONES.items():
        tool("-f", "lavfi", "-i", f"sine=f={pitch}:r=48000:d={SECONDS}", "-c:a", "aac", folder / f"{locale}.m4a")
        cues = "".join(f"\n00:{n:02d}.000 --> 00:{n:02d}.900\n{locale} {n}\n" for n in range(SECONDS))
        (folder / f"{locale}.vtt").write_text(f"WEBVTT\n{cues}")
        role = "original" if locale == "en-US" else "dub"
        sounds.append(Rendition(folder / f"{locale}.m4a", locale, role=role, is_machine_made=role == "dub"))
        texts.append(Rendition(folder / f"{locale}.vtt", locale, role="subtitles"))
    (folder / "signs.vtt").write_text(f"WEBVTT\n{SIGNS}")
    texts.append(Rendition(folder / "signs.vtt", "es-ES", role="forced"))
    asyncio.run(package([picture, folder / "180.mp4"], sounds, texts, folder / "out", ["hls", "dash"]))
    # The same in files of 6 s with thumbnails; and without a picture.
    files = package(
        [picture, folder / "180.mp4"], sounds, texts, folder / "out" / "files", ["hls", "dash"],
        segments="files", thumbnails=True,
    )  # fmt: skip
    asyncio.run(files)
    asyncio.run(package([], sounds, texts, folder / "out" / "sound", ["hls", "dash"]))
    for kind in ("hls", "dash"):
        write_page(folder / "out" / kind, kind, "A <reel>", players(kind))
        write_page(folder / "out" / "files" / kind, kind, "A <reel>", players(kind))
        write_page(folder / "out" / "sound" / kind, kind, "A <reel>", players("dash"), has_picture=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranged, directory=str(folder / "out")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("browser", Path(__file__).with_name("browser.py"))
    assert spec
    assert spec.loader
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    if driver.find_chromium() is None:
        pytest.skip("needs chromium")
    with driver.browser(tmp_path / "browser", "--autoplay-policy=no-user-gesture-required") as tab:
        yield tab


LISTEN = """
const context = new AudioContext(), analyser = context.createAnalyser();
analyser.fftSize = 8192;
context.createMediaElementSource(video).connect(analyser);
analyser.connect(context.destination);
window.pitch = () => {
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  return bins.indexOf(Math.max(...bins)) * context.sampleRate / analyser.fftSize;
};
window.choose = (id, name) => {
  const list = document.getElementById(id);
  list.value = [...list.options].find(one => one.text.startsWith(name)).value;
  list.onchange();
};
window.shown = () => [...video.textTracks].filter(one => one.mode === 'showing')
  .flatMap(one => [...(one.activeCues || [])].map(cue => cue.text)).join('|');
video.play();
"""


@pytest.mark.parametrize("kind", ["hls", "dash", "files/hls", "files/dash", "sound/hls", "sound/dash"])
def test_every_sound_and_text_is_played_when_it_is_chosen(host: str, page: Any, kind: str, tmp_path: Path) -> None:
    """Ten switches and jumps: what is heard and read is what was chosen, and the player reports no fault."""
    page.go(f"{host}/{kind}/index.html")
    has_picture = not kind.startswith("sound")
    page.until("document.querySelectorAll('#sounds option').length === 3")
    page.until("document.querySelectorAll('#texts option').length === 4")
    assert page.js("[...document.querySelectorAll('#sounds option')].map(one => one.text)") == [
        "English (United States)",
        "español (España)",
        "日本語 (日本)",
    ]
    page.js(LISTEN)
    page.until("!video.paused && video.currentTime > 0.5")
    assert page.js("shown()") == ""  # nobody asked for a text
    names = {"en-US": "English", "es-ES": "español", "ja-JP": "日本"}
    order = ["es-ES", "ja-JP", "en-US", "ja-JP", "es-ES"]
    for number, locale in enumerate(order):
        page.js(f"choose('sounds', '{names[locale]}')")
        page.until(f"Math.abs(pitch() - {TONES[locale]}) < 15", within=20)
        page.js(f"video.currentTime = {(number * 7 + 2) % 25}; choose('texts', '{names[order[-1 - number]]}')")
        page.until(f"shown().startsWith('{order[-1 - number]} ' + Math.floor(video.currentTime))", within=20)
        page.until(f"Math.abs(pitch() - {TONES[locale]}) < 15", within=20)
    # Who asked for no text reads the signs of the language that is heard, and of no other.
    page.js("choose('texts', 'Off'); choose('sounds', 'español'); video.currentTime = 8")
    page.until("shown() === 'SALIDA'", within=20)
    page.picture(tmp_path / f"{kind.replace('/', '-')}.png")
    page.js("choose('sounds', 'English')")
    page.until(f"shown() === '' && Math.abs(pitch() - {TONES['en-US']}) < 15", within=20)
    if has_picture:
        # All in the same instant, which shaka-player alone may stall at.
        page.js("choose('sounds', '日本'); choose('pictures', '320'); video.currentTime = 10")
        page.until(f"video.videoWidth === 320 && Math.abs(pitch() - {TONES['ja-JP']}) < 15", within=20)
    else:
        assert page.js("video.videoWidth") == 0
        assert page.js("document.getElementById('pictures').parentElement.hidden")
    # A busy machine starves the player for a moment, or a jump ends what hls.js was just loading, and it goes on: what
    # a wrong stream does, `until` has seen.
    assert set(page.js("faults")) <= {"bufferStalledError", "aborted"}
    assert page.js("document.getElementById('error').textContent") == ""
    assert page.js("document.querySelector('h1').textContent") == "A <reel>"


def test_the_player_of_dash_shows_thumbnails_where_it_is_looked_for_a_place(host: str, page: Any) -> None:
    """A track of pictures: the third covers 20 to 30 s, on the first sheet, beside the first two."""
    page.go(f"{host}/files/dash/index.html")
    page.until("document.querySelectorAll('#sounds option').length === 3")
    assert page.js("player.getImageTracks().length") == 1
    asked = "player.getThumbnails(player.getImageTracks()[0].id, 25).then((one) => { window.thumbnail = one; })"
    page.js(f"{asked}, 0")
    page.until("!!window.thumbnail")
    found = page.js("[thumbnail.startTime, thumbnail.positionX, thumbnail.positionY, thumbnail.width]")
    assert found == [20, 320, 0, 160]
    assert page.js("thumbnail.uris[0]").endswith("/files/hls/thumbnails_1.jpg")


@pytest.mark.parametrize("kind", ["files/hls", "files/dash"])
def test_the_page_shows_the_picture_of_a_place_that_is_looked_for(host: str, page: Any, kind: str) -> None:
    """The third of the first sheet, for a moment."""
    page.go(f"{host}/{kind}/index.html")
    page.until("document.querySelectorAll('#sounds option').length === 3 && video.duration > 29")
    page.js("window.box = document.getElementById('thumbnail')")
    # As somebody does who looks for a place: again, while nothing is shown yet of what the player is still fetching.
    page.js("window.look = () => { video.currentTime = 25 + Math.random() / 10; }, look(), setInterval(look, 4000)")
    page.until("box.style.backgroundPosition === '-320px 0px'")
    assert page.js("box.style.backgroundImage").endswith('thumbnails_1.jpg")')
    assert page.js("[box.style.width, box.style.height]") == ["160px", "90px"]
    page.until("box.hidden")
