"""Asset types and the 21 asset statuses (vendor page "Asset Types", "Asset Statuses"), and how they follow each other.

The page names the statuses and says what each one means; which may follow which is read from those sentences. The table
is for understanding and waiting, never for refusing: a server that goes another way is believed.
"""

from __future__ import annotations

from enum import IntEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BeforeValidator

from polyreel.vendors.nomad.wire import by_name_or_number


class AssetType(IntEnum):
    """Page "Asset Types": the numbers are the vendor's."""

    FOLDER = 1
    FILE = 2
    BUCKET = 5


class AssetStatus(IntEnum):
    """Page "Asset Statuses": the numbers are the vendor's."""

    AVAILABLE = 1
    RENAMING = 2
    COPYING = 3
    RESTORING = 4
    REGISTERING = 5
    UPLOADING = 6
    ARCHIVING = 7
    ARCHIVED = 8
    PENDING_ARCHIVE = 9
    PENDING_RESTORE = 11
    RESTORED = 12
    DELETING = 13
    MOVING = 14
    SLUG_REPLACED = 15
    UPDATING = 16
    ERROR = 17
    ASSEMBLING = 18
    CLIPPING = 19
    PLACEHOLDER = 20
    CREATING = 21
    REPLACING = 22

    @property
    def usable(self) -> bool:
        """The media can be streamed and downloaded now. A restored asset is ``RESTORED``, not ``AVAILABLE``."""
        return self in USABLE

    @property
    def settled(self) -> bool:
        """Nothing is under way: it stays so until somebody asks for something else."""
        return not self.in_progress

    @property
    def in_progress(self) -> bool:
        """The vendor is working; ask again later."""
        return self in IN_PROGRESS

    @property
    def next_statuses(self) -> frozenset[AssetStatus]:
        """What may follow this status."""
        return TRANSITIONS[self]

    @property
    def word(self) -> str:
        """The page's own spelling: ``PendingArchive``."""
        return self.name.title().replace("_", "")


_S = AssetStatus
USABLE = frozenset({_S.AVAILABLE, _S.RESTORED})
SETTLED = USABLE | {_S.ARCHIVED, _S.PLACEHOLDER, _S.SLUG_REPLACED, _S.ERROR}
IN_PROGRESS = frozenset(AssetStatus) - SETTLED

_WORK = frozenset({_S.RENAMING, _S.COPYING, _S.MOVING, _S.UPDATING, _S.CLIPPING, _S.REPLACING, _S.REGISTERING})
_GONE_WRONG = frozenset({_S.ERROR, _S.DELETING})
_BACK = USABLE | {_S.ARCHIVED, _S.ERROR}

TRANSITIONS = MappingProxyType(
    {
        _S.CREATING: USABLE | {_S.UPLOADING, _S.REGISTERING, _S.PLACEHOLDER, _S.CLIPPING} | _GONE_WRONG,
        _S.UPLOADING: frozenset({_S.ASSEMBLING, _S.REGISTERING, _S.CREATING, _S.AVAILABLE}) | _GONE_WRONG,
        _S.ASSEMBLING: frozenset({_S.REGISTERING, _S.CREATING, _S.AVAILABLE}) | _GONE_WRONG,
        _S.REGISTERING: frozenset({_S.CREATING, _S.AVAILABLE, _S.RESTORED}) | _GONE_WRONG,
        _S.AVAILABLE: _WORK | {_S.PENDING_ARCHIVE, _S.ARCHIVING} | _GONE_WRONG,
        _S.RESTORED: _WORK | {_S.AVAILABLE, _S.PENDING_ARCHIVE, _S.ARCHIVING} | _GONE_WRONG,
        _S.RENAMING: _BACK,
        _S.COPYING: _BACK,
        _S.MOVING: _BACK,
        _S.UPDATING: _BACK,
        _S.CLIPPING: frozenset({_S.CREATING, _S.REGISTERING, _S.AVAILABLE, _S.RESTORED}) | _GONE_WRONG,
        _S.REPLACING: frozenset({_S.UPLOADING, _S.ASSEMBLING, _S.REGISTERING, _S.AVAILABLE}) | _GONE_WRONG,
        _S.PENDING_ARCHIVE: frozenset({_S.ARCHIVING, _S.ARCHIVED}) | _GONE_WRONG,
        _S.ARCHIVING: frozenset({_S.ARCHIVED}) | _GONE_WRONG,
        _S.ARCHIVED: frozenset({_S.PENDING_RESTORE, _S.RESTORING, _S.RENAMING, _S.MOVING, _S.UPDATING}) | _GONE_WRONG,
        _S.PENDING_RESTORE: frozenset({_S.RESTORING, _S.RESTORED, _S.AVAILABLE}) | _GONE_WRONG,
        _S.RESTORING: frozenset({_S.RESTORED, _S.AVAILABLE}) | _GONE_WRONG,
        _S.PLACEHOLDER: frozenset({_S.UPLOADING, _S.SLUG_REPLACED, _S.CREATING, _S.RENAMING, _S.MOVING}) | _GONE_WRONG,
        _S.SLUG_REPLACED: frozenset({_S.REGISTERING, _S.AVAILABLE}) | _GONE_WRONG,
        _S.ERROR: frozenset({_S.REGISTERING, _S.UPDATING, _S.REPLACING, _S.DELETING}),
        _S.DELETING: frozenset({_S.ERROR}),
    }
)

ReadStatus = Annotated[AssetStatus | None, BeforeValidator(lambda value: by_name_or_number(AssetStatus, value))]
ReadType = Annotated[AssetType | None, BeforeValidator(lambda value: by_name_or_number(AssetType, value))]
