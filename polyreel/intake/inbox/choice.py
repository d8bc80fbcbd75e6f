"""Which kind of inbox a place is: the one module that knows them all."""

from __future__ import annotations

from polyreel.intake.inbox.port import Inbox
from polyreel.objects.address import is_object


def open_inbox(place: str) -> Inbox:
    """The inbox at a place: a folder, or ``s3://bucket/prefix``. Raises `InvalidJob` for what can be neither."""
    if is_object(place):
        from polyreel.intake.inbox.objects import ObjectInbox

        return ObjectInbox(place)
    from polyreel.intake.inbox.folder import FolderInbox

    return FolderInbox(place)
