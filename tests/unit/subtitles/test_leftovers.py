"""What other formats, converters and editors leave in a file is read as it was meant, and said."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import convert_file, plain_text, read_bytes, write
from polyreel.subtitles.convert import ReadingOptions
from polyreel.subtitles.decode import decode_bytes

_TIMING = "1\n00:00:01,000 --> 00:00:02,000\n"
_PAL = ReadingOptions(frame_rate=Fraction(25))


@pytest.mark.parametrize(
    ("text", "kept", "settings"),
    [
        (r"{\an8\i1}Up{\i0} here", "<i>Up</i> here", (("line", "0"),)),
        (r"{\i1\b1}a{\i0}b{\b0}c", "<i><b>a</b></i><b>b</b>c", ()),
        (r"{\i1}never closed", "<i>never closed</i>", ()),
        (r"no start{\i0}", "no start", ()),
        (r"{\c&H00FFFF&}sun{\c} and {\1c&H0000FF&}fire", "<c.yellow>sun</c> and <c.red>fire</c>", ()),
        (r"{\fad(1,2)}soft", "soft", ()),
        (r"two\Nlines\hhere", "two\nlines here", ()),
        (r"C:\News\here is a path", r"C:\News\here is a path", ()),
        (r"{\k20}Ka{\k30}ra", "Kara", ()),
        (r"{\a6}old top", "old top", (("line", "0"),)),
        ("{an8}no slash", "no slash", (("line", "0"),)),
        ("Hello<br>there", "Hello\nthere", ()),
        ("<p>One</p><p>two<br/><br />three</p>", "One\ntwo\nthree", ()),
        ("<div>a</div>b <em>c</em> <strong>d</strong> <span class='x'>e</span>f", "a\nb <i>c</i> <b>d</b> ef", ()),
        ("< i >odd</ i >", "<i>odd</i>", ()),
        ("{y:i}slanted|straight", "<i>slanted</i>\nstraight", ()),
        ("{Y:i}all|slanted", "<i>all\nslanted</i>", ()),
        ("{c:$0000FF}red", "red", ()),
        ("one | two, |'m", "one | two, |'m", ()),
        ("/slanted|and not", "<i>slanted</i>\nand not", ()),
        ("and/or /s", "and/or /s", ()),
        ("a&lt;br/&gt;b", "a\nb", ()),
        ("&lt;i&gt;slanted&lt;/i&gt;", "<i>slanted</i>", ()),
        ("[i]slanted[/i] {b}bold{/b}", "<i>slanted</i> <b>bold</b>", ()),
        ("so<i/> what", "so what", ()),
        ("soft&shy;ly &eacute;t&eacute;&hellip;", "soft\xadly été…", ()),
        ("<cite>a</cite> <blockquote>b</blockquote>", "a\nb", ()),
        ("a < b, c > d, <3 and <me>", "a &lt; b, c > d, &lt;3 and &lt;me>", ()),
    ],
)
def test_leftovers_become_what_they_stood_for(srt, text: str, kept: str, settings: tuple) -> None:
    cue = srt(f"{_TIMING}{text}\n").track.cues[0]
    assert (cue.text, cue.settings) == (kept, settings)


def test_leftovers_in_webvtt_are_no_text_either(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n{\\an8}<i>Up</i><br>there\\Nnow\n")
    assert (reading.track.cues[0].text, reading.track.cues[0].settings) == ("<i>Up</i>\nthere\nnow", (("line", "0"),))
    assert [note.kind for note in reading.notes] == ["noted"]


@pytest.mark.parametrize("text", [r"{\p1}m 0 0 l 100 0 l 100 50{\p0}", r"{\an7\pos(0,0)\p4}m 0 0 b 1 2 3 4 5 6"])
def test_a_drawing_is_no_cue_and_is_noted(srt, vtt, text: str) -> None:
    for reading in (srt(f"{_TIMING}{text}\n"), vtt(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n")):
        assert reading.track.cues == ()
        assert "drawing" in {note.code for note in reading.notes}


def test_words_beside_a_drawing_stay(srt) -> None:
    assert srt(rf"{_TIMING}{{\p1}}m 0 0 l 9 9{{\p0}}Words").track.cues[0].text == "Words"


def test_what_is_read_is_written_without_leftovers(srt) -> None:
    text = r"{\an8\i1}Up\Nhere{\i0}<br>{\c&H00FFFF&}sun"
    written = write(srt(f"{_TIMING}{text}\n").track, "srt").text
    assert written.split("\n", 2)[2] == '{\\an8}<i>Up\nhere</i>\n<font color="yellow">sun</font>\n\n'


# -- captions that roll

_YOUTUBE = """WEBVTT

