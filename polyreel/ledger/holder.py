"""Who makes a call. On the same machine a holder that died is known at once; elsewhere its lease has to run out."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

GRACE_SECONDS = 600.0
"""How long a living process that gives no sign of life keeps its hold beyond the lease."""


def new_holder() -> str:
    """A name for one attempt of this process: ``MACHINE:PID:STARTED:ATTEMPT``."""
    pid = os.getpid()
    return f"{_name_machine()}:{pid}:{_start_ticks(pid)}:{uuid.uuid4().hex[:12]}"


def is_dead(holder: str) -> bool:
    """Whether the holder's process is known to have ended. False where that can't be seen from here."""
    machine, pid, started = (*holder.split(":"), "", "", "")[:3]
    if not machine or machine != _name_machine() or not pid.isdecimal() or not started:
        return False
    return _start_ticks(int(pid)) != started


def is_alive(holder: str) -> bool:
    """Whether the holder's process is known to live, however long ago it gave a sign of life."""
    machine, pid, started = (*holder.split(":"), "", "", "")[:3]
    return bool(started) and machine == _name_machine() and pid.isdecimal() and _start_ticks(int(pid)) == started


def is_own(holder: str) -> bool:
    """Whether the holder is this process: another language of the same run, as a rule."""
    pid = os.getpid()
    return holder.split(":")[:3] == [_name_machine(), str(pid), _start_ticks(pid)]


def has_hold(holder: str, lease_until: float, now: float) -> bool:
    """Whether a holder is to be waited for: it lives, or has given a sign of life within its lease."""
    if not holder or is_dead(holder):
        return False
    # A holder that lives on this machine may be suspended, or starved of the processor, and still come back.
    return now < lease_until + (GRACE_SECONDS if is_alive(holder) else 0.0)


def _name_machine() -> str:
    # Process ids mean something within one boot and one PID namespace (a container has its own).
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot[:13]}.{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _start_ticks(pid: int) -> str:
    """When the process began, in the kernel's ticks: ids are used again, this is not. Empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    # The second field is the program's name in brackets, which may hold blanks and brackets of its own.
    fields = stat[stat.rindex(")") + 1 :].split()
    # A zombie has ended and only waits to be read by its parent: it makes no call any more.
    return "" if fields[0] in ("Z", "X") else fields[19]
