"""The review page in a real browser: by keyboard, with hostile text, two reviewers, ten thousand lines, on a phone."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from deployments.server import own_pages
from deployments.server.own_pages import own_pages_only
from deployments.server.review.pages import with_review_page
from polyreel.engine.speech.booth import wav_bytes
from polyreel.engine.voice.port import Speech
from polyreel.outcome import Reel, StoredFile
from polyreel.review.decisions import Reviewer, ask, comment
from polyreel.review.edits import Edit, edit_script, from_lines, script_of
from polyreel.review.events import ReviewKey, Shown
from polyreel.review.log import ReviewLog
from polyreel.review.state import Review
from polyreel.store.local import LocalStore
from polyreel.subtitles import plain_text, write
from polyreel.subtitles.choices import LineChoice, read_choices
from polyreel.subtitles.cuetext import escape_text
from polyreel.subtitles.model import Cue, Track

if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
    pytest.skip("needs chromium, which is not here", allow_module_level=True)

KEY = ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "</script><svg onload=document.title='owned'>",
    "javascript:document.title='owned'",
    "\"><a href='https://evil.example/'>aquí</a>",
    "{{7*7}} ${7*7} &lt;b&gt; \u202eotxet",
)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    path = Path(__file__).with_name("browser.py")
    spec = spec_from_file_location("polyreel_review_browser", path)
    assert spec is not None
    assert spec.loader is not None
    driver = module_from_spec(spec)
    spec.loader.exec_module(driver)
    microphone = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with driver.browser(tmp_path / "browser", *microphone) as tab:
        yield tab


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The pages as `polyreel up` guards them, without the rest of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    for name, value in own_pages.make_origins_setting(port).items():
        monkeypatch.setenv(name, value)

    async def nothing(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app = own_pages_only(with_review_page(nothing))
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listener])))
    thread.start()
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(30)


@pytest.fixture
def store() -> LocalStore:
    return LocalStore()


def keep(store: LocalStore, cues: tuple[Cue, ...]) -> StoredFile:
    return store.keep_bytes(write(Track(cues), "vtt").text.encode(), ".vtt")


def asked(
    store: LocalStore, texts: list[str], narrated: Path | None = None, container: str = "mp4", vendor: str = ""
) -> Review:
    """A run waits for the approval of a script of these lines, two seconds each."""
    cues = tuple(Cue(n * 2000, n * 2000 + 1900, escape_text(text)) for n, text in enumerate(texts))
    script = keep(store, cues)
    film = script
    if narrated:
        copy = store.root.parent / "copy.mp4"
        shutil.copyfile(narrated / "narrated.mp4", copy)
        film = store.keep_file(copy)
    reel = Reel(file=film, duration=str(2 * len(texts)), container=container)
    shown = Shown(reel=reel, source_script=script, profile="netflix", vendor=vendor)
    step = ask("script", script.sha256, made=script, script=script, reason="", shown=shown)
    return asyncio.run(ReviewLog(store).write(KEY, step))


def text_of(store: LocalStore, number: int) -> str:
    review = asyncio.run(ReviewLog(store).read(KEY))
    return plain_text(asyncio.run(script_of(store, review)).cues[number - 1].text)


def key(page: Any, name: str, ctrl: bool = False) -> None:
    """A key, pressed as a person does."""
    codes = {"Enter": 13, "ArrowDown": 40, "End": 35, "Escape": 27}
    more = {"modifiers": 2 if ctrl else 0, "windowsVirtualKeyCode": codes.get(name, ord(name[0].upper()))}
    if len(name) == 1:
        more["text"] = name
    page.send("Input.dispatchKeyEvent", type="keyDown", key=name, **more)
    page.send("Input.dispatchKeyEvent", type="keyUp", key=name, **more)


def opened(page: Any, server: str) -> None:
    page.send(
        "Page.addScriptToEvaluateOnNewDocument",
        source="window.broken = []; "
        "addEventListener('securitypolicyviolation', e => broken.push(e.violatedDirective + ' ' + e.blockedURI)); "
        "addEventListener('error', e => broken.push(String(e.message)));",
    )
    page.go(f"{server}/review/welcome~0123456789ab/es-ES")
    page.until("document.querySelectorAll('.row').length > 0")
    page.js("document.getElementById('who').value = 'Ana'")


def test_a_reviewer_works_by_keyboard_beside_another_and_approves(
    server: str, store: LocalStore, narrated: Path, page: Any
) -> None:
    """Chosen, edited and saved without a mouse; another's edit of the same line is named, and the typed words stay."""
    asked(store, ["Hola a todos.", "Hoy hay reglas nuevas.", "Empezamos."], narrated)
    opened(page, server)
    page.until("document.getElementById('source').readyState > 0")
    page.js("document.getElementById('lines').focus()")
    key(page, "ArrowDown")
    assert page.js("document.querySelector('[aria-selected=true]').innerText").count("Hoy hay reglas nuevas.")
    key(page, "Enter")
    page.js("document.getElementById('text').select()")
    page.send("Input.insertText", text="Hoy hablamos de reglas.")
    key(page, "Enter", ctrl=True)
    page.until("document.getElementById('said').innerText.includes('Line 2 is saved')")
    assert text_of(store, 2) == "Hoy hablamos de reglas."
    page.until("document.getElementById('line-title').innerText.startsWith('Line 3')")

    page.js("document.getElementById('text').select()")
    page.send("Input.insertText", text="Vamos.")
    asyncio.run(edit_script(store, KEY, Edit(Reviewer("Luis", 2), from_lines({3: "Comenzamos."}))))
    key(page, "Enter", ctrl=True)
    page.until("document.getElementById('said').innerText.includes('line 3 changed on both sides')")
    assert page.js("document.getElementById('text').value") == "Vamos."
    assert text_of(store, 3) == "Comenzamos."

    key(page, "Enter", ctrl=True)  # they have been shown what Luis wrote, and want theirs
    page.until("document.getElementById('said').innerText.includes('Line 3 is saved')")
    key(page, "Escape")
    key(page, "d")
    page.until("!!document.querySelector('.row.done')")
    page.click("document.getElementById('approve')")
    page.until("document.getElementById('standing').innerText.includes('approved by Ana')")
    found = asyncio.run(ReviewLog(store).read(KEY)).asking()
    assert found is not None
    assert found.standing == "approved"
    assert page.js("broken") == []


