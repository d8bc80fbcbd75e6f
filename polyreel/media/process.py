"""One tool, started and surely ended: own session, limits, bounded output, nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from polyreel.errors import ToolError, ToolStopped, ToolTimeout

_GRACE_S = 1.5
_TAIL_BYTES = 64 << 10
_PIPE_BYTES = 256 << 10
# SIGKILL is not among them: it is what the kernel sends where memory has run out.
_STOPPED = frozenset({-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP})
_FFMPEG_STOPPED = 255  # also what a refused permission gives, but then it prints why
# Secrets live in the environment; a tool that reads hostile media has no use for them.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LANG", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
# What setpriv does, where there is no setpriv: PR_SET_PDEATHSIG is 1. The tool's name is looked for as a shell does.
_WITH_PARENT = (
    "import ctypes, os, signal, sys; "
    "ctypes.CDLL(None).prctl(1, int(signal.SIGKILL)); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
# The kernel does not tell of a parent that died before the child was bound to it: after that, the child looks itself.
_IF_PARENT_LIVES = ("/bin/sh", "-c", 'test "$PPID" = "$0" && exec "$@"')
Taker: TypeAlias = Callable[[bytes], Awaitable[None] | None]
"""Takes a tool's output as it comes; where it returns something to await, the tool waits too."""

NOTES = "pipe:notes"
"""In a command line: the pipe that ``on_note`` listens to."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tool may use. ``memory_bytes`` is address space; where the system can't limit that, it is not limited."""

    seconds: float = 4 * 3600
    memory_bytes: int = 4 << 30


DEFAULT = Limits()


async def execute(
    argv: Sequence[str],
    *,
    limits: Limits = DEFAULT,
    stdin: AsyncIterator[bytes] | None = None,
    stdout: Taker | None = None,
    on_note: Callable[[bytes], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a tool to its end; return the last 64 KiB of what it printed on standard error.

    The tool sees nothing of the environment but a few harmless names, unless ``environment`` says what it sees.

    ``on_note`` gets each line that the tool writes to the pipe called ``NOTES`` in its arguments.
    Raises ToolTimeout, ToolStopped (somebody else ended it) or ToolError. Whatever way this ends, cancellation
    included, the tool and everything it started are gone.
    """
    name = Path(argv[0]).name.partition("-")[0]
    with _notes_pipe(on_note is not None) as (notes, write_end):
        process = await _start_tool(
            _with_notes(argv, write_end),
            limits,
            reads=stdin is not None,
            writes=stdout is not None,
            inherited=write_end,
            environment=environment,
        )
    try:
        async with asyncio.timeout(limits.seconds):
            printed = await _converse_with(process, stdin, stdout, notes, on_note)
    except TimeoutError as error:
        raise _timeout_error(name, limits.seconds) from error
    finally:
        await _end_group(process)
        if notes:
            notes.close()
    _judge_end(name, process.returncode or 0, printed)
    return printed


@contextlib.contextmanager
def _notes_pipe(wanted: bool) -> Iterator[tuple[BinaryIO | None, int | None]]:
    """A pipe whose write end is closed here once the tool has it, so that the tool's end is the end of the notes."""
    if not wanted:
        yield None, None
        return
    read_end, write_end = os.pipe()
    notes = os.fdopen(read_end, "rb", 0)
    try:
        yield notes, write_end
    except BaseException:
        notes.close()
        raise
    finally:
        os.close(write_end)


def _with_notes(argv: Sequence[str], write_end: int | None) -> list[str]:
    return [f"pipe:{write_end}" if argument == NOTES else argument for argument in argv]


async def _start_tool(
    argv: Sequence[str],
    limits: Limits,
    *,
    reads: bool,
    writes: bool,
    inherited: int | None,
    environment: Mapping[str, str] | None,
) -> Process:
    harmless = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *_end_with_parent(os.getpid()),
            *argv,
            stdin=PIPE if reads else DEVNULL,
            stdout=PIPE if writes else DEVNULL,
            stderr=PIPE,
            limit=_PIPE_BYTES,
            env=harmless if environment is None else dict(environment),
            pass_fds=() if inherited is None else (inherited,),
            # A group of its own: one signal reaches whatever the tool starts.
            start_new_session=True,
        )
    )
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # By now it may be at work and have children of its own; asyncio would end the tool and leave them.
        with contextlib.suppress(OSError):
            await _end_group(await starting)
        raise
    except OSError as error:
        raise ToolError(f"can't be started: {error.strerror}.", where=argv[0], remedy="Run `make setup`.") from error
    _limit_memory(process.pid, limits.memory_bytes)
    return process


def _end_with_parent(parent: int) -> tuple[str, ...]:
    """What to put before a command so that it ends, or never begins, when its parent has been killed (Linux)."""
    return (*_find_binding(), *_IF_PARENT_LIVES, str(parent)) if sys.platform == "linux" else ()


