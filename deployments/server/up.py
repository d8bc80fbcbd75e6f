"""`polyreel up`, behind the command: two children, the server and the served deployments, kept alive together.

With ``--callbacks`` there is a third, the receiver of callbacks, on a port of its own.

The parent is light: it binds the port, starts the children, starts again one that dies, and ends them. It keeps the
listening socket itself, so that while a server that died comes back its clients wait in the queue instead of being
refused. Both children live as long as the pipe to them: whatever ends the parent, nothing stays behind.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployments.process import address
from deployments.process.interpreter import python_command
from deployments.process.signs_of_life import HEARTBEAT_S
from deployments.server.new_database import find_migrated, put_new_database
from deployments.server.own_environment import own_environment
from deployments.server.own_pages import make_origins_setting
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.machine import home
from polyreel.machine.files import require_free_disk

READY_WITHIN_S = 180.0
_GOODBYE_S = 9.0
_MOST_DEATHS = 5
"""As many deaths of one child within a minute mean that something is wrong which starting again does not mend."""


@dataclass
class Child:
    """A child process that is started again when it dies."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    pass_fds: tuple[int, ...] = ()
    cwd: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_DEATHS))

    def start(self) -> None:
        """Start it, its words going to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                python_command(*self.argv),
                env=self.env,
                cwd=self.cwd,
                pass_fds=self.pass_fds,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the parent, which ends them in order
            )

    def revive(self) -> bool:
        """Start it again if it has died; True when it had. Raises `PolyreelError` when that happens too often."""
        if self.process is None or self.process.poll() is None:
            return False
        self.deaths.append(time.monotonic())
        if len(self.deaths) == _MOST_DEATHS and self.deaths[-1] - self.deaths[0] < 60:
            raise PolyreelError(
                f"the {self.name} ended {_MOST_DEATHS} times within a minute",
                code="server_failed",
                remedy=f"Its log is {self.log}.",
            )
        self.start()
        return True

    def end(self) -> None:
        """Let it end in order, then make sure."""
        if self.process is None:
            return
        if self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@dataclass(frozen=True)
class Asked:
    """What was asked of `polyreel up`."""

    port: int
    wishes: dict[str, Any]
    tell: tuple[str, ...] = ()
    callbacks: str = ""
    """The public address that vendors call; empty: no receiver."""
    callbacks_port: int = 0
    callbacks_secret: str = ""


class Up:
    """Everything on one machine: one port, two children."""

    def __init__(self, asked: Asked) -> None:
        self._listener = _bind_port(asked.port)
        port = self._listener.getsockname()[1]
        self.ui = f"http://127.0.0.1:{port}"
        self.api = f"{self.ui}/api"
        folder = address.find_folder()
        # Beside what `polyreel run` uses on its own: runs of either are in one history.
        database = home.home() / "prefect"
        put_new_database(database, find_migrated())
        env = {**own_environment(database), **_make_environment(folder, port, self.api)}
        if asked.callbacks:
            env["POLYREEL_CALLBACKS_URL"] = asked.callbacks
        descriptor = self._listener.fileno()
        self._server = Child(
            "server",
            ["deployments.server.api_server", str(descriptor)],
            env,
            folder / "server.log",
            (descriptor,),
            cwd=database,
        )
        order = json.dumps({"wishes": asked.wishes, "tell": asked.tell})
        self._served = Child("served deployments", ["deployments.runner.served", order], env, folder / "served.log")
        self._receiver: Child | None = None
        self.callbacks = ""
        if asked.callbacks:
            self._receiver, self.callbacks = self._make_receiver(asked, env, folder)
        self._stopping = threading.Event()

    def _make_receiver(self, asked: Asked, env: dict[str, str], folder: Path) -> tuple[Child, str]:
        self._callbacks_listener = listener = _bind_port(asked.callbacks_port)
        descriptor = listener.fileno()
        argv = ["deployments.server.callbacks", str(descriptor), asked.callbacks_secret]
        child = Child("receiver of callbacks", argv, env, folder / "callbacks.log", (descriptor,))
        return child, f"http://127.0.0.1:{listener.getsockname()[1]}"

    @property
    def _children(self) -> tuple[Child, ...]:
        return (self._server, self._served, *([self._receiver] if self._receiver else []))

    def start(self) -> None:
        """Start all and wait until runs can be made. Raises what keeps them from it."""
        for child in (self._server, self._served):
            child.start()
        self._wait_until_ready(self._served)
        if self._receiver:
            self._receiver.start()  # its secret is on the server
            self._wait_until_ready(self._receiver)
        address.write_address(self.api, self.ui)

    def run(self) -> None:
        """Keep both alive until asked to stop."""
        while not self._stopping.wait(0.5):
            for child in self._children:
                if child.revive():
                    print(f"polyreel: the {child.name} died and is started again.", file=sys.stderr)  # noqa: T201

    def stop(self, *_: object) -> None:
        """Ask it to stop: a signal handler too."""
        self._stopping.set()

    def close(self) -> None:
        """End all; the runs end before the server, which can then still hear how."""
        if self._receiver:
            self._receiver.end()
            self._callbacks_listener.close()
        self._served.end()
        self._server.end()
        self._listener.close()

    def _wait_until_ready(self, child: Child) -> None:
        words: list[bytes] = []
        # In a thread: a pipe's `readline` can't be given a time limit, and a child that hangs must not hang us.
        reader = threading.Thread(target=lambda: words.append(_first_line(child)), daemon=True)
        reader.start()
        deadline = time.monotonic() + READY_WITHIN_S
        while reader.is_alive() and time.monotonic() < deadline and not self._stopping.is_set():
            reader.join(0.1)
            if self._server.process and self._server.process.poll() is not None:
                raise _not_ready(self._server)
        if self._stopping.is_set():
            raise SystemExit(0)
        if words != [b"ready"]:
            raise _read_refusal(words) or _not_ready(child)


def keep_up(up: Up) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP; a second one ends everything at once (the pipes see to the children)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, up.stop)
    try:
        up.run()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(130))
        up.close()


def _bind_port(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port that `up` has just left is in TIME_WAIT for a minute, and people start it again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise PolyreelError(
            f"port {port} can't be used: {error.strerror}",
            code="port_in_use",
            remedy="Choose another with --port; 0 takes any free one.",
        ) from None
    return listener


def _make_environment(folder: Path, port: int, api: str) -> dict[str, str]:
    """The children's settings, on top of those that every command has."""
    auth = os.environ.get("PREFECT_SERVER_API_AUTH_STRING") or os.environ.get("PREFECT_API_AUTH_STRING")
    return {
        "PREFECT_API_URL": api,
        "PREFECT_UI_URL": api.removesuffix("/api"),
        "PREFECT_SERVER_UI_API_URL": api,
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        **make_origins_setting(port),
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(folder / "ui"),
        # The new UI draws no form for a nested job yet; a person may still switch to it.
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # A run whose turn it is not looks again this often.
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "2",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
        **_guard_server(auth, api.removesuffix("/api")),
    }


def _guard_server(auth: str | None, ui: str) -> dict[str, str]:
    """A password for the server and its clients; without one, links to what was delivered, and to reviews."""
    if auth:
        return {"PREFECT_SERVER_API_AUTH_STRING": auth, "PREFECT_API_AUTH_STRING": auth}
    return {"POLYREEL_DELIVERED_URL": f"{ui}/delivered", "POLYREEL_REVIEW_URL": f"{ui}/review"}


def _first_line(child: Child) -> bytes:
    assert child.process is not None  # noqa: S101 - it was started
    assert child.process.stdout is not None  # noqa: S101 - with a pipe
    return child.process.stdout.readline().strip()


def _read_refusal(words: list[bytes]) -> PolyreelError | None:
    try:
        said = json.loads(words[0])
    except (IndexError, ValueError):
        return None
    return InvalidJob(said["message"], code=said["code"], remedy=said["remedy"])


def _not_ready(child: Child) -> PolyreelError:
    require_free_disk()
    return PolyreelError(f"the {child.name} did not come up", code="server_failed", remedy=f"Its log is {child.log}.")
