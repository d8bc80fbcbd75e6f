"""Subtitles: one cue model, the formats it is read from and written to, timing, speakers, and checks.

    model       Cue, Track, Note, Reading, Writing
    convert     read_file, read_bytes, write, write_bytes, convert_file
    formats     one small file each; registry has FORMATS, base says how to add one
    checks      check, summarised;  profiles has the figures and their sources
    timing      shift, trim, rescale
    cuetext     plain_text, voices;  spoken has spoken_text, speakers has speakers_from_prefixes

The names below are at hand as ``polyreel.subtitles.read_file`` and so on; each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyreel.subtitles.checks import Finding, check, summarise_findings
    from polyreel.subtitles.convert import convert_file, read_bytes, read_file, write, write_bytes
    from polyreel.subtitles.cuetext import plain_text, voices
    from polyreel.subtitles.formats.registry import FORMATS
    from polyreel.subtitles.speakers import speakers_from_prefixes
    from polyreel.subtitles.spoken import extract_spoken_text
    from polyreel.subtitles.timing import rescale, shift, trim

__all__ = [
    "FORMATS",
    "Finding",
    "check",
    "convert_file",
    "extract_spoken_text",
    "plain_text",
    "read_bytes",
    "read_file",
    "rescale",
    "shift",
    "speakers_from_prefixes",
    "summarise_findings",
    "trim",
    "voices",
    "write",
    "write_bytes",
]

_HOMES = {
    "FORMATS": "formats.registry",
    "Finding": "checks",
    "check": "checks",
    "plain_text": "cuetext",
    "rescale": "timing",
    "shift": "timing",
    "speakers_from_prefixes": "speakers",
    "extract_spoken_text": "spoken",
    "summarise_findings": "checks",
    "trim": "timing",
    "voices": "cuetext",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'convert')}"), name)
