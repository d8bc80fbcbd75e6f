"""What the packager leaves to be said: which renditions of HLS play unasked; and the order that DASH's schema wants."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from polyreel.media.probe import probe
from polyreel.packaging.roles import Rendition

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_AAC = {"LC": "mp4a.40.2", "HE-AAC": "mp4a.40.5", "HE-AACv2": "mp4a.40.29"}
_MEDIA = "#EXT-X-MEDIA:"
_MISPLACED = re.compile(r"((?:\s*<(?:Accessibility|Role)\b[^>]*/>)+)(\s*<Label>[^<]*</Label>)")


def describe_renditions(playlist: Path, audios: Sequence[Rendition]) -> None:
    """Say of every rendition whether it plays unasked: the first sound does, and no text (forced ones by FORCED alone).

    The packager makes the first text of the default language the default one, and leaves AUTOSELECT out: without it,
    Apple's players don't take a track by the user's own language.
    """
    first = f"audio_{audios[0].file_name}.m3u8"
    lines = playlist.read_text("utf-8").splitlines()
    changed = [_describe_rendition(line, first) if line.startswith(_MEDIA) else line for line in lines]
    playlist.write_text("\n".join(changed) + "\n", "utf-8")


def add_sound_variant(playlist: Path, audios: Sequence[Rendition], has_texts: bool) -> None:
    """Say what is played where there is no picture: the packager writes renditions alone, which no player begins with.

    By Apple's authoring specification (9.13) the rates are those of the largest rendition.
    """
    rates = [_measure_rates(playlist.with_name(f"audio_{one.file_name}.m3u8")) for one in audios]
    codecs = ",".join(dict.fromkeys(_codec_of(one.path) for one in audios))
    said = {
        "BANDWIDTH": str(max(peak for peak, _ in rates)),
        "AVERAGE-BANDWIDTH": str(max(average for _, average in rates)),
        "CODECS": f'"{codecs}"',
        "AUDIO": '"audio"',
        **({"SUBTITLES": '"text"'} if has_texts else {}),
    }
    attributes = ",".join(f"{name}={value}" for name, value in said.items())
    text = playlist.read_text("utf-8").rstrip("\n")
    first = f"audio_{audios[0].file_name}.m3u8"
    playlist.write_text(f"{text}\n\n#EXT-X-STREAM-INF:{attributes}\n{first}\n", "utf-8")


def _measure_rates(playlist: Path) -> tuple[int, int]:
    """The largest segment's bits per second, and those of all together."""
    sizes: list[int] = []
    lengths: list[float] = []
    held = 0
    for line in playlist.read_text("utf-8").splitlines():
        if line.startswith("#EXTINF:"):
            lengths.append(float(line[8:].split(",")[0]))
        elif line.startswith("#EXT-X-BYTERANGE:"):
            held = int(line[17:].split("@")[0])
        elif line and not line.startswith("#"):
            sizes.append(held or playlist.with_name(line).stat().st_size)
            held = 0
    rates = [8 * size / length for size, length in zip(sizes, lengths, strict=True) if length]
    return math.ceil(max(rates)), math.ceil(8 * sum(sizes) / sum(lengths))


def _codec_of(sound: Path) -> str:
    """AAC as RFC 6381 names it, by its profile."""
    return _AAC.get(probe(sound).audio[0].profile, "mp4a.40.2")


def order_labels(manifest: Path) -> None:
    """Put each track's label before its roles: the packager writes it after them, which the schema does not allow."""
    manifest.write_text(_MISPLACED.sub(r"\2\1", manifest.read_text("utf-8")), "utf-8")


def read_attributes(line: str) -> dict[str, str]:
    """A tag's attributes, in their order, as they are written."""
    return dict(_ATTRIBUTE.findall(line.partition(":")[2]))


def _describe_rendition(line: str, default: str) -> str:
    found = read_attributes(line)
    is_default = found.get("URI") == f'"{default}"'
    found |= {"DEFAULT": "YES" if is_default else "NO", "AUTOSELECT": "YES"}
    return _MEDIA + ",".join(f"{name}={value}" for name, value in found.items())
