"""A row of the ledger, and what is said about it before and after the call that must happen once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class State(StrEnum):
    """How far a row is. The first has no receipt; `unresolved` waits for a person to say whether there is one."""

    INTENDED = "intended"
    SUBMITTED = "submitted"
    READY = "ready"
    COLLECTED = "collected"
    FAILED = "failed"
    UNRESOLVED = "unresolved"
    FORGOTTEN = "forgotten"


OPEN = frozenset({State.INTENDED, State.UNRESOLVED})
"""States in which nobody knows yet whether the call was made."""
NOT_BOUGHT = "not_bought"
"""The code of what is raised where a purchase was looked for, and the vendor has none."""
UNDER_WAY = frozenset({State.SUBMITTED})
"""States in which the vendor is at work, and a watcher looks."""


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(_Value):
    """What a call is about: known, and written down, before it is made.

    ``account`` comes from `polyreel.ledger.account.account_name`; ``credentials`` is the name of a saved block. Neither
    holds a secret. ``minutes`` is the quote: what the vendor will charge by its own rule.
    """

    kind: str = Field(description="dub, asset, upload, delivery, ...")
    what: str = Field(default="", description="For people: the reel and what is done with it.")
    job: str = ""
    provider: str = ""
    account: str = ""
    credentials: str = ""
    locale: str = ""
    minutes: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    run_id: str = Field(default="", description="The run that waits for the row.")
    details: dict[str, Any] = Field(default_factory=dict, description="What `find` needs to look for it; JSON.")


class Receipt(_Value):
    """What the vendor gave for a call.

    ``minutes`` is what the vendor says it charged; None where it says nothing, and then the quote stands. ``state`` is
    `COLLECTED` for what is done at once (an upload, a delivery). ``due_at`` is the vendor's estimated completion, in
    seconds since 1970.
    """

    id: str = Field(min_length=1)
    minutes: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    state: State = State.SUBMITTED
    due_at: float | None = None
    details: dict[str, Any] = Field(default_factory=dict, description="Whatever else is worth keeping; JSON.")


class Entry(_Value):
    """One row. Times are seconds since 1970, by the ledger's clock; 0 is never."""

    key: str
    state: State = State.INTENDED
    kind: str
    what: str = ""
    job: str = ""
    provider: str = ""
    account: str = ""
    credentials: str = ""
    locale: str = ""
    run_id: str = ""
    quoted_minutes: float | None = None
    charged_minutes: float | None = None
    charged_by: str = Field(default="", description="vendor, or quote where the vendor did not say; empty before.")
    vendor_id: str = ""
    details: dict[str, Any] = Field(default_factory=dict)
    receipt: dict[str, Any] = Field(default_factory=dict)
    note: str = Field(default="", description="Why it failed, or what a person has to look at.")
    attempts: int = 0
    holder: str = Field(default="", description="Who is making the call, or looking for it, right now.")
    lease_until: float = 0.0
    intended_at: float = 0.0
    attempted_at: float = Field(default=0.0, description="The last sign of life of whoever made the call.")
    submitted_at: float = 0.0
    ready_at: float = 0.0
    collected_at: float = 0.0
    due_at: float = 0.0
    updated_at: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet if the call was made."""
        return self.state in OPEN

    @property
    def is_set_aside(self) -> bool:
        """Whether it stands beside the row of its call: a person has settled it away, or the call was made twice."""
        return bool(self.vendor_id) and self.key.endswith(f"~{self.vendor_id}")

    @property
    def made_at(self) -> float:
        """When the vendor last made something of it: answered, was ready, or had all of it; 0 where it has nothing."""
        return max(self.submitted_at, self.ready_at, self.collected_at)

    @property
    def minutes(self) -> float:
        """What it costs, as far as is known: charged, else quoted."""
        return self.charged_minutes if self.charged_minutes is not None else self.quoted_minutes or 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """The vendor has it: this is its receipt."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class NotThere:
    """The vendor certainly does not have it: the call may be made again."""


@dataclass(frozen=True, slots=True)
class CantTell:
    """Only a person can tell. ``look_at`` says where: "the assets of 28 November in Panjaya's studio"."""

    look_at: str


Finding = Found | NotThere | CantTell


def describe_entry_standing(entry: Entry | None) -> str:
    """How a row stands, as far as somebody who waits for it cares: ``submitted``, ``submitted+person``, ``ready``.

    A row that says more of itself than its state does has that under ``standing`` in its receipt.
    """
    if entry is None:
        return ""
    more = f" {entry.receipt['standing']}" if entry.receipt.get("standing") else ""
    return f"{entry.state}{'+person' if entry.receipt.get('waits_for_person') else ''}{more}"


class Wait(_Value):
    """One thing that a run waits for: a row of the ledger, or a time; in any case, also for `wake`."""

    key: str = Field(default="", description="The row; it may not be there yet.")
    seen: str = Field(default="", description="`describe_entry_standing` when it was last seen; empty: no row.")
    what: str = Field(default="", description="For people: `es-ES: Panjaya is at work on it`.")
    for_person: bool = Field(default=False, description="Somebody has to decide: a review.")
    retries: bool = Field(default=False, description="Nothing tells when it is over (a balance): try again.")
    until: float = Field(default=0.0, description="A time at which it is over by itself; 0: there is none.")
    again_at: float = Field(default=0.0, description="When the run looks again, whatever happened. Set by the ledger.")
