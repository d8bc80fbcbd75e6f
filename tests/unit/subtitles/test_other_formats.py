"""SubStation Alpha, SubViewer and MicroDVD are read; what cues can't carry is said."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import read_bytes
from polyreel.subtitles.convert import ReadingOptions

_ASS = r"""[Script Info]
Title: A test
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment, MarginL
Style: Default,Arial,20,&H00FFFFFF,0,0,2,10
Style: Top,Arial,20,&H00FFFFFF,0,-1,8,10

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.00,0:00:06.50,Default,,0,0,0,,Second, with a comma & <3
Dialogue: 0,0:00:01.00,0:00:02.25,Default,Ana,0,0,0,,{\i1}First{\i0}\Ntwo lines
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:08.00,0:00:09.00,Top,,0,0,0,,At the top{\fad(1,2)}
Dialogue: 0,0:00:10.00,0:00:11.00,Default,,0,0,0,,{\p1}m 0 0 l 9 9{\p0}
Dialogue: 0,oops,0:00:12.00,Default,,0,0,0,,Lost words
"""


@pytest.mark.parametrize("name", ["a.ass", "a.ssa", "a.srt", ""])
def test_substation_alpha_is_read_whatever_it_is_called(name: str) -> None:
    reading = read_bytes(_ASS.encode(), name=name)
    assert [(cue.start_ms, cue.end_ms, cue.speaker, cue.text, cue.settings) for cue in reading.track.cues] == [
        (1000, 2250, "Ana", "<i>First</i>\ntwo lines", ()),
        (5000, 6500, None, "Second, with a comma &amp; &lt;3", ()),
        (8000, 9000, None, "<i>At the top</i>", (("line", "0"),)),
    ]
    codes = {(note.kind, note.code) for note in reading.notes} - {("noted", "format")}
    assert codes == {
        ("noted", "order"),
        ("lost", "comments"),
        ("lost", "override"),
        ("lost", "style"),
        ("lost", "drawing"),
        ("dropped", "bad_timing"),
    }
    assert any("Lost words" in note.message for note in reading.notes)


def test_subviewer_is_read() -> None:
    text = "0:00:01.000,0:00:02.500\nHello <there>\nyou\n\n0:00:03.000,0:00:04.000\nOne[br]two\n\nstray\n"
    reading = read_bytes(text.encode(), name="a.sbv")
    assert [(cue.start_ms, cue.end_ms, cue.text, cue.line) for cue in reading.track.cues] == [
        (1000, 2500, "Hello &lt;there>\nyou", 1),
        (3000, 4000, "One\ntwo", 5),
    ]
    assert [(note.kind, note.code, note.line) for note in reading.notes] == [("dropped", "stray_text", 8)]


@pytest.mark.parametrize(
    ("text", "rate", "times"),
    [
        ("{1}{1}23.976\n{24}{48}{y:i}Hello|you\n", None, (1001, 2002)),
        ("{25}{75}{y:i}Hello|you\n", Fraction(25), (1000, 3000)),
        ("{25}{}{y:i}Hello|you\n", Fraction(25), (1000, 5000)),
    ],
)
def test_microdvd_is_read_at_its_own_rate_or_the_reels(text: str, rate: Fraction | None, times: tuple) -> None:
    reading = read_bytes(text.encode(), options=ReadingOptions(frame_rate=rate))
    cue = reading.track.cues[0]
    assert (cue.start_ms, cue.end_ms, cue.text) == (*times, "<i>Hello</i>\nyou")
    assert [(note.kind, note.code) for note in reading.notes] == [("noted", "frames")]


def test_microdvd_without_a_rate_is_refused_with_the_option() -> None:
    with pytest.raises(SubtitleError, match="--frame-rate") as refusal:
        read_bytes(b"{25}{75}Hello\n", name="a.sub")
    assert refusal.value.code == "frame_rate_needed"


@pytest.mark.parametrize("name", ["a.ass", "a.sbv", "a.sub"])
def test_what_is_none_of_them_is_refused_and_not_quoted(name: str) -> None:
    with pytest.raises(SubtitleError) as refusal:
        read_bytes(b"root:x:0:0:hunter2:/root\n", name=name)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.line == 1
