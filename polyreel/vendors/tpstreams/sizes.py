"""How large what goes to TPStreams may be, in bytes."""

from __future__ import annotations

LARGEST_UPLOAD = 5 * 1024**3
"""S3's limit of one form upload, which an upload session is (WIRE.md). What it fetches by address has none."""
LARGEST_THUMBNAIL = 2_000_000
"""The page: "less than 2 MB". Said before it is sent, as the vendor says only that it is refused."""
