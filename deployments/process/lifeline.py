"""A child lives as long as its standard input stays open: the kernel closes that pipe when the parent dies."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

# Less than the ten seconds after which `docker stop` kills what is left.
GOODBYE_S = 4.0


def hold_lifeline(on_end: Callable[[], None], goodbye_s: float = GOODBYE_S) -> None:
    """When standard input ends, call ``on_end``, and end this process for good ``goodbye_s`` later."""
    threading.Thread(target=_watch_input, args=(on_end, goodbye_s), name="lifeline", daemon=True).start()


def _watch_input(on_end: Callable[[], None], goodbye_s: float) -> None:
    # Not sys.stdin: a thread that waits in there keeps the interpreter from ending in order.
    while os.read(0, 4096):
        pass
    on_end()
    # Whatever hangs in its goodbye: nobody is left who would end this process.
    time.sleep(goodbye_s)
    os._exit(0)


def first_line() -> bytes:
    """The first line on standard input; empty where it ends before."""
    line = b""
    while not line.endswith(b"\n"):
        # Unbuffered: what Python's reader takes beyond the line would be missing to the lifeline.
        got = os.read(0, 65536)
        if not got:
            return b""
        line += got
    return line
