"""Files in, files out."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from docx import Document

from deployments.cli import cli
from polyreel.errors import SubtitleError
from polyreel.subtitles import FORMATS, convert_file, read_bytes, read_file, write, write_bytes
from polyreel.subtitles.model import Cue, Track

_SRT = "1\n00:00:01,000 --> 00:00:02,000\nEins\n\n2\n00:00:03,000 --> 00:00:04,000\nZwei & drei\n\n"


def test_a_file_is_converted_whole_with_what_was_repaired_and_lost(tmp_path: Path) -> None:
    source = tmp_path / "a.srt"
    source.write_text(_SRT.replace("1,000 -->", "1.000 -->").replace("Eins", "Grüße, ihr Schönen"), encoding="cp1252")
    notes = convert_file(source, tmp_path / "deep/er/a.vtt")
    assert [note.code for note in notes] == ["timing"]
    assert (tmp_path / "deep/er/a.vtt").read_bytes().decode() == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nGrüße, ihr Schönen\n"
        "\n00:00:03.000 --> 00:00:04.000\nZwei &amp; drei\n"
    )
    assert [file.name for file in (tmp_path / "deep/er").iterdir()] == ["a.vtt"]


@pytest.mark.parametrize(
    ("name", "code"), [("a.xyz", "unknown_format"), ("noending", "unknown_format"), ("a.ass", "unknown_format")]
)
def test_a_destination_of_no_known_format_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, code: str
) -> None:
    (tmp_path / "a.srt").write_text(_SRT)
    with pytest.raises(SubtitleError, match="no known format that can be written") as refusal:
        convert_file(tmp_path / "a.srt", tmp_path / name)
    assert refusal.value.code == code
    assert not (tmp_path / name).exists()


def test_a_source_that_is_garbage_leaves_the_destination_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("garbage")
    (tmp_path / "b.vtt").write_text("before")
    with pytest.raises(SubtitleError, match="line 1"):
        convert_file(tmp_path / "a.srt", tmp_path / "b.vtt")
    assert (tmp_path / "b.vtt").read_text() == "before"


@pytest.mark.parametrize("name", ["missing.srt", "."])
def test_a_file_that_can_not_be_opened_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SubtitleError, match="can't be read") as refusal:
        read_file(tmp_path / name)
    assert str(tmp_path / name) in str(refusal.value)


@pytest.mark.parametrize("name", ["a.docx", "a.txt"])
def test_what_can_only_be_written_is_not_read(name: str) -> None:
    with pytest.raises(SubtitleError, match="can be written, not read"):
        read_bytes(_SRT.encode(), name=name)


def test_the_format_is_known_by_the_text_where_the_name_says_nothing() -> None:
    assert read_bytes(b"WEBVTT\n").format == "vtt"
    assert read_bytes(_SRT.encode()).format == "srt"


def test_webvtt_that_is_called_subrip_is_read_as_webvtt_and_said() -> None:
    reading = read_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nx", name="a.srt")
    assert (reading.format, len(reading.track.cues)) == ("vtt", 1)
    assert [(note.kind, note.code) for note in reading.notes] == [("repaired", "format")]


def test_plain_text_has_the_words_and_the_speakers() -> None:
    track = Track((Cue(0, 1, "<i>One</i>\ntwo"), Cue(1, 2, "Hi", "Ana"), Cue(2, 3, ""), Cue(3, 4, "<v B>x</v><v C>y")))
    writing = write(track, "txt")
    assert writing.text == "One\ntwo\n\nAna: Hi\n\nB: x\nC: y\n"
    assert [note.code for note in writing.notes] == ["times", "markup"]


def test_a_word_document_has_a_row_for_each_cue() -> None:
    track = Track((Cue(1000, 2500, "مرحبا &amp; \x07", "Ana"), Cue(3000, 4000, "b")))
    content, notes = write_bytes(track, "docx", locale="ar-SA")
    table = Document(io.BytesIO(content)).tables[0]
    assert [cell.text for cell in table.rows[1].cells] == ["1", "00:00:01.000", "00:00:02.500", "Ana", "مرحبا & \ufffd"]
    assert len(table.rows) == 3
    assert "w:bidi" in table.rows[1].cells[4]._tc.xml
    assert notes == ()


def test_a_word_document_runs_as_the_script_of_its_locale_does() -> None:
    track = Track((Cue(0, 1, "ਸਤ ਸ੍ਰੀ ਅਕਾਲ"),))
    for locale, runs_left in (("pa-PK", True), ("pa-IN", False), (None, False)):
        content, _ = write_bytes(track, "docx", locale=locale)
        assert ("w:bidi" in Document(io.BytesIO(content)).tables[0].rows[1].cells[4]._tc.xml) is runs_left


def test_every_format_writes_an_empty_track_and_a_full_one() -> None:
    full = read_bytes(_SRT.encode(), "srt").track
    for name in (name for name, known in FORMATS.items() if known.write or known.write_bytes):
        assert len(write_bytes(Track(), name)[0]) < len(write_bytes(full, name)[0])


def test_a_format_is_asked_for_by_its_own_kind() -> None:
    with pytest.raises(SubtitleError, match="Use write_bytes"):
        write(Track(), "docx")
    with pytest.raises(SubtitleError, match=r"can be read, not written\. Known are srt, vtt, .*docx"):
        write(Track(), "ass")
    with pytest.raises(SubtitleError, match="no subtitle format is called"):
        write(Track(), "xyz")


def test_importing_the_package_imports_no_format() -> None:
    program = (
        "import sys, polyreel.subtitles; print([m for m in ('pysrt', 'webvtt', 'docx', 'lxml') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import polyreel.subtitles as package

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


@pytest.mark.parametrize("name", ["q" * 300 + ".vtt", "taken.vtt"])
def test_what_can_not_be_written_is_said_in_plain_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken.vtt").mkdir()
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHi\n")
    with pytest.raises(SubtitleError, match="can't be written") as refused:
        convert_file(tmp_path / "a.srt", tmp_path / name)
    assert len(str(refused.value)) < 500


def test_youtubes_own_format_is_known_by_its_text() -> None:
    """A job's script is read by its text, whatever its file is called."""
    reading = read_bytes(b"0:00:01.000,0:00:02.500\nHi\nthere\n")
    assert (reading.format, [cue.text for cue in reading.track.cues]) == ("sbv", ["Hi\nthere"])


def test_a_terminal_gets_no_more_lines_than_somebody_reads(tmp_path: Path) -> None:
    cue = "1\n00:00:01,000 --> 00:00:01,100\n" + "word " * 20 + "\n\n"
    (tmp_path / "a.srt").write_text(cue * 700)
    done = CliRunner().invoke(cli, ["subtitles", "check", str(tmp_path / "a.srt")])
    assert done.output.count("\n") < 1100
    assert "more; --json lists them all" in done.output
