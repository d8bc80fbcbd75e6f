"""The command line in processes that have their imports behind them: `python -P -m tests.warm_commands SOCKET`.

Importing takes a command one to three seconds of a processor, most of what tests of the command line took. Here one
process per worker imports everything once, and each command is forked from it: a process like any other, with its own
arguments, environment, folder, streams, signals and exit code. What it reads from the environment before its imports
would not be read again: then it gets an interpreter of its own (`Command.starts_like_others` says when).
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parents[1]
ORDER_BYTES = 1 << 20
# What an interpreter, the loader or a network of threads reads when it starts.
_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "OMP_", "OPENBLAS_", "MALLOC_", "PREFECT_PROFILE", "COVERAGE")
_FLOWS = ("flows.localise", "flows.batch", "flows.inbox", "flows.revise", "flows.housekeeping", "prefect.flow_engine")


@dataclass(frozen=True)
class Command:
    """One call of the command line: its arguments, and all of its environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path

    def starts_like_others(self) -> bool:
        """Whether it may be forked: nothing in its environment changes how an interpreter starts."""
        named = (*self.environment, *os.environ)
        changed = {name for name in named if self.environment.get(name) != os.environ.get(name)}
        return not any(name.startswith(_READ_AT_START) for name in changed)

    def run_anew(self, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run it in an interpreter of its own. Raises `subprocess.TimeoutExpired`."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "deployments.cli", *self.arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@dataclass
class Running:
    """A command that was begun: its process's id, and how it has ended, as `subprocess.Popen` has it."""

    pid: int
    _told: socket.socket
    code: int | None = None

    def poll(self) -> int | None:
        """Its exit code; none while it runs."""
        with contextlib.suppress(BlockingIOError, TimeoutError):
            return self.wait(0.0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended; below 0 it is the signal that ended it. Raises `TimeoutError`."""
        if self.code is None:
            self._told.settimeout(timeout)
            self.code = int(self._told.recv(64))
            self._told.close()
        return self.code

    def kill(self) -> None:
        """End it at once, and wait for that."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()


class WarmCommands:
    """Runs commands in processes forked from one that has imported everything. Not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "warm.sock")
        self._log = (folder / "warm.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.warm_commands", self._address],
            cwd=ROOT,
            stdin=subprocess.PIPE,  # its lifeline
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        self._ready = self._process.stdout

    def run(self, command: Command, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises `subprocess.TimeoutExpired`, the command being killed."""
        if not command.starts_like_others():
            return command.run_anew(timeout)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            running = self.start(command, out, err)
            try:
                code = running.wait(timeout)
            except TimeoutError:
                running.kill()
                raise subprocess.TimeoutExpired(command.arguments, timeout, _read_all(out), _read_all(err)) from None
            words = [_read_all(stream) for stream in (out, err)]
        return subprocess.CompletedProcess(command.arguments, code, *words)

    def start(self, command: Command, out: IO[Any], err: IO[Any]) -> Running:
        """Begin a command, whose words go into these files."""
        if not self._ready.closed:
            assert self._ready.readline() == b"ready\n", Path(self._log.name).read_text()
            self._ready.close()
        order = {"argv": command.arguments, "env": dict(command.environment), "cwd": str(command.folder)}
        asked = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asked.connect(self._address)
        with Path(os.devnull).open("rb") as nothing:
            socket.send_fds(asked, [json.dumps(order).encode()], [nothing.fileno(), out.fileno(), err.fileno()])
        return Running(int(asked.recv(64)), asked)

    def close(self) -> None:
        """End the process that others are forked from."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._ready.close()
        self._process.wait(30)
        self._log.close()


def _read_all(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


# -- the process that commands are forked from


def main() -> None:
    """Import everything, and fork a command for each order that comes, until standard input ends."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        with _imported_elsewhere():
            _import_everything()
        # A thread would not be there in what is forked, and what it holds would be held for ever.
        assert threading.active_count() == 1, threading.enumerate()
        gc.collect()
        gc.freeze()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that wait for a command are not waited for
        while listening in select.select([listening, sys.stdin.fileno()], [], [])[0]:
            asked, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _wait_for_command(asked)
            asked.close()


@contextlib.contextmanager
def _imported_elsewhere() -> Iterator[None]:
    """A home that nobody has: what modules read and make as they are imported is no command's."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["POLYREEL_HOME"] = folder
        from deployments.process import environment

        environment.prepare_environment()
        yield


def _import_everything() -> None:
    from deployments.cli import COMMANDS
    from deployments.process.garbage import look_seldom

    look_seldom()
    for name in (*(place.partition(":")[0] for place, _ in COMMANDS.values()), *_FLOWS):
        importlib.import_module(name)


def _wait_for_command(asked: socket.socket) -> NoReturn:
    """In a process of its own: fork the command, say its id, and how it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    words, streams, _, _ = socket.recv_fds(asked, ORDER_BYTES, 3)
    order = json.loads(words)
    pid = os.fork()
    if pid == 0:
        asked.close()
        _become_command(order, streams)
    asked.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    asked.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become_command(order: dict[str, Any], streams: list[int]) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    from deployments import cli
    from deployments.process import environment

    _read_settings_after(environment)
    # As `python -P -m deployments.cli` has it; processes that it starts import that, and not this.
    sys.modules["__main__"] = cli
    sys.argv = [str(cli.__file__), *order["argv"]]
    cli.main()


def _read_settings_after(environment: Any) -> None:
    """Have Prefect read the environment whenever it was prepared: it did when it was imported, in another one."""
    from prefect.context import refresh_global_settings_context

    def add_reading(change: Callable[..., None]) -> Callable[..., None]:
        def change_and_read(*arguments: Any) -> None:
            change(*arguments)
            refresh_global_settings_context()

        return change_and_read

    for name in ("prepare_environment", "_set_variables"):
        setattr(environment, name, add_reading(getattr(environment, name)))


if __name__ == "__main__":
    main()
