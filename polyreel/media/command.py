"""ffmpeg commands: composed with ffmpeg-python, guarded here, executed by our own runner.

Every input goes through ``local_input`` (or ``pipe_input``) and every output through ``local_output`` (or
``pipe_output``): a ``file:`` path, a format whitelist, one protocol, a pixel limit. A playlist named ``upload.mp4`` is
not followed, and a small picture of huge dimensions is not unpacked.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import ffmpeg
from ffmpeg.dag import topo_sort
from ffmpeg.nodes import InputNode, OutputNode, get_stream_spec_nodes

from polyreel.media import binaries
from polyreel.media.process import DEFAULT, NOTES, Limits, Taker, execute

__all__ = [
    "DEFAULT",
    "FORMATS",
    "MAX_PIXELS",
    "Limits",
    "Stream",
    "build_arguments",
    "generate_input",
    "local_input",
    "local_output",
    "merge_outputs",
    "metadata_input",
    "pipe_input",
    "pipe_output",
    "print_findings",
    "repeat_option",
    "run",
]

Stream: TypeAlias = Any
"""A node of ffmpeg-python's graph (the library has no types of its own)."""

# Demuxers that read one file and nothing else: no playlists, no concat scripts, no image sequences, no devices.
FORMATS = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,wav,w64,flac,mp3,aac,ac3,eac3,aiff,caf,srt,webvtt"
# DCI's 8K, the largest picture that cinemas show.
MAX_PIXELS = 8192 * 4320
THREADS = min(4, os.cpu_count() or 1)
# Options that take no value. One given to them would be read as the name of another output.
_FLAGS = frozenset({"vn", "an", "sn", "dn", "re", "bitexact", "shortest", "noautorotate", "copyts"})
# ASCII's unit separator stands in no path or title; `repeat_option` takes it out of what comes from outside.
_SEPARATOR = "\x1f"


def local_input(path: Path | str, **options: Any) -> Stream:
    """A local media file as an ffmpeg-python input. ``options`` are ffmpeg's, as ``ffmpeg.input`` takes them."""
    guards = {"protocol_whitelist": "file", "format_whitelist": FORMATS, "max_pixels": MAX_PIXELS}
    return ffmpeg.input(f"file:{path}", **{"threads": THREADS, **_drop_values(options), **guards})


def metadata_input(path: Path) -> Stream:
    """Tags and chapters for an output (``map_metadata``, ``map_chapters``), from a file that we wrote ourselves."""
    return ffmpeg.input(f"file:{path}", format="ffmetadata", protocol_whitelist="file", format_whitelist="ffmetadata")


def pipe_input(format: str, **options: Any) -> Stream:  # noqa: A002 - ffmpeg's own name for it
    """What ``run(stdin=...)`` sends, e.g. ``pipe_input("f32le", ar=48000, ac=2)``. One per command."""
    return ffmpeg.input("pipe:0", format=format, **{**options, "protocol_whitelist": "pipe"})


def generate_input(graph: str, **options: Any) -> Stream:
    """Sound or picture that ffmpeg makes itself (``anullsrc=...``). Never build ``graph`` from outside data."""
    return ffmpeg.input(graph, format="lavfi", **options)


def local_output(*streams: Stream, path: Path | str, format: str, **options: Any) -> Stream:  # noqa: A002 - ffmpeg's name
    """A local file written from streams. It is overwritten, and removed when the command fails or is cancelled."""
    return ffmpeg.output(*streams, f"file:{path}", **{"threads": THREADS, **_drop_values(options), "format": format})


def merge_outputs(*outputs: Stream) -> Stream:
    """Several outputs of one command: what they share is decoded once."""
    return ffmpeg.merge_outputs(*outputs)


def pipe_output(*streams: Stream, format: str, **options: Any) -> Stream:  # noqa: A002 - ffmpeg's name
    """Bytes for ``run(stdout=...)``, e.g. ``format="f32le"``. One per command."""
    return ffmpeg.output(*streams, "pipe:1", **{**_drop_values(options), "format": format})


