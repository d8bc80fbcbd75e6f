"""A headless Chromium, driven over its DevTools protocol with the websocket client that Prefect brings along."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect


def find_chromium() -> str | None:
    """A browser on this machine."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0

    def send(self, method: str, **parameters: Any) -> Any:
        """One DevTools call and its answer."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def go(self, address: str) -> None:
        """Open an address."""
        self.send("Page.navigate", url=address)

    def js(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str, within: float = 60) -> Any:
        """The value of an expression, once it is truthy."""
        deadline = time.monotonic() + within
        while not (value := self.js(f"document.body && ({expression})")):
            assert time.monotonic() < deadline, f"{expression} never came; the page says: {self.text()[:1500]}"
            time.sleep(0.2)
        return value

    def text(self) -> str:
        """What the page says."""
        return str(self.js("document.body.innerText"))

    def click(self, finder: str) -> None:
        """A real click, in the middle of the element that the JavaScript ``finder`` gives."""
        self.until(f"!!({finder})")
        self.js(f"({finder}).scrollIntoView({{block: 'center'}})")
        time.sleep(0.2)
        box = self.js(
            f"(() => {{const b = ({finder}).getBoundingClientRect(); return [b.x, b.y, b.width, b.height]}})()"
        )
        at = {"x": box[0] + box[2] / 2, "y": box[1] + box[3] / 2, "button": "left", "clickCount": 1}
        self.send("Input.dispatchMouseEvent", type="mousePressed", **at)
        self.send("Input.dispatchMouseEvent", type="mouseReleased", **at)

    def type(self, finder: str, text: str) -> None:
        """Click into a field and type."""
        self.click(finder)
        self.js(f"({finder}).select && ({finder}).select()")
        self.send("Input.insertText", text=text)

    def picture(self, path: Path, full: bool = False) -> None:
        """A screenshot as PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(folder: Path, *flags: str, width: int = 1280, height: int = 1000) -> Iterator[Page]:
    """A tab in a browser of our own, which ends with the block; ``flags`` are Chromium's."""
    chromium = find_chromium()
    assert chromium
    command = [
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        f"--window-size={width},{height}",
        *flags,
        "about:blank",
    ]
    env = {**os.environ, "HOME": str(folder)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_tab(folder), max_size=64 << 20, compression=None) as socket:
            page = Page(socket)
            page.send("Page.enable")
            yield page
    finally:
        process.terminate()
        process.wait(20)


def _tab(folder: Path) -> str:
    """The websocket of the first tab, once the browser has said on which port it listens."""
    import httpx

    told = folder / "DevToolsActivePort"
    deadline = time.monotonic() + 60
    while not told.exists() or not told.read_text().strip():
        assert time.monotonic() < deadline, "the browser did not start"
        time.sleep(0.1)
    port = told.read_text().split()[0]
    tabs = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
