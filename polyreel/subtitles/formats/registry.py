"""The formats, by name. Each one's code is imported when it is first used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from polyreel.errors import SubtitleError
from polyreel.machine.plugins import plugins
from polyreel.subtitles.formats.base import Format


def _import_later(module: str, function: str) -> Any:
    """A function of a module of this package, imported at its first call."""

    def call(*arguments: Any) -> Any:
        return getattr(import_module(f"polyreel.subtitles.formats.{module}"), function)(*arguments)

    return call


def _make_timed_text(name: str, suffixes: tuple[str, ...], title: str, writer: str) -> Format:
    """A profile of TTML: one reader reads all of them."""
    read, write = _import_later("timedtext.read", "read"), _import_later("timedtext.write", writer)
    return Format(name, suffixes, title, read=read, write=write)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "srt": Format(
            "srt", (".srt",), "SubRip", read=_import_later("srt", "read"), write=_import_later("srt_write", "write")
        ),
        "vtt": Format(
            "vtt",
            (".vtt", ".webvtt"),
            "WebVTT",
            read=_import_later("webvtt", "read"),
            write=_import_later("webvtt_write", "write"),
        ),
        "ass": Format("ass", (".ass", ".ssa"), "SubStation Alpha", read=_import_later("ass", "read")),
        "sbv": Format("sbv", (".sbv",), "SubViewer", read=_import_later("sbv", "read")),
        "sub": Format("sub", (".sub",), "MicroDVD", read=_import_later("microdvd", "read")),
        "ttml": _make_timed_text("ttml", (".ttml", ".dfxp", ".xml"), "TTML", "write_ttml"),
        "imsc": _make_timed_text("imsc", (".imsc.ttml",), "IMSC 1.1", "write_imsc"),
        "ebu-tt-d": _make_timed_text("ebu-tt-d", (".ebu-tt-d.ttml",), "EBU-TT-D", "write_ebu"),
        "netflix": _make_timed_text("netflix", (".netflix.ttml",), "Netflix's TTML", "write_netflix"),
        "dapt": _make_timed_text("dapt", (".dapt.ttml",), "DAPT", "write_dapt"),
        "scc": Format(
            "scc",
            (".scc",),
            "SCC",
            read=_import_later("broadcast.scc", "read"),
            write=_import_later("broadcast.scc_write", "write"),
        ),
        "stl": Format("stl", (".stl",), "EBU-STL", read_bytes=_import_later("broadcast.stl", "read_bytes")),
        "sami": Format("sami", (".smi", ".sami"), "SAMI", read=_import_later("sami", "read")),
        "txt": Format("txt", (".txt",), "plain text", write=_import_later("text", "write")),
        "docx": Format("docx", (".docx",), "Word document", write_bytes=_import_later("docx", "write_bytes")),
    }
)


def names_written() -> tuple[str, ...]:
    """The names of the formats that can be written."""
    return tuple(name for name, known in _list_formats().items() if known.write or known.write_bytes)


def _list_formats() -> Mapping[str, Format]:
    """Ours, and those of installed packages, which can't take one of ours away."""
    return {**{each.value.name: each.value for each in plugins("formats")}, **FORMATS}


def suffix_of(name: str) -> str:
    """How files of a format end, with the dot."""
    return format_named(name).suffixes[0]


def format_named(name: str) -> Format:
    """The format of a name. Raises SubtitleError (``unknown_format``)."""
    found = _list_formats().get(name.lower())
    if found is None:
        raise SubtitleError(
            f"no subtitle format is called {name!r}",
            code="unknown_format",
            remedy=f"Known are {', '.join(_list_formats())}.",
        )
    return found


def format_of_file(name: str) -> Format | None:
    """The format that a file's name ends in (``.imsc.ttml`` before ``.ttml``), or None."""
    lower = name.lower()
    found = [
        (suffix, known) for known in _list_formats().values() for suffix in known.suffixes if lower.endswith(suffix)
    ]
    return max(found, key=lambda pair: len(pair[0]))[1] if found else None


_SUBVIEWER = re.compile(r"[\ufeff\s]{0,20}\d{1,3}:\d\d:\d\d[.,]\d{3}\s?,\s?\d{1,3}:\d\d:\d\d[.,]\d{3}\s*\n")


def format_of_bytes(data: bytes) -> Format | None:
    """The format of a file that is no text: EBU-STL, by the disk format code behind its code page."""
    return FORMATS["stl"] if data[3:6] == b"STL" and data[8:11] == b".01" else None


def can_be_read(name: str) -> bool:
    """Whether a file's name ends in a format that is read."""
    known = format_of_file(name)
    return known is not None and (known.read or known.read_bytes) is not None


_XML = re.compile(r"\ufeff?\s*(?:<\?xml\s|<(?:[A-Za-z]{1,10}:)?tt[\s>])")
_MICRODVD = re.compile(r"\ufeff?\{\d+\}\{\d*\}")


def format_of_text(text: str) -> str:
    """What a text begins as: ``vtt``, ``ass``, ``ttml``, ``sbv``, ... where it must be that, else ``srt``."""
    begin = text[:7]
    if begin[:6] == "WEBVTT" and begin[6:7] in {"", " ", "\t", "\n", "\r"}:
        return "vtt"
    if text[:200].lstrip("\ufeff \t\r\n").lower().startswith("[script info]"):
        return "ass"
    if _SUBVIEWER.match(text):
        return "sbv"
    if _XML.match(text[:2000]):
        return "ttml"
    if text[:40].lstrip("\ufeff ").startswith("Scenarist_SCC"):
        return "scc"
    if text[:200].lstrip("\ufeff \t\r\n").lower().startswith("<sami"):
        return "sami"
    return "sub" if _MICRODVD.match(text) else "srt"
