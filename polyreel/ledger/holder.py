"""Who makes a call. On the same machine a holder that died is known at once; elsewhere it has to be silent for a lease.

Clocks are set forward and back, and a machine that slept finds every lease over, also of processes that go on beside
it. So whoever would take something over watches by a clock of its own (`HoldWatch`); the times that rows bear are for
what is shown.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_HIDDEN = "?"
"""In the place of when a process began: it is another user's, and ``/proc`` is mounted so that it shows none of those
(``hidepid``). That says nothing against its life."""
_NETWORK = Path("/sys/class/net")
GRACE_SECONDS = 600.0
"""How long a living process that gives no sign of life keeps its hold beyond the lease."""


def new_holder() -> str:
    """A name for one attempt of this process: ``MACHINE:PID:STARTED:ATTEMPT``."""
    pid = os.getpid()
    return f"{_name_machine()}:{pid}:{_start_ticks(pid)}:{uuid.uuid4().hex[:12]}"


_ended: set[str] = set()


def end_holder(holder: str) -> None:
    """Note that an attempt of this process is over, whatever a row or a claim goes on to say."""
    if is_own(holder):
        _ended.add(holder)


def is_dead(holder: str) -> bool:
    """Whether the holder is known to have ended, with its process or before. False where that can't be seen."""
    if holder in _ended:
        return True
    machine, pid, started = (*holder.split(":"), "", "", "")[:3]
    if not machine or machine != _name_machine() or not pid.isdecimal() or not started:
        return False
    return _start_ticks(int(pid)) not in (started, _HIDDEN)


def is_alive(holder: str) -> bool:
    """Whether the holder's process is known to live, however long ago it gave a sign of life."""
    if holder in _ended:
        return False
    machine, pid, started = (*holder.split(":"), "", "", "")[:3]
    return bool(started) and machine == _name_machine() and pid.isdecimal() and _start_ticks(int(pid)) == started


def is_own(holder: str) -> bool:
    """Whether the holder is this process: another language of the same run, as a rule."""
    pid = os.getpid()
    return holder.split(":")[:3] == [_name_machine(), str(pid), _start_ticks(pid)]


Sign = tuple[str, float]
"""A holder and the end of its lease: while it lives, each sign of life changes that."""


def may_hold(holder: str) -> bool:
    """Whether somebody holds, as far as can be told without watching: nobody may act as if that holder were gone."""
    return bool(holder) and not is_dead(holder)


@dataclass(slots=True)
class HoldWatch:
    """Tells whether a holder has been silent for a whole lease: seconds by a clock that nobody sets.

    Not by the first look, however long ago its lease ended. Of the time between two looks a quarter of the lease counts
    at most: where everything stood still (a machine that slept), the holder did as well.
    """

    lease: float
    clock: Callable[[], float] = time.monotonic
    _sign: Sign | None = None
    _silent: float = 0.0
    _looked_at: float = 0.0

    def look(self, holder: str, lease_until: float) -> bool:
        """Take note of how it stands now, again and again; False: somebody has changed it since the look before."""
        now, sign, before = self.clock(), (holder, lease_until), self._sign
        self._silent = self._silent + min(now - self._looked_at, self.lease / 4) if sign == before else 0.0
        self._sign, self._looked_at = sign, now
        return before in (None, sign)

    @property
    def abandoned(self) -> Sign | None:
        """What may be taken over, while it still stands so; None while there is somebody to wait for."""
        if self._sign is None:
            return None
        # A holder that lives on this machine may be suspended, or starved of the processor, and still come back.
        grace = GRACE_SECONDS if is_alive(self._sign[0]) else 0.0
        return self._sign if self._silent >= self.lease + grace else None


def seems_to_hold(holder: str, lease_until: float, now: float) -> bool:
    """Whether a holder seems to be at work, by the time that its row bears. For what is shown; see `HoldWatch`."""
    if not may_hold(holder):
        return False
    return now < lease_until + (GRACE_SECONDS if is_alive(holder) else 0.0)


def _name_machine() -> str:
    # Process ids mean something within one boot and one PID namespace (a container has its own).
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot[:13]}.{Path('/proc/self/ns/pid').stat().st_ino}.{_digest_hardware()}"
    except OSError:
        return ""


def _digest_hardware() -> str:
    """What tells virtual machines apart that were begun from one that ran: those share the boot, and its processes.

    Host's name and network cards. Where one of them changes meanwhile, holders of before are taken for another
    machine's, which are waited for.
    """
    cards = sorted(card.read_text().strip() for card in _NETWORK.glob("*/address") if (card.parent / "device").exists())
    return hashlib.sha256("\0".join((os.uname().nodename, *cards)).encode()).hexdigest()[:8]


def _start_ticks(pid: int) -> str:
    """When the process began, in the kernel's ticks: ids are used again, this is not. Empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return _HIDDEN if _is_others(pid) else ""
    # The second field is the program's name in brackets, which may hold blanks and brackets of its own.
    fields = stat[stat.rindex(")") + 1 :].split()
    # A zombie has ended and only waits to be read by its parent: it makes no call any more.
    return "" if fields[0] in ("Z", "X") else fields[19]


def _is_others(pid: int) -> bool:
    """Whether there is such a process, and it is another user's."""
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return False
