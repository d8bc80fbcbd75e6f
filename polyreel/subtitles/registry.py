"""The formats, by name. Each one's code is imported when it is first used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from polyreel.errors import SubtitleError
from polyreel.subtitles.base import Format


def _later(module: str, function: str) -> Any:
    """A function of a module of this package, imported at its first call."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(f"polyreel.subtitles.{module}"), function)(*arguments)

    return call


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "srt": Format("srt", (".srt",), "SubRip", read=_later("srt", "read"), write=_later("srt_write", "write")),
        "vtt": Format(
            "vtt", (".vtt", ".webvtt"), "WebVTT", read=_later("webvtt", "read"), write=_later("webvtt_write", "write")
        ),
        "txt": Format("txt", (".txt",), "plain text", write=_later("text", "write")),
        "docx": Format("docx", (".docx",), "Word document", write_bytes=_later("docx", "write_bytes")),
    }
)


def format_named(name: str) -> Format:
    """The format of a name. Raises SubtitleError (``unknown_format``)."""
    found = FORMATS.get(name.lower())
    if found is None:
        raise SubtitleError(
            f"no subtitle format is called {name!r}",
            code="unknown_format",
            remedy=f"Known are {', '.join(FORMATS)}.",
        )
    return found


def format_of_file(name: str) -> Format | None:
    """The format that a file's name ends in, or None."""
    lower = name.lower()
    return next((known for known in FORMATS.values() if lower.endswith(known.suffixes)), None)


def format_of_text(text: str) -> str:
    """``vtt`` where the text begins as WebVTT must, else ``srt``."""
    begin = text[:7]
    return "vtt" if begin[:6] == "WEBVTT" and begin[6:7] in {"", " ", "\t", "\n", "\r"} else "srt"
