"""What a run took: seconds by stage and per minute of film, and the memory of everything that it started."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest

from polyreel.machine import memory
from tasks.run.cost import cost_of, list_spans
from tasks.run.progress import Board, Step

HOLDING = "import sys; held = b'x' * 120_000_000; print('ready', flush=True); sys.stdin.read()"


def test_a_stage_of_several_languages_counts_them_all() -> None:
    board = Board()
    for step in (
        Step("separate", "", "done", 1, 4.0),
        Step("dub", "es", "done", 1, 5.0),
        Step("dub", "fr", "done", 1, 7.0),
    ):
        board.steps[step.stage, step.locale] = step
    cost = cost_of(board, Fraction(30), 512_400_000)
    assert cost.stage_seconds == {"separate": 4.0, "dub": 12.0}
    assert cost.seconds_per_minute == 32.0
    assert cost.peak_memory_mb == 512


def test_the_timeline_counts_from_the_first_step_and_leaves_out_what_still_runs() -> None:
    board = Board()
    board.begin("trim")
    board.end("trim", "", "cached")
    board.begin("dub", "es-ES")
    board.begin("dub", "fr-FR")
    board.end("dub", "fr-FR", "failed")
    spans = list_spans(board)
    assert [(each.stage, each.locale, each.state) for each in spans] == [
        ("trim", "", "cached"),
        ("dub", "fr-FR", "failed"),
    ]
    assert spans[0].began == 0.0 <= spans[1].began


def test_what_a_child_process_holds_is_seen_and_remembered_when_it_is_gone() -> None:
    """Seen from a process of its own: this one may give back what earlier tests left whenever it likes."""
    watching = f"""
import subprocess, sys
from polyreel.machine.memory import MemoryWatch, tree_bytes
before = tree_bytes()
with MemoryWatch(every_s=0.05) as watch:
    child = subprocess.Popen([sys.executable, "-c", {HOLDING!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\\n"
    during = watch.peak_bytes
    child.communicate()
    print(before, during, watch.peak_bytes, tree_bytes())
"""
    told = subprocess.run([sys.executable, "-c", watching], capture_output=True, text=True, check=True).stdout
    before, during, remembered, after = map(int, told.split())
    assert remembered >= during > before + 100_000_000
    assert after < before + 100_000_000


def test_pages_that_processes_share_count_once() -> None:
    """Four processes that hold the same 120 MB hold 120 MB, not 480."""
    watching = """
import os, signal
from polyreel.machine.memory import MemoryWatch
before = MemoryWatch().peak_bytes
held, children = b"x" * 120_000_000, []
told, tell = os.pipe()
for _ in range(3):
    if not (child := os.fork()):
        sum(held[::4096])  # its own table of pages has them all now
        os.write(tell, b"r")
        signal.pause()
    children.append(child)
for _ in children:
    os.read(told, 1)
print(before, MemoryWatch().peak_bytes)
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
    told = subprocess.run([sys.executable, "-c", watching], capture_output=True, text=True, check=True).stdout
    before, during = map(int, told.split())
    assert before + 100_000_000 < during < before + 200_000_000


def test_a_watch_that_has_grown_walks_again_and_one_that_has_not_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"resident": 100, "share": 80}
    walks: list[int] = []

    def walk() -> int:
        walks.append(sizes["share"])
        return sizes["share"]

    monkeypatch.setattr(memory, "_list_family", lambda: iter([1]))
    monkeypatch.setattr(memory, "_read_resident", lambda _: sizes["resident"])
    monkeypatch.setattr(memory, "tree_bytes", walk)
    watch = memory.MemoryWatch()
    assert [watch.peak_bytes, watch.peak_bytes] == [80, 80]
    sizes.update(resident=120, share=95)
    assert watch.peak_bytes == 95
    sizes.update(resident=90, share=90)
    assert watch.peak_bytes == 95
    assert walks == [80, 95]
    monkeypatch.setattr(memory, "_WALK_EVERY_S", 0.0)
    sizes.update(resident=110, share=99)  # fewer pages, and fewer of them shared
    assert watch.peak_bytes == 99