def test_a_reel_without_a_picture_has_a_player_of_sound(
    server: str, store: LocalStore, narrated: Path, page: Any
) -> None:
    asked(store, ["Hola a todos.", "Hoy hay reglas nuevas."], narrated, container="mp3")
    opened(page, server)
    page.until("document.querySelector('audio#source').readyState > 0")
    assert page.js("document.querySelectorAll('video').length") == 0
    page.click("document.querySelectorAll('.row')[1]")
    page.click("document.getElementById('play')")
    page.until("document.getElementById('source').currentTime >= 2")
    assert page.js("broken") == []


def test_hostile_text_is_text(server: str, store: LocalStore, page: Any) -> None:
    """In lines, names, comments and reasons: nothing becomes an element, a script or a link; no policy is broken."""
    asked(store, list(HOSTILE))
    for words in HOSTILE:
        asyncio.run(ReviewLog(store).write(KEY, comment(Reviewer(words), words, 1)))
    opened(page, server)
    page.until("document.querySelectorAll('#comments li').length === 6")
    for number, words in enumerate(HOSTILE):
        shown = page.js(f"document.querySelector('#line-{number} .txt').textContent")
        assert shown == words
    assert page.js("document.querySelectorAll('main img, main svg, main a, main script').length") == 0
    assert page.js("document.querySelectorAll('script').length") == 1
    assert page.js("document.title").startswith("welcome")
    assert page.js("broken") == []


