"""TTML and its profiles, in and out: what they carry, what is told, and that nothing outside is ever touched."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import read_bytes, write
from polyreel.subtitles.formats.base import ReadingOptions, WritingOptions
from polyreel.subtitles.formats.timedtext.xml import parse_document
from polyreel.subtitles.model import Reading

_NAMES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" '
    'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" '
    'xmlns:itts="http://www.w3.org/ns/ttml/profile/imsc1#styling" '
    'xmlns:daptm="http://www.w3.org/ns/ttml/profile/dapt#metadata" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xml:lang="en"'
)


def _read(body: str, *, root: str = "", head: str = "", options: ReadingOptions | None = None) -> Reading:
    text = f"<tt {_NAMES} {root}><head>{head}</head><body>{body}</body></tt>"
    return read_bytes(text.encode(), name="a.ttml", options=options or ReadingOptions())


def _one(body: str, **more: str) -> str:
    return _read(f'<div><p begin="1s" end="2s">{body}</p></div>', **more).track.cues[0].text


# -- times


@pytest.mark.parametrize(
    ("written", "root", "ms"),
    [
        ("00:00:01.5", "", 1500),
        ("00:00:01.0000005", "", 1000),
        ("90s", "", 90_000),
        ("1.5m", "", 90_000),
        ("250ms", "", 250),
        ("36f", 'ttp:frameRate="24"', 1500),
        ("36f", 'ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"', 1502),
        ("00:00:01:12", 'ttp:frameRate="24"', 1500),
        ("01:00:00:00", 'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:timeBase="smpte"', 3_603_600),
        (
            "00:10:00:00",
            'ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:timeBase="smpte" ttp:dropMode="dropNTSC"',
            599_999,
        ),
        ("25000000t", 'ttp:tickRate="10000000"', 2500),
    ],
)
def test_every_spelling_of_a_time_is_read_to_the_millisecond(written: str, root: str, ms: int) -> None:
    reading = _read(f'<div><p begin="{written}" dur="1s">x</p></div>', root=root)
    assert reading.track.cues[0].start_ms == ms


def test_times_count_from_the_parent_and_one_after_the_other_in_a_sequence() -> None:
    body = (
        '<div begin="10s"><p begin="1s" end="2s">a</p></div>'
        '<div begin="20s" timeContainer="seq"><p dur="2s">b</p><p begin="1s" dur="2s">c</p></div>'
        '<div begin="30s" end="31s"><p begin="0s" end="9s">d</p></div>'
    )
    times = [(cue.text, cue.start_ms, cue.end_ms) for cue in _read(body).track.cues]
    assert times == [("a", 11_000, 12_000), ("b", 20_000, 22_000), ("c", 23_000, 25_000), ("d", 30_000, 31_000)]


def test_spans_with_times_of_their_own_become_a_cue_for_each_moment() -> None:
    body = (
        '<div><p begin="10s" end="14s"><span begin="0s" end="4s">One</span><br/><span begin="2s">two</span></p></div>'
    )
    cues = _read(body).track.cues
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in cues] == [
        (10_000, 12_000, "One"),
        (12_000, 14_000, "One\ntwo"),
    ]


def test_frames_without_a_rate_are_the_reels_or_have_to_be_accepted() -> None:
    body = '<div><p begin="00:00:01:12" end="00:00:02:00">x</p></div>'
    known = _read(body, options=ReadingOptions(frame_rate=Fraction(24)))
    assert (known.track.cues[0].start_ms, {note.kind for note in known.notes}) == (1500, {"noted"})
    assert {note.kind for note in _read(body).notes} == {"repaired"}


@pytest.mark.parametrize(
    ("root", "code"),
    [('ttp:frameRate="0"', ""), ('ttp:frameRate="24" ttp:frameRateMultiplier="1 1000"', "frame_rate_impossible")],
)
def test_a_frame_rate_that_no_picture_has_is_refused(root: str, code: str) -> None:
    if not code:
        assert _read('<div><p begin="1s" end="2s">x</p></div>', root=root).track.cues
        return
    with pytest.raises(SubtitleError) as refused:
        _read('<div><p begin="1s" end="2s">x</p></div>', root=root)
    assert refused.value.code == code


# -- text and looks


def test_looks_are_tags_however_they_are_said() -> None:
    head = (
        '<styling><style xml:id="a" tts:fontStyle="italic"/><style xml:id="b" style="a" tts:color="#ffff00"/></styling>'
    )
    assert _one('x <span style="b">y</span>', head=head) == "x <c.yellow><i>y</i></c>"
    assert _one('<span tts:fontWeight="bold" tts:textDecoration="underline">y</span>') == "<b><u>y</u></b>"
    assert _one('<span tts:color="rgba(1,2,3,255)">y</span>') == "<c.color-hex-010203>y</c>"
    both = '<span tts:textDecoration="underline">a<span tts:textDecoration="lineThrough">b</span></span>'
    assert _one(both) == "<u>a</u><c.strike><u>b</u></c>"


def test_white_space_is_one_space_unless_it_is_to_be_kept() -> None:
    assert _one("\n   one\n  two <br/>  three\n ") == "one two\nthree"
    assert _one('<span xml:space="preserve">a  b</span>') == "a  b"


def test_ruby_columns_speakers_and_languages_are_carried() -> None:
    head = (
        '<metadata><ttm:agent xml:id="a1" type="character"><ttm:name type="alias">Ana</ttm:name></ttm:agent></metadata>'
        '<layout><region xml:id="v" tts:origin="80% 10%" tts:extent="10% 80%" tts:writingMode="tbrl"/></layout>'
    )
    body = (
        '<div><p begin="1s" end="2s" region="v" ttm:agent="a1"><span tts:ruby="container"><span tts:ruby="base">漢'
        '</span><span tts:ruby="text">かん</span></span> <span xml:lang="fr">oui</span></p></div>'
    )
    cue = _read(body, head=head).track.cues[0]
    assert cue.text == "<ruby>漢<rt>かん</rt></ruby> <lang fr>oui</lang>"
    assert (cue.speaker, dict(cue.settings)["vertical"]) == ("Ana", "rl")


def test_a_region_is_a_place_and_the_usual_one_is_none() -> None:
    head = (
        '<layout><region xml:id="low" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after" '
        'tts:textAlign="center"/><region xml:id="top" tts:origin="20% 5%" tts:extent="60% 20%"/></layout>'
    )
    body = '<div><p region="low" begin="1s" end="2s">a</p><p region="top" begin="3s" end="4s">b</p></div>'
    low, top = _read(body, head=head).track.cues
    assert low.settings == ()
    assert top.settings == (("line", "5%,start"), ("position", "20%,line-left"), ("size", "60%"), ("align", "start"))


def test_what_can_not_be_carried_is_told_once_each() -> None:
    head = '<styling><style xml:id="a" tts:fontSize="200%" tts:opacity="0.5"/></styling>'
    body = (
        '<div><p style="a" begin="1s" end="2s">x<set tts:color="red" begin="0s"/></p>'
        '<p style="a nosuch" region="nosuch" begin="3s" end="4s">y</p><p>never</p><p begin="5s">open</p></div>'
    )
    reading = _read(body, head=head)
    told = [(note.kind, note.code) for note in reading.notes]
    assert sorted(told) == [
        ("dropped", "untimed"),
        ("lost", "animation"),
        ("lost", "region"),
        ("lost", "style"),
        ("lost", "style_property"),
        ("lost", "style_property"),
        ("repaired", "no_end"),
    ]


def test_a_forced_cue_keeps_its_mark_there_and_back() -> None:
    reading = _read('<div><p begin="1s" end="2s" itts:forcedDisplay="true">EXIT</p></div>')
    assert reading.track.cues[0].text == "<c.forced>EXIT</c>"
    again = read_bytes(write(reading.track, "imsc").text.encode(), name="a.ttml")
    assert again.track.cues[0].text == "<c.forced>EXIT</c>"
    assert "forced" in {note.code for note in write(reading.track, "ebu-tt-d").notes}


# -- hostile


def test_what_stands_before_the_root_costs_no_memory_beyond_its_own() -> None:
    """A megabyte of blanks once took 125 MB on its way through one expression."""
    text = "<?xml version='1.0'?>" + " " * (1 << 20) + "<!DOCTYPE tt>"
    tracemalloc.start()
    try:
        with pytest.raises(SubtitleError) as refused:
            parse_document(text)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert refused.value.code == "xml_dtd"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ('<!DOCTYPE tt [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><tt>&b;</tt>', "xml_dtd"),
        ('<?xml version="1.0"?><!-- x --><!DOCTYPE tt SYSTEM "file:///etc/passwd"><tt/>', "xml_dtd"),
        (f'<tt {_NAMES}><body><div><p begin="0s" end="1s">&unknown;</p></div></body></tt>', "invalid_subtitles"),
        (f"<tt {_NAMES}><body><div><p>", "invalid_subtitles"),
        ("<tt>" + "<a>" * 3000 + "</a>" * 3000 + "</tt>", "invalid_subtitles"),
        (f'<tt {_NAMES}><body><div><image src="http://example.com/a.png"/></div></body></tt>', "external_reference"),
        (f'<tt {_NAMES}><body><div xlink:href="http://example.com/"/></body></tt>', "external_reference"),
        (
            f'<tt {_NAMES}><head><x:include xmlns:x="http://www.w3.org/2001/XInclude" href="b"/></head></tt>',
            "external_reference",
        ),
        (f'<tt {_NAMES} xml:base="http://example.com/"><body/></tt>', "external_reference"),
    ],
)
def test_what_reaches_outside_or_unfolds_is_refused_by_name(document: str, code: str) -> None:
    with pytest.raises(SubtitleError) as refused:
        read_bytes(document.encode(), "ttml")
    assert refused.value.code == code
    assert refused.value.line


def test_styles_that_name_each_other_end() -> None:
    head = '<styling><style xml:id="a" style="b" tts:fontStyle="italic"/><style xml:id="b" style="a"/></styling>'
    assert _one('<span style="b">x</span>', head=head) == "<i>x</i>"


# -- DAPT


_BILINGUAL = (
    '<div begin="10s" end="13s" ttm:agent="c1" daptm:represents="audio.dialogue">'
    '<p xml:lang="fr" daptm:langSrc="fr"><span>Oui.</span></p>'
    '<p xml:lang="en" daptm:langSrc="fr"><span>Yes.</span></p></div>'
)
_CAST = (
    '<metadata><ttm:agent type="character" xml:id="c1"><ttm:name type="alias">ASSANE</ttm:name></ttm:agent></metadata>'
)


@pytest.mark.parametrize(("locale", "said"), [("fr-FR", "Oui."), ("en-GB", "Yes."), (None, "Yes.")])
def test_a_dapt_script_is_read_in_the_language_that_is_asked_for(locale: str | None, said: str) -> None:
    root = 'daptm:scriptType="translatedTranscript"'
    reading = _read(_BILINGUAL, root=root, head=_CAST, options=ReadingOptions(locale=locale))
    assert [(cue.speaker, cue.text) for cue in reading.track.cues] == [("ASSANE", said)]
    assert [note.code for note in reading.notes] == ["languages"]


def test_a_dapt_script_says_what_it_is() -> None:
    track = read_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>Hola", "vtt").track
    text = write(track, "dapt", options=WritingOptions("es-ES", "en-US")).text
    assert 'daptm:scriptType="translatedTranscript"' in text
    assert 'daptm:langSrc="en-US"' in text
    again = read_bytes(text.encode(), name="a.dapt.ttml")
    assert [(cue.speaker, cue.text, cue.start_ms) for cue in again.track.cues] == [("Ana", "Hola", 1000)]
    assert again.notes == ()


def test_the_frame_rate_is_named_where_the_profile_names_it() -> None:
    track = read_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHola", "vtt").track
    options = WritingOptions("es-ES", frame_rate=Fraction(24000, 1001))
    assert 'ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"' in write(track, "netflix", options=options).text
    assert "frameRate" not in write(track, "ebu-tt-d", options=options).text
