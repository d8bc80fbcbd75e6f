"""What the packager leaves to be said: which renditions of HLS play unasked; and the order that DASH's schema wants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from polyreel.packaging.roles import Rendition

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_MEDIA = "#EXT-X-MEDIA:"
_MISPLACED = re.compile(r"((?:\s*<(?:Accessibility|Role)\b[^>]*/>)+)(\s*<Label>[^<]*</Label>)")


def describe_renditions(playlist: Path, audios: Sequence[Rendition]) -> None:
    """Say of every rendition whether it plays unasked: the first sound does, and no text (forced ones by FORCED alone).

    The packager makes the first text of the default language the default one, and leaves AUTOSELECT out: without it,
    Apple's players don't take a track by the user's own language.
    """
    first = f"audio_{audios[0].file_name}.m3u8"
    lines = playlist.read_text("utf-8").splitlines()
    changed = [_describe(line, first) if line.startswith(_MEDIA) else line for line in lines]
    playlist.write_text("\n".join(changed) + "\n", "utf-8")


def order_labels(manifest: Path) -> None:
    """Put each track's label before its roles: the packager writes it after them, which the schema does not allow."""
    manifest.write_text(_MISPLACED.sub(r"\2\1", manifest.read_text("utf-8")), "utf-8")


def read_attributes(line: str) -> dict[str, str]:
    """A tag's attributes, in their order, as they are written."""
    return dict(_ATTRIBUTE.findall(line.partition(":")[2]))


def _describe(line: str, default: str) -> str:
    found = read_attributes(line)
    is_default = found.get("URI") == f'"{default}"'
    found |= {"DEFAULT": "YES" if is_default else "NO", "AUTOSELECT": "YES"}
    return _MEDIA + ",".join(f"{name}={value}" for name, value in found.items())