def test_ten_thousand_lines_and_a_phone(server: str, store: LocalStore, page: Any) -> None:
    """Only what can be seen is in the page; the end is a key away; on a phone nothing runs over the edge."""
    asked(store, [f"Línea número {n}." for n in range(10_000)])
    begun = time.monotonic()
    opened(page, server)
    assert time.monotonic() - begun < 30
    assert page.js("document.querySelectorAll('.row').length") < 60
    page.js("document.getElementById('lines').focus()")
    key(page, "End")
    page.until("document.querySelector('[aria-selected=true]').innerText.includes('Línea número 9999.')")
    assert page.js("document.querySelector('[aria-selected=true]').getAttribute('aria-posinset')") == "10000"
    page.send("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
    page.until("innerWidth === 390")
    assert page.js("document.documentElement.scrollWidth") <= 390


def test_other_pages_and_other_names_get_nothing(server: str, store: LocalStore) -> None:
    """Another origin's page, a form, a path out of the folder, a body without end: refused, and nothing is written."""
    asked(store, ["Hola."])
    one = f"{server}/review/api/welcome~0123456789ab/es-ES"
    body = {"by": "Ana", "revision": 1, "decision": "approve"}
    post: Callable[..., httpx.Response] = httpx.Client(trust_env=False).post
    assert post(f"{one}/decide", json=body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert post(f"{one}/decide", json=body, headers={"Origin": "null"}).status_code == 403
    assert post(f"{one}/decide", content="decision=approve").status_code == 400
    assert post(f"{one}/edit", json={**body, "lines": {"1": 5}}).status_code == 400
    assert post(f"{one}/edit", json={**body, "lines": {"9": "Eh."}}).status_code == 409
    assert post(f"{one}/decide", json={**body, "by": ""}).status_code == 400
    assert (
        post(f"{one}/edit", content=b"x" * (5 << 20), headers={"Content-Type": "application/json"}).status_code == 400
    )
    get = httpx.Client(trust_env=False).get
    for path in (
        "/review/api/..~0123456789ab/es-ES",
        "/review/page/..%2Fpages.py",
        f"{one[len(server) :]}/media/other",
    ):
        assert get(server + path).status_code in (400, 404)
    assert asyncio.run(ReviewLog(store).read(KEY)).revision == 1
    policy = get(f"{server}/review/").headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def choice_of(store: LocalStore, number: int) -> LineChoice | None:
    review = asyncio.run(ReviewLog(store).read(KEY))
    return read_choices(asyncio.run(script_of(store, review))).get(number - 1)


def says(page: Any, words: str) -> None:
    page.until(f"document.getElementById('said').innerText.includes({words!r})")


def test_a_line_takes_another_voice_and_pace_and_a_recording_made_here(
    server: str, store: LocalStore, narrated: Path, page: Any
) -> None:
    """By keyboard: voice and pace are saved with the words, R records and stops; the take is heard, used, and can be
    taken back. The microphone is Chromium's own, which beeps."""
    asked(store, ["Hola a todos.", "Hoy hay reglas nuevas."], narrated)
    opened(page, server)
    assert page.js("document.querySelectorAll('#voices option').length") > 0
    page.js("document.getElementById('voice').focus()")
    page.send("Input.insertText", text="espeak-ng:f2")
    page.js("document.getElementById('pace').focus(); document.getElementById('pace').select()")
    page.send("Input.insertText", text="1.2")
    key(page, "Enter", ctrl=True)
    says(page, "Line 1 is saved")
    assert choice_of(store, 1) == LineChoice(voice="espeak-ng:f2", pace=1.2)

    page.until("document.getElementById('line-title').innerText.startsWith('Line 2')")
    key(page, "Escape")
    key(page, "r")
    page.until("document.getElementById('record').innerText === 'Stop recording'")
    page.js("new Promise(done => setTimeout(done, 2000))")  # so long does somebody speak
    key(page, "r")
    page.until("!document.getElementById('take-box').hidden && document.getElementById('take').readyState > 0")
    page.click("document.getElementById('use')")
    says(page, "Line 2 is your recording")
    choice = choice_of(store, 2)
    assert choice is not None
    assert choice.recording is not None
    assert choice.recording.by == "Ana"
    assert 200 < choice.recording.ms < 4000
    assert page.js("document.getElementById('take-box').hidden")
    page.js("document.getElementById('recording').preload = 'auto'")
    page.until("document.getElementById('recording').readyState > 0")
    assert "By Ana" in page.js("document.getElementById('recorded').innerText")
    assert "recorded by Ana" in page.js("document.querySelector('[aria-selected=true]').textContent")

    page.type("document.getElementById('text')", "Hoy hay reglas.")
    key(page, "Enter", ctrl=True)
    page.until("document.getElementById('recorded').innerText.includes('words were edited since')")
    page.click("document.getElementById('keep')")
    says(page, "says the new words")
    page.click("document.getElementById('drop')")
    page.until("document.getElementById('recorded').innerText.startsWith('None')")
    assert choice_of(store, 2) is None
    assert page.js("broken") == []


def test_a_take_stays_where_somebody_changed_its_line_and_what_is_no_sound_is_refused(
    server: str, store: LocalStore, page: Any, tmp_path: Path
) -> None:
    """A file is chosen while Luis edits the line: the take is not used for his words unseen, and is not lost either."""
    asked(store, ["Hola a todos.", "Hoy hay reglas nuevas."])
    opened(page, server)
    tone, no_sound = tmp_path / "take.wav", tmp_path / "no sound.mp3"
    tone.write_bytes(wav_bytes(Speech(0.3 * np.sin(np.arange(40_000, dtype=np.float32) / 9), 48_000)))
    no_sound.write_bytes(b"this is no sound")

    def bring(file: Path) -> None:
        node = page.send("DOM.getDocument")["root"]["nodeId"]
        found = page.send("DOM.querySelector", nodeId=node, selector="#file")["nodeId"]
        page.send("DOM.setFileInputFiles", nodeId=found, files=[str(file)])
        page.until("!document.getElementById('take-box').hidden")

    bring(no_sound)
    page.click("document.getElementById('use')")
    says(page, "the recording can't be used")
    assert choice_of(store, 1) is None
    bring(tone)
    asyncio.run(edit_script(store, KEY, Edit(Reviewer("Luis", 1), from_lines({1: "Buenas."}))))
    page.click("document.getElementById('use')")
    page.until(
        "document.getElementById('said').classList.contains('bad') && /Luis|after this take/.test(said.innerText)"
    )
    assert choice_of(store, 1) is None
    assert not page.js("document.getElementById('take-box').hidden")
    page.click("document.getElementById('use')")  # they have been shown what Luis wrote, and said just that
    says(page, "Line 1 is your recording")
    choice = choice_of(store, 1)
    assert choice is not None
    assert choice.recording is not None
    assert choice.recording.says("Buenas.")
    assert page.js("broken") == []


def test_a_language_that_a_vendor_dubs_says_why_it_takes_none(server: str, store: LocalStore, page: Any) -> None:
    asked(store, ["Hola."], vendor="Dubformer")
    opened(page, server)
    page.until("document.getElementById('saying').disabled && document.getElementById('own').disabled")
    assert "Dubformer dubs this language" in page.js("document.getElementById('elsewhere').innerText")


def test_a_recording_comes_in_by_the_api_within_bounds(server: str, store: LocalStore) -> None:
    """Another page's call, a form's, a name that is none, a line that is not there, a body without end: nothing is
    written; a sound is."""
    asked(store, ["Hola."])
    one = f"{server}/review/api/welcome~0123456789ab/es-ES/recording"
    client = httpx.Client(trust_env=False)
    sound = wav_bytes(Speech(0.3 * np.sin(np.arange(40_000, dtype=np.float32) / 9), 48_000))
    right = {"line": "1", "revision": "1", "by": "Ana"}

    def send(content: Any = sound, kind: str = "audio/wav", origin: str = server, **wrong: str) -> httpx.Response:
        headers = {"Content-Type": kind, "Origin": origin}
        return client.post(one, params={**right, **wrong}, content=content, headers=headers)

    assert send(origin="https://evil.example").status_code == 403
    assert send(kind="text/plain").status_code == 400
    assert send(by="").json()["error"]["code"] == "no_name"
    assert send(line="0").status_code == 400
    assert send(line="9").status_code == 409
    assert send(b"").json()["error"]["code"] == "bad_recording"
    endless = send(bytes(1 << 20) for _ in range(65))
    assert (endless.status_code, endless.json()["error"]["code"]) == (400, "bad_recording")
    assert client.get(f"{one}/1").status_code == 404
    assert asyncio.run(ReviewLog(store).read(KEY)).revision == 1

    assert send().json()["recording"]["line"] == 1
    kept = client.get(f"{one}/1")
    assert (kept.status_code, kept.headers["content-type"], kept.content[:4]) == (200, "audio/wav", b"RIFF")
    assert "sandbox" in kept.headers["content-security-policy"]
    rest = {"by": "Ana", "revision": 2, "choices": {"1": {"pace": 1.1}}}
    for wrong in ({"1": {"pace": 9}}, {"1": {"pace": "fast"}}, {"1": {"recording": "other"}}, {"1": {"dance": 1}}, [1]):
        answer = client.post(one.replace("recording", "edit"), json={**rest, "choices": wrong})
        assert answer.status_code in (400, 409)
    assert client.post(one.replace("recording", "edit"), json=rest).json()["revision"] == 3
