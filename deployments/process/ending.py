"""The end of a program that has nothing left to do."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

INTERRUPTED = 130
"""The exit code of a program that a person or the system has stopped."""


def take_termination_as_ctrl_c() -> None:
    """Let SIGTERM end this program as Ctrl-C does: what was started is ended first. Until a run takes both signals."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class AllWritten(SystemExit):
    """Everything is on disk, heard by the server and printed: `cli.main` ends the program at once.

    Python's own end takes apart what was loaded: most of a second, with models.
    """

    code: int

    def now(self) -> NoReturn:
        """End, once what was printed is out."""
        sys.stdout.flush()
        sys.stderr.flush()
        # Python would flush these at its end, which never comes.
        os._exit(self.code)
