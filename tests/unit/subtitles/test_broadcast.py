"""SCC in and out, EBU-STL and SAMI in: frame for frame, with what line 21 can't carry told."""

from __future__ import annotations

import struct
import time
from fractions import Fraction

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import read_bytes, write
from polyreel.subtitles.formats.base import ReadingOptions, WritingOptions
from polyreel.subtitles.formats.broadcast.scc import RATE
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timecodes import frame_at, time_of


def _cues(*lines: tuple[int, int, str]) -> Track:
    return Track(tuple(Cue(time_of(start, RATE), time_of(end, RATE), text) for start, end, text in lines))


def _frames(track: Track) -> list[tuple[int, int, str]]:
    return [(frame_at(cue.start_ms, RATE), frame_at(cue.end_ms, RATE), cue.text) for cue in track.cues]


@pytest.mark.parametrize("is_drop", [False, True])
def test_captions_come_back_on_their_frames(is_drop: bool) -> None:
    lines = [
        (300, 360, "Hello there\nand a second row"),
        (362, 420, "Right behind it"),
        (420, 480, "Without a gap"),
        (200_000, 200_060, "Nearly two hours in"),
    ]
    text = write(_cues(*lines), "scc", options=WritingOptions(is_drop_frame=is_drop)).text
    assert text.startswith("Scenarist_SCC V1.0\n\n")
    assert (";" in text) == is_drop
    assert _frames(read_bytes(text.encode(), name="a.scc").track) == lines


@pytest.mark.parametrize(("rate", "hour"), [("24000/1001", 86_400), ("30", 108_000), ("30000/1001", 108_000)])
def test_a_programme_that_begins_at_one_hour_begins_there_at_any_rate_of_film(rate: str, hour: int) -> None:
    options = WritingOptions(frame_rate=Fraction(rate), start_frame=hour)
    assert "\n01:00:09:" in write(_cues((300, 360, "Hello")), "scc", options=options).text


def test_looks_accents_and_signs_are_line_21s_own() -> None:
    track = _cues((300, 360, "<i>¿Qué?</i> Ça va “bien” ♪"), (400, 460, "<c.yellow>Über</c> Ł<b>x</b>"))
    writing = write(track, "scc")
    back = read_bytes(writing.text.encode(), name="a.scc").track
    first, second = (cue.text for cue in back.cues)
    assert first.replace("</i>", "").replace("<i>", "").replace("  ", " ").strip() == "¿Qué? Ça va “bien” ♪"
    assert "<i>" in first
    assert "<c.yellow>Über" in second
    assert {(note.kind, note.code) for note in writing.notes} == {("lost", "look"), ("dropped", "character")}


def test_a_long_line_is_broken_between_words_and_a_caption_without_room_is_late_and_told() -> None:
    long = "This line has a good many more letters than thirty-two"
    writing = write(_cues((300, 330, long), (335, 400, long)), "scc")
    back = read_bytes(writing.text.encode(), name="a.scc").track
    assert [cue.text.replace("\n", " ") for cue in back.cues] == [long, long]
    assert [note.code for note in writing.notes] == ["line_length", "line_length", "late"]


def test_a_damaged_line_is_told_and_what_is_no_scc_is_refused() -> None:
    good = write(_cues((300, 360, "Hello")), "scc").text
    reading = read_bytes((good + "\n00:00:20:00 nonsense\n").encode(), name="a.scc")
    assert [cue.text for cue in reading.track.cues] == ["Hello"]
    assert [note.code for note in reading.notes if note.kind == "dropped"] == ["stray_text"]
    with pytest.raises(SubtitleError):
        read_bytes(b"Scenarist_SCC V1.0\n\nnothing\n", name="a.scc")


# -- EBU-STL


def _stl(*cues: tuple[str, str, bytes], start: str = "10000000") -> bytes:
    """An EBU-STL file: times as HHMMSSFF."""
    head = bytearray(b" " * 1024)
    head[:16] = b"850STL25.01" + b"1" + b"00" + b"09" + b" "[:0]
    head[238:243] = f"{len(cues):05d}".encode()
    head[243:248] = f"{len(cues):05d}".encode()
    head[248:251] = b"001"
    head[251:255] = b"4023"
    head[255:256] = b"1"
    head[256:264] = start.encode()
    blocks = [
        struct.pack("<BHBB4B4BBBB112s", 0, n, 0xFF, 0, *_tc(begin), *_tc(end), 20, 2, 0, text.ljust(112, b"\x8f"))
        for n, (begin, end, text) in enumerate(cues)
    ]
    return bytes(head) + b"".join(blocks)


def _tc(digits: str) -> tuple[int, ...]:
    return tuple(int(digits[at : at + 2]) for at in range(0, 8, 2))


def test_ebu_stl_is_read_from_the_programmes_start_whatever_it_is_called() -> None:
    data = _stl(("10000100", "10000212", b"Hello\x8aworld"), ("10000300", "10000400", b"\x80Caf\xc2e\x81"))
    reading = read_bytes(data, name="a.srt")
    assert reading.format == "stl"
    assert [(cue.start_ms, cue.end_ms) for cue in reading.track.cues] == [(1000, 2480), (3000, 4000)]
    assert reading.track.cues[0].text == "Hello\nworld"
    assert "Café" in reading.track.cues[1].text
    assert {"programme_start", "frames"} <= {note.code for note in reading.notes}


@pytest.mark.parametrize("data", [b"850STL25.01" + b" " * 100, _stl()[:1023]])
def test_a_torn_ebu_stl_file_is_refused(data: bytes) -> None:
    with pytest.raises(SubtitleError):
        read_bytes(data, name="a.stl")


# -- SAMI


_SAMI = """<SAMI><HEAD><STYLE TYPE="text/css"><!--
P { font-size: 12pt; }
.ENCC { Name: English; lang: en-US; }
.ESCC { Name: Spanish; lang: es-ES; }
--></STYLE></HEAD><BODY>
<SYNC Start=1000><P Class=ENCC>Hello <i>there</i><br>you &amp; me
<P Class=ESCC>Hola
<SYNC Start=2500><P Class=ENCC>&nbsp;
<P Class=ESCC>&nbsp;
<SYNC Start=3000><P Class=ENCC><font color="yellow">Bye</font>
<P Class=ESCC>Adiós
</BODY></SAMI>"""


@pytest.mark.parametrize(
    ("locale", "texts"),
    [("en-GB", ["Hello <i>there</i>\nyou &amp; me", "<c.yellow>Bye</c>"]), ("es-ES", ["Hola", "Adiós"])],
)
def test_sami_is_read_in_the_language_that_is_asked_for(locale: str, texts: list[str]) -> None:
    reading = read_bytes(_SAMI.encode(), name="a.smi", options=ReadingOptions(locale=locale))
    assert [(cue.start_ms, cue.end_ms) for cue in reading.track.cues] == [(1000, 2500), (3000, 7000)]
    assert [cue.text for cue in reading.track.cues] == texts
    assert [note.code for note in reading.notes] == ["languages", "styles"]


def test_tags_nested_by_the_thousand_in_sami_cost_no_square_of_them() -> None:
    text = "<SAMI><BODY><SYNC Start=0><P>" + "<i>" * 20_000 + "x" + "</b>" * 20_000 + "<SYNC Start=900><P>&nbsp;"
    begun = time.process_time()
    cue = read_bytes(text.encode(), name="a.smi").track.cues[0]
    assert time.process_time() - begun < 3
    assert cue.text == "<i>" * 50 + "x" + "</i>" * 50