@cache
def _find_binding() -> tuple[str, ...]:
    """The command that asks the kernel to kill what it becomes when the parent dies."""
    setpriv = shutil.which("setpriv")
    if setpriv:
        prefix = (setpriv, "--pdeathsig", "KILL", "--")
        # Tried, not believed: some builds of setpriv don't know the option.
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0:
            return prefix
    # -I and -S: nothing of the current folder or of the environment is imported.
    return (sys.executable, "-I", "-S", "-c", _WITH_PARENT)


def _limit_memory(pid: int, memory_bytes: int) -> None:
    if sys.platform != "linux":
        return
    import resource

    # From outside, as code between fork and exec is not safe beside threads. A tool that has ended already needs none.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_AS, (memory_bytes, memory_bytes))


async def _converse_with(
    process: Process,
    stdin: AsyncIterator[bytes] | None,
    stdout: Taker | None,
    notes: BinaryIO | None,
    on_note: Callable[[bytes], None] | None,
) -> str:
    tail = bytearray()
    listening: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(process.wait()),
        asyncio.ensure_future(_read_stream(process.stderr, lambda chunk: _remember_tail(tail, chunk))),
        asyncio.ensure_future(_read_stream(process.stdout, stdout or _ignore_chunk)),
    ]
    if notes and on_note:
        listening.append(asyncio.ensure_future(_read_lines(notes, on_note)))
    feeding = asyncio.ensure_future(_feed_stdin(process, stdin))
    try:
        await _until_heard(listening, feeding)
    finally:
        await _stop_tasks([*listening, feeding])
    return tail.decode("utf-8", "replace")


async def _until_heard(listening: list[asyncio.Future[Any]], feeding: asyncio.Future[None]) -> None:
    """Wait until the tool is done, or the source of its input fails: a tool that is done needs no more input."""
    heard: asyncio.Future[Any] = asyncio.gather(*listening)
    both: set[asyncio.Future[Any]] = {heard, feeding}
    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    if feeding.done() and feeding.exception():
        heard.cancel()
        await asyncio.gather(heard, return_exceptions=True)
        feeding.result()
    await heard


async def _stop_tasks(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _feed_stdin(process: Process, source: AsyncIterator[bytes] | None) -> None:
    if source is None or process.stdin is None:
        return
    try:
        async for chunk in source:
            process.stdin.write(chunk)
            await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # the tool had enough, or failed: its exit code says which
    finally:
        process.stdin.close()


async def _read_stream(stream: asyncio.StreamReader | None, take: Taker) -> None:
    if stream is None:
        return
    while chunk := await stream.read(_PIPE_BYTES):
        waiting = take(chunk)
        if waiting is not None:
            await waiting


async def _read_lines(pipe: BinaryIO, take: Callable[[bytes], None]) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        while line := await reader.readline():
            take(line)
    finally:
        transport.close()


def _ignore_chunk(_: bytes) -> None:
    pass


def _remember_tail(tail: bytearray, chunk: bytes) -> None:
    tail += chunk
    del tail[:-_TAIL_BYTES]


async def _end_group(process: Process) -> None:
    """Ask the whole group to end, then make it. Bounded, also when cancelled once more meanwhile."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await _drain_pipes(process)
        finally:
            # Also after a polite end: what the tool started may have ignored it.
            _signal_group(process.pid, signal.SIGKILL)
            await _drain_pipes(process)


async def _drain_pipes(process: Process) -> None:
    # An unread pipe can keep some Python versions from noticing the end.
    await asyncio.gather(
        process.wait(), _read_stream(process.stdout, _ignore_chunk), _read_stream(process.stderr, _ignore_chunk)
    )


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _timeout_error(name: str, seconds: float) -> ToolTimeout:
    return ToolTimeout(
        f"did not end within {seconds:g} seconds and was ended.",
        where=name,
        remedy="The file may be damaged; if it is only long, allow more time.",
    )


def _judge_end(name: str, code: int, printed: str) -> None:
    if code == 0:
        return
    if code in _STOPPED or (code == _FFMPEG_STOPPED and (not printed.strip() or "received signal" in printed)):
        raise ToolStopped("was ended from outside.", where=name, remedy="Run the job again.")
    if code == -signal.SIGKILL:
        raise ToolError("was killed, most likely for want of memory.", where=name, remedy="Free memory and run again.")
    raise ToolError(
        f"failed (exit code {code}): {last_words(printed)}",
        where=name,
        remedy="Run the job again; if it fails the same way, the file that it reads is at fault: export it anew.",
    )


def last_words(printed: str, lines: int = 4) -> str:
    """The last lines a tool printed, without its internal addresses: the end of an error message."""
    said = [re.sub(r"\[[^\[\]]* @ 0x[0-9a-f]+\] ?", "", line).strip() for line in printed.splitlines()]
    return " | ".join([line for line in said if line][-lines:]) or "it said nothing."
