"""Real files of others, from ../shared/testdata: code pages, captions in many languages, and the W3C's own suite."""

import json
from pathlib import Path

import pytest

from polyreel.subtitles import plain_text, read_bytes, read_file, write
from polyreel.subtitles.model import Cue
from tests.material import TESTDATA

if not TESTDATA.is_dir():
    pytest.skip("../shared/testdata is not here: no real subtitle files", allow_module_level=True)


def test_real_files_in_code_pages_are_recognised(testdata: Path) -> None:
    folder = testdata / "subtitles/subtitleedit/tests/libse/Files"
    for page in ("1250", "1251"):
        reading = read_file(folder / f"auto_detect_windows-{page}.srt")
        assert reading.encoding == f"cp{page}"
        assert reading.notes == ()


def test_every_real_file_gives_every_cue(testdata: Path) -> None:
    files = [*(testdata / "subtitles").rglob("*.srt"), *(testdata / "subtitles").rglob("*.vtt")]
    files += (testdata / "narrated").glob("*.srt")
    counted = {file.name: (len(read_file(file).track.cues), file.read_bytes().count(b" --> ")) for file in files}
    assert len(counted) >= 30
    assert {name: counts for name, counts in counted.items() if counts[0] != counts[1]} == {}


def test_no_real_file_needs_a_repair_or_loses_words(testdata: Path) -> None:
    files = [*(testdata / "subtitles").rglob("*.srt"), *(testdata / "subtitles").rglob("*.vtt")]
    noted = {file.name: [n for n in read_file(file).notes if n.kind != "lost"] for file in files}
    assert {name: notes for name, notes in noted.items() if notes} == {}


def test_the_real_scripts_come_back_byte_for_byte(testdata: Path) -> None:
    for file in sorted((testdata / "narrated").glob("*.srt")):
        original = file.read_text(encoding="utf-8-sig")
        vtt = write(read_file(file).track, "vtt").text
        back = write(read_bytes(vtt.encode(), "vtt").track, "srt").text
        assert back.rstrip("\n") == original.rstrip("\n"), file.name


def test_all_files_of_the_w3c_give_the_cues_they_must(testdata: Path) -> None:
    folder = testdata / "webvtt-w3c"
    expectations = json.loads((folder / "expectations.json").read_text())
    wrong = [name for name, expected in expectations.items() if not _gives(folder / name, expected)]
    assert len(expectations) == 35
    assert wrong == []


def _gives(file: Path, expected: dict) -> bool:
    cues = read_file(file).track.cues
    return (
        len(cues) == expected["cues"]
        and all(plain_text(cues[int(i)].text) == text for i, text in expected["text"].items())
        and all(cues[int(i)].start_ms == ms for i, ms in expected["start_ms"].items())
        and all(cues[int(i)].end_ms == ms for i, ms in expected["end_ms"].items())
    )


def test_a_w3c_file_that_is_written_and_read_again_has_the_same_cues(testdata: Path) -> None:
    for file in sorted((testdata / "webvtt-w3c").glob("*.vtt")):
        track = read_file(file).track
        again = read_bytes(write(track, "vtt").text.encode(), "vtt").track
        assert [_unplaced(cue) for cue in again.cues] == [_unplaced(cue) for cue in track.cues], file.name


def _unplaced(cue: Cue) -> tuple:
    return cue.start_ms, cue.end_ms, cue.text, cue.speaker, cue.identifier, cue.settings


def test_every_block_that_the_rules_drop_is_listed_with_its_line(testdata: Path) -> None:
    reading = read_file(testdata / "webvtt-w3c" / "timings-garbage.vtt")
    listed = {note.line for note in reading.notes}
    lines = (testdata / "webvtt-w3c" / "timings-garbage.vtt").read_text().split("\n")
    assert reading.track.cues == ()
    assert listed >= {number for number, line in enumerate(lines, 1) if ":" in line}
    assert all(note.kind == "dropped" for note in reading.notes)
