"""What the allocator keeps: few pools however many threads there are, and nothing that nobody uses."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep memory otherwise")

_COUNT_POOLS = """
import ctypes, threading
from polyreel.machine.heap import share_pools
{first}
held, ready, over = [], threading.Barrier(13), threading.Barrier(13)
def take():
    held.append(ctypes.create_string_buffer(1000))
    ready.wait()
    over.wait()
threads = [threading.Thread(target=take) for _ in range(12)]
for each in threads: each.start()
ready.wait()
library = ctypes.CDLL(None)
library.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(library.fopen(b"/dev/stdout", b"w"))
library.malloc_info(0, file)
library.fclose(file)
over.wait()
"""

_HOLD = """
from pathlib import Path
from polyreel.machine.heap import give_back
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 1_000_000
before = resident()
blocks = [bytes([number % 256]) * 100_000 for number in range(2000)]
last = blocks[-1]  # at the pool's end: what lies before it is not given back by itself
del blocks
kept = resident()
give_back()
print(before, kept, resident())
"""


def _run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@needs_glibc
def test_a_dozen_threads_share_two_pools() -> None:
    assert _run(_COUNT_POOLS.format(first="")).count("<heap nr=") > 4
    assert _run(_COUNT_POOLS.format(first="share_pools()")).count("<heap nr=") <= 2


@needs_glibc
def test_what_nobody_uses_goes_back_to_the_system() -> None:
    before, kept, after = map(int, _run(_HOLD).split())
    assert kept > before + 150
    assert after < before + 30


_READ_DICTIONARY = """
import mmap, sys
from pathlib import Path
from polyreel.machine.heap import give_back
def held(name):
    entries = Path("/proc/self/smaps").read_text().split("VmFlags")
    return sum(int(each.split("Rss:")[1].split()[0]) for each in entries if name in each)
read, changed = Path(sys.argv[1], "words.dic"), Path(sys.argv[1], "changed.dic")
for path in (read, changed): path.write_bytes(b"word" * 2_000_000)
first, second = read.open("rb"), changed.open("rb")
words = mmap.mmap(first.fileno(), 0, prot=mmap.PROT_READ)
edited = mmap.mmap(second.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
edited[:4] = b"mine"
before = sum(words[at] for at in range(0, len(words), 4096))
kept = held("words.dic")
give_back()
print(kept, held("words.dic"), edited[:4].decode(), before == sum(words[at] for at in range(0, len(words), 4096)))
"""


@needs_glibc
def test_a_dictionary_that_is_only_read_holds_no_memory_between_stages(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _READ_DICTIONARY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    kept, after, mine, same = done.stdout.split()
    assert int(kept) > 7_000
    assert int(after) < 100
    assert (mine, same) == ("mine", "True"), "what was written into a mapping is its own, and stays"
