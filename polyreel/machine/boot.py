"""This start of this machine: what tells what was left by a process from what was left by a crash of the machine."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path


def boot_id() -> str:
    """This start of this machine, in 8 characters: what runs on another machine, or ran before, has another one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return hashlib.sha256(platform.node().encode()).hexdigest()[:8]