def _drop_values(options: dict[str, Any]) -> dict[str, Any]:
    return {name: None if name in _FLAGS else value for name, value in options.items()}


def repeat_option(*values: str) -> str:
    """One option given several times (``metadata:s:a:0``): ffmpeg-python alone keeps only one value per option."""
    return _SEPARATOR + _SEPARATOR.join(value.replace(_SEPARATOR, " ").replace("\0", " ") for value in values)


def print_findings(stream: Stream) -> Stream:
    """A graph whose filters print their findings (``ebur128``, ``volumedetect``)."""
    # Filters print at level info, which `run` keeps quiet otherwise.
    return stream.global_args("-loglevel", "info")


def build_arguments(stream: Stream) -> list[str]:
    """A graph as ffmpeg's arguments. Raises ValueError where an input or output did not come from this module."""
    # All of the graph is looked at: ffmpeg-python lets anybody add an input beside the guarded ones.
    for node in _list_nodes(stream):
        if not _is_guarded(node):
            raise ValueError(f"an unguarded ffmpeg input or output: {node.kwargs.get('filename')}")
    found: list[str] = []
    for argument in ffmpeg.get_args(stream):
        if argument.startswith(_SEPARATOR):
            option = found.pop()
            found += [part for value in argument.split(_SEPARATOR)[1:] for part in (option, value)]
        else:
            found.append(argument)
    return found


async def run(
    stream: Stream,
    *,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
    expected_ms: int | None = None,
    stdin: AsyncIterator[bytes] | None = None,
    stdout: Taker | None = None,
) -> str:
    """Execute a graph; return the end of what ffmpeg printed: warnings, or more after ``print_findings(stream)``.

    ``on_progress`` gets the done share, 0 to 1, of ``expected_ms`` of output. ``stdin`` feeds a piped input,
    ``stdout`` gets a piped output's bytes as they come. Raises ToolTimeout, ToolStopped or ToolError; then, and when
    cancelled, no process and no output file remains.
    """
    listener = _progress_listener(on_progress, expected_ms)
    argv = [str(binaries.ffmpeg()), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-y"]
    argv += ["-progress", NOTES] if listener else []
    argv += build_arguments(stream)
    try:
        return await execute(argv, limits=limits, stdin=stdin, stdout=stdout, on_note=listener)
    # Also when cancelled: a file that breaks off must not be taken for a whole one.
    except BaseException:
        _remove_outputs(stream)
        raise


def _list_nodes(stream: Stream) -> list[Any]:
    nodes, _ = topo_sort(get_stream_spec_nodes(stream))
    return list(nodes)


def _is_guarded(node: Any) -> bool:
    filename = str(node.kwargs.get("filename", ""))
    if isinstance(node, OutputNode):
        return filename == "pipe:1" or (filename.startswith("file:") and "format" in node.kwargs)
    if isinstance(node, InputNode):
        safe_file = filename.startswith("file:") and node.kwargs.get("format_whitelist") in (FORMATS, "ffmetadata")
        return safe_file or filename == "pipe:0" or node.kwargs.get("format") == "lavfi"
    return True


def _remove_outputs(stream: Stream) -> None:
    for node in _list_nodes(stream):
        filename = str(node.kwargs.get("filename", ""))
        if isinstance(node, OutputNode) and filename.startswith("file:"):
            Path(filename.removeprefix("file:")).unlink(missing_ok=True)


def _progress_listener(
    on_progress: Callable[[float], None] | None, expected_ms: int | None
) -> Callable[[bytes], None] | None:
    if on_progress is None or not expected_ms:
        return None

    def listen(line: bytes) -> None:
        key, _, value = line.strip().partition(b"=")
        if key == b"out_time_us" and value.lstrip(b"-").isdigit():
            on_progress(min(1.0, max(0.0, int(value) / 1000 / expected_ms)))
        elif line.strip() == b"progress=end":
            on_progress(1.0)

    return listen