00:00:01.000 --> 00:00:03.000 align:start position:0%
_
so<00:00:01.500><c> here</c><00:00:02.000><c> we</c><00:00:02.500><c> are</c>

00:00:03.000 --> 00:00:03.010 align:start position:0%
so here we are
_

00:00:03.010 --> 00:00:05.000 align:start position:0%
so here we are
in<00:00:03.500><c> the</c><00:00:04.000><c> kitchen</c>

00:00:05.000 --> 00:00:05.010 align:start position:0%
in the kitchen
_

00:00:05.010 --> 00:00:07.000 align:start position:0%
in the kitchen
with<00:00:05.500><c> soup</c>
""".replace("\n_\n", "\n \n")
_ROLL_UP = "".join(
    f"{n + 1}\n00:00:{2 * n:02},000 --> 00:00:{2 * n + 2:02},000\n{lines}\n\n"
    for n, lines in enumerate(
        ["First line here", "First line here\nsecond line", "second line\nand a third", "and a third\nthe end"]
    )
)
_GROWING = "".join(
    f"{n + 1}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{line}\n\n"
    for n, line in enumerate(["well now", "well now then", "well now then what", "Another one", "Another one comes"])
)


@pytest.mark.parametrize(
    ("text", "name", "cues"),
    [
        (_YOUTUBE, "vtt", [(1000, 3000, "so here we are"), (3010, 5000, "in the kitchen"), (5010, 7000, "with soup")]),
        (
            _ROLL_UP,
            "srt",
            [
                (0, 2000, "First line here"),
                (2000, 4000, "second line"),
                (4000, 6000, "and a third"),
                (6000, 8000, "the end"),
            ],
        ),
        (_GROWING, "srt", [(0, 3000, "well now then what"), (3000, 5000, "Another one comes")]),
    ],
    ids=["youtube", "roll-up", "growing"],
)
def test_captions_that_roll_are_said_once(text: str, name: str, cues: list) -> None:
    reading = read_bytes(text.encode(), name)
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in reading.track.cues] == cues
    assert [(note.kind, note.code) for note in reading.notes] == [("noted", "rolling")]
    again = read_bytes(write(reading.track, "vtt").text.encode(), "vtt")
    assert (len(again.track.cues), again.notes) == (len(cues), ())


def test_who_says_a_thing_again_stays_as_he_is() -> None:
    lines = [
        "Come on, come on!",
        "Come on, come on!",
        "Come on, come on!",
        "Where are you?",
        "Here I am.",
        "Here I am.",
    ]
    text = "".join(f"{n + 1}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{line}\n\n" for n, line in enumerate(lines))
    assert [cue.text for cue in read_bytes(text.encode(), "srt").track.cues] == lines


# -- times and marks


def test_a_webvtt_file_with_commas_is_read_and_said() -> None:
    reading = read_bytes(
        b"WEBVTT\n\n1\n00:00:01,000 --> 00:00:03,000\nComma\n\n00:05,500 --> 00:06,000 line:0\nb\n", "vtt"
    )
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in reading.track.cues] == [
        (1000, 3000, "Comma"),
        (5500, 6000, "b"),
    ]
    assert {note.code for note in reading.notes} == {"comma"}


@pytest.mark.parametrize(
    ("timing", "rate", "times"),
    [
        ("00:00:01:12 --> 00:00:03:20", Fraction(25), (1480, 3800)),
        ("00:00:01:12 --> 00:00:03:20", Fraction(24000, 1001), (1502, 3837)),
        ("00:01:00;02 --> 00:10:00;00", Fraction(30000, 1001), (60_060, 599_999)),
        ("10:00:00:00 --> 10:00:01:05", Fraction(50), (36_000_000, 36_001_100)),
    ],
)
def test_frames_are_fractions_of_the_reels_second(timing: str, rate: Fraction, times: tuple) -> None:
    reading = read_bytes(f"1\n{timing}\nx\n".encode(), "srt", options=ReadingOptions(frame_rate=rate))
    assert [(cue.start_ms, cue.end_ms) for cue in reading.track.cues] == [times]
    assert [(note.kind, note.code) for note in reading.notes] == [("noted", "frames")]


def test_frames_without_a_rate_are_refused_with_their_line_and_the_option() -> None:
    with pytest.raises(SubtitleError, match="--frame-rate") as refusal:
        read_bytes(b"1\n00:00:01:12 --> 00:00:03:20\nx\n", name="a.srt")
    assert (refusal.value.code, refusal.value.where) == ("frame_rate_needed", "a.srt, line 2")
    with pytest.raises(SubtitleError, match="frame 25, but at 25"):
        read_bytes(b"1\n00:00:01:25 --> 00:00:03:20\nx\n", "srt", options=_PAL)


def test_webvtt_that_counts_frames_is_read_at_the_reels_rate_or_refused_with_the_line() -> None:
    text = b"WEBVTT\n\n00:00:01:12 --> 00:00:02;00 line:0\nx\n"
    cue = read_bytes(text, "vtt", options=_PAL).track.cues[0]
    assert (cue.start_ms, cue.end_ms, cue.settings) == (1480, 2000, (("line", "0"),))
    with pytest.raises(SubtitleError, match="--frame-rate") as refusal:
        read_bytes(text, name="a.vtt")
    assert (refusal.value.code, refusal.value.where) == ("frame_rate_needed", "a.vtt, line 3")


@pytest.mark.parametrize("mark", ["\ufeff", "\u200e", "\u200b"])
def test_a_mark_that_nobody_sees_makes_no_text_of_a_number(srt, mark: str) -> None:
    second = _TIMING.replace("00:00:0", "00:00:1").replace("1\n", f"{mark}2\n", 1)
    reading = srt(f"{_TIMING}One\n\n{second}Two\n\n3\n{mark}00:00:21,000 --> 00:00:22,000\nThree\n")
    assert [cue.text for cue in reading.track.cues] == ["One", "Two", "Three"]
    assert {(note.kind, note.code) for note in reading.notes} == {("noted", "unseen_mark")}


def test_a_bom_inside_webvtt_hides_no_cue(vtt) -> None:
    reading = vtt("WEBVTT\n\n00:01.000 --> 00:02.000\na\n\n\ufeff00:03.000 --> 00:04.000\nb\n")
    assert [cue.text for cue in reading.track.cues] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.srt", b""),
        ("a.srt", b"\0" * 5000),
        ("a.vtt", b"WEBVTT\n\n1\nsome text, but no times\n"),
        ("a.vtt", b"WEBVTT\n\n00:00:01 --> 00:00:02\nno thousandths\n"),
        ("a.srt", rb"1" b"\n00:00:01,000 --> 00:00:02,000\n" rb"{\p1}m 0 0 l 9 9{\p0}"),
    ],
)
def test_nothing_is_never_the_result_of_a_conversion(tmp_path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SubtitleError):
        convert_file(tmp_path / name, tmp_path / "out.vtt")
    assert not (tmp_path / "out.vtt").exists()


@pytest.mark.parametrize("name", ["passwd.srt", "passwd.vtt", "passwd"])
def test_a_file_that_is_no_subtitle_is_not_quoted(name: str) -> None:
    secret = b"root:x:0:0:hunter2:/root:/bin/bash\nother:x:1:1:hunter3:/:/bin/sh\n"
    with pytest.raises(SubtitleError) as refusal:
        read_bytes(secret, name=name)
    assert not {"root:", "hunter"} & set(str(refusal.value).replace("/", " ").split())
    assert "hunter" not in str(refusal.value)


# -- encodings

_TWICE = [
    ("Bonsoir à tous, très chers amis d’été.", "cp1252"),
    ("¿Cómo está usted? Mañana será otro día.", "latin-1"),
    ("Привет, как дела?", "cp1251"),
    ("Był późny wieczór", "cp1250"),
    ("C'est déjà l'été", "mac_roman"),
    ("C'est déjà l'été", "cp437"),
]


@pytest.mark.parametrize(("text", "by"), _TWICE)
def test_text_that_was_encoded_twice_is_read_as_it_was_meant(text: str, by: str) -> None:
    twice = "".join(bytes([byte]).decode(by, "ignore") or chr(byte) for byte in text.encode())
    found, _, notes = decode_bytes(twice.encode())
    assert (found, [note.code for note in notes]) == (text, ["double_encoding"])


@pytest.mark.parametrize(
    "text", ["Ça va être très bien, déjà.", "Привет, как дела?", "20 °C – naïve Café", "IRMÃ É AVÓ", "“A IRMÔ"]
)
def test_text_that_was_encoded_once_is_left_alone(text: str) -> None:
    assert decode_bytes(text.encode())[0] == text


def test_only_the_lines_that_were_encoded_twice_are_turned_back() -> None:
    text = "été\n" + "très bien".encode().decode("cp1252") + "\nAu revoir"
    found, _, notes = decode_bytes(text.encode())
    assert found == "été\ntrès bien\nAu revoir"
    assert [(note.kind, note.line) for note in notes] == [("noted", 2)]


def test_what_was_encoded_twice_and_lost_bytes_is_not_taken_for_text() -> None:
    notes = decode_bytes("d\u00e2\u20ac\ufffd\u00c3\u00a9t\u00c3\u00a9".encode())[2]
    assert [(note.kind, note.code, note.line) for note in notes] == [("repaired", "double_encoding", 1)]


@pytest.mark.parametrize(
    ("locale", "page", "text"),
    [
        ("ru-RU", "mac_cyrillic", "Добрый вечер, дорогие друзья. Пока!"),
        ("ru-RU", "cp866", "ПРИВЕТ, КАК ДЕЛА? ВСЁ ХОРОШО."),
        ("uk-UA", "mac_cyrillic", "Добрий вечір, дорогі друзі. Сьогодні поговоримо про її сад."),
        ("be-BY", "mac_cyrillic", "Добры вечар, дарагія сябры. Сёння пагаворым пра яго сад, ён вялікі."),
        ("uk-UA", "cp1125", "Привіт, як справи? Усе гаразд, їжак є."),
        ("el-GR", "mac_greek", "Καλημέρα σε όλους, τι κάνετε σήμερα;"),
        ("el-GR", "cp737", "Καλημέρα σε όλους, τι κάνετε σήμερα;"),
        ("he-IL", "cp862", "בוקר טוב לכולם, מה שלומכם היום?"),
        ("tr-TR", "cp857", "Günaydın, bugün nasılsınız? Işık açık kaldı"),
        ("pl-PL", "mac_latin2", "Zażółć gęślą jaźń, proszę pana."),
        ("fr-FR", "mac_roman", "C'est déjà l'été, où êtes-vous allés ?"),
        ("fr-FR", "cp850", "C'est déjà l'été, où êtes-vous allés ?"),
        ("lt-LT", "cp775", "Labas rytas, kaip šiandien jaučiatės? Žmonės laukia ąžuolo."),
    ],
)
def test_the_locale_is_a_witness_of_the_encoding(locale: str, page: str, text: str) -> None:
    reading = read_bytes(f"{_TIMING}{text}\n".encode(page), "srt", options=ReadingOptions(locale=locale))
    assert [plain_text(cue.text) for cue in reading.track.cues] == [text]
    assert (reading.encoding, reading.notes) == (page, ())


def test_a_number_that_is_said_keeps_its_marks() -> None:
    """A right-to-left mark behind a figure is how it is to be shown: only what could be a cue's own number loses it."""
    said = read_bytes(
        "1\n00:00:00,000 --> 00:00:01,000\n42\u200e\n\n2\u200e\n00:00:01,000 --> 00:00:02,000\nb\n".encode(), "srt"
    )
    assert [cue.text for cue in said.track.cues] == ["42\u200e", "b"]
