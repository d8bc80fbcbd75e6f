"""The rehearsal sandbox as a process of its own, for tests of whatever talks to vendors."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 60
"""Seconds; a busy machine takes ten to start it."""


class Rehearsal:
    """One sandbox process over a data folder; ``base`` is its address."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        log = data.with_name(f"{data.name}.log")
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "polyreel.sandbox", "--port", "0", "--data", str(data), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=out,
                env={**os.environ, "POLYREEL_HOME": str(data)},
            )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        self.base = self.process.stdout.readline().decode().strip() if ready else ""
        if not self.base:
            self.kill()
            raise AssertionError(f"the sandbox did not start:\n{log.read_text('utf-8', 'replace')[-2000:]}")

    def stop(self) -> int:
        """End it as a person would."""
        self.process.terminate()
        return self._gone()

    def kill(self) -> int:
        """End it as a power cut would."""
        self.process.kill()
        return self._gone()

    def _gone(self) -> int:
        code = self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def client(self, vendor: str, **headers: str) -> httpx.Client:
        """A plain client of one vendor."""
        return httpx.Client(base_url=f"{self.base}/{vendor}", headers=headers, timeout=PATIENCE, trust_env=False)

    def arm(self, **fault: Any) -> None:
        """Let something go wrong."""
        assert httpx.post(f"{self.base}/sandbox/faults", json=fault).status_code == 201


@contextmanager
def sandbox_at(data: Path, *options: str) -> Iterator[str]:
    """The address of a sandbox that runs as long as the block."""
    rehearsal = Rehearsal(data, *options)
    try:
        yield rehearsal.base
    finally:
        rehearsal.stop()
