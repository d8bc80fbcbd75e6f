"""TTML written is TTML read; ttconv reads it the same; and it is drawn in time by the IMSC reading model."""

from __future__ import annotations

import io
import logging
import xml.etree.ElementTree as ET
from fractions import Fraction
from typing import Any

import imschrm.doc_sequence
import imschrm.hrm
import pytest
import ttconv.imsc.reader
import ttconv.isd
import ttconv.srt.writer
from hypothesis import given, settings
from hypothesis import strategies as st

from polyreel.errors import PolyreelError
from polyreel.subtitles import plain_text, read_bytes, write
from polyreel.subtitles.formats.timedtext.regions import Box, box_of, settings_of
from polyreel.subtitles.formats.timedtext.runs import Run, runs_of
from polyreel.subtitles.model import Cue, Track

_WORDS = st.sampled_from(["a", "Zoë", "日本", "♪", "&amp;", "&lt;3", "don't", "\xa0", '"', "]]&gt;", "x  y", "كتاب"])
_TAGS = st.sampled_from(["i", "b", "u", "c.yellow", "c.color-hex-a0b0c0", "c.strike", "v Ana", "lang fr"])
_PIECE = st.tuples(st.lists(_TAGS, max_size=3, unique=True), _WORDS).map(
    lambda pair: (
        "".join(f"<{tag}>" for tag in pair[0])
        + pair[1]
        + "".join(f"</{tag.split('.')[0].split(' ')[0]}>" for tag in reversed(pair[0]))
    )
)
_LINE = st.lists(_PIECE, min_size=1, max_size=4).map(" ".join)
_TEXT = st.lists(_LINE, min_size=1, max_size=3).map("\n".join)
_TENTHS = st.integers(0, 1000).map(lambda tenth: tenth / 10)
_BOXES = st.builds(
    lambda x, y, w, h, display, align, mode: Box(
        x, y, round((100 - x) * w / 100, 1), round((100 - y) * h / 100, 1), display, align, mode
    ),
    *([st.integers(0, 80)] * 2),
    *([st.integers(10, 100)] * 2),
    st.sampled_from(["before", "center", "after"]),
    st.sampled_from(["left", "start", "center", "end", "right"]),
    st.sampled_from(["lrtb", "tbrl", "tblr"]),
)
_CUES = st.lists(
    st.builds(
        lambda start, length, text, speaker, box: Cue(
            start, start + length, text, speaker, settings=settings_of(box) if box else ()
        ),
        st.integers(0, 10**8),
        st.integers(1, 10**5),
        _TEXT,
        st.sampled_from([None, "Bo", "Añá & <Co>"]),
        st.one_of(st.none(), _BOXES),
    ),
    min_size=1,
    max_size=4,
).map(lambda cues: tuple(sorted(cues, key=lambda cue: cue.start_ms)))


def _said(cue: Cue) -> Any:
    """A cue by its runs of one look: however its tags are nested."""
    lines: list[list[Run]] = [[]]
    for run in runs_of(cue.text, lambda *_: None):
        first, *more = run.text.split("\n")
        lines[-1].append(run._replace(text=first))
        lines += [[run._replace(text=text)] for text in more]
    kept = [_joined(line) for line in lines]
    return cue.start_ms, cue.end_ms, cue.speaker, cue.settings, kept


def _joined(line: list[Run]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for run in line:
        if found and found[-1][1] == run.look:
            found[-1] = (found[-1][0] + run.text, run.look)
        elif run.text:
            found.append((run.text, run.look))
    return found


@settings(max_examples=120, deadline=None)
@given(_CUES, st.sampled_from(["ttml", "imsc", "netflix", "dapt"]))
def test_what_is_written_is_read_the_same(cues: tuple[Cue, ...], name: str) -> None:
    writing = write(Track(cues), name)
    again = read_bytes(writing.text.encode(), name)
    assert writing.notes == again.notes == ()
    assert [_said(cue) for cue in again.track.cues] == [_said(cue) for cue in cues]


@settings(max_examples=200, deadline=None)
@given(_BOXES)
def test_a_region_is_the_same_place_in_settings_and_back(box: Box) -> None:
    named = settings_of(box)
    assert settings_of(box_of(named)) == named


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["<tt", " ", "x", ">", "</tt>", "&", "<p", "<!--", "\0", '"'])).map("".join)
)
def test_any_text_called_ttml_is_read_or_refused_by_name(text: str) -> None:
    refused = False
    try:
        notes = read_bytes(text.encode("utf-8", "ignore"), "ttml").notes
    except PolyreelError as error:
        refused = bool(error.message)
    assert refused or notes or "<tt" in text


_FILM = Track(
    tuple(
        Cue(at * 3000, at * 3000 + 2500, text, settings=place)
        for at, (text, place) in enumerate(
            [
                ("Hello there,\n<i>how are you?</i>", ()),
                ("<b>Fine</b> &amp; you", (("line", "0"),)),
                (
                    "<c.yellow>Yes</c>",
                    (("line", "22%,start"), ("position", "20%,line-left"), ("size", "40%"), ("align", "left")),
                ),
            ]
        )
    )
)


@pytest.mark.parametrize("name", ["imsc", "ebu-tt-d", "netflix"])
def test_ttconv_reads_the_same_words_at_the_same_times(name: str) -> None:
    tree = ET.ElementTree(ET.fromstring(write(_FILM, name, locale="en-US").text))  # our own file
    theirs = read_bytes(ttconv.srt.writer.from_model(ttconv.imsc.reader.to_model(tree)).encode(), "srt").track
    assert [(cue.start_ms, cue.end_ms, plain_text(cue.text)) for cue in theirs.cues] == [
        (cue.start_ms, cue.end_ms, plain_text(cue.text)) for cue in _FILM.cues
    ]


class _Failures(imschrm.hrm.EventHandler):
    def __init__(self) -> None:
        self.found: list[str] = []

    def error(self, msg: str, *_: object) -> None:
        self.found.append(msg)

    def warn(self, *_: object) -> None:
        """Only failures count."""


def _failures(track: Track) -> list[str]:
    handler = _Failures()
    document = write(track, "imsc", locale="en-US").text
    logging.getLogger("ttconv").setLevel(logging.ERROR)
    imschrm.hrm.validate(imschrm.doc_sequence.iter_isd([(Fraction(0), None, document)]), handler, 0)
    return handler.found


def test_imsc_can_be_drawn_in_the_time_that_the_reading_model_gives_and_too_much_can_not() -> None:
    late = Track(
        tuple(Cue(cue.start_ms + 2000, cue.end_ms + 2000, cue.text, settings=cue.settings) for cue in _FILM.cues)
    )
    assert _failures(late) == []
    flood = Track((Cue(2000, 2040, "一二三四五六七八九十" * 30), Cue(2040, 2080, "甲乙丙丁戊己庚辛壬癸" * 30)))
    assert _failures(flood)


def test_a_document_of_ttconvs_own_is_read(tmp_path: object) -> None:
    import ttconv.imsc.writer
    import ttconv.srt.reader

    model = ttconv.srt.reader.to_model(io.StringIO("1\n00:00:01,000 --> 00:00:02,500\n<i>One</i>\ntwo\n\n"))
    written = io.BytesIO()
    ttconv.imsc.writer.from_model(model).write(written, encoding="utf-8")
    (cue,) = read_bytes(written.getvalue(), name="a.ttml").track.cues
    assert (cue.start_ms, cue.end_ms, cue.text) == (1000, 2500, "<i>One</i>\ntwo")
