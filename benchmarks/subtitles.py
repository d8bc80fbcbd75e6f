"""Reading and writing 5,000 cues, ours against pysubs2's on the same file in the same run; and growth with the size."""

from __future__ import annotations

import gc
import io
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pysubs2

from polyreel.subtitles import read_bytes, write

_CUES = 5_000
_ROUNDS = 3
_BYTES = 5_000_000
_TEXTS = (
    "A line that is about as long as they are",
    "<i>Two lines,</i> as so often\nin a subtitle of a film",
    "¿Y el acento? ¡También!",
    "字幕です。\nもう一行あります。",
)


def _clock(ms: int, point: str) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{point}{ms % 1000:03d}"


def _file(name: str) -> str:
    """A film's worth of cues, as the format's own writers write them."""
    point = "," if name == "srt" else "."
    cues = (
        f"{number}\n{_clock(number * 1500, point)} --> {_clock(number * 1500 + 1400, point)}\n{_TEXTS[number % 4]}\n"
        for number in range(1, _CUES + 1)
    )
    return ("WEBVTT\n\n" if name == "vtt" else "") + "\n".join(cues)


def _best(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """The best of a few rounds of each, in seconds of this process, in turns: what disturbs one disturbs the other."""
    times = [(_seconds(ours), _seconds(theirs)) for _ in range(_ROUNDS)]
    return min(each for each, _ in times), min(each for _, each in times)


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def _row(name: str, seconds: tuple[float, float], goal: float) -> dict[str, Any]:
    ours, theirs = seconds
    return {"name": name, "ours_s": ours, "theirs_s": theirs, "ratio": ours / theirs, "goal": goal}


def _against_pysubs2(name: str) -> list[dict[str, Any]]:
    text = _file(name)
    data = text.encode()
    track = read_bytes(data, name).track
    theirs = pysubs2.SSAFile.from_string(text, format_=name)
    assert len(track.cues) == len(theirs) == _CUES
    reading = _best(lambda: read_bytes(data, name), lambda: pysubs2.SSAFile.from_string(data.decode(), format_=name))
    writing = _best(lambda: write(track, name), lambda: theirs.to_string(name))
    return [
        _row(f"read {_CUES} cues of {name} (theirs: pysubs2)", reading, 1.0),
        _row(f"write {_CUES} cues of {name} (theirs: pysubs2)", writing, 1.0),
    ]


def _against_ttconv() -> list[dict[str, Any]]:
    """IMSC against ttconv alone: its reader and its writer, between a file's bytes and its own model."""
    from ttconv.imsc import reader, writer

    track = read_bytes(_file("srt").encode(), "srt").track
    data = write(track, "imsc").text.encode()
    model = reader.to_model(ET.ElementTree(ET.fromstring(data)))
    assert len(read_bytes(data, "imsc").track.cues) == _CUES
    reading = _best(lambda: read_bytes(data, "imsc"), lambda: reader.to_model(ET.ElementTree(ET.fromstring(data))))
    writing = _best(lambda: write(track, "imsc"), lambda: writer.from_model(model).write(io.BytesIO()))
    return [
        _row(f"read {_CUES} cues of imsc (theirs: ttconv)", reading, 1.0),
        _row(f"write {_CUES} cues of imsc (theirs: ttconv)", writing, 1.0),
    ]


def _growth(unit: str) -> dict[str, Any]:
    """Five megabytes of one thing against a quarter of them. Four times the size may take six times as long."""
    start = "1\n00:00:01,000 --> 00:00:02,000\n"

    def read(size: int) -> Callable[[], Any]:
        data = (start + unit * (size // len(unit))).encode()
        return lambda: read_bytes(data, "srt")

    return _row(f"read 5 MB of {unit!r} (theirs: a quarter of it)", _best(read(_BYTES), read(_BYTES // 4)), 6.0)


def run() -> list[dict[str, Any]]:
    """Rows of name, ours_s, theirs_s, ratio (ours / theirs) and goal (the largest ratio that is good)."""
    rows = [*_against_pysubs2("srt"), *_against_pysubs2("vtt"), *_against_ttconv()]
    return rows + [_growth(unit) for unit in ("\n", "-->\n", "<", "<i>")]


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:50} {row['ours_s']:8.4f} {row['theirs_s']:8.4f} {row['ratio']:6.2f} (goal {row['goal']})")
