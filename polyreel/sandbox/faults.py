"""Faults on demand: what may go wrong, where, how often. `polyreel.sandbox.storm` is where they strike.

At the wire  ``status`` (code, retry_after) · ``slow`` (seconds) · ``reset_before`` · ``reset_after`` · ``truncated`` ·
             ``dripping`` (seconds per piece) · ``wrong_json`` · ``down`` (seconds)
Late         ``listed_late`` (seconds: lists lack what is younger) · ``found_late`` (a look at it by its id is a 404)
Links        ``expired_urls``
Callbacks    ``callback_lost`` · ``callback_doubled`` · ``callback_late`` (seconds) · ``callback_reordered`` ·
             ``callback_forged``
Jobs         ``job_fails`` (code, message) · ``job_stuck``
"""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "status", "slow", "reset_before", "reset_after", "truncated", "dripping", "wrong_json", "down", "listed_late",
    "found_late", "expired_urls", "callback_lost", "callback_doubled", "callback_late", "callback_reordered",
    "callback_forged", "job_fails", "job_stuck",
]  # fmt: skip


STORE = "files"
"""The file store that the vendors' signed links lead to. Faults strike there only when they name it: the vendors
themselves fetch from it, and a vendor's own storage has other weather than its API."""


class Fault(BaseModel):
    """One thing that goes wrong, as the control endpoint takes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    vendor: str = Field(
        default="*",
        description="panjaya, dubformer, tpstreams, videojungle, nomad, or * for any of them; files for the storage "
        "behind their signed links.",
    )
    method: str = Field(default="*", description="HTTP method, or * for any.")
    path: str = Field(
        default="*", description="A pattern on the path below the vendor (/v1/assets/*), or a job's step."
    )
    times: int = Field(default=1, ge=0, description="How often; 0 is until it is taken away.")
    chance: float = Field(default=1.0, gt=0, le=1, description="How likely, each time it could strike.")
    status: int = Field(default=503, ge=400, le=599)
    retry_after: str | None = Field(default=None, description="Retry-After: seconds or an HTTP date.")
    seconds: float = Field(
        default=1.0, ge=0, description="How long: slow, dripping (per piece), down, late, or until it is shown."
    )
    code: str = Field(default="", description="The vendor's own error code, for a job that fails.")
    message: str = ""


_LISTS = (
    *(("tpstreams", f"*/{name}/") for name in ("assets", "folders", "subtitles", "webhooks")),
    *(
        ("videojungle", path)
        for path in ("/projects", "*/assets", "*/asset", "*/generated", "*/scripts", "/video-file")
    ),
    *(("nomad", f"*/{name}") for name in ("annotation", "adbreak", "asset/upload", "getAssetChildNodes")),
    ("panjaya", "/v1/assets/"),
    ("dubformer", "/api/v1/projects"),
)
"""What vendors list, by the path below each; what lies inside one thing is part of that."""

PROFILES: dict[str, tuple[Fault, ...]] = {
    "none": (),
    "flaky": (
        Fault(kind="status", status=429, retry_after="1", times=0, chance=0.04),
        Fault(kind="status", status=503, times=0, chance=0.04),
        Fault(kind="slow", seconds=0.5, times=0, chance=0.05),
        Fault(kind="reset_before", times=0, chance=0.02),
        # Only GET: a lost answer to what is charged belongs to stormy weather.
        Fault(kind="reset_after", method="GET", times=0, chance=0.02),
        Fault(kind="truncated", method="GET", times=0, chance=0.02),
        Fault(kind="callback_lost", times=0, chance=0.1),
        Fault(kind="callback_doubled", times=0, chance=0.1),
        Fault(kind="callback_late", seconds=2, times=0, chance=0.1),
    ),
    "stormy": (
        Fault(kind="status", status=429, retry_after="2", times=0, chance=0.1),
        Fault(kind="status", status=500, times=0, chance=0.1),
        Fault(kind="reset_before", times=0, chance=0.05),
        Fault(kind="reset_after", times=0, chance=0.05),
        Fault(kind="wrong_json", method="GET", times=0, chance=0.05),
        Fault(kind="dripping", seconds=0.02, times=0, chance=0.05),
        Fault(kind="expired_urls", times=0, chance=0.1),
        Fault(kind="callback_lost", times=0, chance=0.3),
        Fault(kind="callback_forged", times=0, chance=0.1),
        Fault(kind="job_fails", times=0, chance=0.05),
    ),
    "slow": (Fault(kind="slow", seconds=3, times=0), Fault(kind="dripping", seconds=0.05, times=0, chance=0.2)),
    "late": tuple(Fault(kind="listed_late", seconds=2, times=0, vendor=vendor, path=path) for vendor, path in _LISTS),
    "callbacks": (
        Fault(kind="callback_lost", times=0, chance=0.3),
        Fault(kind="callback_doubled", times=0, chance=0.3),
        Fault(kind="callback_reordered", times=0, chance=0.3),
        Fault(kind="callback_forged", times=0, chance=0.3),
    ),
}


@dataclass
class Armed:
    """A fault that waits to strike."""

    fault: Fault
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    struck: int = 0
    since: float = field(default_factory=time.monotonic)

    def hits(self, kinds: tuple[str, ...], vendor: str, path: str, method: str) -> bool:
        """Whether this is the place."""
        fault = self.fault
        return (
            fault.kind in kinds
            and (fault.vendor == vendor or (fault.vendor == "*" and vendor != STORE))
            and fault.method.upper() in ("*", method)
            and fnmatchcase(path, fault.path)
            and not self.is_spent()
        )

    def is_spent(self) -> bool:
        """Whether it has struck as often, or lasted as long, as it was meant to."""
        if self.fault.kind == "down":
            return time.monotonic() - self.since > self.fault.seconds
        return 0 < self.fault.times <= self.struck


class Faults:
    """The faults that wait. Chance is seeded: the same rehearsal meets the same weather."""

    def __init__(self, profile: str = "none", seed: int = 7) -> None:
        self._armed = [Armed(fault) for fault in PROFILES[profile]]
        self._dice = random.Random(seed)  # noqa: S311 - weather, not secrets

    def arm(self, fault: Fault) -> Armed:
        """Let a fault wait for its place."""
        armed = Armed(fault)
        self._armed.append(armed)
        return armed

    def clear(self, key: str | None = None) -> int:
        """Take away one fault, or all; how many went."""
        before = len(self._armed)
        self._armed = [armed for armed in self._armed if key is not None and armed.id != key]
        return before - len(self._armed)

    def list_armed(self) -> list[Armed]:
        """The faults that may still strike."""
        self._armed = [armed for armed in self._armed if not armed.is_spent()]
        return list(self._armed)

    def take(self, kind: str, vendor: str, path: str = "*", method: str = "*") -> Fault | None:
        """The fault of this kind that strikes here and now, if any."""
        return self.take_any((kind,), vendor, path, method)

    def take_any(self, kinds: tuple[str, ...], vendor: str, path: str, method: str) -> Fault | None:
        """The first fault of these kinds that strikes here and now, if any."""
        for armed in self._armed:
            # Dice are thrown only where a fault could strike, so that other traffic doesn't change the weather.
            if armed.hits(kinds, vendor, path, method) and self._dice.random() < armed.fault.chance:
                armed.struck += 1
                return armed.fault
        return None
